/**
 * Repeatable random values: each is a hash of its arguments.
 */
import { createHash } from 'node:crypto';

type Parts = readonly (string | number)[];

const digest = (parts: Parts): Buffer => createHash('sha256').update(JSON.stringify(parts)).digest();

/**
 * A number from 0 (included) to 1 (excluded): the same for the same parts.
 *
 * @example fraction(seed, 'ark', 'outcome') < 0.5
 */
export const fraction = (...parts: Parts): number => digest(parts).readUInt32BE(0) / 2 ** 32;

/** An integer from `min` to `max`, both included. */
export const integer = (min: number, max: number, ...parts: Parts): number =>
  min + Math.floor(fraction(...parts) * (max - min + 1));

/** A string of up to 32 characters of an alphabet. */
export const randomString = (length: number, alphabet: string, ...parts: Parts): string =>
  Array.from(digest(parts).subarray(0, length), (byte) => alphabet.charAt(byte % alphabet.length)).join('');

/** One of several choices, by weight. Rounding may leave no match: then the last. */
export const weighted = <T>(choices: readonly (readonly [choice: T, weight: number])[], ...parts: Parts): T | undefined => {
  let rest = fraction(...parts) * choices.reduce((sum, [, weight]) => sum + weight, 0);
  return (choices.find(([, weight]) => (rest -= weight) < 0) ?? choices.at(-1))?.[0];
};
