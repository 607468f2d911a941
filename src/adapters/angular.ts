/**
 * For Angular: a transport over `HttpClient`, a client by injection, a feed as signals. Works with zones and without, in the browser
 * and on the server. Knows no provider; no other file of `src` knows Angular.
 */
import { HttpClient, HttpErrorResponse, type HttpEvent, HttpEventType, type HttpHeaders } from '@angular/common/http';
import {
  computed,
  DestroyRef,
  EnvironmentInjector,
  type EnvironmentProviders,
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  NgZone,
  PendingTasks,
  type Signal,
  signal,
} from '@angular/core';
import { catchError, concatMap, defer, EMPTY, Observable, of, Subject, Subscription, take, throwError, throwIfEmpty } from 'rxjs';
import type { TaskRef } from '../task/snapshot.js';
import { bodyTooLarge } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import { wholeAnswer } from '../transport/whole-answer.js';
import type { Account } from '../watch/account.js';
import { emptyTotals, type Feed, type TaskRow, toFeed, watchTasks, type WatchTasksOptions } from '../watch/feed.js';
import { createTaskClient, type TaskClient, type TaskClientOptions } from '../watch/task-client.js';

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/**
 * Sends requests through Angular's `HttpClient`, so that interceptors apply.
 *
 *     subscribe    ^-----------!
 *     request      ^-----------!    aborted by unsubscribing, also while the body arrives
 *
 * Two promises of a transport are `HttpClient`'s to keep, and it does not. Redirects are followed, by the browser: an account with
 * a key does not belong here. And the size of an answer is seen when its progress is told, at the latest when it has all arrived.
 *
 * @param http   the app's own, with its interceptors; of several answers that they give, the first counts
 * @param limits `timeoutMs` and `maxBodyBytes`, as of the other transports
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error`, no whole answer arrived; its message holds nothing of the request's headers. `RangeError` at once for a bad limit.
 * @example createTaskClient({ transport: httpClientTransport(inject(HttpClient)), accounts })
 */
export const httpClientTransport = (http: HttpClient, limits: TransportLimits = {}): Transport => {
  const { timeoutMs, maxBodyBytes } = checkLimits(limits);
  return (request) =>
    defer(() =>
      http.request(request.method, request.url, {
        headers: { accept: 'application/json', ...request.headers },
        responseType: 'text',
        observe: 'events',
        reportProgress: true,
      }),
    ).pipe(
      concatMap((event) => answerIn(event, maxBodyBytes)),
      catchError((error: unknown) => {
        if (isAnswer(error)) return of(readAnswer(error, error.error, maxBodyBytes));
        return throwError(() => causeOf(error));
      }),
      throwIfEmpty(() => new Error('the request ended without one')),
      take(1),
      wholeAnswer(request, timeoutMs),
    );
};

