/**
 * `npm run bench:create`: other clients and this library on the same wanted tasks, in about ten minutes. Installs the other clients into
 * peers/ first, and Node 22 for the one that needs it. `-- --write` writes docs/side-by-side.md and its plot; `-- plain-loop rx-seedance` runs those alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './contest.mjs';
import { own, page, table, withoutEnd } from './page.mjs';

/** @type {readonly { file: string, name: string, files?: readonly string[], node?: string }[]} */
const contenders = [
  { file: 'peers/ai-sdk-6.mjs', name: 'AI SDK 6', files: ['peers/ai-sdk.mjs'] },
  { file: 'peers/ai-sdk-7.mjs', name: 'AI SDK 7', files: ['peers/ai-sdk.mjs'], node: '22' },
  { file: 'peers/tanstack-ai.mjs', name: 'TanStack AI' },
  { file: 'contenders/plain-loop.mjs', name: 'plain loop' },
  { file: 'contenders/careful-loop.mjs', name: 'careful loop' },
  { file: 'contenders/rx-seedance.mjs', name: own },
  { file: 'contenders/rx-seedance-marked.mjs', name: `${own} with \`isMarked\`` },
];
const seeds = [1, 2];
const faultRates = [0.3, 0];
const speed = 20;

const idOf = (/** @type {string} */ file) => file.replace(/^.*\/|\.mjs$/g, '');
const { values: { write }, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean', default: false } } });
const strangers = positionals.filter((id) => !contenders.some(({ file }) => idOf(file) === id));
if (strangers.length > 0 || (write && positionals.length > 0)) {
  console.error(`usage: npm run bench:create -- [--write | ${contenders.map(({ file }) => idOf(file)).join(' | ')}]`);
  process.exit(2);
}

const cwd = fileURLToPath(new URL('peers', import.meta.url));
execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });

/** The path of Node of another major version; null if it cannot be installed. */
const nodeOf = (/** @type {string | undefined} */ version) => {
  if (version === undefined || process.versions.node.startsWith(`${version}.`)) return process.execPath;
  try {
    return execFileSync('npx', ['-y', '-p', `node@${version}`, '-c', 'node -p process.execPath'], { cwd, encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
};
const versionOf = (/** @type {string} */ execPath) => execFileSync(execPath, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();

/** Lines of code, without blank lines and comments. */
const linesOf = (/** @type {string} */ file) => readFileSync(new URL(file, import.meta.url), 'utf8').split('\n').filter((line) => !/^\s*(?:\/?\*|\/\/|$)/.test(line)).length;

/** @type {{ dependencies: Record<string, string> }} */
const { dependencies } = JSON.parse(readFileSync(new URL('peers/package.json', import.meta.url), 'utf8'));
const versions = Object.fromEntries(Object.entries(dependencies).map(([name, version]) => [name, version.replace(/^.*@/, '')]));

const wanted = contenders.filter(({ file }) => positionals.length === 0 || positionals.includes(idOf(file))).map((one) => ({ ...one, execPath: nodeOf(one.node) }));
const able = wanted.flatMap(({ execPath, ...one }) => (execPath === null ? [] : [{ ...one, execPath }]));
const [load = 0] = loadavg();

const parts = [];
for (const faultRate of faultRates) {
  const rows = able.map(({ file, name, files = [], execPath }) => {
    /** @type {Awaited<ReturnType<typeof run>>[]} */
    const results = [];
    return { file, name, execPath, lines: [file, ...files].map(linesOf).reduce((total, lines) => total + lines), results };
  });
  // In turn, so that a slow phase of the machine does not meet one contender alone.
  for (const seed of seeds) {
    for (const { file, name, execPath, results } of rows) {
      const result = await run({ file, execPath, seed, speed, faultRate });
      console.error(`${Math.round(100 * faultRate)} % faults, seed ${seed}: ${name}, ${Math.round(result.realMs / 1000)} s`);
      results.push(result);
    }
  }
  parts.push({ faultRate, rows });
  console.log(`\n${Math.round(100 * faultRate)} % faults\n\n${table(rows)}\n\n${rows.filter(({ name }) => name.startsWith(own)).map(withoutEnd).join('\n')}\n`);
}

if (write) {
  const others = able.filter(({ execPath }) => execPath !== process.execPath).map(({ name, execPath }) => ` (${name}: ${versionOf(execPath)})`);
  const text = page(parts, {
    date: new Date().toISOString().slice(0, 10),
    nodes: `Node ${process.versions.node}${others.join('')}`,
    cores: availableParallelism(),
    load,
    speed,
    seeds,
    missing: wanted.filter(({ execPath }) => execPath === null).map(({ name }) => name),
    adapterLines: linesOf('peers/tanstack-ark-adapter.mjs'),
    versions,
  });
  writeFileSync(new URL('../../docs/side-by-side.md', import.meta.url), `${text}\n`);
  await import('./write-plot.mjs');
}
