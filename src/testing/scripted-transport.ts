/**
 * A transport that answers by script. Its time is the scheduler's: with RxJS's `TestScheduler` an hour of asking takes no time.
 */
import { asyncScheduler, defer, delay, finalize, NEVER, type Observable, of, switchMap, throwError, timer } from 'rxjs';
import type { HttpResponse, Transport } from '../transport/transport.js';

/** What becomes of one request. */
export type ScriptedStep =
  | {
      /** The body: a text as it is, anything else as JSON. Default: empty. */
      readonly body?: unknown;
      /** Default: 200. */
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** How long the answer takes, in ms. Default: it comes at once. */
      readonly afterMs?: number;
    }
  /** No answer arrives, and this is why. */
  | { readonly error: string; readonly afterMs?: number }
  /** Nothing ever arrives. */
  | { readonly hang: true };

/** A request as it was seen. Its headers are left out: they hold the key. */
export interface ScriptedRequest {
  readonly url: string;
  /** When it left, in ms of the scheduler. */
  readonly atMs: number;
}

/** A transport, and what went through it. */
export type ScriptedTransport = Transport & {
  /** Every request that left, in order. */
  readonly requests: readonly ScriptedRequest[];
  /** How many requests are under way. */
  readonly pending: () => number;
};

/**
 * A transport that answers by script.
 *
 * @param script the steps of all requests in order, or the steps of each task by its id; the last step is repeated
 * Errors: `TypeError` for a script without a step. A task that is not in the script is answered with 404, and so is a list of tasks:
 * each is then asked about by itself. `batch: false` in the account does without that question.
 * @example scriptedTransport({ 'cgt-1': [{ body: { status: 'running' } }, { status: 503 }, { body: { status: 'cancelled' } }] })
 */
export const scriptedTransport = (
  script: readonly ScriptedStep[] | Readonly<Record<string, readonly ScriptedStep[]>>,
): ScriptedTransport => {
  const requests: ScriptedRequest[] = [];
  const asked = new Map<string, number>();
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
      const index = asked.get(id) ?? 0;
      if (steps !== unscripted) asked.set(id, index + 1);
      requests.push({ url, atMs: asyncScheduler.now() });
      pending += 1;
      return play(steps[Math.min(index, steps.length - 1)] ?? { hang: true }).pipe(finalize(() => (pending -= 1)));
    });
  return Object.assign(transport, { requests, pending: () => pending });
};

const everyTask = 'every task';

/** Whether several tasks are asked about at once. */
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
