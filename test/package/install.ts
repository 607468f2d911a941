/**
 * Packs the package once and installs the tarball into an empty project, which all tests of the package use.
 */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { run } from './run.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the project. */
    readonly project: string;
    readonly tarball: string;
    readonly packedFiles: readonly string[];
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The packages of the project, with the versions that this repository has installed. */
const packages = ['rxjs', 'undici', '@angular/common', '@angular/compiler', '@angular/core', '@types/node'];

/** The compilers that check the packed declarations, besides the library's own. */
const compilers = { 'typescript-5.9': 'npm:typescript@5.9.3', 'typescript-7.0': 'npm:typescript@7.0.2' };

export default async ({ provide }: TestProject): Promise<() => void> => {
  if (!existsSync(join(root, 'dist', 'index.d.ts'))) throw new Error('dist holds no declarations: run `npm run build` first');
  const project = realpathSync(mkdtempSync(join(tmpdir(), 'rx-seedance-package-')));
  const [packed] = JSON.parse(await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root));
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const versions = Object.fromEntries(packages.map((name) => [name, locked[`node_modules/${name}`].version]));
  writeFileSync(join(project, 'package.json'), JSON.stringify({
    name: 'consumer',
    private: true,
    dependencies: { 'rx-seedance': `file:${packed.filename}`, ...versions, ...compilers },
  }));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], project);

  provide('project', project);
  provide('tarball', join(project, packed.filename));
  provide('packedFiles', packed.files.map(({ path }: { readonly path: string }) => path));
  return () => { rmSync(project, { recursive: true }); };
};
