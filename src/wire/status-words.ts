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
  ['succeed', 'succeeded'],
  ['success', 'succeeded'],
  ['completed', 'succeeded'],
  ['complete', 'succeeded'],
  ['done', 'succeeded'],
  ['finished', 'succeeded'],
  ['finish', 'succeeded'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['fail', 'failed'],
  ['error', 'failed'],
  ['rejected', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
  ['cancel', 'cancelled'],
  ['expired', 'expired'],
  ['timeout', 'expired'],
]);

/** The status words of one dialect's documentation. */
export type StatusTable = Readonly<Record<string, TaskStatus>>;

/**
 * A provider's word in the one vocabulary: by the dialect's table as it is written, else by the shared words in any letter case and
 * without the white space around it. `unknown` for every other word.
 *
 * @example statusOf('IN_PROGRESS', {}) // 'running'
 */
export const statusOf = (word: string, table: StatusTable): TaskStatus =>
  (Object.hasOwn(table, word) ? table[word] : synonyms.get(word.trim().toLowerCase())) ?? 'unknown';
