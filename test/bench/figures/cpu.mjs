/**
 * What one poll costs in CPU time, beside what others would spend on it. All contenders follow the same tasks of one server, as many
 * at once, over as many sockets, at the same pace.
 *
 * Under three loads, because the figure depends on the load. At a steady pace the process sleeps between responses, as it does in
 * production, and waking up is part of the cost of each poll; the goal applies to this load. With 20 polls a task, about as many as a
 * video takes, the start and the end of a watch weigh less. At full speed only the work itself counts.
 */
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';
import { startServer } from '../server.mjs';
import { median, ratios } from '../statistics.mjs';

const contenders = /** @type {const} */ (['rx-seedance', 'undici-request', 'fetch', 'naive-rxjs', 'core-lro', 'undici-dispatch']);

const few = /** @type {const} */ (['rx-seedance', 'undici-request', 'naive-rxjs']);

/** What each contender is told. */
export const setting = { tasks: 5_000, warmUp: 600, pollsPerTask: 3, connections: 50, live: 100, intervalMs: 20 };

/** Fewer tasks, of more polls each. */
const long = { ...setting, tasks: 400, warmUp: 100, pollsPerTask: 20 };

const flatOut = { ...setting, tasks: 1_500, live: 1_000 };

/**
 * @template {string} Name
 * @param {readonly Name[]} names
 * @param {typeof setting} given
 */
const microsPerPoll = async (names, given) => {
  const server = await startServer(given);
  try {
    return await inTurn(names, async (contender, round) => {
      const result = await inChild('follow', { ...given, contender, run: `${contender}${round}`, origin: server.origin });
      const { polls } = await server.counts();
      const due = (given.tasks + given.warmUp) * given.pollsPerTask;
      if (polls !== due) throw new Error(`${contender}: ${polls} polls instead of ${due}`);
      return /** @type {number} */ (result.microsPerPoll);
    });
  } finally {
    server.stop();
  }
};

const inMicros = (/** @type {Readonly<Record<string, readonly number[]>>} */ results) =>
  Object.entries(results).map(([contender, values]) => `${contender} ${digits(median(values))}`).join(', ');

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const steady = await microsPerPoll(contenders, setting);
  const lasting = await microsPerPoll(few, long);
  const busy = await microsPerPoll(/** @type {const} */ (['rx-seedance', 'undici-request']), flatOut);
  const beside = (/** @type {typeof contenders[number]} */ other) => ratios(steady['rx-seedance'], steady[other]);
  return {
    title: 'CPU time of one poll',
    how: `${setting.tasks.toLocaleString('en')} tasks, ${setting.pollsPerTask} polls each, ${setting.live} tasks at once over ${setting.connections} sockets, ` +
      `${setting.intervalMs} ms between a task's response and its next poll; then ${long.tasks.toLocaleString('en')} tasks with ${long.pollsPerTask} polls each; ` +
      `flat out: ${flatOut.tasks.toLocaleString('en')} tasks, ${flatOut.pollsPerTask} polls each, ${flatOut.live.toLocaleString('en')} at once, so that the process never sleeps. ` +
      `User and system time of the polling process, after a warm-up of ${setting.warmUp.toLocaleString('en')} tasks, or ${long.warmUp.toLocaleString('en')} with ${long.pollsPerTask} polls. ` +
      'Loopback has no TLS, which would add the same time to every contender and bring each ratio nearer to 1. ' +
      'This library runs as it comes: undici adapter, validation of every field, state, transitions, sharing, time-outs and deadlines.',
    rows: [
      row('this library beside a bare undici `Pool.request` loop', beside('undici-request'), { unit: '×', atMost: 1.5 }),
      row('… a loop on the built-in `fetch`', beside('fetch'), { unit: '×', below: 0.7 }),
      row('… a naive client of `expand` and `timer`', beside('naive-rxjs'), { unit: '×', below: 1 }),
      row('… the poller of @azure/core-lro', beside('core-lro'), { unit: '×', atMost: 1.2 }),
      row('… the floor: a bare `Pool.dispatch` loop that parses no headers', beside('undici-dispatch'), { unit: '×' }),
      row(`… a bare undici \`Pool.request\` loop, ${long.pollsPerTask} polls a task`, ratios(lasting['rx-seedance'], lasting['undici-request']), { unit: '×', atMost: 1.5 }),
      row(`… a naive client of \`expand\` and \`timer\`, ${long.pollsPerTask} polls a task`, ratios(lasting['rx-seedance'], lasting['naive-rxjs']), { unit: '×', below: 1 }),
      row('… a bare undici `Pool.request` loop, flat out', ratios(busy['rx-seedance'], busy['undici-request']), { unit: '×', atMost: 2 }),
    ],
    notes: [
      `In µs: ${inMicros(steady)}; ${long.pollsPerTask} polls a task: ${inMicros(lasting)}; flat out: ${inMicros(busy)}.`,
      `Beside \`Pool.request\` the floor costs ${digits(median(ratios(steady['undici-dispatch'], steady['undici-request'])))} ×.`,
    ],
  };
};
