/**
 * One after another where two must not work at once: each waits until the one before has not only ended but cleaned up.
 */
import { defer, finalize, from, mergeMap, type Observable } from 'rxjs';

/** The last of each line. */
const lines = new Map<string, Promise<unknown>>();

/**
 * Subscribes to work when all earlier work of the same key, in this process, is over.
 *
 * @param work   what to do, given a function that tells when its cleaning up is done
 * Cold. Unsubscribing leaves the line.
 */
export const inTurn = <T>(key: string, work: (cleanUp: (done: Promise<unknown>) => void) => Observable<T>): Observable<T> =>
  defer(() => {
    const before = lines.get(key) ?? Promise.resolve();
    let cleaned: Promise<unknown> = Promise.resolve();
    const { promise: over, resolve: leave } = withResolvers();
    const mine = before.then(() => over);
    lines.set(key, mine);
    return from(before).pipe(
      mergeMap(() => work((done) => (cleaned = done))),
      finalize(() => {
        void cleaned.then(leave, leave);
        void mine.then(() => {
          if (lines.get(key) === mine) lines.delete(key);
        });
      }),
    );
  });

const withResolvers = (): { readonly promise: Promise<void>; readonly resolve: () => void } => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
};
