/**
 * Saves the states of one watch, one after another.
 */
import { EMPTY, finalize, from, ignoreElements, isObservable, type Observable, ReplaySubject, Subscription, throwError, timeout } from 'rxjs';
import { isRecord } from '../checks.js';
import { saveTimeoutMs, type WatchState } from '../state/watch-state.js';
import type { Clock } from '../transport/clock.js';

/** Keeps a watch's state. One that takes time returns a promise or an Observable; any other value is ignored. */
export type Save = (state: WatchState) => unknown;

const isPromise = (value: unknown): value is PromiseLike<unknown> => isRecord(value) && 'then' in value && typeof value.then === 'function';

/** Saves the states of one watch. */
export interface Saver {
  /**
   * Saves a state once the save under way has ended; a newer state replaces one that waits.
   *
   * The Observable completes once the state or a newer one is saved; it is `EMPTY` where that took no time. Errors: what `save` throws,
   * and a save that takes longer than `saveTimeoutMs`. That one is not stopped: the next one waits for its end, and is late as well.
   */
  readonly save: (state: WatchState) => Observable<never>;
  /** Unsubscribes from the save under way. A promise goes on. */
  readonly close: () => void;
}

/** A saver that calls `save`. */
export const createSaver = (save: Save, { scheduler }: Clock): Saver => {
  const saves = new Subscription();
  let isSaving = false;
  /** Whether the save under way has taken too long. */
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
