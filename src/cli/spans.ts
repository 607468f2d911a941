/**
 * A terminal line as styled pieces of plain text. They are measured and cut before they are painted, so that no escape sequence is cut
 * or counted. Pure.
 */
import type { Paint, Style } from './paint.js';
import { cutEnd, padEnd, widthOf } from './terminal-text.js';

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** A span, cut or padded to a width. */
export const cell = (text: string, columns: number, style?: Style): Span => ({ text: padEnd(cutEnd(text, columns), columns), style });

/** A progress bar as two spans, for a share from 0 to 1. It is full only at 1. */
export const bar = (share: number, columns: number, style?: Style): readonly Span[] => {
  const full = share >= 1 ? columns : Math.min(columns - 1, Math.round(Math.max(0, share) * columns));
  return [
    { text: '█'.repeat(full), style },
    { text: '░'.repeat(columns - full), style: 'dim' },
  ];
};

/** Joins spans into a line, cut to the width of the terminal. */
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
