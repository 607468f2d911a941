/**
 * One watch: its pure state, carried by `poll` from result to result.
 */
import { isRight, left, right } from 'fp-ts/Either';
import { catchError, defaultIfEmpty, EMPTY, finalize, map, Observable, of, type SchedulerLike, Subject, type Subscriber, tap, type Unsubscribable } from 'rxjs';
import { poll, type PollOptions } from '../poll/poll.js';
import { sleep } from '../poll/rest.js';
import { errorAs, errorOf, messageOf } from '../state/errors.js';
import type { WatchConfig } from '../state/watch-config.js';
import { applyResult, markSent, nextDelayMs, shiftWatch, timeLeftMs, transitionBetween, type WatchState } from '../state/watch-state.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TaskTransition } from '../task/transition.js';
import type { Clock } from '../transport/clock.js';
import type { Timed, TimeOuts } from '../transport/time-outs.js';
import type { Leaving, Result } from './requests.js';
import { createSaver, type Save, type Saver } from './saver.js';
import type { Arrival, Poller, SharedTask } from './shared-task.js';

/** What one watch is made of. */
export interface Watch {
  readonly config: WatchConfig;
  readonly save: Save | undefined;
  /** New or resumed. */
  readonly begun: WatchState;
  /** The number of the last of the task's results that the state knows. */
  readonly seen: number;
}

/** What the watches of a client have in common. */
export interface Surroundings {
  readonly clock: Clock;
  /** Of `deadlineLookMs`: for deadlines that are further away than that. */
  readonly deadlines: TimeOuts;
  /** `isOver`: the task has ended, so that nobody may join it any more. */
  readonly leave: (shared: SharedTask, isOver: boolean) => void;
}

/** No timer of a computer that is awake is so late, and no clock that is left alone goes so wrong. */
const leastJumpMs = 10_000;

/** A deadline that is further away is looked at again after so long. */
export const deadlineLookMs = 60_000;

/**
 * Carries the state of one watch, and holds what is about the stream alone. It is its own poller: a watch has one poll at a time.
 */
export class Watcher implements PollOptions<WatchState>, Poller, Timed, Unsubscribable {
  /** The transition that the last result made, while it is emitted. */
  transition: TaskTransition | null = null;
  /** Whether a result made the state that is emitted: the seed, and a save that is tried again, are none of the watchers' business. */
  isNew = false;
  readonly wake: SharedTask;
  readonly scheduler: SchedulerLike;
  dueAtMs = 0;
  minIntervalMs = 0;
  serviceTier: string | null = null;
  readonly #config: WatchConfig;
  readonly #clock: Clock;
  readonly #surroundings: Surroundings;
  readonly #saver: Saver | null;
  /** The number of the last result that the state knows. */
  #seen: number;
  #isIn = true;
  /** Whether the state is saved; null where a request could not leave for it. */
  #isSaved: boolean | null = true;
  #unsaved: { readonly sinceMs: number; readonly reason: string } | null = null;
  /** How far the wall clock is ahead of elapsed time. */
  #offsetMs: number;
  /** When the timer that is set is due, in elapsed time. */
  #timerAtMs = Infinity;
  /** Who waits for the next state, while there is a poll. */
  #subscriber: Subscriber<WatchState> | null = null;
  /** The state before the poll, and once its request has left the state that says so. */
  #before: WatchState;
  #sent: WatchState;
  /** Saves the mark of a request that is leaving. */
  #marking: Unsubscribable | null = null;
  /** Whether a result is awaited. */
  #isPolling = false;
  #deadlineTimer: Unsubscribable | null = null;

  constructor(shared: SharedTask, { config, save, begun, seen }: Watch, surroundings: Surroundings) {
    const { clock } = surroundings;
    this.wake = shared;
    this.scheduler = clock.scheduler;
    this.#config = config;
    this.#clock = clock;
    this.#surroundings = surroundings;
    this.#saver = save === undefined ? null : createSaver(save, clock);
    this.#seen = seen;
    this.#offsetMs = clock.now() - clock.elapsedMs();
    this.#before = begun;
    this.#sent = begun;
  }

