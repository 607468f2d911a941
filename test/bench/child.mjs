/**
 * The other side of `inChild`: what a measuring program is given, how it reports, and how it collects garbage. What it throws ends it
 * with an exit code, and so the figure.
 */

/** What the program was given. @type {any} */
export const options = JSON.parse(process.argv[2] ?? '{}');

/**
 * Hands a result to the parent and ends the process, open sockets and waiting watches included.
 *
 * @param {object} result
 */
export const report = (result) => {
  if (process.send !== undefined) process.send(result, () => process.exit());
  else {
    // Run by hand.
    console.log(result);
    process.exit();
  }
};

/** Collects all garbage, also what only a second collection finds. */
export const collectGarbage = () => {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
};

/** What is on the heap once the garbage is gone, in bytes. */
export const heapUsed = () => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};
