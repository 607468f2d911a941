/**
 * A clock and timers that advance as fast as possible. They replace the platform's for the whole process, so that RxJS runs on its
 * default scheduler, as it does for users. `TestScheduler` sorts a list each time a timer is set. This clock uses a heap, because ten
 * thousand watches have tens of thousands of timers.
 */

interface Timer {
  atMs: number;
  order: number;
  readonly everyMs: number;
  readonly call: () => void;
}

export interface VirtualClock {
  readonly now: () => number;
  /** Runs until no timer is set. */
  readonly run: () => void;
  /** The number of timers that are set. */
  readonly timers: () => number;
}

/**
 * Replaces `Date.now`, `setInterval` and `clearInterval`, which `asyncScheduler` uses, and `performance.now`, which the library uses to
 * measure its waits.
 */
export const installVirtualClock = (startMs: number): VirtualClock => {
  let nowMs = startMs;
  let count = 0;
  const heap: Timer[] = [];
  const alive = new Set<Timer>();

  const isBefore = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (a: number, b: number): void => { [heap[a], heap[b]] = [heap[b]!, heap[a]!]; };
  const push = (timer: Timer): void => {
    let at = heap.push(timer) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(heap[at]!, heap[up]!); at = up, up = (at - 1) >> 1) swap(at, up);
  };
  const pop = (): Timer | undefined => {
    if (heap.length > 1) swap(0, heap.length - 1);
    const first = heap.pop();
    for (let at = 0, down = 1; down < heap.length; at = down, down = 2 * at + 1) {
      if (down + 1 < heap.length && isBefore(heap[down + 1]!, heap[down]!)) down += 1;
      if (!isBefore(heap[down]!, heap[at]!)) break;
      swap(at, down);
    }
    return first;
  };

  /** As in Node, delays are in whole milliseconds and at least 1. */
  const set = (call: () => void, ms = 0): Timer => {
    const everyMs = ms >= 1 && ms < 2 ** 31 ? Math.trunc(ms) : 1;
    const timer = { atMs: nowMs + everyMs, order: (count += 1), everyMs, call };
    alive.add(timer);
    push(timer);
    return timer;
  };

  Object.assign(globalThis, { setInterval: set, clearInterval: (timer: Timer) => alive.delete(timer) });
  Date.now = () => nowMs;
  performance.now = () => nowMs - startMs;
  return {
    now: () => nowMs,
    timers: () => alive.size,
    run: () => {
      for (let timer = pop(); timer !== undefined; timer = pop()) {
        if (!alive.has(timer)) continue;
        nowMs = timer.atMs;
        timer.call();
        if (!alive.has(timer)) continue;
        timer.atMs = nowMs + timer.everyMs;
        timer.order = count += 1;
        push(timer);
      }
    },
  };
};
