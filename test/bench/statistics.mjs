/**
 * What is made of several measurements of the same thing. A median, because one round that another program disturbed must not count;
 * ratios round by round, because what slows a whole round slows both of its sides.
 */

/**
 * The middle value; of an even number of values, the mean of the two in the middle.
 *
 * @param {readonly number[]} values
 */
export const median = (values) => {
  const sorted = checked(values).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
};

/** @param {readonly number[]} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The value below which a share of the values lies. */
export const quantile = (/** @type {readonly number[]} */ values, /** @type {number} */ share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN;

/**
 * The least and the greatest value.
 *
 * @param {readonly number[]} values
 * @returns {readonly [number, number]}
 */
export const extent = (values) => [Math.min(...checked(values)), Math.max(...values)];

/**
 * How many times the other each value is, round by round.
 *
 * @param {readonly number[]} values
 * @param {readonly number[]} others of the same rounds
 */
export const ratios = (values, others) => {
  if (values.length !== others.length) throw new RangeError(`${values.length} values beside ${others.length}: not of the same rounds`);
  return checked(values.map((value, round) => value / (others[round] ?? NaN)));
};

/**
 * A figure that cannot be right is no figure.
 *
 * @param {readonly number[]} values
 */
const checked = (values) => {
  if (values.length > 0 && values.every(Number.isFinite)) return values;
  throw new RangeError(`no finite figures: [${values.join(', ')}]`);
};
