/**
 * Cancels a task that waits in its provider's queue, without ever deleting the record of one that has ended.
 */
import { isLeft, isRight } from 'fp-ts/Either';
import { catchError, defer, map, type Observable, of, switchMap, tap, throwError, timer } from 'rxjs';
import { requestError } from '../state/errors.js';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import { isTerminal } from '../task/status.js';
import type { HttpResponse } from '../transport/transport.js';
import { exchange, type Exchanged, get, pathOf, send } from './exchange.js';
import type { TaskClient } from './task-client.js';

/**
 * What became of a request to cancel. `cancelled` the provider cancelled the task · `already-ended` it had ended before, and its record is
 * untouched · `running` it runs, and no provider cancels a running task · `unsupported` the provider documents no way to cancel, and nothing
 * was sent.
 */
export type CancelOutcome =
  | { readonly outcome: 'cancelled' | 'already-ended' | 'running'; readonly snapshot: TaskSnapshot }
  | { readonly outcome: 'unsupported'; readonly snapshot: null };

/** Thrown before the DELETE: the task cannot be cancelled, as its poll says. */
class NotQueued extends Error {
  readonly snapshot: TaskSnapshot;

  constructor(snapshot: TaskSnapshot) {
    super(`the task is ${snapshot.status}`);
    this.snapshot = snapshot;
  }
}

/** How often a task is polled after the DELETE while it still counts as queued, and how far apart. */
const [looksAfter, lookMs] = [5, 2000] as const;

/**
 * Cancels a task while it is queued. Emits one outcome.
 *
 *     GET       ^--queued
 *     DELETE            ^-----(200)        in the turn in which the GET says `queued`, once
 *     GET                          ^--cancelled
 *     outcome                         (cancelled|)
 *
 * A provider deletes the record of a task that has ended, so the DELETE leaves at once after a response that says `queued`, or not at all. Its polls need not wait
 * for the minimum interval, and watchers of the task get their results.
 *
 * Cold: each subscription asks again. Unsubscribing aborts the request in flight: the task may then be cancelled or not.
 * Errors: `SeedanceError` when the state of the task could not be found out, or when it is still queued after the DELETE.
 * Throws `TypeError` for a task of another provider or account.
 * @example cancelTask(client, task).subscribe(({ outcome }) => console.log(outcome))
 */
export const cancelTask = <Id extends string>(client: TaskClient<Id>, task: TaskRef<Id>): Observable<CancelOutcome> => {
  const account = client.accountOf(task);
  const { provider } = account;
  const connection = client.connectionOf(account);
  if (!provider.cancels) return of({ outcome: 'unsupported', snapshot: null });
  const path = pathOf(provider, task.id);
  const read = (response: HttpResponse): ReturnType<typeof provider.read> => provider.read(task, response);

  /** Passes a poll to the watchers of the task, and returns its snapshot. */
  const snapshotIn = ({ result, sentAtMs }: Exchanged<{ readonly snapshot: TaskSnapshot; readonly raw: unknown }>): TaskSnapshot => {
    connection.tell(task, sentAtMs, isRight(result) ? result.right : null);
    if (isLeft(result)) throw requestError('its state is unknown', result.left, task);
    return result.right.snapshot;
  };

  const looked = (): Observable<TaskSnapshot> => get(connection, path, read).pipe(map(snapshotIn));

  /** The outcome after the DELETE. */
  const after = (deleted: Exchanged<boolean>, looksLeft: number): Observable<CancelOutcome> =>
    looked().pipe(
      switchMap((snapshot) => {
        const { status } = snapshot;
        if (status !== 'queued') return of<CancelOutcome>({ outcome: status === 'cancelled' ? 'cancelled' : outcomeOf(snapshot), snapshot });
        if (looksLeft > 0) return timer(lookMs, connection.clock.scheduler).pipe(switchMap(() => after(deleted, looksLeft - 1)));
        const { result } = deleted;
        const error = isLeft(result) ? result.left : { kind: 'timeout' as const, message: 'the provider accepted the DELETE' };
        return throwError(() => requestError('it is still queued', error, task, snapshot));
      }),
    );

  return defer(() => {
    const queued = defer(() => {
      connection.lane.departed();
      return send(connection, { method: 'GET', path }, read);
    }).pipe(
      map(snapshotIn),
      tap((snapshot) => {
        if (snapshot.status !== 'queued') throw new NotQueued(snapshot);
      }),
    );
    return exchange(connection, { method: 'DELETE', path }, (response) => provider.readWith(response, 'empty response', () => true), queued);
  }).pipe(
    switchMap((deleted) => after(deleted, isRight(deleted.result) ? looksAfter : 0)),
    catchError((error: unknown) => (error instanceof NotQueued ? of<CancelOutcome>({ outcome: outcomeOf(error.snapshot), snapshot: error.snapshot }) : throwError(() => error))),
  );
};

const outcomeOf = ({ status }: TaskSnapshot): 'already-ended' | 'running' => (isTerminal(status) ? 'already-ended' : 'running');
