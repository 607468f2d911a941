import { describe, expect, it, vi } from 'vitest';
import { type Attempt, constantDelay } from '../../src/poll/delay-policy.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import type { TaskSnapshot } from '../../src/task/snapshot.js';
import { type WatchConfigOptions, watchConfig } from '../../src/state/watch-config.js';
import { applyResult, markSent, nextDelayMs, resumeWatch, shiftWatch, startWatch, timeLeftMs, reportedStatus, type WatchState } from '../../src/state/watch-state.js';
import { noHints, type TaskHints } from '../../src/wire/facts.js';
import type { Provider } from '../../src/wire/provider.js';
import type { ResponseReason } from '../../src/wire/error-response.js';
import {
  type Result,
  driven,
  good,
  noResponse,
  noResponseInTime,
  withPacing,
  refusal,
  type Said,
  type Step,
  task,
  unreadable,
} from '../support/snapshots.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const start = 1_750_000_000_000;

const config = watchConfig(ark);
const begun = startWatch(task, config, start);

const times = <A>(count: number, value: A): readonly A[] => Array.from({ length: count }, () => value);

/** The states of a watch that polls on time, from its start, with responses at once. */
const run = (results: readonly Result[], options: WatchConfigOptions = {}, provider: Provider = ark): readonly Step[] => {
  const own = watchConfig(provider, options);
  return driven(startWatch(task, own, start), results, own, { nowMs: start });
};

const lastOf = (steps: readonly Step[]): WatchState => {
  const step = steps.at(-1);
  if (step === undefined) throw new Error('no poll was sent');
  return step.state;
};

/** The state after results at given times, on schedule or not. */
const after = (results: readonly (readonly [atMs: number, result: Result])[], own = config, from = begun): WatchState =>
  results.reduce((state, [atMs, result]) => applyResult(state, result, own, start + atMs), from);

const waits = (steps: readonly Step[]): readonly (number | 'done')[] => steps.map(({ state, atMs }) => nextDelayMs(state, atMs));

const deepFrozen = <A>(value: A): A => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFrozen);
  return value;
};

describe('a new watch', () => {
  it('knows nothing and polls at once', () => {
    expect(begun).toMatchObject({
      version: 2,
      task,
      baseUrl: ark.baseUrl,
      startedAtMs: start,
      deadlineAtMs: null,
      polls: 0,
      lastError: null,
      failureCount: 0,
      snapshot: null,
      progress: 0,
      polledAtMs: null,
      nextPollAtMs: start,
      ended: null,
    });
    expect(nextDelayMs(begun, start)).toBe(0);
  });

  it('counts a given deadline from its start', () => {
    expect(startWatch(task, watchConfig(ark, { deadlineMs: 5 * minute }), start).deadlineAtMs).toBe(start + 5 * minute);
  });

  it('has the base URL of its account', () => {
    expect(startWatch(task, watchConfig(ark, { baseUrl: 'https://proxy.example/ark' }), start).baseUrl).toBe('https://proxy.example/ark');
  });
});

describe('a good response', () => {
  it('is kept without its body', () => {
    const state = after([[0, good('running', { model: 'seedance-1-5-pro' }, { secret: 'body' })]]);
    expect(state.snapshot).toMatchObject({ status: 'running', model: 'seedance-1-5-pro', task });
    expect(state.snapshot).not.toHaveProperty('raw');
    expect(JSON.stringify(state)).not.toContain('secret');
    expect(state).toMatchObject({ polls: 1, failureCount: 0, lastError: null, polledAtMs: start, ended: null });
  });

  it.each(['succeeded', 'failed', 'cancelled', 'expired'] as const)('ends the watch when the task is %s', (status) => {
    const state = after([[0, good('running')], [10 * second, good(status)]]);
    expect(state).toMatchObject({ ended: 'terminal', polls: 2, snapshot: { status } });
    expect(nextDelayMs(state, start + 10 * second)).toBe('done');
  });

  it.each([['queued', 10], ['running', 90], ['unknown', 10]] as const)('polls again while the task is %s, within one interval from %i s on', (status, from) => {
    const [step] = run([good(status)]);
    expect(step?.state.ended).toBeNull();
    expect(waits(run([good(status)]))[0]).toSatisfy((wait: number) => wait >= from * second && wait < (from + 10) * second);
  });

  it('keeps the previous status until the status changes again', () => {
    const steps = run([good('queued'), good('running'), noResponse, good('running'), good('running'), good('succeeded')]);
    expect(steps.map(({ state }) => state.previousStatus)).toEqual([null, 'queued', 'queued', 'queued', 'queued', 'running']);
  });

  it('with an unknown status does not end the watch before the deadline', () => {
    const steps = run(times(2_000, good('unknown', { providerStatus: 'PAUSED' })));
    expect(lastOf(steps)).toMatchObject({ ended: 'timeout', snapshot: { status: 'unknown', providerStatus: 'PAUSED' } });
    expect(steps.at(-1)?.atMs).toBeLessThanOrEqual(start + 2 * hour);
  });

  it('clears the previous error', () => {
    const state = after([[0, noResponse], [10 * second, noResponse], [30 * second, good('queued')]]);
    expect(state).toMatchObject({ lastError: null, failureCount: 0, polls: 3, snapshot: { status: 'queued' } });
  });
});

