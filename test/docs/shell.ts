/**
 * Checks that the commands in shell fences are commands of this project: its scripts, its files, its packages.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fence } from './fences.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages: readonly string[] = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies })];

const languages = ['sh', 'bash', 'shell', 'console'];

/** Commands that are not this project's to check. */
const foreign = ['cd', 'curl', 'echo', 'export', 'git', 'mkdir', 'ng', 'pnpm', 'yarn'];

/** @returns what is wrong with a command; null when nothing is */
const complaintAbout = (words: readonly string[]): string | null => {
  const [command = '', verb = '', ...rest] = words;
  if (command === '' || foreign.includes(command)) return null;
  if (command.startsWith('.') || command.includes('/')) return existsSync(join(root, command)) ? null : `${command} is not there`;
  if (command in (manifest.bin ?? {})) return null;
  if (command === 'node') {
    const file = [verb, ...rest].find((word) => !word.startsWith('-'));
    return file === undefined || existsSync(join(root, file)) ? null : `${file} is not there`;
  }
  if (command === 'npx') {
    const tool = [verb, ...rest].find((word) => !word.startsWith('-')) ?? '';
    return tool in (manifest.bin ?? {}) || existsSync(join(root, 'node_modules', '.bin', tool)) ? null : `npx does not find ${tool}`;
  }
  if (command !== 'npm') return `${command} is unknown here`;
  if (verb === 'ci') return null;
  if (['install', 'i', 'add'].includes(verb)) {
    const strangers = rest.filter((word) => !word.startsWith('-') && !packages.includes(word.replace(/(?<=.)@.*$/, '')));
    return strangers.length === 0 ? null : `this project has nothing to do with ${strangers.join(', ')}`;
  }
  const script = verb === 'run' ? (rest[0] ?? '') : { t: 'test' }[verb] ?? verb;
  if (verb !== 'run' && !['test', 'start'].includes(script)) return `npm ${verb} is unknown here`;
  return script in manifest.scripts ? null : `there is no script ${script}`;
};

/** Everything that is wrong with the commands in shell fences, one sentence each. `<!-- fence: skip because … -->` leaves a fence out. */
export const complaintsAboutCommands = (fences: readonly Fence[]): readonly string[] =>
  fences
    .filter(({ language, directive }) => languages.includes(language) && !directive.startsWith('skip'))
    .flatMap(({ page, line, code, language }) =>
      code
        .replace(/\\\n/g, ' ')
        .split('\n')
        // In a console fence the lines without a prompt are output.
        .filter((text) => language !== 'console' || text.startsWith('$ '))
        .flatMap((text) => text.replace(/^\$ /, '').replace(/(^|\s)#.*$/, '').split(/&&|\|\|?|;/))
        .flatMap((command) => {
          const words = command.trim().split(/\s+/).filter((word, at, all) => !(/^\w+=/.test(word) && all.slice(0, at).every((one) => /^\w+=/.test(one))));
          const complaint = complaintAbout(words);
          return complaint === null ? [] : [`${page}:${line} ${command.trim()}: ${complaint}`];
        }),
    );
