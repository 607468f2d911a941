/**
 * Redraws the board on every event and each second for its countdowns, when the window is resized, and for each frame of the spinner while
 * a task runs.
 */
import { combineLatest, connect, defer, endWith, filter, finalize, ignoreElements, interval, map, merge, type OperatorFunction, scan, startWith, takeUntil, tap, throttleTime, type TimestampProvider } from 'rxjs';
import { board, linesForTasks } from './board.js';
import { type BoardContent, boardContent } from './board-rows.js';
import { lookOf } from './look.js';
import type { Output, Size } from './output.js';
import type { RunEvent } from './run-events.js';
import { type Run, toRun } from './run.js';
import { createScreen } from './screen.js';
import { plain } from './terminal-text.js';

/** Redraws at most ten times a second. */
const frameMs = 100;
/** The content of the board is made anew after so many frames without an event. */
const countdownFrames = 10;

/**
 * Draws the board until the events complete; the last frame stays. Emits nothing.
 *
 * @param clock the client's clock. The board is redrawn in real time
 */
export const liveBoard = (output: Output, clock: TimestampProvider): OperatorFunction<RunEvent, never> =>
  connect((events) =>
    defer(() => {
      const screen = createScreen(output);
      const look = lookOf(output);
      const completed = events.pipe(ignoreElements(), endWith(null));
      const ticks = interval(frameMs).pipe(map((tick) => tick + 1), startWith(0));
      const redraws = combineLatest([ticks, output.resized.pipe(startWith(null))]).pipe(map(([tick]) => tick), takeUntil(completed));
      const frames = combineLatest([events.pipe(toRun()), redraws]).pipe(
        throttleTime(frameMs, undefined, { leading: true, trailing: true }),
        map(([run, tick]): Moment => ({ run, tick, size: output.size() })),
        scan((before: Frame | null, moment) => frameAfter(before, moment, clock), null),
        filter((frame) => frame?.isNew === true),
        tap((frame) => {
          if (frame !== null) screen.draw(board(frame.content, frame.size, look, frame.tick));
        }),
      );
      const warnings = events.pipe(
        tap((item) => {
          if (item.kind === 'refused') screen.say(plain(item.message));
        }),
      );
      return merge(frames, warnings).pipe(ignoreElements(), finalize(screen.close));
    }),
  );

/** What a frame is drawn from. */
interface Moment {
  readonly run: Run;
  readonly tick: number;
  readonly size: Size;
}

interface Frame extends Moment {
  readonly content: BoardContent;
  /** The tick at which the content was made. */
  readonly madeAt: number;
  /** Whether it differs from the frame before. */
  readonly isNew: boolean;
}

/** Makes the content only when it may have changed: that takes longer than to draw the spinner. */
const frameAfter = (before: Frame | null, moment: Moment, clock: TimestampProvider): Frame => {
  const { run, tick, size } = moment;
  const isSameSize = size.columns === before?.size.columns && size.rows === before.size.rows;
  if (before !== null && run === before.run && isSameSize && tick - before.madeAt < countdownFrames) {
    return { ...before, tick, isNew: before.content.counts.some(({ symbol }) => symbol === null) };
  }
  return { ...moment, content: boardContent(run, clock.now(), linesForTasks(size)), madeAt: tick, isNew: true };
};
