/**
 * Chance that repeats: the same seed gives the same numbers. And log-normal times, the shape that waiting for a generation has.
 */
import { createHash } from 'node:crypto';

/**
 * A source of numbers from 0 up to 1 (mulberry32).
 *
 * @param {number} seed
 */
export const createRandom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/**
 * A number from 0 up to 1, always the same for the same parts.
 *
 * @param {...(string | number)} parts
 */
export const fraction = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest().readUInt32BE(0) / 2 ** 32;

/** The standard normal's 95 % quantile. */
const quantile95 = 1.6448536;

/**
 * The log-normal distribution of which one time in twenty is below `minMs` and one in twenty above `maxMs`.
 *
 * @param {{ readonly minMs: number, readonly maxMs: number }} range
 */
export const logNormal = ({ minMs, maxMs }) => {
  const mu = (Math.log(minMs) + Math.log(maxMs)) / 2;
  const sigma = (Math.log(maxMs) - Math.log(minMs)) / (2 * quantile95);
  return {
    meanMs: Math.exp(mu + sigma ** 2 / 2),
    /** One time (Box and Muller). */
    draw: (/** @type {() => number} */ random) =>
      Math.exp(mu + sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
    density: (/** @type {number} */ ms) =>
      ms <= 0 ? 0 : Math.exp(-(((Math.log(ms) - mu) / sigma) ** 2) / 2) / (ms * sigma * Math.sqrt(2 * Math.PI)),
  };
};
