/** What is counted as bought, right, wrong and unknown. */
import { describe, expect, it } from 'vitest';
import { type Bought, judge, mix, ordersOf, type Report } from './contest.mjs';

const plan = { queueMs: 10_000, runMs: 90_000 };
const succeeds = { prompt: 'one', user: 'user-1', plan: { ...plan, outcome: 'succeeds' as const } };
const expires = { prompt: 'two', user: 'user-2', plan: { ...plan, outcome: 'expires' as const } };

const video: Bought = { id: 'cgt-1', user: 'user-1', outcome: 'succeeds', endMs: 100_000 };
const expired: Bought = { id: 'cgt-2', user: 'user-2', outcome: 'expires', endMs: 200_000 };
const seen: Report = { status: 'succeeded', id: 'cgt-1', user: 'user-1', atMs: 104_000 };
const unknown: Report = { status: null, message: 'timed out', user: 'user-2', atMs: 400_000 };

describe('judge', () => {
  it('counts the ends that were reported, and measures their delay', () => {
    expect(judge([succeeds, expires], { bought: [video, expired], requests: 9 }, [seen, unknown])).toEqual({
      bought: 2, twice: 0, without: 0, right: 1, wrong: 0, unseen: 1, requests: 9, delaysMs: [4_000],
    });
  });

  it('counts a prompt that was bought twice once, and the other task as not seen', () => {
    const again = { ...video, id: 'cgt-3', endMs: 150_000 };
    expect(judge([succeeds], { bought: [video, again], requests: 9 }, [{ ...seen, id: 'cgt-3', atMs: 151_000 }])).toMatchObject({
      bought: 2, twice: 1, right: 1, unseen: 1, delaysMs: [1_000],
    });
  });

  it('counts a prompt that was never bought, and an end that was reported of it as wrong', () => {
    expect(judge([succeeds], { bought: [], requests: 1 }, [seen])).toMatchObject({ bought: 0, without: 1, right: 0, wrong: 1, unseen: 0 });
  });

  it.each<[string, Report]>([
    ['another status', { status: 'failed', user: 'user-2', atMs: 201_000 }],
    ['another task', { status: 'expired', id: 'cgt-1', user: 'user-2', atMs: 201_000 }],
  ])('counts an end of %s as wrong', (_, report) => {
    expect(judge([expires], { bought: [video, expired], requests: 1 }, [report])).toMatchObject({ right: 0, wrong: 1 });
  });

  it('counts an end without an id by its status', () => {
    expect(judge([expires], { bought: [expired], requests: 1 }, [{ status: 'expired', user: 'user-2', atMs: 201_000 }])).toMatchObject({ right: 1, delaysMs: [1_000] });
  });

  it('counts a contender that reports nothing', () => {
    expect(judge([succeeds], { bought: [video], requests: 1 }, [])).toMatchObject({ right: 0, wrong: 0, unseen: 1 });
  });
});

describe('the wanted videos', () => {
  it('have the same mix of outcomes with every seed, in another order', () => {
    const outcomes = [1, 2].map((seed) => ordersOf(seed).map(({ plan: { outcome } }) => outcome));
    expect(outcomes[0]).not.toEqual(outcomes[1]);
    for (const each of outcomes) {
      expect(Object.fromEntries(Object.keys(mix).map((outcome) => [outcome, each.filter((one) => one === outcome).length]))).toEqual(mix);
    }
  });

  it('are the same for each contender, with a user each', () => {
    expect(ordersOf(1)).toEqual(ordersOf(1));
    expect(new Set(ordersOf(1).map(({ user }) => user)).size).toBe(24);
  });
});
