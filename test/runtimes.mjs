// @ts-check
/**
 * `npm run test:runtimes -- [--ci] [names …]`: follows tasks of all providers in every runtime of the table, or in those that are named, with
 * the package as it is published. Packs it once, installs it into a temporary project for each row, and prints a table. Needs a build
 * (`npm run build`) and a registry. The exit code says whether all rows passed. `--ci` leaves out the slow ones.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulatedProviders, startSimulator } from 'rx-seedance/simulator';
import { rows } from './runtimes/rows.mjs';
import { run } from './runtimes/tools.mjs';

const speed = 60;

/** What some polls get. `hang` is left out: it takes a real minute. @type {import('rx-seedance/simulator').RandomFaults} */
const faults = { rate: 0.1, kinds: ['rate-limited', 'server-error', 'bad-gateway-html', 'truncated-json', 'empty-body', 'reset'] };

/** Each provider has a task of each outcome, and the last status that it must come to. */
const ends = /** @type {const} */ ({ succeeds: 'succeeded', fails: 'failed' });

const root = fileURLToPath(new URL('..', import.meta.url));
const names = process.argv.slice(2);
const unknown = names.filter((name) => name !== '--ci' && rows.every((row) => row.name !== name));
if (unknown.length > 0) throw new RangeError(`names must be some of ${rows.map(({ name }) => name).join(', ')}, not ${unknown.join(', ')}`);
const chosen = names.includes('--ci') ? rows.filter(({ isSlow }) => !isSlow) : names.length > 0 ? rows.filter(({ name }) => names.includes(name)) : rows;

const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-runtimes-'));
process.on('exit', () => { rmSync(folder, { recursive: true, force: true, maxRetries: 3 }); });
const packed = spawnSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
if (packed.status !== 0) throw new Error(packed.stderr);
const tarball = join(folder, JSON.parse(packed.stdout)[0].filename);

/** Runs one row against a simulator of its own, and returns what was wrong. @param {import('./runtimes/rows.mjs').Row} row */
const resultOf = async (row) => {
  const project = join(folder, row.name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, dependencies: { 'rx-seedance': `file:${tarball}`, rxjs: '7.8.2', ...row.packages } }));
  const simulator = await startSimulator({ speed, faults });
  try {
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], project);
    const tasks = Object.entries(ends).flatMap(([outcome, end]) =>
      simulatedProviders.map((id) => ({ task: simulator.submit(id, { outcome: /** @type {keyof typeof ends} */ (outcome), queueMs: 15_000, runMs: 75_000 }), end })));
    const accounts = Object.fromEntries(simulatedProviders.map((id) => [id, { apiKey: simulator.apiKey(id), baseUrl: simulator.baseUrl(id) }]));
    return await row.run({ project, input: { clock: [speed, performance.timeOrigin], accounts, tasks }, simulatorUrl: simulator.url });
  } catch (error) {
    return [String(error)];
  } finally {
    await simulator.stop();
    rmSync(project, { recursive: true, force: true, maxRetries: 3 });
  }
};

const table = [];
for (const row of chosen) {
  const began = Date.now();
  const wrong = await resultOf(row);
  for (const line of wrong) console.log(`${row.name}: ${line}`);
  table.push({ runtime: row.runtime, version: row.version, 'what was run': row.what, result: wrong.length === 0 ? 'passed' : 'FAILED', seconds: Math.round((Date.now() - began) / 1000) });
  console.log(`${row.name}: ${wrong.length === 0 ? 'passed' : 'FAILED'}`);
}
console.table(table);
process.exitCode = table.every(({ result }) => result === 'passed') ? 0 : 1;
