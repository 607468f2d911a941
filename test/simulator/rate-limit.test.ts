import fc from 'fast-check';
import { simulatedProviders } from 'rx-seedance/simulator';
import type { SimulatedRateLimit } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { admit, burstOf } from '../../src/simulator/rate-limit.js';
import type { RateLimit, RateLimitUsage } from '../../src/simulator/rate-limit.js';
import { bench, benchAtSpeed, bornAtMs, request } from './support.js';

const minuteMs = 60_000;
const anyPerMinute = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 300 }));
/** The times of requests: bursts, steady traffic and long pauses. */
const anyTimes = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 3 * minuteMs })), { maxLength: 400 })
  .map((gaps) => gaps.reduce<readonly number[]>((times, gapMs) => [...times, (times.at(-1) ?? bornAtMs) + gapMs], []));
const anyLimit = fc.record<RateLimit>({
  perMinute: anyPerMinute,
  window: fc.constantFrom('sliding', 'token-bucket'),
  retryAfter: fc.constant(true),
});

/** What a key has left after requests at these times, and which of them were accepted. */
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

  it('refuses only after perMinute requests in the last 60 s', () => {
    fc.assert(
      fc.property(anyPerMinute, anyTimes, (perMinute, times) => {
        const { usage, acceptedAtMs } = run(limitOf(perMinute), times);
        const nowMs = times.at(-1) ?? bornAtMs;
        const recent = acceptedAtMs.filter((atMs) => atMs > nowMs - minuteMs);
        expect(admit(limitOf(perMinute), usage, nowMs).waitMs > 0).toBe(recent.length >= perMinute);
      }),
    );
  });

  it('has a place again 60 s after the oldest request, to the millisecond', () => {
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
    expect(run(limitOf(perMinute), Array<number>(burst + 5).fill(bornAtMs)).acceptedAtMs).toHaveLength(burst);
  });

  it('never accepts more in any span than its capacity and what it refills meanwhile', () => {
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

  it('keeps up with steady requests at its rate, for as long as they come', () => {
    const times = Array.from({ length: 10_000 }, (_, index) => bornAtMs + index * 500);
    expect(run(limitOf(120), times).acceptedAtMs).toHaveLength(times.length);
  });
});

