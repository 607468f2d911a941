/**
 * Figures as rows, and rows as text: for the terminal, for docs/benchmarks.md without the goals, and for docs/decisions/goals.md with
 * nothing but them. A goal that is missed is said to be missed.
 */
import { extent, median } from './statistics.mjs';

/**
 * @typedef {object} Row
 * @property {string} what
 * @property {string} figure the median
 * @property {string} spread from the least to the greatest
 * @property {string} goal   empty: for information
 * @property {'met' | 'missed' | ''} verdict
 *
 * @typedef {object} Report
 * @property {string} title
 * @property {string} how          what was measured, in a sentence or a few
 * @property {readonly Row[]} rows
 * @property {readonly string[]} [notes] what else was seen
 */

/**
 * A row of a figure that was measured several times.
 *
 * @param {string} what
 * @param {readonly number[]} values
 * @param {object} [options]
 * @param {string} [options.unit]
 * @param {number} [options.atMost] the goal
 * @param {number} [options.below]  the goal, which itself is not good enough
 * @returns {Row}
 */
export const row = (what, values, { unit = '', atMost, below } = {}) => {
  const figure = median(values);
  const [least, greatest] = extent(values);
  const shown = (/** @type {number} */ value) => `${digits(value)}${unit && ` ${unit}`}`;
  const goal = atMost !== undefined ? `≤ ${shown(atMost)}` : below !== undefined ? `< ${shown(below)}` : '';
  const isMet = atMost !== undefined ? figure <= atMost : below !== undefined ? figure < below : null;
  return {
    what,
    figure: shown(figure),
    spread: values.length === 1 ? '' : `${digits(least)} – ${digits(greatest)}`,
    goal,
    verdict: isMet === null ? '' : isMet ? 'met' : 'missed',
  };
};

/** Three digits that count, and none that do not. */
export const digits = (/** @type {number} */ value) =>
  value === 0 || Math.abs(value) >= 100 ? value.toLocaleString('en', { maximumFractionDigits: 0 }) : String(Number(value.toPrecision(3)));

const measured = /** @type {const} */ (['what', 'figure', 'spread']);
const judged = /** @type {const} */ ([...measured, 'goal', 'verdict']);

/** The rows as a Markdown table. */
export const table = (/** @type {readonly Row[]} */ rows, /** @type {readonly (keyof Row)[]} */ heads = judged) =>
  grid(heads.map((head) => (head === 'verdict' ? '' : head)), rows.map((one) => heads.map((head) => one[head])));

/**
 * A Markdown table whose columns stand in line, so that it can be read as it is.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} body
 */
export const grid = (head, body) => {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...body].map((line) => line[column]?.length ?? 0)));
  const [first, ...rest] = [head, ...body].map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  return [first, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest].join('\n');
};

/** One figure, whole, without its goals. */
export const section = (/** @type {Report} */ { title, how, rows, notes = [] }) =>
  [`## ${title}`, how, table(rows, measured), ...notes].join('\n\n');

/** The rows that have a goal, each with the title of its figure where that begins. */
export const goals = (/** @type {readonly Report[]} */ reports) =>
  reports.flatMap(({ title, rows }) => {
    const withGoal = rows.filter(({ goal }) => goal !== '');
    return withGoal.length === 0 ? [] : [`## ${title}`, table(withGoal)];
  }).join('\n\n');
