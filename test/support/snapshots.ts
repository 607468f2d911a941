/**
 * Builders for the tests of the watch state: snapshots with every field, errors, results, and a driver that polls when a state is due.
 * There are no responses and no clock.
 */
import { type Either, left, right } from 'fp-ts/Either';
import type { Failure, Reading, Settings, TaskRef, TaskSnapshot, Video } from '../../src/task/snapshot.js';
import type { TaskStatus } from '../../src/task/status.js';
import { transitionTo, type TaskTransition } from '../../src/task/transition.js';
import { ark } from '../../src/providers/ark.js';
import type { Pacing } from '../../src/wire/facts.js';
import type { Provider } from '../../src/wire/provider.js';
import { noSettings } from '../../src/wire/reading.js';
import type { ResponseReason } from '../../src/wire/error-response.js';
import { applyResult, type PollError, nextDelayMs, timeLeftMs, type WatchState } from '../../src/state/watch-state.js';
import type { WatchConfig } from '../../src/state/watch-config.js';
import { readingOf } from './readings.js';

export const task: TaskRef<'ark'> = { provider: 'ark', id: 'cgt-1' };

export const failure: Failure = { code: 'InternalServiceError', message: 'it broke', reason: 'internal' };

/** The fields of a built snapshot besides its status. */
export type Said = Partial<Omit<TaskSnapshot, 'status' | 'settings'>> & {
  readonly settings?: Partial<Settings>;
  readonly video?: Video | null;
  readonly failure?: Failure;
};

/** A snapshot with only its status and the given fields. */
export const snapshot = <Status extends TaskStatus>(
  status: Status,
  { settings: own, video = { url: 'https://files.example/v.mp4', lastFrameUrl: null, originalUrl: null, expiresAtMs: null }, failure: why = failure, ...said }: Said = {},
): Extract<TaskSnapshot, { readonly status: Status }> => {
  const common = {
    task,
    providerStatus: status,
    progress: null,
    model: null,
    createdAtMs: null,
    startedAtMs: null,
    updatedAtMs: null,
    finishedAtMs: null,
    expiresAfterMs: null,
    providerDeadlineAtMs: null,
    recordExpiresAtMs: null,
    usage: null,
    requestId: null,
    objectType: null,
    notice: null,
    request: null,
    upstream: null,
    ...said,
    settings: { ...noSettings, ...own },
  };
  const more = status === 'succeeded' ? { video } : status === 'failed' ? { failure: why } : {};
  // a generic status cannot be followed through the union
  return { ...common, status, ...more } as unknown as Extract<TaskSnapshot, { readonly status: Status }>;
};

/** The transition to a status. */
export const transition = (to: TaskStatus, from: TaskStatus | null = null, said: Said = {}, raw?: unknown): TaskTransition =>
  transitionTo(readingOf(snapshot(to, said), raw), from, 0);

export type Result = Either<PollError, Reading>;

export const good = (status: TaskStatus, said: Said = {}, raw?: unknown): Result => right(readingOf(snapshot(status, said), raw));

const httpStatuses: Readonly<Record<ResponseReason, number>> = {
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'wrong-url': 404,
  'rate-limited': 429,
  quota: 429,
  server: 503,
  rejected: 400,
  empty: 200,
};

export const refusal = (reason: ResponseReason, retryAfterMs: number | null = null): Result =>
  left({ kind: 'response', reason, status: httpStatuses[reason], code: null, message: `said ${reason}`, retryAfterMs });

export const noResponse: Result = left({ kind: 'transport', message: 'connection reset' });
export const noResponseInTime: Result = left({ kind: 'timeout', message: 'no response within 30000 ms' });
export const unreadable: Result = left({ kind: 'decode', issues: ['no JSON: <html>', 'no task'] });

/** Ark with another pacing. */
export const withPacing = (pacing: Pacing): Provider => ({ ...ark, pacing: () => pacing });

/** One poll with a result. */
export interface Step {
  readonly state: WatchState;
  /** When the result arrived. */
  readonly atMs: number;
}

/**
 * Polls whenever the state is due, with each result `latencyMs` later, until the results or the watch end. If no poll fits before the
 * deadline, it applies a `timeout`, as every driver must.
 */
export const driven = (
  begin: WatchState,
  results: readonly Result[],
  config: WatchConfig,
  { nowMs, latencyMs = 0 }: { readonly nowMs: number; readonly latencyMs?: number },
): readonly Step[] => {
  const steps: Step[] = [];
  let state = begin;
  let atMs = nowMs;
  for (const result of results) {
    const wait = nextDelayMs(state, atMs);
    if (wait === 'done') break;
    atMs += wait;
    const isOver = timeLeftMs(state, atMs) <= 0 && atMs < state.nextPollAtMs;
    atMs += isOver ? 0 : latencyMs;
    state = applyResult(state, isOver ? noResponseInTime : result, config, atMs);
    steps.push({ state, atMs });
  }
  return steps;
};

/** The successive statuses of a run, without repetitions. */
export const statusesIn = (before: WatchState, states: readonly WatchState[]): readonly TaskStatus[] => {
  const all = [before, ...states].map(({ snapshot: known }) => known?.status ?? null);
  return all.filter((status, index): status is TaskStatus => index > 0 && status !== null && status !== all[index - 1]);
};

/** A state after it was saved and read. */
export const viaJson = (state: WatchState): unknown => JSON.parse(JSON.stringify(state));
