/**
 * `npm run bench`: measures every figure, prints it, and writes docs/benchmarks.md and docs/decisions/goals.md. `npm run bench -- cpu heap` measures
 * those alone and writes nothing. Each figure is a file in `figures/`; one that gets a wrong result ends the command with an error.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { goals, section, table } from './report.mjs';

/** In the order of the page: how soon and with how many requests, then what it costs. */
const names = ['notice', 'budget', 'schedule', 'cpu', 'batch', 'feed', 'allocation', 'heap', 'bytes'];

const wanted = process.argv.slice(2);
const strangers = wanted.filter((name) => !names.includes(name));
if (strangers.length > 0) {
  console.error(`no figure ${strangers.join(', ')}; there are: ${names.join(', ')}`);
  process.exit(2);
}

/** @type {import('./report.mjs').Report[]} */
const reports = [];
/** What each figure took. @type {string[]} */
const took = [];
const secondsSince = (/** @type {number} */ ms) => `${Math.round((performance.now() - ms) / 1000)} s`;
const beganMs = performance.now();
for (const name of wanted.length === 0 ? names : names.filter((one) => wanted.includes(one))) {
  console.error(`measuring ${name} …`);
  const figureMs = performance.now();
  /** @type {{ measure: () => Promise<import('./report.mjs').Report> }} */
  const { measure } = await import(`./figures/${name}.mjs`);
  const report = await measure();
  console.log(['', `## ${report.title}`, table(report.rows), ...(report.notes ?? []), ''].join('\n\n'));
  reports.push(report);
  took.push(`${name} ${secondsSince(figureMs)}`);
}

console.error(`${secondsSince(beganMs)} in all: ${took.join(', ')}`);

if (wanted.length === 0) {
  const require = createRequire(import.meta.url);
  const versions = ['undici', 'rxjs', '@azure/core-lro'].map((name) => `${name} ${require(`${name}/package.json`).version}`).join(', ');
  const write = (/** @type {string} */ path, /** @type {readonly string[]} */ parts) =>
    writeFileSync(new URL(`../../docs/${path}`, import.meta.url), `${parts.join('\n\n')}\n`);
  write('benchmarks.md', [
    '# Benchmarks',
    'How soon the end of a task is seen and how many requests that takes, beside what one would write instead; then what it costs in CPU time, memory and bytes.',
    '`npm run bench` measures all of this anew and writes this page. A figure with × is a ratio to the contender that is named, taken in one run: ' +
    'below 1 this library needs less. The contenders take turns, each measurement in a process of its own, the server in another, all on loopback; ' +
    'the figure is the median, the spread goes from the least to the greatest of the rounds. ' +
    `Node ${process.versions.node}, ${versions}.`,
    ...reports.map(section),
  ]);
  write('decisions/goals.md', [
    '# Goals of the benchmarks',
    'What the figures of [the benchmarks](../benchmarks.md) were meant to be, and whether they are. Written by `npm run bench`. Why some are missed: [decision 7](README.md).',
    goals(reports),
  ]);
}
