/**
 * The fault-injection run in virtual time: `node virtual.mjs '{"seed":1,"tasks":10000}'`, after a build. It simulates hours in a minute.
 */
import { timer } from 'rxjs';
import { account, createTaskClient, type TaskClient } from '../../src/index.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { pollFaults } from '../../src/simulator/faults.js';
import { caseOf, expectedEnd, isEndless, limitOf, longestWaitMs } from './cases.js';
import { follow } from './follower.js';
import type { TaskRecord } from './records.js';
import { faultFigures, type Figure, holds, linesOf } from './report.js';
import { delaysOf, check } from './checker.js';
import { keyOf, searchOutput } from './secrets.js';
import { installVirtualClock } from './virtual-clock.js';
import { virtualNetwork } from './virtual-network.js';

const minutes = 60_000;
const hours = 60 * minutes;
const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast] as const;

const { seed, tasks: count }: { readonly seed: number; readonly tasks: number } = JSON.parse(process.argv[2] ?? '{"seed":1,"tasks":600}');
const accounts = Math.max(4, Math.round(count / 500));
const requestTimeoutMs = 30_000;
/** About half of what the tasks of an account need at their busiest, and enough for the least that two clients send. */
const limit = (index: number) => limitOf(index, Math.max(12, Math.ceil(count / providers.length / accounts / 2)));

/** Unhandled rejections and warnings of Node. */
const rejections: string[] = [];
const printed = searchOutput();
process.on('unhandledRejection', (reason) => void rejections.push(String(reason)));
process.on('warning', (warning) => void rejections.push(String(warning)));

const realMs = performance.now.bind(performance);
const startedAtMs = realMs();
const startMs = Date.UTC(2026, 0, 1);
const clock = installVirtualClock(startMs);
const network = virtualNetwork({
  seed,
  limitOf: limit,
  faultRate: 0.3,
  requestTimeoutMs,
  // The last one is longer than the time after which a watch gives up.
  outages: [[12, 4], [31, 4], [45, 40]].map(([minute = 0, length = 0]) => ({ fromMs: minute * minutes, forMs: length * minutes })),
});

const newClient = (client: number): TaskClient =>
  createTaskClient<string>({
    transport: network.transport(client),
    requestTimeoutMs,
    accounts: providers.flatMap((provider) =>
      Array.from({ length: accounts }, (_, index) =>
        account(provider, { apiKey: keyOf(provider.id, index), name: `account-${index}`, rateLimit: { perMinute: limit(index).given ?? undefined } })),
    ),
  });
const clients = [newClient(1), newClient(2)] as const;

const records: TaskRecord[] = [];
let outlived = 0;
for (let index = 0; index < count; index += 1) {
  const one = caseOf(seed, index, accounts);
  timer(one.createdAfterMs).subscribe(() => {
    const { provider, outcome, queueMs, runMs, serviceTier, resolution } = one;
    const { id } = network.submit(provider, one.account, { outcome, queueMs, runMs, serviceTier, resolution });
    const watches: TaskRecord['watches'][number][] = [];
    const exchanges = network.exchanges;
    records.push({
      name: `${index} ${provider}/account-${one.account}/${id} (${outcome})`,
      expected: expectedEnd(one),
      endsAtMs: isEndless(one) ? null : clock.now() + queueMs + (outcome === 'cancelled' ? 0 : runMs),
      longestWaitMs: longestWaitMs[provider],
      isLimited: limit(one.account).given !== null || limit(one.account).real !== null,
      get exchanges() { return exchanges(provider, one.account, id); },
      watches,
    });
    for (const watchCase of one.watches) {
      timer(watchCase.afterMs).subscribe(() => {
        watches.push(follow({
          clients,
          task: { provider, id, account: `account-${one.account}` },
          watchCase,
          deadlineMs: isEndless(one) ? hours : 24 * hours,
          restMs: 5 * minutes,
          exchanges: () => exchanges(provider, one.account, id).length,
          ended: () => undefined,
          stopped: () => {
            // Another watch or a query may keep the request.
            if (one.watches.length === 1 && watchCase.queryAfterMs === null) outlived += network.underWay(provider, one.account, id);
          },
        }));
      });
    }
  });
}
clock.run();

const { figures } = network;
const watches = records.flatMap((record) => record.watches);
const faulty = [...figures.faults.values()].reduce((sum, times) => sum + times, 0);
const responses = figures.requests - figures.cut;
const delays = [...delaysOf(records)].sort((a, b) => a - b);
const delayAt = (share: number): number => (delays[Math.floor((delays.length - 1) * share)] ?? NaN) / minutes;
const sum = (of: (watch: (typeof watches)[number]) => number): number => watches.reduce((total, watch) => total + of(watch), 0);

const all: readonly Figure[] = [
  { what: 'tasks', value: records.length, atLeast: count },
  { what: 'watchers', value: watches.length, atLeast: count },
  { what: 'requests', value: figures.requests },
  { what: '… of them lists', value: figures.lists, atLeast: 1 },
  { what: 'polls of one task', value: figures.polls },
  { what: 'responses with a fault', value: (100 * faulty) / (responses - figures.overLimit), unit: '%', atLeast: 28 },
  { what: 'kinds of fault', value: figures.faults.size, atLeast: pollFaults.length },
  { what: 'requests during an outage', value: figures.cut, atLeast: 1 },
  { what: 'slow responses', value: figures.slow, atLeast: 1 },
  { what: '… slower than the timeout', value: figures.tooSlow, atLeast: 1 },
  { what: 'responses of a real rate limit', value: figures.overLimit, atLeast: 1 },
  { what: 'watches stopped and resumed', value: sum(({ resumeCount }) => resumeCount), atLeast: 1 },
  { what: 'watches given up and resumed', value: sum(({ errors, end }) => errors.length - Number(['gone', 'never known', 'deadline'].includes(end ?? ''))) },
  ...faultFigures(check(records, network.keys(), { minIntervalMs: 10_000, giveUpAfterMs: 15 * minutes, requestTimeoutMs, readingMs: 0, latenessMs: 0 })),
  { what: 'polls with the key of another account', value: figures.foreign, atMost: 0 },
  { what: 'printed keys', value: printed.length, atMost: 0, examples: printed },
  { what: 'unhandled rejections and warnings', value: rejections.length, atMost: 0, examples: rejections },
  { what: 'requests that outlive their watch', value: outlived, atMost: 0 },
  { what: 'requests left', value: figures.underWay, atMost: 0 },
  { what: 'timers left', value: clock.timers(), atMost: 0 },
  { what: 'from end to notice: median', value: delayAt(0.5), unit: 'min', atMost: 2 },
  { what: '… 99th percentile', value: delayAt(0.99), unit: 'min', atMost: 20 },
  { what: '… longest', value: delayAt(1), unit: 'min' },
  { what: 'virtual time', value: (clock.now() - startMs) / hours, unit: 'h' },
  { what: 'real time', value: (realMs() - startedAtMs) / 1000, unit: 's' },
];
console.log(linesOf(all).join('\n'));
process.exitCode = all.every(holds) ? 0 : 1;
