/**
 * Tests of timers in virtual time.
 */
import { type Observable, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { sleep, timerThen } from '../../src/poll/timers.js';
import { marbles } from '../support/marbles.js';

/** Waits 5 ms, or until `wake` emits. */
const afterWait = (request: () => Observable<unknown>, wake?: Observable<unknown>): Observable<unknown> =>
  timerThen(5, null, wake === undefined ? { request } : { request, wake });

const month = 30 * 24 * 3_600_000;

describe('after a wait', () => {
  it('emits the first value of `next()` and no other', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const next = cold('                       --b-c|');
    expectObservable(afterWait(() => next)).toBe('-------(b|)');
    expectSubscriptions(next.subscriptions).toBe(['     -----^-!']);
  }));

  it('emits early, and once, when `wake` emits several times', marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const next = cold('     --b|');
    const wake = hot('  ---xx-x--');
    expectObservable(afterWait(() => next, wake)).toBe('-----(b|)');
    expectSubscriptions(next.subscriptions).toBe(['---^-!']);
    expectSubscriptions(wake.subscriptions).toBe(['^--!']);
  }));

  it('a `wake` that emits on subscription ends the wait at once', marbles(({ expectObservable }) => {
    expectObservable(afterWait(() => of('b'), of('x', 'y'))).toBe('(b|)');
  }));

  it('calls `next` once when `wake` emits several times on subscription', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const next = cold('                                --b|');
    expectObservable(afterWait(() => next, of('x', 'y'))).toBe('--(b|)');
    expectSubscriptions(next.subscriptions).toBe(['    ^-!']);
  }));

  it('a thrown error is an error of the stream', marbles(({ expectObservable }) => {
    const broken = (): never => { throw new RangeError('broken'); };
    expectObservable(afterWait(broken)).toBe('-----#', undefined, new RangeError('broken'));
  }));

  it('emits nothing after unsubscribing, also when `wake` unsubscribes', marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const next = cold('--b|');
    const wake = hot('------x');
    expectObservable(afterWait(() => next, wake), '---!').toBe('');
    expectSubscriptions(next.subscriptions).toBe([]);
    expectSubscriptions(wake.subscriptions).toBe(['^--!']);
  }));
});

describe('a sleep', () => {
  const longest = 2 ** 31 - 1;

  it.each([1, longest, longest + 1, 3 * longest, 3 * month])('of %d ms calls back once and on time on a platform whose timers are shorter than 2^31 ms', (ms) => {
    vi.useFakeTimers();
    try {
      let wakes = 0;
      sleep(ms, () => { wakes += 1; });
      vi.advanceTimersByTime(ms - 1);
      expect(wakes).toBe(0);
      vi.advanceTimersByTime(1);
      expect(wakes).toBe(1);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('can be cancelled in any of its parts', marbles(({ flush }) => {
    const wakes: string[] = [];
    const long = sleep(3 * month, () => wakes.push('the longest'));
    sleep(month, () => wakes.push('the shortest'));
    sleep(2 * month, () => { long.unsubscribe(); });
    flush();
    expect(wakes).toEqual(['the shortest']);
  }));
});
