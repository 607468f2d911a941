/**
 * What a dialect is: a name, the words for a status, and a reader of parsed bodies. Knows no provider and no HTTP.
 */
import type { Reading } from './reading.js';
import type { StatusTable } from './status-words.js';

/** One shape of answers that several providers may share. */
export interface Dialect {
  readonly name: string;
  /** The status words that its documentation lists. */
  readonly statuses: StatusTable;
  /** A parsed body → what it says of a task; null when it holds none. Total: never throws. */
  readonly read: (body: unknown) => Reading | null;
}
