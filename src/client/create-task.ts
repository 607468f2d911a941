/**
 * Creates a task once: one POST for each key, whatever happens to the connection, the stream and, with a store, the process.
 */
import { isLeft, isRight } from 'fp-ts/Either';
import {
  catchError, concat, defaultIfEmpty, defer, endWith, filter, from, ignoreElements, isObservable, map, type Observable, of, ReplaySubject, switchMap, take, tap, throwError, timeout,
  timer, toArray,
} from 'rxjs';
import { checkBoolean, checkPositive } from '../checks.js';
import { isSeedanceError, messageOf } from '../state/errors.js';
import { hashOf } from '../state/hash.js';
import { type PollError, pollErrorText, saveTimeoutMs } from '../state/watch-state.js';
import type { TaskRef } from '../task/snapshot.js';
import { createdIdIn } from '../wire/creation.js';
import { reasonOfStatus } from '../wire/error-response.js';
import { isModerated } from '../wire/reading.js';
import { type Account, refIn } from './account.js';
import { type CreateOutcome, type CreationRecord, type Creations, type CreationStore, type Eventually, parseCreationRecord } from './creation-record.js';
import { exchange } from './exchange.js';
import { listTasks } from './list-tasks.js';
import { isPromise } from './saver.js';
import type { TaskClient } from './task-client.js';

/** Options of `createTask`. */
export interface CreateOptions {
  /** Identifies this purchase, such as the id of an order. The client, and with a store every process, sends one POST for it. */
  readonly key: string;
  /** Keeps the record of the key before the POST leaves, and its outcome after. Default: the client's memory. */
  readonly store?: CreationStore;
  /**
   * Whether the body's text that the provider echoes, Ark's `safety_identifier`, identifies this task alone. An unknown outcome is then
   * resolved by the list of tasks. Default: false, because it is meant to identify an end user.
   */
  readonly isMarked?: boolean;
  /** The path of the POST, below the base URL. Default: the one that the provider documents for the body. */
  readonly path?: string;
  /** The timeout of the POST, in ms. Transports have their own, of 60 s by default. Default: 60 s. */
  readonly timeoutMs?: number;
}

/** Another process has written the record of the key since it was read. */
class Overtaken extends Error {}

/**
 * Creates a task. Emits one outcome, whatever the provider or the network does.
 *
 *     subscribe    ^--------!
 *     POST         ^-------------(200)      unsubscribing does not abort it
 *     outcome      --------------(created|)
 *
 * The POST leaves on the first subscription, ahead of the account's polls. Later subscriptions and later calls with the same key get its
 * outcome, also those of `retry` and `repeat`. After `rejected` the next subscription sends a new POST; after `unknown` it looks for the task again.
 *
 * @param body the provider's own JSON, or its text; sent as it is
 * Errors: those of the store, after the outcome if there is one, and `TypeError` for a key that was used for another body, account or
 * provider. Throws `TypeError` for a body that the provider certainly refuses, an invalid option, and a provider whose creation is unknown to
 * this library.
 * @example createTask(client, own, { model, content: [{ type: 'text', text: prompt }] }, { key: order.id, store: journal.creations })
 */
