/**
 * Tests of list requests: whether tasks are polled together, and the outcome of a list.
 */
import fc from 'fast-check';
import { isLeft } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import { afterList, afterQuotaCheck, freshLists, type ListState, longestUrl, mayList, planOf } from '../../src/state/list-plan.js';
import type { PollError } from '../../src/state/watch-state.js';
import { anyPollError } from '../support/arbitraries.js';
import { minutes, responseOf } from '../support/client.js';
import { task } from '../support/snapshots.js';

/** The error that Ark's reader returns for a list's response; null if it can be read. */
const failureIn = (status: number, body: unknown = ''): PollError | null => {
  const results = ark.readList([task], responseOf({ status, body }));
  return isLeft(results) ? results.left : null;
};

const saying = (code: string): object => ({ error: { code, message: `${code} it is` } });

const cut: PollError = { kind: 'decode', issues: ['no JSON'] };
const silent: PollError = { kind: 'timeout', message: 'no response within 30000 ms' };
const quota = failureIn(429, saying('QuotaExceeded'));

/** The outcomes of consecutive failures of lists of `size` tasks. */
const after = (failures: readonly (PollError | null)[], size = 8, nowMs = 0): ListState =>
  failures.reduce((state: ListState, failure) => afterList(state, failure, size, nowMs).state, freshLists);

describe('the plan for some tasks', () => {
  it('is a list, and a single poll for one task', () => {
    expect([0, 1, 2, 500].map((count) => planOf(freshLists, count, 0))).toEqual(['first-alone', 'first-alone', 'list', 'list']);
  });

  it('is the first alone while lists are paused, and a list after ten minutes', () => {
    const resting = after([failureIn(404)], 8, 1_000);
    const instants = [1_000, 1_000 + minutes(10) - 1, 1_000 + minutes(10), minutes(60)];
    expect(instants.map((ms) => planOf(resting, 8, ms))).toEqual(['first-alone', 'first-alone', 'list', 'list']);
    expect(instants.map((ms) => mayList(resting, ms))).toEqual([false, false, true, true]);
  });

  it('is the first alone while a quota error is unconfirmed; the others still join the request', () => {
    const doubting = after([quota]);
    expect(planOf(doubting, 8, 0)).toBe('first-alone');
    expect(mayList(doubting, 0)).toBe(true);
  });

  it('keeps a URL below the 8 kB that servers accept', () => {
    expect(longestUrl).toBeLessThan(8_000);
  });
});

describe('after a list', () => {
  /** Whether a failure counts for each task, and what follows: another list, a pause, or a single poll that checks it. */
  const cases: readonly (readonly [string, PollError | null, isForEach: boolean, 'list' | 'rest' | 'doubt'])[] = [
    ['that is good', failureIn(200, { total: 0, items: [] }), false, 'list'],
    ['without a response', { kind: 'transport', message: 'reset' }, true, 'list'],
    ['without a response in time', silent, true, 'list'],
    ['401', failureIn(401, saying('AuthenticationError')), true, 'list'],
    ['429', failureIn(429, saying('RateLimitExceeded')), true, 'list'],
    ['429 of an overloaded server', failureIn(429, saying('ServerOverloaded')), true, 'list'],
    ['429 that is full of requests', failureIn(429, saying('InflightBatchsizeExceeded')), true, 'list'],
    ['429 for a quota', quota, false, 'doubt'],
    ...[408, 425, 500, 502, 503, 504].map((status) => [String(status), failureIn(status), true, 'list'] as const),
    ...[300, 301, 302, 307, 400, 403, 404, 405, 410, 499, 501].map((status) => [String(status), failureIn(status), false, 'rest'] as const),
    ...[400, 403, 404].map((status) => [`${String(status)} in the API's words`, failureIn(status, saying('Nope')), false, 'rest'] as const),
    ['200 that refuses', failureIn(200, saying('Nope')), false, 'list'],
    ['200 that knows no such task', failureIn(200, saying('task_not_exist')), false, 'list'],
    ['200 that forbids it', failureIn(200, { code: '403', message: 'no list for you' }), false, 'list'],
    ['200 with a server error', failureIn(200, saying('InternalServiceError')), false, 'list'],
    ['200 of too many requests', failureIn(200, saying('RateLimitExceeded')), true, 'list'],
    ['200 of nothing', failureIn(200, {}), false, 'list'],
    ['200 that is cut', failureIn(200, '{"items":['), false, 'list'],
    ['200 that is not a list', failureIn(200, { tasks: [] }), false, 'list'],
  ];

  it.each(cases)('%s', (_, failure, isForEach, next) => {
    const outcome = afterList(freshLists, failure, 8, 1_000);
    const { pausedUntilMs, suspectsQuota } = outcome.state;
    expect([outcome.isForEach, suspectsQuota ? 'doubt' : pausedUntilMs === null ? 'list' : 'rest']).toEqual([isForEach, next]);
    if (next === 'rest') expect(pausedUntilMs).toBe(1_000 + minutes(10));
  });

  it('the second consecutive one that is truncated, empty or unreadable pauses lists; a good one in between restarts the count', () => {
    const empty = failureIn(200, {});
    for (const first of [cut, empty]) {
      for (const second of [cut, empty]) expect(after([first, second]).pausedUntilMs).toBe(minutes(10));
      expect(after([first, null, first]).pausedUntilMs).toBeNull();
    }
  });

  it('truncated after the ten minutes, lists pause again at the second consecutive one', () => {
    const resting = after([cut, cut]);
    const first = afterList(resting, cut, 8, minutes(11));
    expect(mayList(first.state, minutes(11))).toBe(true);
    const second = afterList(first.state, cut, 8, minutes(12));
    expect(second.state.pausedUntilMs).toBe(minutes(22));
  });

  it('a good list resets the state: no pause, no unconfirmed quota error', () => {
    for (const failures of [[failureIn(404)], [cut], [quota]]) {
      expect(after([...failures, null])).toEqual({ ...freshLists, largest: expect.any(Number) as number });
    }
  });

  it('a failure halves the maximum size, to two tsent at least; each good list doubles it, up to a page', () => {
    const largest = (failures: readonly (PollError | null)[], size: number): number => after(failures, size).largest;
    expect(largest([], 500)).toBe(500);
    expect(largest([silent], 500)).toBe(250);
    expect(largest([silent], 9)).toBe(5);
    expect(largest([silent, silent, silent], 9)).toBe(2);
    expect(largest([cut], 40)).toBe(20);
    expect(largest([silent, null], 100)).toBe(100);
    expect(largest([silent, null, null, null, null], 100)).toBe(500);
  });

  it('a failed list larger than the maximum size does not raise it', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 500 }), fc.integer({ min: 2, max: 500 }), (first, second) => {
      const before = after([silent], first);
      expect(afterList(before, silent, second, 0).state.largest).toBeLessThanOrEqual(before.largest);
    }));
  });
});

