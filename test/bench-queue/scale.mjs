/**
 * What many tasks cost each second, from the last figures that `npm run bench:queue -- --write` has written: `node test/bench-queue/scale.mjs`.
 * `--write` writes docs/scale.md from them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { page, scaleTable } from './page.mjs';

/** @type {import('./page.mjs').Measurement} */
const measured = JSON.parse(readFileSync(new URL('figures.json', import.meta.url), 'utf8'));
console.log(scaleTable(measured.runs));
if (process.argv.includes('--write')) writeFileSync(new URL('../../docs/scale.md', import.meta.url), `${page(measured)}\n`);
