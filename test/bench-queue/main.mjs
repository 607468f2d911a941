/**
 * `npm run bench:queue`: 3,000 Ark tasks of one key, two workers; sweeps over a store beside a BullMQ job for each task, in about five minutes.
 * Installs BullMQ into peers/ first; needs redis-server and PostgreSQL. `-- --write` writes figures.json and docs/scale.md.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './contest.mjs';
import { goals, page, runsTable } from './page.mjs';

const { values: { write } } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const cwd = fileURLToPath(new URL('peers', import.meta.url));
execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

const [load = 0] = loadavg();
const sweeps = /** @type {const} */ ({ file: 'sweeps.mjs', engine: 'redis', tasks: 3_000, speed: 10 });
/** @type {readonly ({ id: import('./page.mjs').Id, name: string } & Omit<Parameters<typeof run>[0], 'seed'>)[]} */
const plans = [
  { ...sweeps, id: 'sweeps', name: 'sweeps, Redis' },
  { ...sweeps, id: 'jobs', name: 'a BullMQ job a task', file: 'jobs.mjs' },
  { ...sweeps, id: 'no-window', name: 'sweeps, Redis, `windowMs` 0', windowMs: 0 },
  { ...sweeps, id: 'wide-window', name: 'sweeps, Redis, `windowMs` 2,000', windowMs: 2_000 },
  { ...sweeps, id: 'postgres', name: 'sweeps, PostgreSQL', engine: 'postgres' },
  { ...sweeps, id: 'redis-key', name: 'sweeps, Redis, 1,000 tasks at 5×', tasks: 1_000, speed: 5 },
  { ...sweeps, id: 'postgres-key', name: 'sweeps, PostgreSQL, 1,000 tasks at 5×', engine: 'postgres', tasks: 1_000, speed: 5 },
];

/** @type {import('./page.mjs').Measured[]} */
const runs = [];
for (const { id, name, ...options } of plans) {
  const figures = await run({ ...options, seed: 1 });
  console.error(`${name}: ${Math.round(figures.wallS)} s`);
  runs.push({ id, name, ...figures });
}
console.log(`${runsTable(runs)}\n\n${goals(runs)}`);

if (write) {
  const measured = { date: new Date().toISOString().slice(0, 10), node: process.versions.node, cores: availableParallelism(), load, runs };
  writeFileSync(new URL('figures.json', import.meta.url), `${JSON.stringify(measured, null, 2)}\n`);
  writeFileSync(new URL('../../docs/scale.md', import.meta.url), `${page(measured)}\n`);
}
process.exit();
