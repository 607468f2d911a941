/**
 * One reader of a shared feed: one event for each pull, as text. A slow reader gets fewer events, but never outdated ones.
 */
import { catchError, concatWith, defer, endWith, map, NEVER, Observable, of, ReplaySubject, share, Subscription } from 'rxjs';
import { longTimer, sleep } from '../poll/timers.js';
import type { Feed, TaskRow } from '../feed/feed.js';
import type { TaskRef } from '../task/snapshot.js';
import { type ChangeLog, type Changes, createChangeLog, type Entry } from './change-log.js';
import { encodedEnd, encodeFailure, encodeRows, type RowChanges } from './wire-form.js';

/** What the readers of a feed share after each change. */
export interface Update {
  readonly log: ChangeLog;
  readonly changed: Changes;
  /** Whether the feed has completed. */
  readonly isComplete: boolean;
}

/**
 * Shares a feed among readers: one subscription, which the first reader starts and which ends some time after the last one has left.
 *
 *     feeds            ab----c---|
 *     reader           ^---!
 *     another          --------^----!
 *     subscription     ^-------------  -!     ends `idleGraceMs` after the last reader left
 *
 * Shared. A late reader gets the latest update at once, also after the feed has completed. Never completes.
 * Errors: those of the feed. The next reader after an error starts a new subscription.
 */
export const sharedUpdates = (feeds: Observable<Feed>, idleGraceMs: number, createEpoch: () => string): Observable<Update> =>
  defer(() => {
    const log = createChangeLog(createEpoch);
    return feeds.pipe(
      map((feed): Update => ({ log, changed: log.take(feed), isComplete: false })),
      endWith({ log, changed: [], isComplete: true } satisfies Update),
      concatWith(NEVER),
    );
  }).pipe(share({ connector: () => new ReplaySubject<Update>(1), resetOnRefCountZero: () => longTimer(idleGraceMs).pipe(endWith(null)) }));

/**
 * The events of one reader, as text: at most one for each pull.
 *
 *     feeds            a---b-c-d------------|
 *     pulls            x--x-----x--x-----------x
 *     texts            F---b----(cd)------:-(end|)     `:` is a heartbeat; changes coalesce by task
 *
 * Cold. For a slow reader it keeps the tasks that changed, not each change. The first pull is answered at once, with a comment if nothing
 * has happened.
 * Errors: none. An error of the feed becomes the last event.
 *
 * @param lastEventId the id of the last event that the reader has seen; null for a new reader
 */
export const readerTexts = (
  updates: Observable<Update>,
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
        const [name, changes] = pending === 'all' ? ['feed', { removed: [], rows: log.rows() }] : ['rows', rowChanges(pending)];
        pending = new Set();
        return event(name, encodeRows(changes), log.id());
      }
      return lastText ?? (isSilent ? comment : null);
    };

    const send = (): void => {
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
      send();
    };

    const add = (changes: Changes): void => {
      if (changes === 'all') pending = 'all';
      else if (pending !== 'all') for (const entry of changes) pending.add(entry);
    };

    subscriber.add(() => { heartbeat.unsubscribe(); });
    subscriber.add(
      updates.pipe(catchError((error: unknown) => of(encodeFailure(error)))).subscribe((update) => {
        if (typeof update === 'string') lastText = event('fail', update);
        else {
          add(update.log === log ? update.changed : update.log.since(lastEventId));
          log = update.log;
          if (update.isComplete) lastText = event('end', encodedEnd);
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

const rowChanges = (entries: Iterable<Entry>): RowChanges => {
  const removed: TaskRef[] = [];
  const rows: TaskRow[] = [];
  for (const { task, row } of entries) {
    if (row === null) removed.push(task);
    else rows.push(row);
  }
  return { removed, rows };
};

const comment = ':\n\n';

const event = (name: string, data: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`;