describe('temporary errors: polled again', () => {
  const passing: readonly (readonly [string, Result])[] = [
    ['no response', noResponse],
    ['no response in time', noResponseInTime],
    ['a server error', refusal('server')],
    ['a rate limit', refusal('rate-limited')],
    ['an empty result', refusal('empty')],
    ['an unreadable result', unreadable],
  ];

  it.each(passing)('%s: after the minimum interval, doubled each time, up to 2 minutes', (_, result) => {
    expect(waits(run(times(7, result)))).toEqual([10, 20, 40, 80, 120, 120, 120].map((seconds) => seconds * second));
  });

  it.each(passing)('%s: gives up at the first one after 15 minutes, with its kind and reason', (_, result) => {
    const steps = run(times(100, result));
    const error = result._tag === 'Left' ? result.left : null;
    expect(steps.map(({ atMs }) => (atMs - start) / second)).toEqual([0, 10, 30, 70, 150, 270, 390, 510, 630, 750, 870, 990]);
    expect(lastOf(steps)).toMatchObject({
      ended: error?.kind,
      polls: 12,
      failureCount: 12,
      lastError: { kind: error?.kind, reason: error !== null && 'reason' in error ? error.reason : null, sameFailureCount: 12, sinceMs: start },
    });
  });

  it.each(passing)('%s: gives up at the same time for a task with a snapshot, and keeps the snapshot', (_, result) => {
    const state = lastOf(run([good('running', { model: 'm' }), ...times(100, result)]));
    expect(state).toMatchObject({ failureCount: 12, snapshot: { status: 'running', model: 'm' } });
    expect(state.ended).not.toBeNull();
  });

  it('starts at the minimum interval, never waits less, and grows up to 2 minutes', () => {
    const waitsAt = (minIntervalMs: number): readonly unknown[] =>
      waits(run(times(5, noResponse), { giveUpAfterMs: 10 * hour }, withPacing({ minIntervalMs, recommended: { minMs: minIntervalMs, maxMs: 10 * minIntervalMs } })));
    expect(waitsAt(50 * second)).toEqual([50 * second, 100 * second, 120 * second, 120 * second, 120 * second]);
    expect(waitsAt(5 * minute).slice(0, 4)).toEqual(times(4, 5 * minute));
    expect(waitsAt(second)).toEqual([1, 2, 4, 8, 16].map((seconds) => seconds * second));
  });

  it('restarts at the minimum interval after a good response', () => {
    const steps = run([noResponse, noResponse, noResponse, good('running'), noResponse, noResponse]);
    expect(waits(steps).slice(-2)).toEqual([10 * second, 20 * second]);
  });

  it('keeps doubling for errors of different kinds', () => {
    expect(waits(run([noResponse, refusal('server'), unreadable]))).toEqual([10 * second, 20 * second, 40 * second]);
  });

  it('never changes what is known of the task', () => {
    const seen = after([[0, good('running', { progress: 0.4 })]]);
    const { snapshot, progress, deadlineAtMs } = seen;
    for (const [, result] of passing) {
      expect(after([[10 * second, result]], config, seen)).toMatchObject({ snapshot, progress, deadlineAtMs });
    }
  });

  it('reports kind, reason, HTTP status, message, number of consecutive failures and the first instant', () => {
    const state = after([[0, good('queued')], [10 * second, refusal('server')], [20 * second, refusal('server')]]);
    expect(state.lastError).toEqual({
      kind: 'response',
      reason: 'server',
      status: 503,
      message: 'said server',
      sameFailureCount: 2,
      sinceMs: start + 10 * second,
    });
    expect(after([[0, noResponse]]).lastError).toEqual({
      kind: 'transport',
      reason: null,
      status: null,
      message: 'connection reset',
      sameFailureCount: 1,
      sinceMs: start,
    });
    expect(after([[0, unreadable]]).lastError).toMatchObject({ kind: 'decode', message: 'no JSON: <html>; no task' });
  });
});

describe('Retry-After', () => {
  const waitAfter = (retryAfterMs: number, reason: ResponseReason = 'rate-limited'): unknown => waits(run([refusal(reason, retryAfterMs)]))[0];

  it('is used when it is longer than the wait', () => {
    expect(waitAfter(95 * second)).toBe(95 * second);
    expect(waitAfter(95 * second, 'server')).toBe(95 * second);
  });

  it('never shortens a wait', () => {
    expect(waitAfter(2 * second)).toBe(10 * second);
    expect(waitAfter(0)).toBe(10 * second);
    expect(waits(run([noResponse, refusal('rate-limited', 2 * second)]))[1]).toBe(20 * second);
  });

  it('is used up to 10 minutes', () => {
    expect(waitAfter(10 * minute)).toBe(10 * minute);
    expect(waitAfter(3 * hour)).toBe(10 * minute);
    expect(waitAfter(Number.MAX_SAFE_INTEGER)).toBe(10 * minute);
  });

  it('applies to one poll only', () => {
    expect(waits(run([refusal('rate-limited', 95 * second), noResponse]))[1]).toBe(20 * second);
  });

  it('overrides a policy', () => {
    const options = { policy: { retry: constantDelay(11 * second) } };
    expect(waits(run([refusal('rate-limited', 95 * second)], options))).toEqual([95 * second]);
  });
});

describe('giveUpAfterMs', () => {
  it('tolerates fewer than five consecutive failures for any time', () => {
    const four = after([[0, noResponse], [1 * hour, noResponse], [2 * hour, noResponse], [3 * hour, noResponse]]);
    expect(four).toMatchObject({ ended: null, failureCount: 4 });
    expect(after([[4 * hour, noResponse]], config, four)).toMatchObject({ ended: 'transport', failureCount: 5 });
  });

  it('tolerates more than five consecutive failures in a shorter time', () => {
    const state = after(Array.from({ length: 14 }, (_, index) => [index * minute, noResponse] as const));
    expect(state).toMatchObject({ ended: null, failureCount: 14 });
    expect(after([[15 * minute, noResponse]], config, state).ended).toBe('transport');
  });

  it('counts consecutive failures of any reason, and ends with the last one', () => {
    const mixed = [noResponse, refusal('server'), unreadable, noResponseInTime].map((result, index) => [index * 4 * minute, result] as const);
    const state = after([...mixed, [16 * minute, refusal('rate-limited')]]);
    expect(state).toMatchObject({ ended: 'response', failureCount: 5, lastError: { reason: 'rate-limited', status: 429, sameFailureCount: 1 } });
  });

  it('restarts after any good response', () => {
    const almost = times(11, noResponse);
    const steps = run([...almost, good('running'), ...almost, good('running'), ...almost]);
    expect(steps).toHaveLength(35);
    expect(lastOf(steps)).toMatchObject({ ended: null, failureCount: 11 });
  });

  it('is set by the option', () => {
    const own = watchConfig(ark, { giveUpAfterMs: 2 * minute });
    const steps = driven(startWatch(task, own, start), times(100, noResponse), own, { nowMs: start });
    expect(steps.map(({ atMs }) => (atMs - start) / second)).toEqual([0, 10, 30, 70, 150]);
  });

  it('limits the watch of a task without a response, which has no other deadline', () => {
    const steps = run(times(100, refusal('server')));
    expect(lastOf(steps)).toMatchObject({ deadlineAtMs: null, ended: 'response', snapshot: null });
  });
});

