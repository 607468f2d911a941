/** Runs the command line in this process, with fake streams, variables and signals. */
import { Readable, Writable } from 'node:stream';
import { asyncScheduler, filter, fromEvent, mergeMap, NEVER, type Observable, observeOn, take } from 'rxjs';
import { runCommandLine } from '../../src/cli/command-line.js';
import type { EndSignal } from '../../src/cli/signals.js';
import { type Simulator, simulatedProviders } from '../../src/simulator/index.js';

/** A stream that records what is written to it. It can act as a terminal, and can fail like a closed pipe. */
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

/** Emits signals when a stream has received a string. */
export const once = (stream: FakeStream, text: RegExp | string, ...signals: readonly EndSignal[]): Observable<EndSignal> =>
  fromEvent(stream, 'wrote').pipe(
    filter(() => (typeof text === 'string' ? stream.text.includes(text) : text.test(stream.text))),
    take(1),
    observeOn(asyncScheduler),
    mergeMap(() => signals),
  );

/** The keys and base URLs of a simulator, without its clock: at its speed, a busy machine exceeds the time limit of a request. */
export const variablesFor = (simulator: Simulator): Readonly<Record<string, string>> =>
  Object.fromEntries(
    simulatedProviders.flatMap((id) => [
      [`${id.toUpperCase()}_API_KEY`, simulator.apiKey(id)],
      [`${id.toUpperCase()}_BASE_URL`, simulator.baseUrl(id)],
    ]),
  );

/** The text without colours and cursor movements. */
// eslint-disable-next-line no-control-regex
export const withoutEscapes = (text: string): string => text.replace(/\u001b\[[?\d;]*[A-Za-z]/g, '');
