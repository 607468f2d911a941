/**
 * Errors of watches: the client could not follow a task to its end. A task that failed, was cancelled or expired is a value, not an error.
 * Errors carry the last snapshot and a state to resume from. They contain no key and no header. A message may quote the start of a response.
 */
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import type { ResponseReason } from '../wire/error-response.js';
import { type PollError, pollErrorText, type WatchErrorKind, type WatchState } from './watch-state.js';

/**
 * `transport` no response arrived · `response` the provider returned an error · `decode` its responses could not be read · `timeout` the
 * deadline passed, a policy stopped, or responses did not arrive in time · `gone` the provider no longer has a task that it had before ·
 * `save` the state could not be saved · `unsuccessful` the task did not succeed (thrown by `throwIfUnsuccessful`).
 */
export type SeedanceErrorKind = 'transport' | 'response' | 'decode' | 'timeout' | 'gone' | 'save' | 'unsuccessful';

/** Every kind. */
export const errorKinds = ['transport', 'response', 'decode', 'timeout', 'gone', 'save', 'unsuccessful'] as const satisfies readonly SeedanceErrorKind[];

interface SeedanceErrorDetails {
  readonly kind: SeedanceErrorKind;
  readonly task: TaskRef;
  readonly lastSnapshot: TaskSnapshot | null;
  readonly state: WatchState | null;
  readonly reason?: ResponseReason | null;
  readonly status?: number | null;
}

const brand = /* @__PURE__ */ Symbol.for('rx-seedance.SeedanceError');

/** The error of this library's streams. Branch on `isSeedanceError` and `kind`, never on the message. */
export class SeedanceError extends Error {
  override readonly name = 'SeedanceError';
  readonly kind: SeedanceErrorKind;
  readonly task: TaskRef;
  /** The snapshot of the latest good response, or null. */
  readonly lastSnapshot: TaskSnapshot | null;
  /** Resume with `client.watch(task, { resumeFrom: error.state })`. Null for `unsuccessful`: the task has finished. */
  readonly state: WatchState | null;
  /** Why the last poll failed, if the provider responded with an error. */
  readonly reason: ResponseReason | null;
  /** The HTTP status of the last poll, if the provider responded with an error. */
  readonly status: number | null;

  constructor(message: string, { kind, task, lastSnapshot, state, reason, status }: SeedanceErrorDetails) {
    super(message);
    this.kind = kind;
    this.task = task;
    this.lastSnapshot = lastSnapshot;
    this.state = state;
    this.reason = reason ?? state?.lastError?.reason ?? null;
    this.status = status ?? state?.lastError?.status ?? null;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether a caught value is an error of any copy of this library, and of the given kind if there is one.
 *
 * @example catchError((error) => (isSeedanceError(error, 'timeout') ? later(error.state) : throwError(() => error)))
 */
export const isSeedanceError = <Kind extends SeedanceErrorKind = SeedanceErrorKind>(
  value: unknown,
  kind?: Kind,
): value is SeedanceError & { readonly kind: Kind } =>
  value instanceof Error && Object.hasOwn(value, brand) && (kind === undefined || (value as SeedanceError).kind === kind);

/** Why a task could not be followed to its end, as plain JSON: for rows, stores and messages. */
export interface WatchError {
  /** `invalid`: the ref or an option of its watch. */
  readonly kind: SeedanceErrorKind | 'invalid';
  readonly message: string;
  /** Why the last poll failed, if the provider responded with an error. */
  readonly reason: ResponseReason | null;
  /** The HTTP status of the last poll, if the provider responded with an error. */
  readonly status: number | null;
  /** Resume with `client.watch(task, { resumeFrom: error.state })`. Null for `invalid`, and in a page that follows a server's feed. */
  readonly state: WatchState | null;
}

/** An error as plain data. */
export const watchErrorOf = (error: Error): WatchError => {
  const { kind, reason, status, state } = isSeedanceError(error) ? error : { kind: 'invalid' as const, reason: null, status: null, state: null };
  return { kind, message: messageOf(error), reason, status, state };
};

/** The error that a watch ended in; null for any other watch. */
export const errorOf = (state: WatchState): SeedanceError | null =>
  state.ended === null || state.ended === 'terminal' ? null : errorAs(state.ended, state);

const whatHappened: Readonly<Record<WatchErrorKind | 'save', string>> = {
  transport: 'connection failed',
  response: 'error response',
  decode: 'unreadable response',
  timeout: 'timed out',
  gone: 'the provider no longer has the task',
  save: 'the state could not be saved',
};

/**
 * The error for a watch that ends in this state.
 *
 * @param cause why it ends, if not because of the last poll
 */
export const errorAs = (kind: WatchErrorKind | 'save', state: WatchState, cause?: string): SeedanceError => {
  const { task, snapshot, lastError, polls, polledAtMs } = state;
  const seen = snapshot === null ? 'never seen' : `last seen ${snapshot.status}`;
  const why = cause ?? (lastError && `${lastError.message}${lastError.sameFailureCount > 1 ? ` (${String(lastError.sameFailureCount)} in a row)` : ''}`);
  const forgottenAtMs = snapshot?.recordExpiresAtMs ?? Infinity;
  const isForgotten = lastError?.reason === 'not-found' && forgottenAtMs <= (polledAtMs ?? 0);
  const message = [
    `${task.provider}/${task.id}: ${whatHappened[kind]} after ${String(polls)} ${polls === 1 ? 'poll' : 'polls'}, ${seen}`,
    ...(why === null ? [] : [`: ${why}`]),
    ...(isForgotten ? [`; its record was kept until ${new Date(forgottenAtMs).toISOString()}`] : []),
  ].join('');
  return new SeedanceError(message, { kind, task, lastSnapshot: snapshot, state });
};

/**
 * The error for a request other than a poll.
 *
 * @param what happened to the task, or to all of the account if its id is empty
 */
export const requestError = (what: string, error: PollError, task: TaskRef, lastSnapshot: TaskSnapshot | null = null): SeedanceError => {
  const { reason, status } = error.kind === 'response' ? error : { reason: null, status: null };
  const of = task.id === '' ? task.provider : `${task.provider}/${task.id}`;
  return new SeedanceError(`${of}: ${what}: ${pollErrorText(error)}`, { kind: error.kind, task, lastSnapshot, state: null, reason, status });
};

/** The message of any thrown value. */
export const messageOf = (error: unknown): string => {
  try {
    // Some HTTP clients throw errors whose message is not a string.
    return String(error instanceof Error ? error.message || error.name : error);
  } catch {
    return 'an error that cannot be read';
  }
};
