import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Observable, of } from 'rxjs';
import { expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { ark } from '../../src/providers/ark.js';
import { toNodeListener } from '../../src/proxy/node-listener.js';
import { providerProxy } from '../../src/proxy/provider-proxy.js';
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
  toNodeListener(({ headers }) => Promise.resolve(new Response([...headers.keys()].join())))({ url: '/', headers: { ':path': '/', accept: '*/*', missing: undefined } }, response);
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
