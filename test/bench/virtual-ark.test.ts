/** That the virtual server responds as Ark does, and logs which requests came. */
import { concatMap, delay, from, materialize, of, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { HttpResponse } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { createVirtualArk, outcomes, pollsBelow } from './virtual-ark.mjs';
import type { VirtualTask } from './virtual-ark.mjs';

const base = 'https://ark.example.com/api/v3/contents/generations/tasks';
const ids = Object.keys(outcomes);
const tasks = new Map(Object.keys(outcomes).map((outcome): [string, VirtualTask] => [outcome, { endMs: 20_000, outcome: outcome as keyof typeof outcomes }]));
const listOf = (...all: readonly string[]) => `${base}?page_size=100&${all.map((id) => `filter.task_ids=${id}`).join('&')}`;

/** What comes of requests at certain times, in virtual time. */
const responses = (server: ReturnType<typeof createVirtualArk>, requests: readonly (readonly [atMs: number, url: string])[]) => {
  let seen: readonly string[] = [];
  const bodies: HttpResponse[] = [];
  new TestScheduler(() => undefined).run(() => {
    from(requests).pipe(
      concatMap(([atMs, url], index) => of(url).pipe(
        delay(atMs - (requests[index - 1]?.[0] ?? -100) - 100),
        concatMap((each) => server.transport({ method: 'GET', url: each, headers: {} })),
        materialize(),
      )),
      toArray(),
    ).subscribe((all) => {
      seen = all.flatMap((one) => (one.kind === 'C' ? [] : one.kind === 'E' ? ['error'] : [String(one.value?.status)]));
      bodies.push(...all.flatMap(({ value }) => value ?? []));
    });
  });
  return { seen, bodies };
};

it('has tasks that wait, run, and end in each way', () => {
  const server = createVirtualArk({ latencyMs: 100, tasks });
  const { bodies } = responses(server, [[1_000, listOf(...ids)], [6_000, listOf(...ids)], [21_000, listOf(...ids)]]);
  expect(bodies.map(({ body }) => JSON.parse(body).items.map(({ status }: { status: string }) => status))).toEqual([
    ids.map(() => 'queued'),
    ids.map(() => 'running'),
    ['succeeded', 'failed', 'failed', 'cancelled', 'expired'],
  ]);
  expect(server.log).toEqual([1_000, 6_000, 21_000].map((atMs) => ({ atMs, ids, status: 200, cause: null })));
});

describe('a 429', () => {
  it.each([[true, '60'], [false, undefined]])('of the limit is in the shape of Ark; with Retry-After: %s', (retryAfter, header) => {
    const server = createVirtualArk({ latencyMs: 100, tasks, limit: { perMinute: 1, window: 'sliding', retryAfter } });
    const { seen, bodies } = responses(server, [[1_000, `${base}/failed`], [1_100, `${base}/failed`]]);
    expect(seen).toEqual(['200', '429']);
    expect(server.log.map(({ cause }) => cause)).toEqual([null, 'limit']);
    const refused = bodies[1] ?? { status: 0, headers: {}, body: '' };
    expect(refused.headers['retry-after']).toBe(header);
    expect(ark.read({ provider: 'ark', id: 'failed' }, refused)).toMatchObject({ left: { reason: 'rate-limited' } });
  });

  it('that is a fault does not count against the limit', () => {
    const server = createVirtualArk({
      latencyMs: 100,
      tasks,
      limit: { perMinute: 1, window: 'sliding', retryAfter: false },
      faults: { seed: 1, rate: 0.5, kinds: ['rate-limited'] },
    });
    responses(server, Array.from({ length: 10 }, (_, index) => [1_000 + 100 * index, `${base}/failed`] as const));
    const causes = server.log.map(({ cause }) => cause ?? 'none');
    expect(new Set(causes)).toEqual(new Set(['none', 'limit', 'rate-limited']));
    expect(causes.find((cause) => cause !== 'rate-limited')).toBe('none');
  });
});

describe('polls below the minimum interval', () => {
  const log = (...requests: readonly (readonly [atMs: number, ...ids: string[]])[]) =>
    requests.map(([atMs, ...ids]) => ({ atMs, ids, status: 200, cause: null }));

  it('are counted task by task, in lists and alone', () => {
    expect(pollsBelow(log([0, 'a', 'b'], [9_999, 'a'], [10_000, 'b'], [15_000, 'a', 'b']), 10_000)).toBe(3);
  });

  it('are none at the interval itself', () => {
    expect(pollsBelow(log([0.1, 'a'], [0.1 + 0.2 + 9_999.8, 'a'], [20_000.1, 'a']), 10_000)).toBe(0);
  });
});
