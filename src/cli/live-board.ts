/**
 * The board, live: redrawn when there is news, each second for its countdowns, and when the window has another size.
 */
import { combineLatest, connect, defer, endWith, finalize, ignoreElements, interval, merge, type OperatorFunction, startWith, takeUntil, tap, throttleTime, type TimestampProvider } from 'rxjs';
import type { Provider } from '../wire/provider.js';
import { board } from './board.js';
import { boardContent } from './board-rows.js';
import type { News } from './news.js';
import type { Output } from './output.js';
import { type Run, toRun } from './run.js';
import { createScreen } from './screen.js';
import { plain } from './terminal-text.js';

/** Ten pictures a second are enough for the eye. */
const pictureMs = 100;
const countdownMs = 1_000;

/**
 * Draws news until they end; the last picture stays. Emits nothing.
 *
 * @param clock the time of the providers; the board is redrawn in real time
 */
export const liveBoard = (output: Output, providers: readonly Provider[], clock: TimestampProvider): OperatorFunction<News, never> =>
  connect((news) =>
    defer(() => {
      const screen = createScreen(output);
      const draw = (run: Run): void => {
        const size = output.size();
        screen.draw(board(boardContent(run, providers, clock.now(), size.rows), size, output.paint));
      };
      const over = news.pipe(ignoreElements(), endWith(null));
      const occasions = merge(interval(countdownMs), output.resized).pipe(startWith(null), takeUntil(over));
      const pictures = combineLatest([
        news.pipe(toRun(clock), throttleTime(pictureMs, undefined, { leading: true, trailing: true })),
        occasions,
      ]).pipe(tap(([run]) => draw(run)));
      const warnings = news.pipe(
        tap((item) => {
          if (item.kind === 'refused') screen.say(plain(item.message));
        }),
      );
      return merge(pictures, warnings).pipe(ignoreElements(), finalize(screen.close));
    }),
  );
