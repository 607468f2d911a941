/**
 * The error channel: "we could not find out". A task that failed, was cancelled or expired is no error but a value.
 * Errors carry what was known and the state to go on from. They hold no key and no header; a message may quote the beginning of an answer.
 */
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import type { ResponseReason } from '../wire/error-response.js';
import type { WatchErrorKind, WatchState } from './watch-state.js';

/**
 * `transport` no answer arrived · `response` the provider refused · `decode` its answers could not be read · `timeout` the deadline
 * came, a policy stopped, or responses did not come in time · `gone` a task that was seen has vanished · `save` the state could not be
 * saved · `unsuccessful` the task did not end in success, and `throwIfUnsuccessful` says so.
 */
export type SeedanceErrorKind = 'transport' | 'response' | 'decode' | 'timeout' | 'gone' | 'save' | 'unsuccessful';

/** All of them. */
export const errorKinds = ['transport', 'response', 'decode', 'timeout', 'gone', 'save', 'unsuccessful'] as const satisfies readonly SeedanceErrorKind[];

interface SeedanceErrorDetails {
  readonly kind: SeedanceErrorKind;
  readonly task: TaskRef;
  readonly lastSnapshot: TaskSnapshot | null;
  readonly state: WatchState | null;
}

const brand = Symbol.for('rx-seedance.SeedanceError');

/** The one error of this library's streams. Tell its kinds apart with `isSeedanceError` and `kind`, never by message. */
export class SeedanceError extends Error {
  override readonly name = 'SeedanceError';
  readonly kind: SeedanceErrorKind;
  readonly task: TaskRef;
  /** The latest good answer, if there was one. */
  readonly lastSnapshot: TaskSnapshot | null;
  /** Ready to resume: `client.watch(task, { resumeFrom: error.state })`. Null for `unsuccessful`: there is nothing to resume. */
  readonly state: WatchState | null;
  /** Why the last answer was none, where a provider said so. */
  readonly reason: ResponseReason | null;
  /** The HTTP status of the last answer, where it was the trouble. */
  readonly status: number | null;

  constructor(message: string, { kind, task, lastSnapshot, state }: SeedanceErrorDetails) {
    super(message);
    this.kind = kind;
    this.task = task;
    this.lastSnapshot = lastSnapshot;
    this.state = state;
    this.reason = state?.lastError?.reason ?? null;
    this.status = state?.lastError?.status ?? null;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether a caught value is an error of this library, of any copy of it, and of one kind if a kind is given.
 *
 * @example catchError((error) => (isSeedanceError(error, 'timeout') ? later(error.state) : throwError(() => error)))
 */
export const isSeedanceError = <Kind extends SeedanceErrorKind = SeedanceErrorKind>(
  value: unknown,
  kind?: Kind,
): value is SeedanceError & { readonly kind: Kind } =>
  value instanceof Error && Object.hasOwn(value, brand) && (kind === undefined || (value as SeedanceError).kind === kind);

/** The error of a watch that has ended in one; null for one that has not. */
export const errorOf = (state: WatchState): SeedanceError | null =>
  state.ended === null || state.ended === 'terminal' ? null : errorAs(state.ended, state);

/**
 * The error of a watch that ends in this state.
 *
 * @param cause what could not be done, where that is not the last poll
 */
export const errorAs = (kind: WatchErrorKind | 'save', state: WatchState, cause?: string): SeedanceError => {
  const { task, snapshot, lastError, polls, polledAtMs } = state;
  const what = kind === 'gone' ? 'the task has vanished' : kind;
  const standing = `still ${snapshot?.status ?? 'not seen'} after ${String(polls)} ${polls === 1 ? 'poll' : 'polls'}`;
  const details = lastError === null ? [] : [`${lastError.message} (${String(lastError.sameFailureCount)} in a row)`];
  const forgottenAtMs = snapshot?.recordExpiresAtMs ?? Infinity;
  const isForgotten = lastError?.reason === 'not-found' && forgottenAtMs <= (polledAtMs ?? 0);
  const history = isForgotten ? [`its record was kept until ${new Date(forgottenAtMs).toISOString()}`] : [];
  const message = [`${task.provider}/${task.id}: ${what}`, standing, ...(cause === undefined ? details : [cause]), ...history].join('; ');
  return new SeedanceError(message, { kind, task, lastSnapshot: snapshot, state });
};

/** What a caught value says, whatever was thrown. */
export const messageOf = (error: unknown): string => {
  try {
    // An HTTP client may put anything where a message belongs.
    return String(error instanceof Error ? error.message || error.name : error);
  } catch {
    return 'an error that cannot be read';
  }
};
