/**
 * The floor: undici's lowest door, one handler for a request and `JSON.parse`. Nobody would follow tasks so; it shows what a request
 * costs that nothing can go below.
 */
import { Pool } from 'undici';
import { forEachOf, headers, pathOf, sleep, terminal } from './setting.mjs';

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, live, intervalMs }) => {
  const pool = new Pool(origin, { connections });
  const ask = (/** @type {string} */ id) =>
    new Promise((resolve, reject) => {
      let text = '';
      pool.dispatch({ method: 'GET', path: pathOf(id), headers }, {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: (_controller, chunk) => {
          text += chunk.toString();
        },
        onResponseEnd: () => {
          resolve(JSON.parse(text));
        },
        onResponseError: (_controller, error) => reject(error),
      });
    });
  const follow = async (/** @type {string} */ id) => {
    for (;;) {
      const task = await ask(id);
      if (terminal.has(task.status)) return task.content.video_url;
      await sleep(intervalMs);
    }
  };
  return (ids) => forEachOf(ids, live, follow);
};
