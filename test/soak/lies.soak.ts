/**
 * `npm run soak:lies`: the run catches each lie of the table, and finds nothing wrong with the library as it is.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { describe, expect, it } from 'vitest';
import { buildForNode } from '../support/build.js';
import { type Lie, lies } from './lies.js';

/** Replaces the text of a lie in its file. The build fails unless the file is part of it, and has the text exactly once. */
const tell = ({ file, from, to }: Lie): Plugin => {
  const path = fileURLToPath(new URL(`../../src/${file}`, import.meta.url));
  let times = 0;
  return {
    name: 'lie',
    enforce: 'pre',
    transform(code, id) {
      if (id !== path) return null;
      const pieces = code.split(from);
      times = pieces.length - 1;
      return { code: pieces.join(to), map: null };
    },
    buildEnd() {
      if (times !== 1) throw new Error(`src/${file} has this text ${times} times, not once: ${from}`);
    },
  };
};

/** The figures that do not hold in a run. */
const failuresOf = async (part: 'virtual' | 'real', tasks: number, plugins: readonly Plugin[]): Promise<readonly string[]> => {
  const built = await buildForNode({ run: fileURLToPath(new URL(`${part}-run.ts`, import.meta.url)) }, plugins);
  try {
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(process.execPath, [built.file('run'), JSON.stringify({ seed: 7, tasks })], { maxBuffer: 2 ** 26, timeout: 100_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? error?.signal ?? 0, output: stdout + stderr }));
    });
    const failed = output.split('\n').filter((line) => line.endsWith(' FAILED')).map((line) => line.slice(0, 52).trim());
    expect(code, output).toBe(failed.length === 0 ? 0 : 1);
    return failed;
  } finally {
    built.remove();
  }
};

describe.concurrent('the fault-injection run', () => {
  it('finds nothing wrong with the library', async ({ expect: expectHere }) => {
    for (const tasks of [300, 600]) expectHere(await failuresOf('virtual', tasks, [])).toEqual([]);
    expectHere(await failuresOf('real', 60, [])).toEqual([]);
  });

  it.each(lies.map((lie) => [lie.lie, lie] as const))('catches: %s', async (_, lie) => {
    const { part = 'virtual', tasks = part === 'virtual' ? 300 : 60, caughtBy } = lie;
    const failures = await failuresOf(part, tasks, [tell(lie)]);
    if (typeof caughtBy === 'string') expect(failures).toContain(caughtBy);
    else expect(failures, caughtBy.unnoticed).toEqual([]);
  });
});
