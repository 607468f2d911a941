/**
 * Asks a person at a terminal.
 */
import { defaultIfEmpty, defer, map, type Observable, take } from 'rxjs';
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
    map((line) => /^\s*y(?:es)?\s*$/i.test(line)),
    defaultIfEmpty(false),
  );
