/**
 * `npm run bench`: measures every figure, prints the table, and writes it to docs/benchmarks.md. `npm run bench -- cpu heap` measures
 * those alone and writes nothing. Each figure is a file in `figures/`; one that gets a wrong result ends the command with an error.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { section } from './report.mjs';

/** In the order of the page. */
const names = ['cpu', 'allocation', 'heap', 'feed', 'schedule', 'bytes', 'budget', 'notice', 'batch'];

const wanted = process.argv.slice(2);
const strangers = wanted.filter((name) => !names.includes(name));
if (strangers.length > 0) {
  console.error(`no figure ${strangers.join(', ')}; there are: ${names.join(', ')}`);
  process.exit(2);
}

const sections = [];
/** What each figure took. @type {string[]} */
const took = [];
const secondsSince = (/** @type {number} */ ms) => `${Math.round((performance.now() - ms) / 1000)} s`;
const beganMs = performance.now();
for (const name of wanted.length === 0 ? names : names.filter((one) => wanted.includes(one))) {
  console.error(`measuring ${name} …`);
  const figureMs = performance.now();
  /** @type {{ measure: () => Promise<import('./report.mjs').Report> }} */
  const { measure } = await import(`./figures/${name}.mjs`);
  const text = section(await measure());
  console.log(`\n${text}\n`);
  sections.push(text);
  took.push(`${name} ${secondsSince(figureMs)}`);
}

console.error(`${secondsSince(beganMs)} in all: ${took.join(', ')}`);

if (wanted.length === 0) {
  const require = createRequire(import.meta.url);
  const versions = ['undici', 'rxjs', '@azure/core-lro'].map((name) => `${name} ${require(`${name}/package.json`).version}`).join(', ');
  const page = [
    '# Benchmarks',
    '`npm run bench` measures all of this anew and writes this page. Each figure is a ratio taken in one run: the contenders take turns, each '
    + 'measurement in a process of its own, the server in another, all on loopback; what is shown is the median, and beside it the least and the '
    + `greatest of the rounds. Node ${process.versions.node}, ${versions}.`,
    ...sections,
  ];
  writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), `${page.join('\n\n')}\n`);
}
