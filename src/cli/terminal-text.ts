/**
 * Texts that fit a terminal and cannot drive it. Pure. Widths are columns: wide characters and emoji count as two.
 * Laws: what `plain` gives holds no control character and no escape sequence; what `plainJson` gives holds none but the breaks of its
 * lines, and is the same value; what is cut to n columns is at most n columns wide.
 */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/**
 * A text from outside, such as an id or a provider's message, made harmless: escape sequences are gone, control characters are
 * blanks, and what reorders or hides text (bidirectional marks, zero-width blanks) is gone too. Joiners of emoji stay.
 */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/(?!\u200d)\p{Cf}/gu, '')
    .replace(/\p{Cs}/gu, '\ufffd');

/**
 * A value as JSON, harmless in the same way: what JSON would leave of such characters is escaped.
 *
 * @param indent blanks for each depth; default: all in one line
 */
export const plainJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(/(?![\n\u200d])[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/gu, (character) => character.split('').map(escaped).join(''));

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** How many columns a plain text takes. */
export const widthOf = (text: string): number => stringWidth(text);

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** As many graphemes from one end as fit. */
const fitting = (pieces: readonly string[], columns: number): readonly string[] => {
  let width = 0;
  const end = pieces.findIndex((piece) => (width += widthOf(piece)) > columns);
  return end < 0 ? pieces : pieces.slice(0, end);
};

const piecesOf = (text: string): readonly string[] => Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * A plain text cut at its end.
 *
 * @example cutEnd('rate-limited', 6) // 'rate-…'
 */
export const cutEnd = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  return columns < 1 ? '' : `${fitting(piecesOf(text), columns - 1).join('')}…`;
};

/**
 * A plain text cut in its middle: both ends of an id tell tasks apart.
 *
 * @example cutMiddle('anyfast:asyntask_9f3a', 11) // 'anyfa…_9f3a'
 */
export const cutMiddle = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  if (columns < 3) return cutEnd(text, columns);
  const pieces = piecesOf(text);
  const head = fitting(pieces, Math.floor((columns - 1) / 2)).join('');
  const tail = fitting(pieces.toReversed(), columns - 1 - widthOf(head)).toReversed().join('');
  return `${head}…${tail}`;
};

/** Blanks after a text, up to a width. */
export const padEnd = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)));
