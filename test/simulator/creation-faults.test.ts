/**
 * Faults of creations: what the client gets, and whether the task exists.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { creationFaults, simulatedProviders } from 'rx-seedance/simulator';
import type { CreationFault, SimulatedProvider, Simulator, SimulatorOptions } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { createFaults } from '../../src/simulator/faults.js';
import { at, createPaths, creationBody, setUp, startAtMs } from './support.js';
import type { Reply } from './support.js';

type Dialect = 'ark' | 'flat' | 'newApi';
const dialects = {
  ark: 'ark',
  powertokens: 'ark',
  yescale: 'ark',
  kyyaipower: 'flat',
  xingchao: 'flat',
  anyfast: 'newApi',
} as const satisfies Record<SimulatedProvider, Dialect>;

/** The HTTP status of a refusal and the code in its body. */
const refusals: Readonly<Record<Dialect, Readonly<Record<'moderated' | 'quota' | 'rate', readonly [number, unknown]>>>> = {
  ark: { moderated: [400, 'InputTextSensitiveContentDetected'], quota: [429, 'AccountQuotaExceeded'], rate: [429, 'RateLimitExceeded.EndpointRPMExceeded'] },
  flat: { moderated: [200, 400], quota: [200, 402], rate: [429, 429] },
  newApi: { moderated: [400, 'fail_to_fetch_task'], quota: [403, 'insufficient_user_quota'], rate: [429, ''] },
};

const codeOf = (reply: Reply): unknown => at(reply.body(), 'error', 'code') ?? reply.body().code;

