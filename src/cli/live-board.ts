/**
 * Redraws the board on every event, each second for its countdowns, and when the window is resized.
 */
import { combineLatest, connect, defer, endWith, finalize, ignoreElements, interval, merge, type OperatorFunction, startWith, takeUntil, tap, throttleTime, type TimestampProvider } from 'rxjs';
import { board } from './board.js';
import { boardContent } from './board-rows.js';
import type { Output } from './output.js';
import type { RunEvent } from './run-events.js';
import { type Run, toRun } from './run.js';
import { createScreen } from './screen.js';
import { plain } from './terminal-text.js';

/** Redraws at most ten times a second. */
const frameMs = 100;
const countdownMs = 1_000;

/**
 * Draws the board until the events complete; the last frame stays. Emits nothing.
 *
 * @param clock the client's clock. The board is redrawn in real time
 */
export const liveBoard = (output: Output, clock: TimestampProvider): OperatorFunction<RunEvent, never> =>
  connect((events) =>
    defer(() => {
      const screen = createScreen(output);
      const draw = (run: Run): void => {
        const size = output.size();
        screen.draw(board(boardContent(run, clock.now(), size.rows), size, output.paint));
      };
      const completed = events.pipe(ignoreElements(), endWith(null));
      const redraws = merge(interval(countdownMs), output.resized).pipe(startWith(null), takeUntil(completed));
      const frames = combineLatest([
        events.pipe(toRun(), throttleTime(frameMs, undefined, { leading: true, trailing: true })),
        redraws,
      ]).pipe(tap(([run]) => draw(run)));
      const warnings = events.pipe(
        tap((item) => {
          if (item.kind === 'refused') screen.say(plain(item.message));
        }),
      );
      return merge(frames, warnings).pipe(ignoreElements(), finalize(screen.close));
    }),
  );
