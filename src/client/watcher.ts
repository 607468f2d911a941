/**
 * One watch: `poll` drives its pure state from result to result.
 */
import { isRight, left, right } from 'fp-ts/Either';
import { catchError, defaultIfEmpty, EMPTY, finalize, map, Observable, of, type SchedulerLike, Subject, type Subscriber, tap, type Unsubscribable } from 'rxjs';
import { poll, type PollOptions } from '../poll/poll.js';
import { sleep } from '../poll/timers.js';
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

/** Options of a watcher. */
export interface Watch {
  readonly config: WatchConfig;
  readonly save: Save | undefined;
  /** The first state, new or resumed. */
  readonly begun: WatchState;
  /** The number of the task's last result that the state includes. */
  readonly seen: number;
}

/** What the watches of a client share. */
export interface Surroundings {
  readonly clock: Clock;
  /** Fires after `deadlineCheckMs`, for later deadlines. */
  readonly deadlines: TimeOuts;
  /** `isOver`: the task has finished, and accepts no more watchers. */
  readonly leave: (shared: SharedTask, isOver: boolean) => void;
}

/** A timer this late, or a clock this far off, means that the computer slept or the clock was set. */
const minJumpMs = 10_000;

/** A later deadline is checked again after this time. */
export const deadlineCheckMs = 60_000;

/**
 * Holds the state of one watch and of its stream. It is its own poller, because a watch has one poll at a time.
 */
export class Watcher implements PollOptions<WatchState>, Poller, Timed, Unsubscribable {
  /** The transition of the state that is being emitted; null for none. */
  transition: TaskTransition | null = null;
  /** Whether the state that is being emitted has a new result. The seed and a retried save are not emitted to watchers. */
  isNew = false;
  readonly wake: SharedTask;
  readonly #config: WatchConfig;
  readonly #surroundings: Surroundings;
  readonly #saver: Saver | null;
  /** The number of the last result that the state includes. */
  #seen: number;
  #isIn = true;
  /** Whether the state is saved; null if the mark of a request could not be saved. */
  #isSaved: boolean | null = true;
  #unsaved: { readonly sinceMs: number; readonly reason: string } | null = null;
  /** The wall clock minus the elapsed time. */
  #offsetMs: number;
  /** When the current timer is due, in elapsed time. */
  #timerAtMs = Infinity;
  /** Receives the next state, during a poll. */
  #subscriber: Subscriber<WatchState> | null = null;
  /** The state before the poll. */
  #before: WatchState;
  /** The state after the request was sent. */
  #sent: WatchState;
  /** The save of the mark of a request. */
  #marking: Unsubscribable | null = null;
  /** Whether the watch waits for a result. */
  #isPolling = false;
  #deadlineTimer: Unsubscribable | null = null;

  constructor(shared: SharedTask, { config, save, begun, seen }: Watch, surroundings: Surroundings) {
    const { clock } = surroundings;
    this.wake = shared;
    this.#config = config;
    this.#surroundings = surroundings;
    this.#saver = save === undefined ? null : createSaver(save, clock);
    this.#seen = seen;
    this.#offsetMs = clock.now() - clock.elapsedMs();
    this.#before = begun;
    this.#sent = begun;
  }

  get scheduler(): SchedulerLike {
    return this.#clock.scheduler;
  }