describe('permanent errors', () => {
  it('unauthorized: the third one ends the watch', () => {
    const steps = run(times(9, refusal('unauthorized')));
    expect(steps.map(({ state }) => state.ended)).toEqual([null, null, 'response']);
    expect(lastOf(steps).lastError).toMatchObject({ reason: 'unauthorized', status: 401, sameFailureCount: 3 });
  });

  it.each(['quota', 'forbidden', 'rejected'] as const)('%s: the second consecutive one ends the watch', (reason) => {
    const steps = run(times(9, refusal(reason)));
    expect(steps.map(({ state }) => state.ended)).toEqual([null, 'response']);
    expect(lastOf(steps).lastError).toMatchObject({ reason, sameFailureCount: 2 });
  });

  it.each(['unauthorized', 'forbidden', 'rejected'] as const)('%s: is polled again after the same waits', (reason) => {
    expect(waits(run([refusal(reason)]))).toEqual([10 * second]);
    expect(waits(run([noResponse, refusal(reason)]))).toEqual([10 * second, 20 * second]);
  });

  const broken: readonly (readonly [string, readonly Result[], 'response' | 'gone' | null])[] = [
    ['unauthorized twice, a server error, once again', [...times(2, refusal('unauthorized')), refusal('server'), refusal('unauthorized')], 'response'],
    ['unauthorized, no result, unauthorized, a server error, unauthorized', [refusal('unauthorized'), noResponse, refusal('unauthorized'), refusal('server'), refusal('unauthorized')], 'response'],
    ['unauthorized twice, a good result, twice again', [...times(2, refusal('unauthorized')), good('running'), ...times(2, refusal('unauthorized'))], null],
    ['forbidden, rejected, forbidden, rejected', [refusal('forbidden'), refusal('rejected'), refusal('forbidden'), refusal('rejected')], null],
    ['forbidden, no result, forbidden', [refusal('forbidden'), noResponse, refusal('forbidden')], null],
    ['rejected, a good result, rejected', [refusal('rejected'), good('queued'), refusal('rejected')], null],
    ['rejected, unreadable, rejected twice', [refusal('rejected'), unreadable, ...times(2, refusal('rejected'))], 'response'],
    ['seen, not found, a server error, not found', [good('running'), refusal('not-found'), refusal('server'), refusal('not-found')], null],
    ['seen, not found, seen, not found', [good('running'), refusal('not-found'), good('running'), refusal('not-found')], null],
    ['seen, no result, not found twice', [good('running'), noResponse, ...times(2, refusal('not-found'))], 'gone'],
    ['quota, a server error, quota', [refusal('quota'), refusal('server'), refusal('quota')], null],
    ['a wrong URL, seen already, again and again', [good('running'), ...times(4, refusal('wrong-url'))], null],
  ];

  it.each(broken)('a different reason in between resets the consecutive count, but not the count of 401s: %s', (_, results, ended) => {
    const steps = run(results);
    expect(steps).toHaveLength(results.length);
    expect(lastOf(steps).ended).toBe(ended);
  });
});

describe('a task that is not found', () => {
  it('never seen: waits as for any error, and ends at the third one or later, at least 60 s after the first', () => {
    const steps = run(times(9, refusal('not-found')));
    expect(steps.map(({ atMs, state }) => [(atMs - start) / second, state.ended])).toEqual([[0, null], [10, null], [30, null], [70, 'response']]);
    expect(lastOf(steps)).toMatchObject({ lastError: { reason: 'not-found', status: 404, sameFailureCount: 4 }, snapshot: null });
  });

  const neverSeen: readonly (readonly [string, readonly number[], 'response' | null])[] = [
    ['the third after 60 s exactly', [0, 30, 60], 'response'],
    ['the third a moment before 60 s', [0, 30, 59.999], null],
    ['the second after an hour', [0, 3_600], null],
    ['the third after an hour', [0, 3_600, 3_601], 'response'],
    ['the fourth within 60 s', [0, 10, 20, 30], null],
  ];

  it.each(neverSeen)('never seen: %s', (_, seconds, ended) => {
    expect(after(seconds.map((at) => [at * second, refusal('not-found')] as const)).ended).toBe(ended);
  });

  it('never seen: another reason restarts the 60 s', () => {
    const state = after([[0, refusal('not-found')], [40 * second, refusal('not-found')], [50 * second, noResponse]]);
    const again = after([[60 * second, refusal('not-found')], [90 * second, refusal('not-found')], [119 * second, refusal('not-found')]], config, state);
    expect(again.ended).toBeNull();
    expect(after([[120 * second, refusal('not-found')]], config, again).ended).toBe('response');
  });

  it('never seen, then found: continues normally', () => {
    const state = lastOf(run([...times(3, refusal('not-found')), good('queued')]));
    expect(state).toMatchObject({ ended: null, failureCount: 0, snapshot: { status: 'queued' } });
  });

  it('seen: the second consecutive one ends as gone, with the last snapshot', () => {
    const steps = run([good('running', { model: 'm' }), ...times(5, refusal('not-found'))]);
    expect(steps.map(({ state }) => state.ended)).toEqual([null, null, 'gone']);
    expect(lastOf(steps)).toMatchObject({ snapshot: { status: 'running', model: 'm' }, lastError: { reason: 'not-found', sameFailureCount: 2 } });
  });

  it('seen: the second one counts, early or late', () => {
    const seen = after([[0, good('running')], [10 * second, refusal('not-found')]]);
    expect(after([[11 * second, refusal('not-found')]], config, seen).ended).toBe('gone');
    expect(after([[5 * minute, refusal('not-found')]], config, seen).ended).toBe('gone');
  });
});

describe('time between save and resume', () => {
  const saved = (results: readonly Result[]): WatchState => lastOf(run(results));
  const restoredAt = (state: WatchState, atMs: number): WatchState => resumeWatch(state, config, start + atMs);

  it('does not count for giveUpAfterMs', () => {
    const state = restoredAt(saved(times(6, noResponse)), 24 * hour);
    const next = after([[24 * hour, noResponse]], config, state);
    expect(next).toMatchObject({ ended: null, failureCount: 7 });
    expect(nextDelayMs(next, start + 24 * hour)).toBe(2 * minute);
  });

  it('keeps the time that failures had lasted before', () => {
    const state = restoredAt(saved(times(11, noResponse)), 24 * hour);
    expect(after([[24 * hour, noResponse]], config, state).ended).toBe('transport');
  });

  it('does not count for the grace of a task that was never seen', () => {
    const state = restoredAt(saved(times(2, refusal('not-found'))), 24 * hour);
    const third = after([[24 * hour, refusal('not-found')]], config, state);
    expect(third).toMatchObject({ ended: null, lastError: { sameFailureCount: 3 } });
    expect(after([[24 * hour + 40 * second, refusal('not-found')]], config, third).ended).toBe('response');
  });

  it('polls at once if the next poll was due meanwhile, else when it is due', () => {
    const state = saved([good('running')]);
    expect(nextDelayMs(restoredAt(state, hour), start + hour)).toBe(0);
    expect(nextDelayMs(restoredAt(state, second), start + second)).toBe(state.nextPollAtMs - start - second);
  });

  it('moves a default deadline, and no other', () => {
    const state = saved([good('running')]);
    const downMs = start + hour - state.nextPollAtMs;
    expect(restoredAt(state, hour)).toMatchObject({ deadlineKind: 'default', deadlineAtMs: (state.deadlineAtMs ?? 0) + downMs });
    expect(restoredAt(state, second).deadlineAtMs).toBe(state.deadlineAtMs);
    const provider = saved([good('running', { providerDeadlineAtMs: start + 48 * hour })]);
    expect(restoredAt(provider, hour)).toMatchObject({ deadlineKind: 'provider', deadlineAtMs: provider.deadlineAtMs });
    const given = startWatch(task, watchConfig(ark, { deadlineMs: 9 * hour }), start);
    expect(restoredAt(given, hour)).toMatchObject({ deadlineKind: 'given', deadlineAtMs: start + 9 * hour });
  });

  it('a deadline of the configuration applies, unless the watch already had a given one', () => {
    const own = watchConfig(ark, { deadlineMs: 9 * hour });
    expect(resumeWatch(saved([good('running')]), own, start + hour)).toMatchObject({ deadlineKind: 'given', deadlineAtMs: start + 9 * hour });
    const given = startWatch(task, watchConfig(ark, { deadlineMs: 3 * hour }), start);
    expect(resumeWatch(given, own, start + hour).deadlineAtMs).toBe(start + 3 * hour);
  });

  it('counts for a given deadline, which runs from the start of the watch', () => {
    const own = watchConfig(ark, { deadlineMs: 9 * hour });
    expect(resumeWatch(saved([noResponse]), own, start + hour).deadlineAtMs).toBe(start + 9 * hour);
  });

  it('resuming twice before the first poll does not extend it', () => {
    const once = restoredAt(saved(times(6, noResponse)), hour);
    expect(resumeWatch(once, config, start + hour)).toEqual(once);
  });

  it('does not begin in the future when the watch is saved again before its first poll', () => {
    const twice = resumeWatch(restoredAt(saved(times(2, refusal('not-found'))), hour), config, start + 2 * hour);
    expect(twice.lastError?.sinceMs).toBeLessThanOrEqual(start + 2 * hour);
    expect(twice.failingSinceMs).toBeLessThanOrEqual(start + 2 * hour);
  });

  it('does not count if the clock was set back', () => {
    const state = saved(times(4, noResponse));
    const backMs = start - hour - (state.polledAtMs ?? 0);
    expect(restoredAt(state, -hour).lastError).toEqual({ ...state.lastError, sinceMs: (state.lastError?.sinceMs ?? 0) + backMs });
    expect(nextDelayMs(restoredAt(state, -hour), start - hour)).toSatisfy((wait: number) => wait >= 0 && wait <= 2 * minute);
  });

  it('leaves a finished task as it was', () => {
    const state = saved([good('running'), good('succeeded')]);
    expect(restoredAt(state, hour)).toBe(state);
  });

  it('restarts a watch that ended in an error, with its snapshot', () => {
    const state = saved([good('running'), ...times(2, refusal('not-found'))]);
    const again = restoredAt(state, hour);
    expect(again).toMatchObject({ ended: null, snapshot: { status: 'running' }, failureCount: 0 });
    expect(nextDelayMs(again, start + hour)).toBe(0);
    expect(after([[hour, refusal('not-found')]], config, again).ended).toBeNull();
  });

  it('a watch that just ended in an error waits for the minimum interval first', () => {
    const lost = after([[0, good('running')], [minute, refusal('quota')], [2 * minute, refusal('quota')]]);
    expect(nextDelayMs(restoredAt(lost, 2 * minute), start + 2 * minute)).toBe(10 * second);
  });

  it('changes nothing else', () => {
    const state = resumeWatch(begun, config, start + hour);
    expect(state).toEqual({ ...begun, pollsBeforeDeadline: 1 });
    expect(after(times(5, [hour, noResponse] as const), config, state)).toMatchObject({ failingSinceMs: start + hour, ended: null });
  });
});

