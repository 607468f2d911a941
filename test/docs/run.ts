/**
 * Runs programs as their readers would: each in a Node process of its own, in an empty folder, in the world of world.ts.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildForNode } from '../support/build.js';
import type { Program } from './fences.js';
import type { Address } from './providers.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

export interface Outcome {
  /** 0 for a program that came to its end. */
  readonly code: number | null;
  readonly output: string;
  /** What went wrong, as the program says it; empty when nothing did. */
  readonly complaint: string;
}

export interface Runner {
  /** @param limitMs a program that takes longer has no end: nothing in the world of world.ts needs to wait; default: 60 s */
  readonly run: (program: Program, limitMs?: number) => Promise<Outcome>;
  readonly close: () => void;
}

const isAddress = (value: unknown): value is Address => typeof value === 'object' && value !== null && 'baseUrl' in value && 'path' in value;

/** `ANYFAST_API_KEY`, `ANYFAST_TASK_ID` and so on, for every provider that there is; a secret; and for world.ts, where each provider is. */
const environment = async (): Promise<Record<string, string>> => {
  const ids = readdirSync(join(root, 'src', 'providers')).map((file) => basename(file, '.ts'));
  const modules: readonly object[] = await Promise.all(ids.map((id) => import(`../../src/providers/${id}.ts`)));
  const addresses = modules.flatMap((module) => Object.values(module).filter(isAddress));
  return {
    ...Object.fromEntries(ids.flatMap((id) => [[`${id.toUpperCase()}_API_KEY`, 'sim-key'], [`${id.toUpperCase()}_TASK_ID`, `${id}-1`]])),
    CALLBACK_SECRET: 'sim-secret-0123456789',
    DOCS_PROVIDERS: JSON.stringify(addresses.map(({ id, baseUrl, path }) => ({ id, baseUrl, path }))),
  };
};

/** Builds all programs in one go, from src, and is then ready to run them. */
export const buildPrograms = async (programs: readonly Program[]): Promise<Runner> => {
  const variables = await environment();
  const fence = (index: number): string => join(here, `fence-${index}.ts`);
  const byPath = new Map(programs.map(({ code }, index) => [fence(index), code]));
  const built = await buildForNode(
    { world: join(here, 'world.ts'), ...Object.fromEntries(programs.map((_, index) => [`fence-${index}`, fence(index)])) },
    [
      {
        name: 'fences',
        enforce: 'pre',
        resolveId: (id, importer) => (byPath.has(id) ? id : id === 'vitest' && byPath.has(importer ?? '') ? join(here, 'vitest-in-fence.ts') : null),
        load: (id) => byPath.get(id) ?? null,
      },
    ],
  );

  const run = (program: Program, limitMs = 60_000): Promise<Outcome> =>
    new Promise((resolve) => {
      const cwd = mkdtempSync(join(tmpdir(), 'rx-seedance-docs-'));
      const file = built.file(`fence-${programs.indexOf(program)}`);
      const child = spawn(process.execPath, ['--enable-source-maps', '--import', pathToFileURL(built.file('world')).href, file], {
        cwd,
        env: { PATH: process.env.PATH, ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: limitMs,
        killSignal: 'SIGKILL',
      });
      let output = '';
      let errors = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      child.on('close', (code, signal) => {
        rmSync(cwd, { recursive: true, force: true });
        const ending =
          code === 0 ? '' : signal ? `it had not ended after ${limitMs / 1000} s` : code === 13 ? 'it waits for something that never comes' : `it ended with code ${code}`;
        resolve({ code, output, complaint: ending && `${ending}\n${output}${errors}` });
      });
    });
  return { run, close: built.remove };
};
