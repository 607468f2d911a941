import { lastValueFrom, Observable, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { account, type AccountOptions } from '../../src/client/account.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { providerProxy, type ProviderProxyOptions } from '../../src/proxy/provider-proxy.js';
import { atSpeed, startSimulator } from '../../src/simulator/index.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import type { Provider } from '../../src/wire/provider.js';
import { key, serve } from '../adapters/loopback.js';

const good: HttpResponse = { status: 200, headers: {}, body: '{"id":"cgt-1","status":"running"}' };

/** A proxy at /api over a transport that responds as told, and the requests that reach the provider. */
const proxyOf = (response: HttpResponse | Transport = good, provider: Provider = ark, options: Partial<AccountOptions & ProviderProxyOptions> = {}) => {
  const requests: HttpRequest[] = [];
  const transport: Transport = (request) => {
    requests.push(request);
    return typeof response === 'function' ? response(request) : of(response);
  };
  const handle = providerProxy(account(provider, { apiKey: key, ...options }), { path: '/api', transport });
  return { requests, get: (path: string, init: RequestInit = {}) => handle(new Request(`https://mine.example${path}`, init)) };
};

const task = '/api/contents/generations/tasks/cgt-1';

describe('a proxy', () => {
  it('adds the key to a request for one task, and to nothing that the page gets', async () => {
    const { requests, get } = proxyOf();
    const response = await get(task, { headers: { authorization: 'Bearer of-the-session', cookie: 'session=1' } });
    expect(requests).toEqual([{
      method: 'GET',
      url: 'https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks/cgt-1',
      headers: { accept: 'application/json', authorization: `Bearer ${key}` },
    }]);
    expect([response.status, await response.json()]).toEqual([200, { id: 'cgt-1', status: 'running' }]);
  });

  it('forwards a list of tasks by their ids, as the client sends it', async () => {
    const { requests, get } = proxyOf();
    for (const tier of [null, 'flex']) {
      const path = ark.list!.pathOf(['cgt-1', 'cgt-2'], tier);
      expect((await get(`/api${path}`)).status).toBe(200);
      expect(requests.at(-1)?.url).toBe(ark.baseUrl + path);
    }
  });

  const list = '/api/contents/generations/tasks';
  it.each([
    ['the list of all tasks', list],
    ['the list of all tasks with a query', `${list}?page_num=1&page_size=100`],
    ['a list without ids', `${list}?page_num=1&page_size=0`],
    ['a list of more tasks than ids', `${list}?page_num=1&page_size=500&filter.task_ids=cgt-1`],
    ['another page of a list', `${list}?page_num=2&page_size=1&filter.task_ids=cgt-1`],
    ['a list with another filter', `${list}?page_num=1&page_size=1&filter.task_ids=cgt-1&filter.status=succeeded`],
    ['a list of more than 500 tasks', `/api${ark.list!.pathOf(Array.from({ length: 501 }, (_, index) => `cgt-${String(index)}`), null)}`],
    ['a task with a query', `${task}?x=1`],
    ['a path below a task', `${task}/cancel`],
    ['another path of the provider', '/api/models'],
    ['a dot segment', `${list}/..`],
    ['an escaped dot segment', `${list}/%2e%2e`],
    ['a dot segment escaped twice', `${list}/%252e%252e`],
    ['a slash in an id', `${list}/..%2f..%2fmodels`],
    ['a backslash in an id', `${list}/..%5c..%5cmodels`],
    ['an id of nothing', `${list}/`],
    ['an id with white space', `${list}/cgt%201`],
    ['an id escaped in another way', `${list}/%63gt-1`],
    ['an escape that is cut', `${list}/cgt-%2`],
    ['two slashes before the path', '/api//contents/generations/tasks/cgt-1'],
    ['two slashes in the path', '/api/contents//generations/tasks/cgt-1'],
    ['a path in other case', '/api/Contents/generations/tasks/cgt-1'],
    ['a path that only begins like its own', '/apix/contents/generations/tasks/cgt-1'],
    ['its own path', '/api'],
    ['no path', '/'],
    ['two slashes', '//'],
  ])('requests nothing for %s', async (_, path) => {
    const { requests, get } = proxyOf();
    expect((await get(path)).status).toBe(404);
    expect(requests).toEqual([]);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])('requests nothing for %s', async (method) => {
    const { requests, get } = proxyOf();
    const response = await get(task, { method });
    expect([response.status, response.headers.get('allow'), requests]).toEqual([405, 'GET', []]);
  });

  it('requests nothing of a list from a provider without one', async () => {
    const { requests, get } = proxyOf(good, anyfast);
    expect((await get('/api/v1/video/generations?page_num=1&page_size=1&filter.task_ids=a')).status).toBe(404);
    expect((await get('/api/v1/video/generations/asyntask_1')).status).toBe(200);
    expect(requests).toHaveLength(1);
  });

  const html = '<script>alert(document.cookie)</script>';
  it.each([
    ['a page of HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: html }, 'text/plain; charset=utf-8'],
    ['a script', { status: 200, headers: { 'content-type': 'text/javascript' }, body: 'alert(1)' }, 'text/plain; charset=utf-8'],
    ['a picture with scripts', { status: 404, headers: { 'content-type': 'image/svg+xml' }, body: `<svg>${html}</svg>` }, 'text/plain; charset=utf-8'],
    ['JSON that is called HTML', { status: 500, headers: { 'content-type': 'text/html' }, body: JSON.stringify({ html }) }, 'application/json'],
    ['nothing', { status: 503, headers: {}, body: '' }, 'text/plain; charset=utf-8'],
  ])('sends %s as what no browser runs, with its status', async (_, upstream, type) => {
    const response = await proxyOf(upstream).get(task);
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store', 'content-security-policy': "default-src 'none'; sandbox", 'content-type': type, 'x-content-type-options': 'nosniff',
    });
    expect([response.status, await response.text()]).toEqual([upstream.status, upstream.body]);
  });

  it('keeps the wait and the request id of a response, and no other header', async () => {
    const headers = { 'retry-after': '7', 'x-request-id': '0217-a', 'set-cookie': 'a=1', server: 'nginx', location: 'https://elsewhere.example', 'www-authenticate': 'Basic' };
    const response = await proxyOf({ status: 429, headers, body: '{}' }).get(task);
    expect([response.headers.get('retry-after'), response.headers.get('x-request-id')]).toEqual(['7', '0217-a']);
    expect([...response.headers.keys()].sort()).toEqual(['cache-control', 'content-security-policy', 'content-type', 'retry-after', 'x-content-type-options', 'x-request-id']);
    const limited = await proxyOf({ status: 429, headers: { 'x-ratelimit-reset': '12' }, body: '{}' }).get(task);
    expect(limited.headers.get('retry-after')).toBe('12');
  });

  it.each([
    ['as it is', key],
    ['in JSON', JSON.stringify(JSON.stringify({ key }))],
    ['with escapes only', [...key].map((character) => `\\u00${character.charCodeAt(0).toString(16)}`).join('')],
    ['in a URL', [...key].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')],
    ['in HTML', [...key].map((character) => `&#x${character.charCodeAt(0).toString(16)};`).join('')],
    ['in base64', btoa(`:${key}`)],
    ['in upper case', key.toUpperCase()],
    ['cut off', key.slice(0, 12)],
  ])('redacts a key that the provider echoes %s, in body and headers', async (_, echo) => {
    const response = await proxyOf({ status: 401, headers: { 'x-request-id': echo, 'retry-after': echo }, body: `Incorrect API key provided: ${echo}` }).get(task);
    const text = JSON.stringify([await response.text(), ...response.headers]);
    expect(text).toContain('[key]');
    expect(text).not.toContain(echo);
    expect(text.toLowerCase()).not.toContain(key.slice(0, 12).toLowerCase());
  });

  it.each([301, 302, 304, 307, 308, 101, 600])('turns the status %i of a provider into a 502', async (status) => {
    const response = await proxyOf({ status, headers: { location: 'https://elsewhere.example/' }, body: html }).get(task);
    expect([response.status, response.headers.get('location'), await response.json()]).toEqual([502, null, { error: { message: `the provider responded with status ${String(status)}` } }]);
  });

  it.each([204, 205])('forwards the status %i, which has no body', async (status) => {
    const response = await proxyOf({ status, headers: {}, body: '' }).get(task);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it.each<readonly [string, Transport, Partial<AccountOptions>]>([
    ['the request fails', () => throwError(() => new Error(`connect ECONNREFUSED 10.0.0.1:443 with ${key}`)), {}],
    ['the transport throws', () => { throw new Error(key); }, {}],
    ['the transport completes without a response', () => of(), {}],
    ['there is no key at the moment', () => of(good), { apiKey: () => { throw new Error(key); } }],
  ])('responds with a 502 that names the provider alone when %s', async (_, transport, options) => {
    const response = await proxyOf(transport, ark, options).get(task);
    expect([response.status, await response.json()]).toEqual([502, { error: { message: 'no complete response from ark' } }]);
  });

  it('aborts the request to the provider when the page aborts its own', async () => {
    let isAborted = false;
    const { get } = proxyOf(() => new Observable(() => () => { isAborted = true; }));
    const page = new AbortController();
    const response = get(task, { signal: page.signal });
    page.abort();
    expect((await response).status).toBe(502);
    expect(isAborted).toBe(true);
    expect((await get(task, { signal: AbortSignal.abort() })).status).toBe(502);
  });

  it.each([
    ['account', () => providerProxy({} as never, { path: '/api' })],
    ['path', () => providerProxy(account(ark, { apiKey: key }), { path: 'api' })],
    ['path', () => providerProxy(account(ark, { apiKey: key }), { path: '/api/' })],
    ['path', () => providerProxy(account(ark, { apiKey: key }), { path: '/:id' })],
    ['transport', () => providerProxy(account(ark, { apiKey: key }), { path: '/api', transport: {} as never })],
  ])('refuses an invalid %s', (field, create) => {
    expect(create).toThrow(TypeError);
    expect(create).toThrow(field);
  });
});

describe('a proxy over HTTP', () => {
  const request = new Request(`https://mine.example${task}`);

  it('gives up a provider that is silent, and a body that is too long', async () => {
    const silent = await serve();
    const limits = fetchTransport({ timeoutMs: 20, maxBodyBytes: 1_000 });
    expect((await providerProxy(account(ark, { apiKey: key, baseUrl: silent.url }), { path: '/api', transport: limits })(request)).status).toBe(502);
    const long = await serve((_, response) => response.end('x'.repeat(1_001)));
    expect((await providerProxy(account(ark, { apiKey: key, baseUrl: long.url }), { path: '/api', transport: limits })(request)).status).toBe(502);
  });

  it('takes up to 8 MiB from a provider by default', async () => {
    let length = 8 * 1_048_576;
    const server = await serve((_, response) => response.end(' '.repeat(length)));
    const handle = providerProxy(account(ark, { apiKey: key, baseUrl: server.url }), { path: '/api' });
    expect((await handle(request)).status).toBe(200);
    length += 1;
    expect((await handle(request)).status).toBe(502);
  });

  it('lets a client without a key follow its tasks to their ends, singly and in lists', async () => {
    const speed = 200;
    const simulator = await startSimulator({ speed, seed: 3, keys: { ark: key } });
    const handle = providerProxy(account(ark, { apiKey: key, baseUrl: simulator.baseUrl('ark') }), { path: '/api' });
    const sent: string[] = [];
    const fetch: Parameters<typeof fetchTransport>[0] = { fetch: async (url, init) => {
      sent.push(url);
      return handle(new Request(url, init));
    } };
    const client = createTaskClient({
      transport: fetchTransport(fetch), accounts: [account(ark, { apiKey: null, baseUrl: 'https://mine.example/api' })], scheduler: atSpeed(speed),
    });
    const tasks = [0, 1, 2].map(() => simulator.submit('ark', { outcome: 'succeeds' }));
    const ends = await Promise.all(tasks.map((each) => lastValueFrom(client.watch(each).pipe(toArray()))));
    await simulator.stop();
    expect(ends.map((transitions) => transitions.at(-1)?.to)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(sent.some((url) => url.includes('filter.task_ids='))).toBe(true);
    expect(simulator.requests.every(({ status }) => status === 200)).toBe(true);
  });
});
