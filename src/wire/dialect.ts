/**
 * The type of a dialect: a name, status words, and readers of parsed bodies.
 */
import type { Failure } from '../task/snapshot.js';
import type { ErrorDetail } from './error-detail.js';
import type { ResponseReason } from './error-response.js';
import type { ParsedTask } from './reading.js';
import type { StatusTable } from './status-words.js';

/** The shape of responses that several providers share. */
export interface Dialect {
  readonly name: string;
  /** The status words that its documentation lists. */
  readonly statuses: StatusTable;
  /** Reads the task in a parsed body; null when it holds none. Never throws. */
  readonly read: (body: unknown) => ParsedTask | null;
  /**
   * Reads the code and the message of an error from fields of the API's own; null for any other body. Pure, never throws. The shapes that
   * servers share need no reader.
   */
  readonly errorDetail?: (body: unknown) => ErrorDetail | null;
  /**
   * Recognises the API's own errors by their shape and documented codes. Returns null for any other body, which may be a gateway's. Pure,
   * never throws. Called for HTTP 4xx and for errors under 2xx. Without it, or when it returns null, a failure is never `not-found`,
   * `forbidden` or `rejected`, and the poll is retried.
   *
   * @param status the HTTP status
   * @param body the parsed JSON of the response, or the object inside its envelopes that holds the error
   */
  readonly errorReason?: (status: number, body: unknown) => ResponseReason | null;
  /** Whether a failure has a relay's generic message, which does not give the cause. Default: always false. */
  readonly isRelayFailure?: (failure: Failure) => boolean;
}
