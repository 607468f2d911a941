/**
 * For tests of the client in virtual time: responses of the providers, a transport that records every request, and records of streams as
 * lines of text, one for each notification: `15s running`.
 */
import { asyncScheduler, defer, finalize, map, NEVER, type Observable, of, tap, throwError, timer } from 'rxjs';
import type { RunHelpers } from 'rxjs/internal/testing/TestScheduler';
import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import type { DelayPolicy } from '../../src/poll/delay-policy.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import type { TaskTransition } from '../../src/task/transition.js';
import { type ScriptedStep, scriptedTransport } from '../../src/testing/index.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { type Account, account, type AccountOptions } from '../../src/client/account.js';
import { createTaskClient, type TaskClientOptions, type WatchOptions } from '../../src/client/task-client.js';
import type { WatchState } from '../../src/state/watch-state.js';
import { ark as arkDialect } from '../../src/wire/ark.js';
import { defineProvider, type Provider } from '../../src/wire/provider.js';

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => count * 60_000;
export const hours = (count: number): number => count * 3_600_000;
export const days = (count: number): number => count * 86_400_000;

export const key = 'sk-0123456789abcdef-ABCDEF';

export const arkTask = { provider: 'ark', id: 'cgt-1' } as const;
export const anyfastTask = { provider: 'anyfast', id: 'cgt-1' } as const;

/** An interval policy with exact times. The default retry policy stays: the minimum interval, doubled each time. */
export const every = (ms: number): { readonly interval: DelayPolicy } => ({ interval: () => ms });

type Step = Extract<ScriptedStep, { body?: unknown }>;

export const arkResponse = (status: string, fields: object = {}): Step => ({
  body: { id: 'cgt-1', model: 'doubao-seedance-1-5-pro', status, ...fields },
});
export const queued = arkResponse('queued');
export const running = arkResponse('running');
export const succeeded = arkResponse('succeeded', { content: { video_url: 'https://videos.example/cgt-1.mp4' } });
export const failed = arkResponse('failed', { error: { code: 'InternalServiceError', message: 'the model has stumbled' } });
export const cancelled = arkResponse('cancelled');
export const expired = arkResponse('expired');

export const anyfastResponse = (status: string, fields: object = {}): Step => ({
  body: { code: 'success', message: '', data: { task_id: 'cgt-1', status, ...(status === 'SUCCESS' ? { result_url: 'https://videos.example/cgt-1.mp4' } : {}), ...fields } },
});

/** An error in Ark's shape. */
export const refusal = (status: number, code: string, message = `${code} it is`): Step => ({
  status,
  body: { error: { code, message, type: 'Error' } },
});

export const missing = refusal(404, 'ResourceNotFound');
export const forbidden = refusal(403, 'AccessDenied');
export const unauthorized = refusal(401, 'AuthenticationError');
export const busy = refusal(503, 'ServiceUnavailable');
export const tooMany = (headers: Readonly<Record<string, string>> = {}): Step => ({
  ...refusal(429, 'RateLimitExceeded.EndpointRPMExceeded'),
  headers,
});
export const reset = { error: 'read ECONNRESET' } as const;
export const html = (status: number): Step => ({ status, body: `<html><body><h1>${String(status)}</h1></body></html>` });

/** A client of two accounts, and its scripted transport. Options are those of `createTaskClient`. Tasks are polled singly. */
export const scripted = (
  script: Parameters<typeof scriptedTransport>[0],
  options: Partial<TaskClientOptions<'ark' | 'anyfast'>> = {},
) => {
  const transport = scriptedTransport(script);
  const accounts = [account(ark, { apiKey: key, batch: false }), account(anyfast, { apiKey: key })];
  return { transport, client: createTaskClient({ transport, accounts, ...options }) };
};

/** When requests were sent, in seconds. */
export const sentAtS = ({ requests }: { readonly requests: readonly { readonly atMs: number }[] }): readonly number[] =>
  requests.map(({ atMs }) => atMs / 1000);

/** A request, when it was sent, and how and when it ended. */
export interface RecordedRequest {
  readonly url: string;
  readonly headers: HttpRequest['headers'];
  readonly atMs: number;
  end: 'responded' | 'failed' | 'aborted' | null;
  endedAtMs: number | null;
}

/** A transport with the given responses that records every request. */
export const recordingTransport = (respond: (index: number, request: HttpRequest) => Observable<HttpResponse>) => {
  const requests: RecordedRequest[] = [];
  let pending = 0;
  const transport: Transport = (request) =>
    defer(() => {
      const recorded: RecordedRequest = { url: request.url, headers: request.headers, atMs: asyncScheduler.now(), end: null, endedAtMs: null };
      const index = requests.push(recorded) - 1;
      pending += 1;
      return respond(index, request).pipe(
        tap({ next: () => (recorded.end = 'responded'), error: () => (recorded.end = 'failed') }),
        finalize(() => {
          pending -= 1;
          recorded.end ??= 'aborted';
          recorded.endedAtMs = asyncScheduler.now();
        }),
      );
    });
  return { transport, requests, pending: () => pending };
};

