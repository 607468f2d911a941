import { describe, expect, it } from 'vitest';
import type { Exchange, Loss, TaskRecord, WatchRecord } from './records.js';
import { delaysOf, judge } from './checker.js';

const rules = { minIntervalMs: 10_000, giveUpAfterMs: 900_000 };

const seen = (from: string | null, to: string, atMs: number) => ({ from, to, isTerminal: ['succeeded', 'failed'].includes(to), atMs });
const asked = (sentAtMs: number, result: Exchange['result'] = 'told', by: Exchange['by'] = 'single'): Exchange => ({ sentAtMs, by, result, answeredAtMs: result === 'nothing' ? null : sentAtMs });

const goodWatch: WatchRecord = {
  beganAtMs: 0,
  resumedAtMs: 0,
  deadlineAtMs: 3_600_000,
  away: [],
  seen: [seen(null, 'queued', 0), seen('queued', 'running', 10_000), seen('running', 'succeeded', 25_000)],
  losses: [],
  resumptions: 0,
  end: 'succeeded',
  endedAtMs: 25_000,
};
const good: TaskRecord = {
  name: 'ark/cgt-1',
  expected: 'succeeded',
  endsAtMs: 18_000,
  exchanges: [asked(0), asked(10_000), asked(25_000)],
  watches: [goodWatch],
};

const watched = (changes: Partial<WatchRecord>, task: Partial<TaskRecord> = {}): TaskRecord => ({ ...good, ...task, watches: [{ ...goodWatch, ...changes }] });
const none = { endsLost: [], wrongEnds: [], unwarrantedLosses: [], asksBelowFloor: [], duplicateEnds: [], brokenTails: [] };

/** The faults that are found in one task. */
const found = (task: TaskRecord): object => Object.fromEntries(Object.entries(judge([good, task], rules)).filter(([, faults]) => faults.length > 0));

