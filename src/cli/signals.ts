/**
 * The signals that end a run, and the exit codes that tell of them.
 */
import { fromEvent, map, merge, type Observable } from 'rxjs';

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal that asks a program to end. */
export type EndSignal = keyof typeof codes;

/** What a shell expects of a program that a signal has ended. */
export const exitCodeOf = (signal: EndSignal): number => codes[signal];

/** The signals of a process. Its handlers are there while there is a subscription. */
export const endSignals = (process: NodeJS.EventEmitter): Observable<EndSignal> =>
  // The keys of the record above.
  merge(...(Object.keys(codes) as EndSignal[]).map((signal) => fromEvent(process, signal).pipe(map(() => signal))));
