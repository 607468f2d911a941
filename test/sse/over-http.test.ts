/** Server and page over real HTTP: Node's own server by the recipe, and the platform's `fetch`. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect as connectHttp2, constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { BehaviorSubject, filter, finalize, lastValueFrom, NEVER, of, Subject, take, throwError, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { constantDelay, limitAttempts } from '../../src/poll/delay-policy.js';
import { fromServerSentEvents, type FromServerSentEventsOptions } from '../../src/sse/client.js';
import { type ServerSentEvents, toServerSentEvents } from '../../src/sse/server.js';
import { type Feed, rowFrom } from '../../src/feed/feed.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import { errorOf, key, nowhere, serve, serveBytes } from '../adapters/loopback.js';
import { brief, feedAfter, feedsOf, refOf, to, until } from './feeds.js';

const quick = { retry: constantDelay(1) };

/** Serves a feed by the recipe, at a port of its own or a given one. */
const serveFeed = async (events: ServerSentEvents, port = 0): Promise<{ server: Server; url: string; port: number; requests: IncomingMessage[]; close: () => Promise<void> }> => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.writeHead(200, events.headers);
    pipeline(Readable.fromWeb(events.stream(request.headers['last-event-id'])), response, () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  onTestFinished(close);
  const { port: own } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${own}/feed?token=${key}`, port: own, requests, close };
};

const inWords = ({ tasks }: Feed): string => [...tasks].map(brief).join(' ');

describe('a page', () => {
  it('shows the feed of the server to its end', async () => {
    const feeds = feedsOf([to('queued', 'a'), to('running', 'a'), to('succeeded', 'a')]);
    const source = new Subject<Feed>();
    const { url } = await serveFeed(toServerSentEvents(source));
    const seen: string[] = [];
    const page = lastValueFrom(fromServerSentEvents(url).pipe(toArray()));
    await until(() => source.observed);
    for (const feed of feeds) source.next(feed);
    source.complete();
    for (const feed of await page) seen.push(inWords(feed));
    expect(seen[0]).toBe('');
    expect(seen.at(-1)).toBe('a:succeeded');
  });

  it('reconnects to a server that restarts on the same port, and sends the last event id', async () => {
    const [, queued, running] = feedsOf([to('queued', 'a'), to('running', 'a')]) as [Feed, Feed, Feed];
    const source = new BehaviorSubject(queued);
    const events = toServerSentEvents(source);
    const first = await serveFeed(events);
    const feeds: Feed[] = [];
    const page = fromServerSentEvents(first.url, quick).subscribe((feed) => feeds.push(feed));
    await until(() => feeds.map(inWords).includes('a:queued'));
    await first.close();
    source.next(running);
    const second = await serveFeed(events, first.port);
    await until(() => feeds.map(inWords).includes('a:running'));
    page.unsubscribe();
    expect(first.requests[0]?.headers['last-event-id']).toBeUndefined();
    expect(second.requests[0]?.headers['last-event-id']).toMatch(/^[\da-f-]{36}-1$/);
    expect(feeds.map(inWords)).toEqual(['', 'a:queued', 'a:running']);
    expect(feeds.at(-1)?.changed).toBe(feeds.at(-1)?.tasks.get(refOf('a')));
  });

  it('gets the whole feed from a restarted server', async () => {
    const first = await serveFeed(toServerSentEvents(new BehaviorSubject(feedAfter(to('queued', 'a'), to('queued', 'b')))));
    const feeds: Feed[] = [];
    const page = fromServerSentEvents(first.url, quick).subscribe((feed) => feeds.push(feed));
    await until(() => feeds.length === 2);
    await first.close();
    await serveFeed(toServerSentEvents(new BehaviorSubject(feedAfter(to('queued', 'b')))), first.port);
    await until(() => feeds.length === 3);
    page.unsubscribe();
    expect(feeds.map(inWords)).toEqual(['', 'a:queued b:queued', 'b:queued']);
    expect(feeds[2]?.tasks.get(refOf('b'))).toBe(feeds[1]?.tasks.get(refOf('b')));
  });

  it('aborts its request when it is unsubscribed, and the server leaves the feed', async () => {
    const left = vi.fn();
    const { url, requests } = await serveFeed(toServerSentEvents(NEVER.pipe(finalize(left)), { idleGraceMs: 0 }));
    const page = fromServerSentEvents(url).subscribe();
    await until(() => requests.length === 1);
    const closed = new Promise((resolve) => requests[0]!.socket.once('close', resolve));
    page.unsubscribe();
    await closed;
    await until(() => left.mock.calls.length === 1);
  });

  it('sends headers made for each connection, and accepts events', async () => {
    const server = await serve((_, response) => response.writeHead(server.requests.length < 2 ? 503 : 204).end());
    let count = 0;
    const headers = () => ({ authorization: `Session ${String((count += 1))}` });
    await lastValueFrom(fromServerSentEvents(`${server.url}/feed`, { ...quick, headers }));
    expect(server.requests.map(({ headers: { authorization, accept } }) => [authorization, accept])).toEqual([
      ['Session 1', 'text/event-stream'],
      ['Session 2', 'text/event-stream'],
    ]);
  });

  it('completes with the empty feed when there is no content', async () => {
    const { url } = await serve((_, response) => response.writeHead(204).end());
    expect((await lastValueFrom(fromServerSentEvents(url).pipe(toArray()))).map(inWords)).toEqual(['']);
  });

  it.each([408, 429, 500, 503])('reconnects after %i', async (status) => {
    const server = await serve((_, response) => response.writeHead(server.requests.length < 3 ? status : 204).end());
    await lastValueFrom(fromServerSentEvents(server.url, quick));
    expect(server.requests).toHaveLength(3);
  });

  it('says how a server was lost that its policy gives up', async () => {
    const { url } = await serve((_, response) => response.writeHead(503, { 'content-type': 'text/plain' }).end());
    const page = fromServerSentEvents(`${url}/feed?token=${key}`, { retry: limitAttempts(constantDelay(1), 1) });
    await expect(lastValueFrom(page)).rejects.toThrow(`${url}/feed: HTTP 503 (text/plain); gave up after attempt 2`);
    const closedPort = await nowhere();
    await expect(lastValueFrom(fromServerSentEvents(closedPort, { retry: () => 'stop' }))).rejects.toThrow(/^http:\S+: .*ECONNREFUSED.*; gave up after attempt 1$/);
  });

  it('reconnects with a header that is not a string, as JavaScript may pass one', async () => {
    const headers = { 'x-tab': 7 } as unknown as Record<string, string>;
    const page = fromServerSentEvents(await nowhere(), { headers, retry: () => 'stop' });
    await expect(lastValueFrom(page)).rejects.toThrow(/gave up after attempt 1$/);
  });

  const url = `http://server/feed?token=${key}#${key}`;
  it.each<readonly [string, () => Promise<Response>, string]>([
    ['quotes the url when it rejects', () => Promise.reject(new Error(`request to ${url} failed`)), 'Error'],
    ['quotes only the query', () => Promise.reject(new Error(`no match for /feed?token=${key}`)), 'Error'],
    ['throws', () => { throw new TypeError('offline'); }, 'offline'],
    ['throws with the headers', () => { throw new TypeError('sent Session of-mine'); }, 'TypeError'],
  ])('reconnects, and shows no secret, after a fetch that %s', async (_, fetch, reason) => {
    const headers = { authorization: 'Session of-mine' };
    const page = fromServerSentEvents(url, { fetch, headers, retry: limitAttempts(constantDelay(1), 1) });
    expect((await errorOf(page.pipe(filter(() => false)))).message).toBe(`http://server/feed: ${reason}; gave up after attempt 2`);
  });

  const refusals: readonly (readonly [string, number, Readonly<Record<string, string>>, string])[] = [
    ['404', 404, { 'content-type': 'application/json' }, 'HTTP 404 (application/json), not 200 with text/event-stream'],
    ['401', 401, {}, 'HTTP 401 (no content type), not 200 with text/event-stream'],
    ['a page of HTML', 200, { 'content-type': 'text/html; charset=utf-8' }, 'HTTP 200 (text/html; charset=utf-8), not 200 with text/event-stream'],
    ['another type with the same prefix', 200, { 'content-type': 'text/event-stream-ish' }, 'HTTP 200 (text/event-stream-ish), not 200 with text/event-stream'],
  ];

  it.each(refusals)('ends with an error for %s that names the URL without its query', async (_, status, headers, message) => {
    const server = await serve((__, response) => response.writeHead(status, headers).end('<html>'));
    const page = fromServerSentEvents(`${server.url}/feed?token=${key}#${key}`, { ...quick, headers: { authorization: `Bearer ${key}` } });
    const error = await errorOf(page.pipe(filter(() => false)));
    expect(error.message).toBe(`${server.url}/feed: ${message}`);
    expect(server.requests).toHaveLength(1);
  });

  it.each<readonly [string, string, FromServerSentEventsOptions]>([
    ['url', `http://${key}@[/`, {}],
    ['header', 'http://127.0.0.1:9/', { headers: { authorization: `Bearer ${key}\n${key}` } }],
  ])('ends with an error for an invalid %s, and does not show it', async (_, url, options) => {
    const error = await errorOf(fromServerSentEvents(url, { ...quick, ...options }).pipe(filter(() => false)));
    expect(error.message).toContain('invalid request: check its URL, headers and credentials');
  });

  it.each<readonly [string, FromServerSentEventsOptions]>([
    ['headers of its own', { headers: { 'x-session': 'mine' } }],
    ['no headers', {}],
  ])('follows no redirect, with %s', async (_, options) => {
    const elsewhere = await serve((__, response) => response.writeHead(204).end());
    const server = await serve((__, response) => response.writeHead(302, { location: elsewhere.url }).end());
    await expect(lastValueFrom(fromServerSentEvents(server.url, { ...quick, ...options }))).rejects.toThrow(`${server.url}: HTTP 302 (no content type), not 200 with text/event-stream`);
    expect(elsewhere.requests).toEqual([]);
  });

  it('names a redirect whose status the browser hides', async () => {
    const hidden = Object.defineProperties(new Response(), { status: { value: 0 }, type: { value: 'opaqueredirect' } });
    const page = fromServerSentEvents('http://server/', { ...quick, fetch: () => Promise.resolve(hidden) });
    await expect(lastValueFrom(page)).rejects.toThrow('http://server/: HTTP redirect (no content type), not 200 with text/event-stream');
  });

  it('gets 80 rows that each echo a picture of 900 kB in their request, without the pictures', async () => {
    const content = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(900_000)}` } }];
    const events = Array.from({ length: 80 }, (_, index) => to('running', `t${String(index)}`)).map((event) =>
      (event.kind === 'transition' ? { ...event, transition: { ...event.transition, snapshot: { ...event.transition.snapshot, request: { model: null, content } } } } : event) as FeedEvent);
    const { url } = await serveFeed(toServerSentEvents(of(feedAfter(...events))));
    const feed = await lastValueFrom(fromServerSentEvents(url, quick));
    expect([...feed.tasks].map(({ status, snapshot }) => [status, snapshot?.request])).toEqual(Array(80).fill(['running', null]));
  });

  it('connects again after the server has closed its streams', async () => {
    const source = new BehaviorSubject(feedAfter(to('queued', 'a')));
    const events = toServerSentEvents(source);
    const { url, requests } = await serveFeed(events);
    const states: string[] = [];
    const page = fromServerSentEvents(url, { ...quick, onConnection: (state) => states.push(state) }).subscribe();
    await until(() => states.includes('open'));
    events.close();
    await until(() => requests.length > 1);
    page.unsubscribe();
    expect(states.slice(0, 2)).toEqual(['open', 'waiting']);
  });

  it('drops an event that was cut in the middle, and reconnects', async () => {
    let count = 0;
    const { url } = await serveBytes((socket) => {
      count += 1;
      if (count > 1) return socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: feed\ndata: {"version":1,"rows":[]}');
    });
    expect(await lastValueFrom(fromServerSentEvents(url, quick).pipe(toArray()))).toHaveLength(1);
    expect(count).toBe(2);
  });

  it('ends with the error of the feed at the server', async () => {
    const { url } = await serveFeed(toServerSentEvents(throwError(() => new Error('it broke'))));
    await expect(lastValueFrom(fromServerSentEvents(url, quick))).rejects.toThrow(/^http:\/\/[\d.:]+\/feed: the feed failed: it broke$/);
  });

  it('refuses an event without end', async () => {
    const piece = 'x'.repeat(8 * 1024 * 1024);
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: ')),
      pull: (controller) => controller.enqueue(new TextEncoder().encode(piece)),
    });
    const fetch = async () => new Response(endless, { headers: { 'content-type': 'text/event-stream' } });
    await expect(lastValueFrom(fromServerSentEvents('http://server/', { fetch }))).rejects.toThrow('http://server/: an event is longer than 67108864 characters');
  });
});

describe('a server', () => {
  const textOf = async (response: Response): Promise<string> => new Response(response.body).text();

  it('responds with the headers of an event stream', () => {
    const response = toServerSentEvents(NEVER).response();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store, no-transform',
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
  });

  it('sends each change at once over HTTP/2, which forbids connection headers', async () => {
    const source = new BehaviorSubject(feedAfter(to('queued', 'a')));
    const events = toServerSentEvents(source);
    const server = createHttp2Server().listen(0, '127.0.0.1').on('stream', (stream: ServerHttp2Stream) => {
      try {
        stream.respond({ ':status': 200, ...events.headers });
        pipeline(Readable.fromWeb(events.stream()), stream, () => undefined);
      } catch {
        stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      }
    });
    await once(server, 'listening');
    const session = connectHttp2(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    onTestFinished(() => {
      session.destroy();
      server.close();
    });
    const page = session.request({ ':path': '/feed' });
    let text = '';
    page.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    expect((await once(page, 'response'))[0]).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream; charset=utf-8' });
    await until(() => text.includes('"status":"queued"'));
    source.next(feedAfter(to('running', 'a')));
    await until(() => text.includes('"status":"running"'));
  });

  it('does not subscribe before the first read', async () => {
    const source = new Subject<Feed>();
    toServerSentEvents(source).response();
    await turn();
    expect(source.observed).toBe(false);
  });

  it('creates an event only when it is read', async () => {
    const [, queued, running] = feedsOf([to('queued', 'a'), to('running', 'a')]) as [Feed, Feed, Feed];
    const source = new BehaviorSubject(queued);
    const reader = toServerSentEvents(source, { idleGraceMs: 0 }).stream().getReader();
    await reader.read();
    source.next(feedAfter(to('queued', 'b')));
    await turn();
    source.next(running);
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('event: feed\n');
    await reader.cancel();
  });

  it('reads the last event id from the request', async () => {
    const source = new BehaviorSubject(feedAfter(to('queued', 'a')));
    const events = toServerSentEvents(source, { idleGraceMs: 1_000 });
    const reader = events.response().body!.getReader();
    const id = /^id: (.*)$/m.exec(new TextDecoder().decode((await reader.read()).value))?.[1] ?? '';
    const again = events.response(new Request('http://server/', { headers: { 'last-event-id': id } }));
    source.complete();
    expect(await textOf(again)).toBe('event: end\ndata: {"version":1}\n\n');
    await reader.cancel();
  });

  it('ends a response with the signal of its request, also before it is read', async () => {
    const source = new BehaviorSubject(feedAfter(to('queued', 'a')));
    const events = toServerSentEvents(source, { idleGraceMs: 0 });
    const controller = new AbortController();
    const reader = events.response(new Request('http://server/', { signal: controller.signal })).body!.getReader();
    await reader.read();
    expect(source.observed).toBe(true);
    controller.abort();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await until(() => !source.observed);
    expect(await textOf(events.response(new Request('http://server/', { signal: AbortSignal.abort() })))).toBe('');
  });

  it('leaves the feed when a reader cancels its stream', async () => {
    const source = new BehaviorSubject(feedAfter(to('queued', 'a')));
    const reader = toServerSentEvents(source, { idleGraceMs: 0 }).stream().getReader();
    await reader.read();
    await reader.cancel();
    await until(() => !source.observed);
  });

  it('that is closed ends every stream, leaves the feed at once, and refuses new readers', async () => {
    const source = new BehaviorSubject(feedAfter(to('queued', 'a')));
    const events = toServerSentEvents(source);
    const [reading, waiting] = [events.stream().getReader(), events.response().body!.getReader()];
    await reading.read();
    const pending = reading.read();
    events.close();
    expect([await pending, await waiting.read()]).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(source.observed).toBe(false);
    expect(events.response().status).toBe(503);
    expect(await textOf(new Response(events.stream()))).toBe('');
    events.close();
    await reading.cancel();
  });

  it('has no timer that keeps the process alive, with readers and after the last one', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const reader = toServerSentEvents(new BehaviorSubject(feedAfter(to('queued', 'a')))).stream().getReader();
    await reader.read();
    expect(timers()).toBe(before);
    await reader.cancel();
    expect(timers()).toBe(before);
  });

  it('sends no raw and no key', async () => {
    const feed = feedAfter(to('queued', 'a'));
    const row = feed.changed!;
    const leaky = rowFrom({ ...row, snapshot: Object.assign({ raw: { authorization: key } }, row.snapshot!) });
    const spoilt: Feed = { ...feed, changed: leaky, tasks: { size: 1, get: () => leaky, [Symbol.iterator]: () => [leaky][Symbol.iterator]() } };
    const text = await textOf(toServerSentEvents(of(spoilt).pipe(take(1))).response());
    expect(text).toContain('"status":"queued"');
    expect(text).not.toContain(key);
    expect(text).not.toContain('raw');
  });

  it.each([
    ['heartbeatMs', { heartbeatMs: 0 }],
    ['heartbeatMs', { heartbeatMs: 2 ** 31 }],
    ['idleGraceMs', { idleGraceMs: -1 }],
    ['idleGraceMs', { idleGraceMs: Infinity }],
  ])('refuses an invalid %s', (field, options) => {
    expect(() => toServerSentEvents(NEVER, options)).toThrow(RangeError);
    expect(() => toServerSentEvents(undefined as never)).toThrow(new TypeError('feeds must be an Observable of what toFeed() gives, not undefined'));
    expect(() => toServerSentEvents(NEVER, options)).toThrow(field);
  });
});
