/**
 * What all contenders over HTTP are told, and the little that those without RxJS have in common. Each is a function from a setting to a
 * function from task ids to the links of their videos.
 */

/**
 * @typedef {object} Setting
 * @property {string} origin      where the server is
 * @property {number} connections how many sockets there may be
 * @property {number} live        how many tasks may be followed at once
 * @property {number} intervalMs  how long each waits from a response to its next request
 *
 * @typedef {(setting: Setting) => (ids: readonly string[]) => Promise<readonly string[]>} Contender
 */

/** The server's address of a task. */
export const pathOf = (/** @type {string} */ id) => `/api/v3/contents/generations/tasks/${id}`;

/** The API key of every contender: made up, and as long as Ark's keys are. */
export const apiKey = '7c1e4b2a-93d5-4f68-a0b7-52e6d81f3c94';

/** The headers of every request. */
export const headers = { accept: 'application/json', authorization: `Bearer ${apiKey}` };

/** The statuses in which a task stays. @type {ReadonlySet<string>} */
export const terminal = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

export const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs something for each of many, so many at once.
 *
 * @template A, B
 * @param {readonly A[]} all
 * @param {number} atOnce
 * @param {(one: A) => Promise<B>} run
 * @returns {Promise<readonly B[]>} in the order in which they ended
 */
export const forEachOf = async (all, atOnce, run) => {
  const left = all.values();
  /** @type {B[]} */
  const results = [];
  const worker = async () => {
    for (const one of left) results.push(await run(one));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
};
