/**
 * Writes the table of runtimes into docs/entry-points.md.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { rows } from './runtimes/rows.mjs';

const path = fileURLToPath(new URL('../docs/entry-points.md', import.meta.url));

it('docs/entry-points.md has the table of runtimes', async () => {
  const cells = [['runtime', 'version', 'what runs'], ['---', '---', '---'], ...rows.map(({ runtime, version, what }) => [runtime, version, what])];
  const table = cells.map((row) => `| ${row.join(' | ')} |`).join('\n');
  const page = readFileSync(path, 'utf8').replace(/(<!-- runtimes -->\n)[^]*(<!-- \/runtimes -->)/, `$1${table}\n$2`);
  await expect(page).toMatchFileSnapshot(path);
});

it('every version of a runtime is exact, and every name its own', () => {
  expect(rows.flatMap(({ packages }) => Object.values(packages)).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});
