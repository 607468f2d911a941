/**
 * Timeouts of one length, which share one timer because they end in the order in which they began.
 */
import type { Subscription } from 'rxjs';
import { longestTimerMs } from '../checks.js';
import type { Clock } from './clock.js';

/** Something with a timeout. */
export interface Timed {
  /** Called once when the time has passed, but not after `stop`. Never throws. */
  readonly timedOut: () => void;
}

/**
 * The timeouts of one length.
 *
 *     begin a    ^---------x        `timedOut` after 10
 *     begin b    --^-------|-x
 *     timer      ^---------^-^      one at a time
 *
 * The timer measures the first timeout, and elapsed time the distance of the others from it, so setting the system clock does not change when
 * they end.
 */
export class TimeOuts {
  /** The length of each timeout. */
  readonly ms: number;
  readonly #clock: Clock;
  readonly #isStrict: boolean;
  /** The instant at which each began, the earliest first. */
  readonly #begun = new Map<Timed, number>();
  #timer: Subscription | null = null;
  #timerSetAtMs = 0;
  /** Timeouts that began no later than this instant have ended when the timer fires. */
  #overUntilMs = -Infinity;

  /** @param isStrict whether a `stop` in the same turn as the end is too late. Default: false, it is in time */
  constructor(ms: number, clock: Clock, isStrict = false) {
    this.ms = ms;
    this.#clock = clock;
    this.#isStrict = isStrict;
  }

  /** Starts a timeout, or restarts it. */
  begin(timed: Timed): void {
    const nowMs = this.#clock.elapsedMs();
    this.#begun.delete(timed);
    this.#begun.set(timed, nowMs);
    // A virtual clock may restart, and leave a timer behind that never fires.
    const setForMs = nowMs - this.#timerSetAtMs;
    if (this.#timer === null || setForMs < 0 || setForMs > this.ms) this.#setTimer();
  }

  /** Stops a timeout. Does nothing if it has not begun or has ended. */
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
    // The timeout that the timer was set for has ended, even if a clock disagrees.
    const overUntilMs = Math.max(this.#overUntilMs, this.#clock.elapsedMs() - this.ms);
    for (const [timed, beganAtMs] of this.#begun) {
      // One that begins during this loop comes last.
      if (beganAtMs > overUntilMs) break;
      this.#begun.delete(timed);
      timed.timedOut();
    }
    this.#setTimer();
  };
}
