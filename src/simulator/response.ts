/**
 * An HTTP response as plain data, and the interface of a dialect.
 */
import type { NewTask, TaskView } from './task-view.js';

/** A complete response before it is sent. */
export interface SimulatedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A response of which only the first bytes are sent: the share `cutAt` of its status line, headers and body. */
export interface CutResponse {
  readonly whole: SimulatedResponse;
  /** From 0 (included) to 1 (excluded). */
  readonly cutAt: number;
}

/** What is sent in place of a response: a `reset` connection, or nothing. */
export type FaultResult = SimulatedResponse | CutResponse | 'reset' | 'hang';

/** Why a request gets an error instead of a task. */
export type ErrorKind =
  | 'unauthorized'
  | 'unknown-task'
  | 'bad-request'
  | 'moderated'
  | 'over-quota'
  | 'not-deletable'
  | 'rate-limited'
  | 'server-error';

/** The shape of responses that several providers share. */
export interface Dialect {
  /** The body that describes a task. */
  readonly task: (view: TaskView) => object;
  /** The body of the response to a creation. */
  readonly created: (task: NewTask) => object;
  /** @param detail the text of the error message */
  readonly errorResponse: (why: ErrorKind, detail: string, requestId: string) => SimulatedResponse;
}

/** A JSON response. */
export const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): SimulatedResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
});

const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** A proxy's page instead of a response of the provider. */
export const badGateway: SimulatedResponse = { status: 502, headers: { 'content-type': 'text/html' }, body: page };

/** The same response with `Retry-After`; unchanged for null. */
export const withRetryAfter = (response: SimulatedResponse, seconds: number | null): SimulatedResponse =>
  seconds === null ? response : { ...response, headers: { ...response.headers, 'retry-after': String(seconds) } };