/** The events of a request before its answer say one thing of interest: that there is too much of it. */
const answerIn = (event: HttpEvent<string>, maxBodyBytes: number): Observable<HttpResponse> => {
  if (event.type === HttpEventType.Response) return of(readAnswer(event, event.body, maxBodyBytes));
  if (event.type === HttpEventType.DownloadProgress && event.loaded > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  return EMPTY;
};

type Headed = { readonly status: number; readonly headers: HttpHeaders };

const readAnswer = ({ status, headers }: Headed, body: string | null, maxBodyBytes: number): HttpResponse => {
  const text = body ?? '';
  if (bytesOf(text) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  const fields = headers.keys().map((name) => [name.toLowerCase(), (headers.getAll(name) ?? []).join(', ')] as const);
  return { status, headers: Object.fromEntries(fields), body: text };
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

/** `HttpClient` makes errors of answers: those have a status, and a text for a body. */
const isAnswer = (error: unknown): error is Headed & { readonly error: string | null } =>
  error instanceof HttpErrorResponse && error.status > 0 && (error.error === null || typeof error.error === 'string');

/** What `HttpClient` has wrapped. An XHR that failed tells an event, and no reason. */
const causeOf = (error: unknown): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const inner: unknown = error.error;
  if (inner instanceof Error) return inner;
  const isEvent = typeof inner === 'object' && inner !== null && 'type' in inner;
  return new Error(isEvent ? `the request has ended with "${String(inner.type)}"` : 'the request has failed');
};

/** What `provideSeedance` is told. All but the first two are the options of `createTaskClient`. */
export interface SeedanceOptions extends Omit<TaskClientOptions<string>, 'transport' | 'accounts'> {
  /**
   * The accounts, or a function that gives them and may inject. In a page they have no key (`apiKey: null`): their `baseUrl` leads to
   * a proxy of your own that adds it. Whoever opens the page can read a key that is in it.
   */
  readonly accounts: readonly Account[] | (() => readonly Account[]);
  /** Makes the transport, and may inject. Default: `httpClientTransport(inject(HttpClient))`. */
  readonly transport?: (() => Transport) | undefined;
}

/**
 * The client that `provideSeedance` made, as it is: its streams run and notify in whatever zone they are subscribed in. Inject it by
 * `injectSeedance()`; the token is for providing another.
 */
export const SEEDANCE_CLIENT = /* @__PURE__ */ new InjectionToken<TaskClient>('SEEDANCE_CLIENT: see provideSeedance()');

/**
 * Provides one client for the app, or for a lazy part of it: made when it is first injected.
 *
 * Errors: those of `createTaskClient`, when the client is first injected.
 * @example bootstrapApplication(App, { providers: [provideHttpClient(), provideSeedance({ accounts: [account(ark, { apiKey: null, baseUrl })] })] })
 */
export const provideSeedance = ({ accounts, transport, ...options }: SeedanceOptions): EnvironmentProviders =>
  makeEnvironmentProviders([
    {
      provide: SEEDANCE_CLIENT,
      useFactory: () =>
        createTaskClient({
          ...options,
          transport: transport === undefined ? httpClientTransport(inject(HttpClient)) : transport(),
          accounts: typeof accounts === 'function' ? accounts() : accounts,
        }),
    },
  ]);

/**
 * The client of `provideSeedance`, for an injection context.
 *
 * Its streams ask and wait outside Angular's zone, so that an app that watches is stable all the same, and notify inside it. When the
 * app is destroyed they stop without a word, and nothing is left running.
 *
 * @example readonly status = toSignal(injectSeedance().watch({ provider: 'ark', id }).pipe(map(({ to }) => to)))
 */
export const injectSeedance = (): TaskClient => {
  const client = inject(SEEDANCE_CLIENT);
  const zone = inject(NgZone);
  const app = inject(EnvironmentInjector).get(DestroyRef);
  const throughZone = <T>(source: Observable<T>): Observable<T> =>
    new Observable((subscriber) => {
      if (app.destroyed) return; // it takes no more callbacks, and nothing would stop the watch
      const watched = zone.runOutsideAngular(() =>
        source.subscribe({
          next: (value) => { zone.run(() => subscriber.next(value)); },
          error: (error: unknown) => { zone.run(() => subscriber.error(error)); },
          complete: () => { zone.run(() => subscriber.complete()); },
        }),
      );
      // Leaving may set a timer, for the watchers that stay.
      const stop = (): void => { zone.runOutsideAngular(() => watched.unsubscribe()); };
      subscriber.add(app.onDestroy(stop));
      subscriber.add(stop);
    });
  return {
    query: (task) => throughZone(client.query(task)),
    states: (task, options) => throughZone(client.states(task, options)),
    watch: (task, options) => throughZone(client.watch(task, options)),
  };
};

/** A feed as signals. Each changes by itself: a reader of `counts` does not hear of progress. */
export interface FeedSignals {
  /** The latest feed; the empty one at first. */
  readonly feed: Signal<Feed>;
  /** All rows as an array, in the order of their arrival. Copied when it is read, not for each event. */
  readonly tasks: Signal<readonly TaskRow[]>;
  readonly counts: Signal<Feed['counts']>;
  /** The mean of all tasks' progress, 0 to 1. */
  readonly progress: Signal<number>;
  /** Whether any of the progress is estimated. */
  readonly estimated: Signal<boolean>;
  /** Why the feed has ended, if it failed; else null. The last feed stays. */
  readonly error: Signal<unknown>;
}

/** The feed of the tasks that it is told to track. */
export interface TaskFeed extends FeedSignals {
  /** Watches one more task; a task that has been met is not watched again. Does nothing once its owner is destroyed. */
  readonly track: (task: TaskRef) => void;
}

/**
 * A feed that comes from elsewhere, as signals, for an injection context. Ends with its owner.
 *
 *     feed     e--a--b--
 *     stable   ---^         the app is not, until the feed says something; then a server sends its page
 *
 * Subscribed once and at once, outside Angular's zone. A signal schedules change detection from anywhere, once for a burst of events;
 * entering the zone would do so for each. The empty feed counts as saying something, unless it comes while subscribing, as `toFeed`'s
 * first does; tasks without an answer yet do not. An end counts too.
 *
 * @example readonly board = feedSignals(fromServerSentEvents('/feed'))
 */
export const feedSignals = (feed: Observable<Feed>): FeedSignals => {
  const { open, ...signals } = closedSignals(feed);
  open();
  return signals;
};

/**
 * A feed of the tasks that its `track` is given, for an injection context. Ends with its owner: requests are aborted, timers are gone.
 *
 * Asks and waits outside Angular's zone. From the first task on the app is not stable until one has been answered, be it by a trouble;
 * so that a page rendered on a server holds its first snapshot, and waits for no second.
 *
 * Errors: `RangeError` for a bad option. What befalls a task is in its row.
 * @example
 *     readonly videos = injectTaskFeed({ concurrency: 4 });
 *     constructor() { this.videos.track({ provider: 'ark', id: 'cgt-1' }); }
 */
export const injectTaskFeed = (options: WatchTasksOptions = {}): TaskFeed => {
  const zone = inject(NgZone);
  const refs = new Subject<TaskRef>();
  const { open, ...signals } = closedSignals(refs.pipe(watchTasks(inject(SEEDANCE_CLIENT), options), toFeed()));
  return {
    ...signals,
    track: (task) => {
      open();
      zone.runOutsideAngular(() => refs.next(task));
    },
  };
};

/** Whether something is known of a task. A feed that came as a whole does not say which row changed. */
const isAnswered = ({ counts, changed, tasks }: Feed): boolean =>
  Object.values(counts).some((count) => count > 0) || (changed === null ? [...tasks] : [changed]).some(({ trouble }) => trouble !== null);

/** Signals of a feed that is subscribed when it is first opened. */
const closedSignals = (source: Observable<Feed>): FeedSignals & { readonly open: () => void } => {
  const zone = inject(NgZone);
  const pendingTasks = inject(PendingTasks);
  const feed = signal<Feed>(emptyTotals().feed);
  const error = signal<unknown>(null);
  const subscription = new Subscription();
  inject(DestroyRef).onDestroy(() => { zone.runOutsideAngular(() => subscription.unsubscribe()); });
  let isOpen = false;

  const open = (): void => {
    if (isOpen || subscription.closed) return;
    isOpen = true;
    const release = pendingTasks.add();
    subscription.add(release);
    let isSubscribing = true;
    zone.runOutsideAngular(() => {
      subscription.add(
        source.subscribe({
          next: (latest) => {
            feed.set(latest);
            if (isAnswered(latest) || (latest.tasks.size === 0 && !isSubscribing)) release();
          },
          error: (reason: unknown) => {
            error.set(reason);
            release();
          },
          complete: release,
        }),
      );
    });
    isSubscribing = false;
  };

  return {
    open,
    feed: feed.asReadonly(),
    tasks: computed(() => [...feed().tasks]),
    counts: computed(() => feed().counts),
    progress: computed(() => feed().progress),
    estimated: computed(() => feed().estimated),
    error: error.asReadonly(),
  };
};
