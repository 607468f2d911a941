/**
 * What one question costs in CPU time, beside what others would spend on it. All contenders follow the same tasks of one server, as many
 * at once, over as many sockets, at the same pace.
 *
 * Twice, because the answer depends on the load. At a steady pace the process sleeps between answers, as it does in life, and waking
 * up is part of each question's price; the goal is judged there. Flat out nothing but the work itself is left, which is the hardest
 * on whoever does more of it.
 */
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';
import { startServer } from '../server.mjs';
import { median, ratios } from '../statistics.mjs';

const contenders = /** @type {const} */ (['rx-seedance', 'undici-request', 'fetch', 'naive-rxjs', 'core-lro', 'undici-dispatch']);

const asksPerTask = 3;

/** What each contender is told. */
export const setting = { tasks: 5_000, warmUp: 600, asksPerTask, connections: 50, live: 100, intervalMs: 20 };

const flatOut = { ...setting, tasks: 1_500, live: 1_000 };

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const server = await startServer({ asksPerTask });
  const microsPerAsk = (/** @type {typeof setting} */ given) => async (/** @type {string} */ contender, /** @type {number} */ round) => {
    const result = await inChild('follow', { ...given, contender, run: `${contender}${round}`, origin: server.origin });
    const { asks } = await server.counts();
    const due = (given.tasks + given.warmUp) * asksPerTask;
    if (asks !== due) throw new Error(`${contender}: ${asks} asks instead of ${due}`);
    return /** @type {number} */ (result.microsPerAsk);
  };
  try {
    const steady = await inTurn(contenders, microsPerAsk(setting));
    const busy = await inTurn(/** @type {const} */ (['rx-seedance', 'undici-request']), microsPerAsk(flatOut));
    const beside = (/** @type {typeof contenders[number]} */ other) => ratios(steady['rx-seedance'], steady[other]);
    const inMicros = (/** @type {Readonly<Record<string, readonly number[]>>} */ results) =>
      Object.entries(results).map(([contender, values]) => `${contender} ${digits(median(values))}`).join(', ');
    return {
      title: 'CPU time of one question',
      how: `${setting.tasks.toLocaleString('en')} tasks, ${asksPerTask} questions each, ${setting.live} tasks at once over ${setting.connections} sockets, `
        + `${setting.intervalMs} ms between a task's answer and its next question; flat out: ${flatOut.tasks.toLocaleString('en')} tasks, ${flatOut.live.toLocaleString('en')} at once, so that the process never sleeps. `
        + `User and system time of the asking process, after ${setting.warmUp.toLocaleString('en')} tasks of warm-up. `
        + 'This library runs as it comes: undici adapter, validation of every field, state, transitions, sharing, time-outs and deadlines.',
      rows: [
        row('this library beside a bare undici `Pool.request` loop', beside('undici-request'), { unit: '×', atMost: 1.1 }),
        row('… a loop on the built-in `fetch`', beside('fetch'), { unit: '×', below: 1 }),
        row('… a naive client of `expand` and `timer`', beside('naive-rxjs'), { unit: '×', below: 1 }),
        row('… the poller of @azure/core-lro', beside('core-lro'), { unit: '×', below: 1 }),
        row('… the floor: a bare `Pool.dispatch` loop that parses no headers', beside('undici-dispatch'), { unit: '×' }),
        row('… a bare undici `Pool.request` loop, flat out', ratios(busy['rx-seedance'], busy['undici-request']), { unit: '×' }),
      ],
      notes: [`In µs: ${inMicros(steady)}; flat out: ${inMicros(busy)}.`],
    };
  } finally {
    server.stop();
  }
};
