import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { from, lastValueFrom, mergeMap, tap, toArray } from 'rxjs';
import { Agent } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { undiciTransport } from '../../src/adapters/undici.js';
import { callbackHandler } from '../../src/callbacks/index.js';
import { account, constantDelay, createTask, createTaskClient, isTerminal } from '../../src/index.js';
import { ark } from '../../src/providers/ark.js';
import { toNodeListener } from '../../src/proxy/index.js';
import { atSpeed, type Simulator, startSimulator } from '../../src/simulator/index.js';

const speed = 20;
const scheduler = atSpeed(speed);
const secret = '0123456789abcdef0123456789abcdef';
const safetyMs = 120_000;

const started: (Simulator | Server)[] = [];

afterEach(async () => {
  for (const each of started.splice(0)) {
    if ('stop' in each) await each.stop();
    else each.close();
  }
});

/** Creates tasks, watches them with rare polls and the callbacks of the simulator, and returns their transitions. */
const run = async (rates: { readonly loseRate?: number; readonly doubleRate?: number; readonly reorderRate?: number }) => {
  const simulator = await startSimulator({ speed, seed: 5, callbacks: rates });
  started.push(simulator);
  const own = account(ark, { apiKey: simulator.apiKey('ark'), baseUrl: simulator.baseUrl('ark'), batch: false });
  const callbacks = callbackHandler(own, { secret });
  const server = createServer(toNodeListener(callbacks.handle)).listen(0, '127.0.0.1');
  started.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/callbacks/ark/${secret}`; // it listens on a port
  const client = createTaskClient({ transport: undiciTransport({ dispatcher: new Agent() }), accounts: [own], scheduler, policy: { interval: constantDelay(safetyMs) }, wake: callbacks.tasks });
  const seenAtMs = new Map<string, number>();
  const transitions = await lastValueFrom(from(Array.from({ length: 12 }, (_, index) => `boat ${String(index)}`)).pipe(
    mergeMap((prompt) => createTask(client, own, { model: 'doubao-seedance-1-5-pro', content: [{ type: 'text', text: prompt }], callback_url: url }, { key: prompt })),
    mergeMap((outcome) => (outcome.outcome === 'created' ? client.watch(outcome.task, { expected: outcome.expected }) : [])),
    tap(({ task, to }) => { if (isTerminal(to)) seenAtMs.set(task.id, scheduler.now()); }),
    toArray(),
  ));
  const arrivedAtMs = new Map(simulator.callbacks.flatMap(({ id, taskStatus, atMs, status }) => (taskStatus === 'succeeded' && status === 204 ? [[id, atMs]] as const : [])));
  const delaysMs = [...arrivedAtMs].map(([id, atMs]) => (seenAtMs.get(id) ?? Infinity) - atMs).sort((a, b) => a - b);
  return { simulator, ends: transitions.filter(({ to }) => isTerminal(to)).map(({ to }) => to), delaysMs };
};

const percentile = (sorted: readonly number[], share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Infinity;

it('callbacks bring the end within a second, or after the minimum interval', { timeout: 60_000 }, async () => {
  const { ends, delaysMs } = await run({});
  expect(ends).toEqual(Array.from({ length: 12 }, () => 'succeeded'));
  expect(delaysMs).toHaveLength(12);
  expect(percentile(delaysMs, 0.5)).toBeLessThanOrEqual(1_000);
  expect(percentile(delaysMs, 0.95)).toBeLessThanOrEqual(11_000);
});

it('callbacks that are lost, doubled and reordered lose no end', { timeout: 60_000 }, async () => {
  const { ends, simulator } = await run({ loseRate: 0.3, doubleRate: 0.3, reorderRate: 0.3 });
  expect(ends).toEqual(Array.from({ length: 12 }, () => 'succeeded'));
  expect(simulator.callbacks.some(({ skipped }) => skipped === 'lost')).toBe(true);
});
