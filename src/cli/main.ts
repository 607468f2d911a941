#!/usr/bin/env node
/**
 * The program `rx-seedance`: runs the command line in this process.
 */
import process from 'node:process';
import { runCommandLine } from './command-line.js';
import { endSignals } from './signals.js';

void runCommandLine({
  args: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: endSignals(process),
  exit: (code) => process.exit(code),
}).then((code) => {
  process.exitCode = code;
});