  get #clock(): Clock {
    return this.#surroundings.clock;
  }

  /**
   * Every state of the watch, starting with the first.
   *
   * Errors: the error of the watch, after the state that has it; `save` if states could not be saved for `giveUpAfterMs`; the error of a
   * policy that throws.
   */
  states(): Observable<WatchState> {
    return poll(this.#before, this);
  }

  /** The watch has ended, or its subscriber has left. */
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
    // A failed save is retried at the minimum interval: that of the last state, or that of the mark of a request that was not sent.
    if (state.ended !== null) return this.#isSaved === false ? this.#minIntervalOf(state) : 'done';
    if (this.#isSaved === null) return Math.min(this.#minIntervalOf(state), Math.max(0, timeLeftMs(state, nowMs)));
    return this.wake.isWoken ? 0 : nextDelayMs(state, nowMs);
  }

  #minIntervalOf({ snapshot }: WatchState): number {
    return this.#config.provider.pacing(this.#config.hintsOf(snapshot)).minIntervalMs;
  }

  /** The state after the next result, or after the deadline if that is earlier. */
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
    // At the deadline no request is sent. A result that another watcher got in the same turn still counts.
    if (timeLeftMs(state, nowMs) <= 0 && (this.wake.latest?.number ?? 0) <= this.#seen) {
      this.#deadlineCame();
      return;
    }
    this.#isPolling = true;
    this.#timerAtMs = Infinity;
    const hints = this.#config.hintsOf(state.snapshot);
    const { minIntervalMs } = this.#config.provider.pacing(hints);
    this.wake.poll(this.#seen, this, { dueAtMs: Math.min(state.nextPollAtMs, nowMs), minIntervalMs, serviceTier: hints.serviceTier });
    this.#awaitDeadline();
  }

  leaving(request: Leaving): void {
    this.#sent = markSent(this.#before, this.#clock.now());
    const saved = this.#save(this.#sent);
    if (saved === null) return;
    const ended = new Subject<never>();
    request.waitUntil(ended);
    // If the mark cannot be saved, this watch leaves the poll.
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

  /** Checks the deadline again. */
  timedOut(): void {
    this.#shift(this.#jumpMs());
    this.#awaitDeadline();
  }

  /** The poll has ended, or its subscriber has left. */
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
    this.#timerAtMs = leftMs === Infinity ? Infinity : this.#clock.elapsedMs() + Math.min(leftMs, deadlineCheckMs);
    if (leftMs === Infinity) return;
    if (leftMs > deadlineCheckMs) this.#surroundings.deadlines.begin(this);
    // A result in the same turn still counts.
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
    // After a clock jump, the result of another poll comes first.
    if (jumpMs !== 0) return;
    this.#endPoll();
    this.wake.withdraw(this);
    // A timer may fire slightly before the clock reaches its time.
    this.#fold(deadlineCame, this.#seen, Math.max(this.#clock.now(), this.#before.deadlineAtMs ?? 0));
  }

  #shift(jumpMs: number): void {
    if (jumpMs === 0) return;
    this.#before = shiftWatch(this.#before, jumpMs);
    this.#sent = shiftWatch(this.#sent, jumpMs);
  }

  /** How far the clock has jumped since the last check: the computer slept, or the clock was set. */
  #jumpMs(): number {
    const elapsedMs = this.#clock.elapsedMs();
    const driftMs = this.#clock.now() - elapsedMs - this.#offsetMs;
    const setMs = Math.abs(driftMs) > minJumpMs ? driftMs : 0;
    const lateMs = elapsedMs - this.#timerAtMs;
    this.#offsetMs += setMs;
    return setMs + (lateMs > minJumpMs ? lateMs : 0);
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

  /** Saves a state, then emits it, also when the save has failed. */
  #emitSaved(state: WatchState, isNew: boolean): void {
    const saved = this.#save(state);
    if (saved === null) this.#emit(state, isNew, true);
    else this.#subscriber?.add(saved.subscribe((isSaved) => { this.#emit(state, isNew, isSaved); }));
  }

  #emit(state: WatchState, isNew: boolean, isSaved: boolean | null): void {
    this.isNew = isNew;
    this.#isSaved = isSaved;
    const subscriber = this.#subscriber;
    // Before emitting: no request may be sent for a poll that has ended.
    this.unsubscribe();
    // Keep only this state while the watch waits.
    this.#before = state;
    this.#sent = state;
    subscriber?.next(state);
    subscriber?.complete();
  }

  /** Saves a state, and emits whether that succeeded; null for a synchronous save. */
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

/** A provider's only account can be referred to with or without its name. The snapshot always has the ref that is watched. */
export const ownResult = (result: Result, task: TaskRef): Result =>
  !isRight(result) || result.right.snapshot.task.account === task.account ? result : right({ snapshot: { ...result.right.snapshot, task }, raw: result.right.raw });

const deadlineCame: Result = /* @__PURE__ */ left({ kind: 'timeout', message: 'the deadline has passed' });
