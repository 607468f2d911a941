// @ts-check
/**
 * `npm run soak`: the fault-injection run, in virtual time and over real sockets. `-- --short` runs fewer tasks, `-- --seed 7` repeats a
 * run, `-- virtual` or `-- real` runs one part. Each part is its own process, built from src, because the package does not export the
 * internals of the simulator. The exit code is 0 when all figures hold.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const parts = /** @type {const} */ (['virtual', 'real']);
const sizes = { virtual: { whole: 10_000, short: 600 }, real: { whole: 500, short: 60 } };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { short: { type: 'boolean', default: false }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const unknownParts = positionals.filter((name) => !parts.some((part) => part === name));
if (!Number.isSafeInteger(seed) || unknownParts.length > 0) {
  console.error(`usage: npm run soak -- [--short] [--seed <integer>] [${parts.join('] [')}]`);
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
