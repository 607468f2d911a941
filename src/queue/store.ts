/**
 * The contract of a store that several workers share: watched tasks, one lane for each account, and an outbox of ends. A store knows no
 * provider, no clock and no key of an account.
 */
import type { TaskRef } from '../task/snapshot.js';
import type { WatchState } from '../state/watch-state.js';

/** A task to watch. */
export interface NewTask {
  readonly task: TaskRef;
  readonly state: WatchState;
  /** When its first poll is due, in ms since the epoch. */
  readonly dueAtMs: number;
}

/** A watched task. */
export interface StoredTask {
  readonly task: TaskRef;
  /** Grows with every `swap`. */
  readonly revision: number;
  /** When its next poll is due. Earlier than its state says after `wake`. */
  readonly dueAtMs: number;
  /** A `WatchState` as it was written. */
  readonly state: unknown;
}

/** The end of a watch. */
export interface TaskEnd {
  /** The same for every delivery of this end. */
  readonly id: string;
  readonly task: TaskRef;
  /** The last `WatchState` as it was written; `ended` says how it ended. */
  readonly state: unknown;
}

/** A new state of a task, written only if the task still has `revision`. */
export interface TaskChange {
  readonly task: TaskRef;
  readonly revision: number;
  readonly state: WatchState;
  /** Null for the end of the watch: the task leaves, and its end enters the outbox in the same transaction. */
  readonly dueAtMs: number | null;
  /** For the result of a poll: the due time that was written before its request left. A task that is due earlier was woken meanwhile, and stays due then. */
  readonly markedDueAtMs?: number | undefined;
}

/**
 * What a worker needs of a database. Every function is atomic, and takes 10,000 tasks, changes or ids at once. `account` is the account's label:
 * the provider's id, with the account's name in parentheses if it has one.
 */
export interface QueueStore {
  /** Adds tasks with revision 0, of each the first entry. A task that is watched, or whose end is not acknowledged yet, stays as it is. */
  readonly add: (account: string, tasks: readonly NewTask[]) => Promise<void>;
  /** The tasks of an account that are due at `untilMs` or before, the earliest first; at most `limit`. */
  readonly due: (account: string, untilMs: number, limit: number) => Promise<readonly StoredTask[]>;
  /**
   * Writes each change whose task still has its revision, and adds 1 to that. Of several changes of one task only the first counts. Returns for
   * each change whether it was written.
   */
  readonly swap: (account: string, changes: readonly TaskChange[]) => Promise<readonly boolean[]>;
  /** Makes a task due at `atMs`, unless it is due before. Its revision stays. Does nothing for a task that is not watched. */
  readonly wake: (account: string, task: TaskRef, atMs: number) => Promise<void>;
  /** The lane of an account as it was written, a JSON text; null for none. */
  readonly lane: (account: string) => Promise<string | null>;
  /** Replaces the lane if it still is `before`. Returns whether it did. */
  readonly swapLane: (account: string, before: string | null, after: string) => Promise<boolean>;
  /** The oldest ends of the outbox that are not acknowledged; at most `limit`. */
  readonly ended: (limit: number) => Promise<readonly TaskEnd[]>;
  /** Removes ends from the outbox. Ids that it does not hold are ignored. */
  readonly acknowledge: (ids: readonly string[]) => Promise<void>;
}
