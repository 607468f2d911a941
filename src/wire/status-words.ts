/**
 * The status words that providers and their relays use. A dialect's own table takes precedence. A word in neither table is `unknown`.
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

/** The documented status words of a dialect. */
export type StatusTable = Readonly<Record<string, TaskStatus>>;

/**
 * The status that a provider's word means: by an exact match in the dialect's table, else by the shared words, ignoring case and surrounding
 * white space. `unknown` for every other word.
 *
 * @example statusOf('IN_PROGRESS', {}) // 'running'
 */
export const statusOf = (word: string, table: StatusTable): TaskStatus =>
  (Object.hasOwn(table, word) ? table[word] : synonyms.get(word.trim().toLowerCase())) ?? 'unknown';
