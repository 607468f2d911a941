/**
 * The pure core: the state of one watch, as plain versioned JSON, and the functions that advance it. Any driver (the client's streams, a
 * job queue, a cron job) polls, applies the result with `applyResult`, waits for `nextDelayMs`, and polls again. `nowMs` may be earlier
 * than in the call before.
 */
import { type Either, isRight } from 'fp-ts/Either';
import { type Attempt, checkedDelay } from '../poll/delay-policy.js';
import { failedAgain, failingMs, hasGivenUp, noFailures } from '../poll/backoff.js';
import type { Reading, TaskRef, TaskSnapshot } from '../task/snapshot.js';
import { isTerminal, type TaskStatus } from '../task/status.js';
import { type TaskTransition, transitionTo } from '../task/transition.js';
import { longestRetryAfterMs } from '../transport/retry-after.js';
import type { ReadFailure, ResponseReason } from '../wire/error-response.js';
import { type Forecast, forecastAfter, forecastAt, later, maxUnfinished, progressAt } from './progress.js';
import { hashOf } from './hash.js';
import type { WatchConfig } from './watch-config.js';

/** Why a poll failed. */
export type PollError =
  | ReadFailure
  | {
    /** `transport`: no response arrived. `timeout`: no response arrived in time. */
    readonly kind: 'transport' | 'timeout';
    readonly message: string;
  };

/** What went wrong, as a text. */
export const pollErrorText = (error: PollError): string => (error.kind === 'decode' ? error.issues.join('; ') : error.message);

/** The error of the last poll, and how long it has lasted. */
export interface LastError {
  readonly kind: PollError['kind'];
  readonly reason: ResponseReason | null;
  /** The HTTP status, or null without a response. */
  readonly status: number | null;
  readonly message: string;
  /** Consecutive failures of the same kind and reason. */
  readonly sameFailureCount: number;
  /** When the first of them occurred. */
  readonly sinceMs: number;
}

/** Why a watch ended before its task finished. */
export type WatchErrorKind = PollError['kind'] | 'gone';

/**
 * Where a deadline comes from: `given` by the user, `provider` for the task's own expiry, or `default`. The first two are instants of the
 * wall clock. A `default` counts only the time while the program ran and the computer was awake.
 */
export type DeadlineKind = 'given' | 'provider' | 'default';

/** Everything that a watch knows, as plain JSON without secrets. Save it and resume from it. */
export interface WatchState {
  readonly version: 2;
  readonly task: TaskRef;
  readonly baseUrl: string;
  readonly startedAtMs: number;
  /** When the first good response arrived. */
  readonly firstSeenAtMs: number | null;
  /** When the watch times out. Null before the first good response, unless a deadline is given. */
  readonly deadlineAtMs: number | null;
  readonly deadlineKind: DeadlineKind | null;
  /** The number of polls that must get a result before the deadline can end the watch: 1 or 2 after a restart or a clock jump, else 0. */
  readonly pollsBeforeDeadline: number;
  /** The number of polls with a result. */
  readonly polls: number;
  readonly lastError: LastError | null;
  /** Consecutive failed polls, for any reason. */
  readonly failureCount: number;
  /** When the first of them failed. */
  readonly failingSinceMs: number | null;
  /** The number of `unauthorized` responses since the last good one. */
  readonly unauthorizedCount: number;
  /** The snapshot of the latest good response. A failed poll never changes it. */
  readonly snapshot: TaskSnapshot | null;
  /** The status before that of the snapshot. */
  readonly previousStatus: TaskStatus | null;
  /** When the status was first reported; null without one. */
  readonly statusSinceMs: number | null;
  /** When a response last reported the task as queued. */
  readonly queuedUntilMs: number | null;
  /** When a terminal status first arrived that another poll must confirm: a success without a link, or a relay's own `failed`. */
  readonly unconfirmedSinceMs: number | null;
  /** 0 to 1, when the last poll got its result; see `progressAt`. Never decreases, and stays below 1 until the task finishes. */
  readonly progress: number;
  /** Whether `progress` is estimated from the expected time instead of reported. */
  readonly estimated: boolean;
  /** When the task is expected to end; null while it does not run, and without an expected time. */
  readonly forecast: Forecast | null;
  /** When the last poll got its result. */
  readonly polledAtMs: number | null;
  /** When the request in flight was sent; null without one. See `markSent`. */
  readonly sentAtMs: number | null;
  /** When the next poll is due. Later than `deadlineAtMs` if no further poll fits before the deadline. */
  readonly nextPollAtMs: number;
  /** `terminal`: the task has finished, with the status of `snapshot`. An error kind: why the watch ended before that. */
  readonly ended: 'terminal' | WatchErrorKind | null;
}

