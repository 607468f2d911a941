/**
 * The bare loop on the `fetch` that is built into Node. Its own undici is of another major than ours, so the number of sockets is
 * limited by an agent of the class that it brings along.
 */
import { forEachOf, headers, pathOf, sleep, terminal } from './setting.mjs';

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, live, intervalMs }) => {
  const dispatcher = builtInAgent(connections);
  const follow = async (/** @type {string} */ id) => {
    for (;;) {
      const response = await fetch(origin + pathOf(id), /** @type {RequestInit} */ ({ headers, dispatcher }));
      /** @type {any} */
      const task = await response.json();
      if (!response.ok) throw new Error(`status ${response.status}`);
      if (terminal.has(task.status)) return task.content.video_url;
      await sleep(intervalMs);
    }
  };
  return (ids) => forEachOf(ids, live, follow);
};

/** Where Node keeps the dispatcher of its `fetch`; it is there once `fetch` has been looked at. */
const globalDispatcher = Symbol.for('undici.globalDispatcher.1');

const builtInAgent = (/** @type {number} */ connections) => {
  void fetch('data:,').catch(() => undefined);
  const { constructor: Agent } = /** @type {any} */ (globalThis)[globalDispatcher];
  return new Agent({ connections });
};
