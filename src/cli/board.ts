/**
 * Draws the board as lines of text, from its content and the size of the terminal. Pure.
 * Properties: no line is wider than the terminal; at least one row stays free for the cursor; every task has a row or is counted in the
 * line below the rows; a row keeps its place among the others.
 */
import type { BoardRow } from './board-row.js';
import type { BoardContent } from './board-rows.js';
import { type Layout, layoutFor, titles } from './board-columns.js';
import { forPeople } from './duration.js';
import type { Look } from './look.js';
import type { Size } from './output.js';
import { bar, cell, joined, painted, percent, type Span, widthOfSpans } from './spans.js';
import type { Count } from './standing.js';
import { cutMiddle, padEnd, padStart, widthOf } from './terminal-text.js';

/** The frames of the spinner. */
const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;

/** A low terminal has rows and the total alone. */
const isLow = ({ rows }: Size): boolean => rows < 10;

/** How many lines a terminal has for tasks: one is the cursor's, and one is the total; a terminal that is not low has titles, a gap and counts. */
export const linesForTasks = (size: Size): number => size.rows - (isLow(size) ? 2 : 5);

/**
 * Draws a board.
 *
 * @param content with no more rows than `linesForTasks`
 * @param frame   the number of the spinner's frame
 * @example board(boardContent(run, Date.now(), linesForTasks(size)), size, look, 0)
 */
export const board = (content: BoardContent, size: Size, look: Look, frame = 0): readonly string[] => {
  const { columns, rows } = size;
  if (rows < 2) return [];
  const hasTasks = linesForTasks(size) > 0 && content.tasks > 0;
  const layout = layoutFor(columns, content.rows);
  const spun = spinner[frame % spinner.length] ?? spinner[0];
  const lines: readonly (readonly Span[])[] = [
    ...(isLow(size) || content.rows.length === 0 ? [] : [titleLine(layout)]),
    ...(hasTasks ? content.rows.map((row) => rowLine(row, layout, spun)) : []),
    ...(hasTasks && content.hidden.length > 0 ? [[{ text: hiddenText(content), style: 'dim' }] as const] : []),
    ...(isLow(size) || !hasTasks ? [] : [[], countsLine(content.counts, columns, spun)]),
    totalLine(content, columns),
  ];
  return lines.map((line) => painted(line, columns, look));
};

const titleLine = ({ gap, ...layout }: Layout): readonly Span[] => {
  const parts = (['provider', 'id', 'settings', 'elapsed'] as const).filter((part) => layout[part] > 0);
  const meter = layout.bar === 0 ? layout.percent : layout.bar + 1 + layout.percent;
  const cells = [
    ...parts.map((part) => (part === 'elapsed' ? padStart : padEnd)(titles[part], layout[part])),
    padEnd(layout.bar === 0 ? '' : titles.bar, meter),
    ...(layout.left === 0 ? [] : [titles.left]),
  ];
  return [{ text: `  ${cells.join(gap)}`.trimEnd(), style: 'dim' }];
};

const rowLine = (row: BoardRow, layout: Layout, spun: string): readonly Span[] => {
  const { symbol, style, isActive, provider, id, settings, elapsed } = row;
  const idStyle = isActive ? undefined : 'dim';
  const cells = joined(
    [
      ...(layout.provider === 0 ? [] : [[cell(provider, layout.provider, 'dim')]]),
      [{ text: padEnd(cutMiddle(id, layout.id), layout.id), style: idStyle }],
      ...(layout.settings === 0 ? [] : [[cell(settings, layout.settings, 'dim')]]),
      ...(layout.elapsed === 0 ? [] : [[{ text: padStart(elapsed, layout.elapsed), style: idStyle } as const]]),
      end(row, layout),
    ],
    layout.gap,
  );
  return [{ text: `${symbol ?? spun} `, style }, ...cells];
};

/** The bar and the remaining time; for a task without a bar, and for an error that needs the room, a note in their place. */
const end = (row: BoardRow, layout: Layout): readonly Span[] => {
  const { share, estimated, style, notes, noteStyle, link } = row;
  const noteSpan = (columns: number): Span => ({ text: fittingNote(notes, columns), style: noteStyle, link });
  const meterColumns = layout.percent + (layout.bar === 0 ? 0 : layout.bar + 1);
  if (share === null || (style === 'yellow' && layout.left > 0 && widthOf(notes[0] ?? '') > layout.left)) {
    return [noteSpan(meterColumns + (layout.left === 0 ? 0 : layout.gap.length + layout.left))];
  }
  const meter: readonly Span[] = [
    ...(layout.bar === 0 ? [] : [...bar(share, layout.bar, style), { text: ' ' }]),
    { text: `${estimated ? '~' : ''}${percent(share)}`.padStart(layout.percent) },
  ];
  return layout.left === 0 ? meter : [...meter, { text: layout.gap }, noteSpan(layout.left)];
};

/** The longest note that fits; else the first one, cut. */
const fittingNote = (notes: readonly string[], columns: number): string =>
  cell(notes.find((note) => widthOf(note) <= columns) ?? notes[0] ?? '', columns).text.trimEnd();

const hiddenText = ({ rows, hidden }: BoardContent): string => {
  const count = hidden.reduce((sum, each) => sum + each.count, 0);
  const what = hidden.map((each) => `${each.count} ${each.word}`).join(', ');
  return rows.length === 0 ? `${count} tasks (${what})` : `… ${count} more (${what})`;
};

/** The counts with symbols and words if these fit; else with words, else with symbols. */
const countsLine = (counts: readonly Count[], columns: number, spun: string): readonly Span[] => {
  const symbols = ({ symbol, style, count }: Count): readonly Span[] => [{ text: symbol ?? spun, style }, { text: ` ${count}` }];
  const words = ({ style, count, word }: Count): readonly Span[] => [{ text: `${count} ${word}`, style }];
  const both = (count: Count): readonly Span[] => [...symbols(count), { text: ` ${count.word}` }];
  const lines = [both, words, symbols].map((parts) => joined(counts.map(parts), '  '));
  return lines.find((line) => widthOfSpans(line) <= columns) ?? lines.at(-1) ?? [];
};

const totalLine = ({ share, tasks, finished, elapsedMs, leftMs }: BoardContent, columns: number): readonly Span[] => {
  const isOver = tasks > 0 && finished === tasks;
  const percentage = percent(isOver ? 1 : Math.min(share, 0.99)).padStart(4);
  const finishedText = `${finished}/${tasks} finished`;
  const elapsed = tasks === 0 ? '' : isOver ? `  in ${forPeople(elapsedMs)}` : `  ${forPeople(elapsedMs)} elapsed`;
  const left = leftMs === null ? '' : `  about ${forPeople(leftMs)} left`;
  const ends = [[finishedText, `${elapsed}${left}`], [finishedText, elapsed], [finishedText, ''], [`${finished}/${tasks}`, '']] as const;
  const [counted, times] = ends.find((texts) => texts.join('').length + leastBeside <= columns) ?? ends[3];
  const barColumns = Math.min(30, columns - counted.length - times.length - besideBar);
  return [
    ...(barColumns < 3 ? [] : [...bar(share, barColumns, isOver ? 'green' : 'cyan'), { text: ' ' }]),
    { text: `${percentage}  `, style: 'bold' },
    { text: counted },
    { text: times, style: 'dim' },
  ];
};

/** The percentage and the gaps. */
const besideBar = 7;
const leastBeside = besideBar + 10;
