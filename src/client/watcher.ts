/**
 * One watch: its pure state, carried by `poll` from result to result.
 */
import { isRight, left, right } from 'fp-ts/Either';
import { catchError, defaultIfEmpty, EMPTY, finalize, map, mergeMap, type Observable, of, Subject, take, tap } from 'rxjs';
import { poll } from '../poll/poll.js';
import { within } from '../poll/rest.js';
import { errorAs, errorOf, messageOf } from '../state/errors.js';
import type { WatchConfig } from '../state/watch-config.js';
import { applyResult, markSent, nextDelayMs, shiftWatch, timeLeftMs, transitionBetween, type WatchState } from '../state/watch-state.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TaskTransition } from '../task/transition.js';
import type { Clock } from '../transport/clock.js';
import type { Leaving, Result } from './requests.js';
import { createSaver, type Save } from './saver.js';
import type { Arrival, SharedTask } from './shared-task.js';

/** A watch's state, the transition that the last result made, and the number of that result. */
export interface Step {
  readonly state: WatchState;
  readonly transition: TaskTransition | null;
  readonly seen: number;
  /** Whether a result made it: the seed, and a save that is tried again, are none of the watchers' business. */
  readonly isNew: boolean;
  /** Whether the state is saved; null where a request could not leave for it. */
  readonly isSaved: boolean | null;
}

/** One watcher's place among those of a task. */
export interface Place {
  readonly shared: SharedTask;
  /** Once. `isOver`: the task has ended, so that nobody may join it any more. */
  readonly leave: (isOver: boolean) => void;
}

/** What one watch is made of. */
export interface Watch {
  readonly config: WatchConfig;
  readonly save: Save | undefined;
  /** New or resumed. */
  readonly begun: WatchState;
  /** The number of the last of the task's results that the state knows. */
  readonly seen: number;
  readonly clock: Clock;
}

/** No timer of a computer that is awake is so late, and no clock that is left alone goes so wrong. */
const leastJumpMs = 10_000;

/**
 * A watch, from now on, its seed first.
 *
 * Errors: why the watch could not find out, after the state that says so; `save` when states could not be saved for `giveUpAfterMs`;
 * what a policy throws.
 */
