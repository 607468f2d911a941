/**
 * Lets so many questions through at once; the others stand in line. Unsubscribing leaves the line.
 */
import { asapScheduler, Observable, type Subscription } from 'rxjs';

/** Wraps one question, and decides when it leaves. */
export type Gate = <T>(question: Observable<T>) => Observable<T>;

/**
 * A gate with `width` places, shared by all that pass through it. First come, first served.
 *
 *     width 1     question      --(a|)
 *     first       ^             --(a|)
 *     second      ^             ----(a|)     leaves when the first has ended
 *
 * Errors: those of the question. `RangeError` for a width that is no whole number from 1.
 */
export const createGate = (width: number): Gate => {
  if (!Number.isSafeInteger(width) || width < 1) {
    throw new RangeError(`concurrency must be a whole number from 1, not ${String(width)}`);
  }
  const line = new Set<() => void>();
  let free = width;
  let calling: Subscription | null = null;
  const callNext = (): void => {
    calling = null;
    for (const pass of line) {
      if (free === 0) return;
      line.delete(pass);
      pass();
    }
  };
  const leave = (): void => {
    free += 1;
    // Not at once: when many are stopped together, those in line must not be let in by those who leave just before them.
    if (line.size > 0) calling ??= asapScheduler.schedule(callNext);
  };
  const withdraw = (pass: () => void): void => {
    line.delete(pass);
    if (line.size > 0) return;
    calling?.unsubscribe();
    calling = null;
  };
  return <T>(question: Observable<T>) =>
    new Observable<T>((subscriber) => {
      const pass = (): void => {
        free -= 1;
        question.subscribe(subscriber);
        subscriber.add(leave);
      };
      if (free > 0 && line.size === 0) pass();
      else line.add(pass);
      return () => {
        withdraw(pass);
      };
    });
};
