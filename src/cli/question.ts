/**
 * Asks a person at a terminal.
 */
import { defaultIfEmpty, defer, map, type Observable, take, tap } from 'rxjs';
import type { Console } from './console.js';
import { linesOf } from './lines.js';

/** Whether somebody can be asked. */
export const canAsk = ({ stdin, stderr }: Pick<Console, 'stdin' | 'stderr'>): boolean => stdin.isTTY === true && stderr.isTerminal;

/** Asks on stderr, and emits whether the next line of stdin says yes. Nothing else of stdin can be read afterwards. */
export const asksFor = (question: string, { stdin, stderr }: Pick<Console, 'stdin' | 'stderr'>): Observable<boolean> =>
  defer(() => {
    stderr.write(`${question} [y/N] `);
    return linesOf(stdin);
  }).pipe(
    take(1),
    defaultIfEmpty(null),
    tap((line) => {
      if (line === null) stderr.line(''); // Ctrl-D leaves the cursor behind the question
    }),
    map((line) => line !== null && /^\s*y(?:es)?\s*$/i.test(line)),
  );
