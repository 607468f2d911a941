/**
 * A transport over Angular's `HttpClient`, so that an app's interceptors apply.
 */
import { type HttpClient, HttpErrorResponse, type HttpEvent, HttpEventType, type HttpHeaders } from '@angular/common/http';
import { catchError, concatMap, defer, EMPTY, type Observable, of, take, throwError, throwIfEmpty } from 'rxjs';
import { bodyTooLarge } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpResponse, type Transport } from '../transport/transport.js';
import { exchangeTime, wholeAnswer } from '../transport/exchange.js';

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/**
 * Sends requests through Angular's `HttpClient`, so that interceptors apply.
 *
 *     subscribe    ^-----------!
 *     request      ^-----------!    aborted by unsubscribing, also while the body arrives
 *
 * Two promises of a transport are `HttpClient`'s to keep, and it does not. Redirects are followed, by the browser: an account with
 * a key does not belong here. And the size of an answer is seen when its progress is told, at the latest when it has all arrived.
 *
 * @param http   the app's own, with its interceptors; of several answers that they give, the first counts
 * @param limits `timeoutMs` and `maxBodyBytes`, as of the other transports
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error`, no whole answer arrived; its message holds nothing of the request's headers. `RangeError` at once for a bad limit.
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
      }),
    ).pipe(
      concatMap((event) => answerIn(event, maxBodyBytes)),
      catchError((error: unknown) => {
        if (isAnswer(error)) return of(readAnswer(error, error.error, maxBodyBytes));
        return throwError(() => causeOf(error));
      }),
      throwIfEmpty(() => new Error('the request ended without one')),
      take(1),
      wholeAnswer(request, time),
    );
};

/** The events of a request before its answer say one thing of interest: that there is too much of it. */
const answerIn = (event: HttpEvent<string>, maxBodyBytes: number): Observable<HttpResponse> => {
  if (event.type === HttpEventType.Response) return of(readAnswer(event, event.body, maxBodyBytes));
  if (event.type === HttpEventType.DownloadProgress && event.loaded > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  return EMPTY;
};

type Headed = { readonly status: number; readonly headers: HttpHeaders };

const readAnswer = ({ status, headers }: Headed, body: string | null, maxBodyBytes: number): HttpResponse => {
  const text = body ?? '';
  if (bytesOf(text) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  const fields = headers.keys().map((name) => [name.toLowerCase(), (headers.getAll(name) ?? []).join(', ')] as const);
  return { status, headers: Object.fromEntries(fields), body: text };
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

/** `HttpClient` reports a response with an error status as an error. It has a status and a text body. */
const isAnswer = (error: unknown): error is Headed & { readonly error: string | null } =>
  error instanceof HttpErrorResponse && error.status > 0 && (error.error === null || typeof error.error === 'string');

/** What `HttpClient` has wrapped. An XHR that failed tells an event, and no reason. */
const causeOf = (error: unknown): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const inner: unknown = error.error;
  if (inner instanceof Error) return inner;
  const isEvent = typeof inner === 'object' && inner !== null && 'type' in inner;
  return new Error(isEvent ? `the request has ended with "${String(inner.type)}"` : 'the request has failed');
};
