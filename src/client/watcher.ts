/**
 * One watch: its pure state, carried by `poll` from result to result.
 */
import { isLeft, left, right } from 'fp-ts/Either';
import {
  concat, EMPTY, finalize, from, ignoreElements, isObservable, mergeMap, type Observable, of, Subject, throwError, timeout,
} from 'rxjs';
import { isRecord } from '../checks.js';
import type { Clock } from '../transport/clock.js';
import { poll } from '../poll/poll.js';
import { within } from '../poll/rest.js';
import { lossOf } from '../state/errors.js';
import type { WatchRules } from '../state/watch-rules.js';
import { advanceWatch, askWatch, beginWatch, resumeWatch, waitMs, type WatchState } from '../state/watch-state.js';
import type { TaskRef } from '../task/snapshot.js';
import { type TaskTransition, transitionTo } from '../task/transition.js';
import type { Leaving, Result } from './requests.js';
import type { Arrival, SharedTask } from './shared-task.js';

/** A watch's state, the transition that the last result made, and the number of that result. */
export interface Step {
  readonly state: WatchState;
  readonly transition: TaskTransition | null;
  readonly seen: number;
  /** Whether no result has been folded yet. */
  readonly isSeed: boolean;
}

/** One watcher's place among those of a task. */
export interface Place {
  readonly shared: SharedTask;
  /** Once. `isOver`: the task has ended, so that nobody may join it any more. */
  readonly leave: (isOver: boolean) => void;
}

/** Keeps a watch's state. One that takes time returns a promise or an Observable; any other value is ignored. */
export type Save = (state: WatchState) => unknown;

/** What one watch is made of. */
export interface Watch {
  readonly task: TaskRef;
  readonly rules: WatchRules;
  readonly save: Save | undefined;
  /** A state to resume from. */
  readonly saved: WatchState | null;
  readonly clock: Clock;
}

const isPromise = (value: unknown): value is PromiseLike<unknown> => isRecord(value) && 'then' in value && typeof value.then === 'function';

/** How long one save may take. */
const saveTimeoutMs = 10_000;

/**
 * A watch, from now on, its seed first.
 *
 * Errors: the loss of the task, after the state that says so; what `save` or a policy throws.
 */
