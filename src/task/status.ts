/**
 * The words for where a task stands, and which of them are ends. Knows no provider's own words.
 */

/** Every status, in the order of a task's life. `unknown` is a word that no table knows: reported, and asked about again. */
export const taskStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown'] as const;

/** Where a task stands, in one vocabulary for all providers. */
export type TaskStatus = (typeof taskStatuses)[number];

/** A status after which a task never changes. */
export type TerminalStatus = 'succeeded' | 'failed' | 'cancelled' | 'expired';

/**
 * Whether a task with this status has ended. `unknown` has not.
 *
 * @example isTerminal('expired') // true
 */
export const isTerminal = (status: TaskStatus): status is TerminalStatus =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled' || status === 'expired';