describe('a sent request', () => {
  const later = after([[0, good('running')]], watchConfig(ark, { policy: { interval: constantDelay(minute) } }));
  const sending = [['the first', begun, 0], ['a later one', later, minute]] as const;
  const waitOf = (state: WatchState, atMs: number): number | 'done' => nextDelayMs(resumeWatch(state, config, start + atMs), start + atMs);

  it('is marked in an otherwise unchanged state until its result', () => {
    const state = after([[0, good('running')]]);
    const sent = markSent(state, start + 20 * second);
    expect(sent).toEqual({ ...state, sentAtMs: start + 20 * second });
    for (const result of [good('running'), noResponse]) expect(applyResult(sent, result, config, start + 21 * second).sentAtMs).toBeNull();
  });

  it.each(sending)('%s: a resumed watch keeps the minimum interval after it, counted from up to 10 s after its mark', (_, state, sentMs) => {
    const sent = markSent(state, start + sentMs);
    expect([0, 1, 4_000, 10_000, 15_000, 20_000, 30_000].map((ms) => waitOf(sent, sentMs + ms))).toEqual([10_000, 10_000, 10_000, 10_000, 5_000, 0, 0]);
  });

  it.each(sending)('%s: a clock set back delays the next one by one minimum interval at most', (_, state, sentMs) => {
    const sent = markSent(state, start + sentMs);
    for (const backMs of [1, second, minute, 8 * hour]) {
      expect(waitOf(sent, sentMs - backMs), `${String(backMs)} ms back before`).toBe(10 * second);
      expect(nextDelayMs(resumeWatch(sent, config, start + sentMs), start + sentMs - backMs), `${String(backMs)} ms back after`).toBe(10 * second);
    }
  });

  it('does not shorten a wait longer than the minimum interval', () => {
    const failing = after([[0, refusal('rate-limited', 95 * second)]]);
    expect(waitOf(markSent(failing, start + second), 2 * second)).toBe(93 * second);
  });
});

