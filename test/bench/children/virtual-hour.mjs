/**
 * Lets a feed poll for seventy minutes of virtual time, and reports what the last sixty have left on the heap for each poll.
 */
import { from, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { account, createTaskClient, toFeed, watchTasks } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { heapUsed, options, report } from '../child.mjs';
import { runningTasks } from '../contenders/memory.mjs';
import { apiKey } from '../contenders/setting.mjs';

const minuteMs = 60_000;
const { respond, responses } = runningTasks(1_000);
/** @type {{ polls: number, bytes: number }[]} */
const marks = [];

new TestScheduler(() => undefined).run(() => {
  const client = createTaskClient({
    transport: ({ url }) => of(respond(url)),
    accounts: [account(ark, { apiKey })],
  });
  const refs = Array.from({ length: options.watches }, (_, index) => /** @type {const} */ ({ provider: 'ark', id: `cgt-20260301101500-${index}` }));
  /** @type {import('rx-seedance').Feed | undefined} */
  let feed;
  const watching = from(refs).pipe(watchTasks(client), toFeed()).subscribe((next) => (feed = next));
  for (const minute of [10, 70]) timer(minute * minuteMs).subscribe(() => marks.push({ polls: responses(), bytes: heapUsed() }));
  timer(70 * minuteMs + 1).subscribe(() => {
    if (feed?.counts.running !== options.watches) throw new Error(`${feed?.counts.running} tasks run, of ${options.watches}`);
    watching.unsubscribe();
  });
});

const [early, late] = marks;
if (early === undefined || late === undefined) throw new Error('the time did not pass');
report({ polls: late.polls - early.polls, bytesPerPoll: (late.bytes - early.bytes) / (late.polls - early.polls) });
