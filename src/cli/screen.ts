/**
 * A picture that is redrawn in place at the bottom of a terminal. Knows no board; `log-update` writes what has changed.
 * A window that is resized is cleared of the broken picture; what it has pushed into its history before we heard of it stays there.
 */
import { createLogUpdate } from 'log-update';
import type { Output } from './output.js';
import { widthOf } from './terminal-text.js';

/** A part of the terminal that is redrawn. */
export interface Screen {
  /** Draws lines over the last ones. */
  readonly draw: (lines: readonly string[]) => void;
  /** Writes a line for good above the picture. */
  readonly say: (line: string) => void;
  /** Leaves the last picture where it is, and shows the cursor again. */
  readonly close: () => void;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
/** Line by line: tmux keeps a screen that is cleared at once in its history. */
const clearUp = (lines: number): string => `${'\u001b[2K\u001b[1A'.repeat(lines)}\u001b[2K\r`;

/** Takes the bottom of a terminal; the cursor is hidden until it is closed. */
export const createScreen = (output: Output): Screen => {
  const stream = {
    isTTY: true,
    get columns() {
      return output.size().columns;
    },
    get rows() {
      return output.size().rows;
    },
    write: output.write,
  };
  // Its cursor stays as it is: log-update would hide stderr's, and install handlers of signals. It asks no more of a stream than this.
  const update = createLogUpdate(stream as unknown as NodeJS.WriteStream, { showCursor: true });
  let drawn: readonly string[] = [];
  let drawnAt = output.size();
  let isOpen = false;

  /** A window that has become narrower has broken the lines, and one that has become lower has moved them. */
  const clearBroken = (): void => {
    const { columns, rows } = output.size();
    const lines = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    output.write(clearUp(Math.min(lines, rows - 1)));
    update.done();
    drawn = [];
  };

  const draw = (lines: readonly string[]): void => {
    if (!isOpen) output.write(hideCursor);
    isOpen = true;
    const size = output.size();
    if (drawn.length > 0 && (size.columns !== drawnAt.columns || size.rows !== drawnAt.rows)) clearBroken();
    update(lines.join('\n'));
    drawn = lines;
    drawnAt = size;
  };

  return {
    draw,
    say: (line) => {
      const picture = drawn;
      if (picture.length > 0) clearBroken();
      output.line(line);
      if (picture.length > 0) draw(picture);
    },
    close: () => {
      if (isOpen) output.write(showCursor);
      isOpen = false;
      update.done();
      drawn = [];
    },
  };
};
