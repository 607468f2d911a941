/**
 * Task statuses, and which of them are terminal.
 */

/** Every status, in the order in which a task passes through them. `unknown` stands for an undocumented word: the watch reports it and polls again. */
export const taskStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown'] as const;

/** The status of a task, in the same words for all providers. */
export type TaskStatus = (typeof taskStatuses)[number];

/** A status after which a task never changes. */
export type TerminalStatus = 'succeeded' | 'failed' | 'cancelled' | 'expired';

/**
 * Whether a task with this status has finished. `unknown` is not terminal.
 *
 * @example isTerminal('expired') // true
 */
export const isTerminal = (status: TaskStatus): status is TerminalStatus =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled' || status === 'expired';
