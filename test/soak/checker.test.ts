import { describe, expect, it } from 'vitest';
import type { Exchange, WatchErrorRecord, TaskRecord, WatchRecord } from './records.js';
import { delaysOf, check } from './checker.js';

const rules = { minIntervalMs: 10_000, giveUpAfterMs: 900_000 };

const seen = (from: string | null, to: string, atMs: number) => ({ from, to, isTerminal: ['succeeded', 'failed'].includes(to), atMs });
const polled = (sentAtMs: number, result: Exchange['result'] = 'ok', by: Exchange['by'] = 'single'): Exchange => ({ sentAtMs, by, result, receivedAtMs: result === 'no-response' ? null : sentAtMs });

const goodWatch: WatchRecord = {
  startedAtMs: 0,
  resumedAtMs: 0,
  deadlineAtMs: 3_600_000,
  away: [],
  seen: [seen(null, 'queued', 0), seen('queued', 'running', 10_000), seen('running', 'succeeded', 25_000)],
  errors: [],
  resumeCount: 0,
  end: 'succeeded',
  endedAtMs: 25_000,
};
const good: TaskRecord = {
  name: 'ark/cgt-1',
  expected: 'succeeded',
  endsAtMs: 18_000,
  exchanges: [polled(0), polled(10_000), polled(25_000)],
  watches: [goodWatch],
};

const watched = (changes: Partial<WatchRecord>, task: Partial<TaskRecord> = {}): TaskRecord => ({ ...good, ...task, watches: [{ ...goodWatch, ...changes }] });
const none = { missingEnds: [], wrongEnds: [], unjustifiedErrors: [], pollsTooSoon: [], duplicateEnds: [], brokenSequences: [] };

/** The faults found in one task. */
const found = (task: TaskRecord): object => Object.fromEntries(Object.entries(check([good, task], rules)).filter(([, faults]) => faults.length > 0));

