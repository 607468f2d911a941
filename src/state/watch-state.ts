/**
 * The heart: what one watch knows, as plain versioned JSON, and the pure functions that carry it on.
 * No clock, no rxjs, no HTTP, no randomness: any driver (the client's streams, a job queue, a cron job) asks, folds the answer
 * with `advanceWatch`, waits for `waitMs`, and asks again. Any `nowMs` will do, one that goes back included.
 */
import { type Either, isRight } from 'fp-ts/Either';
import { type Attempt, checkedDelay } from '../poll/delay-policy.js';
import { type StoredSnapshot, type TaskRef, type TaskSnapshot, withoutRaw } from '../task/snapshot.js';
import { isTerminal, type TaskStatus } from '../task/status.js';
import { longestRetryAfterMs } from '../transport/retry-after.js';
import type { ReadFailure, ResponseReason } from '../wire/refusal.js';
import type { WatchRules } from './watch-rules.js';

/** Why a question has no snapshot for an answer. */
export type Trouble =
  | ReadFailure
  | {
      /** No answer arrived (`transport`), or none in time (`timeout`). */
      readonly kind: 'transport' | 'timeout';
      readonly message: string;
    };

/** The trouble of the last ask, and how long it has lasted. */
export interface LastTrouble {
  readonly kind: Trouble['kind'];
  readonly reason: ResponseReason | null;
  /** The HTTP status, where there was one. */
  readonly status: number | null;
  readonly message: string;
  /** In a row, of the same kind and reason. */
  readonly consecutive: number;
  /** When the first of them came. */
  readonly sinceMs: number;
}

/** How a watch can end without knowing the end of its task. */
export type LostKind = Trouble['kind'] | 'gone';

/** Everything that a watch knows: plain JSON, no secret in it. Keep it anywhere and go on from it. */
export interface WatchState {
  readonly version: 1;
  readonly task: TaskRef;
  readonly baseUrl: string;
  readonly startedAtMs: number;
  /** Fixed from the beginning by an option, else by the first good answer; then it stays. */
  readonly deadlineAtMs: number | null;
  /** How many questions have been answered or given up. */
  readonly asks: number;
  readonly lastTrouble: LastTrouble | null;
  /** Troubles in a row, of any reason. */
  readonly failures: number;
  /** When the first of them came. */
  readonly failingSinceMs: number | null;
  /** The latest good answer. A failed question never changes it. */
  readonly snapshot: StoredSnapshot | null;
  /** The status before the snapshot's. */
  readonly previousStatus: TaskStatus | null;
  /** 0 to 1, never going back, below 1 until the end. */
  readonly progress: number;
  /** Whether `progress` is estimated from the expected time, not reported. */
  readonly estimated: boolean;
  /** When the last question was answered or given up. */
  readonly askedAtMs: number | null;
  /** When a question left of which no answer is known yet: see `askWatch`. */
  readonly sentAtMs: number | null;
  /** Beyond `deadlineAtMs` when no further question fits before it. */
  readonly nextAskAtMs: number;
  /** `terminal`: the task has ended, as `snapshot` says. Else: how the watch lost it. */
  readonly ended: 'terminal' | LostKind | null;
}

/**
 * A watch that has asked nothing yet. It asks at once.
 *
 * @example beginWatch({ provider: 'anyfast', id }, rules, Date.now())
 */
export const beginWatch = (task: TaskRef, { baseUrl, deadlineMs }: WatchRules, nowMs: number): WatchState => ({
  version: 1,
  task,
  baseUrl,
  startedAtMs: nowMs,
  deadlineAtMs: deadlineMs === null ? null : nowMs + deadlineMs,
  asks: 0,
  lastTrouble: null,
  failures: 0,
  failingSinceMs: null,
  snapshot: null,
  previousStatus: null,
  progress: 0,
  estimated: true,
  askedAtMs: null,
  sentAtMs: null,
  nextAskAtMs: nowMs,
  ended: null,
});

