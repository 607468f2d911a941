/** The page's side of the server: its feed, its clock, and what a visitor can do with tasks. */
import { HttpClient } from '@angular/common/http';
import { computed, inject, Injectable, type Signal, signal } from '@angular/core';
import { takeUntilDestroyed, toObservable } from '@angular/core/rxjs-interop';
import {
  asyncScheduler, auditTime, concatMap, filter, fromEvent, interval, map, merge, type Observable, retry, startWith, switchMap, tap, throttleTime,
} from 'rxjs';
import { type TaskRef, type TaskRow } from 'rx-seedance';
import { feedSignals } from 'rx-seedance/angular';
import { fromServerSentEvents } from 'rx-seedance/sse';

/** What can be created with the account of a provider. */
export interface Offer {
  readonly provider: string;
  /** Whether the provider cancels queued tasks. */
  readonly cancels: boolean;
  readonly models: readonly string[];
  readonly resolutions: readonly string[];
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly maxPromptLength: number;
}

/** A video to create. */
export interface Wish {
  readonly provider: string;
  readonly model: string;
  readonly prompt: string;
  readonly resolution: string;
  readonly seconds: number;
}

/** An event of a task. */
export interface HistoryEntry {
  readonly atMs: number;
  readonly kind: string;
  readonly text: string;
}

interface Time {
  readonly nowMs: number;
  /** The speed of the clock; 1 is real time. */
  readonly speed: number;
  readonly isSimulated: boolean;
}

/** `connecting` until the first feed, `waiting` while the page reconnects, `offline` while the browser says so. */
export type Connection = 'connecting' | 'open' | 'waiting' | 'offline';

/** A task as the server writes it. */
export const nameOf = ({ provider, id }: TaskRef): string => `${provider}:${id}`;

@Injectable({ providedIn: 'root' })
export class Server {
  readonly #http = inject(HttpClient);
  readonly #isOpen = signal<boolean | null>(null);
  readonly #isOnline = signal(navigator.onLine);
  readonly #prompts = signal<ReadonlyMap<string, string>>(new Map());
  readonly #latest = signal<TaskRow | null>(null);
  readonly #time = signal<Time>({ nowMs: Date.now(), speed: 1, isSimulated: false });

  // A burst of events is one change of the page.
  readonly #feed = feedSignals(
    fromServerSentEvents('/feed', { onConnection: (state) => { this.#isOpen.update((before) => (state === 'open' ? true : before === null ? null : false)); } }).pipe(
      tap(({ changed }) => { this.#latest.set(changed); }),
      throttleTime(200, asyncScheduler, { leading: true, trailing: true }),
    ),
  );

  readonly rows: Signal<readonly TaskRow[]> = this.#feed.tasks;
  /** The row of the latest event. */
  readonly latest = this.#latest.asReadonly();
  readonly error = computed(() => {
    const error = this.#feed.error();
    return error === null ? null : error instanceof Error ? error.message : String(error);
  });
  readonly connection = computed<Connection>(() => {
    if (!this.#isOnline()) return 'offline';
    const isOpen = this.#isOpen();
    return isOpen === null ? 'connecting' : isOpen ? 'open' : 'waiting';
  });

  readonly offers = signal<readonly Offer[]>([]);
  /** The providers that cancel queued tasks. */
  readonly cancelling = computed(() => new Set(this.offers().flatMap(({ provider, cancels }) => (cancels ? [provider] : []))));

  /**
   * The server's time, updated once a second. The feed's instants are by that clock: the page's clock may be wrong, and a simulator's time runs
   * faster.
   */
  readonly now = signal(Date.now());
  readonly isSimulated = computed(() => this.#time().isSimulated);

  constructor() {
    merge(fromEvent(window, 'online'), fromEvent(window, 'offline')).pipe(takeUntilDestroyed()).subscribe(() => { this.#isOnline.set(navigator.onLine); });
    this.#read<readonly Offer[]>('/offers').pipe(takeUntilDestroyed()).subscribe((offers) => { this.offers.set(offers); });
    // A server that was restarted may have another clock.
    toObservable(this.connection).pipe(
      filter((connection) => connection === 'open'),
      switchMap(() => this.#read<Time>('/time')),
      tap((time) => {
        this.#time.set(time);
        this.#prompts.set(new Map());
      }),
      switchMap(({ nowMs, speed }) => {
        const sinceMs = performance.now();
        return interval(1000).pipe(startWith(null), map(() => nowMs + (performance.now() - sinceMs) * speed));
      }),
      takeUntilDestroyed(),
    ).subscribe((ms) => { this.now.set(ms); });
    toObservable(computed(() => ({ rows: this.rows().length, time: this.#time() }))).pipe(
      auditTime(100),
      concatMap(() => this.#read<readonly { readonly task: TaskRef; readonly prompt: string }[]>(`/prompts?after=${this.#prompts().size}`)),
      takeUntilDestroyed(),
    ).subscribe((added) => {
      if (added.length > 0) this.#prompts.update((known) => new Map([...known, ...added.map(({ task, prompt }) => [nameOf(task), prompt] as const)]));
    });
  }

  /** The prompt of a task; null if it was not created here and its provider does not echo it. */
  promptOf(row: TaskRow): string | null {
    return this.#prompts().get(nameOf(row.task)) ?? echoedPrompt(row);
  }

  /** The address of a task's video or last frame. It stays valid after the provider's link has expired, once the file is saved. */
  fileOf(kind: 'video' | 'frame', task: TaskRef): string {
    return `/${kind}?task=${encodeURIComponent(nameOf(task))}`;
  }

  history(task: TaskRef): Observable<readonly HistoryEntry[]> {
    return this.#http.get<readonly HistoryEntry[]>('/history', { params: { task: nameOf(task) } });
  }

  /** Creates a task, once for each key. */
  create(key: string, wish: Wish): Observable<{ readonly task: TaskRef }> {
    return this.#http.post<{ readonly task: TaskRef }>('/creations', { key, ...wish });
  }

  add(task: string): Observable<unknown> {
    return this.#http.post('/tasks', { task });
  }

  cancel(task: TaskRef): Observable<{ readonly outcome: string }> {
    return this.#http.post<{ readonly outcome: string }>('/cancellations', { task: nameOf(task) });
  }

  remove(task: TaskRef): Observable<unknown> {
    return this.#http.post('/removals', { task: nameOf(task) });
  }

  restart(): Observable<unknown> {
    return this.#http.post('/restarts', {});
  }

  #read<T>(path: string): Observable<T> {
    return this.#http.get<T>(path).pipe(retry({ delay: 1000 }));
  }
}

const echoedPrompt = ({ snapshot }: TaskRow): string | null => {
  for (const part of snapshot?.request?.content ?? []) {
    if (typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string') return part.text;
  }
  return null;
};
