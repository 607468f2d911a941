/**
 * Folds events of many tasks into one feed, as fast as it can, and reports the CPU time of each: the feed alone, without watches.
 */
import { Subject } from 'rxjs';
import { toFeed } from 'rx-seedance';
import { collectGarbage, options, report } from '../child.mjs';
import { arkRef } from '../contenders/quick-ark.mjs';

const { tasks, events } = options;
const refs = Array.from({ length: tasks }, (_, index) => arkRef(`cgt-20260301101500-${index}`));
/** @type {Subject<import('rx-seedance').FeedEvent>} */
const source = new Subject();
/** @type {import('rx-seedance').Feed | undefined} */
let feed;
source.pipe(toFeed()).subscribe((next) => (feed = next));

/** Each task in turn goes on by a little. */
const fold = (/** @type {number} */ count, /** @type {number} */ from, /** @type {number} */ to) => {
  for (let index = 0; index < count; index += 1) {
    const task = refs[(index * 7) % tasks];
    const progress = from + ((to - from) * index) / count;
    if (task !== undefined) source.next({ kind: 'progress', atMs: 0, forecast: null, task, progress, estimated: true });
  }
};

fold(Math.max(tasks, 20_000), 0, 0.1);
collectGarbage();
const before = process.cpuUsage();
fold(events, 0.1, 0.9);
const { user, system } = process.cpuUsage(before);
const { tasks: rows, progress } = /** @type {import('rx-seedance').Feed} */ (/** @type {unknown} */ (feed));
if (rows.size !== tasks || Math.abs(progress - 0.9) > 0.1) throw new Error(`${rows.size} rows of ${tasks}, progress ${progress}`);
report({ microsPerEvent: (user + system) / events });
