/**
 * A limited number of places for work that runs at the same time, given in the order of arrival.
 */
import { concat, defer, finalize, ignoreElements, Observable, of, tap } from 'rxjs';

/** Gives up the place of a work during a wait, then queues for one again, behind those that wait. Emits once it has one. */
export type Pause = (wait: Observable<unknown>) => Observable<null>;

/** A number of places. */
export interface Places {
  /**
   * Runs work in a place.
   *
   *     first         --1--(pause)        --2--|
   *     second              --1--2--|               one place
   *
   * Cold. Unsubscribing leaves the queue, or gives the place to the next.
   */
  readonly hold: <T>(work: (pause: Pause) => Observable<T>) => Observable<T>;
}

/** @param count `Infinity` for no limit */
export const createPlaces = (count: number): Places => {
  let free = count;
  const queue = new Set<() => void>();
  const leave = (): void => {
    const [next] = queue;
    if (next === undefined) {
      free += 1;
      return;
    }
    queue.delete(next);
    next();
  };
  const enter = new Observable<never>((subscriber) => {
    const start = (): void => subscriber.complete();
    if (free > 0) {
      free -= 1;
      start();
      return undefined;
    }
    queue.add(start);
    return () => queue.delete(start);
  });
  return {
    hold: (work) =>
      defer(() => {
        let isHeld = false;
        const take = enter.pipe(tap({ complete: () => (isHeld = true) }));
        const drop = (): void => {
          if (!isHeld) return;
          isHeld = false;
          leave();
        };
        const pause: Pause = (wait) =>
          defer(() => {
            drop();
            return concat(wait.pipe(ignoreElements()), take, of(null));
          });
        return concat(take, defer(() => work(pause))).pipe(finalize(drop));
      }),
  };
};
