import fc from 'fast-check';
import { pollFaults, simulatedProviders } from 'rx-seedance/simulator';
import type { PollFault, SimulatedProvider } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { createFaults } from '../../src/simulator/faults.js';
import { setUp, request } from './support.js';
import type { Reply } from './support.js';

interface Seen {
  readonly status: number;
  readonly isJson: boolean;
  readonly retryAfter: string | null;
}

const isJson = ({ body }: Reply): boolean => {
  try {
    return typeof body() === 'object';
  } catch {
    return false;
  }
};

const responses: Readonly<Record<Exclude<PollFault, 'reset' | 'hang' | 'not-found-after-creation'>, Seen>> = {
  'rate-limited': { status: 429, isJson: true, retryAfter: null },
  'rate-limited-retry-after': { status: 429, isJson: true, retryAfter: '20' },
  'server-error': { status: 500, isJson: true, retryAfter: null },
  'bad-gateway-html': { status: 502, isJson: false, retryAfter: null },
  'truncated-json': { status: 200, isJson: false, retryAfter: null },
  'empty-body': { status: 200, isJson: false, retryAfter: null },
  'transient-unauthorized': { status: 401, isJson: true, retryAfter: null },
};
const notFound: Readonly<Record<SimulatedProvider, number>> = {
  ark: 404,
  powertokens: 404,
  yescale: 404,
  kyyaipower: 200,
  xingchao: 200,
  anyfast: 400,
};

