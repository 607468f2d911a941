/**
 * The command line as a function of arguments, variables and streams that returns an exit code. It does not use `process`, so that
 * tests can drive it.
 */
import { map, merge, type Observable, share, shareReplay, skip, take, tap } from 'rxjs';
import { messageOf } from '../state/errors.js';
import { isCommandName, parseCommand } from './arguments.js';
import { runCancel } from './cancel-command.js';
import { type Console, type InputStream, type Stop, Stopped } from './console.js';
import { runCreate } from './create-command.js';
import { hideKeys, type Variables } from './environment.js';
import { helpText } from './help.js';
import { createRedactor, createOutput, isClosedPipe, type TextStream } from './output.js';
import { runList } from './list-command.js';
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
  const redactor = createRedactor();
  hideKeys(env, redactor);
  const console: Omit<Console, 'stopped'> = {
    env,
    stdin,
    redactor,
    stdout: createOutput(stdout, env, redactor),
    stderr: createOutput(stderr, env, redactor),
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
    const code = await run(args, { ...console, stopped });
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

const run = async (args: readonly string[], console: Console): Promise<number> => {
  if (args.length === 0) {
    console.stderr.line(helpText(null));
    return 2;
  }
  const command = parseCommand(args);
  switch (command.kind) {
    case 'help':
      console.stdout.line(helpText(command.about));
      return 0;
    case 'version':
      console.stdout.line(version);
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
const reportError = (error: unknown, [name]: readonly string[], { env, stderr }: Pick<Console, 'env' | 'stderr'>): number => {
  stderr.line(`rx-seedance: ${plain(messageOf(error))}`);
  if (error instanceof UsageError) {
    stderr.line(`See rx-seedance ${isCommandName(name) ? `${name} ` : ''}--help`);
    return 2;
  }
  if ((env['RX_SEEDANCE_DEBUG'] ?? '') !== '' && error instanceof Error) stderr.line(error.stack ?? '');
  return 1;
};
