/**
 * What the documentation shows is true: its programs compile and run against src, its commands exist, its links lead somewhere.
 * What a fence may say of itself is in fences.ts; what its programs find when they run is in world.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programsIn, readFences } from './fences.js';
import { matches, matchesInAnyOrder } from './output.js';
import { buildPrograms, type Runner } from './run.js';
import { complaintsAboutCommands } from './shell.js';
import { typeCheck } from './type-check.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const pages = [
  ...readdirSync(root).filter((file) => file === 'README.md'),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => join('docs', file)),
].sort();
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
const fences = pages.flatMap((page) => readFences(page, textOf(page)));
const programs = programsIn(fences);
const complaints = programs.length === 0 ? new Map<string, readonly string[]>() : typeCheck(programs);
/** What does not compile is not run as well. */
const running = programs.filter(({ name, runs }) => runs && !complaints.has(name));

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

describe.skipIf(running.length === 0)('every program that can', () => {
  let runner: Runner | undefined;
  beforeAll(async () => {
    runner = await buildPrograms(running);
  }, 120_000);
  afterAll(() => runner?.close());

  it.concurrent.for(running.map((program) => [program.name, program] as const))(
    'runs: %s',
    { timeout: 90_000 },
    async ([, program], { expect }) => {
      const { complaint, output } = await runner!.run(program);
      expect(complaint).toBe('');
      const isShown = program.inAnyOrder ? matchesInAnyOrder : matches;
      if (program.output !== null && !isShown(output, program.output)) expect(output).toBe(program.output);
    },
  );
});
