/**
 * Provides the client by injection, with or without zones, in the browser and on the server.
 */
import { HttpClient } from '@angular/common/http';
import { DestroyRef, EnvironmentInjector, type EnvironmentProviders, inject, InjectionToken, makeEnvironmentProviders, NgZone } from '@angular/core';
import { Observable } from 'rxjs';
import type { Account } from '../client/account.js';
import { createTaskClient, type TaskClient, type TaskClientOptions } from '../client/task-client.js';
import type { Transport } from '../transport/transport.js';
import { httpClientTransport } from './http-client-transport.js';

/** Options of `provideSeedance`: those of `createTaskClient`, with other types for accounts and transport. */
export interface SeedanceOptions extends Omit<TaskClientOptions<string>, 'transport' | 'accounts'> {
  /**
   * The accounts, or a function that returns them and may inject. In a page they have no key (`apiKey: null`): their `baseUrl` leads to
   * a proxy of your own that adds it. Visitors can read any key that a page holds.
   */
  readonly accounts: readonly Account[] | (() => readonly Account[]);
  /** Returns the transport, and may inject. Default: `httpClientTransport(inject(HttpClient))`. */
  readonly transport?: (() => Transport) | undefined;
}

/**
 * The token of the client that `provideSeedance` creates. Its streams run and notify in the zone in which they are subscribed. Use
 * `injectSeedance()` to inject the client; use the token to provide another one.
 */
export const SEEDANCE_CLIENT = /* @__PURE__ */ new InjectionToken<TaskClient>('SEEDANCE_CLIENT: see provideSeedance()');

/**
 * Provides one client for the app, or for a lazy-loaded part of it. The client is created when it is first injected.
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
 * Injects the client of `provideSeedance`. Call it in an injection context.
 *
 * Its streams poll and wait outside Angular's zone, so that a watch does not keep the app from becoming stable, and notify inside it. When the
 * app is destroyed they stop without a notification, and leave no timer or request behind.
 *
 * @example readonly status = toSignal(injectSeedance().watch({ provider: 'ark', id }).pipe(map(({ to }) => to)))
 */
export const injectSeedance = (): TaskClient => {
  const client = inject(SEEDANCE_CLIENT);
  const zone = inject(NgZone);
  const app = inject(EnvironmentInjector).get(DestroyRef);
  const throughZone = <T>(source: Observable<T>): Observable<T> =>
    new Observable((subscriber) => {
      if (app.destroyed) return; // `onDestroy` takes no more callbacks, so the watch would never stop
      const watched = zone.runOutsideAngular(() =>
        source.subscribe({
          next: (value) => { zone.run(() => subscriber.next(value)); },
          error: (error: unknown) => { zone.run(() => subscriber.error(error)); },
          complete: () => { zone.run(() => subscriber.complete()); },
        }),
      );
      // Unsubscribing may set a timer for the remaining subscribers.
      const stop = (): void => { zone.runOutsideAngular(() => watched.unsubscribe()); };
      subscriber.add(app.onDestroy(stop));
      subscriber.add(stop);
    });
  return {
    query: (task) => throughZone(client.query(task)),
    states: (task, options) => throughZone(client.states(task, options)),
    watch: (task, options) => throughZone(client.watch(task, options)),
    queue: throughZone(client.queue),
    accountOf: (task) => client.accountOf(task),
    connectionOf: (account) => client.connectionOf(account),
    scheduler: client.scheduler,
  };
};
