/**
 * Redraws a block of lines in place at the bottom of a terminal, with `log-update`.
 * After a resize it clears the broken lines. Lines that the terminal has already moved to its scrollback stay there.
 */
import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import type { Output } from './output.js';

/** A part of the terminal that is redrawn. */
export interface Screen {
  /** Draws lines over the last ones. */
  readonly draw: (lines: readonly string[]) => void;
  /** Writes a permanent line above the block. */
  readonly say: (line: string) => void;
  /** Leaves the last lines where they are, and shows the cursor again. */
  readonly close: () => void;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
/** Clears line by line: tmux would keep a screen that is cleared at once in its history. */
const clearUp = (lines: number): string => `${'\u001b[2K\u001b[1A'.repeat(lines)}\u001b[2K\r`;

/** Opens a screen at the bottom of a terminal. The cursor is hidden until it is closed. */
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
  // With showCursor, because log-update would otherwise hide the cursor of stderr and install signal handlers.
  // It uses no more of a stream than this.
  const update = createLogUpdate(stream as unknown as NodeJS.WriteStream, { showCursor: true });
  let drawn: readonly string[] = [];
  let drawnAt = output.size();
  let isOpen = false;

  /** Clears lines that a narrower window has wrapped, or a lower one has moved. */
  const clearBroken = (): void => {
    const { columns, rows } = output.size();
    const lines = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
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
      const lines = drawn;
      if (lines.length > 0) clearBroken();
      output.line(line);
      if (lines.length > 0) draw(lines);
    },
    close: () => {
      if (isOpen) output.write(showCursor);
      isOpen = false;
      update.done();
      drawn = [];
    },
  };
};
