/** Tests of pages, in a browser and from a server. They run with zones and without, each in a separate process. */
import { configure, type Detection, page } from './test-bed.js';
import { provideHttpClient, withFetch } from '@angular/common/http';
import { ApplicationRef, Component, computed, type EnvironmentProviders, type Provider } from '@angular/core';
import { bootstrapApplication, provideClientHydration } from '@angular/platform-browser';
import { provideServerRendering, renderApplication } from '@angular/platform-server';
import { of, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { feedSignals, injectSeedance, injectTaskFeed, provideSeedance } from '../../src/angular/index.js';
import { ark } from '../../src/providers/ark.js';
import { account } from '../../src/client/account.js';
import { type Feed, toFeed } from '../../src/feed/feed.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import { serve } from '../adapters/loopback.js';

const template = '@for (row of feed.tasks(); track row.task.id) {<p>{{ row.task.id }}: {{ row.status }}</p>}';

/** A page that tracks one task. */
@Component({ selector: 'app-root', template })
class Tracking {
  readonly feed = injectTaskFeed();

  constructor() {
    this.feed.track({ provider: 'ark', id: 'cgt-1' });
  }
}

/** A page that tracks nothing. */
@Component({ selector: 'app-root', template: '<p>{{ feed.tasks().length }} videos</p>' })
class Idle {
  readonly feed = injectTaskFeed();
}

/** A page that does not end its watch. */
@Component({ selector: 'app-root', template: '<p>a page</p>' })
class Careless {
  readonly watching = injectSeedance().watch({ provider: 'ark', id: 'cgt-1' }).subscribe();
}

/** A page over a feed from another source. */
const elsewhere = new Subject<Feed>();
let renders = 0;
@Component({ selector: 'app-root', template: '<p>{{ shown() }}</p>' })
class Reading {
  readonly feed = feedSignals(elsewhere);
  readonly shown = computed(() => ((renders += 1), `${this.feed.progress() * 100}%`));
}

const feeds = (count: number): readonly Feed[] => {
  const events = Array.from({ length: count }, (_, index): FeedEvent => ({ kind: 'progress', atMs: 0, forecast: null, task: { provider: 'ark', id: 'a' }, progress: (index + 1) / count, estimated: false }));
  const all: Feed[] = [];
  of(...events).pipe(toFeed()).subscribe((feed) => all.push(feed));
  return all;
};

export const describeRendering = (detection: Detection): void => {
  const render = (component: typeof Tracking | typeof Idle | typeof Careless, ...providers: readonly (Provider | EnvironmentProviders)[]): Promise<string> =>
    renderApplication(
      (context) => bootstrapApplication(component, { providers: [provideServerRendering(), detection(), provideHttpClient(withFetch()), ...providers] }, context),
      { document: page },
    );

  /** Counts the intervals that are set from now on and not cleared. RxJS uses no other timer. */
  const countIntervals = (): (() => { readonly left: number; readonly wereSet: boolean }) => {
    const alive = new Set<unknown>();
    const { setInterval: set, clearInterval: clear } = globalThis;
    vi.spyOn(globalThis, 'setInterval').mockImplementation((...args) => {
      const timer = set(...args);
      alive.add(timer);
      return timer;
    });
    vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
      alive.delete(timer);
      clear(timer);
    });
    return () => ({ left: alive.size, wereSet: vi.mocked(globalThis.setInterval).mock.calls.length > 0 });
  };

  // Angular logs for each page that it is in development mode.
  beforeEach(() => void vi.spyOn(console, 'log').mockReturnValue());
  afterEach(() => vi.restoreAllMocks());

  describe('a page from a server', () => {
    const provider = (url: string) => provideSeedance({ accounts: [account(ark, { apiKey: null, baseUrl: url, batch: false })] });

    it('holds the first snapshot, is sent while the task runs, and leaves no timer behind', async () => {
      const intervals = countIntervals();
      const server = await serve((_request, response) => response.end('{"id":"cgt-1","status":"running"}'));
      const html = await render(Tracking, provider(server.url));
      expect(html).toContain('<p>cgt-1: running</p>');
      expect(server.paths).toEqual(['/contents/generations/tasks/cgt-1']);
      expect(intervals()).toEqual({ left: 0, wereSet: true });
    });

    it('holds no response, also with Angular\'s transfer cache', async () => {
      const server = await serve((_request, response) => response.end('{"id":"cgt-1","status":"running","message":"the raw response"}'));
      const html = await render(Tracking, provider(server.url), provideClientHydration());
      expect(html).toContain('<p>cgt-1: running</p>');
      expect(html).not.toContain('the raw response');
    });

    it('waits for a slow response', async () => {
      const server = await serve();
      const arrived = server.nextRequest();
      let isSent = false;
      const html = render(Tracking, provider(server.url)).finally(() => (isSent = true));
      const { response } = await arrived;
      await new Promise(setImmediate);
      expect(isSent).toBe(false);
      response.end('{"id":"cgt-1","status":"queued"}');
      expect(await html).toContain('<p>cgt-1: queued</p>');
    });

    it('is sent after a failed poll', async () => {
      const server = await serve((_request, response) => response.writeHead(503).end());
      expect(await render(Tracking, provider(server.url))).toContain('cgt-1: ');
    });

    it('is sent at once when nothing is tracked', async () => {
      const server = await serve();
      expect(await render(Idle, provider(server.url))).toContain('<p>0 videos</p>');
      expect(server.paths).toEqual([]);
    });

    it('leaves no timer behind when its component did not end a watch', async () => {
      const intervals = countIntervals();
      const server = await serve((_request, response) => response.end('{"id":"cgt-1","status":"running"}'));
      expect(await render(Careless, provider(server.url))).toContain('a page');
      expect(intervals()).toEqual({ left: 0, wereSet: true });
    });
  });

  describe('a page in a browser', () => {
    it('is rendered when the feed changes, and once for a burst of events', async () => {
      const app = configure(detection());
      const fixture = app.createComponent(Reading);
      fixture.autoDetectChanges();
      renders = 0;
      for (const feed of feeds(1000)) elsewhere.next(feed);
      await app.inject(ApplicationRef).whenStable();
      expect(fixture.nativeElement.textContent).toBe('100%');
      expect(renders).toBe(1);
      configure();
      expect(elsewhere.observed).toBe(false);
    });
  });
};
