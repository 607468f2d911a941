/**
 * What it costs to ask about a task among many of one key, when one request asks about many.
 */
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';
import { startServer } from '../server.mjs';
import { median, ratios } from '../statistics.mjs';

const contenders = /** @type {const} */ (['rx-seedance-batch', 'undici-request']);

const asksPerTask = 4;

/** What each contender is told. */
export const setting = { tasks: 1_000, warmUp: 1_000, asksPerTask, connections: 50, live: 1_000, intervalMs: 1_000 };

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const server = await startServer({ asksPerTask });
  try {
    const due = (setting.tasks + setting.warmUp) * asksPerTask;
    const results = await inTurn(contenders, async (contender, round) => {
      const { microsPerAsk } = await inChild('follow', { ...setting, contender, run: `${contender}${round}`, origin: server.origin });
      const { asks, requests } = await server.counts();
      if (asks !== due) throw new Error(`${contender}: ${asks} asks instead of ${due}`);
      return { microsPerAsk: /** @type {number} */ (microsPerAsk), asksPerRequest: asks / requests };
    });
    const micros = (/** @type {typeof contenders[number]} */ contender) => results[contender].map(({ microsPerAsk }) => microsPerAsk);
    return {
      title: 'CPU time of one question, with list batching',
      how: `${setting.tasks.toLocaleString('en')} tasks of one key, all watched at once, ${asksPerTask} questions each, ${setting.intervalMs / 1000} s between a task's answer and its next question, after as many tasks of warm-up. `
        + 'The bare loop sends a request for each question; this library sends list requests, as it comes. The time is divided by the tasks that were asked about.',
      rows: [
        row('this library beside a bare undici `Pool.request` loop', ratios(micros('rx-seedance-batch'), micros('undici-request')), { unit: '×', atMost: 0.1 }),
        row('tasks asked about in one request', results['rx-seedance-batch'].map(({ asksPerRequest }) => asksPerRequest)),
      ],
      notes: [`In µs: ${contenders.map((contender) => `${contender} ${digits(median(micros(contender)))}`).join(', ')}.`],
    };
  } finally {
    server.stop();
  }
};
