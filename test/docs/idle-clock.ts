/**
 * A clock that stands still while anything happens, and jumps to the next timer when nothing else is left to wait for. Ten seconds
 * between two polls take a few milliseconds, and the times on the clock are the same in every run. It starts on 1 January 2026.
 *
 * It replaces the global timers, `node:timers`, `node:timers/promises`, `Date` and `performance`. It is told what is on its way.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';

/** Rounds of the event loop in which nothing happens, until time jumps. All parties live in this process, so rounds are what counts. */
const quickRounds = 20;
/** After those, rounds of a millisecond, for what goes on in other threads: files. */
const quietRounds = 23;
/** The same while a request is on its way: it hangs, and waits for a timer. */
const hungRounds = 50;

const epoch = Date.UTC(2026, 0, 1);

export interface IdleClock {
  /** Says that something has begun that must not be jumped over. @returns what to call when it is over */
  readonly begin: () => () => void;
}

export const installIdleClock = (): IdleClock => {
  const { setTimeout: realTimeout, clearTimeout: clearReal } = globalThis;
  const RealDate = Date;
  const startedAt = Math.floor(performance.now());
  /** Time since the clock was put in. */
  let elapsedMs = 0;
  let underway = 0;
  let rounds = 0;
  let count = 0;
  let wake: (() => void) | null = null;

  /** In the order in which they were set. */
  const pending = new Set<Timer>();

  class Timer {
    readonly id = (count += 1);
    due = 0;
    held = true;
    constructor(
      readonly call: () => void,
      readonly delayMs: number,
      readonly repeats: boolean,
    ) {
      this.refresh();
    }

    refresh(): this {
      this.due = elapsedMs + this.delayMs;
      pending.delete(this);
      pending.add(this);
      look();
      return this;
    }

    ref(): this {
      this.held = true;
      look();
      return this;
    }

    unref(): this {
      this.held = false;
      look();
      return this;
    }

    hasRef(): boolean {
      return this.held;
    }

    close(): this {
      pending.delete(this);
      return this;
    }

    [Symbol.toPrimitive](): number {
      return this.id;
    }

    [Symbol.dispose](): void {
      this.close();
    }
  }

  const earliest = (): Timer | null => {
    let first: Timer | null = null;
    for (const timer of pending) if (!first || timer.due < first.due) first = timer;
    return first;
  };
  const isHeld = (): boolean => [...pending].some((timer) => timer.held);

  /** Goes on to a timer's time, and calls it. */
  const fire = (timer: Timer): void => {
    elapsedMs = Math.max(elapsedMs, timer.due);
    if (timer.held) rounds = 0;
    pending.delete(timer);
    if (timer.repeats) timer.refresh();
    // Before the call, which may throw.
    look();
    timer.call();
  };

  const round = (): void => {
    wake = null;
    const next = earliest();
    if (!next) return;
    rounds += 1;
    if (rounds > (underway > 0 ? hungRounds : quietRounds) || next.due <= elapsedMs) fire(next);
    else look();
  };

  /** Plans the next look at the timers. It keeps the process alive exactly when one of them does. */
  const look = (): void => {
    wake?.();
    const next = earliest();
    if (!next) return;
    if (!isHeld()) {
      // Nobody waits for these: they come in their own time, if the process lives that long.
      const real = realTimeout(() => fire(next), next.due - elapsedMs).unref();
      wake = () => clearReal(real);
    } else if (underway > 0 || rounds >= quickRounds) {
      const real = realTimeout(round, 1);
      wake = () => clearReal(real);
    } else {
      const real = setImmediate(round);
      wake = () => clearImmediate(real);
    }
  };

  const set = (call: (...args: unknown[]) => void, delayMs: unknown, args: readonly unknown[], repeats: boolean): Timer => {
    const ms = Number(delayMs);
    return new Timer(() => call(...args), ms >= 1 && ms < 2 ** 31 ? ms : 1, repeats);
  };
  const clear = (timer: unknown): void => {
    for (const one of pending) if (one === timer || one.id === timer) pending.delete(one);
  };
  const replaced = {
    setTimeout: (call: () => void, ms?: number, ...args: unknown[]) => set(call, ms, args, false),
    setInterval: (call: () => void, ms?: number, ...args: unknown[]) => set(call, ms, args, true),
    clearTimeout: clear,
    clearInterval: clear,
  };
  class SkippingDate extends RealDate {
    constructor(...args: readonly unknown[]) {
      // The parameters of Date are overloads; they are handed on as they are.
      super(...((args.length === 0 ? [SkippingDate.now()] : args) as [number]));
    }

    static override now(): number {
      return Math.floor(epoch + elapsedMs);
    }
  }
  Object.assign(globalThis, replaced, { Date: SkippingDate });
  performance.now = () => startedAt + elapsedMs;
  Object.defineProperty(performance, 'timeOrigin', { value: epoch - startedAt });
  Object.assign(timers, replaced);
  Object.assign(timersPromises, {
    setTimeout: (ms?: number, value?: unknown, options?: { signal?: AbortSignal }) =>
      new Promise((resolve, reject) => {
        const timer = set(() => resolve(value), ms, [], false);
        options?.signal?.addEventListener('abort', () => {
          clear(timer);
          reject(options.signal?.reason);
        });
      }),
  });
  syncBuiltinESMExports();

  return {
    begin: () => {
      let over = false;
      underway += 1;
      rounds = 0;
      return () => {
        if (over) return;
        over = true;
        underway -= 1;
        rounds = 0;
        look();
      };
    },
  };
};
