/**
 * What is asked about one task, and how a request leaves: through its account's budget and its watcher's gate, with the key, in time.
 * Whatever goes wrong with a request that has left is an answer; an error is one of the gate's.
 */
import { type Either, isLeft, left, right } from 'fp-ts/Either';
import { catchError, defer, EMPTY, map, type Observable, of, throwError, throwIfEmpty } from 'rxjs';
import { within } from '../poll/rest.js';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import type { Gate } from '../transport/gate.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import { shortened } from '../wire/refusal.js';
import type { Account, Credentials } from './account.js';
import { messageOf } from '../state/errors.js';
import type { Trouble } from '../state/watch-state.js';

/** What a question comes to. */
export type Answer = Either<Trouble, TaskSnapshot>;

/** When and how a request leaves. */
export interface Departure<Leaving> {
  /** When it fell due: of those that wait, the earliest go first. */
  readonly dueAtMs: number;
  readonly gate: Gate;
  /** Called when the request leaves. */
  readonly leave: () => Leaving;
}

/** One question about one task. Its `leave` says whether anybody still asks; if not, it does not leave. */
export interface Question extends Departure<boolean> {
  readonly task: TaskRef;
  readonly serviceTier: string | null;
  /** Whether the answer before this one was a trouble. */
  readonly isTroubled: boolean;
}

/** Cold: each subscription asks once, and emits one answer. */
export type Ask = (question: Question) => Observable<Answer>;

/** Sends one request of an account. Its `leave` gives the path below the base URL, or null if nothing is to leave. */
export type Send = (departure: Departure<string | null>) => Observable<Either<Trouble, HttpResponse>>;

class Silence extends Error {}

/** The requests of one account over a transport; an answer counts when it comes within `askTimeoutMs` of the leaving. */
export const sender = ({ baseUrl, credentials, budget }: Account, transport: Transport, askTimeoutMs: number): Send => {
  const late = throwError(() => new Silence(`no answer within ${String(askTimeoutMs)} ms`));

  return ({ dueAtMs, gate, leave }) =>
    defer(() => {
      /** Keeps the key out of what comes back; null until the request leaves: whatever goes wrong before that is the gate's. */
      let cleared: Credentials['redact'] | null = null;
      const departing: Transport = () => {
        const path = leave();
        if (path === null) return EMPTY;
        cleared = asItIs;
        const { headers, redact } = credentials();
        cleared = redact;
        return transport({ method: 'GET', url: baseUrl + path, headers }).pipe(
          within(askTimeoutMs, late),
          throwIfEmpty(),
          map((response) => redactedBy(redact, response)),
        );
      };
      return budget(departing, gate)({ method: 'GET', url: baseUrl, headers: {}, dueAtMs }).pipe(
        map((response) => right(response)),
        catchError((error: unknown) => {
          if (cleared === null) throw error;
          return of(left({ kind: error instanceof Silence ? 'timeout' : 'transport', message: shortened(cleared(messageOf(error))) } as const));
        }),
      );
    });
};

const asItIs = (text: string): string => text;

/** Asks about each task by itself. */
export const askSingly =
  ({ provider }: Account, send: Send): Ask =>
  ({ task, dueAtMs, gate, leave }) => {
    const path = (): string | null => (leave() ? pathOf(provider.path, task) : null);
    return send({ dueAtMs, gate, leave: path }).pipe(map((sent) => (isLeft(sent) ? sent : provider.read(task, sent.right))));
  };

/** Where one task is found, below the base URL. */
export const pathOf = (path: string, { id }: TaskRef): string => path.replace('{id}', () => encodeURIComponent(id));

const redactedBy = (redact: Credentials['redact'], { status, headers, body }: HttpResponse): HttpResponse => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redact(value)])),
  body: redact(body),
});
