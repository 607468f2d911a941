/**
 * The seam to HTTP: one function from a request to a stream of one answer. Knows no client and no provider.
 */
import type { Observable } from 'rxjs';

/** One GET. `headers` may hold the API key: a transport sends it to `url` and nowhere else. */
export interface HttpRequest {
  readonly method: 'GET';
  /** Absolute http(s) URL. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it fell due, in ms since the epoch: of the requests that wait for their turn, the earliest go first. Default: now. */
  readonly dueAtMs?: number | undefined;
}

/** One answer, whatever its status: an HTTP error status is a value. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; a header sent more than once is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends a request and emits its one answer.
 *
 *     subscribe    ^-----!
 *     request      ^-----        leaves on subscribing, aborted by unsubscribing
 *     answer       -----(r|)
 *
 * Cold: one request for each subscription. Unsubscribing aborts it at once; one that still stood in a queue never leaves.
 * Redirects are answers, never followed. Answers above `maxBodyBytes` are refused.
 * Errors: no answer arrived (`TypeError`, `Error`), with a message that holds no header.
 */
export type Transport = (request: HttpRequest) => Observable<HttpResponse>;

/** The largest answer that a transport accepts, in bytes after decoding: 1 MiB. */
export const maxBodyBytes = 1_048_576;
