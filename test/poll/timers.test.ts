/**
 * Waits in virtual time, and what comes after them.
 */
import { of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { sleep, timerThen } from '../../src/poll/timers.js';
import { marbles } from '../support/marbles.js';

const month = 30 * 24 * 3_600_000;

describe('after a wait', () => {
  it('comes the first value of what is next, and no other', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const next = cold('                       --b-c|');
    expectObservable(timerThen(5, null, () => next)).toBe('-------(b|)');
    expectSubscriptions(next.subscriptions).toBe(['     -----^-!']);
  }));

  it('the next comes at once when the wait is hurried, and once, however often it is', marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const next = cold('     --b|');
    const wake = hot('  ---xx-x--');
    expectObservable(timerThen(5, wake, () => next)).toBe('-----(b|)');
    expectSubscriptions(next.subscriptions).toBe(['---^-!']);
    expectSubscriptions(wake.subscriptions).toBe(['^--!']);
  }));

  it('a wake that has come already is one as well', marbles(({ expectObservable }) => {
    expectObservable(timerThen(5, of('x', 'y'), () => of('b'))).toBe('(b|)');
  }));

  it('what is next is asked for once, however often a wake has come already', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const next = cold('                                --b|');
    expectObservable(timerThen(5, of('x', 'y'), () => next)).toBe('--(b|)');
    expectSubscriptions(next.subscriptions).toBe(['    ^-!']);
  }));

  it('what throws is an error of the stream', marbles(({ expectObservable }) => {
    const broken = (): never => { throw new RangeError('broken'); };
    expectObservable(timerThen(5, null, broken)).toBe('-----#', undefined, new RangeError('broken'));
  }));

  it('nothing comes for who has unsubscribed, be it by a wake', marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const next = cold('--b|');
    const wake = hot('------x');
    expectObservable(timerThen(5, wake, () => next), '---!').toBe('');
    expectSubscriptions(next.subscriptions).toBe([]);
    expectSubscriptions(wake.subscriptions).toBe(['^--!']);
  }));
});

describe('a sleep', () => {
  const longest = 2 ** 31 - 1;

  it.each([1, longest, longest + 1, 3 * longest, 3 * month])('of %d ms wakes after it on a platform that keeps no timer of 2^31 ms, and once', (ms) => {
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

  it('can be ended in any of its pieces', marbles(({ flush }) => {
    const wakes: string[] = [];
    const long = sleep(3 * month, () => wakes.push('the longest'));
    sleep(month, () => wakes.push('the shortest'));
    sleep(2 * month, () => { long.unsubscribe(); });
    flush();
    expect(wakes).toEqual(['the shortest']);
  }));
});
