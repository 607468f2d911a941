import fc from 'fast-check';
import { right } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { progressAt, remainingMs } from '../../src/state/progress.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { applyResult, shiftWatch, startWatch, type WatchState } from '../../src/state/watch-state.js';
import { anyInstantMs, anyPendingSnapshot, anyResult } from '../support/arbitraries.js';
import { readingOf } from '../support/readings.js';
import { good, noResponse, noResponseInTime, task } from '../support/snapshots.js';

const anyConfig = fc.constantFrom(ark, anyfast, kyyaipower).map((provider) => watchConfig(provider));
const anyWaitMs = fc.nat({ max: 200_000 });

/** A state and the time of a look at it: at its poll, and at some moments before the next one. */
interface Look {
  readonly state: WatchState;
  readonly nowMs: number;
}

/** A watch whose clock never goes back, and all looks at it. */
const anyLooks: fc.Arbitrary<readonly Look[]> = fc
  .tuple(anyConfig, anyInstantMs, fc.array(fc.tuple(anyResult, fc.array(anyWaitMs, { minLength: 1, maxLength: 3 })), { maxLength: 20 }))
  .map(([config, startMs, polls]) => {
    let nowMs = startMs;
    let state = startWatch(task, config, nowMs);
    const looks: Look[] = [{ state, nowMs }];
    for (const [result, waits] of polls) {
      state = applyResult(state, result, config, nowMs);
      looks.push({ state, nowMs });
      for (const waitMs of waits) {
        nowMs += waitMs;
        looks.push({ state, nowMs });
      }
    }
    return looks;
  });

const config = watchConfig(ark);
const running = { startedAtMs: 0, model: 'doubao-seedance-1-0-pro-250528', settings: { durationMs: 5_000, resolution: '720p' } };
const runningAt = (nowMs: number, said: object = {}): WatchState => applyResult(startWatch(task, config, 0), good('running', { ...running, ...said }), config, nowMs);
const expected = ark.expectedTimeMs(config.hintsOf(runningAt(0).snapshot));
if (expected === null) throw new Error('ark names no expected time for this task');
const { minMs, maxMs } = expected;

describe('progressAt', () => {
  it('moves between two polls while it is estimated: 90% at the latest expected end, and more and more slowly after it', () => {
    const state = runningAt(10_000);
    expect([0.1, 0.5, 1].map((ratio) => progressAt(state, ratio * maxMs))).toEqual([0.1, 0.5, 1].map((ratio) => expect.closeTo(0.9 * ratio, 10) as number));
    expect(progressAt(state, 2 * maxMs)).toBeCloseTo(0.95, 10);
    expect(progressAt(state, 1e15)).toBe(0.99);
  });

  it('stays at a reported progress', () => {
    const state = runningAt(10_000, { progress: 0.4 });
    expect(progressAt(state, maxMs)).toBe(0.4);
  });

  it('does not count the time in the queue', () => {
    const queued = applyResult(startWatch(task, config, 0), good('queued'), config, 50_000);
    expect(progressAt(queued, 10 * maxMs)).toBe(0);
    const begun = applyResult(queued, good('running', { ...running, startedAtMs: null }), config, 60_000);
    expect(progressAt(begun, 60_000)).toBeCloseTo((0.9 * 10_000) / maxMs, 10);
  });

  it('keeps what was shown when a response says less', () => {
    const before = runningAt(10_000);
    const shown = progressAt(before, 60_000);
    const longer = applyResult(before, good('running', { ...running, settings: { durationMs: 12_000, resolution: '1080p' } }), config, 60_000);
    const reported = applyResult(before, good('running', { ...running, progress: 0.01 }), config, 60_000);
    expect([progressAt(longer, 60_000), progressAt(reported, 60_000)]).toEqual([shown, shown]);
  });

  it('moves on while polls fail', () => {
    const state = applyResult(runningAt(10_000), noResponse, config, 20_000);
    expect(progressAt(state, 0.5 * maxMs)).toBeCloseTo(0.45, 10);
  });

  it('keeps what was shown when the watch gives up', () => {
    const timedOut = applyResult({ ...runningAt(10_000), deadlineAtMs: 60_000, deadlineKind: 'given' }, noResponseInTime, config, 60_000);
    expect([timedOut.ended, progressAt(timedOut, 100_000)]).toEqual(['timeout', progressAt(runningAt(10_000), 60_000)]);
  });

  it('never decreases, and is 1 only at the end', () => {
    fc.assert(fc.property(anyLooks, (looks) => {
      let last = 0;
      for (const { state, nowMs } of looks) {
        const progress = progressAt(state, nowMs);
        expect(progress).toBeGreaterThanOrEqual(last);
        expect(progress === 1).toBe(state.ended === 'terminal');
        last = progress;
      }
    }));
  });
});

