/**
 * The client by injection. Works with zones and without, in the browser and on the server.
 */
import { HttpClient } from '@angular/common/http';
import { DestroyRef, EnvironmentInjector, type EnvironmentProviders, inject, InjectionToken, makeEnvironmentProviders, NgZone } from '@angular/core';
import { Observable } from 'rxjs';
import type { Account } from '../client/account.js';
import { createTaskClient, type TaskClient, type TaskClientOptions } from '../client/task-client.js';
import type { Transport } from '../transport/transport.js';
import { httpClientTransport } from './http-client-transport.js';

/** What `provideSeedance` is told. All but the first two are the options of `createTaskClient`. */
export interface SeedanceOptions extends Omit<TaskClientOptions<string>, 'transport' | 'accounts'> {
  /**
   * The accounts, or a function that gives them and may inject. In a page they have no key (`apiKey: null`): their `baseUrl` leads to
   * a proxy of your own that adds it. A visitor can read any key that a page holds.
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
    queue: throughZone(client.queue),
  };
};