export const createTask = <Id extends string, Own extends Id, Body>(
  client: TaskClient<Id>,
  account: Account<Own, Body>,
  body: Body | string,
  { key, store, isMarked = false, path: givenPath, timeoutMs = 60_000 }: CreateOptions,
): Observable<CreateOutcome<Own>> => {
  const { provider, name } = account;
  const connection = client.connectionOf(account);
  const { clock, creations: { begun, records } } = connection;
  if (typeof key !== 'string' || key === '') throw new TypeError(`createTask: key must be a non-empty string, not ${String(key)}`);
  checkPositive('createTask: timeoutMs', timeoutMs);
  checkBoolean('createTask: isMarked', isMarked);
  if (provider.create === null) throw new TypeError(`createTask: this library does not know how ${provider.id} creates tasks`);
  const text = typeof body === 'string' ? body : jsonOf(body);
  const creation = provider.create.read(parsed(text));
  if (isLeft(creation)) throw new TypeError(`createTask: ${creation.left}`);
  const { expected, path, marker } = creation.right;
  if (isMarked && marker === null) throw new TypeError('createTask: isMarked needs a text in the body that responses repeat. For Ark, set safety_identifier');
  const fresh = { version: 1, key, provider: provider.id, account: name, bodyHash: hashOf(text), marker: isMarked ? marker : null } as const;
  const usedBefore = (): TypeError => new TypeError(`createTask: the key '${key}' was used for another body, account or provider`);

  const eventually = <T>(work: () => Eventually<T>): Observable<T> =>
    defer(() => {
      const result = work();
      return isObservable(result) ? result : isPromise(result) ? from(result) : of(result);
    }).pipe(
      timeout({ first: saveTimeoutMs, scheduler: clock.scheduler, with: () => throwError(() => new Error(`the store took longer than ${String(saveTimeoutMs)} ms`)) }),
      take(1),
    );

  const read = (): Observable<CreationRecord | null> => {
    const record = records.get(key) ?? null;
    if (store === undefined || record?.outcome?.outcome === 'created') return of(record);
    return eventually(() => store.read(key)).pipe(defaultIfEmpty(null), map((value) => parseCreationRecord(key, value)));
  };

  /** Completes when the record is kept. Errors: those of the store, `Overtaken`. */
  const keep = (record: CreationRecord, before: CreationRecord | null): Observable<never> => {
    const written = store === undefined ? of(true) : eventually(() => store.write(record, before));
    return written.pipe(
      defaultIfEmpty(true),
      tap((isWritten) => {
        if (isWritten === false) throw new Overtaken();
        records.set(key, record);
      }),
      ignoreElements(),
    );
  };

  /** Keeps an outcome over what the store has, and emits it even if that fails. */
  const ended = (record: CreationRecord, outcome: CreateOutcome<Own>): Observable<CreateOutcome<Own>> => {
    const last = { ...record, outcome };
    records.set(key, last);
    const kept = (before: CreationRecord | null): Observable<never> =>
      keep(last, before).pipe(
        catchError((error: unknown) => (error instanceof Overtaken && store !== undefined
          ? eventually(() => store.read(key)).pipe(switchMap((value) => kept(parseCreationRecord(key, value))))
          : throwError(() => error))),
      );
    return kept(record).pipe(
      catchError((error: unknown) => concat(of(outcome), throwError(() => error))),
      endWith(outcome),
    );
  };

  /** Sends the POST, once its record is kept. */
  const send = (before: CreationRecord | null): Observable<CreateOutcome<Own>> => {
    let record: CreationRecord = { ...fresh, sentAtMs: 0, outcome: null };
    const kept = defer(() => {
      record = { ...record, sentAtMs: clock.now() };
      return keep(record, before);
    });
    const sending = { method: 'POST', path: givenPath ?? path, body: text, timeoutMs } as const;
    return exchange(connection, sending, (response) => provider.readWith(response, 'id of a task', createdIdIn), kept).pipe(
      switchMap(({ result, mayHaveArrived }) => {
        if (isRight(result)) return ended(record, { outcome: 'created', key, task: refIn(account, result.right), expected });
        const rejection = rejectionOf(key, result.left, mayHaveArrived);
        return rejection === null ? search(record, pollErrorText(result.left)) : ended(record, rejection);
      }),
    );
  };

  /** Looks for the task of a POST without an outcome. An unknown outcome is not kept: a record without an outcome says the same. */
  const search = (record: CreationRecord, message: string): Observable<CreateOutcome<Own>> =>
    lookFor<Id, Own>(client, account, record, records).pipe(
      switchMap(({ task, candidates }) => {
        const unknown: CreateOutcome<Own> = { outcome: 'unknown', key, message, candidates };
        return task === null ? of(unknown) : ended(record, { outcome: 'created', key, task, expected });
      }),
    );

  const run = (isLate = false): Observable<CreateOutcome<Own>> =>
    read().pipe(
      switchMap((record) => {
        const outcome = record?.outcome ?? null;
        if (record === null || outcome?.outcome === 'rejected') return send(record);
        if (whatOf(record) !== whatOf(fresh)) return throwError(usedBefore);
        if (outcome !== null) return of(outcome as CreateOutcome<Own>); // the record has this provider
        // The request of another process may still be in flight.
        const leftMs = records.has(key) ? 0 : Math.min(timeoutMs, record.sentAtMs + timeoutMs - clock.now());
        return isLate || leftMs <= 0
          ? search(record, 'its process stopped before it knew the outcome')
          : timer(leftMs, clock.scheduler).pipe(switchMap(() => run(true)));
      }),
      catchError((error: unknown) => (error instanceof Overtaken ? run() : throwError(() => error))),
    );

  return defer(() => {
    const what = whatOf(fresh);
    const current = begun.get(key);
    if (current !== undefined) return current.what === what ? (current.outcome as Observable<CreateOutcome<Own>>) : throwError(usedBefore); // `what` names the provider
    const outcome = new ReplaySubject<CreateOutcome>(1);
    begun.set(key, { what, outcome });
    const over = (): void => { begun.delete(key); };
    run().pipe(tap({ next: over, error: over })).subscribe(outcome);
    return outcome as Observable<CreateOutcome<Own>>; // all are of this provider
  });
};

