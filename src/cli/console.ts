/**
 * What a command needs from its process: streams, variables, and the events that stop it.
 */
import { lastValueFrom, map, type Observable, takeUntil } from 'rxjs';
import type { Variables } from './environment.js';
import type { Redactor, Output } from './output.js';
import { type EndSignal, exitCodeOf } from './signals.js';

/** Why a command stops early. */
export type Stop = { readonly kind: 'signal'; readonly signal: EndSignal } | { readonly kind: 'broken'; readonly error: Error };

/** A readable stream that may be a terminal; `process.stdin` is one. */
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** A command's side of its process. */
export interface Console {
  readonly env: Variables;
  readonly stdin: InputStream;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly redactor: Redactor;
  /** Emits once, when the command must stop; late subscribers get it too. */
  readonly stopped: Observable<Stop>;
}

/** The exit code of a command that stops early: 141 is what a shell expects of a program whose output is closed. */
export const stopCode = (stop: Stop): number => (stop.kind === 'signal' ? exitCodeOf(stop.signal) : 141);

/** A command has stopped early. Ends the program without a message. */
export class Stopped extends Error {
  readonly exitCode: number;

  constructor(stop: Stop) {
    super('stopped');
    this.exitCode = stopCode(stop);
  }
}

/** The last value of `work`. Rejects with its error, and with `Stopped` when the command must stop before it completes. */
export const untilStopped = <T>(work: Observable<T>, { stopped }: Pick<Console, 'stopped'>): Promise<T> => {
  const interrupted = stopped.pipe(
    map((stop) => {
      throw new Stopped(stop);
    }),
  );
  return lastValueFrom(work.pipe(takeUntil(interrupted)));
};
