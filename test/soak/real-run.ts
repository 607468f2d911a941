/**
 * The fault-injection run over real sockets: `node real.mjs '{"seed":1,"tasks":500}'`, after a build. The simulator is behind a slow
 * proxy. Half of the tasks are polled through undici, half through the platform's fetch. The servers stop and restart during the run.
 */
import { setTimeout as realTime } from 'node:timers/promises';
import { defer, firstValueFrom, tap, timer } from 'rxjs';
import { Agent } from 'undici';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { undiciTransport } from '../../src/adapters/undici.js';
import { account, createTaskClient, type TaskClient, type TaskRef, type Transport } from '../../src/index.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { pollFaults, atSpeed, startSimulator } from '../../src/simulator/index.js';
import { fraction } from '../../src/simulator/random.js';
import { caseOf, expectedEnd, isEndless } from './cases.js';
import { follow } from './follower.js';
import { startProxy, numberHeader } from './proxy.js';
import type { TaskRecord, WatchRecord } from './records.js';
import { faultFigures, type Figure, holds, linesOf } from './report.js';
import { delaysOf, check } from './checker.js';

const minutes = 60_000;
const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast] as const;
const accounts = 2;
const hours = 60 * minutes;
const requestTimeoutMs = 30_000;

const { seed, tasks: count }: { readonly seed: number; readonly tasks: number } = JSON.parse(process.argv[2] ?? '{"seed":1,"tasks":60}');
const speed = count <= 100 ? 200 : 100;
/** The scheduler of the run: all times are in simulated time unless their name says otherwise. */
const time = atSpeed(speed);
const rest = (ms: number): Promise<unknown> => firstValueFrom(timer(ms, time));
/** The tolerance between the library's own reading of the clock and the reading here: 2 ms of real time. */
const readingMs = 2 * speed;

console.log(`one minute of simulated time takes ${minutes / speed} ms`);
const resources = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
};
/** The kinds of the resources that are open now and were not open before. */
const leftSince = (before: ReadonlyMap<string, number>): readonly string[] =>
  [...resources()].flatMap(([kind, number]) => Array.from({ length: Math.max(0, number - (before.get(kind) ?? 0)) }, () => kind));
const listeners = (): number => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);

const rejections: string[] = [];
process.on('unhandledRejection', (reason) => void rejections.push(String(reason)));
process.on('warning', (warning) => void rejections.push(String(warning)));
const resourcesBefore = resources();
const listenersBefore = listeners();
const startedAtMs = performance.now();

const keysOf = (provider: string): readonly string[] => Array.from({ length: accounts }, (_, index) => `key-of-${provider}-${index}`);
const simulator = await startSimulator({
  seed,
  speed,
  keys: Object.fromEntries(providers.map(({ id }) => [id, keysOf(id)])),
  // The fault of new tasks is injected: at random it could affect a task that a list has already reported.
  faults: { rate: 0.3, kinds: pollFaults.filter((kind) => kind !== 'not-found-after-creation') },
});
const proxy = await startProxy({ target: simulator.url, seed, requestTimeoutMs, scheduler: time });

const agent = new Agent();
/** Records when each request is sent and when its response arrives. */
const noted = (transport: Transport): Transport => (request) =>
  defer(() => {
    const number = proxy.leaves(request.url);
    return transport({ ...request, headers: { ...request.headers, [numberHeader]: number } }).pipe(tap(() => proxy.arrives(number)));
  });
const newClient = (transport: Transport): TaskClient =>
  createTaskClient<string>({
    transport: noted(transport),
    requestTimeoutMs,
    scheduler: time,
    accounts: providers.flatMap((provider) =>
      keysOf(provider.id).map((apiKey, index) =>
        account(provider, { apiKey, name: `account-${index}`, baseUrl: simulator.baseUrl(provider.id).replace(simulator.url, proxy.url) }),
      ),
    ),
  });
/** The client of a program, and the client of the program after a restart. */
const twoClients = (transport: Transport) => [newClient(transport), newClient(transport)] as const;
const byUndici = twoClients(undiciTransport({ dispatcher: agent }));
const byFetch = twoClients(fetchTransport());

const records: TaskRecord[] = [];
let injected = 0;

const runTask = async (index: number): Promise<void> => {
  const one = caseOf(seed, index, accounts);
  const { provider, outcome, queueMs, runMs, serviceTier } = one;
  await rest(one.createdAfterMs);
  const createdAtMs = time.now();
  const { id } = simulator.submit(provider, { outcome, queueMs, runMs, serviceTier });
  if (fraction(seed, index, 'new') < 0.1) {
    simulator.fault({ provider, id }, 'not-found-after-creation');
    injected += 1;
  }
  // Every second task of each account.
  const isByFetch = Math.floor(index / providers.length / accounts) % 2 === 1;
  const task: TaskRef = { provider, id, account: `account-${one.account}` };
  const watches: WatchRecord[] = [];
  records.push({
    name: `${index} ${provider}/account-${one.account}/${id} (${outcome}, by ${isByFetch ? 'fetch' : 'undici'})`,
    expected: expectedEnd(one),
    endsAtMs: isEndless(one) ? null : createdAtMs + queueMs + (outcome === 'cancelled' ? 0 : runMs),
    get exchanges() { return proxy.exchanges(provider, id); },
    watches,
  });
  await Promise.all(
    one.watches.map(async (watchCase) => {
      await rest(watchCase.afterMs);
      await new Promise<void>((ended) => {
        watches.push(follow({
          clients: isByFetch ? byFetch : byUndici,
          task,
          watchCase,
          deadlineMs: isEndless(one) ? hours : 24 * hours,
          readingMs,
          scheduler: time,
          restMs: 5 * minutes,
          exchanges: () => proxy.exchanges(provider, id).length,
          ended,
        }));
      });
    }),
  );
};