/**
 * The state of a watch whose question is about to leave. Saved before it leaves, it keeps the provider's floor whatever becomes of
 * the program: whoever goes on from it asks no earlier than one floor after that question. The time since it fell due, in which it stood
 * in a line or the computer slept, counts neither for patience nor for grace.
 *
 * @example await save(askWatch(state, Date.now()))
 */
export const askWatch = (state: WatchState, nowMs: number): WatchState => ({
  ...later(state, Math.max(0, nowMs - state.nextAskAtMs)),
  sentAtMs: nowMs,
});

/** What patience and grace are counted from, and the next question, so much later. */
const later = (state: WatchState, ms: number): WatchState => ({
  ...state,
  nextAskAtMs: state.nextAskAtMs + ms,
  failingSinceMs: state.failingSinceMs === null ? null : state.failingSinceMs + ms,
  lastTrouble: state.lastTrouble && { ...state.lastTrouble, sinceMs: state.lastTrouble.sinceMs + ms },
});

/**
 * A saved watch, to go on from: the same deadline, the same tail of transitions. The time that nobody watched counts neither for
 * patience nor for grace: the last ask and the troubles count as so much later. A watch that had lost its task begins its patience anew; one whose task has ended stays ended.
 *
 * @example resumeWatch(parseWatchState(saved), rules, Date.now())
 */
export const resumeWatch = (saved: WatchState, rules: WatchRules, nowMs: number): WatchState => {
  if (saved.ended === 'terminal') return saved;
  const { deadlineMs } = rules;
  // A clock that went back must not put the next question off for longer than the floor.
  const sentAtMs = saved.sentAtMs === null ? null : Math.min(saved.sentAtMs, nowMs);
  const floorAtMs = sentAtMs === null ? -Infinity : sentAtMs + floorOf(saved, rules);
  // Behind a question that has left, all that came before it moves with it.
  const laterMs = saved.sentAtMs !== null && nowMs < saved.sentAtMs ? nowMs - saved.sentAtMs : Math.max(0, nowMs - saved.nextAskAtMs);
  const moved = later(saved, laterMs);
  const resumed: WatchState = {
    ...moved,
    deadlineAtMs: saved.deadlineAtMs ?? (deadlineMs === null ? null : saved.startedAtMs + deadlineMs),
    askedAtMs: saved.askedAtMs === null ? null : saved.askedAtMs + laterMs,
    sentAtMs,
    nextAskAtMs: Math.max(moved.nextAskAtMs, floorAtMs),
  };
  return saved.ended === null ? resumed : { ...resumed, ended: null, lastTrouble: null, failures: 0, failingSinceMs: null };
};

/**
 * The state after an answer. An ended state stays as it is.
 *
 * @param answer the snapshot, or why there is none
 * @param nowMs  when the answer came
 * Errors: `RangeError` when a policy gives neither ms nor 'stop'.
 * @example advanceWatch(state, provider.read(state.task, response), rules, Date.now())
 */
export const advanceWatch = (
  state: WatchState,
  answer: Either<Trouble, TaskSnapshot>,
  rules: WatchRules,
  nowMs: number,
): WatchState => {
  if (state.ended !== null) return state;
  const asked = { ...state, asks: state.asks + 1, askedAtMs: nowMs, sentAtMs: null };
  return isRight(answer) ? afterSnapshot(asked, answer.right, rules, nowMs) : afterTrouble(asked, answer.left, rules, nowMs);
};

/**
 * How long to wait before the next question, in ms; 'done' once the watch has ended.
 * A wait that leads to the deadline, not to `nextAskAtMs`, ends in no question: fold a `timeout` there.
 *
 * @example const wait = waitMs(state, Date.now())
 */