/** The timeout of one save. */
export const saveTimeoutMs = 10_000;

/** How long a watch continues after the provider's own deadline. */
export const providerGraceMs = 600_000;

/** How long the watch polls again for the link of a succeeded task. */
const linkWaitMs = 180_000;

const minuteMs = 60_000;
const hourMs = 3_600_000;

/**
 * The state of a new watch. The first poll is due at once, or after `firstPollAfterMs`.
 *
 * @example startWatch({ provider: 'anyfast', id }, config, Date.now())
 */
export const startWatch = (task: TaskRef, { baseUrl, deadlineMs, firstPollAfterMs }: WatchConfig, nowMs: number): WatchState => ({
  version: 2,
  task,
  baseUrl,
  startedAtMs: nowMs,
  firstSeenAtMs: null,
  deadlineAtMs: deadlineMs === null ? null : nowMs + deadlineMs,
  deadlineKind: deadlineMs === null ? null : 'given',
  pollsBeforeDeadline: 0,
  polls: 0,
  lastError: null,
  failureCount: noFailures.failureCount,
  failingSinceMs: noFailures.failingSinceMs,
  unauthorizedCount: 0,
  snapshot: null,
  previousStatus: null,
  statusSinceMs: null,
  queuedUntilMs: null,
  unconfirmedSinceMs: null,
  progress: 0,
  estimated: true,
  forecast: null,
  polledAtMs: null,
  sentAtMs: null,
  nextPollAtMs: nowMs + firstPollAfterMs,
  ended: null,
});

/**
 * The state of a watch that is about to send a request. Save it before you send, and the minimum interval is kept even if the program
 * crashes. The time since the poll fell due counts neither for `giveUpAfterMs` nor for the grace of a task that is not found, because the
 * request was waiting in a queue.
 *
 * @example await save(markSent(state, Date.now()))
 */
export const markSent = (state: WatchState, nowMs: number): WatchState => {
  const next = postponed(state, Math.max(0, nowMs - state.nextPollAtMs));
  next.sentAtMs = nowMs;
  return next;
};

/** Moves the next poll and the start of the failures by `ms`. */
const postponed = (state: WatchState, ms: number): Next => {
  const next = copyOf(state);
  next.nextPollAtMs += ms;
  next.failingSinceMs = plus(state.failingSinceMs, ms);
  next.lastError = state.lastError && { ...state.lastError, sinceMs: state.lastError.sinceMs + ms };
  return next;
};

/**
 * The state of a watch after a clock jump: the computer slept, or the clock was set. Instants that measure running time move by `jumpMs`;
 * a `given` deadline and the provider's instants stay. One more poll is sent before the deadline ends the watch.
 *
 * @param jumpMs how far the wall clock moved without time passing for the watch; negative for a clock set back
 * @example state = shiftWatch(state, Date.now() - expectedMs)
 */
export const shiftWatch = (state: WatchState, jumpMs: number): WatchState =>
  state.ended !== null ? state : { ...shifted(state, jumpMs), startedAtMs: state.startedAtMs + jumpMs, forecast: later(state.forecast, jumpMs) };

const shifted = (state: WatchState, ms: number): WatchState => {
  const moved = {
    ...postponed(state, ms),
    firstSeenAtMs: plus(state.firstSeenAtMs, ms),
    queuedUntilMs: plus(state.queuedUntilMs, ms),
    unconfirmedSinceMs: plus(state.unconfirmedSinceMs, ms),
    polledAtMs: plus(state.polledAtMs, ms),
    sentAtMs: plus(state.sentAtMs, ms),
    // The result of the request in flight does not count as one more poll.
    pollsBeforeDeadline: state.sentAtMs === null ? 1 : 2,
  };
  switch (state.deadlineKind) {
    case 'default':
      return { ...moved, deadlineAtMs: plus(state.deadlineAtMs, ms) };
    case 'provider':
      return { ...moved, deadlineAtMs: providerDeadlineOf(moved) ?? moved.deadlineAtMs };
    case 'given':
    case null:
      return moved;
  }
};

