/**
 * The record of a creation: what is known of the one POST of a key, as plain JSON. It holds neither the body nor the API key.
 */
import type { Observable, ReplaySubject } from 'rxjs';
import { isRecord } from '../checks.js';
import type { TaskRef } from '../task/snapshot.js';
import type { ResponseReason } from '../wire/error-response.js';
import type { TaskHints } from '../wire/facts.js';

/**
 * Why a creation was rejected. `transport`: the request never left · `moderation`: the provider refused the content · others as for polls.
 */
export type RejectionReason = Exclude<ResponseReason, 'empty'> | 'moderation' | 'transport';

/**
 * What became of a creation.
 *
 * `created`: watch `task`, with `expected` as an option of the watch · `rejected`: no task was created and nothing is billed; the same key may
 * be used again, after `retryAfterMs` if the provider says so · `unknown`: the request may have arrived, and no task was recognised. It is never
 * sent again for this key.
 */
export type CreateOutcome<Id extends string = string> =
  | { readonly outcome: 'created'; readonly key: string; readonly task: TaskRef<Id>; readonly expected: TaskHints }
  | {
    readonly outcome: 'rejected';
    readonly key: string;
    readonly reason: RejectionReason;
    /** The HTTP status; null when no request left. */
    readonly status: number | null;
    /** The provider's own code. */
    readonly code: string | null;
    readonly message: string;
    readonly retryAfterMs: number | null;
  }
  | {
    readonly outcome: 'unknown';
    readonly key: string;
    readonly message: string;
    /**
     * Tasks of the account that were created since, without those of the client's other keys: one of them may be this one. Null when the
     * provider documents no list, or when the list failed.
     */
    readonly candidates: readonly TaskRef<Id>[] | null;
  };

/** Everything that is known of a key. Plain JSON. */
export interface CreationRecord {
  readonly version: 1;
  readonly key: string;
  readonly provider: string;
  /** The account's name, or null. */
  readonly account: string | null;
  /** Just before the POST left, in ms since the epoch. */
  readonly sentAtMs: number;
  /** Of the body: a key belongs to one body. */
  readonly bodyHash: number;
  /** With `isMarked`: the text of the body that the task's responses repeat. Else null. */
  readonly marker: string | null;
  /** Null: the process was stopped before it knew. */
  readonly outcome: CreateOutcome | null;
}

/** The creations of a client. */
export interface Creations {
  /** Those without an outcome yet, by key, and what they create. */
  readonly begun: Map<string, { readonly what: string; readonly outcome: ReplaySubject<CreateOutcome> }>;
  readonly records: Map<string, CreationRecord>;
}

/** A result at once, or by a promise or an Observable that emits one value. */
export type Eventually<T> = T | PromiseLike<T> | Observable<T>;

/** Keeps records over restarts: the journal's `creations`, a table, a key-value store. */
export interface CreationStore {
  /** The record of a key as it was written; null or undefined for none. */
  readonly read: (key: string) => Eventually<unknown>;
  /**
   * Replaces the record of `record.key`, if it still is `before` (null: there is none). Must be durable when it returns, or when its promise
   * resolves. Returns false if another process has written since, and true or nothing otherwise.
   */
  readonly write: (record: CreationRecord, before: CreationRecord | null) => Eventually<unknown>;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';

const isRef = (value: unknown): value is TaskRef =>
  isRecord(value) && 'provider' in value && isText(value.provider) && 'id' in value && isText(value.id);

const isOutcome = (value: unknown): value is CreateOutcome => {
  if (!isRecord(value) || !('outcome' in value)) return false;
  if (value.outcome === 'created') return 'task' in value && isRef(value.task) && 'expected' in value && isRecord(value.expected);
  return (value.outcome === 'rejected' || value.outcome === 'unknown') && 'message' in value && isText(value.message);
};

const isCreationRecord = (value: unknown): value is CreationRecord => {
  if (!isRecord(value)) return false;
  const { version, key, provider, account, sentAtMs, bodyHash, marker, outcome } = value as Partial<Record<keyof CreationRecord, unknown>>; // any object may lack them
  return (
    version === 1 && isText(key) && isText(provider) && [account, marker].every(isTextOrNull) &&
    [sentAtMs, bodyHash].every(Number.isFinite) && (outcome === null || isOutcome(outcome))
  );
};

/**
 * Reads a record from a store.
 *
 * @returns null for none. Throws `TypeError` for any value that is not the record of this key: what was bought for it is not known
 * @example parseCreationRecord('order-1', JSON.parse(row.record))
 */
export const parseCreationRecord = (key: string, value: unknown): CreationRecord | null => {
  if (value === null || value === undefined) return null;
  if (isCreationRecord(value) && value.key === key) return value;
  throw new TypeError(`the store's record of the key '${key}' cannot be read; nothing was sent`);
};
