// @ts-check
/**
 * `npm run soak`: the campaign of faults, in virtual time and over real sockets. `-- --short` takes a small share of the tasks, `-- --seed 7`
 * repeats a run, `-- virtual` or `-- real` runs that part alone. Each part is a process of its own, built from src: the simulator's inside
 * is not part of the package. The exit code says whether all figures hold.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const parts = /** @type {const} */ (['virtual', 'real']);
const sizes = { virtual: { whole: 10_000, short: 600 }, real: { whole: 500, short: 60 } };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { short: { type: 'boolean', default: false }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const strangers = positionals.filter((name) => !parts.some((part) => part === name));
if (!Number.isSafeInteger(seed) || strangers.length > 0) {
  console.error(`usage: npm run soak -- [--short] [--seed <whole number>] [${parts.join('] [')}]`);
  process.exit(2);
}

/** @type {{ module: typeof import('../support/build.js') }} */
const { module: { buildForNode } } = await runnerImport(fileURLToPath(new URL('../support/build.ts', import.meta.url)));
const wanted = parts.filter((part) => positionals.length === 0 || positionals.includes(part));
const built = await buildForNode(Object.fromEntries(wanted.map((part) => [part, fileURLToPath(new URL(`${part}-run.ts`, import.meta.url))])));
try {
  for (const part of wanted) {
    const tasks = sizes[part][values.short ? 'short' : 'whole'];
    console.log(`\n--- ${part}: ${tasks} tasks, seed ${seed}\n`);
    const child = spawn(process.execPath, ['--enable-source-maps', built.file(part), JSON.stringify({ seed, tasks })], { stdio: 'inherit' });
    const code = await new Promise((resolve) => { child.once('exit', resolve); });
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  built.remove();
}
