// @ts-check
/**
 * `npm start`: runs `rx-seedance watch --download` on two dozen tasks of six providers, over real HTTP. The simulator plays the providers
 * at 25× real time, with several outcomes and random faults. The exit code is 0 if every task ended as planned and every video is saved.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { simulatedProviders, startSimulator } from 'rx-seedance/simulator';

/**
 * @typedef {import('rx-seedance').FeedEvent} FeedEvent
 * @typedef {import('rx-seedance/node').SaveEvent} SaveEvent
 */

const speed = 25;

/** The scenarios of each provider's four tasks. */
const plans = /** @type {const} */ ({
  ark: [{ outcome: 'succeeds' }, { outcome: 'succeeds', durationMs: 12_000 }, { outcome: 'moderated' }, { outcome: 'expires' }],
  powertokens: [{ outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'cancelled' }, { outcome: 'disappears' }],
  yescale: [{ outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'fails' }],
  kyyaipower: [{ outcome: 'succeeds' }, { outcome: 'succeeds', resolution: '1080p', queueMs: 20_000, runMs: 200_000 }, { outcome: 'cancelled' }, { outcome: 'fails' }],
  xingchao: [{ outcome: 'succeeds' }, { outcome: 'succeeds', resolution: '480p' }, { outcome: 'succeeds' }, { outcome: 'unknown-status' }],
  anyfast: [{ outcome: 'succeeds' }, { outcome: 'succeeds', ultra: true }, { outcome: 'succeeds' }, { outcome: 'moderated' }],
});

/** What a watch must make of each outcome. @type {Readonly<Record<import('rx-seedance/simulator').Outcome, string>>} */
const expectedEnds = {
  succeeds: 'saved',
  fails: 'failed',
  moderated: 'failed',
  cancelled: 'cancelled',
  expires: 'expired',
  disappears: 'errored',
  'unknown-status': 'errored',
  stalls: 'errored',
};

// A reader such as `npm start 2>&1 | head` closes the pipe. Ignore that error.
process.stderr.on('error', () => undefined);

const simulator = await startSimulator({ speed, seed: 24, faults: { rate: 0.08 } });
const tasks = [0, 1, 2, 3].flatMap((index) => simulatedProviders.map((id) => simulator.submit(id, plans[id][index] ?? {})));

const directory = join(mkdtempSync(join(tmpdir(), 'rx-seedance-')), 'videos');
const command = ['watch', '-', '--download', directory, '--deadline', '6m', '--json'];
const addresses = simulatedProviders.flatMap((id) => [[`${id.toUpperCase()}_API_KEY`, simulator.apiKey(id)], [`${id.toUpperCase()}_BASE_URL`, simulator.baseUrl(id)]]);
/** The simulator's clock, which the command uses too. */
const clock = { RX_SEEDANCE_SPEED: `${speed}`, RX_SEEDANCE_ORIGIN_MS: `${performance.timeOrigin}` };

console.error(`${tasks.length} tasks at ${simulator.url}, at ${speed}× real time; some fail, disappear or are cancelled.\n$ rx-seedance ${command.join(' ')}\n`);
const child = spawn(process.execPath, [fileURLToPath(new URL('../../dist/cli.js', import.meta.url)), ...command], {
  stdio: ['pipe', 'pipe', 'inherit'], // the board is drawn on stderr
  env: { ...process.env, ...Object.fromEntries(addresses), ...clock },
});
// Ctrl-C goes to both processes: the command ends by itself and prints its progress.
process.on('SIGINT', () => undefined);

/** @type {Map<string, string>} */
const ends = new Map();
createInterface({ input: child.stdout }).on('line', (line) => {
  const event = /** @type {FeedEvent | SaveEvent} */ (JSON.parse(line));
  if (event.kind === 'saved') ends.set(event.task.id, 'saved');
  if (event.kind === 'not-saved') ends.set(event.task.id, event.reason);
});
const closed = new Promise((resolve) => child.once('close', resolve));

// Add tasks while others are watched.
child.stdin.on('error', () => undefined); // the command was interrupted
for (const { provider, id } of tasks) {
  child.stdin.write(`${provider}:${id}\n`);
  await after(40);
}
child.stdin.end();
const code = await closed;
await simulator.stop();

const wrong = tasks.filter((task) => ends.get(task.id) !== expectedEnds[simulator.scenario(task).outcome]);
for (const task of wrong) console.error(`${task.provider}:${task.id} ended as ${ends.get(task.id) ?? 'nothing'}, but the plan was ${simulator.scenario(task).outcome}`);
if (wrong.length === 0) console.error(`Every task ended as planned. The videos are in ${directory}`);
process.exitCode = wrong.length === 0 ? 0 : code === 130 ? 130 : 1;