export const watcher = ({ shared, leave }: Place, { config, save, begun, seen: known, clock }: Watch): Observable<Step> => {
  const { task } = begun;
  const saver = save === undefined ? null : createSaver(save, clock);
  let unsaved: { readonly sinceMs: number; readonly reason: string } | null = null;
  let offsetMs = clock.now() - clock.elapsedMs();
  /** When the timer that is set is due, in elapsed time. */
  let timerAtMs = Infinity;

  /** The state, moved along where the computer slept or the clock was set. */
  const afterJump = (state: WatchState): WatchState => {
    const elapsedMs = clock.elapsedMs();
    const driftMs = clock.now() - elapsedMs - offsetMs;
    const isSet = Math.abs(driftMs) > leastJumpMs;
    const lateMs = elapsedMs - timerAtMs > leastJumpMs ? elapsedMs - timerAtMs : 0;
    if (isSet) offsetMs += driftMs;
    const jumpMs = (isSet ? driftMs : 0) + lateMs;
    return jumpMs === 0 ? state : shiftWatch(state, jumpMs);
  };

  const wait = ({ state, isSaved }: Step): number | 'done' => {
    const error = errorOf(state);
    if (error !== null) throw error;
    if (unsaved !== null && clock.elapsedMs() - unsaved.sinceMs >= config.giveUpAfterMs) throw errorAs('save', state, unsaved.reason);
    const waitMs = waitAfter(state, isSaved);
    timerAtMs = waitMs === 'done' ? Infinity : clock.elapsedMs() + waitMs;
    return waitMs;
  };

  const waitAfter = (state: WatchState, isSaved: boolean | null): number | 'done' => {
    const nowMs = clock.now();
    const { minIntervalMs } = config.provider.pacing(config.hintsOf(state.snapshot));
    // What could not be saved is tried again at the minimum interval: the end, or the mark of a request that then did not leave.
    if (state.ended !== null) return isSaved === false ? minIntervalMs : 'done';
    if (isSaved === null) return Math.min(minIntervalMs, Math.max(0, timeLeftMs(state, nowMs)));
    return shared.isWoken ? 0 : nextDelayMs(state, nowMs);
  };

  /** Saves a state. Emits once if that fails; `EMPTY` where it took no time. */
  const saving = (state: WatchState): Observable<null> => {
    const saved = saver?.save(state) ?? EMPTY;
    if (saved === EMPTY) {
      unsaved = null;
      return EMPTY;
    }
    return saved.pipe(
      tap({ complete: () => { unsaved = null; } }),
      catchError((error: unknown) => {
        unsaved = { sinceMs: unsaved?.sinceMs ?? clock.elapsedMs(), reason: messageOf(error) };
        return of(null);
      }),
    );
  };

  /** Saves the mark that a request is leaving, which it does not do before that has ended. */
  const marking = (state: WatchState, { waitUntil }: Leaving): Observable<'unsaved'> => {
    const work = saving(state);
    if (work === EMPTY) return EMPTY;
    const ended = new Subject<never>();
    waitUntil(ended);
    return work.pipe(map(() => 'unsaved' as const), finalize(() => { ended.complete(); }));
  };

  /** A step, once its state is saved or that has failed: a transition is never withheld. */
  const savedStep = (step: Omit<Step, 'isSaved'>): Observable<Step> => {
    const work = saving(step.state);
    return work === EMPTY ? of({ ...step, isSaved: true }) : work.pipe(map(() => ({ ...step, isSaved: false })), defaultIfEmpty({ ...step, isSaved: true }));
  };

  const folded = (before: WatchState, shared: Result, seen: number, nowMs = clock.now()): Observable<Step> => {
    const result = ownResult(shared, task);
    const state = applyResult(before, result, config, nowMs);
    // Leave before emitting, so that a subscriber that watches again inside `next` starts a new request.
    if (state.ended !== null) leave(state.ended === 'terminal');
    return savedStep({ state, transition: transitionBetween(before, state, isRight(result) ? result.right.raw : null), seen, isNew: true });
  };

  /** The next result, folded, or the deadline if that comes first. */
  const request = (step: Step): Observable<Step> => {
    const { seen } = step;
    const state = afterJump(step.state);
    if (state.ended !== null) return savedStep({ ...step, transition: null, isNew: false });
    const hints = config.hintsOf(state.snapshot);
    const { minIntervalMs } = config.provider.pacing(hints);
    let sent = state;
    const nowMs = clock.now();
    const own = { dueAtMs: Math.min(state.nextPollAtMs, nowMs), serviceTier: hints.serviceTier, minIntervalMs };
    const arrived = shared.poll(seen, own).pipe(
      mergeMap((event) => {
        if (event.kind === 'done') return of(event.arrival);
        sent = markSent(state, clock.now());
        return marking(sent, event);
      }),
      // Leaves the request at once where the mark could not be saved.
      take(1),
    );
    const advance = (arrival: Arrival | 'unsaved' | 'deadline'): Observable<Step> => {
      if (arrival === 'unsaved') return of({ state, transition: null, seen, isNew: false, isSaved: null });
      if (arrival !== 'deadline') return folded(afterJump(sent), arrival.result, arrival.number);
      const woken = afterJump(state);
      if (woken !== state) return of({ ...step, state: woken, transition: null, isNew: false });
      // A timer may be a little ahead of the clock.
      return folded(sent, deadlineCame, seen, Math.max(clock.now(), state.deadlineAtMs ?? 0));
    };
    const leftMs = timeLeftMs(state, nowMs);
    timerAtMs = clock.elapsedMs() + Math.max(0, leftMs);
    if (leftMs === Infinity) return arrived.pipe(mergeMap(advance));
    // At the deadline nothing leaves any more; a result that another watcher got in that turn still counts.
    if (leftMs <= 0 && (shared.latest?.number ?? 0) <= seen) return advance('deadline');
    return arrived.pipe(within(Math.max(0, leftMs), of('deadline' as const), clock.scheduler), mergeMap(advance));
  };

  const seed: Step = { state: begun, transition: null, seen: known, isNew: false, isSaved: true };
  return poll(seed, { wait, request, wake: shared.signals, scheduler: clock.scheduler }).pipe(finalize(() => {
    leave(false);
    saver?.close();
  }));
};

/** The one account of a provider may be meant with its name and without it: a snapshot is always of the ref that was watched. */
export const ownResult = (result: Result, task: TaskRef): Result =>
  !isRight(result) || result.right.task.account === task.account ? result : right({ ...result.right, task });

const deadlineCame: Result = /* @__PURE__ */ left({ kind: 'timeout', message: 'the deadline came first' });
