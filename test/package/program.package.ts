/**
 * The command line of the package, installed alone: without undici.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { entries, manifest } from './installed.js';
import { run } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-program-'));
const program = join(folder, 'node_modules', '.bin', 'rx-seedance');

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', inject('tarball')], folder);
});
afterAll(() => { rmSync(folder, { recursive: true }); });

describe('the program of the package', () => {
  it('runs without undici', async () => {
    expect(existsSync(join(folder, 'node_modules', 'undici'))).toBe(false);
    expect(await run(program, ['--version'], folder)).toBe(`${manifest.version}\n`);
  });

  it('lists every provider of the package', async () => {
    const listed: readonly { readonly id: string }[] = JSON.parse(await run(program, ['providers', '--json'], folder));
    expect(listed.map(({ id }) => `providers/${id}`).sort()).toEqual(entries.filter((entry) => entry.startsWith('providers/')).sort());
  });

  it('names the missing variable when there is no key, with exit code 2', async () => {
    const ended = new Promise((resolve) => {
      execFile(program, ['watch', 'ark:cgt-1'], { cwd: folder, env: { PATH: process.env.PATH } }, (error, _, stderr) => { resolve({ code: error?.code, stderr }); });
    });
    expect(await ended).toEqual({ code: 2, stderr: expect.stringContaining('ARK_API_KEY') as unknown });
  });
});