export const waitMs = ({ ended, askedAtMs, sentAtMs, nextAskAtMs, deadlineAtMs }: WatchState, nowMs: number): number | 'done' => {
  if (ended !== null) return 'done';
  const dueAtMs = deadlineAtMs !== null && nowMs < deadlineAtMs ? Math.min(nextAskAtMs, deadlineAtMs) : nextAskAtMs;
  // A clock that went back must not lengthen the wait that was chosen.
  const chosenAtMs = askedAtMs === null && sentAtMs === null ? nextAskAtMs : Math.max(askedAtMs ?? -Infinity, sentAtMs ?? -Infinity);
  return Math.max(0, Math.min(dueAtMs - nowMs, nextAskAtMs - chosenAtMs));
};

const afterSnapshot = (state: WatchState, snapshot: TaskSnapshot, rules: WatchRules, nowMs: number): WatchState => {
  const before = state.snapshot?.status ?? null;
  const known: WatchState = {
    ...state,
    snapshot: withoutRaw(snapshot),
    previousStatus: snapshot.status === before ? state.previousStatus : before,
    lastTrouble: null,
    failures: 0,
    failingSinceMs: null,
    deadlineAtMs: state.deadlineAtMs ?? deadlineOf(snapshot, rules, nowMs),
    ...progressOf(state, snapshot, rules, nowMs),
  };
  if (isTerminal(snapshot.status)) return end(known, 'terminal', rules, nowMs);
  return schedule(known, 'interval', { index: state.asks - 1, elapsedMs: elapsed(state.startedAtMs, nowMs) }, 0, rules, nowMs);
};

const afterTrouble = (state: WatchState, trouble: Trouble, rules: WatchRules, nowMs: number): WatchState => {
  const lastTrouble = lasting(trouble, state.lastTrouble, nowMs);
  const failingSinceMs = state.failingSinceMs ?? nowMs;
  const troubled: WatchState = { ...state, lastTrouble, failures: state.failures + 1, failingSinceMs };
  const lost = lostBy(lastTrouble, troubled, rules, nowMs);
  if (lost !== null) return end(troubled, lost, rules, nowMs);
  const attempt = { index: state.failures, elapsedMs: elapsed(failingSinceMs, nowMs) };
  const asked = 'retryAfterMs' in trouble ? (trouble.retryAfterMs ?? 0) : 0;
  return schedule(troubled, 'retry', attempt, Math.min(asked, longestRetryAfterMs), rules, nowMs);
};

const schedule = (
  state: WatchState,
  policy: 'interval' | 'retry',
  { index, elapsedMs }: Pick<Attempt, 'index' | 'elapsedMs'>,
  serverMs: number,
  rules: WatchRules,
  nowMs: number,
): WatchState => {
  const { deadlineAtMs, snapshot: latest } = state;
  if (deadlineAtMs !== null && nowMs >= deadlineAtMs) return end(state, 'timeout', rules, nowMs);
  const delayMs = checkedDelay(`policy.${policy}`, rules[policy]({ index, elapsedMs, nowMs, jitter: jitterOf(state), latest }));
  if (delayMs === 'stop') return end(state, 'timeout', rules, nowMs);
  const floorMs = floorOf(state, rules);
  const leastMs = Math.max(floorMs, serverMs);
  const plannedAtMs = nowMs + Math.max(delayMs, leastMs);
  const finalAskAtMs = (deadlineAtMs ?? Infinity) - floorMs;
  return { ...state, nextAskAtMs: plannedAtMs > finalAskAtMs ? Math.max(finalAskAtMs, nowMs + leastMs) : plannedAtMs };
};

const end = (state: WatchState, ended: 'terminal' | LostKind, rules: WatchRules, nowMs: number): WatchState => ({
  ...state,
  ended,
  nextAskAtMs: nowMs + floorOf(state, rules),
});

const floorOf = (state: WatchState, { provider, hintsOf }: WatchRules): number => provider.pacing(hintsOf(state.snapshot)).floorMs;