describe('the deadline', () => {
  const fixedBy = (said: Said, options: WatchConfigOptions = {}): number | null => lastOf(run([good('running', said)], options)).deadlineAtMs;

  it('is the given one, whatever the task reports', () => {
    expect(fixedBy({ providerDeadlineAtMs: start + 48 * hour }, { deadlineMs: 7 * minute })).toBe(start + 7 * minute);
  });

  it('is set by the first good response: 10 minutes after the provider expires the task', () => {
    expect(fixedBy({ providerDeadlineAtMs: start + 48 * hour })).toBe(start + 48 * hour + 10 * minute);
    expect(fixedBy({ providerDeadlineAtMs: start + 48 * hour, settings: { serviceTier: 'flex' } })).toBe(start + 48 * hour + 10 * minute);
  });

  it('is 2 h if the provider has none, and 50 h on the flex tier', () => {
    expect(fixedBy({})).toBe(start + 2 * hour);
    expect(fixedBy({ settings: { serviceTier: 'default' } })).toBe(start + 2 * hour);
    expect(fixedBy({ settings: { serviceTier: 'flex' } })).toBe(start + 50 * hour);
  });

  it('uses the expected tier until a response has another', () => {
    const options = { expected: { serviceTier: 'flex' } };
    expect(fixedBy({}, options)).toBe(start + 50 * hour);
    expect(fixedBy({ settings: { serviceTier: 'default' } }, options)).toBe(start + 2 * hour);
  });

  it('is not set by an error', () => {
    expect(lastOf(run([noResponse, refusal('server')])).deadlineAtMs).toBeNull();
  });

  it('of the provider follows later responses, and stays if they have none', () => {
    const said = (atMs: number | null): Result => good('running', { providerDeadlineAtMs: atMs });
    const steps = run([said(start + 5 * hour), said(start + 9 * hour), said(null), noResponse]);
    expect(steps.map(({ state }) => (state.deadlineAtMs ?? 0) - start)).toEqual([5, 9, 9, 9].map((hours) => hours * hour + 10 * minute));
  });

  it.each([
    ['in seconds that are ms', start + 5 * 365 * 24 * hour, 75 * hour],
    ['a clock that is ahead by decades', start + 73 * 365 * 24 * hour, 75 * hour],
    ['a time zone back', start - 7 * hour, 2 * hour],
    ['before the first response', 0, 2 * hour],
  ])('of the provider is limited to 2 h to 75 h after the first good response: %s', (_, providerDeadlineAtMs, ms) => {
    expect(fixedBy({ providerDeadlineAtMs })).toBe(start + ms);
  });

  it('of the provider counts from the first good response if the creation time is unknown', () => {
    expect(fixedBy({ expiresAfterMs: 48 * hour })).toBe(start + 48 * hour + 10 * minute);
  });

  it('that is given stays, whatever the provider reports', () => {
    const steps = run([good('queued'), good('running', { providerDeadlineAtMs: start + 9 * hour })], { deadlineMs: 20 * hour });
    expect(lastOf(steps)).toMatchObject({ deadlineKind: 'given', deadlineAtMs: start + 20 * hour });
  });

  const every = (ms: number): WatchConfigOptions => ({ deadlineMs: 100 * second, policy: { interval: constantDelay(ms), retry: constantDelay(ms) } });

  it('shortens the last wait, so that a final poll fits before it', () => {
    const own = every(70 * second);
    const [, second2] = run([good('running'), good('running')], own);
    expect(second2?.atMs).toBe(start + 70 * second);
    expect(second2?.state.nextPollAtMs).toSatisfy((at: number) => at >= start + 80 * second && at < start + 100 * second);
  });

  it('shortens the last wait after an error too', () => {
    const [step] = run([noResponse], every(95 * second));
    expect(step?.state.nextPollAtMs).toSatisfy((at: number) => at >= start + 10 * second && at < start + 100 * second);
  });

  it('never shortens a wait below the minimum interval', () => {
    const own = watchConfig(ark, { deadlineMs: 12 * second });
    const state = applyResult(startWatch(task, own, start), good('running'), own, start + 5 * second);
    expect(state).toMatchObject({ ended: null, nextPollAtMs: start + 15 * second });
    expect(nextDelayMs(state, start + 5 * second)).toBe(7 * second);
  });

  it('never shortens a wait below a Retry-After', () => {
    const [step] = run([refusal('rate-limited', 95 * second)], every(20 * second));
    expect(step?.state.nextPollAtMs).toBe(start + 95 * second);
    expect(waits(run([refusal('rate-limited', 200 * second)], every(20 * second)))).toEqual([100 * second]);
  });

  it('ends a watch as timeout, with what is known', () => {
    const steps = run(times(100, good('running', { model: 'm' })), { deadlineMs: 5 * minute });
    expect(steps.at(-1)?.atMs).toBe(start + 5 * minute);
    expect(lastOf(steps)).toMatchObject({ ended: 'timeout', snapshot: { status: 'running', model: 'm' } });
  });

  it.each(['queued', 'running', 'unknown'] as const)('a response with %s at the deadline or later is kept, and the watch ends as timeout', (status) => {
    const own = watchConfig(ark, { deadlineMs: minute });
    const seed = startWatch(task, own, start);
    for (const atMs of [minute, minute + 1, 9 * hour]) {
      expect(applyResult(seed, good(status), own, start + atMs)).toMatchObject({ ended: 'timeout', snapshot: { status } });
    }
  });

  it.each(['succeeded', 'failed', 'cancelled', 'expired'] as const)('a response with %s at the deadline or later counts', (status) => {
    const own = watchConfig(ark, { deadlineMs: minute });
    const seed = startWatch(task, own, start);
    for (const atMs of [minute, minute + 1, 9 * hour]) {
      expect(applyResult(seed, good(status), own, start + atMs)).toMatchObject({ ended: 'terminal', snapshot: { status } });
    }
  });

  it('an error at the deadline or later ends as timeout', () => {
    const own = watchConfig(ark, { deadlineMs: minute });
    expect(applyResult(startWatch(task, own, start), noResponse, own, start + minute)).toMatchObject({ ended: 'timeout', polls: 1 });
  });

  it('is kept by a restored watch, which may poll once more after it', () => {
    const own = watchConfig(ark, { deadlineMs: minute });
    const saved = applyResult(startWatch(task, own, start), good('running'), own, start);
    const late = resumeWatch(saved, own, start + hour);
    expect(late).toMatchObject({ ended: null, deadlineAtMs: start + minute });
    expect(nextDelayMs(late, start + hour)).toBe(0);
    expect(applyResult(late, good('succeeded'), own, start + hour).ended).toBe('terminal');
    expect(applyResult(late, good('running'), own, start + hour).ended).toBe('timeout');
  });

  it('ends a wait for a poll that is due after it', () => {
    const own = watchConfig(ark, { deadlineMs: minute });
    const state = applyResult(startWatch(task, own, start), refusal('rate-limited', 95 * second), own, start);
    expect([59 * second, minute - 1, minute, minute + 1].map((atMs) => nextDelayMs(state, start + atMs))).toEqual([second, 1, 0, 0]);
    expect(timeLeftMs(state, start + minute)).toBe(0);
  });
});

describe('an unconfirmed terminal status', () => {
  const noLink = good('succeeded', { video: null });
  const shown = (state: WatchState) => [state.ended, reportedStatus(state), state.nextPollAtMs - (state.polledAtMs ?? 0)];
  const anyfastConfig = watchConfig(anyfast);
  const failure = (message: string): Result => good('failed', { failure: { code: null, message, reason: 'unknown' } });

  it('a success without a link is polled again at the minimum interval, until the link comes', () => {
    const states = [noLink, noLink, good('succeeded')].reduce<WatchState[]>((all, result, index) =>
      [...all, applyResult(all.at(-1) ?? begun, result, config, start + index * 10 * second)], [applyResult(begun, good('running'), config, start - 10 * second)]);
    expect(states.slice(1).map(shown)).toEqual([[null, 'running', 10 * second], [null, 'running', 10 * second], ['terminal', 'succeeded', 10 * second]]);
    expect(states[1]).toMatchObject({ snapshot: { status: 'succeeded', video: null }, progress: expect.closeTo(0) as number });
    expect(states.at(-1)).toMatchObject({ previousStatus: 'running', unconfirmedSinceMs: null, progress: 1 });
  });

  it('after three minutes it is final, also when the polls fail', () => {
    for (const [result, ended] of [[noLink, 'terminal'], [noResponse, 'terminal'], [refusal('not-found'), 'terminal']] as const) {
      const state = after([[0, noLink], [3 * minute - 1, noResponse]]);
      expect(state.ended).toBeNull();
      expect(after([[3 * minute, result]], config, state)).toMatchObject({ ended, snapshot: { status: 'succeeded', video: null }, progress: 1, lastError: null });
    }
    // An error that would end the watch ends it with the status of the snapshot.
    expect(after([[0, noLink], [10 * second, refusal('not-found')], [20 * second, refusal('not-found')]])).toMatchObject({ ended: 'terminal' });
  });

  it('the watch continues when the task turns out to be running', () => {
    expect(shown(after([[0, noLink], [10 * second, good('running')]])).slice(0, 2)).toEqual([null, 'running']);
  });

  it('is final at once when the link would have expired', () => {
    expect(after([[0, good('succeeded', { video: null, finishedAtMs: start - 25 * hour })]]).ended).toBe('terminal');
  });

  it('is polled once after a restore, unless the link would have expired', () => {
    const saved = after([[0, noLink], [3 * minute, noLink]]);
    const again = resumeWatch(saved, config, start + hour);
    expect(again).toMatchObject({ ended: null, nextPollAtMs: start + hour });
    for (const result of [noLink, good('succeeded'), noResponse]) expect(applyResult(again, result, config, start + hour).ended).toBe('terminal');
    expect(resumeWatch(saved, config, start + 25 * hour)).toBe(saved);
  });

  it.each(['task failed', 'Upstream returned error', 'upstream returned unrecognized message', 'Failed to get channel info, channel ID: 7'])('a failure reported by a relay is polled once more: %s', (words) => {
    const once = applyResult(startWatch(task, anyfastConfig, start), failure(words), anyfastConfig, start);
    expect(shown(once)).toEqual([null, null, 10 * second]);
    expect(applyResult(once, failure(words), anyfastConfig, start + 15 * second).ended).toBe('terminal');
    expect(applyResult(once, good('succeeded'), anyfastConfig, start + 15 * second)).toMatchObject({ ended: 'terminal', snapshot: { status: 'succeeded' } });
  });

  it.each(['task failed, code: InvalidParameter, message: no such ratio', 'no face was found'])('a failure with a cause is final: %s', (words) => {
    expect(applyResult(startWatch(task, anyfastConfig, start), failure(words), anyfastConfig, start).ended).toBe('terminal');
  });
});

