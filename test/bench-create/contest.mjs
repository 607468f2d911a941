/**
 * One run: the simulator in one process, a contender in another, and what became of its prompts.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createRandom, logNormal } from '../bench/random.mjs';

/**
 * @typedef {'succeeds' | 'fails' | 'moderated' | 'cancelled' | 'expires'} Outcome
 *
 * @typedef {object} Order a wanted video
 * @property {string} prompt
 * @property {string} user the `safety_identifier` of its body, another one for each
 * @property {{ outcome: Outcome, queueMs: number, runMs: number }} plan
 *
 * @typedef {object} End
 * @property {string | null} status null if the contender does not know the end
 * @property {string} [id]
 *
 * @typedef {(account: { baseUrl: string, apiKey: string, model: string }) => (order: Pick<Order, 'prompt' | 'user'>) => Promise<End>} Create
 *
 * @typedef {End & { user: string, atMs: number, message?: string }} Report
 * @typedef {{ id: string, user: string, outcome: Outcome, endMs: number }} Bought a task on the bill
 * @typedef {{ bought: readonly Bought[], requests: number }} Bill
 *
 * @typedef {object} Result
 * @property {number} bought
 * @property {number} twice    prompts with more than one task
 * @property {number} without  prompts without a task
 * @property {number} right    prompts of which the true end was reported
 * @property {number} wrong    prompts of which another end was reported
 * @property {number} unseen   tasks whose end was not reported
 * @property {number} requests
 * @property {readonly number[]} delaysMs from a task's end to its report, of those that are right
 */

const model = 'dreamina-seedance-2-0-260128';

/** What the provider says of each outcome in the end. @type {Readonly<Record<Outcome, string>>} */
const statuses = { succeeds: 'succeeded', fails: 'failed', moderated: 'failed', cancelled: 'cancelled', expires: 'expired' };

/** Of 24 videos. @type {Readonly<Record<Outcome, number>>} */
export const mix = { succeeds: 14, fails: 3, moderated: 3, cancelled: 2, expires: 2 };

/** When half of the tasks end, and few end sooner or later. */
export const times = { queueMs: 10_000, minMs: 90_000, maxMs: 240_000 };

/** @returns {readonly Order[]} the same for each contender */
export const ordersOf = (/** @type {number} */ seed) => {
  const random = createRandom(seed);
  const outcomes = /** @type {[Outcome, number][]} */ (Object.entries(mix)).flatMap(([outcome, count]) => Array.from({ length: count }, () => ({ outcome, rank: random() }))).toSorted((a, b) => a.rank - b.rank);
  return outcomes.map(({ outcome }, index) => ({
    prompt: `A kite over the sea, take ${index + 1}`,
    user: `user-${seed}-${index + 1}`,
    plan: { outcome, queueMs: times.queueMs, runMs: Math.round(logNormal(times).draw(random) - times.queueMs) },
  }));
};

/**
 * Compares the reports with the bill.
 *
 * @param {readonly Order[]} orders
 * @param {Bill} bill
 * @param {readonly Report[]} reports
 * @returns {Result}
 */
export const judge = (orders, { bought, requests }, reports) => {
  const tasksOf = (/** @type {Order} */ { user }) => bought.filter((task) => task.user === user);
  const judged = orders.map((order) => {
    const report = reports.find(({ user }) => user === order.user);
    const task = tasksOf(order).findLast(({ id, outcome }) => statuses[outcome] === report?.status && (report?.id === undefined || report.id === id));
    return { hasEnd: (report?.status ?? null) !== null, delayMs: report === undefined || task === undefined ? null : report.atMs - task.endMs };
  });
  const right = judged.filter(({ delayMs }) => delayMs !== null).length;
  return {
    bought: bought.length,
    twice: orders.filter((order) => tasksOf(order).length > 1).length,
    without: orders.filter((order) => tasksOf(order).length === 0).length,
    right,
    wrong: judged.filter(({ hasEnd, delayMs }) => hasEnd && delayMs === null).length,
    unseen: bought.length - right,
    requests,
    delaysMs: judged.flatMap(({ delayMs }) => delayMs ?? []),
  };
};

/** A contender that takes longer, in simulated time, does not know the rest of its ends. */
const longestMs = 3_600_000;

const path = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * @param {{ file: string, execPath: string, seed: number, speed: number, faultRate: number }} options
 * @returns {Promise<Result & { reports: readonly Report[], realMs: number }>}
 */
export const run = async ({ file, execPath, seed, speed, faultRate }) => {
  const beganMs = performance.now();
  const orders = ordersOf(seed);
  const simulator = fork(path('simulator.mjs'), [JSON.stringify({ seed, speed, faultRate, orders })], { stdio: 'inherit' });
  try {
    const [{ originMs, ...account }] = await once(simulator, 'message');
    const env = { ...process.env, SIMULATED_SPEED: String(speed), SIMULATED_ORIGIN_MS: String(originMs) };
    const asked = orders.map(({ prompt, user }) => ({ prompt, user }));
    const child = fork(path('contender.mjs'), [JSON.stringify({ ...account, model, file: path(file), orders: asked })], {
      execPath, execArgv: ['--import', path('clock.mjs')], env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'], timeout: longestMs / speed, killSignal: 'SIGKILL',
    });
    /** @type {Report[]} */
    const reports = [];
    let isDone = false;
    child.on('message', (message) => {
      if (message === 'done') isDone = true;
      else reports.push(/** @type {Report} */ (message));
    });
    const [code] = await once(child, 'close');
    if (!isDone && code !== null) throw new Error(`${file} ended with exit code ${code}`);
    simulator.send('bill');
    const [bill] = await once(simulator, 'message');
    return { ...judge(orders, bill, reports), reports, realMs: performance.now() - beganMs };
  } finally {
    simulator.disconnect();
  }
};
