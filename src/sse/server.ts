/**
 * The server's side: sends one feed to all readers. It uses web standards only, so it runs in Node, on the edge and in workers.
 */
import { isObservable, type Observable, ReplaySubject, Subject, Subscription } from 'rxjs';
import type { Feed } from '../feed/feed.js';
import { checkAtLeast, checkUpTo, longestTimerMs } from '../checks.js';
import { createChangeLog } from './change-log.js';
import { readerEvents, sharedUpdates } from './reader.js';

/** Options of `toServerSentEvents`. */
export interface ServerSentEventsOptions {
  /** A reader gets a comment after this time without an event, in ms. Default: 15 000. */
  readonly heartbeatMs?: number | undefined;
  /** How long the feed stays subscribed after the last reader has left, in ms. Default: 30 000. */
  readonly idleGraceMs?: number | undefined;
}

/** One feed, ready to be read by any number of pages. */
export interface ServerSentEvents {
  /** The headers of every response. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The bytes for one reader, produced as they are read. Cancelling the stream leaves the feed.
   *
   * @param lastEventId the request's `Last-Event-ID`; a reader of this feed gets only the changes since that event
   */
  readonly stream: (lastEventId?: string | readonly string[] | null) => ReadableStream<Uint8Array>;
  /** A response for servers that use the `fetch` API. Ends when the request's signal aborts. Status 503 after `close`. */
  readonly response: (request?: Request) => Response;
  /** Ends all streams and leaves the feed, so that the server can stop. Pages connect again, to the next process. */
  readonly close: () => void;
}

/**
 * Serves a feed to pages as server-sent events. Keys, `raw` and `request` are never sent.
 *
 *     feed       e--a--b----c------|
 *     reader     F--a--b----c------(end|)
 *     slow       F--------a'b'-------c-(end|)     changes between two reads are sent together
 *
 * Shared: the first reader subscribes to the feed for all, and the subscription ends `idleGraceMs` after the last reader has left. A reader
 * that returns before that gets the changes it missed; any other reader gets the whole feed first. An event has at most 100 rows and about
 * 128 kB, and the events of a whole feed are encoded once for all readers. A slow reader has no backlog: when it is more than 1000 changes
 * behind, it gets the whole feed again. No timer keeps the process alive.
 * Throws `TypeError` unless `feeds` is an Observable, `RangeError` for an invalid time. The message of a feed's error is sent to the current
 * readers; the next reader subscribes again.
 * @example const events = toServerSentEvents(refs$.pipe(watchTasks(client), toFeed()))
 */
export const toServerSentEvents = (
  feeds: Observable<Feed>,
  { heartbeatMs = 15_000, idleGraceMs = 30_000 }: ServerSentEventsOptions = {},
): ServerSentEvents => {
  if (!isObservable(feeds)) throw new TypeError(`feeds must be an Observable of what toFeed() gives, not ${String(feeds)}`);
  checkUpTo(longestTimerMs, 'heartbeatMs', heartbeatMs, 'number of ms');
  checkAtLeast(0, 'idleGraceMs', idleGraceMs);
  const closed = new ReplaySubject<void>(1);
  let isClosed = false;
  const updates = sharedUpdates(feeds, idleGraceMs, () => createChangeLog(() => crypto.randomUUID()), closed);
  const read = (lastEventId: unknown, signal: AbortSignal | null): ReadableStream<Uint8Array> =>
    toStream((pulls) => readerEvents(updates, typeof lastEventId === 'string' ? lastEventId : null, heartbeatMs, pulls), signal, closed);
  return {
    headers,
    stream: (lastEventId) => read(lastEventId, null),
    response: (request) =>
      (isClosed
        ? new Response(null, { status: 503 })
        : new Response(read(request?.headers.get('last-event-id'), request?.signal ?? null), { status: 200, headers })),
    close: () => {
      isClosed = true;
      closed.next();
    },
  };
};

const headers: ServerSentEvents['headers'] = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** A stream without a buffer: each read is a pull, and the first one subscribes. Ends with the signal, and when `closed` emits. */
const toStream = (
  eventsFor: (pulls: Observable<unknown>) => Observable<Uint8Array>,
  signal: AbortSignal | null,
  closed: Observable<unknown>,
): ReadableStream<Uint8Array> => {
  const pulls = new Subject<void>();
  const reading = new Subscription();
  let hasBegun = false;

  const begin = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    reading.add(
      eventsFor(pulls).subscribe({
        next: (event) => { controller.enqueue(event); },
        error: (error: unknown) => { controller.error(error); },
        complete: () => {
          reading.unsubscribe();
          controller.close();
        },
      }),
    );
  };

  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const leave = (): void => {
      if (reading.closed) return;
      reading.unsubscribe();
      controller.close();
    };
    reading.add(closed.subscribe(leave));
    if (signal === null) return;
    if (signal.aborted) leave();
    else {
      signal.addEventListener('abort', leave);
      reading.add(() => { signal.removeEventListener('abort', leave); });
    }
  };

  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (!hasBegun) begin(controller);
    hasBegun = true;
    pulls.next();
  };

  return new ReadableStream<Uint8Array>({ start, pull, cancel: () => { reading.unsubscribe(); } }, { highWaterMark: 0 });
};
