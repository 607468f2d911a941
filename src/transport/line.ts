/**
 * A waiting line: so many under way at once, the earliest due first. The gate of a feed and the budget of a key are both one.
 */
import { asapScheduler, asyncScheduler, Observable, type Subscription } from 'rxjs';

/** Lets a question through when its turn comes. Unsubscribing leaves the line, or frees the place. */
export type Line = <T>(question: Observable<T>, dueAtMs: number) => Observable<T>;

interface Waiting {
  readonly dueAtMs: number;
  /** Null once it has left the line. */
  pass: (() => void) | null;
}

/**
 * A line with `places`. Who fell due first goes first; of those that fell due together, who came first.
 *
 *     1 place     question      --(a|)
 *     first       ^             --(a|)
 *     second      ^             ----(a|)     leaves when the first has ended
 *
 * @param places how many may be under way at once
 * @param restMs how long nobody may leave yet, in ms; 0 when one may
 * Errors: those of the question.
 */
export const createLine = (places: number, restMs: () => number = () => 0): Line => {
  let line: Waiting[] = [];
  let waiting = 0;
  let free = places;
  let calling: Subscription | null = null;

  const stopCalling = (): void => {
    calling?.unsubscribe();
    calling = null;
  };

  const callNext = (): void => {
    stopCalling();
    while (free > 0 && waiting > 0) {
      const ms = restMs();
      if (ms > 0) {
        calling = asyncScheduler.schedule(callNext, ms);
        return;
      }
      const next = line.shift();
      if (next?.pass == null) continue;
      const { pass } = next;
      withdraw(next);
      pass();
    }
  };

  const enter = (next: Waiting): void => {
    let place = line.length;
    while (place > 0 && (line[place - 1]?.dueAtMs ?? 0) > next.dueAtMs) place -= 1;
    line.splice(place, 0, next);
    waiting += 1;
    if (free > 0) calling ??= asyncScheduler.schedule(callNext, restMs());
  };

  const withdraw = (gone: Waiting): void => {
    if (gone.pass === null) return;
    gone.pass = null;
    waiting -= 1;
    // Those who have left are looked over when they are the most.
    if (line.length > 2 * waiting) line = line.filter(({ pass }) => pass !== null);
    if (waiting === 0) stopCalling();
  };

  const leave = (): void => {
    free += 1;
    // Not at once: when many are stopped together, those in line must not be let in by those who leave just before them.
    if (waiting > 0) calling ??= asapScheduler.schedule(callNext);
  };

  return <T>(question: Observable<T>, dueAtMs: number) =>
    new Observable<T>((subscriber) => {
      const pass = (): void => {
        free -= 1;
        // eslint-disable-next-line no-restricted-syntax -- whose turn has come is run: that is what a line is for
        question.subscribe(subscriber);
        subscriber.add(leave);
      };
      if (free > 0 && waiting === 0 && restMs() <= 0) {
        pass();
        return undefined;
      }
      const own: Waiting = { dueAtMs, pass };
      enter(own);
      return () => { withdraw(own); };
    });
};
