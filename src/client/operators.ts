/**
 * Operators on transitions: filter them by status, or turn a task that did not succeed into an error.
 */
import { filter, map, type MonoTypeOperatorFunction, type OperatorFunction } from 'rxjs';
import type { TaskStatus } from '../task/status.js';
import type { TaskTransition } from '../task/transition.js';
import { SeedanceError } from '../state/errors.js';

/**
 * Emits only the transitions to the given statuses, with the type narrowed to them.
 *
 *     source                   --q--r----(s|)
 *     ofStatus('succeeded')    ----------(s|)
 *
 * @example client.watch(task).pipe(ofStatus('succeeded')).subscribe(({ snapshot }) => save(snapshot.video))
 */
export const ofStatus = <const Status extends TaskStatus>(
  ...statuses: readonly Status[]
): OperatorFunction<TaskTransition, Extract<TaskTransition, { readonly to: Status }>> =>
  filter((transition): transition is Extract<TaskTransition, { readonly to: Status }> =>
    statuses.some((status) => status === transition.to),
  );

/**
 * Throws an error for a task that failed, was cancelled or expired.
 *
 *     source    --q--r--f|
 *     result    --q--r--#
 *
 * Errors: `SeedanceError` of kind `unsuccessful`, with the last snapshot.
 * @example client.watch(task).pipe(throwIfUnsuccessful(), ofStatus('succeeded'))
 */
export const throwIfUnsuccessful = (): MonoTypeOperatorFunction<TaskTransition> =>
  map((transition) => {
    const { to, task, snapshot } = transition;
    if (to !== 'failed' && to !== 'cancelled' && to !== 'expired') return transition;
    const why = to === 'failed' ? `: ${snapshot.failure.message}` : '';
    throw new SeedanceError(`${task.provider}/${task.id}: ${to}${why}`, {
      kind: 'unsuccessful',
      task,
      lastSnapshot: snapshot,
      state: null,
    });
  });
