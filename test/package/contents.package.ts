/**
 * What the tarball holds, and what publint and Are the Types Wrong say about it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { entryPoints } from '../../entry-points.mjs';
import { entries, installed, root } from './installed.js';
import { run } from './run.js';

const packedFiles = inject('packedFiles');
const tool = (name: string, ...args: readonly string[]): Promise<string> => run(join(root, 'node_modules', '.bin', name), [inject('tarball'), ...args], root);

describe('the tarball', () => {
  it('holds the build, the documents and nothing else', () => {
    expect(packedFiles.filter((path) => !/^(dist\/|docs\/|README\.md$|CHANGELOG\.md$|CONTRIBUTING\.md$|LICENSE$|NOTICE\.md$|SECURITY\.md$|package\.json$)/.test(path))).toEqual([]);
    expect(packedFiles).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE.md', 'dist/index.js']));
  });

  it('has each file that its README links to', () => {
    const links = [...readFileSync(join(installed, 'README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path]) => path);
    expect(links).not.toEqual([]);
    expect(packedFiles).toEqual(expect.arrayContaining(links));
  });

  it('has every entry point', () => {
    expect([...entries].sort()).toEqual(entryPoints.map(({ name }) => name).sort());
  });

  it('passes publint --strict', async () => {
    expect(await tool('publint', '--strict')).toContain('All good');
  });

  it('has the right types for every entry, from ESM, from CommonJS and by node10 resolution', async () => {
    const named = entries.filter((entry) => entry !== 'index');
    expect(await tool('attw', '--profile', 'strict', '--no-emoji', '--no-color', '--entrypoints', '.', ...named)).toContain('No problems found');
  });

  it.each([['.js', 'dist'], ['.cjs', 'dist'], ['.js', 'dist/browser']])('defines every class once in the %s files of %s', (extension, folder) => {
    const files = readdirSync(join(installed, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(extension) && !file.startsWith('browser'));
    const classes = files.flatMap((file) =>
      [...readFileSync(join(installed, folder, file), 'utf8').matchAll(/^(?:var |let |const |class )(\w+)(?= = class\b| extends | \{)/gm)].map(([, name]) => name));
    expect(classes).toContain('SeedanceError');
    expect(classes.filter((name, index) => classes.indexOf(name) !== index)).toEqual([]);
  });
});
