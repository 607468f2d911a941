/**
 * What a dialect is: a name, the words for a status, and the readers of parsed bodies.
 */
import type { Failure } from '../task/snapshot.js';
import type { ResponseReason } from './error-response.js';
import type { ParsedTask } from './reading.js';
import type { StatusTable } from './status-words.js';

/** The shape of responses that several providers share. */
export interface Dialect {
  readonly name: string;
  /** The status words that its documentation lists. */
  readonly statuses: StatusTable;
  /** A parsed body → what it says of a task; null when it holds none. Total: never throws. */
  readonly read: (body: unknown) => ParsedTask | null;
  /**
   * Recognises the API's own errors, by its shape and its documented codes: what such a body says of the request. Null for any other
   * body, which may be a gateway's. Pure and total. Called for HTTP 4xx and for errors under 2xx; without it, or where it gives null, no
   * failure is `not-found`, `forbidden` or `rejected`, and every poll that meets such an error is repeated.
   *
   * @param status the HTTP status
   * @param body the parsed JSON of the response, or the object inside its envelopes that holds the error
   */
  readonly errorReason?: (status: number, body: unknown) => ResponseReason | null;
  /** Whether a failure is in the words of a relay that does not know why. Default: none is. */
  readonly isRelayFailure?: (failure: Failure) => boolean;
}
