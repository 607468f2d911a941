/**
 * The interface to HTTP: a function from a request to a stream of one response.
 */
import type { Observable } from 'rxjs';

interface Addressed {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** Lower-case names. The values may hold the API key: a transport sends it to `url` only. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request without side effects. Only such a request may be retried or batched. */
export interface HttpGet extends Addressed {
  readonly method: 'GET';
}

/** A request with side effects, which may cost money. It is sent once and never retried. */
export interface HttpWrite extends Addressed {
  readonly method: 'POST' | 'DELETE';
  /** Sent unchanged, with its type in the `content-type` header. Default: no body. */
  readonly body?: string | undefined;
}

/** One request. */
export type HttpRequest = HttpGet | HttpWrite;

/** One response of any status: an HTTP error status is a value. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends a request and emits its one response.
 *
 *     subscribe    ^-----!
 *     request      ^-----        starts on subscribing; unsubscribing aborts it
 *     response     -----(r|)
 *
 * Cold: one request for each subscription. Unsubscribing aborts it at once; a request that still waits in a queue is never sent.
 * Redirects are responses, and are not followed. A response above `maxBodyBytes` is an error.
 * Errors: `Error` when no complete response arrives; the message holds no header. `TransportError` says whether the request may have left;
 * any other error counts as `unknown`.
 */
export type Transport = (request: HttpRequest) => Observable<HttpResponse>;

/** No complete response arrived. */
export class TransportError extends Error {
  /** `no`: certainly no byte of the request left, so the server did nothing. */
  readonly sent: 'no' | 'unknown';

  constructor(message: string, sent: 'no' | 'unknown') {
    super(message);
    this.sent = sent;
  }
}

/** The default limit of a response body, in bytes after decoding: 8 MiB. Some providers echo the request with its pictures. */
export const maxBodyBytes = 8_388_608;

/** The body of a request as an object to spread into an HTTP client's options; empty without a body. */
export const bodyOf = (request: HttpRequest): { readonly body?: string } =>
  request.method === 'GET' || request.body === undefined ? {} : { body: request.body };
