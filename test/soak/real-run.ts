/**
 * The fault-injection run over real sockets: `node real.mjs '{"seed":1,"tasks":500}'`, after a build. The simulator is behind a slow
 * proxy. A third of the tasks is polled through undici, a third through the platform's fetch, and a third by a program with a journal, files
 * and a page. The servers stop and restart during the run, and so does the program.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as realTime } from 'node:timers/promises';
import { defer, firstValueFrom, lastValueFrom, tap, timer } from 'rxjs';
import { Agent } from 'undici';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { undiciTransport } from '../../src/adapters/undici.js';
import { account, constantDelay, createTaskClient, type TaskSnapshot, type TaskClient, type TaskRef, type Transport } from '../../src/index.js';
import { download } from '../../src/node/index.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { pollFaults, atSpeed, startSimulator } from '../../src/simulator/index.js';
import { fraction } from '../../src/simulator/random.js';
import { filePath } from '../../src/simulator/routes.js';
import { videoFile } from '../../src/simulator/video-file.js';
import { caseOf, expectedEnd, isEndless, longestWaitMs } from './cases.js';
import { follow } from './follower.js';
import { startProgram } from './program.js';
import { startProxy, numberHeader } from './proxy.js';
import type { TaskRecord, WatchRecord } from './records.js';
import { faultFigures, type Figure, holds, linesOf } from './report.js';
import { delaysOf, check } from './checker.js';
import { keyOf, leakIn, searchOutput } from './secrets.js';

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
const printed = searchOutput();
process.on('unhandledRejection', (reason) => void rejections.push(String(reason)));
process.on('warning', (warning) => void rejections.push(String(warning)));
const resourcesBefore = resources();
const listenersBefore = listeners();
const startedAtMs = performance.now();

const keysOf = (provider: string): readonly string[] => Array.from({ length: accounts }, (_, index) => keyOf(provider, index));
/** Requests a minute, for each key. The clients are told about it for every second account, and find it for the others. */
const perMinute = Math.max(12, Math.ceil(count / providers.length / accounts));
const directory = mkdtempSync(join(tmpdir(), 'soak-'));
const httpAgent = new HttpAgent({ keepAlive: false });
const simulator = await startSimulator({
  seed,
  speed,
  keys: Object.fromEntries(providers.map(({ id }) => [id, keysOf(id)])),
  rateLimit: { perMinute, retryAfter: true },
  // The fault of new tasks is injected: at random it could affect a task that a list has already reported.
  faults: { rate: 0.3, kinds: pollFaults.filter((kind) => kind !== 'not-found-after-creation') },
});
const proxy = await startProxy({ target: simulator.url, seed, requestTimeoutMs, scheduler: time, givenLimitOf: (key) => (key.endsWith('=1') ? perMinute : null) });

const agent = new Agent();
/** Records when each request is sent and when its response arrives. */
const noted = (client: string, transport: Transport): Transport => (request) =>
  defer(() => {
    const number = proxy.leaves(client, request);
    return transport({ ...request, headers: { ...request.headers, [numberHeader]: number } }).pipe(tap(() => proxy.arrives(number)));
  });
const newClient = (name: string, transport: Transport): TaskClient =>
  createTaskClient<string>({
    transport: noted(name, transport),
    requestTimeoutMs,
    scheduler: time,
    accounts: providers.flatMap((provider) =>
      keysOf(provider.id).map((apiKey, index) =>
        account(provider, {
          apiKey,
          name: `account-${index}`,
          baseUrl: simulator.baseUrl(provider.id).replace(simulator.url, proxy.url),
          rateLimit: index === 1 ? { perMinute } : {},
        }),
      ),
    ),
  });
/** The client of a program, and the client of the program after a restart. */
const twoClients = (name: string, transport: Transport) => [newClient(`${name} 1`, transport), newClient(`${name} 2`, transport)] as const;
const byUndici = twoClients('undici', undiciTransport({ dispatcher: agent }));
const byFetch = twoClients('fetch', fetchTransport());
let lives = 0;
const program = await startProgram({
  directory,
  newClient: () => newClient(`program ${(lives += 1)}`, undiciTransport({ dispatcher: agent })),
  scheduler: time,
  deadlineMs: 24 * hours,
  restMs: 5 * minutes,
  agent: httpAgent,
  exchanges: ({ provider, id }) => proxy.exchanges(provider, id).length,
});

