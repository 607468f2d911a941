/**
 * Operators on transitions, for those who want less of them, or an error instead of a value.
 */
import { filter, map, type MonoTypeOperatorFunction, type OperatorFunction } from 'rxjs';
import type { TaskStatus } from '../task/status.js';
import type { TaskTransition } from '../task/transition.js';
import { SeedanceError } from '../state/errors.js';

/**
 * Passes the transitions to some statuses on, narrowed to them.
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
 * Makes an error of a task that ended otherwise than in success.
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
