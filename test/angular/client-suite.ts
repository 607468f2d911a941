/** Tests of the injected client. They run with zones and without, each in a separate process. */
import { configure, type Detection } from './test-bed.js';
import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { ApplicationRef, inject, InjectionToken, NgZone } from '@angular/core';
import { firstValueFrom, type Observable, take } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { injectSeedance, provideSeedance, type SeedanceOptions } from '../../src/angular/index.js';
import { ark } from '../../src/providers/ark.js';
import { type ScriptedStep, scriptedTransport } from '../../src/testing/index.js';
import type { Transport } from '../../src/transport/transport.js';
import { account } from '../../src/client/account.js';
import type { TaskClient } from '../../src/client/task-client.js';
import { arkTask, record, every, inVirtualTime, queued, running, seconds, succeeded, to } from '../support/client.js';

const accounts = [account(ark, { apiKey: null, baseUrl: 'https://app.example/api/ark', batch: false })];

/** An app with a scripted transport. */
const scripted = (script: readonly ScriptedStep[], detection: Detection, options: Partial<SeedanceOptions> = {}) => {
  const transport = scriptedTransport(script);
  const app = configure(detection(), provideSeedance({ accounts, transport: () => transport, ...options }));
  return { app, transport, zone: app.inject(NgZone), client: app.runInInjectionContext(injectSeedance) };
};

