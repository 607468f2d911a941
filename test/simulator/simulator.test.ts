import { connect } from 'node:net';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { outcomes, simulatedProviders, startSimulator } from 'rx-seedance/simulator';
import type { SimulatorOptions } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { setUp, startAtMs, request } from './support.js';

/** Sends raw bytes; resolves with the response when the connection closes. */
const raw = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve) => {
    let response = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes, 'latin1'));
    socket.on('data', (piece) => {
      response += piece.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(response));
  });

const portOf = (url: string): number => Number(new URL(url).port);

describe('a seed', () => {
  const tasksOf = async (options: SimulatorOptions) => {
    const { simulator } = await setUp({ outcomes: { succeeds: 1, fails: 1, stalls: 1 }, ...options });
    return simulatedProviders.flatMap((provider) =>
      Array.from({ length: 5 }, () => {
        const task = simulator.submit(provider);
        return { ...task, ...simulator.scenario(task) };
      }),
    );
  };

  it('decides ids and scenarios', async () => {
    expect(await tasksOf({ seed: 5 })).toEqual(await tasksOf({ seed: 5, clock: () => 0 }));
    expect(await tasksOf({ seed: 5 })).not.toEqual(await tasksOf({ seed: 6 }));
  });

  it('gives every task its own id and outcome', async () => {
    const tasks = await tasksOf({});
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length);
    expect(new Set(tasks.map(({ outcome }) => outcome))).toEqual(new Set(['succeeds', 'fails', 'stalls']));
  });

  it('lets every task succeed by default', async () => {
    const { simulator } = await setUp();
    expect(simulatedProviders.map((provider) => simulator.scenario(simulator.submit(provider)).outcome)).toEqual(Array(6).fill('succeeds'));
  });
});

