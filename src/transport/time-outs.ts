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
 * Elapsed time measures them, so that a wall clock which is set makes none end early or late. Whatever stops in the very turn of its end
 * is in time.
 */
export class TimeOuts {
  /** Their length. */
  readonly ms: number;
  readonly #clock: Clock;
  /** When each began, the earliest first. */
  readonly #begun = new Map<Timed, number>();
  #timer: Subscription | null = null;
  #timerSetAtMs = 0;

  constructor(ms: number, clock: Clock) {
    this.ms = ms;
    this.#clock = clock;
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
      const leftMs = Math.min(this.ms, longestTimerMs, Math.max(0, beganAtMs + this.ms - nowMs));
      this.#timer = this.#clock.scheduler.schedule(this.#lastTurn, Math.ceil(leftMs));
      return;
    }
    this.#timer = null;
  }

  readonly #lastTurn = (): void => {
    this.#timer = this.#clock.scheduler.schedule(this.#end);
  };

  readonly #end = (): void => {
    const nowMs = this.#clock.elapsedMs();
    for (const [timed, beganAtMs] of this.#begun) {
      // One that begins while others end comes last.
      if (beganAtMs + this.ms > nowMs) break;
      this.#begun.delete(timed);
      timed.timedOut();
    }
    this.#setTimer();
  };
}
