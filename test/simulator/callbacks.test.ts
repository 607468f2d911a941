/**
 * Callbacks of Ark: what arrives at a server of the test, by the simulator's clock.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simulatedProviders, startSimulator } from 'rx-seedance/simulator';
import type { SimulatorOptions } from 'rx-seedance/simulator';
import { describe, expect, it, onTestFinished } from 'vitest';
import { setUp, startAtMs } from './support.js';
import type { Body, TestSimulator } from './support.js';

const queueMs = 60_000;
const runMs = 120_000;

interface Received {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Body;
}

/** An HTTP server that records callbacks. It responds with these statuses in turn, then with 200; 0 stands for no response. */
const receiver = async (...statuses: readonly number[]) => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      received.push({ headers: request.headers, body: JSON.parse(Buffer.concat(pieces).toString()) });
      const status = statuses[received.length - 1] ?? 200;
      if (status !== 0) response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // The type of an address is wider for servers on pipes.
  const { port } = server.address() as AddressInfo;
  return { received, url: `http://127.0.0.1:${port}/hook?token=1`, statuses: () => received.map(({ body }) => body.status) };
};

const when = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise(setImmediate);
};

/** A simulator and the callbacks that it has noted: what it sent and what it left out. */
const started = async (options: SimulatorOptions = {}) => {
  const test = await setUp(options);
  const noted = (count: number) => when(() => test.simulator.callbacks.length >= count);
  return { ...test, noted };
};

const submit = ({ simulator }: Pick<TestSimulator, 'simulator'>, callback_url: unknown, fields: object = {}) =>
  simulator.submit('ark', { queueMs, runMs, request: { callback_url }, ...fields });

