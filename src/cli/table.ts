/**
 * Formats an aligned table of plain text. It drops columns that do not fit. Pure.
 */
import { cutEnd, padEnd, plain, widthOf } from './terminal-text.js';

/** A column. */
export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** Columns with the lowest number are dropped first. */
  readonly keep: number;
}

const gap = '  ';

/**
 * The lines of a table, the titles first.
 *
 * @param columns the maximum width; if a single column is left, it is cut
 */
export const table = <Row>(all: readonly Column<Row>[], rows: readonly Row[], columns: number): readonly string[] => {
  const measured = all.map(({ title, of, keep }) => {
    const cells = [title, ...rows.map((row) => plain(of(row)))];
    return { keep, cells, width: Math.max(...cells.map(widthOf)) };
  });
  const order = measured.toSorted((one, other) => other.keep - one.keep);
  const widthOfFirst = (count: number): number => order.slice(0, count).reduce((sum, { width }) => sum + width + gap.length, -gap.length);
  const count = order.findLastIndex((_, index) => index === 0 || widthOfFirst(index + 1) <= columns) + 1;
  const kept = measured.filter((column) => order.indexOf(column) < count);
  return ['', ...rows].map((_, index) =>
    cutEnd(kept.map(({ cells, width }) => padEnd(cells[index] ?? '', width)).join(gap).trimEnd(), columns),
  );
};
