/**
 * The server's side: one feed for all readers, as bytes. Web standards alone, so that it runs in Node, on the edge and in workers.
 */
import { isObservable, type Observable, Subject, Subscription } from 'rxjs';
import type { Feed } from '../feed/feed.js';
import { checkAtLeast, checkUpTo, longestTimerMs } from '../checks.js';
import { readerTexts, sharedMoments } from './reader.js';

/** How readers are served. */
export interface ServerSentEventsOptions {
  /** A reader that was sent nothing for so long, in ms, is sent a comment. Default: 15 000. */
  readonly heartbeatMs?: number | undefined;
  /** How long the feed stays subscribed after the last reader has left, in ms. Default: 30 000. */
  readonly idleGraceMs?: number | undefined;
}

/** One feed, ready to be read by any number of pages. */
export interface ServerSentEvents {
  /** The headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The bytes of one reader, made as they are read. Cancelling it leaves the feed.
   *
   * @param lastEventId the request's `Last-Event-ID`; a reader of this feed gets only what has changed since
   */
  readonly stream: (lastEventId?: string | readonly string[] | null) => ReadableStream<Uint8Array>;
  /** An answer for any server in the style of `fetch`. Ends with the request's signal. */
  readonly response: (request?: Request) => Response;
}

/**
 * Serves a feed to pages, as server-sent events. No key and no `raw` is sent.
 *
 *     feed       e--a--b----c------|
 *     reader     F--a--b----c------(end|)
 *     slow       F--------a'b'-------c-(end|)     what changes between two reads comes together
 *
 * Shared: the first reader subscribes to the feed, once for all; it is left `idleGraceMs` after the last reader. A reader that comes back
 * meanwhile is sent what it has missed, any other one the whole feed first. What waits for a slow reader is a set of tasks.
 * Errors: `TypeError` for a feed that is none, `RangeError` for a time that is none. An error of the feed reaches the readers that are
 * there, with its message; the next reader subscribes anew.
 * @example const events = toServerSentEvents(refs$.pipe(watchTasks(client), toFeed()))
 */
export const toServerSentEvents = (
  feeds: Observable<Feed>,
  { heartbeatMs = 15_000, idleGraceMs = 30_000 }: ServerSentEventsOptions = {},
): ServerSentEvents => {
  if (!isObservable(feeds)) throw new TypeError(`feeds must be an Observable of what toFeed() gives, not ${String(feeds)}`);
  checkUpTo(longestTimerMs, 'heartbeatMs', heartbeatMs, 'number of ms');
  checkAtLeast(0, 'idleGraceMs', idleGraceMs);
  const moments = sharedMoments(feeds, idleGraceMs, () => crypto.randomUUID());
  const read = (lastEventId: unknown, signal: AbortSignal | null): ReadableStream<Uint8Array> =>
    toBytes((pulls) => readerTexts(moments, typeof lastEventId === 'string' ? lastEventId : null, heartbeatMs, pulls), signal);
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

/** Texts as a stream of bytes that holds none back: each read is a pull, and the first one subscribes. */
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
