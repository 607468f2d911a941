/**
 * The bare loop: what one writes with undici and nothing else. No validation, no state, no abort, no time-out of its own.
 */
import { Pool } from 'undici';
import { poolOf } from './memory.mjs';
import { forEachOf, headers, pathOf, sleep, terminal } from './setting.mjs';

/** @typedef {{ live: number, intervalMs: number }} Pace */

const createFollowing = (/** @type {Pick<Pool, 'request'>} */ pool, /** @type {Pace} */ { live, intervalMs }) => {
  const follow = async (/** @type {string} */ id) => {
    for (;;) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: pathOf(id), headers });
      /** @type {any} */
      const task = await body.json();
      if (statusCode !== 200) throw new Error(`status ${statusCode}`);
      if (terminal.has(task.status)) return task.content.video_url;
      await sleep(intervalMs);
    }
  };
  return (/** @type {readonly string[]} */ ids) => forEachOf(ids, live, follow);
};

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, ...pace }) => createFollowing(new Pool(origin, { connections }), pace);

/** @type {import('./memory.mjs').FromMemory} */
export const createFromMemory = ({ respond, ...pace }) => createFollowing(poolOf(respond), pace);