describe('remainingMs', () => {
  it('counts down to the earliest and the latest expected end, then knows nothing', () => {
    const state = runningAt(10_000);
    expect(remainingMs(state, 10_000)).toEqual({ minMs: minMs - 10_000, maxMs: maxMs - 10_000 });
    expect(remainingMs(state, minMs + 1)).toEqual({ minMs: 0, maxMs: maxMs - minMs - 1 });
    expect(remainingMs(state, maxMs)).toBeNull();
  });

  it('follows a reported progress: the rest of the way takes its part of the expected time', () => {
    const state = runningAt(10_000, { progress: 0.9 });
    expect(remainingMs(state, 10_000)).toEqual({ minMs: expect.closeTo(0.1 * minMs, 3), maxMs: expect.closeTo(0.1 * maxMs, 3) });
  });

  it('counts down also while the same progress is reported again', () => {
    const again = applyResult(runningAt(10_000, { progress: 0.3 }), good('running', { ...running, progress: 0.3 }), config, 40_000);
    expect(remainingMs(again, 40_000)).toEqual({ minMs: expect.closeTo(0.7 * minMs - 30_000, 3), maxMs: expect.closeTo(0.7 * maxMs - 30_000, 3) });
  });

  it('stays the same when the clock jumps', () => {
    const state = runningAt(10_000);
    for (const jumpMs of [3_600_000, -3_600_000]) {
      const jumped = shiftWatch(state, jumpMs);
      expect(remainingMs(jumped, 10_000 + jumpMs)).toEqual(remainingMs(state, 10_000));
      expect(progressAt(jumped, 10_000 + jumpMs)).toBe(progressAt(state, 10_000));
    }
  });

  it('is null before the task runs, and without an expected time', () => {
    const queued = applyResult(startWatch(task, config, 0), good('queued'), config, 0);
    expect(remainingMs(queued, 0)).toBeNull();
    expect(remainingMs(startWatch(task, config, 0), 0)).toBeNull();
    const unknown = watchConfig({ ...ark, expectedTimeMs: () => null });
    expect(remainingMs(applyResult(startWatch(task, unknown, 0), good('running', running), unknown, 0), 0)).toBeNull();
  });

  it('never grows while responses stay the same', () => {
    fc.assert(fc.property(anyConfig, anyInstantMs, anyPendingSnapshot, fc.array(anyWaitMs, { maxLength: 20 }), (rules, startMs, pending, waits) => {
      let nowMs = startMs;
      let state = applyResult(startWatch(task, rules, nowMs), right(readingOf(pending)), rules, nowMs);
      let last = remainingMs(state, nowMs);
      for (const [index, waitMs] of waits.entries()) {
        nowMs += waitMs;
        if (index % 2 === 0) state = applyResult(state, right(readingOf(pending)), rules, nowMs);
        const left = remainingMs(state, nowMs);
        expect(left?.minMs ?? 0).toBeLessThanOrEqual(last?.minMs ?? 0);
        expect(left?.maxMs ?? 0).toBeLessThanOrEqual(last?.maxMs ?? 0);
        last = left;
      }
    }));
  });

  it('is 0 exactly when the progress is 1', () => {
    fc.assert(fc.property(anyLooks, (looks) => {
      for (const { state, nowMs } of looks) {
        const left = remainingMs(state, nowMs);
        expect(left?.maxMs === 0).toBe(progressAt(state, nowMs) === 1);
        if (left !== null) expect(left.minMs).toBeLessThanOrEqual(left.maxMs);
      }
    }));
  });
});
