/**
 * The pages of the documentation and their programs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programsIn, readFences } from './fences.js';
import { typeCheck } from './type-check.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export const pages = [
  ...readdirSync(root).filter((file) => file === 'README.md'),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => join('docs', file)),
].sort();
export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
export const fences = pages.flatMap((page) => readFences(page, textOf(page)));
export const programs = programsIn(fences);
/** What is wrong with the programs that do not compile, by their names. */
export const complaints = programs.length === 0 ? new Map<string, readonly string[]>() : typeCheck(programs);