/** The bytes of the response to a creation, until the connection closes. */
const rawCreation = ({ url, baseUrl }: Simulator, fields: object = {}): Promise<string> =>
  new Promise((resolve) => {
    const body = creationBody('ark', { ...fields });
    const head = [
      `POST ${new URL(baseUrl('ark')).pathname}${createPaths.ark} HTTP/1.1`,
      'Host: a',
      'Authorization: Bearer sim-key',
      'Connection: close',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const pieces: Buffer[] = [];
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`));
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('close', () => resolve(Buffer.concat(pieces).toString()));
  });

describe.each(simulatedProviders)('%s', (provider) => {
  it.each([
    ['rate-limited-creation', 'rate', null],
    ['rate-limited-creation-retry-after', 'rate', '20'],
    ['moderated-creation', 'moderated', null],
    ['over-quota-creation', 'quota', null],
  ] as const)('refuses with %s, and creates no task', async (kind, why, retryAfter) => {
    const { simulator, create } = await setUp();
    simulator.fault(provider, kind);
    const reply = await create(provider);
    expect([[reply.status, codeOf(reply)], reply.headers.get('retry-after')]).toEqual([refusals[dialects[provider]][why], retryAfter]);
    expect(simulator.tasks()).toEqual([]);
    expect((await create(provider)).body()).toHaveProperty('id');
  });

  it.each([
    ['server-error-before-creation', 500, 0],
    ['server-error-after-creation', 500, 1],
    ['bad-gateway-html-before-creation', 502, 0],
    ['bad-gateway-html-after-creation', 502, 1],
  ] as const)('responds with %s: %d, with %d tasks', async (kind, status, count) => {
    const { simulator, create } = await setUp();
    simulator.fault(provider, kind);
    expect((await create(provider)).status).toBe(status);
    expect(simulator.requests).toMatchObject([{ method: 'POST', status, fault: kind }]);
    expect(simulator.tasks(provider).length).toBe(count);
  });

  it.each([
    ['reset-before-creation', 0],
    ['reset-after-creation', 1],
  ] as const)('resets the connection with %s, with %d tasks', async (kind, count) => {
    const { simulator, create } = await setUp();
    simulator.fault(provider, kind);
    await expect(create(provider)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(simulator.tasks(provider).length).toBe(count);
  });

  it.each([
    ['hang-before-creation', 0],
    ['hang-after-creation', 1],
  ] as const)('does not respond with %s, with %d tasks', async (kind, count) => {
    const { simulator, call, create } = await setUp();
    simulator.fault(provider, kind);
    const leave = new AbortController();
    const init = { method: 'POST', body: creationBody(provider), headers: { authorization: 'Bearer sim-key' }, signal: leave.signal };
    const hanging = call(provider, createPaths[provider], init);
    hanging.catch(() => undefined);
    while (simulator.requests.length === 0) await new Promise(setImmediate);
    expect(simulator.tasks(provider).length).toBe(count);
    // The next creation gets a response while the first one hangs.
    expect((await create(provider)).body()).toHaveProperty('id');
    leave.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
    expect(simulator.requests[0]).toMatchObject({ status: null, fault: kind });
  });

  it('cuts the response after the creation', async () => {
    const { simulator, create } = await setUp();
    simulator.fault(provider, 'cut-after-creation', 20);
    for (let count = 1; count <= 20; count += 1) await expect(create(provider)).rejects.toThrow();
    expect(simulator.tasks(provider).length).toBe(20);
  });
});

describe('a cut response', () => {
  it('has the first bytes of the whole one, from its status line to its body', async () => {
    const whole = await rawCreation((await setUp()).simulator);
    expect(whole).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"id":"cgt-.*"\}$/);
    const cuts = await Promise.all(
      Array.from({ length: 60 }, async (_, seed) => {
        const { simulator } = await setUp({ seed });
        simulator.fault('ark', 'cut-after-creation');
        const cut = await rawCreation(simulator);
        expect(simulator.tasks().length).toBe(1);
        return cut;
      }),
    );
    for (const cut of cuts) {
      expect(cut.length).toBeLessThan(whole.length);
      expect('HTTP/1.1 200 OK\r\n'.startsWith(cut.slice(0, 17))).toBe(true);
    }
    const placeOf = (cut: string) => (cut.includes('\r\n\r\n') ? 'body' : cut.includes('\r\n') ? 'headers' : 'status line');
    expect(new Set(cuts.map(placeOf))).toEqual(new Set(['status line', 'headers', 'body']));
  });

  it('is cut at the same byte for the same seed and body', async () => {
    const cutOf = async (seed: number, fields: object) => {
      const { simulator } = await setUp({ seed });
      simulator.fault('ark', 'cut-after-creation');
      return (await rawCreation(simulator, fields)).length;
    };
    expect(await cutOf(3, {})).toBe(await cutOf(3, {}));
    const others = [await cutOf(3, { seed: 1 }), await cutOf(3, { seed: 2 }), await cutOf(4, {}), await cutOf(5, {})];
    expect(new Set(others).size).toBeGreaterThan(1);
  });
});

describe('an injected fault of a creation', () => {
  it('applies to the next creations of its provider, and to no poll', async () => {
    const { simulator, create, poll } = await setUp();
    simulator.fault('ark', 'server-error-after-creation', 2);
    const statuses = [];
    for (const provider of ['yescale', 'ark', 'ark', 'ark'] as const) statuses.push((await create(provider)).status);
    expect(statuses).toEqual([200, 500, 500, 200]);
    simulator.fault('ark', 'moderated-creation');
    for (const task of simulator.tasks()) expect((await poll(task)).status).toBe(200);
  });

  it('is rejected for one task', async () => {
    const { simulator } = await setUp();
    const task = simulator.submit('ark');
    expect(() => simulator.fault(task, 'reset-after-creation')).toThrow(new RangeError('target must be a provider for reset-after-creation'));
  });

  it('does not make a task of an invalid body', async () => {
    const { simulator, create } = await setUp();
    simulator.fault('ark', 'server-error-after-creation');
    expect((await create('ark', { content: [] })).status).toBe(500);
    expect(simulator.tasks()).toEqual([]);
  });
});

describe('random faults of creations', () => {
  it('depend on the seed, the provider, the body and its number, never on the order of different bodies', () => {
    const anyCreation = fc.record({ provider: fc.constantFrom(...simulatedProviders), body: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.integer(), fc.array(anyCreation, { maxLength: 30 }), (seed, creations) => {
        const drawn = (order: typeof creations) => {
          const faults = createFaults(seed, { rate: 0 }, { rate: 0.5 });
          const all = order.map(({ provider, body }) => ({ provider, body, fault: faults.forCreation(provider, body) }));
          return simulatedProviders.map((provider) => ['a', 'b', 'c'].map((body) => all.filter((one) => one.provider === provider && one.body === body)));
        };
        expect(drawn(creations.toReversed())).toEqual(drawn(creations));
      }),
    );
  });

  it('come at their rate and in all kinds', () => {
    const faults = createFaults(7, { rate: 0 }, { rate: 0.25 });
    const drawn = Array.from({ length: 4000 }, () => faults.forCreation('ark', 'a')?.kind);
    expect(drawn.filter((kind) => kind !== undefined).length / drawn.length).toBeCloseTo(0.25, 1);
    expect(new Set(drawn)).toEqual(new Set([undefined, ...creationFaults]));
  });

  it('come from the option, in the given kinds', async () => {
    const statuses = async (options: SimulatorOptions) => {
      const { simulator, create } = await setUp(options);
      for (let count = 0; count < 10; count += 1) await create('anyfast');
      return [new Set(simulator.requests.map(({ fault }) => fault)), simulator.tasks().length];
    };
    const kinds: readonly CreationFault[] = ['server-error-before-creation', 'server-error-after-creation'];
    expect(await statuses({ creationFaults: { rate: 1, kinds: ['over-quota-creation'] } })).toEqual([new Set(['over-quota-creation']), 0]);
    const [seen, count] = await statuses({ creationFaults: { rate: 0.9, kinds } });
    expect(seen).toEqual(new Set([null, ...kinds]));
    expect(count).toBeLessThan(10);
    expect(await statuses({ faults: { rate: 1, kinds: ['server-error'] } })).toEqual([new Set([null]), 10]);
  });
});

describe('the tasks of a simulator', () => {
  it('are listed in order of creation with their requests, also after they are deleted', async () => {
    const { simulator, create, call, advance } = await setUp();
    const request = (marker: string) => ({ ...JSON.parse(creationBody('ark')), safety_identifier: marker });
    const first = String((await create('ark', { safety_identifier: 'one' })).body().id);
    const submitted = simulator.submit('anyfast', { request: { model: 'm' } });
    advance(1000);
    const second = String((await create('ark', { safety_identifier: 'two' })).body().id);
    simulator.reschedule({ provider: 'ark', id: first }, { queueMs: 0, runMs: 0 });
    expect((await call('ark', `/contents/generations/tasks/${first}`, { method: 'DELETE', headers: { authorization: 'Bearer sim-key' } })).text).toBe('{}');
    expect(simulator.tasks()).toEqual([
      { provider: 'ark', id: first, createdAtMs: startAtMs, request: request('one') },
      { ...submitted, createdAtMs: startAtMs, request: { model: 'm' } },
      { provider: 'ark', id: second, createdAtMs: startAtMs + 1000, request: request('two') },
    ]);
    expect(simulator.tasks('ark').map(({ id }) => id)).toEqual([first, second]);
    expect(simulator.tasks('yescale')).toEqual([]);
    expect(() => simulator.tasks('unknown' as 'ark')).toThrow(/^provider must be one of ark, .*; it is unknown$/);
  });
});
