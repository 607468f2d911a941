/**
 * Lets one contender start watches that get two responses of the same status and then wait, and reports what each holds on the heap.
 * Two, because a watch waits like this for most of its life; after the first response it may still hold what it has just emitted. The
 * first few watches do not count: they pay for code and tables that exist once.
 */
import { setTimeout as after } from 'node:timers/promises';
import { heapUsed, options, report } from '../child.mjs';

const { contender, watches, warmUp } = options;

/** @type {{ createWaiting: import('../contenders/memory.mjs').Waiting }} */
const { createWaiting } = await import(`../contenders/${contender}.mjs`);
const watching = createWaiting({ waitMs: (index) => (index === 0 ? 50 : 3_600_000) });

const responsesPerWatch = 2;

/** Starts so many watches, and waits until each has had its responses. */
const start = async (/** @type {string} */ part, /** @type {number} */ count) => {
  const due = watching.responses() + count * responsesPerWatch;
  watching.add(Array.from({ length: count }, (_, index) => `cgt-20260301101500-${part}${index}`));
  for (let turns = 0; watching.responses() < due && turns < 1_000; turns += 1) await after(20);
  // Long enough for a response too many to show.
  await after(100);
  if (watching.responses() !== due) throw new Error(`${contender}: ${watching.responses()} responses, ${due} were due`);
};

await start('w', warmUp);
const before = heapUsed();
await start('t', watches);
report({ bytesPerWatch: (heapUsed() - before) / watches });