describe('a jump of the clock', () => {
  const running = after([[0, good('running')], [20 * second, noResponse]]);

  it.each([3 * hour, 56 * 365 * 24 * hour, -8 * hour])('moves every instant that measures running time: %d ms', (jumpMs) => {
    const moved = shiftWatch(running, jumpMs);
    for (const name of ['startedAtMs', 'firstSeenAtMs', 'deadlineAtMs', 'failingSinceMs', 'polledAtMs', 'nextPollAtMs'] as const) {
      expect(moved[name], name).toBe((running[name] ?? 0) + jumpMs);
    }
    expect(moved.lastError?.sinceMs).toBe((running.lastError?.sinceMs ?? 0) + jumpMs);
    expect(moved).toMatchObject({ polls: 2, failureCount: 1, ended: null });
  });

  it('does not move a given deadline, and one more poll is sent before it ends the watch', () => {
    const own = watchConfig(ark, { deadlineMs: minute });
    const woken = shiftWatch(applyResult(startWatch(task, own, start), good('running'), own, start), hour);
    expect(woken.deadlineAtMs).toBe(start + minute);
    expect(timeLeftMs(woken, start + hour)).toBe(Infinity);
    expect(applyResult(woken, good('running'), own, start + hour).ended).toBe('timeout');
  });

  it('during a request, its result does not count as one more poll', () => {
    const own = watchConfig(ark, { deadlineMs: minute });
    const woken = shiftWatch(markSent(startWatch(task, own, start), start), hour);
    const failed = applyResult(woken, noResponse, own, start + hour);
    expect(failed.ended).toBeNull();
    expect(applyResult(failed, noResponse, own, failed.nextPollAtMs).ended).toBe('timeout');
  });

  it('computes a provider deadline again', () => {
    const early = applyResult(startWatch(task, config, 0), good('running', { providerDeadlineAtMs: start + 48 * hour }), config, 0);
    expect(early.deadlineAtMs).toBe(75 * hour);
    expect(shiftWatch(early, start).deadlineAtMs).toBe(start + 48 * hour + 10 * minute);
  });

  it('leaves an ended watch as it was', () => {
    const ended = after([[0, good('succeeded')]]);
    expect(shiftWatch(ended, hour)).toBe(ended);
  });
});

describe('the time in the provider\'s queue', () => {
  it('is not run time: the expected time counts from the last response with status queued', () => {
    const queued = after([[0, good('queued', { createdAtMs: start })], [20 * minute, good('queued', { createdAtMs: start })]]);
    const state = after([[20 * minute + 20 * second, good('running', { createdAtMs: start })]], config, queued);
    expect(state.progress).toBeLessThan(0.2);
    expect(state.nextPollAtMs - (state.polledAtMs ?? 0)).toBeGreaterThan(60 * second);
  });
});

describe('the first poll', () => {
  it('is sent after firstPollAfterMs, with the deadline counted from the start', () => {
    const own = watchConfig(ark, { firstPollAfterMs: 20 * second, deadlineMs: minute });
    expect(startWatch(task, own, start)).toMatchObject({ nextPollAtMs: start + 20 * second, deadlineAtMs: start + minute });
    expect(() => watchConfig(ark, { firstPollAfterMs: -1 })).toThrow(/firstPollAfterMs.*-1/);
  });
});