describe('after the poll that checks a quota error', () => {
  it('lists continue if it is confirmed, and pause if it is not', () => {
    const doubting = after([quota]);
    expect(afterQuotaCheck(doubting, true, 5)).toEqual(freshLists);
    expect(afterQuotaCheck(doubting, false, 5)).toEqual({ ...freshLists, pausedUntilMs: 5 + minutes(10) });
  });
});

describe('for any sequence of lists', () => {
  const anyStep = fc.record({
    failure: fc.option(anyPollError, { nil: null }),
    size: fc.integer({ min: 2, max: 500 }),
    passedMs: fc.nat({ max: minutes(15) }),
    isConfirmed: fc.boolean(),
  });

  type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

  /** A run of lists and of quota checks, as in a client: its states with their instants. */
  const run = (steps: readonly Step[], via: (state: ListState) => ListState = (state) => state) => {
    let state = freshLists;
    let nowMs = 0;
    return steps.map(({ failure, size, passedMs, isConfirmed }) => {
      nowMs += passedMs;
      const before = state;
      state = via(state.suspectsQuota ? afterQuotaCheck(state, isConfirmed, nowMs) : afterList(state, failure, size, nowMs).state);
      return { before, state, nowMs };
    });
  };

  it('their state is plain JSON, and resumes from there', () => {
    fc.assert(fc.property(fc.array(anyStep), (steps) => {
      const viaJson = (state: ListState): ListState => JSON.parse(JSON.stringify(state)) as ListState;
      expect(run(steps, viaJson)).toEqual(run(steps));
    }));
  });

  it('they pause for ten minutes at most, and have 2 to 500 tasks', () => {
    fc.assert(fc.property(fc.array(anyStep), (steps) => {
      for (const { state, nowMs } of run(steps)) {
        expect(mayList(state, nowMs + minutes(10))).toBe(true);
        expect(state.largest).toBeGreaterThanOrEqual(2);
        expect(state.largest).toBeLessThanOrEqual(500);
        expect(Number.isInteger(state.largest)).toBe(true);
      }
    }));
  });

  it('a failure either counts for each task, or pauses lists, or is the first of its kind', () => {
    fc.assert(fc.property(fc.array(anyStep), anyPollError, (steps, failure) => {
      const { state, nowMs } = run(steps).at(-1) ?? { state: freshLists, nowMs: 0 };
      const outcome = afterList(state, failure, 8, nowMs);
      const rests = !mayList(outcome.state, nowMs);
      const isFirst = outcome.state.unreadable > state.unreadable || outcome.state.suspectsQuota;
      expect(outcome.isForEach || rests || isFirst).toBe(true);
    }));
  });

  it('a failure that would end a watch at its second occurrence does not count for each task: the list may be at fault', () => {
    fc.assert(fc.property(fc.array(anyStep), anyPollError, fc.integer({ min: 2, max: 500 }), (steps, failure, size) => {
      const { state, nowMs } = run(steps).at(-1) ?? { state: freshLists, nowMs: 0 };
      const { isForEach } = afterList(state, failure, size, nowMs);
      const ends = failure.kind === 'response' && ['quota', 'forbidden', 'rejected', 'not-found'].includes(failure.reason);
      expect(isForEach && ends).toBe(false);
    }));
  });

  it('the pure functions do not change their arguments', () => {
    fc.assert(fc.property(anyPollError, fc.integer({ min: 2, max: 500 }), (failure, size) => {
      const state = Object.freeze({ ...freshLists });
      afterList(state, Object.freeze(failure), size, 0);
      afterQuotaCheck(state, false, 0);
      expect(state).toEqual(freshLists);
    }));
  });
});