/**
 * Resumes a saved watch. It makes the same transitions as a watch that was never stopped. The time between save and resume counts neither
 * for a `default` deadline nor for `giveUpAfterMs` nor for a grace. One more poll is sent before the deadline ends the watch. It keeps the
 * minimum interval after a marked request, which may have been sent up to `saveTimeoutMs` after its mark. A watch that ended in an error
 * restarts its failure counts. A watch of a finished task stays ended, but a success without a link is polled once more.
 *
 * @example resumeWatch(parseWatchState(saved), config, Date.now())
 */
export const resumeWatch = (saved: WatchState, config: WatchConfig, nowMs: number): WatchState => {
  if (saved.ended === 'terminal' && !mayGetLink(saved, config, nowMs)) return saved;
  const knownAtMs = Math.max(saved.startedAtMs, saved.polledAtMs ?? -Infinity, saved.sentAtMs ?? -Infinity);
  const isNew = saved.polledAtMs === null && saved.sentAtMs === null;
  // If the clock was set back, the whole watch moves back with it.
  const moved = shifted(saved, nowMs < knownAtMs ? nowMs - knownAtMs : isNew ? 0 : Math.max(0, nowMs - saved.nextPollAtMs));
  const sentByMs = saved.sentAtMs === null ? -Infinity : Math.min(nowMs, saved.sentAtMs + saveTimeoutMs) + minIntervalOf(saved, config);
  const resumed: WatchState = {
    ...moved,
    startedAtMs: Math.min(saved.startedAtMs, nowMs),
    pollsBeforeDeadline: 1,
    sentAtMs: saved.sentAtMs === null ? null : Math.min(saved.sentAtMs, nowMs),
    nextPollAtMs: Math.max(moved.nextPollAtMs, sentByMs),
  };
  const watched = saved.deadlineKind === 'given' || config.deadlineMs === null ? resumed : withDeadline(resumed, config.deadlineMs);
  if (saved.ended === null) return watched;
  const fresh = { ...watched, ended: null, lastError: null, ...noFailures, unauthorizedCount: 0 };
  return saved.ended === 'terminal' ? { ...fresh, unconfirmedSinceMs: nowMs - linkWaitMs } : fresh;
};

/** Sets a given deadline, counted from the start of the watch. */
export const withDeadline = (state: WatchState, deadlineMs: number): WatchState => ({
  ...state,
  deadlineAtMs: state.startedAtMs + deadlineMs,
  deadlineKind: 'given',
});

/**
 * Applies the result of a poll. An ended state stays as it is.
 *
 * @param result the snapshot of a good response, or the error of the poll
 * @param nowMs  when the result arrived
 * Throws `RangeError` unless the policy returns a number of ms ≥ 0 or 'stop'.
 * @example applyResult(state, provider.read(state.task, response), config, Date.now())
 */
export const applyResult = (state: WatchState, result: Either<PollError, Pick<Reading, 'snapshot'>>, config: WatchConfig, nowMs: number): WatchState => {
  if (state.ended !== null) return state;
  const next = copyOf(state);
  next.polls += 1;
  next.polledAtMs = nowMs;
  next.sentAtMs = null;
  next.pollsBeforeDeadline = Math.max(0, state.pollsBeforeDeadline - 1);
  if (isRight(result)) afterSnapshot(next, state, result.right.snapshot, config, nowMs);
  else afterError(next, result.left, config, nowMs);
  if (reportedStatus(next) !== reportedStatus(state)) next.statusSinceMs = nowMs;
  return next;
};

/**
 * The wait before the next poll, in ms; 'done' once the watch has ended.
 * If the wait ends at the deadline, before `nextPollAtMs`, do not poll: apply a `timeout` error.
 *
 * @example const delay = nextDelayMs(state, Date.now())
 */
export const nextDelayMs = (state: WatchState, nowMs: number): number | 'done' => {
  const { ended, startedAtMs, polledAtMs, sentAtMs, nextPollAtMs } = state;
  if (ended !== null) return 'done';
  // A clock set back must not lengthen the chosen wait.
  const chosenAtMs = Math.max(startedAtMs, polledAtMs ?? -Infinity, sentAtMs ?? -Infinity);
  return Math.max(0, Math.min(nextPollAtMs - nowMs, nextPollAtMs - chosenAtMs, timeLeftMs(state, nowMs)));
};

/**
 * The time until the deadline ends the watch, in ms: negative after the deadline, `Infinity` while no deadline applies. At 0, apply a
 * `timeout` error.
 */
