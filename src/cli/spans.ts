/**
 * A line of a terminal as pieces of plain text with styles: measured and cut first, painted last, so that no escape sequence is
 * ever cut or counted. Pure.
 */
import type { Paint, Style } from './paint.js';
import { cutEnd, padEnd, widthOf } from './terminal-text.js';

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** A span, cut and filled up to a width. */
export const cell = (text: string, columns: number, style?: Style): Span => ({ text: padEnd(cutEnd(text, columns), columns), style });

/** A bar of a width that is full to a share from 0 to 1, wholly full for the whole alone: two spans. */
export const bar = (share: number, columns: number, style?: Style): readonly Span[] => {
  const full = share >= 1 ? columns : Math.min(columns - 1, Math.round(Math.max(0, share) * columns));
  return [
    { text: '█'.repeat(full), style },
    { text: '░'.repeat(columns - full), style: 'dim' },
  ];
};

/** The line that spans make, no wider than the terminal. */
export const painted = (spans: readonly Span[], columns: number, paint: Paint): string => {
  let room = columns;
  return spans
    .map(({ text, style }) => {
      const cut = cutEnd(text, room);
      room -= widthOf(cut);
      return style === undefined || cut === '' ? cut : paint(style, cut);
    })
    .join('')
    .trimEnd();
};
