/**
 * A transport with scripted responses. It uses the scheduler's time: with RxJS's `TestScheduler` an hour of polling takes no time.
 */
import { asyncScheduler, defer, delay, finalize, NEVER, type Observable, of, switchMap, throwError, timer } from 'rxjs';
import type { HttpResponse, Transport } from '../transport/transport.js';

/** The result of one request. */
export type ScriptedStep =
  | {
    /** The body: a string as it is, any other value as JSON. Default: empty. */
    readonly body?: unknown;
    /** Default: 200. */
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** The delay of the response, in ms. Default: none. */
    readonly afterMs?: number;
  }
  /** The request fails with this message. */
  | { readonly error: string; readonly afterMs?: number }
  /** No response ever arrives. */
  | { readonly hang: true };

/** A recorded request, without its headers, which hold the key. */
export interface ScriptedRequest {
  readonly url: string;
  /** When it was sent, in ms of the scheduler's time. */
  readonly atMs: number;
}

/** A transport, and the requests it received. */
export type ScriptedTransport = Transport & {
  /** Every request, in order. */
  readonly requests: readonly ScriptedRequest[];
  /** The number of requests in flight. */
  readonly pending: () => number;
};

/**
 * Creates a transport with scripted responses.
 *
 * @param script the steps of all requests in order, or the steps of each task by its id; the last step repeats
 * Throws `TypeError` for a script without steps. A task that is not in the script gets a 404. So does a list of tasks: the client then polls
 * each task by itself. Set `batch: false` in the account to skip the list request.
 * @example scriptedTransport({ 'cgt-1': [{ body: { status: 'running' } }, { status: 503 }, { body: { status: 'cancelled' } }] })
 */
export const scriptedTransport = (
  script: readonly ScriptedStep[] | Readonly<Record<string, readonly ScriptedStep[]>>,
): ScriptedTransport => {
  const requests: ScriptedRequest[] = [];
  const counts = new Map<string, number>();
  let pending = 0;
  const isOneScript = Array.isArray(script);
  const scripts = new Map<string, readonly ScriptedStep[]>(Object.entries(isOneScript ? { [everyTask]: script } : script));
  for (const [id, steps] of scripts) {
    if (steps.length === 0) throw new TypeError(`scriptedTransport: the script of ${id} must have at least one step`);
  }
  const transport: Transport = ({ url }) =>
    defer(() => {
      const id = isOneScript ? everyTask : decodeURIComponent(url.split('/').at(-1) ?? '');
      const steps = isList(url) ? unscripted : (scripts.get(id) ?? unscripted);
      const index = counts.get(id) ?? 0;
      if (steps !== unscripted) counts.set(id, index + 1);
      requests.push({ url, atMs: asyncScheduler.now() });
      pending += 1;
      return play(steps[Math.min(index, steps.length - 1)] ?? { hang: true }).pipe(finalize(() => (pending -= 1)));
    });
  return Object.assign(transport, { requests, pending: () => pending });
};

const everyTask = 'every task';

/** Whether a URL requests a list of tasks. */
const isList = (url: string): boolean => /[?&]filter\.task_ids=/.test(url);

const unscripted: readonly ScriptedStep[] = [{ status: 404, body: { error: { code: 'ResourceNotFound', message: 'not in the script' } } }];

const play = (step: ScriptedStep): Observable<HttpResponse> => {
  if ('hang' in step) return NEVER;
  if ('error' in step) {
    const failed = throwError(() => new Error(step.error));
    return step.afterMs === undefined ? failed : timer(step.afterMs).pipe(switchMap(() => failed));
  }
  const { status = 200, headers = {}, body = '', afterMs } = step;
  const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const response = of({ status, headers: lowerCase, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return afterMs === undefined ? response : response.pipe(delay(afterMs));
};
