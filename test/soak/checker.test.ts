import { describe, expect, it } from 'vitest';
import type { Exchange, KeyRecord, KeyRequest, Said, SavedState, SeenSnapshot, WatchErrorRecord, TaskRecord, WatchRecord } from './records.js';
import { delaysOf, check, type Faults } from './checker.js';

const rules = { minIntervalMs: 10_000, giveUpAfterMs: 900_000, requestTimeoutMs: 30_000, readingMs: 0, latenessMs: 0 };

const said = (status: string, facts: Partial<Said> = {}): Said => ({ word: status, status, link: null, lastFrame: null, completionTokens: null, totalTokens: null, progress: null, ...facts });
const snapshot = (status: string, facts: Partial<SeenSnapshot> = {}): SeenSnapshot => ({ status, providerStatus: status, progress: null, usage: null, ...facts });
const seen = (from: string | null, to: string, atMs: number, facts: Partial<SeenSnapshot> = {}) => ({ from, to, isTerminal: ['succeeded', 'failed'].includes(to), atMs, snapshot: snapshot(to, facts) });
const polled = (sentAtMs: number, result: Exchange['result'] = 'ok', by: Exchange['by'] = 'single', what: Said | null = null): Exchange =>
  ({ sentAtMs, by, result, said: what, receivedAtMs: result === 'no-response' ? null : sentAtMs });
const saved = (atMs: number, changes: Partial<SavedState>) => ({ atMs, state: { polls: 0, sentAtMs: null, failureCount: 0, progress: 0, ended: null, snapshot: null, ...changes } });

const goodWatch: WatchRecord = {
  startedAtMs: 0,
  resumedAtMs: 0,
  deadlineAtMs: 3_600_000,
  away: [],
  seen: [seen(null, 'queued', 0), seen('queued', 'running', 10_000), seen('running', 'succeeded', 25_000)],
  states: [],
  queried: [],
  errors: [],
  leaks: [],
  resumeCount: 0,
  end: 'succeeded',
  endedAtMs: 25_000,
  again: null,
};
const good: TaskRecord = {
  name: 'ark/cgt-1',
  expected: 'succeeded',
  endsAtMs: 18_000,
  longestWaitMs: 20_000,
  isLimited: false,
  exchanges: [polled(0, 'ok', 'single', said('queued')), polled(10_000, 'ok', 'single', said('running')), polled(25_000, 'ok', 'single', said('succeeded'))],
  watches: [goodWatch],
};

const watched = (changes: Partial<WatchRecord>, task: Partial<TaskRecord> = {}): TaskRecord => ({ ...good, ...task, watches: [{ ...goodWatch, ...changes }] });
/** The faults found, apart from those of snapshots unless asked for: most of these records have no bytes. */
const faultsIn = (tasks: readonly TaskRecord[], keys: readonly KeyRecord[] = [], but: keyof Faults | null = 'wrongSnapshots'): object =>
  Object.fromEntries(Object.entries(check(tasks, keys, rules)).filter(([name, faults]) => name !== but && faults.length > 0));

const found = (task: TaskRecord): object => faultsIn([good, task]);

