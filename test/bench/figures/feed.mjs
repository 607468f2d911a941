/**
 * Whether a feed stays as quick when it grows: CPU time of an event, and how long it keeps the event loop from others.
 */
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';
import { startServer } from '../server.mjs';
import { median, ratios } from '../statistics.mjs';

const sizes = /** @type {const} */ (['100', '1000', '10000']);

/** How events come. 10,000 tasks take two seconds of the warm-up to start; fewer tasks warm up for as long. */
const steady = { eventsPerSecond: 5_000, warmUpMs: 3_000 };

/** Five intervals of a task, so that each is polled five times, and two seconds at least. */
const measuredMs = (/** @type {number} */ tasks) => Math.max(2_000, (5 * 1000 * tasks) / steady.eventsPerSecond);

/** The feed alone. */
const folded = { events: 100_000 };

const contenders = /** @type {const} */ (['rx-seedance-feed', 'undici-request']);

const pollsPerTask = 2;

/** What each contender over HTTP is told. */
const overHttp = { warmUp: 300, pollsPerTask, connections: 50, isLoopWatched: true };

const loads = /** @type {const} */ ({
  '1,000': { tasks: 1_000, live: 1_000, intervalMs: 500 },
  '10,000': { tasks: 10_000, live: 10_000, intervalMs: 1_000 },
});

const inMicros = (/** @type {Readonly<Record<string, readonly number[]>>} */ results) =>
  Object.entries(results).map(([size, values]) => `${Number(size).toLocaleString('en')} tasks ${digits(median(values))}`).join(', ');

const delays = async (/** @type {typeof loads[keyof typeof loads]} */ load) => {
  const server = await startServer({ pollsPerTask });
  try {
    return await inTurn(contenders, async (contender, round) => {
      const { loopDelay99Ms } = await inChild('follow', { ...overHttp, ...load, contender, run: `${contender}${round}`, origin: server.origin });
      return /** @type {number} */ (loopDelay99Ms);
    });
  } finally {
    server.stop();
  }
};

const microsPerEvent = async (/** @type {number} */ tasks) =>
  /** @type {number} */ ((await inChild('feed-events', { ...steady, tasks, measuredMs: measuredMs(tasks) })).microsPerEvent);

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const micros = await inTurn(sizes, (tasks) => microsPerEvent(Number(tasks)));
  const folds = await inTurn(sizes, async (tasks) => /** @type {number} */ ((await inChild('fold-events', { ...folded, tasks: Number(tasks) })).microsPerEvent));
  const few = await delays(loads['1,000']);
  const many = await delays(loads['10,000']);
  return {
    title: 'Many tasks in one feed',
    how: `CPU time of an event: \`watchTasks\` and \`toFeed\` over responses from memory, ${steady.eventsPerSecond.toLocaleString('en')} events a second spread evenly whatever the number of tasks, ` +
      'for five polls of each task and 2 s at least; each event is a poll sent, a response read, a state advanced and a feed folded; then `toFeed` alone. ' +
      'Delay of the event loop (`monitorEventLoopDelay` with a resolution of 1 ms, which is subtracted): tasks over loopback, all at once, ' +
      `${pollsPerTask} polls each with ${Object.entries(loads).map(([tasks, { intervalMs }]) => `${intervalMs / 1000} s between them (${tasks} tasks)`).join(' and ')}, list batching off.`,
    rows: [
      row('CPU time of an event, 10,000 tasks beside 100', ratios(micros['10000'], micros['100']), { unit: '×', atMost: 1.4 }),
      row('… 1,000 tasks beside 100', ratios(micros['1000'], micros['100']), { unit: '×' }),
      row('`toFeed` alone, 10,000 tasks beside 100', ratios(folds['10000'], folds['100']), { unit: '×' }),
      row('event-loop delay p99, 1,000 tasks, beside a bare undici `Pool.request` loop', ratios(few['rx-seedance-feed'], few['undici-request']), { unit: '×', atMost: 2.5 }),
      row('… this library', few['rx-seedance-feed'], { unit: 'ms' }),
      row('… the bare loop', few['undici-request'], { unit: 'ms' }),
      row('event-loop delay p99, 10,000 tasks: this library', many['rx-seedance-feed'], { unit: 'ms' }),
      row('… the bare loop', many['undici-request'], { unit: 'ms' }),
    ],
    notes: [`In µs an event: ${inMicros(micros)}; \`toFeed\` alone: ${inMicros(folds)}.`],
  };
};
