/**
 * Time-outs of one length, which share one timer: they end in the order in which they began.
 */
import type { Subscription } from 'rxjs';
import { longestTimerMs } from '../checks.js';
import type { Clock } from './clock.js';

/** Something that may take only so long. */
export interface Timed {
  /** Its time is over. Called once, and not after `stop`. Never throws. */
  readonly timedOut: () => void;
}

/**
 * The time-outs of one length.
 *
 *     begin a    ^---------x        `timedOut` after 10
 *     begin b    --^-------|-x
 *     timer      ^---------^-^      one at a time
 *
 * A timer measures the first of them, and elapsed time how far the others are behind it: a wall clock that is set makes none end early or
 * late.
 */
export class TimeOuts {
  /** Their length. */
  readonly ms: number;
  readonly #clock: Clock;
  readonly #isStrict: boolean;
  /** When each began, the earliest first. */
  readonly #begun = new Map<Timed, number>();
  #timer: Subscription | null = null;
  #timerSetAtMs = 0;
  /** What began no later is over when the timer fires. */
  #overUntilMs = -Infinity;

  /** @param isStrict whether what stops in the very turn of its end is too late. Default: it is in time */
  constructor(ms: number, clock: Clock, isStrict = false) {
    this.ms = ms;
    this.#clock = clock;
    this.#isStrict = isStrict;
  }

  /** Begins the time of something; anew where it has begun. */
  begin(timed: Timed): void {
    const nowMs = this.#clock.elapsedMs();
    this.#begun.delete(timed);
    this.#begun.set(timed, nowMs);
    // A virtual clock may begin anew, and leave behind a timer that never fires.
    const setForMs = nowMs - this.#timerSetAtMs;
    if (this.#timer === null || setForMs < 0 || setForMs > this.ms) this.#setTimer();
  }

  /** Ends it. One that has not begun, or is over, does no harm. */
  stop(timed: Timed): void {
    if (!this.#begun.delete(timed) || this.#begun.size > 0) return;
    this.#timer?.unsubscribe();
    this.#timer = null;
  }

  #setTimer(): void {
    const nowMs = this.#clock.elapsedMs();
    this.#timer?.unsubscribe();
    this.#timerSetAtMs = nowMs;
    for (const beganAtMs of this.#begun.values()) {
      const leftMs = Math.min(this.ms, Math.max(0, beganAtMs + this.ms - nowMs));
      this.#overUntilMs = leftMs > longestTimerMs ? -Infinity : beganAtMs;
      this.#timer = this.#clock.scheduler.schedule(this.#fire, Math.ceil(Math.min(leftMs, longestTimerMs)));
      return;
    }
    this.#timer = null;
  }

  readonly #fire = (): void => {
    if (this.#isStrict) this.#end();
    else this.#timer = this.#clock.scheduler.schedule(this.#end);
  };

  readonly #end = (): void => {
    // What the timer was set for is over, whatever a clock says.
    const overUntilMs = Math.max(this.#overUntilMs, this.#clock.elapsedMs() - this.ms);
    for (const [timed, beganAtMs] of this.#begun) {
      // One that begins while others end comes last.
      if (beganAtMs > overUntilMs) break;
      this.#begun.delete(timed);
      timed.timedOut();
    }
    this.#setTimer();
  };
}