describe('the checker', () => {
  it('finds no faults in a correct record', () => {
    expect(faultsIn([good], [], null)).toEqual({});
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

  it('finds a deadline that moves', () => {
    const late = (endedAtMs: number) => Object.keys(found(watched({ end: 'deadline', endedAtMs }, { expected: 'deadline', endsAtMs: null })));
    expect(late(3_600_000 + 240_000)).toEqual([]);
    expect(late(3_600_000 + 240_001)).toEqual(['wrongEnds']);
  });

  it('finds a watch that does not give up', () => {
    const exchanges = Array.from({ length: 29 }, (_, index) => polled(index * 60_000, 'error'));
    const patient = (changes: Partial<WatchRecord>, count: number) => Object.keys(found(watched({ endedAtMs: 9_000_000, ...changes }, { exchanges: exchanges.slice(0, count) })));
    expect(patient({}, 28)).toEqual([]);
    expect(patient({}, 29)).toEqual(['missingErrors']);
    expect(patient({ away: [{ fromMs: 1_000, toMs: 120_000 }] }, 29)).toEqual([]);
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

  it.each<readonly [string, Partial<SeenSnapshot>, Partial<Said>]>([
    ['another status', { status: 'running' }, {}],
    ['another word', { providerStatus: 'done' }, {}],
    ['a link without its signature', { video: { url: 'https://files.example/a.mp4', lastFrameUrl: null } }, { link: 'https://files.example/a.mp4?signature=1' }],
    ['a last frame as the video', { video: { url: 'b', lastFrameUrl: 'b' } }, { link: 'a', lastFrame: 'b' }],
    ['other tokens', { usage: { completionTokens: 1, totalTokens: 2 } }, { completionTokens: 1, totalTokens: 1 }],
    ['another progress', { progress: 0.5 }, { progress: 0.4 }],
  ])('finds %s in a transition, a saved state and a query', (_, told, facts) => {
    const task = (changes: Partial<WatchRecord>) => watched(changes, { exchanges: [polled(0, 'ok', 'single', said('succeeded', facts))] });
    const wrong = { atMs: 20_000, snapshot: snapshot('succeeded', told) };
    for (const changes of [{ seen: [{ ...seen('running', 'succeeded', 20_000), ...wrong }] }, { seen: [], states: [saved(20_000, { snapshot: wrong.snapshot })] }, { seen: [], queried: [wrong] }]) {
      expect(check([task(changes)], [], rules).wrongSnapshots).toHaveLength(1);
    }
  });

  it('compares a snapshot with the last good response, and not with one that comes later', () => {
    const exchanges = [polled(0, 'ok', 'single', said('queued')), polled(10_000, 'error'), polled(30_000, 'ok', 'single', said('running'))];
    const at = (atMs: number, status: string) => check([watched({ seen: [seen(null, status, atMs)] }, { exchanges })], [], rules).wrongSnapshots.length;
    expect([at(20_000, 'queued'), at(20_000, 'running'), at(30_000, 'running')]).toEqual([0, 1, 0]);
  });

  it('finds progress that decreases, or is 1 before the end', () => {
    const states = (...all: readonly Partial<SavedState>[]) => Object.keys(found(watched({ states: all.map((state, index) => saved(index, state)) })));
    expect(states({ progress: 0.2 }, { progress: 0.2 }, { progress: 1, ended: 'terminal' })).toEqual([]);
    expect(states({ progress: 0.2 }, { progress: 0.1 })).toEqual(['wrongProgress']);
    expect(states({ progress: 1 })).toEqual(['wrongProgress']);
    expect(states({ progress: 0.9, ended: 'terminal' })).toEqual(['wrongProgress']);
  });

  it('finds a poll that comes too late, also after a start', () => {
    const late = (sentAtMs: number, task: Partial<TaskRecord> = {}) => Object.keys(found(watched({ endedAtMs: 500_000 }, { exchanges: [polled(0), polled(sentAtMs)], ...task })));
    expect(late(160_000)).toEqual([]);
    expect(late(160_001)).toEqual(['pollsTooLate']);
    expect(late(200_000, { isLimited: true })).toEqual([]);
    expect(late(400_000, { exchanges: [polled(400_000)] })).toEqual(['pollsTooLate']);
    const paused = watched({ endedAtMs: 500_000, away: [{ fromMs: 5_000, toMs: 395_000 }] }, { exchanges: [polled(0), polled(400_000)] });
    expect(found(paused)).toEqual({});
  });

  it('finds an ended watch that is told differently again, or is polled again', () => {
    const again = (from: string | null, to: string, requests: number) => Object.keys(found(watched({ again: { seen: [{ from, to }], requests } })));
    expect(again('running', 'succeeded', 0)).toEqual([]);
    expect(again(null, 'succeeded', 0)).toEqual(['wrongRepeats']);
    expect(again('running', 'succeeded', 1)).toEqual(['wrongRepeats']);
  });

  it('finds a result that was not saved before the next request', () => {
    const states = (polls: number) => Object.keys(found(watched({ states: [saved(0, { sentAtMs: 0 }), saved(1, { polls: 1 }), saved(2, { polls, sentAtMs: 2 })] })));
    expect(states(1)).toEqual([]);
    expect(states(2)).toEqual(['unsavedStates']);
  });

  it('names the places in which a key was found', () => {
    expect(found(watched({ leaks: ['state: key'] }))).toEqual({ leaks: ['ark/cgt-1 (watch 1): state: key'] });
  });

  it.each<readonly [string, Partial<KeyRecord>, readonly Partial<KeyRequest>[], keyof Faults | null]>([
    ['two requests in a minute', { perMinute: 2 }, [{ sentAtMs: 0 }, { sentAtMs: 1 }, { sentAtMs: 60_000 }], null],
    ['three requests in a minute', { perMinute: 2 }, [{ sentAtMs: 0 }, { sentAtMs: 1 }, { sentAtMs: 59_999 }], 'requestsOverLimit'],
    ['silence after Retry-After', {}, [{ sentAtMs: 0, receivedAtMs: 5, retryAfterMs: 20 }, { sentAtMs: 4 }, { sentAtMs: 25 }], null],
    ['no silence after Retry-After', {}, [{ sentAtMs: 0, receivedAtMs: 5, retryAfterMs: 20 }, { sentAtMs: 24 }], 'brokenSilences'],
    ['a limit that is kept', { isLimited: true }, Array.from({ length: 900 }, (_, index) => ({ isOverLimit: index < 120 })), null],
    ['a limit that is still looked for', { isLimited: true }, Array.from({ length: 600 }, (_, index) => ({ isOverLimit: index < 120 })), null],
    ['a limit that is ignored', { isLimited: true }, Array.from({ length: 900 }, (_, index) => ({ isOverLimit: index < 180 })), 'manyRefusals'],
  ])('judges the requests with a key: %s', (_, key, requests, fault) => {
    const record = { name: 'ark, client 1', perMinute: null, isLimited: false, ...key, requests: requests.map((request) => ({ sentAtMs: 0, receivedAtMs: null, isOverLimit: false, retryAfterMs: null, ...request })) };
    expect(Object.keys(faultsIn([good], [record], null))).toEqual(fault === null ? [] : [fault]);
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
    expect(check([task], [], rules).unjustifiedErrors).toHaveLength(isJustified ? 0 : 1);
  });

  it('counts the results that a watcher received, and not those of other watchers during a pause', () => {
    const exchanges = [0, 1, 2, 3, 4, 5].map((index) => polled(index * 200_000, index === 3 ? 'ok' : 'error'));
    const error: WatchErrorRecord = { kind: 'response', reason: 'server', atMs: 1_000_100, exchanges: exchanges.length };
    const count = (away: WatchRecord['away']) => check([watched({ errors: [error], away }, { exchanges })], [], rules).unjustifiedErrors.length;
    expect(count([])).toBe(1);
    expect(count([{ fromMs: 500_000, toMs: 600_000 }])).toBe(1);
    expect(count([{ fromMs: 600_000, toMs: 600_001 }])).toBe(0);
  });

  it('measures a delay from the end of the task, or from when its watcher resumed', () => {
    expect(delaysOf([good, watched({ resumedAtMs: 20_000, resumeCount: 1 }), watched({ endedAtMs: null })])).toEqual([7_000, 5_000]);
  });
});
