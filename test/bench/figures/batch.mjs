/**
 * What it costs to poll a task among many of one key, when one request polls many.
 */
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';
import { startServer } from '../server.mjs';
import { median, ratios } from '../statistics.mjs';

const contenders = /** @type {const} */ (['rx-seedance-batch', 'undici-request']);

const pollsPerTask = 4;

/** What each contender is told. The warm-up is long enough for the compiler, and all of it is live at once, so that it takes seconds. */
export const setting = { tasks: 1_000, warmUp: 6_000, pollsPerTask, connections: 50, live: 6_000, intervalMs: 1_000 };

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const server = await startServer({ pollsPerTask });
  try {
    const due = (setting.tasks + setting.warmUp) * pollsPerTask;
    const results = await inTurn(contenders, async (contender, round) => {
      const { microsPerPoll } = await inChild('follow', { ...setting, contender, run: `${contender}${round}`, origin: server.origin });
      const { polls, measuredRequests } = await server.counts();
      if (polls !== due) throw new Error(`${contender}: ${polls} polls instead of ${due}`);
      return { microsPerPoll: /** @type {number} */ (microsPerPoll), pollsPerRequest: (setting.tasks * pollsPerTask) / measuredRequests };
    });
    const micros = (/** @type {typeof contenders[number]} */ contender) => results[contender].map(({ microsPerPoll }) => microsPerPoll);
    return {
      title: 'CPU time of one poll, with list batching',
      how: `${setting.tasks.toLocaleString('en')} tasks of one key, all watched at once, ${pollsPerTask} polls each, ${setting.intervalMs / 1000} s between a task's response and its next poll, after a warm-up of ${setting.warmUp.toLocaleString('en')} tasks. ` +
        'The bare loop sends a request for each poll; this library sends list requests, as it comes. The time is divided by the polls, of which a list request makes many. ' +
        'Loopback has no TLS, which would add the same time to each request of either, and so most to the bare loop.',
      rows: [
        row('this library beside a bare undici `Pool.request` loop', ratios(micros('rx-seedance-batch'), micros('undici-request')), { unit: '×', atMost: 0.5 }),
        row('tasks polled in one request', results['rx-seedance-batch'].map(({ pollsPerRequest }) => pollsPerRequest)),
      ],
      notes: [`In µs: ${contenders.map((contender) => `${contender} ${digits(median(micros(contender)))}`).join(', ')}.`],
    };
  } finally {
    server.stop();
  }
};
