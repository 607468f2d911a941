/**
 * The installed package. Its entry points come from the packed files, so that a new provider is tested without a change here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { entryPoints } from '../../entry-points.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const here = fileURLToPath(new URL('.', import.meta.url));
export const project = inject('project');
export const installed = join(project, 'node_modules', 'rx-seedance');
export const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));

/** Every JavaScript entry point by its file in `dist`; a wildcard stands for the files in its folder. */
export const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .flatMap((key) => {
    if (!key.endsWith('/*')) return [key.slice(2) || 'index'];
    const folder = key.slice(2, -2);
    return readdirSync(join(installed, 'dist', folder)).filter((file) => file.endsWith('.d.ts')).map((file) => `${folder}/${basename(file, '.d.ts')}`);
  });

/** The entry points that need Angular, and run wherever it runs. */
export const needsAngular = ['angular'];

/** The entry points that need neither Node nor Angular. */
export const portable = entries.filter((entry) => !needsAngular.includes(entry) && !entryPoints.some(({ name, isPortable }) => name === entry && !isPortable));

export const specifierOf = (entry: string): string => (entry === 'index' ? 'rx-seedance' : `rx-seedance/${entry}`);