export const describeClient = (detection: Detection, hasZones: boolean): void => {
  afterEach(() => configure());

  describe('provideSeedance', () => {
    it('polls through the app\'s HttpClient, without a key', () => {
      const app = configure(detection(), provideHttpClient(), provideHttpClientTesting(), provideSeedance({ accounts }));
      const lines: string[] = [];
      app.runInInjectionContext(injectSeedance).query(arkTask).subscribe(({ status }) => lines.push(status));
      const sent = app.inject(HttpTestingController).expectOne('https://app.example/api/ark/contents/generations/tasks/cgt-1');
      expect(sent.request.headers.has('authorization')).toBe(false);
      sent.flush(JSON.stringify(running.body));
      expect(lines).toEqual(['running']);
    });

    it('creates accounts and transport in an injection context, once, when they are first needed', () => {
      const origin = new InjectionToken<string>('origin', { factory: () => 'https://here.example' });
      const made: string[] = [];
      const transport = scriptedTransport([running]);
      const app = configure(
        detection(),
        provideSeedance({
          accounts: () => {
            made.push('accounts');
            return [account(ark, { apiKey: null, baseUrl: `${inject(origin)}/ark` })];
          },
          transport: () => {
            made.push(`transport of ${inject(origin)}`);
            return transport;
          },
        }),
      );
      expect(made).toEqual([]);
      app.runInInjectionContext(injectSeedance).query(arkTask).subscribe();
      app.runInInjectionContext(injectSeedance).query(arkTask).subscribe();
      expect(made).toEqual(['transport of https://here.example', 'accounts']);
      expect(transport.requests[0]?.url).toMatch(/^https:\/\/here\.example\/ark\//);
    });

    it('passes on the options of the client', () => {
      const options = { policy: every(seconds(13)), deadlineMs: seconds(60) };
      const { client, transport } = scripted([queued], detection, options);
      inVirtualTime(({ flush }) => {
        const { lines } = record(client.watch(arkTask), to);
        flush();
        expect(lines).toEqual(['0s queued', '60s #']);
        expect(transport.requests.slice(0, 3).map(({ atMs }) => atMs)).toEqual([0, 13_000, 26_000]);
      });
    });

    it('reports an invalid option when the client is first injected', () => {
      const app = configure(detection(), provideSeedance({ accounts, transport: () => scriptedTransport([running]), deadlineMs: -1 }));
      expect(() => app.runInInjectionContext(injectSeedance)).toThrow(/deadlineMs/);
    });

    it('is named in the error when it is missing', () => {
      const app = configure(detection());
      expect(() => app.runInInjectionContext(injectSeedance)).toThrow(/SEEDANCE_CLIENT: see provideSeedance\(\)/);
    });
  });

  describe('the injected client', () => {
    it('is shared: subscribers of a task share its requests', () => {
      const { app, client, transport } = scripted([queued, running, succeeded], detection, { policy: every(seconds(10)) });
      inVirtualTime(({ flush }) => {
        const first = record(client.watch(arkTask), to);
        const second = record(app.runInInjectionContext(injectSeedance).watch(arkTask), to);
        flush();
        expect(first.lines).toEqual(['0s queued', '10s running', '20s succeeded', '20s |']);
        expect(second.lines).toEqual(first.lines);
        expect(transport.requests).toHaveLength(3);
      });
    });

    it('leaves the app stable while it waits', async () => {
      const { app, client, zone } = scripted([running], detection);
      const first = zone.run(() => firstOf(client.watch(arkTask)));
      expect(to(await first.value)).toBe('running');
      await app.inject(ApplicationRef).whenStable();
      expect([await isStable(app), zone.hasPendingMacrotasks]).toEqual([true, false]);
      first.stop();
    });

    it('leaves the app stable while a request is in flight', async () => {
      const sent = withResolvers<true>();
      const hangs = scriptedTransport([{ hang: true }]);
      const transport: Transport = (request) => {
        sent.resolve(true);
        return hangs(request);
      };
      const { app, client, zone } = scripted([running], detection, { transport: () => transport });
      const subscription = zone.run(() => client.watch(arkTask).subscribe());
      await sent.promise;
      await app.inject(ApplicationRef).whenStable();
      expect([hangs.pending(), await isStable(app), zone.hasPendingMacrotasks]).toEqual([1, true, false]);
      zone.run(() => subscription.unsubscribe());
      expect(hangs.pending()).toBe(0);
    });

    it('sets no timer in the zone when one of two subscribers leaves', async () => {
      const { client, zone } = scripted([running], detection);
      const [soon, late] = zone.run(() => [
        firstOf(client.watch(arkTask, { policy: every(seconds(11)) })),
        firstOf(client.watch(arkTask, { policy: every(seconds(100)) })),
      ] as const);
      await Promise.all([soon.value, late.value]);
      zone.run(() => soon.stop());
      expect(zone.hasPendingMacrotasks).toBe(false);
      late.stop();
    });

    const ways: readonly (readonly [string, (client: TaskClient) => Observable<unknown>])[] = [
      ['query', (client) => client.query(arkTask)],
      ['states', (client) => client.states(arkTask)],
      ['watch', (client) => client.watch(arkTask)],
    ];

    it.each(ways)('%s polls outside the zone and notifies inside it', async (_way, stream) => {
      const places: string[] = [];
      const note = (what: string): unknown => places.push(`${what} ${NgZone.isInAngularZone() ? 'inside' : 'outside'}`);
      const inner = scriptedTransport([succeeded]);
      const transport: Transport = (request) => {
        note('request');
        return inner(request);
      };
      const { client, zone } = scripted([succeeded], detection, { transport: () => transport });
      await new Promise<void>((resolve) => {
        zone.run(() => stream(client).subscribe({ next: () => note('next'), complete: () => resolve(void note('complete')) }));
      });
      const within = hasZones ? 'inside' : 'outside'; // without zones there is no inside
      expect(places).toEqual(['request outside', `next ${within}`, `complete ${within}`]);
    });

    it('emits errors inside the zone', () => {
      const { client, zone } = scripted([{ status: 500 }], detection);
      const places: boolean[] = [];
      zone.runOutsideAngular(() => client.query(arkTask).subscribe({ error: () => places.push(NgZone.isInAngularZone()) }));
      expect(places).toEqual([hasZones]);
    });

    it('is unsubscribed when its subscriber completes', () => {
      const { client, transport } = scripted([running], detection);
      inVirtualTime(({ flush, timers }) => {
        const { lines } = record(client.watch(arkTask).pipe(take(1)), to);
        flush();
        expect(timers()).toBe(0);
        expect(lines).toEqual(['0s running', '0s |']);
        expect(transport.requests).toHaveLength(1);
      });
    });

    it('stops without a notification when the app is destroyed', () => {
      const { client, transport } = scripted([running, { hang: true }], detection, { policy: every(seconds(10)) });
      inVirtualTime(({ flush, interrupt, timers }) => {
        const waiting = record(client.watch(arkTask), to);
        const polling = record(client.watch({ ...arkTask, id: 'cgt-2' }), to);
        interrupt(seconds(15), () => {
          expect(transport.pending()).toBe(2);
          configure();
          expect(transport.pending()).toBe(0);
          expect(timers()).toBe(0);
        });
        flush();
        expect(waiting.lines).toEqual(['0s running']);
        expect(polling.lines).toEqual([]);
      });
    });

    it('sends and emits nothing after the app is destroyed', () => {
      const { client, transport } = scripted([running], detection, { policy: every(seconds(10)) });
      inVirtualTime(({ flush, timers }) => {
        configure();
        const { lines } = record(client.watch(arkTask).pipe(take(3)), to);
        flush();
        expect([lines, transport.requests, timers()]).toEqual([[], [], 0]);
      });
    });
  });
};

const isStable = (app: ReturnType<typeof configure>): Promise<boolean> => firstValueFrom(app.inject(ApplicationRef).isStable);

/** The first value of a stream, which stays subscribed. */
const firstOf = <T>(stream: Observable<T>): { readonly value: Promise<T>; readonly stop: () => void } => {
  const { promise: value, resolve, reject } = withResolvers<T>();
  const subscription = stream.subscribe({ next: resolve, error: reject });
  return { value, stop: () => subscription.unsubscribe() };
};

/** `Promise.withResolvers`, which Node 20 lacks. */
const withResolvers = <T>() => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((...callbacks) => ([resolve, reject] = callbacks));
  return { promise, resolve, reject };
};