/** What a key is for. */
const whatOf = ({ provider, account, bodyHash }: Pick<CreationRecord, 'provider' | 'account' | 'bodyHash'>): string => JSON.stringify([provider, account, bodyHash]);

/** The body as JSON. Throws `TypeError` for a value that JSON would drop or change. */
const jsonOf = (body: unknown): string => {
  const text = JSON.stringify(body, (field, value: unknown) => {
    const isLost = ['bigint', 'function', 'symbol'].includes(typeof value) || (typeof value === 'number' && !Number.isFinite(value));
    if (isLost) throw new TypeError(`createTask: ${field === '' ? 'the body' : `the body's ${field}`} must be JSON, not ${typeof value === 'number' ? String(value) : `a ${typeof value}`}`);
    return value;
  }) as string | undefined; // undefined for undefined
  if (text === undefined) throw new TypeError('createTask: the body must be an object, not undefined');
  return text;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`createTask: the body must be JSON: ${messageOf(error)}`, { cause: error });
  }
};

/** A POST with one of these statuses may have created a task all the same: a time-out in front of the server, a closed connection, a redirect after the work. */
const undecided: ReadonlySet<number> = new Set([302, 303, 408, 499]);

/** Whether the server itself says that it did not do the work. Under 2xx only an error in its own words says so. */
const isDecided = ({ status, reason }: Extract<PollError, { kind: 'response' }>): boolean => {
  if (status >= 200 && status < 300) return reason !== 'server' && reason !== 'empty';
  return status >= 300 && status < 500 && !undecided.has(status);
};

/** The outcome of a POST that certainly created no task; null for any other failure. */
const rejectionOf = (key: string, error: PollError, mayHaveArrived: boolean): Extract<CreateOutcome, { outcome: 'rejected' }> | null => {
  const rejected = { outcome: 'rejected', key, message: pollErrorText(error) } as const;
  if (!mayHaveArrived) return { ...rejected, reason: 'transport', status: null, code: null, retryAfterMs: null };
  if (error.kind !== 'response' || !isDecided(error)) return null;
  const { status, code, reason, retryAfterMs } = error;
  const byStatus = reason === 'server' || reason === 'empty' ? (reasonOfStatus(status) ?? 'wrong-url') : reason;
  const known = byStatus === 'empty' ? 'rejected' : byStatus;
  return { ...rejected, reason: isModerated(`${code ?? ''} ${rejected.message}`) ? 'moderation' : known, status, code, retryAfterMs };
};

/** The clocks of this computer and of the provider may differ by this much. */
const clockSkewMs = 5 * 60_000;

/** When the list is searched for a task: it may appear a moment after its creation. */
const [firstLookMs, secondLookMs] = [2000, 10_000] as const;

interface Looked<Id extends string> {
  readonly task: TaskRef<Id> | null;
  readonly candidates: readonly TaskRef<Id>[] | null;
}

/** Looks for the task of a record in the list of its account: by its marker, else only for candidates. */
const lookFor = <Id extends string, Own extends Id>(
  client: TaskClient<Id>,
  account: Account<Own>,
  { key, sentAtMs, marker }: CreationRecord,
  records: Creations['records'],
): Observable<Looked<Own>> => {
  const nothing: Looked<Own> = { task: null, candidates: null };
  if (account.provider.list?.pageOf === undefined) return of(nothing);
  const { scheduler } = client;
  const ownIds = new Set([...records.values()].flatMap(({ key: other, outcome }) => (other !== key && outcome?.outcome === 'created' ? [outcome.task.id] : [])));
  const look = (): Observable<Looked<Own>> =>
    listTasks(client, account).pipe(
      filter(({ task, createdAtMs }) => !ownIds.has(task.id) && (createdAtMs ?? sentAtMs) >= sentAtMs - clockSkewMs),
      toArray(),
      map((snapshots) => {
        const marked = marker === null ? [] : snapshots.filter(({ settings }) => settings.safetyIdentifier === marker);
        return { task: marked.length === 1 ? (marked[0]?.task ?? null) : null, candidates: (marked.length > 1 ? marked : snapshots).map(({ task }) => task) };
      }),
    );
  return timer(firstLookMs, scheduler).pipe(
    switchMap(look),
    switchMap((first) => (first.task === null && (marker !== null || first.candidates?.length === 0) ? timer(secondLookMs, scheduler).pipe(switchMap(look)) : of(first))),
    catchError((error: unknown) => (isSeedanceError(error) ? of(nothing) : throwError(() => error))),
  );
};
