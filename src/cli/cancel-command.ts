/**
 * `rx-seedance cancel`: cancels tasks that wait in their provider's queue.
 */
import { catchError, from, map, mergeMap, type Observable, of, reduce, tap, throwError } from 'rxjs';
import { cancelTask, type CancelOutcome } from '../client/cancel-task.js';
import type { TaskClient } from '../client/task-client.js';
import { isSeedanceError, type SeedanceError } from '../state/errors.js';
import type { TaskRef } from '../task/snapshot.js';
import { openAccess } from './access.js';
import type { CancelArguments } from './arguments.js';
import { type Console, untilStopped } from './console.js';
import { readVariables } from './environment.js';
import { publicFieldsOf } from './json-events.js';
import { messageWithoutTask } from './run-events.js';
import { refText } from './task-refs.js';
import { plain, plainJson } from './terminal-text.js';

/** What became of one task. */
type Cancelled = { readonly task: TaskRef } & (CancelOutcome | { readonly outcome: 'errored'; readonly error: SeedanceError });

/** Prints one line for each task, as soon as its outcome is known. Gives the exit code: 0 if every task is cancelled. */
export const runCancel = ({ tasks, json, ...access }: CancelArguments, console: Console): Promise<number> => {
  const { env, stdout, redactor } = console;
  const { client } = openAccess({ ids: tasks.map(({ provider }) => provider), allKeyed: false }, access, readVariables(env, access.envFile, redactor));
  const cancelled = from(tasks).pipe(
    mergeMap((task) => cancelledBy(client, task)),
    tap((each) => { stdout.line(json ? jsonOf(each) : [refText(each.task), each.outcome, detailOf(each)].map(plain).join('\t').trimEnd()); }),
    reduce((code, each) => (isCancelled(each) ? code : 1), 0),
  );
  return untilStopped(cancelled, console);
};

const cancelledBy = (client: TaskClient, task: TaskRef): Observable<Cancelled> =>
  cancelTask(client, task).pipe(
    map((outcome) => ({ task, ...outcome })),
    catchError((error: unknown) => (isSeedanceError(error) ? of({ task, outcome: 'errored' as const, error }) : throwError(() => error))),
  );

/** Also if it was before. */
const isCancelled = (each: Cancelled): boolean => each.outcome === 'cancelled' || (each.outcome === 'already-ended' && each.snapshot.status === 'cancelled');

/** Why a task is not cancelled. */
const detailOf = (each: Cancelled): string => {
  switch (each.outcome) {
    case 'cancelled':
      return '';
    case 'already-ended':
      return each.snapshot.status;
    case 'running':
      return 'only a queued task can be cancelled';
    case 'unsupported':
      return `${each.task.provider} documents no way to cancel`;
    case 'errored':
      return messageWithoutTask(each);
  }
};

const jsonOf = (each: Cancelled): string => plainJson(each.outcome === 'errored' ? { ...each, error: publicFieldsOf(each.error) } : each);
