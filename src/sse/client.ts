/**
 * The page's side: reads a feed that a server sends. The page needs `fetch` and no key.
 */
import type { Observable } from 'rxjs';
import { type DelayPolicy, exponentialDelay, jittered } from '../poll/delay-policy.js';
import type { Feed } from '../feed/feed.js';
import { checkFunction, checkUpTo, isRecord, longestTimerMs } from '../checks.js';
import { connect, shownUrl } from './connection.js';
import { follow } from './follow.js';

/** Options of `fromServerSentEvents`. */
export interface FromServerSentEventsOptions {
  /** Sent with each connection, such as a session of your own. Never put a provider's key here. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>) | undefined;
  /** Default: the platform's `fetch`, looked up for each connection. */
  readonly fetch?: typeof fetch | undefined;
  /** The wait before the next connection, by the number of consecutive failures. Default: 1 s, doubled up to 30 s, plus up to 50% jitter. */
  readonly retry?: DelayPolicy | undefined;
  /** A connection is dropped after this time without data or a heartbeat, in ms. Default: 45 000. */
  readonly idleTimeoutMs?: number | undefined;
  /** Whether cookies are sent, as for `fetch`. Default: the platform's, which sends them to the page's own origin. */
  readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined;
  /**
   * Called with 'open' when a connection receives its first bytes, and with 'waiting' when it is lost and a new one is due. The last feed
   * stays unchanged meanwhile.
   */
  readonly onConnection?: ((state: 'open' | 'waiting') => void) | undefined;
}

/**
 * Reads a feed that a server sends with `toServerSentEvents`. It emits what `toFeed` emits, starting with the empty feed.
 *
 *     server     F--a--(bc)--#        (ac)--(end|)
 *     feeds      f--a--c--------------c-----|
 *
 * Cold: each subscription opens its own connection; unsubscribing aborts it at once. Emits once for each event, and one event may hold
 * several rows: `changed` is the last of them. A whole feed after a reconnection is one emission too: `changed` is null unless exactly one
 * row differs. Rows that did not change keep their identity, and missing tasks are removed.
 *
 * Reconnects after a lost or idle connection and after 408, 429 and 5xx. It waits for `Retry-After` and the server's `retry:` (10 minutes
 * at most), and retries until `retry` returns 'stop'. Completes on 204 and at the end of the server's feed.
 *
 * @param url absolute, or relative to the page
 * Errors: `Error` or `TypeError` with the URL without its query: for any other response, with status and content type; a redirect is not
 * followed, because the headers would be sent to another origin; for an event that
 * cannot be read or is longer than 64 Mi characters; for a feed that failed at the server. Throws `RangeError` or `TypeError` for an invalid
 * option.
 * @example fromServerSentEvents('/progress').subscribe(({ progress, tasks }) => render(progress, [...tasks]))
 */
export const fromServerSentEvents = (
  url: string,
  {
    headers = {},
    fetch: givenFetch,
    retry = jittered(exponentialDelay({ initialMs: 1_000, maxMs: 30_000 }), 0.5),
    idleTimeoutMs = 45_000,
    credentials,
    onConnection,
  }: FromServerSentEventsOptions = {},
): Observable<Feed> => {
  if (typeof url !== 'string') throw new TypeError(`url must be a string, not ${String(url)}`);
  if (typeof headers !== 'function' && !isRecord(headers)) throw new TypeError(`headers must be a record or a function, not ${String(headers)}`);
  if (givenFetch !== undefined) checkFunction('fetch', givenFetch);
  checkFunction('retry', retry);
  if (onConnection !== undefined) checkFunction('onConnection', onConnection);
  checkUpTo(longestTimerMs, 'idleTimeoutMs', idleTimeoutMs, 'number of ms');
  return follow({
    connect: (lastEventId) =>
      connect(
        { url, headers: typeof headers === 'function' ? headers : () => headers, fetch: givenFetch ?? fetch, credentials },
        lastEventId,
      ),
    retry,
    idleTimeoutMs,
    label: shownUrl(url),
    onConnection,
  });
};
