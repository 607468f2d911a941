/**
 * The seam to HTTP: one function from a request to a stream of one response.
 */
import type { Observable } from 'rxjs';

interface Addressed {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** Lower-case names. They may hold the API key: a transport sends it to `url` and nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request that changes nothing: it alone may be queued again, retried or batched. */
export interface HttpGet extends Addressed {
  readonly method: 'GET';
}

/** A request that changes something, or costs money. Sent once, never again. */
export interface HttpWrite extends Addressed {
  readonly method: 'POST' | 'DELETE';
  /** Sent as it is; its type stands in `content-type`. Default: no body. */
  readonly body?: string | undefined;
}

/** One request. */
export type HttpRequest = HttpGet | HttpWrite;

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

/** The body of a request, as a field to spread into a client's options; empty for a request without one. */
export const bodyOf = (request: HttpRequest): { readonly body?: string } =>
  request.method === 'GET' || request.body === undefined ? {} : { body: request.body };