/** The response of a scripted step, for custom transports. */
export const responseOf = ({ status = 200, headers = {}, body = '' }: Step): HttpResponse => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** A scripted step as a stream. */
export const played = (step: ScriptedStep): Observable<HttpResponse> => {
  if ('hang' in step) return NEVER;
  if ('error' in step) return step.afterMs === undefined ? refused(step.error) : timer(step.afterMs).pipe(map(() => { throw new Error(step.error); }));
  return step.afterMs === undefined ? of(responseOf(step)) : timer(step.afterMs).pipe(map(() => responseOf(step)));
};

const refused = (message: string): Observable<never> => throwError(() => new Error(message));

/**
 * A client, and its requests. The responses are a function, or a list of steps of which the last repeats. Options are those of
 * `createTaskClient`; without accounts it has the usual one of Ark.
 */
export const recordedClient = <Id extends string = 'ark'>(
  responses: readonly ScriptedStep[] | Parameters<typeof recordingTransport>[0],
  // Without accounts, Id is 'ark'.
  { accounts = [accountOf(ark)] as readonly Account<string>[] as readonly Account<Id>[], ...options }: Partial<TaskClientOptions<Id>> = {},
) => {
  const { transport, ...recorded } = recordingTransport(
    typeof responses === 'function' ? responses : (index) => played(responses[Math.min(index, responses.length - 1)] ?? { hang: true }));
  return { client: createTaskClient<Id>({ transport, accounts, ...options }), ...recorded };
};

/** The notifications of a stream: a line for each value, `|` for completion, `#` for an error. */
export interface StreamRecord<T> {
  readonly lines: readonly string[];
  readonly values: readonly T[];
  readonly error: unknown;
  readonly isOver: boolean;
  readonly stop: () => void;
}

/** Subscribes and records the notifications; unsubscribes at `untilMs` of virtual time, if given. */
export const record = <T>(source: Observable<T>, show: (value: T) => unknown = String, untilMs?: number): StreamRecord<T> => {
  const lines: string[] = [];
  const values: T[] = [];
  const end: { error: unknown; isOver: boolean } = { error: null, isOver: false };
  const note = (what: unknown): void => void lines.push(`${String(asyncScheduler.now() / 1000)}s ${String(what)}`);
  const subscription = source.subscribe({
    next: (value) => {
      values.push(value);
      note(show(value));
    },
    error: (error: unknown) => {
      Object.assign(end, { error, isOver: true });
      note('#');
    },
    complete: () => {
      end.isOver = true;
      note('|');
    },
  });
  if (untilMs !== undefined) timer(untilMs - asyncScheduler.now()).subscribe(() => { subscription.unsubscribe(); });
  return Object.assign(end, { lines, values, stop: () => { subscription.unsubscribe(); } });
};

/** A transition by its new status. */
export const to = (transition: TaskTransition): string => transition.to;

/** The usual case: a client with a scripted transport, and the record of a watch of `arkTask` with the options in `watch`. */
export const given = (
  script: Parameters<typeof scriptedTransport>[0],
  { watch, ...options }: Partial<TaskClientOptions<'ark' | 'anyfast'>> & { readonly watch?: WatchOptions } = {},
) => {
  const { transport, client } = scripted(script, options);
  return { transport, client, seen: record(client.watch(arkTask, watch), to) };
};

/** A state by its status or its error, and how the watch ended. */
export const brief = ({ lastError, snapshot, ended }: WatchState): string => {
  const standing = lastError === null ? (snapshot?.status ?? 'nothing') : `${lastError.reason ?? lastError.kind} x${String(lastError.sameFailureCount)}`;
  return ended === null || ended === 'terminal' ? standing : `${standing} (${ended})`;
};

export interface VirtualTime extends RunHelpers {
  /** The number of active timers. */
  readonly timers: () => number;
  /** Runs an action at an instant, before other actions or after `turns` turns of the scheduler. It does not count as a timer. */
  readonly interrupt: (ms: number, action: () => void, turns?: number) => void;
}

/** Runs in virtual time and returns the result: for tables and properties. */
export const inVirtualTime = <R>(run: (time: VirtualTime) => R): R => {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  const interrupt: VirtualTime['interrupt'] = (ms, action, turns = 0) => {
    scheduler.schedule(() => { if (turns === 0) action(); else interrupt(scheduler.now(), action, turns - 1); }, ms - scheduler.now());
  };
  return scheduler.run((helpers) =>
    run({ ...helpers, interrupt, timers: () => scheduler.actions.filter(({ closed }) => !closed).length }),
  );
};

/** Runs an action at an instant of virtual time. */
export const at = (ms: number, action: () => void): void => {
  timer(ms - asyncScheduler.now()).subscribe(action);
};

/** Ark with short intervals, so that a test can visit every instant of a watch. */
export const quick = defineProvider({
  ...{ id: 'quick', name: 'Quick', baseUrl: 'https://quick.example', path: '/tasks/{id}', dialect: arkDialect },
  ...{ retention: ark.retention, tierFactors: {}, refundsFailures: null, documentation: 'https://quick.example/docs' },
  pacing: () => ({ minIntervalMs: 3, recommended: { minMs: 4, maxMs: 6 } }),
  expectedTimeMs: () => null,
});

/** An account of `provider` with the usual key. Its tasks are polled singly. */
export const accountOf = <Id extends string>(provider: Provider<Id>, options: Partial<AccountOptions> = {}) =>
  account(provider, { apiKey: key, batch: false, ...options });

export const taskOf = <Id extends string>({ id: provider }: Provider<Id>, id = 'cgt-1'): TaskRef<Id> => ({ provider, id });
