/**
 * One reader of a shared feed: one event for each pull, as bytes. A slow reader gets fewer events, but never outdated ones. For each reader
 * the server keeps an id and a place in the feed, however far the reader lags.
 */
import { catchError, concatWith, defer, endWith, map, NEVER, Observable, of, ReplaySubject, share, Subscription } from 'rxjs';
import type { Feed } from '../feed/feed.js';
import { backgroundTimer } from './background-timer.js';
import { bytesOf, type ChangeLog, type Slice } from './change-log.js';
import { encodedEnd, encodeFailure } from './wire-form.js';

/** What the readers of a feed share after each change. */
export interface Update {
  readonly log: ChangeLog;
  /** Whether the feed has completed. */
  readonly isComplete: boolean;
}

/**
 * Shares a feed among readers: one subscription, which the first reader starts and which ends some time after the last one has left.
 *
 *     feeds            ab----c---|
 *     reader           ^---!
 *     another          --------^----!
 *     subscription     ^-------------  -!     ends `idleGraceMs` after the last reader left, or when `closed` emits
 *
 * Shared. A late reader gets the latest update at once, also after the feed has completed. Never completes.
 * Errors: those of the feed. The next reader after an error starts a new subscription.
 */
export const sharedUpdates = (
  feeds: Observable<Feed>,
  idleGraceMs: number,
  createLog: () => ChangeLog,
  closed: Observable<unknown> = NEVER,
): Observable<Update> =>
  defer(() => {
    const log = createLog();
    return feeds.pipe(
      map((feed): Update => {
        log.take(feed);
        return { log, isComplete: false };
      }),
      endWith({ log, isComplete: true }),
      concatWith(NEVER),
    );
  }).pipe(share({ connector: () => new ReplaySubject<Update>(1), resetOnRefCountZero: () => idleGrace(idleGraceMs, closed) }));

/** Emits after `ms`, or when `closed` emits. */
const idleGrace = (ms: number, closed: Observable<unknown>): Observable<unknown> =>
  new Observable((subscriber) => {
    subscriber.add(backgroundTimer(ms, () => { subscriber.next(null); }));
    closed.subscribe(subscriber);
  });

/**
 * The events of one reader: at most one for each pull.
 *
 *     feeds            a---b-c-d------------|
 *     pulls            x--x-----x--x-----------x
 *     events           F---b----(cd)------:-(end|)     `:` is a heartbeat; changes coalesce by task
 *
 * Cold. A large feed, and many changes, come in several events. A reader that lags far behind gets the whole feed again. The first pull is
 * answered at once, with a comment if nothing has happened.
 * Errors: none. An error of the feed becomes the last event, and so does a row that cannot be encoded.
 *
 * @param lastEventId the id of the last event that the reader has seen; null for a new reader
 */
export const readerEvents = (
  updates: Observable<Update>,
  lastEventId: string | null,
  heartbeatMs: number,
  pulls: Observable<unknown>,
): Observable<Uint8Array> =>
  new Observable((subscriber) => {
    let log: ChangeLog | null = null;
    let seenId = lastEventId;
    /** The whole feed, while the reader takes its slices. */
    let whole: ReturnType<ChangeLog['whole']> | null = null;
    let lastEvent: Uint8Array | null = null;
    let isSilent = true;
    let isPulled = false;
    let heartbeat = Subscription.EMPTY;

    const nextSlice = (source: ChangeLog): Slice | null => {
      const part = whole?.next();
      if (part?.done === false) return part.value;
      whole = null;
      const changes = source.since(seenId);
      if (changes !== 'all') return changes;
      whole = source.whole();
      return nextSlice(source);
    };

    const nextEvent = (): Uint8Array | null => {
      const slice = log && nextSlice(log);
      if (slice === null) return lastEvent ?? (isSilent ? comment : null);
      seenId = slice.id ?? seenId;
      return event(slice.name, slice.data, slice.id);
    };

    const send = (): void => {
      if (!isPulled) return;
      let next: Uint8Array | null;
      try {
        next = nextEvent();
      } catch (error) {
        next = lastEvent = event('fail', bytesOf(encodeFailure(error)));
      }
      if (next === null) return;
      isPulled = false;
      isSilent = false;
      heartbeat.unsubscribe();
      heartbeat = backgroundTimer(heartbeatMs, beat);
      subscriber.next(next);
      if (next === lastEvent) subscriber.complete();
    };

    const beat = (): void => {
      isSilent = true;
      send();
    };

    subscriber.add(() => { heartbeat.unsubscribe(); });
    subscriber.add(
      updates.pipe(catchError((error: unknown) => of(encodeFailure(error)))).subscribe((update) => {
        if (typeof update === 'string') lastEvent = event('fail', bytesOf(update));
        else {
          log = update.log;
          if (update.isComplete) lastEvent = event('end', bytesOf(encodedEnd));
        }
        send();
      }),
    );
    subscriber.add(
      pulls.subscribe(() => {
        isPulled = true;
        send();
      }),
    );
  });

const comment = /* @__PURE__ */ bytesOf(':\n\n');

const end = /* @__PURE__ */ bytesOf('\n\n');

/** One event. Its data is copied, because many readers share it. */
const event = (name: string, data: Uint8Array, id: string | null = null): Uint8Array => {
  const start = bytesOf(`${id === null ? '' : `id: ${id}\n`}event: ${name}\ndata: `);
  const bytes = new Uint8Array(start.length + data.length + end.length);
  bytes.set(start);
  bytes.set(data, start.length);
  bytes.set(end, start.length + data.length);
  return bytes;
};
