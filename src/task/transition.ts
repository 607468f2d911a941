/**
 * A change of status.
 */
import type { Reading, TaskRef, TaskSnapshot } from './snapshot.js';
import type { TaskStatus } from './status.js';

/** One transition, its snapshot narrowed by `to`. */
export interface TransitionTo<To extends TaskStatus> {
  readonly task: TaskRef;
  /** The previous status; null on the first response. */
  readonly from: TaskStatus | null;
  readonly to: To;
  readonly snapshot: Extract<TaskSnapshot, { readonly status: To }>;
  /** When the first response with this status arrived, in ms since the epoch. */
  readonly atMs: number;
  /** The parsed body. Null if it was not kept: for a saved state, and for a watcher that joins a task after its response. */
  readonly raw: unknown;
}

/**
 * A task's change from one status to another: a union by `to`.
 *
 * @example if (transition.to === 'failed') console.error(transition.snapshot.failure.message)
 */
export type TaskTransition = { [To in TaskStatus]: TransitionTo<To> }[TaskStatus];

/** The transition to the status of a response. */
export const transitionTo = ({ snapshot, raw }: Reading, from: TaskStatus | null, atMs: number): TaskTransition =>
  ({ task: snapshot.task, from, to: snapshot.status, snapshot, atMs, raw }) as TaskTransition; // `to` is the status of the snapshot
