/**
 * A change of status. Knows nothing of how it was seen.
 */
import type { Reading, TaskRef, TaskSnapshot } from './snapshot.js';
import type { TaskStatus } from './status.js';

/** One transition, its snapshot narrowed by `to`. */
export interface TransitionTo<To extends TaskStatus> {
  readonly task: TaskRef;
  /** The status before; null on the first answer. */
  readonly from: TaskStatus | null;
  readonly to: To;
  readonly snapshot: Extract<TaskSnapshot, { readonly status: To }>;
  /** When the watch learned of it, in ms. */
  readonly atMs: number;
  /** The parsed body. Null where it was not kept: out of a saved state, and for a watcher that joins a task after its response. */
  readonly raw: unknown;
}

/**
 * A task's change from one status to another: a union by `to`.
 *
 * @example if (transition.to === 'failed') console.error(transition.snapshot.failure.message)
 */
export type TaskTransition = { [To in TaskStatus]: TransitionTo<To> }[TaskStatus];

/** The transition that a response makes. */
export const transitionTo = ({ snapshot, raw }: Reading, from: TaskStatus | null, atMs: number): TaskTransition =>
  ({ task: snapshot.task, from, to: snapshot.status, snapshot, atMs, raw }) as TaskTransition; // `to` and the snapshot are of one status
