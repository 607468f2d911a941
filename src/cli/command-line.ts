/**
 * The command line as a function: arguments, variables and streams in, exit code out. Knows no `process`, so that tests can drive it.
 */
import { map, merge, type Observable, share, shareReplay, skip, take, tap } from 'rxjs';
import { messageOf } from '../state/errors.js';
import { isCommandName, parseCommand } from './arguments.js';
import type { Console, Stop } from './console.js';
import { hideKeys, type Variables } from './environment.js';
import { helpText } from './help.js';
import { createDiscretion, createOutput, isClosedPipe, type TextStream } from './output.js';
import { runProviders } from './providers-command.js';
import { runQuery } from './query-command.js';
import { type EndSignal, exitCodeOf } from './signals.js';
import { runSimulate } from './simulate-command.js';
import { plain } from './terminal-text.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';
import { runWatch } from './watch-command.js';

/** What a command line has of its process. */
export interface CommandLineOptions {
  /** Without the program and the script. */
  readonly args: readonly string[];
  readonly env: Variables;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** What asks the program to end: see `endSignals`. */
  readonly signals: Observable<EndSignal>;
  /** Ends the program at once: for whoever asks a second time. */
  readonly exit: (code: number) => void;
}

/**
 * Runs a command line.
 *
 * @returns the exit code: 0 all is well, 1 something is not, 2 wrong usage, 130 interrupted (143 terminated, 129 hung up), 141 nobody
 * reads what `watch` writes
 * Errors: none; whatever goes wrong is told on stderr.
 * @example process.exitCode = await runCommandLine({ args: ['query', 'ark:cgt-1'], … })
 */
export const runCommandLine = async ({ args, env, stdin, stdout, stderr, signals, exit }: CommandLineOptions): Promise<number> => {
  const discretion = createDiscretion();
  hideKeys(env, discretion);
  const console: Omit<Console, 'stopped'> = {
    env,
    stdin,
    discretion,
    stdout: createOutput(stdout, env, discretion),
    stderr: createOutput(stderr, env, discretion),
  };
  const asked = signals.pipe(share());
  const impatience = asked.pipe(skip(1), take(1), tap((signal) => exit(exitCodeOf(signal)))).subscribe();
  const stopped = merge(
    asked.pipe(map((signal): Stop => ({ kind: 'signal', signal }))),
    merge(console.stdout.broken, console.stderr.broken).pipe(map((error): Stop => ({ kind: 'broken', error }))),
    // Shared, and told again: it may come before the command listens.
  ).pipe(take(1), shareReplay({ bufferSize: 1, refCount: true }));
  const listening = stopped.subscribe();
  try {
    const code = await run(args, { ...console, stopped });
    const failure = await console.stdout.settled();
    if (failure !== null && !isClosedPipe(failure)) throw failure;
    return code;
  } catch (error) {
    return told(error, args, console);
  } finally {
    impatience.unsubscribe();
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
    case 'watch':
      return runWatch(command, console);
    case 'query':
      return runQuery(command, console);
    case 'providers':
      return runProviders(command, console);
    case 'simulate':
      return runSimulate(command, console);
  }
};

/** One clean line for whatever went wrong; with RX_SEEDANCE_DEBUG the whole stack. */
const told = (error: unknown, [name]: readonly string[], { env, stderr }: Pick<Console, 'env' | 'stderr'>): number => {
  stderr.line(`rx-seedance: ${plain(messageOf(error))}`);
  if (error instanceof UsageError) {
    stderr.line(`See rx-seedance ${isCommandName(name) ? `${name} ` : ''}--help`);
    return 2;
  }
  if ((env['RX_SEEDANCE_DEBUG'] ?? '') !== '' && error instanceof Error) stderr.line(error.stack ?? '');
  return 1;
};
