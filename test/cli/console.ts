/** A command line in this process: fake streams, variables and signals of its own, and what came of it. */
import { Readable, Writable } from 'node:stream';
import { asyncScheduler, filter, fromEvent, mergeMap, NEVER, type Observable, observeOn, take } from 'rxjs';
import { runCommandLine } from '../../src/cli/command-line.js';
import type { EndSignal } from '../../src/cli/signals.js';

/** A stream that keeps what is written to it, may play a terminal, and may break like a pipe that its reader closes. */
export class FakeStream extends Writable {
  text = '';
  readonly isTTY: boolean;
  columns: number;
  rows: number;
  readonly #breaksAfter: number;
  readonly #code: string;

  constructor({ isTTY = false, columns = 80, rows = 24, breaksAfter = Infinity, code = 'EPIPE' } = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
    this.#breaksAfter = breaksAfter;
    this.#code = code;
  }

  override _write(chunk: string, _encoding: string, done: (error?: Error) => void): void {
    this.text += chunk;
    this.emit('wrote');
    done(this.text.length > this.#breaksAfter ? Object.assign(new Error(`write ${this.#code}`), { code: this.#code }) : undefined);
  }
}

export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Readable;
  readonly stdout?: FakeStream;
  readonly stderr?: FakeStream;
  readonly signals?: Observable<EndSignal>;
  readonly exit?: (code: number) => void;
}

export const run = async (
  args: readonly string[],
  { env = {}, stdin = Readable.from([]), stdout = new FakeStream(), stderr = new FakeStream(), signals = NEVER, exit = () => undefined }: Given = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> => {
  const code = await runCommandLine({ args, env, stdin, stdout, stderr, signals, exit });
  return { code, out: stdout.text, err: stderr.text };
};

/** A signal that comes when a stream has been told something. */
export const once = (stream: FakeStream, told: RegExp | string, ...signals: readonly EndSignal[]): Observable<EndSignal> =>
  fromEvent(stream, 'wrote').pipe(
    filter(() => (typeof told === 'string' ? stream.text.includes(told) : told.test(stream.text))),
    take(1),
    observeOn(asyncScheduler),
    mergeMap(() => signals),
  );

/** What a terminal shows of a text: without colours and without what moves the cursor. */
// eslint-disable-next-line no-control-regex
export const withoutEscapes = (text: string): string => text.replace(/\u001b\[[?\d;]*[A-Za-z]/g, '');
