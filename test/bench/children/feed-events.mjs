/**
 * Lets one feed of many tasks go on at a steady pace, answered from memory, and reports the CPU time of each of its events: the poll,
 * the reading of its response, the state, the event and the fold. Every response moves a task's progress, so each is an event.
 */
import { setTimeout as after } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { toFeed, watchTasks } from 'rx-seedance';
import { collectGarbage, options, report } from '../child.mjs';
import { runningTasks } from '../contenders/memory.mjs';
import { arkRef, clientInMemory } from '../contenders/quick-ark.mjs';

const { tasks, eventsPerSecond, warmUpMs, measuredMs } = options;
const intervalMs = (1000 * tasks) / eventsPerSecond;
// A task made just now is at its beginning, and its progress moves with the clock.
const { respond } = runningTasks();
// One poll in each interval, at a random moment of it: events come one by one, and a timer that fires late does not slow the pace.
const client = clientInMemory(respond, ({ index, elapsedMs, jitter }) => Math.max(1, (index + 0.5 + jitter) * intervalMs - elapsedMs));

/** @type {Subject<ReturnType<typeof arkRef>>} */
const refs = new Subject();
let events = 0;
/** @type {import('rx-seedance').Feed | undefined} */
let feed;
refs.pipe(watchTasks(client), toFeed()).subscribe((next) => {
  feed = next;
  events += 1;
});

const startedAtMs = performance.now();
const sinceStartMs = () => performance.now() - startedAtMs;
// The starts are spread over one interval, so that the polls after them are spread too.
for (let started = 0; started < tasks; await after(1)) {
  const due = Math.min(tasks, (tasks * sinceStartMs()) / intervalMs);
  for (; started < due; started += 1) refs.next(arkRef(`cgt-20260301101500-${started}`));
}
await after(warmUpMs - sinceStartMs());

collectGarbage();
// The starts and a full collection of many tasks take a while. The polls that fell due meanwhile are not measured: once a timer fires
// on time, none is left. On a machine that never gets there the check of the pace fails.
for (let turn = 0, lateMs = Infinity; lateMs > 20 && turn < 100; turn += 1) {
  const atMs = performance.now();
  await after(50);
  lateMs = performance.now() - atMs - 50;
}
const eventsBefore = events;
const before = process.cpuUsage();
const measuredAtMs = performance.now();
await after(measuredMs);
const { user, system } = process.cpuUsage(before);
const counted = events - eventsBefore;
const seconds = (performance.now() - measuredAtMs) / 1000;

const due = eventsPerSecond * seconds;
const running = /** @type {import('rx-seedance').Feed | undefined} */ (feed)?.counts.running;
if (running !== tasks) throw new Error(`${running} of ${tasks} tasks run`);
if (Math.abs(counted / due - 1) > 0.1) throw new Error(`${counted} events, ${due} were due`);
report({ microsPerEvent: (user + system) / counted, eventsPerSecond: counted / seconds });
