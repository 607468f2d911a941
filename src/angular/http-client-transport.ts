/**
 * A transport over Angular's `HttpClient`, so that an app's interceptors apply.
 */
import { type HttpClient, HttpErrorResponse, type HttpEvent, HttpEventType, type HttpHeaders } from '@angular/common/http';
import { catchError, concatMap, defer, EMPTY, type Observable, of, take, throwError, throwIfEmpty } from 'rxjs';
import { bodyTooLarge, limited } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpResponse, type Transport } from '../transport/transport.js';
import { exchangeTime, completeResponse } from '../transport/exchange.js';

/**
 * Sends requests through Angular's `HttpClient`, so that interceptors apply.
 *
 *     subscribe    ^-----------!
 *     request      ^-----------!    unsubscribing aborts it, also while the body arrives
 *
 * It differs from the other transports in two ways. The browser follows redirects, so do not use it for an account with a key. And the size
 * of a response is checked at each progress event, at the latest when the response has arrived. Angular's transfer cache holds no response: a
 * page from a server does not contain it, and polls anew in the browser.
 *
 * @param http   the app's `HttpClient`; if an interceptor emits several responses, the first counts
 * @param limits `timeoutMs` and `maxBodyBytes`, as for the other transports
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error` when the request fails or the response is incomplete; its message holds no header. Throws `RangeError` for an invalid limit.
 * @example createTaskClient({ transport: httpClientTransport(inject(HttpClient)), accounts })
 */
export const httpClientTransport = (http: HttpClient, limits: TransportLimits = {}): Transport => {
  const { timeoutMs, maxBodyBytes } = checkLimits(limits);
  const time = exchangeTime(timeoutMs);
  return (request) =>
    defer(() =>
      http.request(request.method, request.url, {
        headers: { accept: 'application/json', ...request.headers },
        ...bodyOf(request),
        responseType: 'text',
        observe: 'events',
        reportProgress: true,
        transferCache: false,
      }),
    ).pipe(
      concatMap((event) => responseIn(event, maxBodyBytes)),
      catchError((error: unknown) => {
        if (isErrorResponse(error)) return of(readResponse(error, error.error, maxBodyBytes));
        return throwError(() => causeOf(error));
      }),
      throwIfEmpty(() => new Error('the request ended without a response')),
      take(1),
      completeResponse(request, time),
    );
};

/** The response, if the event is one. Progress events only serve to detect a body that is too large. */
const responseIn = (event: HttpEvent<string>, maxBodyBytes: number): Observable<HttpResponse> => {
  if (event.type === HttpEventType.Response) return of(readResponse(event, event.body, maxBodyBytes));
  if (event.type === HttpEventType.DownloadProgress && event.loaded > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  return EMPTY;
};

type Headed = { readonly status: number; readonly headers: HttpHeaders };

const readResponse = ({ status, headers }: Headed, body: string | null, maxBodyBytes: number): HttpResponse => {
  const text = limited(body ?? '', maxBodyBytes);
  const fields = headers.keys().map((name) => [name.toLowerCase(), (headers.getAll(name) ?? []).join(', ')] as const);
  return { status, headers: Object.fromEntries(fields), body: text };
};

/** `HttpClient` reports a response with an error status as an error, with a status and a string body. */
const isErrorResponse = (error: unknown): error is Headed & { readonly error: string | null } =>
  error instanceof HttpErrorResponse && error.status > 0 && (error.error === null || typeof error.error === 'string');

/** The error that `HttpClient` wraps. A failed XHR gives an event, without a reason. */
const causeOf = (error: unknown): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const inner: unknown = error.error;
  if (inner instanceof Error) return inner;
  const isEvent = typeof inner === 'object' && inner !== null && 'type' in inner;
  return new Error(isEvent ? `the request ended with "${String(inner.type)}"` : 'the request failed');
};
