/**
 * An HTTP answer as plain data, and what a dialect has to be able to say.
 */
import type { NewTask, TaskView } from './task-view.js';

/** A whole answer, not yet sent. */
export interface SimulatedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Why a request is not answered with a task. */
export type ErrorKind = 'unauthorized' | 'unknown-task' | 'bad-request' | 'not-deletable' | 'rate-limited' | 'server-error';

/** One family of wire shapes. */
export interface Dialect {
  /** The body that tells where a task stands. */
  readonly task: (view: TaskView) => object;
  /** The body that answers a creation. */
  readonly created: (task: NewTask) => object;
  /** @param detail for people, in the error's message */
  readonly refuse: (why: ErrorKind, detail: string, requestId: string) => SimulatedResponse;
}

/** An answer of JSON. */
export const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): SimulatedResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
});

/** The same answer with `Retry-After`; unchanged for null. */
export const withRetryAfter = (answer: SimulatedResponse, seconds: number | null): SimulatedResponse =>
  seconds === null ? answer : { ...answer, headers: { ...answer.headers, 'retry-after': String(seconds) } };