export const timeLeftMs = ({ pollsBeforeDeadline, deadlineAtMs }: WatchState, nowMs: number): number =>
  pollsBeforeDeadline === 0 && deadlineAtMs !== null ? deadlineAtMs - nowMs : Infinity;

type Reporting = Pick<WatchState, 'snapshot' | 'previousStatus' | 'unconfirmedSinceMs'>;

/** The status to report: an unconfirmed terminal status is not reported yet. Null before the first good response. */
export const reportedStatus = ({ snapshot, previousStatus, unconfirmedSinceMs }: Reporting): TaskStatus | null =>
  unconfirmedSinceMs === null ? (snapshot?.status ?? null) : previousStatus;

/**
 * The transition to report between two states; null if the reported status stays the same.
 *
 * @param before null for the first state
 * @param raw the parsed body of the latest response
 */
export const transitionBetween = (before: WatchState | null, state: WatchState, raw: unknown): TaskTransition | null => {
  const { snapshot, previousStatus, statusSinceMs, startedAtMs } = state;
  const reported = reportedStatus(state);
  if (snapshot === null || snapshot.status !== reported || reported === (before && reportedStatus(before))) return null;
  return transitionTo({ snapshot, raw }, previousStatus, statusSinceMs ?? startedAtMs);
};

/** A copy of the state that the functions below fill in. */
type Next = { -readonly [Field in keyof WatchState]: WatchState[Field] };

/** Copies field by field, in the order of `startWatch`. A spread of this many fields takes ten times as long, and slows down later reads. */
const copyOf = (state: WatchState): Next => ({
  version: state.version,
  task: state.task,
  baseUrl: state.baseUrl,
  startedAtMs: state.startedAtMs,
  firstSeenAtMs: state.firstSeenAtMs,
  deadlineAtMs: state.deadlineAtMs,
  deadlineKind: state.deadlineKind,
  pollsBeforeDeadline: state.pollsBeforeDeadline,
  polls: state.polls,
  lastError: state.lastError,
  failureCount: state.failureCount,
  failingSinceMs: state.failingSinceMs,
  unauthorizedCount: state.unauthorizedCount,
  snapshot: state.snapshot,
  previousStatus: state.previousStatus,
  statusSinceMs: state.statusSinceMs,
  queuedUntilMs: state.queuedUntilMs,
  unconfirmedSinceMs: state.unconfirmedSinceMs,
  progress: state.progress,
  estimated: state.estimated,
  forecast: state.forecast,
  polledAtMs: state.polledAtMs,
  sentAtMs: state.sentAtMs,
  nextPollAtMs: state.nextPollAtMs,
  ended: state.ended,
});

const afterSnapshot = (next: Next, before: WatchState, snapshot: TaskSnapshot, config: WatchConfig, nowMs: number): void => {
  const reported = reportedStatus(before);
  const unconfirmedSinceMs = before.unconfirmedSinceMs ?? nowMs;
  next.firstSeenAtMs ??= nowMs;
  next.snapshot = snapshot;
  if (snapshot.status !== reported) next.previousStatus = reported;
  if (snapshot.status === 'queued') next.queuedUntilMs = nowMs;
  next.unauthorizedCount = 0;
  next.unconfirmedSinceMs = null;
  recover(next);
  setDeadline(next, config);
  if (!isTerminal(snapshot.status)) {
    setProgress(next, config, nowMs);
    const attempt = attemptOf(next, before.polls, elapsed(before.startedAtMs, nowMs), nowMs);
    schedule(next, checkedDelay('policy.interval', config.interval(attempt)), 0, config, nowMs);
  } else if (isConfirmed(snapshot, before, config, nowMs)) end(next, 'terminal', config, nowMs);
  else {
    next.unconfirmedSinceMs = unconfirmedSinceMs;
    schedule(next, 0, 0, config, nowMs);
  }
};

/** Resets the failures. */
const recover = (next: Next): void => {
  next.lastError = null;
  next.failureCount = noFailures.failureCount;
  next.failingSinceMs = noFailures.failingSinceMs;
};

/** Whether a terminal status is final. A later poll may add the link of a success, or correct a relay's own `failed`. */
const isConfirmed = (snapshot: TaskSnapshot, before: WatchState, config: WatchConfig, nowMs: number): boolean => {
  switch (snapshot.status) {
    case 'succeeded':
      return snapshot.video !== null || elapsed(before.unconfirmedSinceMs ?? nowMs, nowMs) >= linkWaitMs || hasLinkExpired(snapshot, before, config, nowMs);
    case 'failed':
      return before.unconfirmedSinceMs !== null || !config.provider.isRelayFailure(snapshot.failure);
    case 'queued':
    case 'running':
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return true;
  }
};