describe('the verdict on a campaign', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(judge([good], rules)).toEqual(none);
  });

  it('finds an end that was lost', () => {
    const lost = watched({ end: null, endedAtMs: null, seen: goodWatch.seen.slice(0, 2) });
    expect(found(lost)).toEqual({ endsLost: ['ark/cgt-1 (watch 1): no end, instead of succeeded'] });
  });

  it('finds the second watch of a task that lost its end', () => {
    const second = { ...good, watches: [goodWatch, { ...goodWatch, end: null }] };
    expect(found(second)).toEqual({ endsLost: ['ark/cgt-1 (watch 2): no end, instead of succeeded'] });
  });

  it.each(['failed internal', 'gone', 'deadline', 'succeeded with the video of another'])('finds a wrong end: %s', (end) => {
    expect(found(watched({ end }))).toEqual({ wrongEnds: [`ark/cgt-1 (watch 1): ${end}, instead of succeeded`] });
  });

  it('finds an end that is told before it has come', () => {
    expect(found(watched({}, { endsAtMs: 25_001 }))).toEqual({ wrongEnds: ['ark/cgt-1 (watch 1): succeeded, 1 ms before it was so'] });
    const early = watched({ end: 'deadline', endedAtMs: 3_599_000 }, { expected: 'deadline', endsAtMs: null });
    expect(found(early)).toEqual({ wrongEnds: ['ark/cgt-1 (watch 1): deadline, 1000 ms before it was so'] });
  });

  it('finds a task called gone that was never known, and the other way round', () => {
    const gone: Partial<TaskRecord> = { expected: 'gone' };
    expect(found(watched({ end: 'gone' }, gone))).toEqual({});
    expect(found(watched({ end: 'never known', seen: [] }, gone))).toEqual({});
    expect(Object.keys(found(watched({ end: 'gone', seen: [] }, gone)))).toEqual(['wrongEnds']);
    expect(Object.keys(found(watched({ end: 'never known' }, gone)))).toEqual(['wrongEnds']);
  });

  it('finds an ask below the floor, by a millisecond', () => {
    expect(found({ ...good, exchanges: [asked(0), asked(9_999)] })).toEqual({ asksBelowFloor: ['ark/cgt-1: asked at 9999 ms, 9999 ms after the question before'] });
  });

  it('allows one single request at once after a list that left the task out, and no second', () => {
    const list = asked(10_000, 'left out', 'list');
    expect(found({ ...good, exchanges: [asked(0), list, asked(10_001)] })).toEqual({});
    expect(Object.keys(found({ ...good, exchanges: [asked(0), list, asked(10_001), asked(10_002)] }))).toEqual(['asksBelowFloor']);
    expect(Object.keys(found({ ...good, exchanges: [asked(5_000), list, asked(10_001)] }))).toEqual(['asksBelowFloor']);
    expect(Object.keys(found({ ...good, exchanges: [list, asked(10_001, 'told', 'list')] }))).toEqual(['asksBelowFloor']);
  });

  it('finds a second terminal transition', () => {
    const twice = watched({ seen: [...goodWatch.seen, seen('running', 'succeeded', 26_000)] });
    expect(found(twice)).toMatchObject({ duplicateEnds: ['ark/cgt-1 (watch 1): succeeded, succeeded'] });
  });

  it('finds a transition that does not follow from the one before', () => {
    const broken = watched({ seen: [seen(null, 'queued', 0), seen('running', 'succeeded', 25_000)] });
    expect(found(broken)).toEqual({ brokenTails: ['ark/cgt-1 (watch 1): queued, then running → succeeded'] });
    expect(Object.keys(found(watched({ seen: [seen(null, 'queued', 0), seen('queued', 'queued', 1), seen('queued', 'succeeded', 2)] })))).toEqual(['brokenTails']);
  });

  it.each<readonly [string, Pick<Loss, 'kind' | 'reason'>, readonly Exchange[], boolean]>([
    ['three refusals of a key', { kind: 'response', reason: 'unauthorized' }, [asked(0, 'unauthorized'), asked(10_000, 'unauthorized'), asked(20_000, 'unauthorized')], true],
    ['three refusals of a key with another failure among them', { kind: 'response', reason: 'unauthorized' }, [asked(0, 'unauthorized'), asked(10_000, 'trouble'), asked(20_000, 'unauthorized'), asked(30_000, 'unauthorized')], true],
    ['three refusals of a key with a good response among them', { kind: 'response', reason: 'unauthorized' }, [asked(0, 'unauthorized'), asked(10_000, 'unauthorized'), asked(20_000), asked(30_000, 'unauthorized')], false],
    ['two refusals of a key', { kind: 'response', reason: 'unauthorized' }, [asked(0), asked(10_000, 'unauthorized'), asked(20_000, 'unauthorized')], false],
    ['two unknown tasks', { kind: 'gone', reason: 'not-found' }, [asked(0), asked(10_000, 'unknown'), asked(20_000, 'unknown')], true],
    ['one unknown task', { kind: 'gone', reason: 'not-found' }, [asked(0), asked(10_000, 'unknown')], false],
    ['two refusals of a task', { kind: 'response', reason: 'rejected' }, [asked(0, 'unknown'), asked(10_000, 'unknown')], true],
    ['a refusal of a task, and no answer', { kind: 'response', reason: 'rejected' }, [asked(0, 'unknown'), asked(10_000, 'nothing')], false],
    ['an unknown task at the end of fifteen minutes of troubles', { kind: 'response', reason: 'not-found' }, [0, 1, 2, 3, 4].map((index) => asked(index * 250_000, index < 4 ? 'nothing' : 'unknown')), true],
    ['a refusal that was never sent', { kind: 'response', reason: 'forbidden' }, [asked(0, 'trouble'), asked(10_000, 'trouble')], false],
    ['an hour of five troubles', { kind: 'response', reason: 'server' }, [0, 1, 2, 3, 4].map((index) => asked(index * 250_000, 'trouble')), true],
    ['an hour of four troubles', { kind: 'response', reason: 'server' }, [0, 1, 2, 3].map((index) => asked(index * 250_000, 'trouble')), false],
    ['five troubles in a minute', { kind: 'transport', reason: null }, [asked(900_000), ...[1, 2, 3, 4, 5].map((index) => asked(900_000 + index * 10_000, 'nothing'))], false],
    ['a deadline that is far off', { kind: 'timeout', reason: null }, [asked(0, 'nothing')], false],
  ])('knows whether a watch may give up: %s', (_, loss, exchanges, isWarranted) => {
    const lost = watched({ losses: [{ ...loss, atMs: 1_000_100, exchanges: exchanges.length }] }, { exchanges });
    expect(judge([lost], rules).unwarrantedLosses).toHaveLength(isWarranted ? 0 : 1);
  });

  it('holds against a watcher what it was told, and not what others were told while it was away', () => {
    const exchanges = [0, 1, 2, 3, 4, 5].map((index) => asked(index * 200_000, index === 3 ? 'told' : 'trouble'));
    const loss: Loss = { kind: 'response', reason: 'server', atMs: 1_000_100, exchanges: exchanges.length };
    const told = (away: WatchRecord['away']) => judge([watched({ losses: [loss], away }, { exchanges })], rules).unwarrantedLosses.length;
    expect(told([])).toBe(1);
    expect(told([{ fromMs: 500_000, toMs: 600_000 }])).toBe(1);
    expect(told([{ fromMs: 600_000, toMs: 600_001 }])).toBe(0);
  });

  it('counts a delay from the end of the task, or from when its watcher went on', () => {
    expect(delaysOf([good, watched({ resumedAtMs: 20_000, resumptions: 1 }), watched({ endedAtMs: null })])).toEqual([7_000, 5_000]);
  });
});
