/**
 * The status words that providers and their relays are known to use, in one table. A dialect's own table goes first.
 * A word that neither knows is `unknown`: never a crash, never silently `running`.
 */
import type { TaskStatus } from '../task/status.js';

const synonyms: ReadonlyMap<string, TaskStatus> = new Map([
  ['queued', 'queued'],
  ['queueing', 'queued'],
  ['queuing', 'queued'],
  ['pending', 'queued'],
  ['submitted', 'queued'],
  ['created', 'queued'],
  ['accepted', 'queued'],
  ['not_start', 'queued'],
  ['running', 'running'],
  ['processing', 'running'],
  ['in_progress', 'running'],
  ['generating', 'running'],
  ['succeeded', 'succeeded'],
  ['success', 'succeeded'],
  ['completed', 'succeeded'],
  ['done', 'succeeded'],
  ['finished', 'succeeded'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['fail', 'failed'],
  ['error', 'failed'],
  ['rejected', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
  ['expired', 'expired'],
  ['timeout', 'expired'],
]);

/** The status words of one dialect's documentation. */
export type StatusTable = Readonly<Record<string, TaskStatus>>;

/**
 * A provider's word in the one vocabulary.
 *
 * @example statusOf('IN_PROGRESS', {}) // 'running'
 */
export const statusOf = (word: string, table: StatusTable): TaskStatus =>
  (Object.hasOwn(table, word) ? table[word] : synonyms.get(word.trim().toLowerCase())) ?? 'unknown';
