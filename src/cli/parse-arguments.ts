/**
 * Parses and checks all arguments before anything starts. Pure: reads no file and no variable.
 */
import { type Command as Program, CommanderError } from 'commander';
import type { Command, ParsedArguments } from './arguments.js';
import type { ColorWhen } from './paint.js';
import { createProgram } from './program.js';
import { UsageError } from './usage-error.js';

/**
 * Parses the arguments of the program.
 *
 * Errors: `UsageError` that names the option and its value; an unknown option is named without its value, which may be a key.
 * @example parseArguments(['watch', 'ark:cgt-1', '--download', 'videos'])
 */
export const parseArguments = (args: readonly string[]): ParsedArguments => {
  refuseKeys(args);
  const parsed: { command: Command | null } = { command: null };
  const program = createProgram({ accept: (command) => { parsed.command = command; } });
  refuseDashes(args, program);
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (parsed.command === null) throw usageErrorOf(error, args);
  }
  if (parsed.command === null) throw new UsageError('no command');
  const { color = 'auto' } = program.opts<{ readonly color?: ColorWhen | false }>();
  return { command: parsed.command, color: color === false ? 'never' : color };
};

/** The arguments that can be options: those before `--`. */
const optionsIn = (args: readonly string[]): readonly string[] => args.slice(0, args.includes('--') ? args.indexOf('--') : undefined);

/** Every process can read a key in an argument. The error message does not repeat its value. */
const refuseKeys = (args: readonly string[]): void => {
  const option = optionsIn(args).find((arg) => /^--?[\w-]*(?:key|token|secret|password)[\w-]*(?:=|$)/i.test(arg));
  if (option === undefined) return;
  throw new UsageError(
    `${option.replace(/=.*/s, '')} is not an option: every process on this machine can read arguments. ` +
    'Put the key in a variable such as ANYFAST_API_KEY, or in a file named with --env',
  );
};

/** Commander would take the next option as the value of one whose value is missing. */
const refuseDashes = (args: readonly string[], program: Program): void => {
  const options = [program, ...program.commands].flatMap((command) => command.options).filter(({ required }) => required);
  optionsIn(args).forEach((arg, index) => {
    const option = options.find(({ short, long }) => arg === short || arg === long);
    if (option !== undefined && /^-./.test(args[index + 1] ?? '')) throw new UsageError(`${arg} needs a value; write a value that begins with - as ${option.long ?? arg}=-…`);
  });
};

/** Commander's own message, with an unknown option but without its value. */
const usageErrorOf = ({ message }: CommanderError, args: readonly string[]): UsageError => {
  const text = message.replace(/^error: /, '').replace('\n', ' ');
  const [, name, equals] = /^unknown option '(--[^=']+|-[^-])(=?)/.exec(text) ?? [];
  if (name === '--env-file') return new UsageError('--env-file is an option of Node, which reads the file as its own before this program starts: use --env FILE');
  if (name === undefined || equals === undefined) return new UsageError(text);
  if (equals === '') return new UsageError(name.startsWith('--') ? text : `unknown option '${name}'`);
  parseArguments(args.map((arg) => (arg.startsWith(`${name}=`) ? name : arg)));
  return new UsageError(`${name} takes no value`);
};
