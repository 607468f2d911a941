/**
 * What the contenders without HTTP have in common: responses from memory.
 */
import { arkHeaders, arkTaskText } from '../ark-responses.mjs';

/**
 * @typedef {(url: string) => import('rx-seedance').HttpResponse} Respond the response about the task at the end of a URL or path
 *
 * @typedef {(setting: { readonly waitMs: (index: number) => number }) => {
 *   add: (ids: readonly string[]) => void,
 *   responses: () => number,
 * }} Waiting starts watches of running tasks that wait `waitMs(0)` after their first response, and counts the responses of all of them
 *
 * @typedef {(setting: { readonly respond: Respond, readonly live: number, readonly intervalMs: number }) =>
 *   (ids: readonly string[]) => Promise<readonly string[]>} FromMemory like a Contender, without a server
 */

const idOf = (/** @type {string} */ url) => url.slice(url.lastIndexOf('/') + 1);

/** Every task is running. */
export const runningTasks = (createdAtMs = Date.now()) => {
  const textOf = arkTaskText('running', createdAtMs);
  let count = 0;
  return {
    /** @type {Respond} */
    respond: (url) => {
      count += 1;
      return { status: 200, headers: arkHeaders, body: textOf(idOf(url)) };
    },
    /** How many responses there were. */
    responses: () => count,
  };
};

/**
 * Each task is running until its last poll.
 *
 * @param {number} pollsPerTask
 */
export const tasksWithEnd = (pollsPerTask) => {
  const textOf = { running: arkTaskText('running'), succeeded: arkTaskText('succeeded') };
  /** How often each task has been polled. @type {Map<string, number>} */
  const polls = new Map();
  let count = 0;
  return {
    /** @type {Respond} */
    respond: (url) => {
      const id = idOf(url);
      const poll = (polls.get(id) ?? 0) + 1;
      polls.set(id, poll);
      count += 1;
      return { status: 200, headers: arkHeaders, body: textOf[poll < pollsPerTask ? 'running' : 'succeeded'](id) };
    },
    /** How many responses there were. */
    responses: () => count,
  };
};

/**
 * A stand-in for undici's `Pool` whose requests are answered from memory.
 *
 * @param {Respond} respond
 */
export const poolOf = (respond) => {
  const request = async (/** @type {{ path: string }} */ { path }) => {
    const { status, body } = respond(path);
    return { statusCode: status, body: { json: async () => JSON.parse(body) } };
  };
  // The contenders use nothing else of it.
  return /** @type {Pick<import('undici').Pool, 'request'>} */ (/** @type {unknown} */ ({ request }));
};
