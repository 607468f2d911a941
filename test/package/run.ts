/**
 * Runs programs.
 */
import { execFile } from 'node:child_process';
import { basename } from 'node:path';

/** Runs a program and returns its standard output. Throws its output if it fails. */
export const run = (command: string, args: readonly string[], cwd: string): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${basename(command)} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
