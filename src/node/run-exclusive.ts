/**
 * Runs work with the same key one after another. Each waits until the work before has ended and cleaned up.
 */
import { defer, finalize, from, mergeMap, type Observable } from 'rxjs';

/** Work that has started. */
export interface Work<T> {
  readonly stream: Observable<T>;
  /** Called once, when the stream has ended or is unsubscribed. */
  readonly cleanUp: () => Promise<unknown>;
}

/** The last work of each key. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Starts work when all earlier work with the same key in this process is finished.
 *
 * Cold. Unsubscribing leaves the queue.
 * Errors: those of the work's stream.
 */
export const runExclusive = <T>(key: string, start: () => Work<T>): Observable<T> =>
  defer(() => {
    const before = queues.get(key) ?? Promise.resolve();
    let started: Work<T> | null = null;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    const finished = before.then(() => left);
    queues.set(key, finished);
    void finished.then(() => {
      if (queues.get(key) === finished) queues.delete(key);
    });
    return from(before).pipe(
      mergeMap(() => {
        started = start();
        return started.stream;
      }),
      finalize(() => {
        if (started === null) leave();
        else void started.cleanUp().then(leave, leave);
      }),
    );
  });
