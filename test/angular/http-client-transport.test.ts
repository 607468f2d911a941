// First, because it loads the compiler that Angular's packages need.
import { configure, httpClient } from './test-bed.js';
import { HttpClient, HttpErrorResponse, HttpEventType, type HttpInterceptorFn, HttpResponse, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { provideZonelessChangeDetection } from '@angular/core';
import { concat, EMPTY, firstValueFrom, lastValueFrom, of, throwError, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { httpClientTransport } from '../../src/angular/index.js';
import type { HttpResponse as TransportResponse, Transport } from '../../src/transport/transport.js';
import { errorOf, get, key, nowhere, serve } from '../adapters/loopback.js';

const url = 'https://app.example/api/tasks/cgt-1';

/** A transport over Angular's mock server. */
const mocked = (limits = {}): { readonly transport: Transport; readonly server: HttpTestingController } => {
  const app = configure(provideZonelessChangeDetection(), provideHttpClient(), provideHttpClientTesting());
  return { transport: httpClientTransport(app.inject(HttpClient), limits), server: app.inject(HttpTestingController) };
};

/** A transport behind an interceptor. */
const intercepted = (interceptor: HttpInterceptorFn): Transport => httpClientTransport(httpClient(withInterceptors([interceptor])));

describe('httpClientTransport', () => {
  afterEach(() => configure());

  it('sends one request for each subscription, and none before', () => {
    const { transport, server } = mocked();
    const response = transport(get(url));
    server.expectNone(url);
    response.subscribe();
    response.subscribe();
    const sent = server.match(url).map(({ request: { method, responseType, headers } }) => [method, responseType, headers.get('authorization'), headers.get('accept')]);
    expect(sent).toEqual(Array(2).fill(['GET', 'text', `Bearer ${key}`, 'application/json']));
  });

  it('emits the response once, and completes', async () => {
    const { transport, server } = mocked();
    const responses = lastValueFrom(transport(get(url)).pipe(toArray()));
    server.expectOne(url).flush('{}', { headers: { 'X-Request-Id': 'r-1', 'X-Twice': ['a', 'b'] } });
    expect(await responses).toEqual([{ status: 200, headers: { 'x-request-id': 'r-1', 'x-twice': 'a, b' }, body: '{}' }]);
  });

  it('emits an error status as a value', async () => {
    const { transport, server } = mocked();
    const response = firstValueFrom(transport(get(url)));
    server.expectOne(url).flush('{"error":{}}', { status: 429, statusText: 'Too Many Requests', headers: { 'Retry-After': '7' } });
    expect(await response).toEqual({ status: 429, headers: { 'retry-after': '7' }, body: '{"error":{}}' });
  });

  it('cancels the request when it is unsubscribed', () => {
    const { transport, server } = mocked();
    const subscription = transport(get(url)).subscribe();
    const sent = server.expectOne(url);
    expect(sent.cancelled).toBe(false);
    subscription.unsubscribe();
    expect(sent.cancelled).toBe(true);
  });

  it('cancels the request when the response exceeds the limit', async () => {
    const { transport, server } = mocked({ maxBodyBytes: 10 });
    const failed = errorOf(transport(get(url)));
    const sent = server.expectOne(url);
    sent.event({ type: HttpEventType.DownloadProgress, loaded: 10 });
    expect(sent.cancelled).toBe(false);
    sent.event({ type: HttpEventType.DownloadProgress, loaded: 11 });
    expect(sent.cancelled).toBe(true);
    expect((await failed).message).toBe('Request failed: the body is larger than 10 bytes (maxBodyBytes)');
  });

  it.each([200, 500])('refuses a response, %i, that is too large without a progress event', async (status) => {
    const { transport, server } = mocked({ maxBodyBytes: 8 });
    const failed = errorOf(transport(get(url)));
    server.expectOne(url).flush('成功xxx', { status, statusText: 'so' });
    expect((await failed).message).toBe('Request failed: the body is larger than 8 bytes (maxBodyBytes)');
  });

  it.each<readonly [string, HttpInterceptorFn, string]>([
    ['throws', () => { throw new Error('no session'); }, 'no session'],
    ['fails with the key in its message', () => throwError(() => new Error(`refused: Bearer ${key}`)), 'Error'],
    ['fails as an XHR does', () => throwError(() => new HttpErrorResponse({ status: 0, error: new Event('timeout') })), 'the request ended with "timeout"'],
    ['fails without a response', () => throwError(() => new HttpErrorResponse({ status: 0, error: null, url })), 'the request failed'],
    ['fails with an event as the body', () => throwError(() => new HttpErrorResponse({ status: 503, error: new Event('error') })), 'the request ended with "error"'],
    ['completes without a response', () => EMPTY, 'the request ended without a response'],
  ])('is an error when an interceptor %s', async (_case, interceptor, reason) => {
    expect((await errorOf(intercepted(interceptor)(get(url)))).message).toBe(`Request failed: ${reason}`);
  });

  it('takes the first of several responses of an interceptor', async () => {
    const twice: HttpInterceptorFn = (request, next) => concat(of(new HttpResponse({ status: 200, body: 'from a cache' })), next(request));
    const responses = await lastValueFrom(intercepted(twice)(get(url)).pipe(toArray()));
    expect(responses).toEqual([{ status: 200, headers: {}, body: 'from a cache' }] satisfies readonly TransportResponse[]);
  });

  it('reads a response without a body as an empty string', async () => {
    const silent: HttpInterceptorFn = () => of(new HttpResponse({ status: 204 }));
    expect(await firstValueFrom(intercepted(silent)(get(url)))).toEqual({ status: 204, headers: {}, body: '' });
  });

  it('reports the reason of fetch, and no header', async () => {
    const address = await nowhere();
    expect((await errorOf(httpClientTransport(httpClient())(get(address)))).message).toMatch(/^Request failed: .*ECONNREFUSED/);
  });

  it('sends what an interceptor adds', async () => {
    const server = await serve((_request, response) => response.end('{}'));
    const session: HttpInterceptorFn = (request, next) => next(request.clone({ setHeaders: { 'x-session': 's-1' } }));
    await firstValueFrom(intercepted(session)(get(server.url)));
    expect(server.requests[0]?.headers).toMatchObject({ 'x-session': 's-1', accept: 'application/json' });
  });
});