const elapsed = (sinceMs: number, nowMs: number): number => Math.max(0, nowMs - sinceMs);

/** One answer alone never ends a watch, save where asking again cannot help. */
const lostBy = (trouble: LastTrouble, state: WatchState, { patienceMs }: WatchRules, nowMs: number): LostKind | null => {
  switch (trouble.reason) {
    case 'quota':
      return trouble.kind;
    case 'unauthorized':
      if (trouble.consecutive >= 3) return trouble.kind;
      break;
    case 'forbidden':
    case 'rejected':
      if (trouble.consecutive >= 2) return trouble.kind;
      break;
    case 'not-found':
      if (state.snapshot !== null && trouble.consecutive >= 2) return 'gone';
      if (state.snapshot === null && trouble.consecutive >= 3 && elapsed(trouble.sinceMs, nowMs) >= graceMs) return trouble.kind;
      break;
    case 'rate-limited':
    case 'server':
    case 'empty':
    case null:
      break;
  }
  const isPatient = state.failures < fewestFailures || elapsed(state.failingSinceMs ?? nowMs, nowMs) < patienceMs;
  return isPatient ? null : trouble.kind;
};

/** How long a task that was never seen may be unknown: some providers need a moment after its creation. */
const graceMs = 60_000;

/** However little patience there is, so many troubles in a row are borne. */
const fewestFailures = 5;

const lasting = (trouble: Trouble, last: LastTrouble | null, nowMs: number): LastTrouble => {
  const { kind } = trouble;
  const reason = kind === 'response' ? trouble.reason : null;
  const same = last?.kind === kind && last.reason === reason ? last : null;
  return {
    kind,
    reason,
    status: kind === 'response' ? trouble.status : null,
    message: kind === 'decode' ? trouble.issues.join('; ') : trouble.message,
    consecutive: (same?.consecutive ?? 0) + 1,
    sinceMs: same?.sinceMs ?? nowMs,
  };
};

const deadlineOf = (snapshot: TaskSnapshot, { hintsOf }: WatchRules, nowMs: number): number => {
  if (snapshot.dueAtMs !== null) return Math.max(snapshot.dueAtMs, nowMs) + 10 * 60_000;
  return nowMs + (hintsOf(snapshot).serviceTier === 'flex' ? 50 : 2) * 3_600_000;
};

/** The most that a task may show before its end. */
const almostDone = 0.99;

const progressOf = (state: WatchState, snapshot: TaskSnapshot, rules: WatchRules, nowMs: number): Pick<WatchState, 'progress' | 'estimated'> => {
  if (isTerminal(snapshot.status)) return { progress: 1, estimated: false };
  const estimated = snapshot.progress === null;
  const progress = Math.min(snapshot.progress ?? estimate(state, snapshot, rules, nowMs), almostDone);
  const goesOn = progress > state.progress || (progress === state.progress && !estimated);
  return goesOn ? { progress, estimated } : { progress: state.progress, estimated: state.estimated };
};

/** Nine tenths at the end of the expected time, ever slower after it. A task that still waits has made no progress. */
const estimate = (state: WatchState, snapshot: TaskSnapshot, { provider, hintsOf }: WatchRules, nowMs: number): number => {
  const expected = snapshot.status === 'queued' ? null : provider.expectedTimeMs(hintsOf(snapshot));
  if (expected === null) return 0;
  const share = elapsed(snapshot.startedAtMs ?? snapshot.createdAtMs ?? state.startedAtMs, nowMs) / expected.maxMs;
  return share < 1 ? 0.9 * share : 1 - 0.1 / share;
};

/** 0 up to 1, from provider, id and number of the ask: the same state always waits the same. FNV-1a. */
const jitterOf = ({ task, asks }: WatchState): number => {
  let hash = 0x811c9dc5;
  for (const char of `${task.provider}/${task.id}/${String(asks)}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
};
