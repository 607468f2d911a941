/**
 * The status words that providers and their relays use. A dialect's own table takes precedence. A word in neither table is `unknown`.
 */
import type { TaskStatus } from '../task/status.js';

/** Spelled as `plain` returns them. */
const sharedWords: Readonly<Partial<Record<TaskStatus, string>>> = {
  queued: 'queued queue queueing queuing inqueue enqueued pending waiting submitted created accepted scheduled notstart notstarted starting',
  running: 'running processing inprogress generating rendering active started',
  succeeded: 'succeeded succeed success successful completed complete done finished finish',
  failed: 'failed failure fail error errored rejected aborted abort blocked moderated contentmoderated requestmoderated nsfw',
  cancelled: 'cancelled canceled cancel revoked',
  expired: 'expired timeout timedout',
};

const synonyms: ReadonlyMap<string, TaskStatus> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ (Object.entries(sharedWords) as [TaskStatus, string][]).flatMap(([status, words]) => words.split(' ').map((word) => [word, status])),
);

/** A word in lower case, without separators, and without the name of its enumeration: `TASK_STATUS_SUCCEED` → `succeed`. */
const plain = (word: string): string => word.trim().toLowerCase().replace(/[\s_-]+/g, '_').replace(/^(?:(?:task|job|video|state|status)_)+/, '').replaceAll('_', '');

/** The documented status words of a dialect. */
export type StatusTable = Readonly<Record<string, TaskStatus>>;

/**
 * The status that a provider's word means: by an exact match in the dialect's table, else by that table and then the shared words, ignoring
 * case, separators and surrounding white space. `unknown` for every other word.
 *
 * @example statusOf('in-progress', {}) // 'running'
 */
export const statusOf = (word: string, table: StatusTable): TaskStatus =>
  (Object.hasOwn(table, word) ? table[word] : (table[Object.keys(table).find((own) => plain(own) === plain(word)) ?? ''] ?? synonyms.get(plain(word)))) ?? 'unknown';
