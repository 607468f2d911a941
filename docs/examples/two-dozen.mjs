// @ts-check
/**
 * `npm start`: two dozen tasks on six providers, over real HTTP, in one live feed. The providers are played by the simulator, 25
 * times faster than life, with mixed fates and a sprinkling of faults. Exit code 0 when every task came to the end it was given.
 */
import { concatMap, delay, from, lastValueFrom, of, tap } from 'rxjs';
import { account, createTaskClient, taskKey, toFeed, watchTasks } from 'rx-seedance';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { kyyaipower } from 'rx-seedance/providers/kyyaipower';
import { powertokens } from 'rx-seedance/providers/powertokens';
import { xingchao } from 'rx-seedance/providers/xingchao';
import { yescale } from 'rx-seedance/providers/yescale';
import { spedUp, startSimulator } from 'rx-seedance/simulator';
import { undiciTransport } from 'rx-seedance/undici';
import { boardFor, summary } from './two-dozen-board.mjs';

const speed = 25;
const providers = /** @type {const} */ ([ark, powertokens, yescale, kyyaipower, xingchao, anyfast]);

/** What becomes of each provider's four tasks, and what a watch must make of it. */
const plans = /** @type {const} */ ({
  ark: [{ fate: 'succeeds' }, { fate: 'succeeds', durationMs: 12_000 }, { fate: 'moderated' }, { fate: 'expires' }],
  powertokens: [{ fate: 'succeeds' }, { fate: 'succeeds' }, { fate: 'cancelled' }, { fate: 'vanishes' }],
  yescale: [{ fate: 'succeeds' }, { fate: 'succeeds' }, { fate: 'succeeds' }, { fate: 'fails' }],
  kyyaipower: [{ fate: 'succeeds' }, { fate: 'succeeds', resolution: '1080p', queueMs: 20_000, runMs: 200_000 }, { fate: 'cancelled' }, { fate: 'fails' }],
  xingchao: [{ fate: 'succeeds' }, { fate: 'succeeds', resolution: '480p' }, { fate: 'succeeds' }, { fate: 'unknown-word' }],
  anyfast: [{ fate: 'succeeds' }, { fate: 'succeeds', ultra: true }, { fate: 'succeeds' }, { fate: 'moderated' }],
});

/** @type {Readonly<Record<import('rx-seedance/simulator').Fate, string>>} */
const expectedEnds = {
  succeeds: 'succeeded',
  fails: 'failed',
  moderated: 'failed',
  cancelled: 'cancelled',
  expires: 'expired',
  vanishes: 'lost (gone)',
  'unknown-word': 'lost (timeout)',
  stalls: 'lost (timeout)',
};

// Whoever reads only the beginning (`npm start | head`) closes the pipe: that is no error.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const simulator = await startSimulator({ speed, seed: 24, faults: { rate: 0.08 } });

const client = createTaskClient({
  transport: undiciTransport(),
  accounts: providers.map((provider) =>
    account(spedUp(provider, speed), { apiKey: simulator.apiKey(provider.id), baseUrl: simulator.baseUrl(provider.id) }),
  ),
  askTimeoutMs: 1_500,
  deadlineMs: 14_000,
});

const tasks = [0, 1, 2, 3].flatMap((index) =>
  providers.map(({ id }) => simulator.submit(id, plans[id][index] ?? {})),
);
const startedAtMs = Date.now();
const board = boardFor(process.stdout, { simulator: `${simulator.url}, ${speed} times faster than life`, tasks, startedAtMs });

const feed = await lastValueFrom(
  from(tasks).pipe(
    concatMap((task) => of(task).pipe(delay(40))), // refs may come while others are watched
    watchTasks(client),
    toFeed(),
    tap(board.show),
  ),
);
board.close();

const rows = tasks.map((task) => {
  const row = feed.tasks.get(task);
  const end = row === undefined ? 'never heard of' : row.error === null ? String(row.status) : `lost (${'kind' in row.error ? row.error.kind : row.error.name})`;
  const expiresAtMs = row?.snapshot?.status === 'succeeded' ? (row.snapshot.video?.expiresAtMs ?? null) : null;
  const expected = expectedEnds[simulator.plan(task).fate];
  return { task, end, isExpected: end === expected, tookMs: board.tookMs(task), asks: simulator.asks(task), expiresAtMs };
});
process.stdout.write(summary(process.stdout, rows, feed));
await simulator.stop();

const wrong = rows.filter(({ isExpected }) => !isExpected);
for (const { task, end } of wrong) console.error(`${taskKey(task)} ended as ${end}, planned was ${simulator.plan(task).fate}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
