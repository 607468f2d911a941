/**
 * Compares contenders in turn, A B C A B C …, with each measurement in a process of its own. Taking
 * turns spreads a machine's slow phases over all contenders. A fresh process keeps what one leaves on the heap or in the compiler from the
 * others. A contender that fails fails the figure, because the speed of a wrong result means nothing.
 */
import { fork } from 'node:child_process';

/** Enough for a median that two disturbed rounds cannot move. */
export const leastRounds = 5;

/** No measurement takes so long, unless it hangs. */
const longestMs = 180_000;

/**
 * Measures every contender once a round.
 *
 * @template {string} Name
 * @template Result
 * @param {readonly Name[]} contenders
 * @param {(contender: Name, round: number) => Promise<Result>} measure
 * @param {number} [rounds]
 * @returns {Promise<Readonly<Record<Name, readonly Result[]>>>} each contender's results, one a round
 */
export const inTurn = async (contenders, measure, rounds = leastRounds) => {
  if (rounds < leastRounds) throw new RangeError(`rounds must be ${leastRounds} at the least, not ${rounds}`);
  /** @type {any} */
  const results = Object.fromEntries(contenders.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of contenders) results[contender].push(await measure(contender, round));
  }
  return results;
};

/**
 * Runs a program of `children/` in a process of its own, and gives what it reports (see child.mjs).
 *
 * @param {string} program
 * @param {object} options passed to it
 * @param {readonly string[]} [flags] for Node
 * @returns {Promise<any>}
 */
export const inChild = (program, options, flags = []) =>
  new Promise((resolve, reject) => {
    const child = fork(new URL(`children/${program}.mjs`, import.meta.url), [JSON.stringify(options)], {
      execArgv: ['--expose-gc', ...flags],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      timeout: longestMs,
    });
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => (complaint += text));
    /** @type {unknown} */
    let report;
    child.on('message', (message) => (report = message));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 && report !== undefined) resolve(report);
      else reject(new Error(`${program} ${JSON.stringify(options)}: no figure, ${signal ?? `exit code ${code}`}\n${complaint}`));
    });
  });
