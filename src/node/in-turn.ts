/**
 * One after another where two must not work at once: each waits until the one before has not only ended but cleaned up.
 */
import { defer, finalize, from, mergeMap, type Observable } from 'rxjs';

/** Work that has begun. */
export interface Work<T> {
  readonly stream: Observable<T>;
  /** Called once, when the stream has ended or is left. */
  readonly cleanUp: () => Promise<unknown>;
}

/** The last of each line. */
const lines = new Map<string, Promise<unknown>>();

/**
 * Begins work when all earlier work of the same key, in this process, is over.
 *
 * Cold. Unsubscribing leaves the line.
 * Errors: those of the work's stream.
 */
export const inTurn = <T>(key: string, begin: () => Work<T>): Observable<T> =>
  defer(() => {
    const before = lines.get(key) ?? Promise.resolve();
    let begun: Work<T> | null = null;
    let leave = (): void => undefined;
    const over = new Promise<void>((resolve) => (leave = resolve));
    const mine = before.then(() => over);
    lines.set(key, mine);
    void mine.then(() => {
      if (lines.get(key) === mine) lines.delete(key);
    });
    return from(before).pipe(
      mergeMap(() => {
        begun = begin();
        return begun.stream;
      }),
      finalize(() => {
        if (begun === null) leave();
        else void begun.cleanUp().then(leave, leave);
      }),
    );
  });
