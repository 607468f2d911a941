/**
 * A process's stdout or stderr, made safe: keys never pass, and a pipe that its reader has closed breaks no program but is told.
 */
import { fromEventPattern, NEVER, type Observable, ReplaySubject } from 'rxjs';
import { redactorOf } from '../client/redaction.js';
import { codeOf } from '../node/system-error.js';
import { type Paint, paintFor } from './paint.js';

/** A writable stream that may be a terminal; `process.stdout` is one. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** How large a terminal is, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Where text goes. */
export interface Output {
  readonly isTerminal: boolean;
  /** A terminal whose cursor can be moved. */
  readonly canRedraw: boolean;
  readonly paint: Paint;
  readonly size: () => Size;
  /** Emits when the terminal has another size. */
  readonly resized: Observable<unknown>;
  /** Emits once, when nothing can be written any more. */
  readonly broken: Observable<Error>;
  readonly write: (text: string) => void;
  readonly line: (text: string) => void;
  /** When all is written: null, or why it could not be. */
  readonly settled: () => Promise<Error | null>;
}

/** What hides keys in everything that is written. */
export interface Discretion {
  /** Null: there is no key. */
  readonly hide: (key: string | null) => void;
  readonly redact: (text: string) => string;
}

/** Keys that are to be hidden, as they become known. */
export const createDiscretion = (): Discretion => {
  const redactors: ((text: string) => string)[] = [];
  return {
    hide: (key) => {
      if (key !== null) redactors.push(redactorOf(key));
    },
    redact: (text) => redactors.reduce((clear, redact) => redact(clear), text),
  };
};

/** Wraps a stream of the process. */
export const createOutput = (
  stream: TextStream,
  env: Readonly<Record<string, string | undefined>>,
  { redact }: Pick<Discretion, 'redact'>,
): Output => {
  const broken = new ReplaySubject<Error>(1);
  let failure: Error | null = null;
  // For good: an EPIPE may come late, and without a listener it would end the process with a stack.
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
    paint: paintFor(isTerminal, env),
    // A pseudo-terminal without a size says 0.
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

/** Whether the reader of a pipe has had enough: no fault of anybody. */
export const isClosedPipe = (error: Error): boolean => ['EPIPE', 'ERR_STREAM_DESTROYED'].includes(codeOf(error) ?? '');

const resizesOf = (stream: TextStream): Observable<unknown> =>
  fromEventPattern(
    (listener) => stream.on('resize', listener),
    (listener) => stream.off('resize', listener),
  );