/** Whether a link would have expired by now: a response this late has none. */
const hasLinkExpired = ({ finishedAtMs, updatedAtMs, createdAtMs }: TaskSnapshot, { firstSeenAtMs }: WatchState, { provider }: WatchConfig, nowMs: number): boolean => {
  const endedAtMs = finishedAtMs ?? updatedAtMs ?? createdAtMs ?? firstSeenAtMs;
  return provider.retention.videoMs !== null && endedAtMs !== null && nowMs >= endedAtMs + provider.retention.videoMs;
};

const mayGetLink = (saved: WatchState, config: WatchConfig, nowMs: number): boolean =>
  saved.snapshot?.status === 'succeeded' && saved.snapshot.video === null && !hasLinkExpired(saved.snapshot, saved, config, nowMs);

const afterError = (next: Next, error: PollError, config: WatchConfig, nowMs: number): void => {
  const lastError = lasting(error, next.lastError, nowMs);
  const { failureCount, failingSinceMs } = failedAgain(next, nowMs);
  next.lastError = lastError;
  next.failureCount = failureCount;
  next.failingSinceMs = failingSinceMs;
  next.unauthorizedCount += Number(lastError.reason === 'unauthorized');
  const ended = endAfter(lastError, next, config, nowMs);
  if (ended !== null) end(next, ended, config, nowMs);
  else if (next.unconfirmedSinceMs !== null && elapsed(next.unconfirmedSinceMs, nowMs) >= linkWaitMs) end(next, 'terminal', config, nowMs);
  else {
    const attempt = attemptOf(next, next.failureCount - 1, failingMs(next, nowMs), nowMs);
    const delayMs = checkedDelay('policy.retry', config.retry(attempt));
    schedule(next, delayMs, 'retryAfterMs' in error ? (error.retryAfterMs ?? 0) : 0, config, nowMs);
  }
};

/** @param delayMs the policy's wait, raised to the provider's minimum interval and to `serverMs` */
const schedule = (next: Next, delayMs: number | 'stop', serverMs: number, config: WatchConfig, nowMs: number): void => {
  if (delayMs === 'stop' || timeLeftMs(next, nowMs) <= 0) {
    end(next, 'timeout', config, nowMs);
    return;
  }
  const minIntervalMs = minIntervalOf(next, config);
  const leastMs = Math.max(minIntervalMs, Math.min(serverMs, longestRetryAfterMs));
  const plannedAtMs = nowMs + Math.max(delayMs, leastMs);
  const finalPollAtMs = (next.deadlineAtMs ?? Infinity) - minIntervalMs;
  next.nextPollAtMs = plannedAtMs > finalPollAtMs ? Math.max(finalPollAtMs, nowMs + leastMs) : plannedAtMs;
};

/** Ends the watch. An unconfirmed terminal status then counts as final. */
const end = (next: Next, ended: 'terminal' | WatchErrorKind, config: WatchConfig, nowMs: number): void => {
  next.nextPollAtMs = nowMs + minIntervalOf(next, config);
  next.ended = ended;
  next.progress = progressAt(next, nowMs);
  next.forecast = null;
  if (ended !== 'terminal' && next.unconfirmedSinceMs === null) return;
  next.ended = 'terminal';
  next.unconfirmedSinceMs = null;
  next.progress = 1;
  next.estimated = false;
  recover(next);
};

/** Updates the deadline from the latest response. A given deadline stays. */
const setDeadline = (next: Next, { hintsOf }: WatchConfig): void => {
  const providerAtMs = providerDeadlineOf(next);
  if (next.deadlineKind === 'given' || (next.deadlineKind === 'provider' && providerAtMs === null)) return;
  next.deadlineKind = providerAtMs === null ? 'default' : 'provider';
  next.deadlineAtMs = providerAtMs ?? plus(next.firstSeenAtMs, (hintsOf(next.snapshot).serviceTier === 'flex' ? 50 : 2) * hourMs);
};