describe('either window', () => {
  it('accepts the next request after the wait that it names, and not a millisecond earlier', () => {
    fc.assert(
      fc.property(anyLimit, anyTimes, (limit, times) => {
        const nowMs = times.at(-1) ?? bornAtMs;
        const { usage, waitMs } = admit(limit, run(limit, times).usage, nowMs);
        fc.pre(waitMs > 0);
        expect(admit(limit, usage, nowMs + waitMs).waitMs).toBe(0);
        expect(admit(limit, usage, nowMs + waitMs - 1).waitMs).toBe(1);
      }),
    );
  });

  it('does not count refused requests', () => {
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

  it.each(simulatedProviders)('refuses a request of %s as a rate-limited fault does', async (provider) => {
    const { simulator, ask } = await bench();
    const task = simulator.submit(provider);
    simulator.fault(task, 'rate-limited');
    const fault = await ask(task);
    simulator.setRateLimit(one);
    expect((await ask(task)).status).toBe(200);
    const refused = await ask(task);
    const words = ({ text }: { readonly text: string }) => text.replace(/sim-request-\d/, '');
    expect([refused.status, words(refused)]).toEqual([429, words(fault)]);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(simulator.requests).toMatchObject([
      { status: 429, fault: 'rate-limited', limited: false },
      { status: 200, fault: null, limited: false },
      { status: 429, fault: null, limited: true },
    ]);
    expect(simulator.polls(task)).toBe(3);
  });

  it('says in Retry-After how many seconds to wait, rounded up', async () => {
    const { simulator, ask, pass } = await bench({ rateLimit: { perMinute: 2, retryAfter: true } });
    const task = simulator.submit('ark');
    await ask(task);
    await ask(task);
    const retryAfter = async () => (await ask(task)).headers.get('retry-after');
    expect(await retryAfter()).toBe('60');
    pass(39_001);
    expect(await retryAfter()).toBe('21');
    pass(20_998);
    expect(await retryAfter()).toBe('1');
    pass(1);
    expect((await ask(task)).status).toBe(200);
  });

  it('lets a token bucket refill', async () => {
    const { simulator, ask, pass } = await bench({ rateLimit: { perMinute: 12, window: 'token-bucket', retryAfter: true } });
    const task = simulator.submit('anyfast');
    const statuses = async (count: number) => {
      const seen = [];
      for (let sent = 0; sent < count; sent += 1) seen.push((await ask(task)).status);
      return seen;
    };
    expect(await statuses(3)).toEqual([200, 200, 429]);
    expect((await ask(task)).headers.get('retry-after')).toBe('5');
    pass(5_000);
    expect(await statuses(2)).toEqual([200, 429]);
  });

  it('counts minutes of simulated time', async () => {
    const { simulator, ask, pass } = await benchAtSpeed(60, { rateLimit: { ...one, retryAfter: true } });
    const task = simulator.submit('ark');
    await ask(task);
    pass(500);
    expect((await ask(task)).headers.get('retry-after')).toBe('30');
    pass(500);
    expect((await ask(task)).status).toBe(200);
  });

  it('counts each key of each provider by itself, and requests without a key', async () => {
    const { simulator, urlOf } = await bench({ keys: { ark: ['first', 'second'], yescale: 'first' }, rateLimit: one });
    const [ark, yescale] = [urlOf(simulator.submit('ark')), urlOf(simulator.submit('yescale'))];
    const statusOf = async (url: string, key: string | null) =>
      (await request(url, key === null ? {} : { headers: { authorization: `Bearer ${key}` } })).status;
    const seen = [];
    for (const key of ['first', 'first', 'second', 'unknown', 'unknown', null, null]) seen.push(await statusOf(ark, key));
    expect(seen).toEqual([200, 429, 200, 401, 429, 401, 429]);
    expect([await statusOf(yescale, 'first'), await statusOf(yescale, null)]).toEqual([200, 401]);
  });

  it('counts lists, creations and deletions too, and does nothing for a request that it refuses', async () => {
    const { simulator, call, ask } = await bench({ rateLimit: { perMinute: 3 } });
    const init = { headers: { authorization: 'Bearer sim-key' } };
    const creation = { ...init, method: 'POST', body: '{"model":"m"}' };
    const { id } = (await call('ark', path, creation)).body();
    expect((await call('ark', path)).status).toBe(200);
    expect((await call('ark', path, creation)).status).toBe(200);
    const task = { provider: 'ark', id: String(id) } as const;
    simulator.fault(task, 'server-error');
    expect((await ask(task)).status).toBe(429);
    expect((await call('ark', path)).status).toBe(429);
    expect((await call('ark', path, creation)).status).toBe(429);
    expect((await call('ark', `${path}/${task.id}`, { ...init, method: 'DELETE' })).status).toBe(429);
    simulator.setRateLimit(null);
    expect((await call('ark', path)).body().total).toBe(2);
    expect((await ask(task)).status).toBe(500);
    expect((await ask(task)).body().status).toBe('queued');
  });

  it('counts requests that meet a fault, and no downloads', async () => {
    const { simulator, ask } = await bench({ rateLimit: { perMinute: 2 } });
    const task = simulator.submit('kyyaipower', { queueMs: 0, runMs: 0 });
    const url = String((await ask(task)).body().video_url);
    for (let count = 0; count < 3; count += 1) expect((await request(url)).status).toBe(200);
    simulator.fault(task, 'server-error');
    expect((await ask(task)).status).toBe(500);
    expect((await ask(task)).status).toBe(429);
  });

  it('counts from zero under a new limit, and goes on counting after a restart', async () => {
    const { simulator, ask } = await bench({ rateLimit: one });
    const task = simulator.submit('xingchao');
    await ask(task);
    await simulator.restart();
    expect((await ask(task)).status).toBe(429);
    simulator.setRateLimit(one);
    expect((await ask(task)).status).toBe(200);
    simulator.setRateLimit(null);
    for (let count = 0; count < 3; count += 1) expect((await ask(task)).status).toBe(200);
  });

  it.each<[SimulatedRateLimit, string]>([
    [{ perMinute: 0 }, 'rateLimit.perMinute must be an integer ≥ 1; it is 0'],
    [{ perMinute: 1.5 }, 'rateLimit.perMinute must be an integer ≥ 1; it is 1.5'],
    [{ perMinute: 1, window: 'fixed' as 'sliding' }, 'rateLimit.window must be one of sliding, token-bucket; it is fixed'],
    [{ perMinute: 1, retryAfter: 1 as never }, 'rateLimit.retryAfter must be true or false; it is 1'],
  ])('rejects the limit %o', async (rateLimit, message) => {
    await expect(bench({ rateLimit })).rejects.toThrow(message);
    const { simulator } = await bench();
    expect(() => simulator.setRateLimit(rateLimit)).toThrow(message);
  });
});
