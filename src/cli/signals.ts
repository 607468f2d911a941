/**
 * The signals that end a run, and their exit codes.
 */
import { fromEvent, map, merge, type Observable } from 'rxjs';

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal that ends a program. */
export type EndSignal = keyof typeof codes;

/** The exit code that a shell expects after a signal. */
export const exitCodeOf = (signal: EndSignal): number => codes[signal];

/** The signals of a process. Its handlers are installed while there is a subscription. */
export const endSignals = (process: NodeJS.EventEmitter): Observable<EndSignal> =>
  // The keys of the record above.
  merge(...(Object.keys(codes) as EndSignal[]).map((signal) => fromEvent(process, signal).pipe(map(() => signal))));
