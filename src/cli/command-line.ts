/**
 * The command line as a function of arguments, variables and streams that returns an exit code. It does not use `process`, so that
 * tests can drive it.
 */
import { isLeft, isRight, tryCatch } from 'fp-ts/Either';
import { map, merge, type Observable, share, shareReplay, skip, take, tap } from 'rxjs';
import { messageOf } from '../state/errors.js';
import type { Command } from './arguments.js';
import { runCancel } from './cancel-command.js';
import { completionScript } from './completion.js';
import { type Console, type InputStream, type Stop, Stopped } from './console.js';
import { runCreate } from './create-command.js';
import { hideKeys, type Variables } from './environment.js';
import { lookFor } from './help.js';
import { createRedactor, createOutput, isClosedPipe, type TextStream } from './output.js';
import { runList } from './list-command.js';
import { parseArguments } from './parse-arguments.js';
import { createProgram, helpText } from './program.js';
import { runProviders } from './providers-command.js';
import { runQuery } from './query-command.js';
import { type EndSignal, exitCodeOf } from './signals.js';
import { runSimulate } from './simulate-command.js';
import { plain } from './terminal-text.js';
import { UsageError } from './usage-error.js';
import { version } from '../version.js';
import { runWatch } from './watch-command.js';

/** What a command line needs from its process. */
export interface CommandLineOptions {
  /** Without the paths of Node and of the script. */
  readonly args: readonly string[];
  readonly env: Variables;
  readonly stdin: InputStream;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** The signals that end the program: see `endSignals`. */
  readonly signals: Observable<EndSignal>;
  /** Ends the program at once. Called on a second signal. */
  readonly exit: (code: number) => void;
}

/**
 * Runs a command line.
 *
 * @returns the exit code: 0 success, 1 error, 2 wrong usage, 3 no task was created, 4 a task may have been created, 130 interrupted (143
 * terminated, 129 hung up), 141 the reader of the output has closed it
 * Errors: none. They are printed on stderr.
 * @example process.exitCode = await runCommandLine({ args: ['query', 'ark:cgt-1'], … })
 */
export const runCommandLine = async ({ args, env, stdin, stdout, stderr, signals, exit }: CommandLineOptions): Promise<number> => {
  const parsed = tryCatch(() => parseArguments(args), (error) => error);
  const color = isRight(parsed) ? parsed.right.color : 'auto';
  const redactor = createRedactor();
  hideKeys(env, redactor);
  const console: Omit<Console, 'stopped'> = {
    env,
    stdin,
    redactor,
    stdout: createOutput(stdout, env, redactor, color),
    stderr: createOutput(stderr, env, redactor, color),
  };
  const interrupts = signals.pipe(share());
  const secondInterrupt = interrupts.pipe(skip(1), take(1), tap((signal) => exit(exitCodeOf(signal)))).subscribe();
  const stopped = merge(
    interrupts.pipe(map((signal): Stop => ({ kind: 'signal', signal }))),
    merge(console.stdout.broken, console.stderr.broken).pipe(map((error): Stop => ({ kind: 'broken', error }))),
    // Replayed, because it may come before the command subscribes.
  ).pipe(take(1), shareReplay({ bufferSize: 1, refCount: true }));
  const listening = stopped.subscribe();
  try {
    if (isLeft(parsed)) throw parsed.left;
    const code = await run(parsed.right.command, { ...console, stopped });
    const failure = await console.stdout.settled();
    if (failure !== null && !isClosedPipe(failure)) throw failure;
    return code;
  } catch (error) {
    return error instanceof Stopped ? error.exitCode : reportError(error, args, console);
  } finally {
    secondInterrupt.unsubscribe();
    listening.unsubscribe();
  }
};

const run = async (command: Command, console: Console): Promise<number> => {
  switch (command.kind) {
    case 'help': {
      const output = command.isError ? console.stderr : console.stdout;
      output.line(helpText(command.about, lookFor(output)));
      return command.isError ? 2 : 0;
    }
    case 'version':
      console.stdout.line(version);
      return 0;
    case 'completion':
      console.stdout.line(completionScript(command.shell));
      return 0;
    case 'create':
      return runCreate(command, console);
    case 'watch':
      return runWatch(command, console);
    case 'query':
      return runQuery(command, console);
    case 'list':
      return runList(command, console);
    case 'cancel':
      return runCancel(command, console);
    case 'providers':
      return runProviders(command, console);
    case 'simulate':
      return runSimulate(command, console);
  }
};

/** Prints an error as one line, with RX_SEEDANCE_DEBUG also its stack. Gives the exit code. */
const reportError = (error: unknown, args: readonly string[], { env, stderr }: Pick<Console, 'env' | 'stderr'>): number => {
  stderr.line(`rx-seedance: ${plain(messageOf(error))}`);
  if (error instanceof UsageError) {
    const names = createProgram().commands.map((command) => command.name());
    stderr.line(`See ${['rx-seedance', ...args.filter((arg) => names.includes(arg)).slice(0, 1), '--help'].join(' ')}`);
    return 2;
  }
  if ((env['RX_SEEDANCE_DEBUG'] ?? '') !== '' && error instanceof Error) stderr.line(error.stack ?? '');
  return 1;
};
