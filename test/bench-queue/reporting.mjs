/**
 * What both kinds of worker tell the bench: each end when it is known, and at last what the worker took.
 */

/**
 * @typedef {{ provider: 'ark', id: string }} Task
 * @typedef {object} Settings of a worker
 * @property {'redis' | 'postgres'} engine
 * @property {string} address   of the database
 * @property {number} speed     of all clocks
 * @property {number} originMs
 * @property {string} baseUrl
 * @property {string} apiKey
 * @property {number} [windowMs]
 */

/** @returns {Settings} */
export const settings = () => JSON.parse(process.argv[2] ?? '{}');

/** What the worker counts itself. */
export const counts = { polls: 0, sweeps: 0, failedSweeps: 0 };

/** An end is in the database. */
export const reportKnown = (/** @type {string} */ id, /** @type {number} */ atMs) => process.send?.({ kind: 'known', id, atMs });

/** An end was given to who wants it. */
export const reportDelivered = (/** @type {string} */ id, /** @type {string | undefined} */ status, /** @type {number} */ atMs) => process.send?.({ kind: 'delivered', id, status, atMs });

/** Says that the worker is ready, adds tasks when it is given some, and reports when it is asked for it. */
export const start = (/** @type {(tasks: readonly Task[]) => Promise<unknown>} */ add) => {
  const before = process.cpuUsage();
  process.on('message', async (message) => {
    if (Array.isArray(message)) {
      await add(message);
    } else {
      const { user, system } = process.cpuUsage(before);
      process.send?.({ kind: 'took', ...counts, cpuMs: (user + system) / 1000 });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ kind: 'ready' });
};
