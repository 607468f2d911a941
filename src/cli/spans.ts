/**
 * A terminal line as styled pieces of plain text. They are measured and cut before they are painted, so that no escape sequence is cut
 * or counted. Pure.
 */
import type { Look } from './look.js';
import type { Style } from './paint.js';
import { cutEnd, padEnd, widthOf } from './terminal-text.js';

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
  /** The URL that the text links to. */
  readonly link?: string | null | undefined;
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

/** A share as a percentage. It rounds down, so that only the whole is 100%. The addend makes up for 0.29 × 100 < 29 in floating point. */
export const percent = (share: number): string => `${Math.floor(Math.min(1, share) * 100 + 1e-12)}%`;

/** The width of a line in columns. */
export const widthOfSpans = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + widthOf(text), 0);

/** Joins groups of spans with a gap. Groups that are empty are left out. */
export const joined = (groups: readonly (readonly Span[])[], gap: string): readonly Span[] =>
  groups.filter((group) => group.length > 0).flatMap((group, index) => (index === 0 ? group : [{ text: gap }, ...group]));

/** Joins spans into a line, cut to the width of the terminal. */
export const painted = (spans: readonly Span[], columns: number, { paint, link, symbols }: Look): string => {
  let room = columns;
  return spans
    .map(({ text, style, link: url }) => {
      const cut = cutEnd(text, room);
      room -= widthOf(cut);
      if (cut === '') return '';
      const shown = style === undefined ? symbols(cut) : paint(style, symbols(cut));
      return url === undefined || url === null ? shown : link(url, shown);
    })
    .join('')
    .trimEnd();
};
