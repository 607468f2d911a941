/**
 * One reader of a feed that many read: the text of one event for each pull, so that whoever is slow gets fewer events, never older
 * ones. Knows no bytes and no HTTP.
 */
import { catchError, concatWith, defer, endWith, map, NEVER, Observable, of, ReplaySubject, share, Subscription } from 'rxjs';
import { rest, sleep } from '../poll/rest.js';
import type { Feed } from '../feed/feed.js';
import { type ChangeLog, type Changes, createChangeLog, type Entry } from './change-log.js';
import { encodedEnd, encodeFailure, encodeRows } from './wire-form.js';

/** What the readers of a feed share. */
export interface Moment {
  readonly log: ChangeLog;
  readonly changed: Changes;
  /** Whether the feed has completed. */
  readonly isOver: boolean;
}

/**
 * A feed for many readers: one subscription, begun by the first of them and kept for a while after the last has left.
 *
 *     feeds            ab----c---|
 *     reader           ^---!
 *     another          --------^----!
 *     subscription     ^-------------  -!     so much longer is `idleGraceMs`
 *
 * Shared. A late reader is given the latest moment at once, also once the feed has completed. Never completes.
 * Errors: those of the feed. Who comes after one begins a new subscription.
 */
export const sharedMoments = (feeds: Observable<Feed>, idleGraceMs: number, createEpoch: () => string): Observable<Moment> =>
  defer(() => {
    const log = createChangeLog(createEpoch);
    return feeds.pipe(
      map((feed): Moment => ({ log, changed: log.take(feed), isOver: false })),
      endWith({ log, changed: [], isOver: true } satisfies Moment),
      concatWith(NEVER),
    );
  }).pipe(share({ connector: () => new ReplaySubject<Moment>(1), resetOnRefCountZero: () => rest(idleGraceMs).pipe(endWith(null)) }));

/**
 * The events of one reader, as text: at most one for each pull, and nothing without one.
 *
 *     feeds            a---b-c-d------------|
 *     pulls            x--x-----x--x-----------x
 *     texts            F---b----(cd)------:-(end|)     `:` is a heartbeat; changes coalesce by task
 *
 * Cold. What waits for a slow reader is a set of tasks. The first pull is answered at once, by a comment if need be.
 * Errors: none. An error of the feed is an event, and the end.
 *
 * @param lastEventId the id of the last event that the reader has seen; null for a new one
 */
export const readerTexts = (
  moments: Observable<Moment>,
  lastEventId: string | null,
  heartbeatMs: number,
  pulls: Observable<unknown>,
): Observable<string> =>
  new Observable((subscriber) => {
    let log: ChangeLog | null = null;
    let pending: 'all' | Set<Entry> = new Set();
    let lastText: string | null = null;
    let isSilent = true;
    let isPulled = false;
    let heartbeat = Subscription.EMPTY;

    const nextText = (): string | null => {
      if (log !== null && (pending === 'all' || pending.size > 0)) {
        const [name, rows] = pending === 'all' ? ['feed', log.rows()] : ['rows', [...pending].map(({ row }) => row)];
        pending = new Set();
        return event(name, encodeRows(rows), log.id());
      }
      return lastText ?? (isSilent ? comment : null);
    };

    const answer = (): void => {
      const text = isPulled ? nextText() : null;
      if (text === null) return;
      isPulled = false;
      isSilent = false;
      heartbeat.unsubscribe();
      heartbeat = sleep(heartbeatMs, beat);
      subscriber.next(text);
      if (text === lastText) subscriber.complete();
    };

    const beat = (): void => {
      isSilent = true;
      answer();
    };

    const add = (changes: Changes): void => {
      if (changes === 'all') pending = 'all';
      else if (pending !== 'all') for (const entry of changes) pending.add(entry);
    };

    subscriber.add(() => { heartbeat.unsubscribe(); });
    subscriber.add(
      moments.pipe(catchError((error: unknown) => of(encodeFailure(error)))).subscribe((moment) => {
        if (typeof moment === 'string') lastText = event('fail', moment);
        else {
          add(moment.log === log ? moment.changed : moment.log.since(lastEventId));
          log = moment.log;
          if (moment.isOver) lastText = event('end', encodedEnd);
        }
        answer();
      }),
    );
    subscriber.add(
      pulls.subscribe(() => {
        isPulled = true;
        answer();
      }),
    );
  });

const comment = ':\n\n';

const event = (name: string, data: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`;
