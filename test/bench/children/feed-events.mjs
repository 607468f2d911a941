/**
 * Lets one feed of many tasks go on at a steady pace, answered from memory, and reports the CPU time of each of its events: the question,
 * the reading of its answer, the state, the event and the fold. Every answer moves a task's progress, so each is an event.
 */
import { setTimeout as after } from 'node:timers/promises';
import { from, of } from 'rxjs';
import { toFeed, watchTasks } from 'rx-seedance';
import { collectGarbage, options, report } from '../child.mjs';
import { arkRef, quickArkClient } from '../contenders/quick-ark.mjs';
import { runningTasks } from '../contenders/memory.mjs';

const { tasks, eventsPerSecond, warmUpMs, measuredMs } = options;
const intervalMs = (1000 * tasks) / eventsPerSecond;
const { respond } = runningTasks();
// A task made just now is at its beginning, and its progress moves with the clock.
const client = quickArkClient(({ url }) => of(respond(url)), 'http://127.0.0.1', intervalMs, {
  // Spread, so that events come one by one, at the same pace however many tasks there are.
  interval: ({ jitter }) => intervalMs * (0.5 + jitter),
});

const refs = Array.from({ length: tasks }, (_, index) => arkRef(`cgt-20260301101500-${index}`));
let events = 0;
/** @type {import('rx-seedance').Feed | undefined} */
let feed;
from(refs).pipe(watchTasks(client, { concurrency: tasks }), toFeed()).subscribe((next) => {
  feed = next;
  events += 1;
});

await after(warmUpMs);
collectGarbage();
const eventsBefore = events;
const before = process.cpuUsage();
await after(measuredMs);
const { user, system } = process.cpuUsage(before);
const counted = events - eventsBefore;

const due = (eventsPerSecond * measuredMs) / 1000;
const running = /** @type {import('rx-seedance').Feed | undefined} */ (feed)?.counts.running;
if (running !== tasks) throw new Error(`${running} of ${tasks} tasks run`);
if (counted < due / 2 || counted > due * 1.5) throw new Error(`${counted} events, ${due} were due`);
report({ microsPerEvent: (user + system) / counted, eventsPerSecond: (1000 * counted) / measuredMs });
