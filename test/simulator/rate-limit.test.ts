import fc from 'fast-check';
import { simulatedProviders } from 'rx-seedance/simulator';
import type { SimulatedRateLimit } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { admit, burstOf } from '../../src/simulator/rate-limit.js';
import type { RateLimit, RateLimitUsage } from '../../src/simulator/rate-limit.js';
import { creationBody, setUp, setUpAtSpeed, startAtMs, request } from './support.js';

const minuteMs = 60_000;
const anyPerMinute = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 300 }));
/** The times of requests: bursts, steady traffic and long pauses. */
const anyTimes = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 3 * minuteMs })), { maxLength: 400 })
  .map((gaps) => gaps.reduce<readonly number[]>((times, gapMs) => [...times, (times.at(-1) ?? startAtMs) + gapMs], []));
const anyLimit = fc.record<RateLimit>({
  perMinute: anyPerMinute,
  window: fc.constantFrom('sliding', 'token-bucket'),
  retryAfter: fc.constant(true),
});

/** The usage of a key after requests at these times, and the accepted ones. */
const run = (limit: RateLimit, times: readonly number[]) =>
  times.reduce<{ readonly usage: RateLimitUsage | null; readonly acceptedAtMs: readonly number[] }>(
    ({ usage, acceptedAtMs }, atMs) => {
      const verdict = admit(limit, usage, atMs);
      return { usage: verdict.usage, acceptedAtMs: verdict.waitMs === 0 ? [...acceptedAtMs, atMs] : acceptedAtMs };
    },
    { usage: null, acceptedAtMs: [] },
  );

describe('a sliding window', () => {
  const limitOf = (perMinute: number): RateLimit => ({ perMinute, window: 'sliding', retryAfter: true });

  it('never accepts more than perMinute in any 60 s', () => {
    fc.assert(
      fc.property(anyPerMinute, anyTimes, (perMinute, times) => {
        const { acceptedAtMs } = run(limitOf(perMinute), times);
        acceptedAtMs.slice(perMinute).forEach((atMs, index) => {
          expect(atMs - (acceptedAtMs[index] ?? 0)).toBeGreaterThanOrEqual(minuteMs);
        });
      }),
    );
  });

  it('rejects only after perMinute requests in the last 60 s', () => {
    fc.assert(
      fc.property(anyPerMinute, anyTimes, (perMinute, times) => {
        const { usage, acceptedAtMs } = run(limitOf(perMinute), times);
        const nowMs = times.at(-1) ?? startAtMs;
        const recent = acceptedAtMs.filter((atMs) => atMs > nowMs - minuteMs);
        expect(admit(limitOf(perMinute), usage, nowMs).waitMs > 0).toBe(recent.length >= perMinute);
      }),
    );
  });

  it('accepts again exactly 60 s after the oldest request', () => {
    const { usage } = run(limitOf(2), [0, 20_000]);
    expect(admit(limitOf(2), usage, 50_000).waitMs).toBe(10_000);
    expect(admit(limitOf(2), usage, 59_999).waitMs).toBe(1);
    expect(admit(limitOf(2), usage, 60_000).waitMs).toBe(0);
  });
});

describe('a token bucket', () => {
  const limitOf = (perMinute: number): RateLimit => ({ perMinute, window: 'token-bucket', retryAfter: true });

  it.each([
    [1, 1],
    [6, 1],
    [11, 1],
    [12, 2],
    [120, 20],
  ])('of %d per minute accepts a burst of %d', (perMinute, burst) => {
    expect(burstOf(perMinute)).toBe(burst);
    expect(run(limitOf(perMinute), Array<number>(burst + 5).fill(startAtMs)).acceptedAtMs).toHaveLength(burst);
  });

  it('never accepts more in any interval than its capacity plus its refill', () => {
    fc.assert(
      fc.property(anyPerMinute, anyTimes, (perMinute, times) => {
        const { acceptedAtMs } = run(limitOf(perMinute), times);
        acceptedAtMs.forEach((startMs, first) => {
          acceptedAtMs.slice(first).forEach((endMs, index) => {
            expect((index + 1 - burstOf(perMinute)) * minuteMs).toBeLessThanOrEqual((endMs - startMs) * perMinute);
          });
        });
      }),
    );
  });

  it('accepts all steady requests at its rate', () => {
    const times = Array.from({ length: 10_000 }, (_, index) => startAtMs + index * 500);
    expect(run(limitOf(120), times).acceptedAtMs).toHaveLength(times.length);
  });
});

