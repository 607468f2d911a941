/**
 * What the documentation shows is true: its programs compile against src, its commands exist, its links lead somewhere.
 * What a fence may say of itself is in fences.ts. That the programs run is in programs.slow.test.ts.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaints, fences, pages, programs, root, textOf } from './pages.js';
import { complaintsAboutCommands } from './shell.js';

describe('a page', () => {
  it.each(pages)('links to what is there: %s', (page) => {
    const text = textOf(page).replace(/^(`{3,}|~{3,})[^]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
    const links = [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), decodeURI(link))))).toEqual([]);
  });

  it.each(pages)('names commands that are there: %s', (page) => {
    expect(complaintsAboutCommands(fences.filter((fence) => fence.page === page))).toEqual([]);
  });
});

const { devDependencies } = JSON.parse(textOf('package.json')) as { readonly devDependencies: Readonly<Record<string, string>> };

it('every page that says how to install undici names the major version that runs on the oldest Node', () => {
  const commands = pages.flatMap((page) => [...textOf(page).matchAll(/npm (?:install|i) [^`\n]*/g)].map(([command]) => `${page}: ${command}`));
  const installing = commands.filter((command) => / undici\b/.test(command));
  expect(installing).not.toEqual([]);
  expect(installing.filter((command) => !command.includes(` undici@${devDependencies.undici?.split('.')[0]}`))).toEqual([]);
});

describe.skipIf(programs.length === 0)('every program', () => {
  it.each(programs.map(({ name }) => name))('compiles: %s', (name) => {
    expect(complaints.get(name) ?? []).toEqual([]);
  });
});
