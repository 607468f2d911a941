/**
 * Turns consecutive connections into one feed: applies events to it, and decides when to reconnect. Jitter spreads the pages that lost
 * their connection together.
 */
import { asyncScheduler, concatWith, defer, endWith, mergeMap, type Observable, retry, startWith, takeWhile, tap, throwError, timeout } from 'rxjs';
import { attemptAfter, failedAgain, noFailures } from '../poll/backoff.js';
import { checkedDelay, type DelayPolicy } from '../poll/delay-policy.js';
import { longTimer } from '../poll/timers.js';
import { longestRetryAfterMs } from '../transport/retry-after.js';
import { messageOf } from '../state/errors.js';
import { isEqual } from '../task/snapshot.js';
import { afterRow, emptyTotals, type Feed, type TaskRow, type Totals, withoutRow } from '../feed/feed.js';
import { ConnectionLost, type Incoming } from './connection.js';
import { decodeFailure, decodeRows } from './wire-form.js';

/** Options of `follow`. */
export interface FollowOptions {
  /** Opens a connection that resumes after an event id. */
  readonly connect: (lastEventId: string | null) => Observable<Incoming>;
  /** The wait before the next connection. */
  readonly retry: DelayPolicy;
  /** A connection is dropped after this time without data, in ms. */
  readonly idleTimeoutMs: number;
  /** Names the server in errors. */
  readonly label: string;
  /** Called when a connection receives data, and when a new one is due. */
  readonly onConnection?: ((state: 'open' | 'waiting') => void) | undefined;
}

/**
 * Builds one feed from the events of all connections, starting with the empty feed.
 *
 *     connect      --F--R#      --R--(end|)
 *     retry 3            ---
 *     feeds        e-f--r---------r--|
 *
 * Cold. One feed for each event. The backoff restarts when a connection receives data; a heartbeat is enough.
 * Errors: any error but `ConnectionLost`; an event that cannot be read; a feed that failed; the last `ConnectionLost` when `retry` returns
 * 'stop'.
 */
export const follow = ({ connect, retry: policy, idleTimeoutMs, label, onConnection = () => undefined }: FollowOptions): Observable<Feed> =>
  defer(() => {
    let totals = emptyTotals();
    const parts: TaskRow[] = [];
    let lastEventId: string | null = null;
    let serverMs = 0;
    let failures = noFailures;
    let isOpen = false;

    const opened = (): void => {
      if (isOpen) return;
      isOpen = true;
      failures = noFailures;
      onConnection('open');
    };

    const feedsAfter = (incoming: Incoming): readonly Feed[] => {
      if (incoming.kind === 'retry') serverMs = incoming.retryMs;
      if (incoming.kind !== 'event') return [];
      const next = read(totals, parts, incoming, label);
      lastEventId = incoming.id === null ? lastEventId : asId(incoming.id);
      const hasNews = next !== totals;
      totals = next;
      return hasNews ? [next.feed] : [];
    };

    const waitAfter = (lost: ConnectionLost): Observable<unknown> => {
      const nowMs = asyncScheduler.now();
      failures = failedAgain(failures, nowMs);
      const delayMs = checkedDelay('retry', policy(attemptAfter(failures, nowMs, Math.random())));
      isOpen = false;
      if (delayMs === 'stop') return throwError(() => new Error(`${lost.message}; gave up after attempt ${failures.failureCount}`));
      onConnection('waiting');
      return longTimer(Math.max(delayMs, Math.min(Math.max(serverMs, lost.retryAfterMs ?? 0), longestRetryAfterMs))).pipe(endWith(null));
    };

    return defer(() => connect(lastEventId)).pipe(
      concatWith(throwError(() => new ConnectionLost(`${label}: the server closed the connection`))),
      timeout({ each: idleTimeoutMs, with: () => throwError(() => new ConnectionLost(`${label}: no data for ${idleTimeoutMs} ms`)) }),
      takeWhile((incoming) => !isEnd(incoming)),
      tap(opened),
      mergeMap(feedsAfter),
      retry({ delay: (error: unknown) => (error instanceof ConnectionLost ? waitAfter(error) : throwError(() => error)) }),
      startWith(totals.feed),
    );
  });

const isEnd = (incoming: Incoming): boolean => incoming.kind === 'end' || (incoming.kind === 'event' && incoming.name === 'end');

/** The id if a header can hold it, else null. */
const asId = (id: string): string | null => (/^[\x21-\x7e]+$/.test(id) ? id : null);

type EventIn = Extract<Incoming, { readonly kind: 'event' }>;

/** Applies an event to the totals, or adds it to the parts of the next feed. Returns the same totals for an unknown event name. */
const read = (totals: Totals, parts: TaskRow[], { name, data }: EventIn, label: string): Totals => {
  switch (name) {
    case 'feed':
    case 'first':
    case 'part':
    case 'last':
    case 'rows': {
      const { removed, rows } = readable(name, label, () => decodeRows(data));
      if (name === 'rows') return rows.reduce((known, row) => afterRow(known, keptOr(known.feed, row)), removed.reduce(withoutRow, totals));
      if (name === 'feed' || name === 'first') parts.length = 0;
      parts.push(...rows);
      return name === 'feed' || name === 'last' ? replaced(totals, parts) : totals;
    }
    case 'fail':
      throw new Error(`${label}: the feed failed: ${readable(name, label, () => decodeFailure(data))}`);
    default:
      return totals;
  }
};

/** Replaces the feed. Rows that did not change keep their identity; no row is reported as changed. */
const replaced = ({ feed }: Totals, rows: readonly TaskRow[]): Totals => {
  const next = rows.reduce((totals, row) => afterRow(totals, keptOr(feed, row)), emptyTotals());
  return { ...next, feed: { ...next.feed, changed: null } };
};

const keptOr = ({ tasks }: Feed, row: TaskRow): TaskRow => {
  const known = tasks.get(row.task);
  return (isEqual(known, row) && known) || row;
};

const readable = <T>(name: string, label: string, decode: () => T): T => {
  try {
    return decode();
  } catch (error) {
    throw new TypeError(`${label}: the event '${name}' cannot be read: ${messageOf(error)}`, { cause: error });
  }
};
