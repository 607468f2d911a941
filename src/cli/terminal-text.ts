/**
 * Makes strings safe for a terminal and fits them to a width. Pure. Widths are columns: wide characters and emoji count as two.
 * Properties: the result of `plain` has no control characters and no escape sequences; the result of `plainJson` has only line breaks,
 * and parses to the same value; a string that is cut to n columns is at most n columns wide.
 */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/**
 * Makes a foreign string, such as an id or a provider's message, safe to print. It removes escape sequences and characters that reorder
 * or hide text (bidirectional marks, zero-width spaces), and replaces control characters by spaces. Emoji joiners stay.
 */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/(?!\u200d)\p{Cf}/gu, '')
    .replace(/\p{Cs}/gu, '\ufffd');

/**
 * A value as JSON that is safe to print: such characters are escaped.
 *
 * @param indent spaces for each level; default: 0, one line
 */
export const plainJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(/(?![\n\u200d])[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/gu, (character) => character.split('').map(escaped).join(''));

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** More UTF-16 code units than a line of any terminal has. To measure a string takes time by the square of its length. */
const longestLine = 1_000;

/** ASCII and the symbols of the board: one column each. A board measures little else, ten times a second. */
const isNarrow = (text: string): boolean => /^[ -~·–…→↓≤⊘█░◌✔✖⠁-⣿]*$/.test(text);

/** The width of a plain string in columns. A string that is longer than any line is as wide as it is long. */
export const widthOf = (text: string): number => (text.length > longestLine || isNarrow(text) ? text.length : stringWidth(text));

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The first pieces that fit. */
const fitting = (pieces: readonly string[], columns: number): readonly string[] => {
  let width = 0;
  const end = pieces.findIndex((piece) => (width += widthOf(piece)) > columns);
  return end < 0 ? pieces : pieces.slice(0, end);
};

const piecesOf = (text: string): readonly string[] => Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * Cuts a plain string at its end.
 *
 * @example cutEnd('rate-limited', 6) // 'rate-…'
 */
export const cutEnd = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  return columns < 1 ? '' : `${fitting(piecesOf(text.slice(0, longestLine)), columns - 1).join('')}…`;
};

/**
 * Cuts a plain string in its middle, because ids differ at both ends.
 *
 * @example cutMiddle('anyfast:asyntask_9f3a', 11) // 'anyfa…_9f3a'
 */
export const cutMiddle = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  if (columns < 3) return cutEnd(text, columns);
  const head = fitting(piecesOf(text.slice(0, longestLine)), Math.floor((columns - 1) / 2)).join('');
  const tail = fitting(piecesOf(text.slice(-longestLine)).toReversed(), columns - 1 - widthOf(head)).toReversed().join('');
  return `${head}…${tail}`;
};

/** Pads a string with spaces to a width. */
export const padEnd = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)));

/** Puts spaces before a string up to a width. */
export const padStart = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