export const watcher = ({ shared, leave }: Place, { task, rules, save, saved, clock }: Watch): Observable<Step> => {
  const now = clock.now();
  const begun = saved === null ? beginWatch(task, rules, now) : resumeWatch(saved, rules, now);
  const { latest } = shared;
  // A late watch wants a fresh result of its one poll, and a restored one has counted the results up to its last.
  let lateAsk = isLate(begun, now) ? begun.asks : null;
  const isKnown = latest !== null && saved !== null && (lateAsk !== null || latest.atMs <= (saved.askedAtMs ?? -Infinity));
  const seed: Step = { state: begun, transition: null, seen: isKnown ? latest.number : 0, isSeed: true };

  const wait = ({ state }: Step): number | 'done' => {
    const loss = lossOf(state);
    if (loss !== null) throw loss;
    const nowMs = clock.now();
    if (state.asks === lateAsk) return waitMs({ ...state, deadlineAtMs: null }, nowMs);
    // The deadline may have come while the last result was saved and told.
    const deadlineHasCome = state.ended === null && state.deadlineAtMs !== null && state.deadlineAtMs <= Math.min(nowMs, state.nextAskAtMs);
    return deadlineHasCome ? 0 : waitMs(state, nowMs);
  };

  /** Completes once a state is saved; at once, and without a subscription, where that takes no time. */
  const saving = (state: WatchState): Observable<never> => {
    const work = save?.(state);
    if (!isObservable(work) && !isPromise(work)) return EMPTY;
    const tooLate = (): Observable<never> => throwError(() => new Error(`save took longer than ${saveTimeoutMs} ms`));
    return from(work).pipe(ignoreElements(), timeout({ first: saveTimeoutMs, scheduler: clock.scheduler, with: tooLate }));
  };

  /** Saves the mark that a request is leaving, which it does not do before that has ended. */
  const marking = (state: WatchState, { waitUntil }: Leaving): Observable<never> => {
    const work = saving(state);
    if (work === EMPTY) return EMPTY;
    const ended = new Subject<never>();
    waitUntil(ended);
    return work.pipe(finalize(() => { ended.complete(); }));
  };

  const folded = (before: WatchState, shared: Result, seen: number, nowMs = clock.now()): Observable<Step> => {
    const result = ownResult(shared, task);
    const { deadlineAtMs, asks } = before;
    // The computer slept through the deadline, with a request in flight: as after a restore, one more poll leaves.
    const hasSlept = isLeft(result) && asks !== lateAsk && deadlineAtMs !== null && nowMs - deadlineAtMs > longestLagMs;
    if (hasSlept) lateAsk = asks + 1;
    const advanced = advanceWatch(hasSlept ? { ...before, deadlineAtMs: null } : before, result, rules, nowMs);
    const state = hasSlept ? { ...advanced, deadlineAtMs } : advanced;
    const work = saving(state);
    // Leave before emitting, so that a subscriber that watches again inside `next` starts a new request.
    if (state.ended !== null) leave(state.ended === 'terminal');
    const from = before.snapshot?.status ?? null;
    const changes = !isLeft(result) && result.right.status !== from;
    const step = of({ state, transition: changes ? transitionTo(result.right, from, nowMs) : null, seen, isSeed: false });
    return work === EMPTY ? step : concat(work, step);
  };

  /** The next result, folded, or the deadline if that comes first. */
  const request = ({ state, seen }: Step): Observable<Step> => {
    const hints = rules.hintsOf(state.snapshot);
    let sent = state;
    const { floorMs: minIntervalMs } = rules.provider.pacing(hints);
    const arrived = shared.poll(seen, { dueAtMs: state.nextAskAtMs, serviceTier: hints.serviceTier, minIntervalMs }).pipe(
      mergeMap((event) => {
        if (event.kind === 'done') return of(event.arrival);
        sent = askWatch(state, clock.now());
        return marking(sent, event);
      }),
    );
    const { deadlineAtMs, nextAskAtMs } = state;
    const advance = (arrival: Arrival | null): Observable<Step> => {
      if (arrival !== null) return folded(sent, arrival.result, arrival.number);
      // A timer may be a little ahead of the clock.
      return folded(sent, deadlineCame, seen, Math.max(clock.now(), deadlineAtMs ?? 0));
    };
    if (deadlineAtMs === null || state.asks === lateAsk) return arrived.pipe(mergeMap(advance));
    // No further poll fits before the deadline, so this watch only waits for it. A result for another watcher in that turn still counts.
    if (nextAskAtMs >= deadlineAtMs) return ((shared.latest?.number ?? 0) > seen ? arrived : of<Arrival | null>(null)).pipe(mergeMap(advance));
    const leftMs = deadlineAtMs - clock.now();
    // The computer may have slept through the time of a request, and through the deadline: it leaves all the same.
    return (leftMs <= 0 ? arrived : arrived.pipe(within(leftMs, of<Arrival | null>(null), clock.scheduler))).pipe(mergeMap(advance));
  };

  return poll(seed, { wait, request, wake: shared.arrivals, scheduler: clock.scheduler }).pipe(finalize(() => { leave(false); }));
};

/** No timer of a computer that is awake is so late. */
const longestLagMs = 10_000;

/** Whether a restored watch is past its deadline. A request whose result was lost with its program may leave again, even if its minimum interval ends after it. */
const isLate = ({ deadlineAtMs, sentAtMs, nextAskAtMs }: WatchState, nowMs: number): boolean =>
  deadlineAtMs !== null && deadlineAtMs <= (sentAtMs === null ? nowMs : Math.max(nowMs, nextAskAtMs));

/** The one account of a provider may be meant with its name and without it: a snapshot is always of the ref that was watched. */
const ownResult = (result: Result, task: TaskRef): Result =>
  isLeft(result) || result.right.task.account === task.account ? result : right({ ...result.right, task });

const deadlineCame: Result = /* @__PURE__ */ left({ kind: 'timeout', message: 'the deadline came first' });