describe('a simulator', () => {
  it('returns the base URL of each provider', async () => {
    const { simulator } = await setUp();
    expect(simulatedProviders.map((provider) => simulator.baseUrl(provider).slice(simulator.url.length))).toEqual([
      '/api/v3',
      '/byteplus/api/v3',
      '',
      '/kyyAiPower',
      '/kyyReactApiServer',
      '',
    ]);
  });

  it('reschedules a running task', async () => {
    const { simulator, advance, poll } = await setUp();
    const task = simulator.submit('ark', { outcome: 'fails', queueMs: 1000, runMs: 1000 });
    advance(1500);
    simulator.reschedule(task, { outcome: 'moderated', runMs: 500 });
    expect((await poll(task)).body()).toMatchObject({ status: 'failed', error: { code: expect.stringContaining('Sensitive') } });
  });

  it('logs every request, without its key', async () => {
    const { simulator, poll, call } = await setUp();
    const task = simulator.submit('ark');
    await poll(task);
    simulator.fault(task, 'empty-body');
    await poll(task);
    await call('ark', '/contents/generations/tasks?page_size=5');
    await request(`${simulator.url}/nowhere`);
    const path = `/api/v3/contents/generations/tasks/${task.id}`;
    const common = { atMs: startAtMs, method: 'GET', provider: 'ark', id: task.id, status: 200, fault: null, limited: false };
    expect(simulator.requests).toEqual([
      { ...common, path },
      { ...common, path, fault: 'empty-body' },
      { ...common, path: '/api/v3/contents/generations/tasks?page_size=5', id: null },
      { ...common, path: '/nowhere', provider: null, id: null, status: 404 },
    ]);
    expect(simulator.polls(task)).toBe(2);
    expect(simulator.polls({ provider: 'ark', id: 'another' })).toBe(0);
    expect(JSON.stringify(simulator.requests)).not.toContain('sim-key');
  });

  it('rejects unknown tasks and providers', async () => {
    const { simulator } = await setUp();
    simulator.submit('ark', { id: 'taken' });
    const unknown = 'unknown' as 'ark';
    const range = (message: string) => new RangeError(message);
    const providers = `provider must be one of ${simulatedProviders.join(', ')}; it is unknown`;
    expect(() => simulator.submit(unknown)).toThrow(range(providers));
    expect(() => simulator.baseUrl(unknown)).toThrow(range(providers));
    expect(() => simulator.apiKey(unknown)).toThrow(range(providers));
    expect(() => simulator.scenario({ provider: 'ark', id: 'b' })).toThrow(range('task must be a submitted task; it is ark/b'));
    expect(() => simulator.submit('ark', { id: 'taken' })).toThrow(range('id must be new; ark has a task taken'));
    expect(() => simulator.submit('ark', { id: '' })).toThrow(range('id must not be empty'));
    expect(() => simulator.submit('ark', { runMs: Number.NaN })).toThrow(range('runMs must be finite and ≥ 0; it is NaN'));
  });

  it.each<[SimulatorOptions, string]>([
    [{ port: -1 }, 'port must be an integer from 0 to 65535; it is -1'],
    [{ port: 65_536 }, 'port must be an integer from 0 to 65535; it is 65536'],
    [{ seed: Number.NaN }, 'seed must be finite; it is NaN'],
    [{ speed: 0 }, 'speed must be finite and > 0; it is 0'],
    [{ speed: 2, clock: () => 0 }, 'speed must be 1 or omitted when clock is given; it is 2'],
    [{ faults: { rate: 1.1 } }, 'faults.rate must be from 0 to 1; it is 1.1'],
    [{ outcomes: { fails: -1 } }, 'outcomes.fails must be finite and ≥ 0; it is -1'],
    [{ outcomes: {} }, 'outcomes must be a record with a weight above 0; it is {}'],
    [{ freshLinks: 1 as never }, 'freshLinks must be true or false; it is 1'],
    [{ linkLifeMs: 1500 }, 'linkLifeMs must be a multiple of 1000; it is 1500'],
    [{ fileBytes: 100 }, 'fileBytes must be an integer ≥ 131072; it is 100'],
    [{ keys: { ark: '' } }, 'keys.ark must be a non-empty string or a non-empty array of non-empty strings'],
    [{ keys: { ark: [] } }, 'keys.ark must be a non-empty string or a non-empty array of non-empty strings'],
    // The casts stand for a caller in JavaScript.
    [{ faults: { rate: 0, kinds: ['flood' as 'reset'] } }, 'faults.kinds must be some of rate-limited, '],
    [{ creationFaults: { rate: -1 } }, 'creationFaults.rate must be from 0 to 1; it is -1'],
    [{ creationFaults: { rate: 0, kinds: ['reset' as 'reset-after-creation'] } }, 'creationFaults.kinds must be some of rate-limited-creation, '],
    [{ callbacks: { doubleRate: 2 } }, 'callbacks.doubleRate must be from 0 to 1; it is 2'],
    [{ callbacks: { lossRate: 1 } as object }, 'a name in callbacks must be one of loseRate, doubleRate, reorderRate; it is lossRate'],
    [{ outcomes: { wins: 1 } as object }, `a name in outcomes must be one of ${outcomes.join(', ')}; it is wins`],
    [{ keys: { unknown: 'key' } as object }, 'a name in keys must be one of ark, '],
    [{ clock: 5 as unknown as () => number }, 'clock must be a function; it is 5'],
  ])('does not start with %o', async (options, message) => {
    await expect(startSimulator(options)).rejects.toThrow(message);
  });

  it('does not start on a port in use', async () => {
    const { simulator } = await setUp();
    await expect(startSimulator({ port: portOf(simulator.url) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('stopping', () => {
  it('closes hanging polls and idle connections, and leaves no sockets', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
    const before = sockets();
    const { simulator, urlOf } = await setUp();
    const task = simulator.submit('ark');
    simulator.fault(task, 'hang');
    const closed = (socket: Socket) => new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    const polling = connect(portOf(simulator.url), '127.0.0.1');
    polling.write(`GET ${new URL(urlOf(task)).pathname} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sim-key\r\n\r\n`);
    const silent = connect(portOf(simulator.url), '127.0.0.1');
    const halfway = connect(portOf(simulator.url), '127.0.0.1');
    halfway.write('GET /api/v3 HTTP/1.1\r\nHost:');
    const ends = Promise.all([polling, silent, halfway].map(closed));
    while (simulator.requests.length === 0) await new Promise(setImmediate);
    await simulator.stop();
    await ends;
    await simulator.stop();
    expect(sockets()).toBeLessThanOrEqual(before);
  });

  it('can be followed by a restart on the same port, with every task and fault', async () => {
    const { simulator, poll } = await setUp();
    const task = simulator.submit('ark');
    simulator.fault(task, 'server-error');
    await simulator.stop();
    await expect(poll(task)).rejects.toThrow();
    await simulator.restart();
    expect((await poll(task)).status).toBe(500);
    await simulator.restart();
    expect((await poll(task)).body()).toMatchObject({ id: task.id, status: 'queued' });
  });
});

describe('any request', () => {
  const anyLine = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'GET * HTTP/1.1',
      'GET http://elsewhere/api/v3 HTTP/1.1',
      'GET /api/v3/contents/generations/tasks/.. HTTP/1.1',
      'GET /api/v3/contents/generations/tasks/%ff HTTP/1.1',
      'GET /api/v3/contents/generations/tasks?page_num=%zz HTTP/1.1',
      'GET /files/ark/%zz/video.mp4?X-Tos-Date=% HTTP/1.1',
      'GET /files/__proto__/constructor/video.mp4 HTTP/1.1',
      'POST /v1/video/generations HTTP/1.1',
      'DELETE /api/v3/contents/generations/tasks/ HTTP/1.1',
      'CONNECT a:1 HTTP/1.1',
      'Host: a',
      'Connection: upgrade',
      'Upgrade: websocket',
      'Expect: 100-continue',
      'Transfer-Encoding: chunked',
      'Content-Length: 7',
      'Content-Length: -1',
      'Authorization: Bearer sim-key',
      'Range: bytes=9-1',
      'zz',
      '',
    ),
  );

  it('leaves the server running', async () => {
    const { simulator, poll } = await setUp();
    const task = simulator.submit('ark');
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { maxLength: 8 }), async (lines) => {
        await raw(portOf(simulator.url), `${lines.join('\r\n')}\r\n\r\n`);
        expect((await poll(task)).status).toBe(200);
      }),
    );
  });

  it('may have a dot segment as an id', async () => {
    const { simulator } = await setUp();
    const line = 'GET /api/v3/contents/generations/tasks/.. HTTP/1.1';
    const response = await raw(portOf(simulator.url), `${line}\r\nHost: a\r\nAuthorization: Bearer sim-key\r\n\r\n`);
    expect(response).toMatch(/^HTTP\/1\.1 404 [^]*ResourceNotFound/);
  });
});
