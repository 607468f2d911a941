/**
 * docs/adding-a-provider.md, followed to the letter: its files are written into a copy of the project, its commands are run there,
 * and nothing else is edited. Then the seventh provider is everywhere where the page says that it is.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'docs/adding-a-provider.md'), 'utf8');

/** The files that the page gives: a path on a line of its own, and then a fence. */
const files = [...page.matchAll(/^`([\w./-]+)`:\n\n(?:<!--.*-->\n)?```\w+\n([^]*?\n)```$/gm)].map(([, path = '', text = '']) => ({ path, text }));
const [source] = files;
const id = /\bid: '(\w+)'/.exec(source?.text ?? '')?.[1] ?? '';

/** The tests that look at every provider; of all that `npm test` runs, the others do not. */
const suites = [
  'test/providers/contract.test.ts',
  'test/docs/providers-table.test.ts',
  'test/docs/fields.test.ts',
  'test/cli/known-providers.test.ts',
  'test/architecture.test.ts',
];

interface Outcome {
  readonly code: number;
  readonly output: string;
}

const directory = mkdtempSync(join(tmpdir(), 'rx-seedance-seventh-'));

const run = (command: string, ...words: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const { CI: _, ...env } = process.env; // under it vitest writes no new snapshots
    execFile(command, words, { cwd: directory, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
const tool = (name: string, ...words: readonly string[]): Promise<Outcome> => run(join(root, 'node_modules/.bin', name), ...words);
const textOf = (path: string): string => readFileSync(join(directory, path), 'utf8');

let first: Outcome;
let second: Outcome;

beforeAll(async () => {
  for (const path of ['src', 'test', 'docs', 'README.md', 'package.json', 'tsconfig.json', '.dependency-cruiser.mjs', 'entry-points.mjs', 'tsup.config.ts', 'vitest.config.ts']) {
    cpSync(join(root, path), join(directory, path), { recursive: true, filter: (from) => !/node_modules|[/\\]dist$|[/\\]\.angular/.test(from.slice(root.length)) });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'dir');
  for (const { path, text } of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  first = await tool('vitest', 'run', '-u', ...suites);
  second = await tool('vitest', 'run', '--reporter=verbose', '--no-color', ...suites);
}, 300_000);
afterAll(() => { rmSync(directory, { recursive: true, force: true }); });

describe('the page', () => {
  it('gives one file of facts and one folder of fixtures, and nothing else', () => {
    expect(id).not.toBe('');
    expect(source?.path).toBe(`src/providers/${id}.ts`);
    expect(files.length).toBeGreaterThan(5);
    for (const { path } of files.slice(1)) expect(dirname(path)).toBe(`test/fixtures/${id}`);
  });

  it('names the commands that were run', () => {
    expect(page).toContain('\n```sh\nnpm test -- -u\nnpm test\n```\n');
  });
});

describe('the provider that the page makes', () => {
  it('passes the suites at the second run, after the first has written what is written by itself', () => {
    expect(second.code, `${first.output}\n${second.output}`).toBe(0);
  });

  it('is looked at by the contract suite, with every fixture of the page', () => {
    expect(second.output).toContain(`the responses of ${id} > reads the shared words`);
    for (const { path } of files.slice(1)) expect(second.output).toMatch(new RegExp(`the responses of ${id} > reads '?${/([\w-]+)\.json$/.exec(path)?.[1] ?? path}`));
  });

  it('has its rows in both tables, its section and its place in the page of fields, and is known to the command line', () => {
    for (const path of ['docs/providers.md', 'README.md']) expect(textOf(path)).toContain(`\n| \`${id}\` | [`);
    expect(textOf('docs/providers.md')).toContain(`\n## ${id}\n`);
    expect(textOf('docs/fields.md')).toMatch(new RegExp(`^## ark \\(.*\\b${id}\\b`, 'm'));
    expect(textOf('src/cli/known-providers.ts')).toContain(`, ${id}, `);
  });

  it('compiles as strictly as the rest', async () => {
    writeFileSync(join(directory, 'tsconfig.seventh.json'), JSON.stringify({ extends: './tsconfig.json', include: [source?.path] }));
    expect(await tool('tsc', '-p', 'tsconfig.seventh.json')).toEqual({ code: 0, output: '' });
  });

  it('is an entry of the built package', async () => {
    const built = await tool('tsup', '--no-dts', '--silent');
    expect(built.code, built.output).toBe(0);
    const program = `const { ${id} } = await import('rx-seedance/providers/${id}'); console.log(${id}.id, ${id}.dialect);`;
    expect(await run(process.execPath, '--input-type=module', '-e', program)).toMatchObject({ code: 0, output: expect.stringMatching(new RegExp(`^${id} \\w+\\n$`)) as unknown });
  });
});
