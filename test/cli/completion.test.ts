import { spawnSync } from 'node:child_process';
import type { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { shells } from '../../src/cli/arguments.js';
import { completionScript } from '../../src/cli/completion.js';
import { createProgram } from '../../src/cli/program.js';
import { run } from './console.js';

const { commands } = createProgram();
const names = commands.map((command) => command.name());
const longFlags = (options: readonly Option[]): readonly string[] => options.flatMap(({ long }) => long ?? []);

describe.each(shells)('the script for %s', (shell) => {
  it('is what the command prints', async () => {
    expect(await run(['completion', shell])).toEqual({ code: 0, out: `${completionScript(shell)}\n`, err: '' });
  });

  it('has every command and every option', () => {
    const script = completionScript(shell);
    for (const flag of [...names, ...longFlags(commands.flatMap(({ options }) => options))]) expect(script).toContain(shell === 'fish' ? flag.replace(/^--/, '-l ') : flag);
  });
});

/** What bash offers for the last of some words. Null means the names of files. */
const offered = (...words: readonly string[]): readonly string[] | null => {
  const script = `${completionScript('bash')}
compopt() { COMPREPLY=("files: $*"); }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rx_seedance
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'rx-seedance', ...words], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout === 'files: -o default\n' ? null : stdout.split('\n').filter((word) => word !== '');
};

describe('bash completes', () => {
  it('commands, and options of the program', () => {
    expect(offered('')).toEqual([...names, '--color', '--no-color', '-V', '--version', '-h', '--help']);
    expect(offered('wa')).toEqual(['watch']);
  });

  it.each(names)('every option of %s', (name) => {
    const { options } = commands.find((command) => command.name() === name) ?? { options: [] };
    expect(offered(name, '--')).toEqual([...longFlags(options), '--color', '--no-color', '--help']);
  });

  it.each<[readonly string[], readonly string[] | null]>([
    [['list', 'a'], ['ark']],
    [['list', 'p'], ['powertokens']],
    [['create', 'a'], ['anyfast', 'ark']],
    [['providers', 'k'], ['kie', 'kyyaipower']],
    [['help', 'p'], ['providers']],
    [['completion', ''], ['bash', 'zsh', 'fish', '--color', '--no-color', '-h', '--help']],
    [['watch', '--all', ''], ['ark', 'powertokens']],
    [['watch', '-a', 'p'], ['powertokens']],
    [['--color', ''], ['auto', 'always', 'never']],
    [['--color', 'never', 'wa'], ['watch']],
    [['watch', 'ark:cgt-1', '--color', 'n'], ['never']],
    [['list', 'ark', '--status', 'ru'], ['running']],
    [['list', 'ark', '--status', '=', 'ru'], ['running']],
    [['list', 'ark', '--status', '='], ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown']],
    [['watch', '--download', ''], null],
    [['watch', '-f', 'task'], null],
    [['create', 'ark', '--body', ''], null],
    [['watch', '--deadline', ''], []],
  ])('%j', (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });
});
