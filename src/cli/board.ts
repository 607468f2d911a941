/**
 * Draws the board as lines of text, from its content and the size of the terminal. Pure.
 * Properties: no line is wider than the terminal; at least one row stays free for the cursor; the total is the last line; an active
 * task is never hidden while a finished one is shown.
 */
import type { BoardContent, BoardRow } from './board-rows.js';
import type { Size } from './output.js';
import type { Paint, Style } from './paint.js';
import { bar, cell, painted, type Span } from './spans.js';
import { cutMiddle, padEnd, widthOf } from './terminal-text.js';

/**
 * Draws a board.
 *
 * @example board(boardContent(run, Date.now()), { columns: 80, rows: 24 }, paint)
 */
export const board = (content: BoardContent, { columns, rows }: Size, paint: Paint): readonly string[] => {
  const total = painted(totalLine(content, columns), columns, paint);
  const gap = rows >= 10 ? [''] : [];
  const room = rows - 2 - gap.length;
  if (room < 1) return rows < 2 ? [] : [total];
  const isWhole = content.rowCount <= room;
  const shown = isWhole ? content.rows : content.rows.slice(0, room - 1);
  const hidden = content.rowCount - shown.length;
  const layout = layoutFor(columns, shown);
  return [
    ...shown.map((row) => painted(rowLine(row, layout), columns, paint)),
    ...(isWhole ? [] : [painted([{ text: shown.length === 0 ? `${hidden} tasks` : `… and ${hidden} more`, style: 'dim' }], columns, paint)]),
    ...(shown.length === 0 ? [] : gap),
    total,
  ];
};

/** How many columns each part of a line has. A part with 0 columns is left out. */
interface Layout {
  readonly name: number;
  readonly word: number;
  readonly bar: number;
  readonly note: number;
}

const wordColumns = 9;
const percentColumns = 5;

const layoutFor = (columns: number, rows: readonly BoardRow[]): Layout => {
  const longest = Math.max(1, ...rows.map(({ name }) => widthOf(name)));
  if (columns < 30) return { name: columns - 1 - percentColumns, word: 0, bar: 0, note: 0 };
  const barColumns = columns < 38 ? 0 : columns < 60 ? 6 : columns < 100 ? 10 : 20;
  const gaps = barColumns === 0 ? 2 : 3;
  const besideName = wordColumns + barColumns + percentColumns + gaps;
  if (columns < 60) return { name: Math.min(longest, columns - besideName), word: wordColumns, bar: barColumns, note: 0 };
  const name = Math.min(longest, columns - besideName - 1 - shortestNote, Math.max(shortestName, Math.floor(columns * 0.4)));
  return { name, word: wordColumns, bar: barColumns, note: columns - besideName - 1 - name };
};

/** Room for `next in 1:20` and `9.9 MB / 9.9 MB`. */
const shortestNote = 18;
const shortestName = 18;

const blank: Span = { text: ' ' };

const rowLine = (row: BoardRow, layout: Layout): readonly Span[] => {
  const { name, word, style, isActive, notes } = row;
  const head: readonly Span[] = [
    { text: padEnd(cutMiddle(name, layout.name), layout.name), style: isActive ? undefined : 'dim' },
    blank,
    ...(layout.word === 0 ? [] : [cell(word, layout.word, style), blank]),
  ];
  const meterColumns = (layout.bar === 0 ? 0 : layout.bar + 1) + percentColumns;
  const noteStyle: Style = isActive && style === 'yellow' ? style : 'dim';
  if (layout.word === 0 && !isActive) return [...head, cell(shortWord(row), meterColumns, style)];
  // The note takes the place of the bar for a finished task, and for an error or a long note that needs the room.
  const noteOnly = !isActive || (widthOf(notes[0] ?? '') > layout.note && (style === 'yellow' || row.share === null));
  if (noteOnly && layout.word > 0) return [...head, { text: fittingNote(notes, columnsLeft(layout, meterColumns)), style: noteStyle }];
  const note = layout.note === 0 ? [] : [blank, { text: fittingNote(notes, layout.note), style: noteStyle }];
  return [...head, ...meter(row, layout.bar), ...note];
};

const columnsLeft = ({ note }: Layout, meterColumns: number): number => meterColumns + (note === 0 ? 0 : note + 1);

const meter = ({ share, estimated, style }: BoardRow, columns: number): readonly Span[] => {
  const hasBar = columns > 0;
  if (share === null) return [{ text: ' '.repeat((hasBar ? columns + 1 : 0) + percentColumns) }];
  return [...(hasBar ? [...bar(share, columns, style), blank] : []), { text: percent(share, estimated).padStart(percentColumns) }];
};

/** Rounds down, so that only the whole is 100%. The small addend makes up for 0.29 × 100 < 29 in floating point. */
const percent = (share: number, estimated: boolean): string => `${estimated ? '~' : ''}${Math.floor(Math.min(1, share) * 100 + 1e-12)}%`;

const shortWord = ({ word }: BoardRow): string => (word === 'succeeded' ? 'done' : word);

/** The longest note that fits; else the first one, cut. */
const fittingNote = (notes: readonly string[], columns: number): string =>
  cell(notes.find((note) => widthOf(note) <= columns) ?? notes[0] ?? '', columns).text;

const totalLine = ({ share, estimated, counts, tasks, finished }: BoardContent, columns: number): readonly Span[] => {
  const full = counts.flatMap(({ count, word, style }, index): readonly Span[] => [
    ...(index === 0 ? [] : [{ text: ', ' }]),
    { text: `${count} ${word}`, style },
  ]);
  const fullColumns = full.reduce((sum, { text }) => sum + widthOf(text), 0);
  const fewest = percentColumns + 2 + 6 + 1;
  const head = (barColumns: number): readonly Span[] => [
    ...(barColumns < 3 ? [] : [...bar(share, barColumns, 'green'), blank]),
    { text: percent(share, estimated).padStart(percentColumns), style: 'bold' },
    { text: '  ' },
  ];
  if (fullColumns + fewest <= columns) return [...head(Math.min(30, columns - fullColumns - percentColumns - 3)), ...full];
  const brief = `${finished} of ${tasks} finished`;
  if (brief.length + fewest <= columns) return [...head(Math.min(20, columns - brief.length - percentColumns - 3)), { text: brief }];
  const briefest = `${finished}/${tasks}`;
  return [...head(Math.min(20, columns - briefest.length - percentColumns - 3)), { text: briefest }];
};
