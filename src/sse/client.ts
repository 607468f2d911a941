/**
 * The page's side: a feed that a server sends. Needs `fetch` and no key.
 */
import type { Observable } from 'rxjs';
import { type DelayPolicy, exponentialDelay, jittered } from '../poll/delay-policy.js';
import type { Feed } from '../feed/feed.js';
import { checkUpTo, isRecord, longestTimerMs } from '../checks.js';
import { connect, shownUrl } from './connection.js';
import { follow } from './follow.js';

/** How a feed is asked for. */
export interface FromServerSentEventsOptions {
  /** Sent with each connection: for a session of your own, never for a provider's key. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>) | undefined;
  /** Default: the platform's, looked up for each connection. */
  readonly fetch?: typeof fetch | undefined;
  /** How long to wait before the next connection, by the failures in a row. Default: 1 s, doubled up to 30 s, and up to half as long again. */
  readonly retry?: DelayPolicy | undefined;
  /** A connection on which nothing has come for so long, heartbeats included, is taken for dead, in ms. Default: 45 000. */
  readonly idleTimeoutMs?: number | undefined;
  /** Whether cookies are sent, as for `fetch`. Default: the platform's, cookies to one's own origin. */
  readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined;
  /**
   * Told when a connection brings its first bytes, and when it is lost and the next one is waited for: for a page that says so. The last
   * feed stays as it is meanwhile.
   */
  readonly onConnection?: ((state: 'open' | 'waiting') => void) | undefined;
}

/**
 * A feed from a server that sends it with `toServerSentEvents`: the same as `toFeed` gives, the empty one first.
 *
 *     server     F--a--(bc)--#        (ac)--(end|)
 *     feeds      f--a--c--------------c-----|
 *
 * Cold: each subscription connects by itself; unsubscribing aborts at once. Emits once for each event, so that what came together is
 * shown together: `changed` is the last of its rows. A whole feed after a reconnection is one feed too, `changed` null unless it is one
 * row; rows that say the same as before keep their identity, and tasks that are gone are gone.
 *
 * A connection that is lost or silent, 408, 429 and 5xx are followed by another one, not before `Retry-After` and the server's `retry:`
 * (10 minutes at most), without end unless `retry` says 'stop'. 204 and the end of the server's feed complete.
 *
 * @param url absolute, or relative to the page
 * Errors: `Error` or `TypeError` that name the url without its query: for other answers, with status and content type; for an event
 * that is none of such a feed, or above 64 Mi characters; for a feed that failed at the server. At once: `RangeError` or `TypeError` for an option
 * that cannot be kept.
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
  if (typeof url !== 'string') throw new TypeError(`url must be a text, not ${String(url)}`);
  if (typeof headers !== 'function' && !isRecord(headers)) throw new TypeError(`headers must be a record or a function, not ${String(headers)}`);
  if (givenFetch !== undefined && typeof givenFetch !== 'function') throw new TypeError(`fetch must be a function, not ${String(givenFetch)}`);
  if (typeof retry !== 'function') throw new TypeError(`retry must be a function of an attempt, not ${String(retry)}`);
  if (onConnection !== undefined && typeof onConnection !== 'function') throw new TypeError(`onConnection must be a function, not ${String(onConnection)}`);
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
