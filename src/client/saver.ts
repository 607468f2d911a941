/**
 * Saves the states of one watch, one at a time.
 */
import { EMPTY, finalize, from, ignoreElements, isObservable, type Observable, ReplaySubject, Subscription, throwError, timeout } from 'rxjs';
import { isRecord } from '../checks.js';
import { saveTimeoutMs, type WatchState } from '../state/watch-state.js';
import type { Clock } from '../transport/clock.js';

/** Saves a watch's state. An asynchronous save returns a promise or an Observable; other return values are ignored. */
export type Save = (state: WatchState) => unknown;

/** Whether a value is a promise. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> => isRecord(value) && 'then' in value && typeof value.then === 'function';

/** Saves the states of one watch. */
export interface Saver {
  /**
   * Saves a state after the current save has ended. A newer state replaces a waiting one.
   *
   * The Observable completes once the state or a newer one is saved; for a synchronous save it is `EMPTY`. Errors: what `save` throws, and
   * a timeout after `saveTimeoutMs`. A save that times out is not stopped: the next save waits for its end, and fails until then too.
   */
  readonly save: (state: WatchState) => Observable<never>;
  /** Unsubscribes from the current save. A promise continues. */
  readonly close: () => void;
}

/** Creates a saver that calls `save`. */
export const createSaver = (save: Save, { scheduler }: Clock): Saver => {
  const saves = new Subscription();
  let isSaving = false;
  /** Whether the current save has timed out. */
  let isLate = false;
  let waiting: { readonly state: WatchState; readonly saved: ReplaySubject<never> } | null = null;

  const start = (state: WatchState): Observable<never> => {
    let work;
    try {
      work = save(state);
    } catch (error) {
      return throwError(() => error);
    }
    if (!isObservable(work) && !isPromise(work)) return EMPTY;
    const saved = new ReplaySubject<never>();
    isSaving = true;
    saves.add(from(work).pipe(ignoreElements(), finalize(saveNext)).subscribe(saved));
    return saved;
  };

  const saveNext = (): void => {
    isSaving = false;
    isLate = false;
    const next = waiting;
    waiting = null;
    if (next !== null && !saves.closed) start(next.state).subscribe(next.saved);
  };

  const tooLate = (): Observable<never> => {
    isLate = true;
    return throwError(() => new Error(`save took longer than ${saveTimeoutMs} ms`));
  };

  return {
    save: (state) => {
      if (isSaving) waiting = { state, saved: waiting?.saved ?? new ReplaySubject<never>() };
      const saved = waiting === null ? start(state) : waiting.saved;
      if (isLate) return tooLate();
      return saved === EMPTY ? EMPTY : saved.pipe(timeout({ first: saveTimeoutMs, scheduler, with: tooLate }));
    },
    close: () => { saves.unsubscribe(); },
  };
};
