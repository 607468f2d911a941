/**
 * What one poll allocates: the bytes that the garbage collector has to clear away. The figure is the same on a fast machine and on a
 * slow one, and what it counts is most of what a poll costs when many are in flight.
 */
import { inChild, inTurn } from '../contest.mjs';
import { row } from '../report.mjs';

const contenders = /** @type {const} */ (['rx-seedance', 'naive-rxjs', 'undici-request']);

/** What each contender is told. */
const setting = { live: 100, intervalMs: 1 };

/** As many polls, of many tasks and of few. */
const loads = /** @type {const} */ ({
  3: { ...setting, tasks: 1_000, warmUp: 1_500, pollsPerTask: 3 },
  20: { ...setting, tasks: 150, warmUp: 225, pollsPerTask: 20 },
});

/** In MB: so much is allocated before the first collection, several times what any contender needs. */
const youngGeneration = 512;

const flags = [`--min-semi-space-size=${youngGeneration}`, `--max-semi-space-size=${youngGeneration}`];

/**
 * @template {string} Name
 * @param {readonly Name[]} names
 * @param {typeof loads[keyof typeof loads]} load
 */
const kiloBytes = (names, load) =>
  inTurn(names, async (contender) => (await inChild('allocate', { ...load, contender }, flags)).bytesPerPoll / 1000);

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const short = await kiloBytes(contenders, loads[3]);
  const long = await kiloBytes(/** @type {const} */ (['rx-seedance']), loads[20]);
  return {
    title: 'Memory allocated by one poll',
    how: `What the heap has gained, divided by the polls, while no collection runs: ${loads[3].tasks.toLocaleString('en')} tasks with ${loads[3].pollsPerTask} polls each and ` +
      `${loads[20].tasks.toLocaleString('en')} tasks with ${loads[20].pollsPerTask}, ${setting.live} at once, after a warm-up of one and a half times as many. One kB is 1,000 bytes. Responses come from memory: ` +
      'their text, `JSON.parse` and a timer are in every row; the bare loop allocates little else.',
    rows: [
      row(`this library, ${loads[3].pollsPerTask} polls a task`, short['rx-seedance'], { unit: 'kB', atMost: 10 }),
      row(`… ${loads[20].pollsPerTask} polls a task`, long['rx-seedance'], { unit: 'kB' }),
      row(`a naive client of \`expand\` and \`timer\`, ${loads[3].pollsPerTask} polls a task`, short['naive-rxjs'], { unit: 'kB' }),
      row(`a bare loop, ${loads[3].pollsPerTask} polls a task`, short['undici-request'], { unit: 'kB' }),
    ],
  };
};
