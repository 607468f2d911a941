/**
 * What a watch that waits holds on the heap, and whether polling leaves anything behind. Bytes, not ratios: a heap is the same on a fast
 * machine and on a slow one.
 */
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';

const contenders = /** @type {const} */ (['rx-seedance-feed', 'rx-seedance', 'naive-rxjs', 'expand-timer']);

/** What the one with a goal is told. */
export const setting = { watches: 50_000, warmUp: 1_000 };

/** What those for information are told: each of fewer weighs the same, and they are there sooner. */
const forInformation = { ...setting, watches: 10_000 };

/** So many polls that what a heap gains and loses by chance does not count. */
const hour = { watches: 200 };

/** A leak is at least one pointer for each poll. */
const pointerBytes = 8;

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const kiloBytes = await inTurn(contenders, async (contender) => {
    const given = contender === 'rx-seedance-feed' ? setting : forInformation;
    return (await inChild('wait', { ...given, contender })).bytesPerWatch / 1000;
  });
  const { left } = await inTurn(/** @type {const} */ (['left']), () => inChild('virtual-hour', hour));
  return {
    title: 'Heap of an idle watch',
    how: `${setting.watches.toLocaleString('en')} watches (of the others ${forInformation.watches.toLocaleString('en')}) that have had two responses of the same status, from memory, and wait for their next poll: what is on the heap after a collection, ` +
      'for each of them, the snapshot of its task included. One kB is 1,000 bytes. ' +
      `Then an hour of virtual time: ${hour.watches} watches in a feed, and what the heap has gained between the tenth and the seventieth minute.`,
    rows: [
      row('a watch of this library, sharing and feed on', kiloBytes['rx-seedance-feed'], { unit: 'kB', atMost: 5.5 }),
      row('… without the feed', kiloBytes['rx-seedance'], { unit: 'kB', atMost: 4.6 }),
      row('a naive client of `expand` and `timer`', kiloBytes['naive-rxjs'], { unit: 'kB' }),
      row('`of`, `expand` and `timer` alone', kiloBytes['expand-timer'], { unit: 'kB' }),
      row('left behind by each poll of an hour', left.map(({ bytesPerPoll }) => bytesPerPoll), { unit: 'bytes', below: pointerBytes }),
    ],
    notes: [`Polls in that hour: ${digits(left[0]?.polls)}.`],
  };
};
