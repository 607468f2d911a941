/** A property of the whole path: whatever happens on the way, the page ends up with the server's feed. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { lastValueFrom, ReplaySubject, tap } from 'rxjs';
import { expect, it } from 'vitest';
import { constantDelay } from '../../src/poll/delay-policy.js';
import { fromServerSentEvents } from '../../src/sse/client.js';
import { type ServerSentEvents, toServerSentEvents } from '../../src/sse/server.js';
import type { Feed } from '../../src/feed/feed.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import { anyFeedEvent } from '../support/arbitraries.js';
import { feedsOf, recounted, until } from './feeds.js';

/** What happens: a change, shown or merged into the next one; a cut connection; turns in which the wire carries bytes. */
type Step = { readonly kind: 'change'; readonly event: FeedEvent; readonly isShown: boolean } | { readonly kind: 'cut' } | { readonly kind: 'turns'; readonly count: number };

/** Error messages hold letters of two, three and four bytes: a piece may end within one. */
const anyEvent = anyFeedEvent.map((event): FeedEvent => (event.kind === 'error' ? { ...event, error: new Error('потеряно 失踪 🛰') } : event));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), event: anyEvent, isShown: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cut' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 8 }) }) },
);

/** How the wire carries bytes: in pieces of these sizes, each after so many turns. */
interface Wire {
  readonly sizes: readonly number[];
  readonly turns: readonly number[];
}

const anyWire: fc.Arbitrary<Wire> = fc.record({
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 500, max: 100_000 })), { minLength: 1, maxLength: 8 }),
  turns: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 8 }),
});

/** A `fetch` over such a wire. `cut` cuts the current connection at any point. */
const wireTo = (events: ServerSentEvents, { sizes, turns }: Wire): { fetch: typeof fetch; cut: () => void; connections: () => number } => {
  let cut = (): void => undefined;
  let connections = 0;
  const carry: typeof fetch = async (_, init) => {
    connections += 1;
    const source = events.response(new Request('http://server/feed', { headers: init?.headers ?? {} })).body!.getReader();
    let [left, index]: [Uint8Array, number] = [new Uint8Array(), 0];
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          cut = () => {
            cut = () => undefined;
            controller.error(new Error('cut'));
            void source.cancel();
          };
          init?.signal?.addEventListener('abort', () => void source.cancel());
        },
        pull: async (controller) => {
          for (let count = turns[index % turns.length] ?? 0; count > 0; count -= 1) await turn();
          if (left.length === 0) {
            const { value, done } = await source.read();
            if (done) return controller.close();
            left = value;
          }
          const size = Math.max(sizes[index % sizes.length] ?? 1, Math.ceil(left.length / 50));
          index += 1;
          controller.enqueue(left.slice(0, size));
          left = left.slice(size);
        },
        cancel: () => source.cancel(),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: events.headers });
  };
  return { fetch: carry, cut: () => cut(), connections: () => connections };
};

it('after any changes, pieces, pulls and cuts, the page has the rows, the counts and the progress of the server', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), anyWire, fc.constantFrom(0, 1_000), async (steps, wire, idleGraceMs) => {
    const feeds = feedsOf(steps.flatMap((step) => (step.kind === 'change' ? [step.event] : [])));
    const last = feeds.at(-1)!;
    const source = new ReplaySubject<Feed>(1);
    source.next(feeds[0]!);
    const { fetch, cut } = wireTo(toServerSentEvents(source, { idleGraceMs }), wire);

    const seen: Feed[] = [];
    const client = lastValueFrom(
      fromServerSentEvents('http://server/feed', { fetch, retry: constantDelay(0) }).pipe(tap((feed) => seen.push(feed))),
    );
    let change = 0;
    for (const step of steps) {
      if (step.kind === 'change') {
        change += 1;
        if (step.isShown) source.next(feeds[change]!);
      } else if (step.kind === 'cut') cut();
      else for (let count = step.count; count > 0; count -= 1) await turn();
    }
    source.next(last);
    source.complete();

    const shown = await client;
    expect([...shown.tasks]).toEqual([...last.tasks]);
    expect(shown).toMatchObject({ counts: last.counts, progress: last.progress, estimated: last.estimated });
    for (const { tasks, counts, progress, estimated } of seen) {
      const own = recounted([...tasks]);
      expect({ counts, estimated }).toEqual({ counts: own.counts, estimated: own.estimated });
      expect(Math.abs(progress - own.progress)).toBeLessThan(1e-9);
    }
  }));
});

it('the wire of this test cuts events in two, and makes the page connect again', async () => {
  const feeds = feedsOf([]);
  const source = new ReplaySubject<Feed>(1);
  source.next(feeds[0]!);
  const { fetch, cut, connections } = wireTo(toServerSentEvents(source, { idleGraceMs: 0 }), { sizes: [3], turns: [1] });
  const client = lastValueFrom(fromServerSentEvents('http://server/feed', { fetch, retry: constantDelay(0) }));
  for (let count = 0; count < 5; count += 1) await turn();
  cut();
  await until(() => connections() === 2);
  source.complete();
  await client;
  expect(connections()).toBe(2);
});
