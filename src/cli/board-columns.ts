/**
 * The columns of the board: which of them fit a width, and how wide they are. Pure.
 */
import type { BoardRow } from './board-row.js';
import { widthOf } from './terminal-text.js';

/** How many columns each part of a line has. A part with 0 columns is left out. */
export interface Layout {
  readonly gap: string;
  readonly provider: number;
  readonly id: number;
  readonly settings: number;
  readonly elapsed: number;
  readonly bar: number;
  readonly percent: number;
  readonly left: number;
}

type Part = Exclude<keyof Layout, 'gap'>;

/** The symbol and a space. */
const symbolColumns = 2;

/** The titles; the bar has the title of the percentage. */
export const titles: Readonly<Record<Exclude<Part, 'percent'>, string>> = { provider: 'provider', id: 'id', settings: 'settings', elapsed: 'elapsed', bar: 'progress', left: 'remaining' };

/** The most important first. */
const parts = ['id', 'percent', 'provider', 'bar', 'left', 'elapsed', 'settings'] as const satisfies readonly Part[];

/** The layout for rows on a terminal. */
export const layoutFor = (columns: number, rows: readonly BoardRow[]): Layout => {
  const gap = columns < 70 ? 1 : 2;
  const longest = (part: 'provider' | 'id' | 'settings' | 'elapsed'): number => rows.reduce((most, row) => Math.max(most, widthOf(row[part])), 0);
  const titled = (part: 'provider' | 'settings' | 'elapsed'): number => (longest(part) === 0 ? 0 : Math.max(titles[part].length, longest(part)));
  const least: Readonly<Record<Part, number>> = {
    id: Math.max(2, Math.min(12, longest('id'))),
    percent: 5,
    provider: Math.min(12, titled('provider')),
    bar: 6,
    left: 9,
    elapsed: Math.min(12, titled('elapsed')),
    settings: Math.min(12, titled('settings')),
  };
  const widths = { id: 0, percent: 0, provider: 0, bar: 0, left: 0, elapsed: 0, settings: 0 };
  let room = columns - symbolColumns + gap;
  for (const part of parts) {
    const needed = least[part] === 0 ? 0 : least[part] + gap;
    if (needed > room) break;
    widths[part] = least[part];
    room -= needed;
  }
  const grow = (part: Part, to: number): void => {
    if (widths[part] === 0) return;
    const added = Math.max(0, Math.min(room, to - widths[part]));
    widths[part] += added;
    room -= added;
  };
  grow('id', Math.min(20, longest('id')));
  grow('bar', 10);
  grow('left', 12);
  grow('id', Math.min(24, longest('id')));
  grow('left', 24);
  grow('id', longest('id'));
  grow('bar', 20);
  grow(widths.left > 0 ? 'left' : 'percent', columns);
  return { ...widths, gap: ' '.repeat(gap) };
};