const records: TaskRecord[] = [];
let injected = 0;

const runTask = async (index: number): Promise<void> => {
  const one = caseOf(seed, index, accounts);
  const { provider, outcome, queueMs, runMs, serviceTier, resolution } = one;
  await rest(one.createdAfterMs);
  const createdAtMs = time.now();
  const { id } = simulator.submit(provider, { outcome, queueMs, runMs, serviceTier, resolution });
  if (fraction(seed, index, 'cut') < 0.3) simulator.fault({ provider, id }, 'cut-download', 2);
  if (fraction(seed, index, 'new') < 0.1) {
    simulator.fault({ provider, id }, 'not-found-after-creation');
    injected += 1;
  }
  // Every third task of each account.
  const by = isEndless(one) ? 'undici' : (['undici', 'fetch', 'program'] as const)[Math.floor(index / providers.length / accounts) % 3];
  const task: TaskRef = { provider, id, account: `account-${one.account}` };
  const watches: WatchRecord[] = [];
  records.push({
    name: `${index} ${provider}/account-${one.account}/${id} (${outcome}, by ${by})`,
    expected: expectedEnd(one),
    endsAtMs: isEndless(one) ? null : createdAtMs + queueMs + (outcome === 'cancelled' ? 0 : runMs),
    longestWaitMs: longestWaitMs[provider],
    isLimited: true,
    get exchanges() { return proxy.exchanges(provider, id); },
    watches,
  });
  if (by === 'program') {
    followedByProgram.push(task);
    await new Promise<void>((ended) => watches.push(program.add(task, ended)));
    return;
  }
  await Promise.all(
    one.watches.map(async (watchCase) => {
      await rest(watchCase.afterMs);
      await new Promise<void>((ended) => {
        watches.push(follow({
          clients: by === 'fetch' ? byFetch : byUndici,
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
  const last = watches[0]?.seen.at(-1)?.snapshot as TaskSnapshot | undefined;
  if (last?.status === 'succeeded') compareFile(task, await downloaded(last));
};

const wrongFiles: string[] = [];
let files = 0;
const compareFile = (task: TaskRef, path: string): void => {
  files += 1;
  const name = filePath(task, 'video');
  const file = videoFile(name, simulator.scenario(task).durationMs, null);
  const is = (() => { try { return readFileSync(path); } catch { return Buffer.alloc(0); } })();
  if (!is.equals(Buffer.concat([...file.read(0, file.size - 1)]))) wrongFiles.push(`${name}: ${is.length} bytes in ${path}, and ${file.size} at the host`);
};

/** The path of a snapshot's video, or the error of its download. */
const downloaded = (snapshot: TaskSnapshot): Promise<string> =>
  lastValueFrom(download(snapshot, { directory: join(directory, 'own'), client: byUndici[0], agent: httpAgent, retry: constantDelay(200) })).then(({ path }) => path, String);

const followedByProgram: TaskRef[] = [];

/** Stops the servers three times, for four minutes each. */
const outages = async (): Promise<void> => {
  for (const afterMs of [5, 8, 8]) {
    await rest(afterMs * minutes);
    await Promise.all([proxy.stop(), simulator.stop()]);
    await rest(4 * minutes);
    await Promise.all([proxy.restart(), simulator.restart()]);
    program.restart();
    simulator.setRateLimit({ perMinute, window: 'token-bucket', retryAfter: false });
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

/** Waits until a condition holds, at most ten seconds. */
const until = async (holdsNow: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 500 && !holdsNow(); tries += 1) await realTime(20);
};

const savedByProgram = (): readonly TaskRef[] => followedByProgram.filter((task) => simulator.scenario(task).outcome === 'succeeds');
await until(() => savedByProgram().every((task) => ['saved', 'not-saved'].includes(program.videoOf(task)?.kind ?? '')));
for (const task of savedByProgram()) {
  const event = program.videoOf(task);
  compareFile(task, event?.kind === 'saved' ? event.path : JSON.stringify(event));
}
/** Once with the changes since the last restart, and once with a whole feed. */
const pageDifferences: string[] = [];
for (const next of [program.restart, program.stop]) {
  await until(() => program.pageDifferences().length === 0);
  pageDifferences.push(...program.pageDifferences());
  next();
}
const inJournal = new Set(readFileSync(join(directory, 'watches.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line).task.id));
const leaks = [
  ...program.leaks,
  ...readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).flatMap(({ name, parentPath }) => leakIn(readFileSync(join(parentPath, name), 'latin1')) ?? []),
];
rmSync(directory, { recursive: true });

/** A request that gets no response, and that nobody waits for any more, leaves no socket. */
for (const client of [byUndici[0], byFetch[0]]) {
  const task = simulator.submit('ark');
  simulator.fault(task, 'hang');
  const watching = client.watch({ ...task, account: 'account-0' }).subscribe();
  await until(() => proxy.figures.underWay > 0);
  watching.unsubscribe();
  await until(() => proxy.figures.underWay === 0);
}
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
const polls = requests.filter(({ limited, path }) => !limited && !path.startsWith('/files/'));
const kinds = new Set(polls.flatMap(({ fault }) => fault ?? []));
const delays = [...delaysOf(records)].sort((a, b) => a - b);
const delayAt = (share: number): number => (delays[Math.floor((delays.length - 1) * share)] ?? NaN) / minutes;
const sum = (of: (watch: WatchRecord) => number): number => watches.reduce((total, watch) => total + of(watch), 0);

const all: readonly Figure[] = [
  { what: 'tasks', value: records.length, atLeast: count },
  { what: 'watchers', value: watches.length, atLeast: count },
  { what: 'requests', value: figures.requests },
  { what: '… of them lists', value: figures.lists },
  { what: 'polls of one task', value: figures.polls },
  { what: 'responses with a fault', value: (100 * polls.filter(({ fault }) => fault !== null).length) / polls.length, unit: '%', atLeast: 25 },
  { what: 'kinds of fault', value: kinds.size, atLeast: pollFaults.length, examples: pollFaults.filter((kind) => !kinds.has(kind)) },
  { what: 'slow bodies in pieces', value: figures.slow, atLeast: 1 },
  { what: '… that never end', value: figures.tooSlow, atLeast: 1 },
  { what: 'responses of a real rate limit', value: requests.filter(({ limited }) => limited).length, atLeast: 1 },
  { what: 'watches stopped and resumed', value: sum(({ resumeCount }) => resumeCount), atLeast: 1 },
  { what: 'watches given up and resumed', value: sum(({ errors, end }) => errors.length - Number(['gone', 'never known', 'deadline'].includes(end ?? ''))) },
  { what: 'requests received twice', value: figures.twice, atMost: 0 },
  ...faultFigures(check(records, proxy.keys(), { minIntervalMs: 10_000 - readingMs, giveUpAfterMs: 15 * minutes - readingMs, requestTimeoutMs, readingMs, latenessMs: 1_000 * speed })),
  { what: 'files', value: files, atLeast: 1 },
  { what: '… that differ from the file of the host', value: wrongFiles.length, atMost: 0, examples: wrongFiles },
  { what: 'tasks in the journal that are missing', value: followedByProgram.filter(({ id }) => !inJournal.has(id)).length, atMost: 0 },
  { what: 'rows of the page that differ', value: pageDifferences.length, atMost: 0, examples: pageDifferences },
  { what: 'keys in events, on the page and in files', value: leaks.length, atMost: 0, examples: leaks },
  { what: 'printed keys', value: printed.length, atMost: 0, examples: printed },
  { what: 'unhandled rejections and warnings', value: rejections.length, atMost: 0, examples: rejections },
  { what: 'requests left at the server', value: requestsLeft, atMost: 0 },
  { what: 'requests left in the pool', value: waiting, atMost: 0 },
  { what: 'timers left', value: timersLeft.length, atMost: 0 },
  { what: 'listeners left on the process', value: listeners() - listenersBefore, atMost: 0 },
  { what: 'sockets left after closing the pools', value: socketsLeft, atMost: 0 },
  { what: 'resources left after closing the servers', value: left.length, atMost: 0, examples: left },
  { what: 'from end to notice: median', value: delayAt(0.5), unit: 'min' },
  { what: '… 99th percentile', value: delayAt(0.99), unit: 'min' },
  { what: '… longest', value: delayAt(1), unit: 'min' },
  { what: 'real time', value: (performance.now() - startedAtMs) / 1000, unit: 's' },
];
console.log(linesOf(all).join('\n'));
console.log(`not-found-after-creation was injected ${injected} times; the servers were down three times`);
process.exitCode = all.every(holds) ? 0 : 1;
// Resources that were left must not keep the process running.
process.exit();