describe.each(simulatedProviders)('%s', (provider) => {
  it.each([...Object.entries(responses), ['not-found-after-creation', { status: notFound[provider], isJson: true, retryAfter: null }]] as [
    PollFault,
    Seen,
  ][])('responds with %s once, then correctly', async (kind, expected) => {
    const { simulator, poll } = await setUp();
    const task = simulator.submit(provider);
    const correct = (await poll(task)).text;
    simulator.fault(task, kind);
    const reply = await poll(task);
    expect({ status: reply.status, isJson: isJson(reply), retryAfter: reply.headers.get('retry-after') }).toEqual(expected);
    expect(reply.text).not.toBe(correct);
    expect((await poll(task)).text).toBe(correct);
  });

  it('resets a connection', async () => {
    const { simulator, poll } = await setUp();
    const task = simulator.submit(provider);
    simulator.fault(task, 'reset');
    await expect(poll(task)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect((await poll(task)).status).toBe(200);
  });

  it('leaves a poll without a response until the client disconnects', async () => {
    const { simulator, urlOf, poll } = await setUp();
    const task = simulator.submit(provider);
    simulator.fault(task, 'hang');
    const leave = new AbortController();
    const hanging = fetch(urlOf(task), { headers: { authorization: 'Bearer sim-key' }, signal: leave.signal });
    hanging.catch(() => undefined);
    while (simulator.requests.length === 0) await new Promise(setImmediate);
    // The next poll gets a response while the first one hangs.
    expect((await poll(task)).status).toBe(200);
    leave.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
    expect(simulator.requests).toContainEqual(expect.objectContaining({ id: task.id, status: null, fault: 'hang' }));
  });
});

describe('an injected fault', () => {
  it('applies to a number of polls, of one task or of a provider', async () => {
    const { simulator, poll } = await setUp();
    const [one, other, elsewhere] = [simulator.submit('ark'), simulator.submit('ark'), simulator.submit('yescale')];
    simulator.fault('ark', 'bad-gateway-html', 2);
    simulator.fault(one, 'server-error', 2);
    const statuses = [];
    for (const task of [one, elsewhere, one, other, one, one]) statuses.push((await poll(task)).status);
    // Faults of the task come first.
    expect(statuses).toEqual([500, 200, 500, 502, 502, 200]);
  });

  it('applies to lists, and not to creations or deletions', async () => {
    const { simulator, call, create } = await setUp();
    simulator.fault('ark', 'server-error');
    const path = '/contents/generations/tasks';
    const init = { headers: { authorization: 'Bearer sim-key' } };
    const creation = await create('ark');
    const deletion = await call('ark', `${path}/${String(creation.body().id)}`, { ...init, method: 'DELETE' });
    expect([creation.status, deletion.status, (await call('ark', path)).status]).toEqual([200, 200, 500]);
  });

  it.each([
    ['unknown', 'reset', 1, /^provider must be one of ark, .*; it is unknown$/],
    ['ark', 'flood', 1, /^kind must be one of rate-limited, .*; it is flood$/],
    ['ark', 'reset', 0, /^times must be an integer ≥ 1; it is 0$/],
    ['ark', 'reset', 1.5, /^times must be an integer ≥ 1; it is 1.5$/],
  ])('is rejected for %s, %s, %d', async (target, kind, times, message) => {
    const { simulator } = await setUp();
    // The casts stand for a caller in JavaScript.
    expect(() => simulator.fault(target as 'ark', kind as 'reset', times)).toThrow(message);
  });
});

describe('random faults', () => {
  const anyPoll = fc.record({
    provider: fc.constantFrom(...simulatedProviders),
    id: fc.string(),
    number: fc.integer({ min: 1, max: 1000 }),
  });

  it('depend on the seed, the provider, the id and the number of the poll, never on the order of requests', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(anyPoll, { maxLength: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (seed, polls, rate) => {
        const there = createFaults(seed, { rate });
        const back = createFaults(seed, { rate });
        const forward = polls.map((one) => there.forPoll(one, one.number));
        const backward = polls.toReversed().map((one) => back.forPoll(one, one.number));
        expect(backward.reverse()).toEqual(forward);
      }),
    );
  });

  it('come at their rate and in all kinds, and only a new task is reported as unknown', () => {
    const faults = createFaults(7, { rate: 0.25 });
    const drawn = Array.from({ length: 4000 }, (_, index) => faults.forPoll({ provider: 'ark', id: 'a' }, index + 1));
    expect(drawn.filter((kind) => kind !== null).length / drawn.length).toBeCloseTo(0.25, 1);
    expect(new Set(drawn.slice(2))).toEqual(new Set([null, ...pollFaults.filter((kind) => kind !== 'not-found-after-creation')]));
    const first = Array.from({ length: 400 }, (_, index) => faults.forPoll({ provider: 'ark', id: `${index}` }, 1));
    expect(first).toContain('not-found-after-creation');
  });

  it('never give a list the error for an unknown task', async () => {
    const { simulator, call } = await setUp({ faults: { rate: 1, kinds: ['not-found-after-creation'] } });
    const init = { headers: { authorization: 'Bearer sim-key' } };
    expect((await call('ark', '/contents/generations/tasks', init)).status).toBe(200);
    expect(simulator.requests).toMatchObject([{ id: null, fault: null }]);
  });

  it('never come at a rate of 0, always at a rate of 1', () => {
    fc.assert(
      fc.property(anyPoll, (one) => {
        expect(createFaults(1, { rate: 0 }).forPoll(one, one.number)).toBeNull();
        expect(createFaults(1, { rate: 1, kinds: ['reset'] }).forPoll(one, one.number)).toBe('reset');
      }),
    );
  });

  it('are the same in another simulator with the same seed, in any order of polls', async () => {
    const faults = { rate: 0.5, kinds: ['server-error', 'rate-limited'] } as const;
    const statuses = async (backward: boolean) => {
      const { simulator, poll } = await setUp({ seed: 3, faults });
      const tasks = Array.from({ length: 10 }, () => simulator.submit('anyfast'));
      const seen = new Map<string, number[]>();
      for (let round = 0; round < 3; round += 1) {
        for (const task of backward ? tasks.toReversed() : tasks) {
          seen.set(task.id, [...(seen.get(task.id) ?? []), (await poll(task)).status]);
        }
      }
      return Object.fromEntries(seen);
    };
    const [forward, backward] = [await statuses(false), await statuses(true)];
    expect(backward).toEqual(forward);
    expect(new Set(Object.values(forward).flat())).toEqual(new Set([200, 429, 500]));
  });
});

it('an unauthorized poll is logged and counted like any other', async () => {
  const { simulator, urlOf } = await setUp();
  const task = simulator.submit('ark');
  await request(urlOf(task));
  expect(simulator.polls(task)).toBe(1);
  expect(simulator.requests).toMatchObject([{ method: 'GET', provider: 'ark', id: task.id, status: 401, fault: null }]);
});