/** Stops the servers three times, for four minutes each. */
const outages = async (): Promise<void> => {
  for (const afterMs of [5, 8, 8]) {
    await rest(afterMs * minutes);
    await Promise.all([proxy.stop(), simulator.stop()]);
    await rest(4 * minutes);
    await Promise.all([proxy.restart(), simulator.restart()]);
  }
};

// The figures are printed even if a watch never ends.
const limit = new AbortController();
const longestMs = 180_000;
await Promise.race([
  Promise.all([...Array.from({ length: count }, (_, index) => runTask(index)), outages()]),
  realTime(longestMs, undefined, { signal: limit.signal }),
]);
limit.abort();

/** Waits until a condition holds, at most two seconds. */
const until = async (holdsNow: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 100 && !holdsNow(); tries += 1) await realTime(20);
};

await until(() => proxy.figures.underWay === 0);
const requestsLeft = proxy.figures.underWay;
await until(() => !leftSince(resourcesBefore).includes('Timeout'));
const timersLeft = leftSince(resourcesBefore).filter((kind) => kind === 'Timeout');
const pools = Object.values(agent.stats);
const waiting = pools.reduce((total, { size }) => total + size, 0);

/** The connection pool of Node's fetch. */
const platform: { readonly close: () => Promise<void> } = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
await Promise.race([Promise.all([agent.close(), platform.close()]), realTime(2_000, undefined, { ref: false })]);
await until(() => proxy.sockets() === 0);
const socketsLeft = proxy.sockets();
await Promise.all([proxy.stop(), simulator.stop()]);
await until(() => leftSince(resourcesBefore).length === 0);
const left = leftSince(resourcesBefore);

const watches = records.flatMap((record) => record.watches);
const { figures } = proxy;
const { requests } = simulator;
const kinds = new Set(requests.flatMap(({ fault }) => fault ?? []));
const delays = [...delaysOf(records)].sort((a, b) => a - b);
const delayAt = (share: number): number => (delays[Math.floor((delays.length - 1) * share)] ?? NaN) / minutes;
const sum = (of: (watch: WatchRecord) => number): number => watches.reduce((total, watch) => total + of(watch), 0);

const all: readonly Figure[] = [
  { what: 'tasks', value: records.length, atLeast: count },
  { what: 'watchers', value: watches.length, atLeast: count },
  { what: 'requests', value: figures.requests },
  { what: '… of them lists', value: figures.lists },
  { what: 'polls of one task', value: figures.polls },
  { what: 'responses with a fault', value: (100 * requests.filter(({ fault }) => fault !== null).length) / requests.length, unit: '%', atLeast: 25 },
  { what: 'kinds of fault', value: kinds.size, atLeast: pollFaults.length, examples: pollFaults.filter((kind) => !kinds.has(kind)) },
  { what: 'slow bodies in pieces', value: figures.slow, atLeast: 1 },
  { what: '… that never end', value: figures.tooSlow, atLeast: 1 },
  { what: 'watches stopped and resumed', value: sum(({ resumeCount }) => resumeCount), atLeast: 1 },
  { what: 'watches given up and resumed', value: sum(({ errors, end }) => errors.length - Number(['gone', 'never known', 'deadline'].includes(end ?? ''))) },
  { what: 'requests received twice', value: figures.twice, atMost: 0 },
  ...faultFigures(check(records, { minIntervalMs: 10_000 - readingMs, giveUpAfterMs: 15 * minutes - readingMs })),
  { what: 'unhandled rejections and warnings', value: rejections.length, atMost: 0, examples: rejections },
  { what: 'requests left at the server', value: requestsLeft, atMost: 0 },
  { what: 'requests left in the pool', value: waiting, atMost: 0 },
  { what: 'timers left', value: timersLeft.length, atMost: 0 },
  { what: 'listeners left on the process', value: listeners() - listenersBefore, atMost: 0 },
  { what: 'sockets left after closing the pools', value: socketsLeft, atMost: 0 },
  { what: 'resources left after closing the servers', value: left.length, atMost: 0, examples: left },
  { what: 'from end to notice: median', value: delayAt(0.5), unit: 'min' },
  { what: '… 99th percentile', value: delayAt(0.99), unit: 'min' },
  { what: '… longest', value: delayAt(1), unit: 'min', atMost: 60 },
  { what: 'real time', value: (performance.now() - startedAtMs) / 1000, unit: 's' },
];
console.log(linesOf(all).join('\n'));
console.log(`not-found-after-creation was injected ${injected} times; the servers were down three times`);
process.exitCode = all.every(holds) ? 0 : 1;
// Resources that were left must not keep the process running.
process.exit();