describe('the checker', () => {
  it('finds no faults in a correct record', () => {
    expect(check([good], rules)).toEqual(none);
  });

  it('finds a missing end', () => {
    const missing = watched({ end: null, endedAtMs: null, seen: goodWatch.seen.slice(0, 2) });
    expect(found(missing)).toEqual({ missingEnds: ['ark/cgt-1 (watch 1): no end, instead of succeeded'] });
  });

  it('finds a missing end in the second watch of a task', () => {
    const second = { ...good, watches: [goodWatch, { ...goodWatch, end: null }] };
    expect(found(second)).toEqual({ missingEnds: ['ark/cgt-1 (watch 2): no end, instead of succeeded'] });
  });

  it.each(['failed internal', 'gone', 'deadline', 'succeeded with the video of another'])('finds a wrong end: %s', (end) => {
    expect(found(watched({ end }))).toEqual({ wrongEnds: [`ark/cgt-1 (watch 1): ${end}, instead of succeeded`] });
  });

  it('finds an end that is reported too early', () => {
    expect(found(watched({}, { endsAtMs: 25_001 }))).toEqual({ wrongEnds: ['ark/cgt-1 (watch 1): succeeded, 1 ms too early'] });
    const early = watched({ end: 'deadline', endedAtMs: 3_599_000 }, { expected: 'deadline', endsAtMs: null });
    expect(found(early)).toEqual({ wrongEnds: ['ark/cgt-1 (watch 1): deadline, 1000 ms too early'] });
  });

  it('distinguishes a task that is gone from a task that was never known', () => {
    const gone: Partial<TaskRecord> = { expected: 'gone' };
    expect(found(watched({ end: 'gone' }, gone))).toEqual({});
    expect(found(watched({ end: 'never known', seen: [] }, gone))).toEqual({});
    expect(Object.keys(found(watched({ end: 'gone', seen: [] }, gone)))).toEqual(['wrongEnds']);
    expect(Object.keys(found(watched({ end: 'never known' }, gone)))).toEqual(['wrongEnds']);
  });

  it('finds a poll one millisecond below the minimum interval', () => {
    expect(found({ ...good, exchanges: [polled(0), polled(9_999)] })).toEqual({ pollsTooSoon: ['ark/cgt-1: polled at 9999 ms, 9999 ms after the poll before'] });
  });

  it('allows one immediate single request after a list that omits the task, and no second', () => {
    const list = polled(10_000, 'omitted', 'list');
    expect(found({ ...good, exchanges: [polled(0), list, polled(10_001)] })).toEqual({});
    expect(Object.keys(found({ ...good, exchanges: [polled(0), list, polled(10_001), polled(10_002)] }))).toEqual(['pollsTooSoon']);
    expect(Object.keys(found({ ...good, exchanges: [polled(5_000), list, polled(10_001)] }))).toEqual(['pollsTooSoon']);
    expect(Object.keys(found({ ...good, exchanges: [list, polled(10_001, 'ok', 'list')] }))).toEqual(['pollsTooSoon']);
  });

  it('finds a second terminal transition', () => {
    const twice = watched({ seen: [...goodWatch.seen, seen('running', 'succeeded', 26_000)] });
    expect(found(twice)).toMatchObject({ duplicateEnds: ['ark/cgt-1 (watch 1): succeeded, succeeded'] });
  });

  it('finds a transition that does not follow the one before', () => {
    const broken = watched({ seen: [seen(null, 'queued', 0), seen('running', 'succeeded', 25_000)] });
    expect(found(broken)).toEqual({ brokenSequences: ['ark/cgt-1 (watch 1): queued, then running → succeeded'] });
    expect(Object.keys(found(watched({ seen: [seen(null, 'queued', 0), seen('queued', 'queued', 1), seen('queued', 'succeeded', 2)] })))).toEqual(['brokenSequences']);
  });

  it.each<readonly [string, Pick<WatchErrorRecord, 'kind' | 'reason'>, readonly Exchange[], boolean]>([
    ['three 401s', { kind: 'response', reason: 'unauthorized' }, [polled(0, 'unauthorized'), polled(10_000, 'unauthorized'), polled(20_000, 'unauthorized')], true],
    ['three 401s with another error among them', { kind: 'response', reason: 'unauthorized' }, [polled(0, 'unauthorized'), polled(10_000, 'error'), polled(20_000, 'unauthorized'), polled(30_000, 'unauthorized')], true],
    ['three 401s with a good response among them', { kind: 'response', reason: 'unauthorized' }, [polled(0, 'unauthorized'), polled(10_000, 'unauthorized'), polled(20_000), polled(30_000, 'unauthorized')], false],
    ['two 401s', { kind: 'response', reason: 'unauthorized' }, [polled(0), polled(10_000, 'unauthorized'), polled(20_000, 'unauthorized')], false],
    ['two unknown tasks', { kind: 'gone', reason: 'not-found' }, [polled(0), polled(10_000, 'not-found'), polled(20_000, 'not-found')], true],
    ['one unknown task', { kind: 'gone', reason: 'not-found' }, [polled(0), polled(10_000, 'not-found')], false],
    ['two rejections of a task', { kind: 'response', reason: 'rejected' }, [polled(0, 'not-found'), polled(10_000, 'not-found')], true],
    ['a rejection of a task, then no response', { kind: 'response', reason: 'rejected' }, [polled(0, 'not-found'), polled(10_000, 'no-response')], false],
    ['an unknown task after fifteen minutes of errors', { kind: 'response', reason: 'not-found' }, [0, 1, 2, 3, 4].map((index) => polled(index * 250_000, index < 4 ? 'no-response' : 'not-found')), true],
    ['an error that was never sent', { kind: 'response', reason: 'forbidden' }, [polled(0, 'error'), polled(10_000, 'error')], false],
    ['five errors in a quarter of an hour', { kind: 'response', reason: 'server' }, [0, 1, 2, 3, 4].map((index) => polled(index * 250_000, 'error')), true],
    ['four errors in a quarter of an hour', { kind: 'response', reason: 'server' }, [0, 1, 2, 3].map((index) => polled(index * 250_000, 'error')), false],
    ['five errors in a minute', { kind: 'transport', reason: null }, [polled(900_000), ...[1, 2, 3, 4, 5].map((index) => polled(900_000 + index * 10_000, 'no-response'))], false],
    ['a timeout before the deadline', { kind: 'timeout', reason: null }, [polled(0, 'no-response')], false],
  ])('decides whether a watch may give up: %s', (_, error, exchanges, isJustified) => {
    const task = watched({ errors: [{ ...error, atMs: 1_000_100, exchanges: exchanges.length }] }, { exchanges });
    expect(check([task], rules).unjustifiedErrors).toHaveLength(isJustified ? 0 : 1);
  });

  it('counts the results that a watcher received, and not those of other watchers during a pause', () => {
    const exchanges = [0, 1, 2, 3, 4, 5].map((index) => polled(index * 200_000, index === 3 ? 'ok' : 'error'));
    const error: WatchErrorRecord = { kind: 'response', reason: 'server', atMs: 1_000_100, exchanges: exchanges.length };
    const count = (away: WatchRecord['away']) => check([watched({ errors: [error], away }, { exchanges })], rules).unjustifiedErrors.length;
    expect(count([])).toBe(1);
    expect(count([{ fromMs: 500_000, toMs: 600_000 }])).toBe(1);
    expect(count([{ fromMs: 600_000, toMs: 600_001 }])).toBe(0);
  });

  it('measures a delay from the end of the task, or from when its watcher resumed', () => {
    expect(delaysOf([good, watched({ resumedAtMs: 20_000, resumeCount: 1 }), watched({ endedAtMs: null })])).toEqual([7_000, 5_000]);
  });
});
