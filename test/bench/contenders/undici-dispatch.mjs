/**
 * The floor: undici's lowest-level call, one lean handler for each request, and `JSON.parse`. The handler has undici's older method
 * names, which undici 7 calls without a wrapper and with unparsed headers. Nobody would follow tasks like this; it shows the cost of a
 * request that no client on undici can go below.
 */
import { Pool } from 'undici';
import { forEachOf, headers, pathOf, sleep, terminal } from './setting.mjs';

/** Collects one response. */
class ResponseHandler {
  #text = '';
  #resolve;
  #reject;

  /**
   * @param {(task: any) => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor(resolve, reject) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onConnect() {}

  /** @param {number} statusCode */
  onHeaders(statusCode) {
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    return true;
  }

  /** @param {Buffer} chunk ASCII, so that a character never spans two chunks */
  onData(chunk) {
    this.#text += chunk.toString('latin1');
    return true;
  }

  onComplete() {
    this.#resolve(JSON.parse(this.#text));
  }

  /** @param {Error} error */
  onError(error) {
    this.#reject(error);
  }
}

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, live, intervalMs }) => {
  const pool = new Pool(origin, { connections });
  const requestTask = (/** @type {string} */ id) =>
    new Promise((resolve, reject) => {
      pool.dispatch({ method: 'GET', path: pathOf(id), headers }, new ResponseHandler(resolve, reject));
    });
  const follow = async (/** @type {string} */ id) => {
    for (;;) {
      const task = await requestTask(id);
      if (terminal.has(task.status)) return task.content.video_url;
      await sleep(intervalMs);
    }
  };
  return (ids) => forEachOf(ids, live, follow);
};
