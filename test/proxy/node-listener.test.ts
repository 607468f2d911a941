import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Observable, of } from 'rxjs';
import { expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { ark } from '../../src/providers/ark.js';
import { toNodeListener } from '../../src/proxy/node-listener.js';
import { providerProxy, type RequestHandler } from '../../src/proxy/provider-proxy.js';
import { key, serve } from '../adapters/loopback.js';
import { until } from '../sse/feeds.js';

const handle = providerProxy(account(ark, { apiKey: key }), { path: '/api', transport: () => of({ status: 429, headers: { 'retry-after': '3' }, body: '{"a":"é"}' }) });

/** The status line of the response to a request that no client would send. */
const statusOf = async (url: string, firstLine: string): Promise<string | undefined> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${firstLine} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return (await text(socket)).split('\r\n')[0];
};

it('serves a handler: status, headers and body', async () => {
  const { url } = await serve(toNodeListener(handle));
  const response = await fetch(`${url}/api/contents/generations/tasks/cgt-1`);
  expect([response.status, response.headers.get('retry-after'), response.headers.get('x-content-type-options'), await response.text()]).toEqual([429, '3', 'nosniff', '{"a":"é"}']);
});

it.each([
  ['GET //', '404 Not Found'],
  ['GET ///etc/passwd', '404 Not Found'],
  ['GET //evil.example/api/contents/generations/tasks/cgt-1', '404 Not Found'],
  ['GET /api/contents/generations/tasks/../../../x', '404 Not Found'],
  ['GET /api/contents/generations/tasks/%', '404 Not Found'],
  ['GET /api/contents/generations/tasks/%2e%2e', '404 Not Found'],
  ['GET http://evil.example/', '400 Bad Request'],
  ['GET *', '400 Bad Request'],
  ['OPTIONS *', '400 Bad Request'],
  ['TRACE /api/contents/generations/tasks/cgt-1', '400 Bad Request'],
  ['POST /api/contents/generations/tasks/cgt-1', '405 Method Not Allowed'],
  ['GET /api/contents/generations/tasks/cgt-1', '429 Too Many Requests'],
])('the server lives on after %s', async (firstLine, status) => {
  const { url } = await serve(toNodeListener(handle));
  expect(await statusOf(url, firstLine)).toBe(`HTTP/1.1 ${status}`);
  expect((await fetch(url)).status).toBe(404);
});

it('gives the handler the headers of the request, repeated ones joined', async () => {
  let seen: Headers | null = null;
  const { url } = await serve(toNodeListener((request) => {
    seen = request.headers;
    return Promise.resolve(new Response());
  }));
  await fetch(url, { headers: [['x-session', 'mine'], ['accept-language', 'en'], ['accept-language', 'de']] });
  expect(Object.fromEntries(seen!)).toMatchObject({ 'x-session': 'mine', 'accept-language': 'en, de' });
});

it('responds with a 500 when a handler rejects or throws, and shows nothing of the error', async () => {
  for (const broken of [() => Promise.reject(new Error(key)), () => { throw new Error(key); }]) {
    const { url } = await serve(toNodeListener(broken));
    const response = await fetch(url);
    expect([response.status, await response.json()]).toEqual([500, { error: { message: 'the request failed' } }]);
  }
});

it('uses the URL before routing, which Express keeps', async () => {
  const { url } = await serve((request, response) => toNodeListener(handle)(Object.assign(request, { originalUrl: `/api${request.url ?? ''}` }), response));
  expect((await fetch(`${url}/contents/generations/tasks/cgt-1`)).status).toBe(429);
});

it('leaves out the pseudo-headers of HTTP/2', async () => {
  const sent: unknown[] = [];
  const response = { destroyed: false, once: () => undefined, writeHead: (status: number) => sent.push(status), end: (body: string) => sent.push(body) };
  toNodeListener(({ headers }) => Promise.resolve(new Response([...headers.keys()].join())))(Object.assign(new PassThrough(), { url: '/', headers: { ':path': '/', accept: '*/*', missing: undefined } }), response);
  await until(() => sent.length === 2);
  expect(sent).toEqual([200, 'accept']);
});

it('aborts the request to the provider when the page disconnects', async () => {
  let isAborted = false;
  const hanging = providerProxy(account(ark, { apiKey: key }), {
    path: '/api',
    transport: () => new Observable(() => () => { isAborted = true; }),
  });
  const server = await serve(toNodeListener(hanging));
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write('GET /api/contents/generations/tasks/cgt-1 HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => server.requests.length === 1);
  socket.destroy();
  await once(socket, 'close');
  await until(() => isAborted);
  expect(isAborted).toBe(true);
});

const echo: RequestHandler = async (request) => new Response(JSON.stringify([request.method, await request.text()]));
const post = (url: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> => fetch(url, { method: 'POST', body });

it('gives the handler the body of a request', async () => {
  const { url } = await serve(toNodeListener(echo));
  for (const body of ['', '{"a":"é"}', 'é'.repeat(1_000_000)]) expect(await (await post(url, body)).json()).toEqual(['POST', body]);
});

it.each([
  ['as an object', { a: 'é' }, '{"a":"é"}'],
  ['as a string', '{"a":"é"}', '{"a":"é"}'],
  ['as bytes', Buffer.from('{"a":"é"}'), '{"a":"é"}'],
  ['and dropped', undefined, ''],
])('gives the handler a body that a body parser has read %s', async (_, parsed, expected) => {
  const { url } = await serve((request, response) => {
    request.resume().once('end', () => { toNodeListener(echo)(Object.assign(request, { body: parsed }), response); });
  });
  expect(await (await post(url, 'unparsed')).json()).toEqual(['POST', expected]);
});

it('reads a body as fast as the handler does, and discards what the handler leaves', async () => {
  let seen: unknown = null;
  const { url } = await serve((request, response) => {
    toNodeListener(async ({ body }) => {
      const reader = body!.getReader();
      await reader.read();
      seen = [request.isPaused(), request.complete];
      void reader.cancel();
      return new Response(null, { status: 413 });
    })(request, response);
  });
  const response = await post(url, new Uint8Array(20_000_000));
  expect([seen, response.status]).toEqual([[true, false], 413]);
  expect((await post(url, '')).status).toBe(413);
});

it('the body fails when the client disconnects', async () => {
  let failure: unknown = null;
  const { url, requests } = await serve(toNodeListener((request) => request.text().then(() => new Response(), (error: unknown) => {
    failure = error;
    return new Response();
  })));
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
  await until(() => requests.length > 0);
  socket.destroy();
  await until(() => failure !== null);
  expect(failure).toBeInstanceOf(Error);
  expect((await post(url, '')).status).toBe(200);
});