describe('the polling interval', () => {
  const ages = [0, second, minute, 3 * minute, 5 * minute, 8 * minute, hour, 100 * hour];

  /** The waits after a second response, `running`, at each age. The first response was `queued`. */
  const waitsOf = (provider: Provider, said: Said, expected: Partial<TaskHints> = {}): readonly number[] =>
    ages.map((ageMs) => {
      const own = watchConfig(provider, { expected: expected, deadlineMs: 1_000 * hour });
      const queued = applyResult(startWatch(task, own, start), good('queued', said), own, start);
      const state = applyResult(queued, good('running', said), own, start + ageMs);
      return state.nextPollAtMs - start - ageMs;
    });

  /** The time from that age until the task can have ended. */
  const earlyMs = (expectedFrom: number | null, age: number): number => (expectedFrom ?? 0) * second - (ages[age] ?? 0);

  const paces: readonly (readonly [name: string, Provider, Said, Partial<TaskHints>, expectedFrom: number | null, least: number, most: number])[] = [
    ['ark', ark, {}, {}, 90, 10, 20],
    ['ark, flex', ark, { settings: { serviceTier: 'flex' } }, {}, null, 10, 20],
    ['ark, 30 s of video', ark, { settings: { durationMs: 30_000 } }, {}, 330, 10, 20],
    ['powertokens', powertokens, {}, {}, 90, 10, 20],
    ['yescale', yescale, {}, {}, 90, 10, 20],
    ['anyfast', anyfast, {}, {}, null, 13.5, 15],
    ['kyyaipower', kyyaipower, {}, {}, null, 30, 60],
    ['xingchao', xingchao, {}, {}, null, 30, 60],
    ['kyyaipower, a 480p preview', kyyaipower, { settings: { resolution: '480p' } }, {}, null, 10, 20],
    ['kyyaipower, a 480p preview by its model', kyyaipower, { model: 'seedance_1_5_pro_480p' }, {}, null, 10, 20],
    ['kyyaipower, a 480p preview as expected', kyyaipower, {}, { resolution: '480p' }, null, 10, 20],
    ['xingchao, 10 s of video as expected', xingchao, {}, { model: 'seedance-2.0', durationMs: 10_000 }, null, 30, 60],
    ['xingchao, flex', xingchao, { settings: { serviceTier: 'flex' } }, {}, null, 60, 120],
    ['xingchao, flex as expected', xingchao, {}, { serviceTier: 'flex' }, null, 60, 120],
    ['xingchao, flex in 480p', xingchao, { settings: { serviceTier: 'flex', resolution: '480p' } }, {}, null, 60, 120],
  ];

  it.each([anyfast, kyyaipower, xingchao])('$id: a running task is polled as often as its provider recommends', (provider) => {
    const longestMs = provider.pacing(noHints).longestMs ?? 0;
    expect(longestMs).toBeGreaterThan(0);
    for (const wait of waitsOf(provider, {}, { model: 'seedance-2.0', durationMs: 15_000 })) expect(wait).toBeLessThanOrEqual(longestMs);
  });

  it.each(paces)('%s: stays within the provider\'s range once the task can have ended', (_, provider, said, expected, expectedFrom, least, most) => {
    for (const [index, wait] of waitsOf(provider, said, expected).entries()) {
      if (earlyMs(expectedFrom, index) > least * second) continue;
      expect(wait).toBeGreaterThanOrEqual(least * second);
      expect(wait).toBeLessThanOrEqual(most * second);
    }
  });

  it.each(paces.filter(([, , , , expectedFrom]) => expectedFrom !== null))('%s: waits until the task can have ended, at most 2 minutes at a time', (_, provider, said, expected, expectedFrom, least) => {
    const early = waitsOf(provider, said, expected).map((wait, index) => [wait, earlyMs(expectedFrom, index)] as const).filter(([, ms]) => ms > least * second);
    expect(early.length).toBeGreaterThanOrEqual(2);
    for (const [wait, ms] of early) {
      const soonest = Math.min(ms, 2 * minute - least * second);
      expect(wait).toBeGreaterThanOrEqual(soonest);
      expect(wait).toBeLessThanOrEqual(soonest + least * second);
    }
  });

  it('grows with the age of a task, and after its expected time', () => {
    const own = waitsOf(kyyaipower, {});
    expect(own[0]).toBeLessThan(34 * second);
    expect(own.at(-1)).toBe(60 * second);
    expect(waitsOf(ark, {}).slice(3)).toEqual([10, 16, 20, 20, 20].map((seconds) => seconds * second));
  });

  it('never goes below the minimum interval, even if the provider\'s range does', () => {
    const provider = withPacing({ minIntervalMs: 30 * second, recommended: { minMs: second, maxMs: 2 * second } });
    const [first, ...later] = waits(run(times(3, good('queued')), {}, provider));
    expect(first).toSatisfy((wait: number) => wait >= 30 * second && wait < 31 * second);
    expect(later).toEqual([30 * second, 30 * second]);
    const running = waits(run([good('queued'), ...times(3, good('running'))], {}, provider));
    expect(running[1]).toSatisfy((wait: number) => wait > 30 * second);
    expect(running.slice(2)).toEqual([30 * second, 30 * second]);
  });

  it.each(['interval', 'retry'] as const)('never goes below the minimum interval for policy.%s', (name) => {
    const result = name === 'interval' ? good('running') : noResponse;
    for (const delay of [0, 1, 9_999]) {
      expect(waits(run([result], { policy: { [name]: constantDelay(delay) } }))).toEqual([10 * second]);
    }
    expect(waits(run([result], { policy: { [name]: constantDelay(25 * second) } }))).toEqual([25 * second]);
  });

  it('polls at whole milliseconds', () => {
    expect(waits(run([good('running')], { policy: { interval: () => 12_345.678 } }))[0]).toSatisfy(Number.isInteger);
  });

  it.each(['interval', 'retry'] as const)('policy.%s that returns stop ends the watch as timeout', (name) => {
    const result = name === 'interval' ? good('running') : noResponse;
    const state = lastOf(run([good('queued'), result, result], { policy: { interval: constantDelay(0), [name]: () => 'stop' } }));
    expect(state).toMatchObject({ ended: 'timeout', polls: name === 'interval' ? 1 : 2 });
  });

  const refuses = (name: 'interval' | 'retry', values: readonly unknown[]): void => {
    for (const value of values) {
      const own = watchConfig(ark, { policy: { [name]: () => value as number } });
      const result = name === 'interval' ? good('running') : noResponse;
      const apply = (): unknown => applyResult(startWatch(task, own, start), result, own, start);
      expect(apply).toThrow(RangeError);
      expect(apply).toThrow(`policy.${name}`);
      expect(apply).toThrow(String(value));
    }
  };

  it.each(['interval', 'retry'] as const)('an invalid result of policy.%s throws an error with the name and the value', (name) => {
    refuses(name, [Number.NaN, -1, Infinity, -Infinity, undefined, 'soon']);
  });

  it.each(['interval', 'retry'] as const)('policy.%s that returns null or a numeric string throws an error', (name) => {
    refuses(name, [null, '30000']);
  });
});

describe('the input of a policy', () => {
  const shown = (results: readonly Result[]): Record<'interval' | 'retry', Attempt<TaskSnapshot>[]> => {
    const seen: Record<'interval' | 'retry', Attempt<TaskSnapshot>[]> = { interval: [], retry: [] };
    const recorder = (name: 'interval' | 'retry') => (attempt: Attempt<TaskSnapshot>) => {
      seen[name].push(attempt);
      return 30 * second;
    };
    run(results, { policy: { interval: recorder('interval'), retry: recorder('retry') } });
    return seen;
  };

  it('an interval: the number of polls, the age of the watch, the latest snapshot', () => {
    const { interval } = shown([good('queued'), noResponse, good('running')]);
    expect(interval.map(({ index, elapsedMs, latest }) => [index, elapsedMs, latest?.status])).toEqual([[0, 0, 'queued'], [2, minute, 'running']]);
  });

  it('a retry: the consecutive failures before it, since when, and the latest snapshot', () => {
    const { retry } = shown([noResponse, good('running'), refusal('server'), noResponse]);
    expect(retry.map(({ index, elapsedMs, latest }) => [index, elapsedMs, latest?.status])).toEqual([
      [0, 0, undefined],
      [0, 0, 'running'],
      [1, 30 * second, 'running'],
    ]);
  });

  it('0 ≤ jitter < 1, which differs by poll and by task, and is the same for the same state', () => {
    const random = vi.spyOn(Math, 'random');
    const once = shown(times(50, good('running'))).interval.map(({ jitter }) => jitter);
    expect(once).toHaveLength(50);
    expect(shown(times(50, good('running'))).interval.map(({ jitter }) => jitter)).toEqual(once);
    expect(new Set(once).size).toBe(50);
    expect(once.every((jitter) => jitter >= 0 && jitter < 1)).toBe(true);
    expect(Math.max(...once) - Math.min(...once)).toBeGreaterThan(0.5);
    expect(random).not.toHaveBeenCalled();
    random.mockRestore();
  });

  it('a jitter that spreads tasks with similar ids', () => {
    const jitters = Array.from({ length: 100 }, (_, index) => {
      const seen: number[] = [];
      const own = watchConfig(ark, { policy: { interval: ({ jitter }) => seen.push(jitter) * 0 } });
      applyResult(startWatch({ provider: 'ark', id: `cgt-2026-${String(index)}` }, own, start), good('queued'), own, start);
      return seen[0] ?? 0;
    });
    for (const third of [0, 1, 2]) {
      expect(jitters.filter((jitter) => Math.floor(jitter * 3) === third).length).toBeGreaterThan(10);
    }
  });
});

