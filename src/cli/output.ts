/**
 * Wraps a process's stdout or stderr: hides keys, and reports a closed pipe instead of ending the program.
 */
import { fromEventPattern, NEVER, type Observable, ReplaySubject } from 'rxjs';
import { redactorOf } from '../client/redaction.js';
import { codeOf } from '../node/system-error.js';
import { type ColorWhen, type Paint, paintFor } from './paint.js';

/** A writable stream that may be a terminal; `process.stdout` is one. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The size of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Where text goes. */
export interface Output {
  readonly isTerminal: boolean;
  /** Whether it is a terminal whose cursor can be moved. */
  readonly canRedraw: boolean;
  readonly paint: Paint;
  readonly size: () => Size;
  /** Emits when the terminal is resized. */
  readonly resized: Observable<unknown>;
  /** Emits once, when writing has failed. */
  readonly broken: Observable<Error>;
  readonly write: (text: string) => void;
  readonly line: (text: string) => void;
  /** Resolves when everything is written: to null, or to the error. */
  readonly settled: () => Promise<Error | null>;
}

/** Hides keys in everything that is written. */
export interface Redactor {
  /** Adds a key. Null is ignored. */
  readonly hide: (key: string | null) => void;
  readonly redact: (text: string) => string;
}

/** A redactor without keys. */
export const createRedactor = (): Redactor => {
  const redactors: ((text: string) => string)[] = [];
  return {
    hide: (key) => {
      if (key !== null) redactors.push(redactorOf(key));
    },
    redact: (text) => redactors.reduce((redacted, redact) => redact(redacted), text),
  };
};

/** Wraps a stream of the process. */
export const createOutput = (
  stream: TextStream,
  env: Readonly<Record<string, string | undefined>>,
  { redact }: Pick<Redactor, 'redact'>,
  color: ColorWhen = 'auto',
): Output => {
  const broken = new ReplaySubject<Error>(1);
  let failure: Error | null = null;
  // Never removed: an EPIPE may come late, and without a listener it would end the process.
  stream.on('error', (error: Error) => {
    failure ??= error;
    broken.next(error);
    broken.complete();
  });
  const write = (text: string): void => {
    if (failure === null) stream.write(redact(text));
  };
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    canRedraw: isTerminal && env['TERM'] !== 'dumb',
    paint: paintFor(isTerminal, env, color),
    // A pseudo-terminal without a size reports 0.
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    resized: isTerminal ? resizesOf(stream) : NEVER,
    broken,
    write,
    line: (text) => write(`${text}\n`),
    settled: () =>
      new Promise((resolve) => {
        if (failure === null) stream.write('', (error) => resolve(failure ?? error ?? null));
        else resolve(failure);
      }),
  };
};

/** Whether the reader has closed the pipe, which is not a failure. */
export const isClosedPipe = (error: Error): boolean => ['EPIPE', 'ERR_STREAM_DESTROYED'].includes(codeOf(error) ?? '');

const resizesOf = (stream: TextStream): Observable<unknown> =>
  fromEventPattern(
    (listener) => stream.on('resize', listener),
    (listener) => stream.off('resize', listener),
  );
