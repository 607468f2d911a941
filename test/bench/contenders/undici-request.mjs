/**
 * The bare loop: what one writes with undici and nothing else. No validation, no state, no abort, no time-out of its own.
 */
import { Pool } from 'undici';
import { forEachOf, headers, pathOf, sleep, terminal } from './setting.mjs';

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, live, intervalMs }) => {
  const pool = new Pool(origin, { connections });
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
  return (ids) => forEachOf(ids, live, follow);
};