describe('progress', () => {
  const progressOf = (results: readonly Result[], provider: Provider = anyfast): readonly (readonly [number, boolean])[] =>
    run(results, {}, provider).map(({ state: { progress, estimated } }) => [progress, estimated]);

  it('is what the provider reports', () => {
    expect(progressOf([good('running', { progress: 0.3 }), good('running', { progress: 0.8 })])).toEqual([[0.3, false], [0.8, false]]);
  });

  it('never decreases', () => {
    const reports = [0.5, 0.2, null, 0.6].map((progress) => good('running', { progress }));
    expect(progressOf(reports).map(([progress]) => progress)).toEqual([0.5, 0.5, 0.5, 0.6]);
  });

  it('is below 1 until the end, whatever the provider reports, and 1 then', () => {
    const [reported, ended] = progressOf([good('running', { progress: 1 }), good('succeeded', { progress: 1 })]);
    expect(reported?.[0]).toSatisfy((progress: number) => progress > 0.9 && progress < 1);
    expect(ended).toEqual([1, false]);
  });

  it('is estimated from the expected time if none is reported, and marked as estimated', () => {
    const values = progressOf(times(200, good('running', { startedAtMs: start })));
    expect(values.every(([, estimated]) => estimated)).toBe(true);
    const numbers = values.map(([progress]) => progress);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers[0]).toBeLessThan(0.1);
    expect(numbers.at(-1)).toSatisfy((progress: number) => progress > 0.9 && progress < 1);
  });

  it('is 1 and no estimate at the end of a task whose progress was estimated', () => {
    expect(progressOf([good('running'), good('failed')]).at(-1)).toEqual([1, false]);
  });

  it('is not an estimate once the provider reports as much', () => {
    const steps = progressOf([...times(8, good('running', { startedAtMs: start })), good('running', { progress: 0.95 })]);
    expect(steps.at(-2)?.[1]).toBe(true);
    expect(steps.at(-1)).toEqual([0.95, false]);
    expect(progressOf([good('queued', { progress: null }), good('queued', { progress: 0 })], ark)).toEqual([[0, true], [0, false]]);
  });

  const twoMinutes: Provider = { ...ark, expectedTimeMs: () => ({ minMs: minute, maxMs: 2 * minute }) };
  const estimateAt = (atMs: number, status: 'queued' | 'running', said: Said = {}): number =>
    after([[atMs, good(status, said)]], watchConfig(twoMinutes)).progress;

  it('an estimate is 0.9 at the end of the expected time, and grows more and more slowly after it', () => {
    expect([0, 0.5, 1, 2, 5].map((share) => estimateAt(share * 2 * minute, 'running'))).toEqual([0, 0.45, 0.9, 0.95, 0.98]);
  });

  it('an estimate counts from the start of the task, else from its creation, else from the start of the watch', () => {
    const [createdAtMs, startedAtMs] = [start - minute, start + minute];
    const shares = [{ createdAtMs, startedAtMs }, { createdAtMs }, {}].map((said) => estimateAt(2 * minute, 'running', said));
    expect(shares).toEqual([0.45, 1 - 0.1 / 1.5, 0.9]);
  });

  it('is 0 while the task is queued', () => {
    expect(estimateAt(hour, 'queued')).toBe(0);
  });

  it('stays the reported value when the provider stops reporting', () => {
    expect(progressOf([good('queued', { progress: 0 }), good('queued')], ark)).toEqual([[0, false], [0, false]]);
  });

  it('is an estimate of 0 if the expected time is unknown', () => {
    expect(progressOf([good('running', { settings: { serviceTier: 'flex' } })], ark)).toEqual([[0, true]]);
  });

  it('is not changed by an error', () => {
    expect(progressOf([good('running', { progress: 0.4 }), noResponse])).toEqual([[0.4, false], [0.4, false]]);
  });
});

describe('an ended watch', () => {
  const ends: readonly (readonly [string, readonly Result[]])[] = [
    ['terminal', [good('succeeded')]],
    ['gone', [good('running'), ...times(2, refusal('not-found'))]],
    ['refused', [refusal('quota'), refusal('quota')]],
  ];

  it.each(ends)('%s: ignores further results and does not wait', (_, results) => {
    const ended = lastOf(run(results));
    for (const result of [good('running'), good('succeeded'), noResponse, refusal('quota')]) {
      expect(applyResult(ended, result, config, start + hour)).toBe(ended);
    }
    expect(nextDelayMs(ended, start)).toBe('done');
    expect(nextDelayMs(ended, start + 1_000 * hour)).toBe('done');
  });
});

describe('the functions of the state', () => {
  it('do not change their arguments', () => {
    const results = [good('queued'), noResponse, refusal('server', 5_000), good('running', { progress: 0.4 }), good('succeeded')];
    let state = deepFrozen(begun);
    for (const result of results) {
      state = deepFrozen(applyResult(state, deepFrozen(result), deepFrozen(config), state.nextPollAtMs));
      deepFrozen(resumeWatch(state, config, state.nextPollAtMs + hour));
      nextDelayMs(state, start);
    }
    expect(state.ended).toBe('terminal');
  });

  it('poll at once, and only once, after a forward clock jump', () => {
    const state = after([[0, good('running', { providerDeadlineAtMs: start + 48 * hour })]]);
    expect(nextDelayMs(state, start + 8 * hour)).toBe(0);
    const next = after([[8 * hour, good('running')]], config, state);
    expect(nextDelayMs(next, start + 8 * hour)).toBeGreaterThanOrEqual(10 * second);
  });

  it('wait no longer than planned after the clock was set back', () => {
    const state = after([[0, good('running')]]);
    expect(nextDelayMs(state, start - 8 * hour)).toBe(state.nextPollAtMs - start);
    const failing = after([[0, refusal('rate-limited', 95 * second)]]);
    expect(nextDelayMs(failing, start - 8 * hour)).toBe(95 * second);
    expect(nextDelayMs(begun, start - 8 * hour)).toBe(0);
  });

  it('wait for the deadline when no further poll fits before it', () => {
    const own = watchConfig(ark, { deadlineMs: 12 * second });
    const state = applyResult(startWatch(task, own, start), good('running'), own, start + 8 * second);
    expect(nextDelayMs(state, start + 8 * second)).toBe(4 * second);
    expect(applyResult(state, noResponseInTime, own, start + 12 * second).ended).toBe('timeout');
  });
});
