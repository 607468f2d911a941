import { describe, expect, it, vi } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import { errorOf as errorOfState, isSeedanceError, SeedanceError, type SeedanceErrorKind } from '../../src/state/errors.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { applyResult, startWatch, type WatchState } from '../../src/state/watch-state.js';
import { type Result, driven, good, noResponse, noResponseInTime, refusal, task, unreadable } from '../support/snapshots.js';

const nowMs = 1_750_000_000_000;
const config = watchConfig(ark);
const begun = startWatch(task, config, nowMs);

const stateAfter = (...results: readonly Result[]): WatchState => driven(begun, results, config, { nowMs }).at(-1)?.state ?? begun;

const many = (result: Result): readonly Result[] => Array.from({ length: 50 }, () => result);

const errorAfter = (...results: readonly Result[]): SeedanceError => {
  const error = errorOfState(stateAfter(...results));
  if (error === null) throw new Error('the watch has no error');
  return error;
};

const errorOf = (kind: SeedanceErrorKind): SeedanceError => new SeedanceError('failed', { kind, task, lastSnapshot: null, state: null });

describe('SeedanceError', () => {
  it('is an error with a name, a message and a stack', () => {
    const error = errorOf('gone');
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('SeedanceError');
    expect(String(error)).toBe('SeedanceError: failed');
    expect(error.stack).toContain('errors.test');
  });

  it('carries the task, the last snapshot, and the state to resume from', () => {
    const error = errorAfter(good('running', { model: 'm' }), refusal('not-found'), refusal('not-found'));
    expect(error).toMatchObject({ kind: 'gone', task, lastSnapshot: { status: 'running', model: 'm' }, reason: 'not-found', status: 404 });
    expect(error.state).toMatchObject({ ended: 'gone', polls: 3 });
  });

  it('can be written as JSON, with the state in it', () => {
    const error = errorAfter(refusal('quota'), refusal('quota'));
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ kind: 'response', reason: 'quota', task, state: { version: 2, ended: 'response' } });
  });
});

describe('isSeedanceError', () => {
  const kinds: readonly SeedanceErrorKind[] = ['transport', 'response', 'decode', 'timeout', 'gone', 'unsuccessful'];

  it.each(kinds)('knows an error of kind %s, and of no other kind', (kind) => {
    const error: unknown = errorOf(kind);
    expect(isSeedanceError(error)).toBe(true);
    expect(kinds.filter((other) => isSeedanceError(error, other))).toEqual([kind]);
  });

  it('recognises nothing else', () => {
    const lookalike = Object.assign(new Error('failed'), { name: 'SeedanceError', kind: 'gone', task, lastSnapshot: null, state: null });
    for (const other of [lookalike, new Error('failed'), { kind: 'gone' }, { ...errorOf('gone') }, 'gone', 0, null, undefined, [], () => errorOf('gone')]) {
      expect(isSeedanceError(other)).toBe(false);
      expect(isSeedanceError(other, 'gone')).toBe(false);
    }
  });

  it('is not fooled by a prototype', () => {
    expect(isSeedanceError(Object.create(errorOf('gone')))).toBe(false);
  });

  it('knows the errors of another copy of the library, and the copy knows ours', async () => {
    vi.resetModules();
    const copy = await import('../../src/state/errors.js');
    expect(copy.SeedanceError).not.toBe(SeedanceError);
    const foreign: unknown = new copy.SeedanceError('failed', { kind: 'gone', task, lastSnapshot: null, state: null });
    expect(foreign).not.toBeInstanceOf(SeedanceError);
    expect(isSeedanceError(foreign)).toBe(true);
    expect(isSeedanceError(foreign, 'gone')).toBe(true);
    expect(isSeedanceError(foreign, 'timeout')).toBe(false);
    expect(copy.isSeedanceError(errorOf('gone'), 'gone')).toBe(true);
  });
});

describe('the error of a watch', () => {
  it('is null for a running watch, and for a task that finished with any status', () => {
    for (const result of [good('running'), noResponse, good('succeeded'), good('failed'), good('cancelled'), good('expired')]) {
      expect(errorOfState(stateAfter(result))).toBeNull();
    }
    expect(errorOfState(begun)).toBeNull();
  });

  const ended: readonly (readonly [string, readonly Result[], SeedanceErrorKind, string | null, number | null])[] = [
    ['no response', many(noResponse), 'transport', null, null],
    ['no response in time', many(noResponseInTime), 'timeout', null, null],
    ['unreadable responses', many(unreadable), 'decode', null, null],
    ['server errors', many(refusal('server')), 'response', 'server', 503],
    ['rate limits', many(refusal('rate-limited')), 'response', 'rate-limited', 429],
    ['empty responses', many(refusal('empty')), 'response', 'empty', 200],
    ['a quota', many(refusal('quota')), 'response', 'quota', 429],
    ['a wrong key', many(refusal('unauthorized')), 'response', 'unauthorized', 401],
    ['a forbidden task', many(refusal('forbidden')), 'response', 'forbidden', 403],
    ['a rejected request', many(refusal('rejected')), 'response', 'rejected', 400],
    ['an unknown task', many(refusal('not-found')), 'response', 'not-found', 404],
    ['a vanished task', [good('running'), ...many(refusal('not-found'))], 'gone', 'not-found', 404],
  ];

  it.each(ended)('has the kind, the reason and the HTTP status: %s', (_, results, kind, reason, status) => {
    const error = errorAfter(...results);
    expect(error).toMatchObject({ kind, reason, status });
    expect(isSeedanceError(error, kind)).toBe(true);
  });

  it('has no reason when the deadline passes while the task runs', () => {
    const own = watchConfig(ark, { deadlineMs: 60_000 });
    const state = applyResult(startWatch(task, own, nowMs), good('running'), own, nowMs + 60_000);
    expect(errorOfState(state)).toMatchObject({ kind: 'timeout', reason: null, status: null, lastSnapshot: { status: 'running' } });
  });

  it('has a message with the task, its status and the last error', () => {
    expect(errorAfter(refusal('quota'), refusal('quota')).message).toMatch(/^ark\/cgt-1: error response after 2 polls, never seen: said quota \(2 in a row\)/);
    expect(errorAfter(good('running'), refusal('not-found'), refusal('not-found')).message).toMatch(
      /^ark\/cgt-1: the provider no longer has the task after 3 polls, last seen running: said not-found \(2 in a row\)/,
    );
  });

  it('says how long the provider kept the record, for a task that is not found after that', () => {
    const gone = (recordExpiresAtMs: number): string =>
      errorAfter(good('running', { recordExpiresAtMs }), refusal('not-found'), refusal('not-found')).message;
    expect(gone(nowMs - 1)).toMatch(/; its record was kept until 2025-06-15T15:06:39\.999Z$/);
    expect(gone(nowMs + 86_400_000)).not.toContain('kept until');
  });

  it('contains no response body', () => {
    const error = errorAfter(good('running', {}, { prompt: 'a cat' }), refusal('quota'), refusal('quota'));
    expect(JSON.stringify(error)).not.toContain('a cat');
    expect(error.lastSnapshot).not.toHaveProperty('raw');
  });
});
