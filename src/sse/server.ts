/**
 * The server's side: sends one feed to all readers. It uses web standards only, so it runs in Node, on the edge and in workers.
 */
import { isObservable, type Observable, Subject, Subscription } from 'rxjs';
import type { Feed } from '../feed/feed.js';
import { checkAtLeast, checkUpTo, longestTimerMs } from '../checks.js';
import { readerTexts, sharedUpdates } from './reader.js';

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
  /** A response for servers that use the `fetch` API. Ends when the request's signal aborts. */
  readonly response: (request?: Request) => Response;
}

/**
 * Serves a feed to pages as server-sent events. Keys and `raw` are never sent.
 *
 *     feed       e--a--b----c------|
 *     reader     F--a--b----c------(end|)
 *     slow       F--------a'b'-------c-(end|)     changes between two reads are sent together
 *
 * Shared: the first reader subscribes to the feed for all, and the subscription ends `idleGraceMs` after the last reader has left. A reader
 * that returns before that gets the changes it missed; any other reader gets the whole feed first. A slow reader's backlog is a set of tasks.
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
  const updates = sharedUpdates(feeds, idleGraceMs, () => crypto.randomUUID());
  const read = (lastEventId: unknown, signal: AbortSignal | null): ReadableStream<Uint8Array> =>
    toBytes((pulls) => readerTexts(updates, typeof lastEventId === 'string' ? lastEventId : null, heartbeatMs, pulls), signal);
  return {
    headers,
    stream: (lastEventId) => read(lastEventId, null),
    response: (request) => new Response(read(request?.headers.get('last-event-id'), request?.signal ?? null), { status: 200, headers }),
  };
};

const headers: ServerSentEvents['headers'] = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** Encodes texts as a stream of bytes without a buffer: each read is a pull, and the first one subscribes. */
const toBytes = (
  textsFor: (pulls: Observable<unknown>) => Observable<string>,
  signal: AbortSignal | null,
): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  const pulls = new Subject<void>();
  const reading = new Subscription();
  let hasBegun = false;

  const begin = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    reading.add(
      textsFor(pulls).subscribe({
        next: (text) => { controller.enqueue(encoder.encode(text)); },
        error: (error: unknown) => { controller.error(error); },
        complete: () => {
          reading.unsubscribe();
          controller.close();
        },
      }),
    );
  };

  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    if (signal === null) return;
    const leave = (): void => {
      reading.unsubscribe();
      controller.close();
    };
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