  /**
   * Every state of the watch, its seed first.
   *
   * Errors: why the watch could not find out, after the state that says so; `save` when states could not be saved for `giveUpAfterMs`;
   * what a policy throws.
   */
  states(): Observable<WatchState> {
    return poll(this.#before, this);
  }

  /** The watch is over, or nobody wants it any more. */
  close(): void {
    this.#leave(false);
    this.#saver?.close();
  }

  wait(state: WatchState): number | 'done' {
    this.transition = null;
    const error = errorOf(state);
    if (error !== null) throw error;
    const unsaved = this.#unsaved;
    if (unsaved !== null && this.#clock.elapsedMs() - unsaved.sinceMs >= this.#config.giveUpAfterMs) throw errorAs('save', state, unsaved.reason);
    const waitMs = this.#waitAfter(state);
    this.#timerAtMs = waitMs === 'done' ? Infinity : this.#clock.elapsedMs() + waitMs;
    return waitMs;
  }

  #waitAfter(state: WatchState): number | 'done' {
    const nowMs = this.#clock.now();
    // What could not be saved is tried again at the minimum interval: the end, or the mark of a request that then did not leave.
    if (state.ended !== null) return this.#isSaved === false ? this.#minIntervalOf(state) : 'done';
    if (this.#isSaved === null) return Math.min(this.#minIntervalOf(state), Math.max(0, timeLeftMs(state, nowMs)));
    return this.wake.isWoken ? 0 : nextDelayMs(state, nowMs);
  }

  #minIntervalOf({ snapshot }: WatchState): number {
    return this.#config.provider.pacing(this.#config.hintsOf(snapshot)).minIntervalMs;
  }

  /** The state after the next result, or after the deadline if that comes first. */
  request(state: WatchState): Observable<WatchState> {
    return new Observable((subscriber) => {
      this.#subscriber = subscriber;
      this.#before = state;
      this.#sent = state;
      this.#shift(this.#jumpMs());
      this.#begin(this.#before);
      return this;
    });
  }

  #begin(state: WatchState): void {
    if (state.ended !== null) {
      this.#emitSaved(state, false);
      return;
    }
    const nowMs = this.#clock.now();
    const hints = this.#config.hintsOf(state.snapshot);
    this.dueAtMs = Math.min(state.nextPollAtMs, nowMs);
    this.serviceTier = hints.serviceTier;
    this.minIntervalMs = this.#config.provider.pacing(hints).minIntervalMs;
    // At the deadline nothing leaves any more; a result that another watcher got in that turn still counts.
    if (timeLeftMs(state, nowMs) <= 0 && (this.wake.latest?.number ?? 0) <= this.#seen) {
      this.#deadlineCame();
      return;
    }
    this.#isPolling = true;
    this.#timerAtMs = Infinity;
    this.wake.poll(this.#seen, this);
    this.#awaitDeadline();
  }

  leaving(request: Leaving): void {
    this.#sent = markSent(this.#before, this.#clock.now());
    const saved = this.#save(this.#sent);
    if (saved === null) return;
    const ended = new Subject<never>();
    request.waitUntil(ended);
    // Where the mark cannot be saved the poll is left: its request does not leave for this watch.
    this.#marking = saved.pipe(finalize(() => { ended.complete(); })).subscribe((isSaved) => {
      if (!isSaved) this.#emit(this.#before, false, null);
    });
  }

  arrived({ result, number }: Arrival): void {
    if (!this.#isPolling) return;
    this.#endPoll();
    this.#shift(this.#jumpMs());
    this.#fold(result, number, this.#clock.now());
  }

  failed(error: unknown): void {
    this.#subscriber?.error(error);
  }

  /** It is time to look at the deadline again. */
  timedOut(): void {
    this.#shift(this.#jumpMs());
    this.#awaitDeadline();
  }

  /** The poll is over, or nobody waits for it any more. */
  unsubscribe(): void {
    this.#subscriber = null;
    this.#endPoll();
    this.wake.withdraw(this);
    this.#marking?.unsubscribe();
    this.#marking = null;
  }

  #awaitDeadline(): void {
    if (!this.#isPolling) return;
    const leftMs = Math.max(0, timeLeftMs(this.#before, this.#clock.now()));
    this.#timerAtMs = leftMs === Infinity ? Infinity : this.#clock.elapsedMs() + Math.min(leftMs, deadlineLookMs);
    if (leftMs === Infinity) return;
    if (leftMs > deadlineLookMs) this.#surroundings.deadlines.begin(this);
    // A result that comes in that very turn counts.
    else this.#deadlineTimer = sleep(leftMs, () => { this.#deadlineTimer = this.scheduler.schedule(() => { this.#deadlineCame(); }); }, this.scheduler);
  }

  #endPoll(): void {
    this.#isPolling = false;
    this.#surroundings.deadlines.stop(this);
    this.#deadlineTimer?.unsubscribe();
    this.#deadlineTimer = null;
  }

  #deadlineCame(): void {
    const jumpMs = this.#jumpMs();
    this.#shift(jumpMs);
    // Not on the clock's word alone: the result of another poll comes first.
    if (jumpMs !== 0) return;
    this.#endPoll();
    this.wake.withdraw(this);
    // A timer may be a little ahead of the clock.
    this.#fold(deadlineCame, this.#seen, Math.max(this.#clock.now(), this.#before.deadlineAtMs ?? 0));
  }

  #shift(jumpMs: number): void {
    if (jumpMs === 0) return;
    this.#before = shiftWatch(this.#before, jumpMs);
    this.#sent = shiftWatch(this.#sent, jumpMs);
  }

  /** How far the clock has jumped since it was last looked at: the computer slept, or the clock was set. */
  #jumpMs(): number {
    const elapsedMs = this.#clock.elapsedMs();
    const driftMs = this.#clock.now() - elapsedMs - this.#offsetMs;
    const setMs = Math.abs(driftMs) > leastJumpMs ? driftMs : 0;
    const lateMs = elapsedMs - this.#timerAtMs;
    this.#offsetMs += setMs;
    return setMs + (lateMs > leastJumpMs ? lateMs : 0);
  }

  #fold(result: Result, seen: number, nowMs: number): void {
    const before = this.#sent;
    let state;
    try {
      state = applyResult(before, ownResult(result, before.task), this.#config, nowMs);
    } catch (error) {
      this.#subscriber?.error(error);
      return;
    }
    this.#seen = seen;
    this.transition = transitionBetween(before, state, isRight(result) ? result.right.raw : null);
    // Leave before emitting, so that a subscriber that watches again inside `next` starts a new request.
    if (state.ended !== null) this.#leave(state.ended === 'terminal');
    this.#emitSaved(state, true);
  }

  /** Emits a state once it is saved or that has failed: a transition is never withheld. */
  #emitSaved(state: WatchState, isNew: boolean): void {
    const saved = this.#save(state);
    if (saved === null) this.#emit(state, isNew, true);
    else this.#subscriber?.add(saved.subscribe((isSaved) => { this.#emit(state, isNew, isSaved); }));
  }

  #emit(state: WatchState, isNew: boolean, isSaved: boolean | null): void {
    this.isNew = isNew;
    this.#isSaved = isSaved;
    const subscriber = this.#subscriber;
    // First: a request must not leave for a poll that is over.
    this.unsubscribe();
    // While the watch waits it keeps no state but this one.
    this.#before = state;
    this.#sent = state;
    subscriber?.next(state);
    subscriber?.complete();
  }

  /** Saves a state, and emits whether that was possible; null where it took no time. */
  #save(state: WatchState): Observable<boolean> | null {
    const saved = this.#saver?.save(state) ?? EMPTY;
    if (saved === EMPTY) {
      this.#unsaved = null;
      return null;
    }
    return saved.pipe(
      tap({ complete: () => { this.#unsaved = null; } }),
      map(() => true),
      defaultIfEmpty(true),
      catchError((error: unknown) => {
        this.#unsaved = { sinceMs: this.#unsaved?.sinceMs ?? this.#clock.elapsedMs(), reason: messageOf(error) };
        return of(false);
      }),
    );
  }

  #leave(isOver: boolean): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#surroundings.leave(this.wake, isOver);
  }
}

/** The one account of a provider may be meant with its name and without it: a snapshot is always of the ref that was watched. */
export const ownResult = (result: Result, task: TaskRef): Result =>
  !isRight(result) || result.right.snapshot.task.account === task.account ? result : right({ snapshot: { ...result.right.snapshot, task }, raw: result.right.raw });

const deadlineCame: Result = /* @__PURE__ */ left({ kind: 'timeout', message: 'the deadline came first' });