describe('either window', () => {
  it('accepts the next request after waitMs, and not a millisecond earlier', () => {
    fc.assert(
      fc.property(anyLimit, anyTimes, (limit, times) => {
        const nowMs = times.at(-1) ?? startAtMs;
        const { usage, waitMs } = admit(limit, run(limit, times).usage, nowMs);
        fc.pre(waitMs > 0);
        expect(admit(limit, usage, nowMs + waitMs).waitMs).toBe(0);
        expect(admit(limit, usage, nowMs + waitMs - 1).waitMs).toBe(1);
      }),
    );
  });

  it('does not count rejected requests', () => {
    fc.assert(
      fc.property(anyLimit, anyTimes, (limit, times) => {
        const { acceptedAtMs } = run(limit, times);
        expect(run(limit, acceptedAtMs).acceptedAtMs).toEqual(acceptedAtMs);
      }),
    );
  });
});

describe('a simulator with a rate limit', () => {
  const path = '/contents/generations/tasks';
  const one: SimulatedRateLimit = { perMinute: 1 };

  it.each(simulatedProviders)('rejects a request of %s as a rate-limited fault does', async (provider) => {
    const { simulator, poll } = await setUp();
    const task = simulator.submit(provider);
    simulator.fault(task, 'rate-limited');
    const fault = await poll(task);
    simulator.setRateLimit(one);
    expect((await poll(task)).status).toBe(200);
    const rejected = await poll(task);
    const textOf = ({ text }: { readonly text: string }) => text.replace(/sim-request-\d/, '');
    expect([rejected.status, textOf(rejected)]).toEqual([429, textOf(fault)]);
    expect(rejected.headers.get('retry-after')).toBeNull();
    expect(simulator.requests).toMatchObject([
      { status: 429, fault: 'rate-limited', limited: false },
      { status: 200, fault: null, limited: false },
      { status: 429, fault: null, limited: true },
    ]);
    expect(simulator.polls(task)).toBe(3);
  });

  it('says in Retry-After how many seconds to wait, rounded up', async () => {
    const { simulator, poll, advance } = await setUp({ rateLimit: { perMinute: 2, retryAfter: true } });
    const task = simulator.submit('ark');
    await poll(task);
    await poll(task);
    const retryAfter = async () => (await poll(task)).headers.get('retry-after');
    expect(await retryAfter()).toBe('60');
    advance(39_001);
    expect(await retryAfter()).toBe('21');
    advance(20_998);
    expect(await retryAfter()).toBe('1');
    advance(1);
    expect((await poll(task)).status).toBe(200);
  });

  it('lets a token bucket refill', async () => {
    const { simulator, poll, advance } = await setUp({ rateLimit: { perMinute: 12, window: 'token-bucket', retryAfter: true } });
    const task = simulator.submit('anyfast');
    const statuses = async (count: number) => {
      const seen = [];
      for (let sent = 0; sent < count; sent += 1) seen.push((await poll(task)).status);
      return seen;
    };
    expect(await statuses(3)).toEqual([200, 200, 429]);
    expect((await poll(task)).headers.get('retry-after')).toBe('5');
    advance(5_000);
    expect(await statuses(2)).toEqual([200, 429]);
  });

  it('counts minutes of simulated time', async () => {
    const { simulator, poll, advance } = await setUpAtSpeed(60, { rateLimit: { ...one, retryAfter: true } });
    const task = simulator.submit('ark');
    await poll(task);
    advance(500);
    expect((await poll(task)).headers.get('retry-after')).toBe('30');
    advance(500);
    expect((await poll(task)).status).toBe(200);
  });

  it('counts each key of each provider separately, and requests without a key', async () => {
    const { simulator, urlOf } = await setUp({ keys: { ark: ['first', 'second'], yescale: 'first' }, rateLimit: one });
    const [ark, yescale] = [urlOf(simulator.submit('ark')), urlOf(simulator.submit('yescale'))];
    const statusOf = async (url: string, key: string | null) =>
      (await request(url, key === null ? {} : { headers: { authorization: `Bearer ${key}` } })).status;
    const seen = [];
    for (const key of ['first', 'first', 'second', 'unknown', 'unknown', null, null]) seen.push(await statusOf(ark, key));
    expect(seen).toEqual([200, 429, 200, 401, 429, 401, 429]);
    expect([await statusOf(yescale, 'first'), await statusOf(yescale, null)]).toEqual([200, 401]);
  });

  it('counts lists, creations and deletions too, and a rejected request has no effect', async () => {
    const { simulator, call, poll } = await setUp({ rateLimit: { perMinute: 3 } });
    const init = { headers: { authorization: 'Bearer sim-key' } };
    const creation = { ...init, method: 'POST', body: creationBody('ark') };
    const { id } = (await call('ark', path, creation)).body();
    expect((await call('ark', path)).status).toBe(200);
    expect((await call('ark', path, creation)).status).toBe(200);
    const task = { provider: 'ark', id: String(id) } as const;
    simulator.fault(task, 'server-error');
    expect((await poll(task)).status).toBe(429);
    expect((await call('ark', path)).status).toBe(429);
    expect((await call('ark', path, creation)).status).toBe(429);
    expect((await call('ark', `${path}/${task.id}`, { ...init, method: 'DELETE' })).status).toBe(429);
    simulator.setRateLimit(null);
    expect((await call('ark', path)).body().total).toBe(2);
    expect((await poll(task)).status).toBe(500);
    expect((await poll(task)).body().status).toBe('queued');
  });

  it('counts requests with a fault, and no downloads', async () => {
    const { simulator, poll } = await setUp({ rateLimit: { perMinute: 2 } });
    const task = simulator.submit('kyyaipower', { queueMs: 0, runMs: 0 });
    const url = String((await poll(task)).body().video_url);
    for (let count = 0; count < 3; count += 1) expect((await request(url)).status).toBe(200);
    simulator.fault(task, 'server-error');
    expect((await poll(task)).status).toBe(500);
    expect((await poll(task)).status).toBe(429);
  });

  it('counts from zero under a new limit, and keeps its count after a restart', async () => {
    const { simulator, poll } = await setUp({ rateLimit: one });
    const task = simulator.submit('xingchao');
    await poll(task);
    await simulator.restart();
    expect((await poll(task)).status).toBe(429);
    simulator.setRateLimit(one);
    expect((await poll(task)).status).toBe(200);
    simulator.setRateLimit(null);
    for (let count = 0; count < 3; count += 1) expect((await poll(task)).status).toBe(200);
  });

  it.each<[SimulatedRateLimit, string]>([
    [{ perMinute: 0 }, 'rateLimit.perMinute must be an integer ≥ 1; it is 0'],
    [{ perMinute: 1.5 }, 'rateLimit.perMinute must be an integer ≥ 1; it is 1.5'],
    [{ perMinute: 1, window: 'fixed' as 'sliding' }, 'rateLimit.window must be one of sliding, token-bucket; it is fixed'],
    [{ perMinute: 1, retryAfter: 1 as never }, 'rateLimit.retryAfter must be true or false; it is 1'],
  ])('rejects the limit %o', async (rateLimit, message) => {
    await expect(setUp({ rateLimit })).rejects.toThrow(message);
    const { simulator } = await setUp();
    expect(() => simulator.setRateLimit(rateLimit)).toThrow(message);
  });
});