describe('a callback', () => {
  it('comes at each change of status, with the body of a GET at that moment', async () => {
    const hook = await receiver();
    const { simulator, create, advance, poll, noted } = await started();
    const task = { provider: 'ark', id: String((await create('ark', { callback_url: hook.url, return_last_frame: true })).body().id) } as const;
    simulator.reschedule(task, { queueMs, runMs });
    const bodies: Body[] = [];
    for (const [count, ms] of [0, queueMs, runMs].entries()) {
      advance(ms);
      bodies.push((await poll(task)).body());
      await noted(count + 1);
    }
    expect(hook.received.map(({ body }) => body)).toEqual(bodies);
    expect(hook.statuses()).toEqual(['queued', 'running', 'succeeded']);
    expect(hook.received[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(Object.keys(hook.received[0]?.headers ?? {}).filter((name) => /sign|auth/i.test(name))).toEqual([]);
    expect(simulator.callbacks).toMatchObject(['queued', 'running', 'succeeded'].map((taskStatus) => ({ ...task, url: hook.url, taskStatus, attempt: 1, status: 200, skipped: null })));
  });

  it.each([
    ['fails', ['queued', 'running', 'failed']],
    ['expires', ['queued', 'running', 'expired']],
    ['cancelled', ['queued']],
    ['unknown-status', ['queued', 'running']],
    ['disappears', ['queued', 'running']],
    ['stalls', ['queued', 'running']],
  ] as const)('of a task that %s tells %j', async (outcome, expected) => {
    const hook = await receiver();
    const { noted, advance, ...test } = await started();
    submit(test, hook.url, { outcome });
    // The clock passes all changes at once. The callbacks still come one after another.
    advance(queueMs + runMs);
    await noted(expected.length);
    const last = submit(test, hook.url, { queueMs: 0, runMs: 0 });
    await noted(expected.length + 1);
    expect(hook.statuses()).toEqual([...expected, 'succeeded']);
    expect(hook.received.at(-1)?.body.id).toBe(last.id);
  });

  it('does not tell that a task was cancelled or rescheduled, and tells its new end', async () => {
    const hook = await receiver();
    const { noted, advance, call, ...test } = await started();
    const cancelled = submit(test, hook.url);
    await noted(1);
    await call('ark', `/contents/generations/tasks/${cancelled.id}`, { method: 'DELETE', headers: { authorization: 'Bearer sim-key' } });
    const hurried = submit(test, hook.url);
    test.simulator.reschedule(hurried, { outcome: 'fails', queueMs: 0, runMs: 0 });
    await noted(2);
    advance(queueMs + runMs);
    submit(test, hook.url, { queueMs: 0, runMs: 0 });
    await noted(3);
    expect(hook.received.map(({ body }) => [body.id === hurried.id, body.status])).toEqual([[false, 'queued'], [true, 'failed'], [false, 'succeeded']]);
  });

  it('comes for a creation whose response never comes', async () => {
    const hook = await receiver();
    const { simulator, create, noted } = await started();
    simulator.fault('ark', 'cut-after-creation');
    await expect(create('ark', { callback_url: hook.url })).rejects.toThrow();
    await noted(1);
    expect(hook.received.map(({ body }) => body.id)).toEqual(simulator.tasks().map(({ id }) => id));
  });

  it('is documented by Ark alone', async () => {
    const hook = await receiver();
    const { simulator, noted, create } = await started();
    const others = simulatedProviders.filter((provider) => provider !== 'ark');
    for (const provider of others) expect((await create(provider, { callback_url: hook.url })).body()).toHaveProperty('id');
    submit({ simulator }, hook.url);
    await noted(1);
    expect(simulator.callbacks.map(({ provider }) => provider)).toEqual(['ark']);
  });
});

describe('a callback without success', () => {
  it.each([
    ['fails', 'failed'],
    ['succeeds', 'succeeded'],
  ] as const)('is repeated up to three times for a task that %s, each 5 s after the one before', async (outcome, status) => {
    const hook = await receiver(500, 302, 404, 503);
    const { noted, advance, ...test } = await started();
    submit(test, hook.url, { outcome, queueMs: 0, runMs: 0 });
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await noted(attempt);
      advance(5_000);
    }
    submit(test, hook.url);
    await noted(5);
    expect(hook.statuses()).toEqual([status, status, status, status, 'queued']);
    const [first] = test.simulator.callbacks;
    expect(test.simulator.callbacks.slice(0, 4).map(({ atMs, ...entry }) => [entry.attempt, entry.status, atMs - (first?.atMs ?? 0)])).toEqual([
      [1, 500, 0],
      [2, 302, 5_000],
      [3, 404, 10_000],
      [4, 503, 15_000],
    ]);
  });

  it('is repeated until a response of 2xx', async () => {
    const hook = await receiver(500, 204);
    const { noted, advance, ...test } = await started();
    submit(test, hook.url, { queueMs: 0, runMs: 0 });
    await noted(1);
    advance(5_000);
    await noted(2);
    advance(5_000);
    submit(test, hook.url);
    await noted(3);
    expect(hook.statuses()).toEqual(['succeeded', 'succeeded', 'queued']);
  });

  it('is given up after 5 s without a response, and then repeated', async () => {
    const hook = await receiver(0);
    let nowMs = startAtMs;
    let reads = 0;
    const clock = () => {
      reads += 1;
      return nowMs;
    };
    const { noted, ...test } = await started({ clock });
    submit(test, hook.url, { queueMs: 0, runMs: 0 });
    await when(() => hook.received.length === 1);
    nowMs += 4_999;
    const before = reads;
    await when(() => reads > before + 5);
    expect(test.simulator.callbacks).toEqual([]);
    nowMs += 1;
    await noted(2);
    expect(test.simulator.callbacks).toMatchObject([{ attempt: 1, status: null }, { attempt: 2, status: 200 }]);
  });

  it('is not repeated before the end of the task, or after it has expired', async () => {
    const hook = await receiver(500, 500, 500);
    const { noted, advance, ...test } = await started();
    submit(test, hook.url, { outcome: 'expires' });
    advance(queueMs + runMs);
    await noted(3);
    advance(60_000);
    submit(test, hook.url);
    await noted(4);
    expect(hook.statuses()).toEqual(['queued', 'running', 'expired', 'queued']);
  });

  it('reports a refused connection as no response', async () => {
    const { noted, ...test } = await started();
    submit(test, 'http://127.0.0.1:1/');
    await noted(1);
    expect(test.simulator.callbacks).toMatchObject([{ taskStatus: 'queued', status: null, skipped: null }]);
  });
});

describe('callbacks go only to loopback', () => {
  it.each([
    'https://hooks.example/',
    'http://hooks.example/',
    'http://10.0.0.1/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest',
    'http://0.0.0.0/',
    'http://127.0.0.1.example/',
    'http://localhost.example/',
    'http://127.0.0.1@hooks.example/',
    'http://[::ffff:10.0.0.1]/',
    'https://127.0.0.1/',
    'file:///etc/hosts',
    'no URL',
  ])('%s is left out', async (url) => {
    const { noted, ...test } = await started();
    submit(test, url);
    await noted(1);
    expect(test.simulator.callbacks).toMatchObject([{ url, status: null, skipped: 'not-loopback' }]);
  });

  it('and follow no redirect', async () => {
    const elsewhere = await receiver();
    const hook = await receiver(302);
    const { noted, advance, ...test } = await started();
    submit(test, hook.url);
    advance(queueMs);
    await noted(2);
    expect([hook.statuses(), elsewhere.received]).toEqual([['queued', 'running'], []]);
  });

  it('and ignore what is not a URL in a string', async () => {
    const hook = await receiver();
    const { noted, ...test } = await started();
    for (const url of [undefined, null, 7, '', [hook.url]]) submit(test, url);
    submit(test, hook.url.replace('127.0.0.1', 'LOCALHOST'));
    await noted(1);
    expect(test.simulator.callbacks.length).toBe(1);
  });
});

describe('the rates of callbacks', () => {
  /** The statuses that arrive from a task that succeeds. */
  const arriving = async (callbacks: SimulatorOptions['callbacks'], count: number, seed = 1) => {
    const hook = await receiver();
    const { noted, advance, ...test } = await started({ seed, callbacks: callbacks ?? {} });
    submit(test, hook.url);
    advance(queueMs + runMs);
    await noted(count);
    return hook.statuses();
  };

  it('lose callbacks', async () => {
    expect(await arriving({ loseRate: 1 }, 3)).toEqual([]);
  });

  it('double callbacks', async () => {
    expect(await arriving({ doubleRate: 1 }, 6)).toEqual(['queued', 'queued', 'running', 'running', 'succeeded', 'succeeded']);
  });

  it('reorder callbacks', async () => {
    expect(await arriving({ reorderRate: 1 }, 3)).toEqual(['running', 'queued', 'succeeded']);
  });

  it('tell what was held back when the task ends without a callback', async () => {
    const hook = await receiver();
    const { noted, advance, ...test } = await started({ callbacks: { reorderRate: 1 } });
    submit(test, hook.url, { outcome: 'cancelled' });
    advance(queueMs);
    await noted(1);
    expect(hook.statuses()).toEqual(['queued']);
  });

  it('draw by the seed', async () => {
    const lost = async (seed: number) => {
      const hook = await receiver();
      const { noted, advance, ...test } = await started({ seed, callbacks: { loseRate: 0.5 } });
      for (let count = 0; count < 10; count += 1) submit(test, hook.url);
      advance(queueMs + runMs);
      await noted(30);
      const { callbacks } = test.simulator;
      return callbacks.flatMap(({ id, taskStatus, skipped }) => (skipped === 'lost' ? [`${id} ${taskStatus}`] : [])).sort();
    };
    const seven = await lost(7);
    expect(seven).toEqual(await lost(7));
    expect(seven.length).toBeGreaterThan(5);
    expect(seven.length).toBeLessThan(25);
  });
});

describe('stopping', () => {
  it('ends callbacks that are under way, and a restart sends those that became due', async () => {
    const hook = await receiver(0);
    const { noted, advance, ...test } = await started();
    submit(test, hook.url);
    await when(() => hook.received.length === 1);
    await test.simulator.stop();
    advance(queueMs + runMs);
    // By the time that another simulator has sent its callbacks, a timer of the stopped one would have run.
    const other = await started();
    submit(other, (await receiver()).url);
    await other.noted(1);
    other.advance(queueMs);
    await other.noted(2);
    expect(hook.statuses()).toEqual(['queued']);
    await test.simulator.restart();
    await noted(2);
    expect(hook.statuses()).toEqual(['queued', 'running', 'succeeded']);
  });

  it('leaves no timers, and none of a running simulator keeps a process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const hook = await receiver(0, 0);
    const simulator = await startSimulator();
    for (const runMs of [0, 3_600_000]) submit({ simulator }, hook.url, { queueMs: 0, runMs });
    await when(() => hook.received.length === 2);
    expect(timers()).toBeLessThanOrEqual(before);
    await simulator.stop();
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

it('callbacks come in simulated time', async () => {
  const hook = await receiver();
  const simulator = await startSimulator({ speed: 20 });
  onTestFinished(() => simulator.stop());
  submit({ simulator }, hook.url, { queueMs: 1_000, runMs: 2_000 });
  // On a busy machine a response may come after the 250 ms that 5 s take at this speed.
  const first = () => simulator.callbacks.filter(({ attempt }) => attempt === 1);
  await when(() => first().length === 3);
  const createdAtMs = simulator.tasks()[0]?.createdAtMs ?? 0;
  expect(first().map(({ taskStatus }) => taskStatus)).toEqual(['queued', 'running', 'succeeded']);
  expect(first()[1]?.atMs).toBeGreaterThanOrEqual(createdAtMs + 1_000);
  expect(first()[2]?.atMs).toBeGreaterThanOrEqual(createdAtMs + 3_000);
});
