/**
 * Puts tasks into a store, and wakes them.
 */
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { type Account, labelOf } from '../client/account.js';
import { watchConfig, type WatchConfigOptions } from '../state/watch-config.js';
import { startWatch } from '../state/watch-state.js';
import type { TaskRef } from '../task/snapshot.js';
import type { QueueStore } from './store.js';

/** Options of `addTasks`. `sweep` takes `policy` and `giveUpAfterMs`. */
export interface AddTasksOptions extends Pick<WatchConfigOptions, 'deadlineMs' | 'firstPollAfterMs'> {
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Adds tasks of an account to a store, to be polled by `sweep`. A task that is watched already stays as it is.
 *
 * Rejects with the error of the store. Throws `TypeError` or `RangeError` for an invalid option.
 * @example await addTasks(store, own, [ark.task(id)])
 */
export const addTasks = (store: QueueStore, account: Account, tasks: readonly TaskRef[], { scheduler = asyncScheduler, ...options }: AddTasksOptions = {}): Promise<void> => {
  const config = watchConfig(account.provider, { ...options, baseUrl: account.baseUrl });
  return store.add(labelOf(account), tasks.map((task) => {
    const state = startWatch(task, config, scheduler.now());
    return { task, state, dueAtMs: state.nextPollAtMs };
  }));
};

/**
 * Makes the next poll of a task due now, for example after a callback. Its minimum interval is kept. While a poll is in flight, the next one
 * follows it at that interval. Does nothing for a task that is not watched.
 *
 * Rejects with the error of the store.
 * @example await wakeTask(store, own, ref)
 */
export const wakeTask = (store: QueueStore, account: Account, task: TaskRef, scheduler: SchedulerLike = asyncScheduler): Promise<void> =>
  store.wake(labelOf(account), task, scheduler.now());
