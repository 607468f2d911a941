/**
 * Lets one contender begin watches that are answered once and then wait, and reports what each holds on the heap. The first few do not
 * count: they pay for code and tables that exist once.
 */
import { setTimeout as after } from 'node:timers/promises';
import { heapUsed, options, report } from '../child.mjs';

const { contender, watches, warmUp } = options;

/** @type {{ createWaiting: import('../contenders/waiting.mjs').Waiting }} */
const { createWaiting } = await import(`../contenders/${contender}.mjs`);
const waiting = createWaiting({ intervalMs: 3_600_000 });

/** Begins so many watches, and waits until each has had its answer. */
const begin = async (/** @type {string} */ part, /** @type {number} */ count) => {
  const due = waiting.answered() + count;
  waiting.add(Array.from({ length: count }, (_, index) => `cgt-20260301101500-${part}${index}`));
  for (let turns = 0; waiting.answered() < due && turns < 1_000; turns += 1) await after(20);
  if (waiting.answered() !== due) throw new Error(`${contender}: ${waiting.answered()} answers, ${due} were due`);
};

await begin('w', warmUp);
const before = heapUsed();
await begin('t', watches);
report({ bytesPerWatch: (heapUsed() - before) / watches });