/** Updates the progress and its forecast. */
const setProgress = (next: Next, { provider, hintsOf }: WatchConfig, nowMs: number): void => {
  const reported = next.snapshot?.progress ?? null;
  const runMs = runMsOf(next, nowMs);
  const expected = runMs === null ? null : provider.expectedTimeMs(hintsOf(next.snapshot));
  // The progress until now, which a page has shown.
  next.progress = progressAt(next, nowMs);
  next.forecast = runMs === null || expected === null ? null : forecastAfter(next.forecast, reported, runMs, expected, nowMs);
  const progress = Math.min(reported ?? (next.forecast === null ? 0 : forecastAt(next.forecast, nowMs)), maxUnfinished);
  const estimated = reported === null;
  if (progress < next.progress || (progress === next.progress && estimated)) return;
  next.progress = progress;
  next.estimated = estimated;
};

const minIntervalOf = (state: WatchState, { provider, hintsOf }: WatchConfig): number => provider.pacing(hintsOf(state.snapshot)).minIntervalMs;

const elapsed = (sinceMs: number, nowMs: number): number => Math.max(0, nowMs - sinceMs);

const plus = (atMs: number | null, ms: number): number | null => (atMs === null ? null : atMs + ms);

/** The error kind that ends the watch; null to retry. A single response never ends a watch. */
const endAfter = (error: LastError, state: WatchState, { giveUpAfterMs }: WatchConfig, nowMs: number): WatchErrorKind | null => {
  const isNew = state.snapshot === null;
  switch (error.reason) {
    case 'unauthorized':
      if (state.unauthorizedCount >= 3) return error.kind;
      break;
    case 'quota':
    case 'forbidden':
    case 'rejected':
      if (error.sameFailureCount >= 2) return error.kind;
      break;
    case 'not-found':
    case 'wrong-url':
      if (!isNew && error.reason === 'not-found' && error.sameFailureCount >= 2) return 'gone';
      if (isNew && error.sameFailureCount >= 3 && elapsed(error.sinceMs, nowMs) >= graceMs) return error.kind;
      break;
    case 'rate-limited':
    case 'server':
    case 'empty':
    case null:
      break;
  }
  return hasGivenUp(state, giveUpAfterMs, nowMs) ? error.kind : null;
};

/** How long a new task may be not found: some providers need a moment after its creation. */
const graceMs = minuteMs;

const lasting = (error: PollError, last: LastError | null, nowMs: number): LastError => {
  const { kind } = error;
  const reason = kind === 'response' ? error.reason : null;
  const same = last?.kind === kind && last.reason === reason ? last : null;
  return {
    kind,
    reason,
    status: kind === 'response' ? error.status : null,
    message: pollErrorText(error),
    sameFailureCount: (same?.sameFailureCount ?? 0) + 1,
    sinceMs: same?.sinceMs ?? nowMs,
  };
};

/** Ten minutes after the provider expires the task, limited to between 2 h and 75 h after the first good response. */
const providerDeadlineOf = ({ snapshot, firstSeenAtMs }: WatchState): number | null => {
  if (snapshot === null || firstSeenAtMs === null) return null;
  const { providerDeadlineAtMs, expiresAfterMs } = snapshot;
  const atMs = providerDeadlineAtMs ?? plus(expiresAfterMs, firstSeenAtMs);
  return atMs === null ? null : Math.min(Math.max(atMs + providerGraceMs, firstSeenAtMs + 2 * hourMs), firstSeenAtMs + 75 * hourMs);
};

/**
 * An upper bound for how long the task has run, without its time in the provider's queue. Null while it is queued, and before the first
 * good response.
 */
const runMsOf = ({ snapshot, queuedUntilMs, startedAtMs }: WatchState, nowMs: number): number | null => {
  if (snapshot === null || snapshot.status === 'queued') return null;
  // The provider's clock may be ahead of this one.
  const past = (atMs: number | null): number | null => (atMs !== null && atMs <= nowMs ? atMs : null);
  return elapsed(past(snapshot.startedAtMs) ?? queuedUntilMs ?? past(snapshot.createdAtMs) ?? startedAtMs, nowMs);
};

/** The input of a policy. */
const attemptOf = (state: WatchState, index: number, elapsedMs: number, nowMs: number): Attempt<TaskSnapshot> => ({
  index,
  elapsedMs,
  nowMs,
  jitter: jitterOf(state),
  latest: state.snapshot,
  runMs: runMsOf(state, nowMs),
});

/** 0 ≤ jitter < 1, the hash of provider, id and number of polls: the same state always waits the same time. */
const jitterOf = ({ task, polls }: WatchState): number => hashOf(`${task.provider}/${task.id}/${String(polls)}`) / 2 ** 32;
