// First, because it loads the compiler that Angular's packages need.
import { httpClient } from '../angular/test-bed.js';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { firstValueFrom, forkJoin, lastValueFrom, toArray } from 'rxjs';
import { Agent } from 'undici';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { httpClientTransport } from '../../src/angular/index.js';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { undiciTransport } from '../../src/adapters/undici.js';
import { programTransport } from '../../src/cli/transport.js';
import type { TransportLimits } from '../../src/transport/limits.js';
import { maxBodyBytes, type Transport } from '../../src/transport/transport.js';
import { errorOf, get, key, nowhere, serve, serveBytes } from './loopback.js';

const dispatcher = new Agent();
afterAll(() => dispatcher.destroy());
afterEach(() => vi.useRealTimers());

const http = httpClient();

/** The exception to the contract: under Angular's client the platform follows redirects. */
const followsRedirects = ['httpClientTransport'];

const adapters: readonly (readonly [string, (limits?: TransportLimits) => Transport])[] = [
  ['undiciTransport', (limits) => undiciTransport({ dispatcher, ...limits })],
  ['fetchTransport', fetchTransport],
  ['httpClientTransport', (limits) => httpClientTransport(http, limits)],
  ['the transport of the command line', programTransport],
];

describe.each(adapters)('%s', (name, createTransport) => {
  const transport = createTransport();
  const json = '{"id":"cgt-1","status":"running"}';

  describe('a response', () => {
    it('has the status, the headers in lower case and the body', async () => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'X-Request-Id': 'r-1' }).end(json);
      });
      const responses = await lastValueFrom(transport(get(`${url}/tasks/cgt-1`)).pipe(toArray()));
      expect(responses).toEqual([
        {
          status: 200,
          headers: expect.objectContaining({ 'content-type': 'application/json', 'x-request-id': 'r-1' }),
          body: json,
        },
      ]);
    });

    it.each([
      ['POST', '{"model":"m","content":[{"type":"text","text":"ein Fuchs, \u00fcber Nacht"}]}'],
      ['POST', ''],
      ['DELETE', undefined],
    ] as const)('to a %s is emitted once, and the body is sent unchanged: %s', async (method, body) => {
      const received: string[] = [];
      const { url, requests } = await serve((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
          received.push(`${String(request.method)} ${String(request.headers['content-type'])} ${Buffer.concat(chunks).toString()}`);
          response.writeHead(201).end('{"id":"cgt-1"}');
        });
      });
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const responses = await lastValueFrom(transport({ method, url: `${url}/tasks`, headers, body }).pipe(toArray()));
      expect(responses).toMatchObject([{ status: 201, body: '{"id":"cgt-1"}' }]);
      expect(received).toEqual([`${method} application/json ${body ?? ''}`]);
      expect(requests).toHaveLength(1);
    });

    it('that echoes a picture of 2 MB is read', async () => {
      const echo = JSON.stringify({ id: 'cgt-1', status: 'running', request: { content: ['x'.repeat(2_000_000)] } });
      const { url } = await serve((_request, response) => response.end(echo));
      expect((await firstValueFrom(transport(get(url)))).body).toBe(echo);
    });

    it.each([['gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync]] as const)('in %s is read, and limited after decoding', async (coding, compress) => {
      const { url } = await serve((request, response) => {
        response.writeHead(200, { 'content-encoding': coding }).end(compress(request.url === '/' ? json : 'x'.repeat(1001)));
      });
      const bounded = createTransport({ maxBodyBytes: 1000 });
      expect((await firstValueFrom(bounded(get(url)))).body).toBe(json);
      expect((await errorOf(bounded(get(`${url}/large`)))).message).toBe('Request failed: the body is larger than 1000 bytes (maxBodyBytes)');
    });

    it.each([400, 401, 404, 429, 500, 503])('with an error status, %i, is a value', async (status) => {
      const { url } = await serve((_request, response) => {
        response.writeHead(status, { 'Retry-After': '7' }).end('{"error":{}}');
      });
      const response = await firstValueFrom(transport(get(url)));
      expect(response).toMatchObject({ status, headers: { 'retry-after': '7' }, body: '{"error":{}}' });
    });

    const redirect = async (status: number) => {
      const target = await serve((_request, response) => response.end('stolen'));
      const { url } = await serve((_request, response) => {
        response.writeHead(status, { location: `${target.url}/elsewhere` }).end();
      });
      return { target, response: await firstValueFrom(transport(get(url))) };
    };

    if (followsRedirects.includes(name)) {
      it.each([301, 302, 303, 307, 308])('that redirects, %i, is followed, and its target never gets the key', async (status) => {
        const { target, response } = await redirect(status);
        expect(response).toMatchObject({ status: 200, body: 'stolen' });
        expect(target.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/elsewhere', undefined]]);
      });
    } else {
      it.each([301, 302, 303, 307, 308])('that redirects, %i, is a value, and its target never gets the key', async (status) => {
        const { target, response } = await redirect(status);
        expect(response).toMatchObject({ status, headers: { location: `${target.url}/elsewhere` } });
        expect(target.sockets).toEqual([]);
      });
    }

    it('with an empty body has an empty string', async () => {
      const { url } = await serve((_request, response) => response.writeHead(204).end());
      expect(await firstValueFrom(transport(get(url)))).toMatchObject({ status: 204, body: '' });
    });

    it.each([
      ['no bytes', 429, { 'content-encoding': 'gzip', 'retry-after': '7' }, ''],
      ['no name', 200, { 'content-encoding': '' }, json],
    ] as const)('with an encoding of %s is read unchanged', async (_case, status, headers, body) => {
      const { url } = await serve((_request, response) => response.writeHead(status, headers).end(body));
      expect(await firstValueFrom(transport(get(url)))).toMatchObject({ status, headers, body });
    });

    it('joins repeated headers by a comma', async () => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, [['X-Twice', 'a'], ['X-Twice', 'b'], ['Set-Cookie', 'c=1'], ['Set-Cookie', 'd=2']].flat()).end();
      });
      const { headers } = await firstValueFrom(transport(get(url)));
      expect(headers).toMatchObject({ 'x-twice': 'a, b', 'set-cookie': 'c=1, d=2' });
    });

    it('may have headers with the names of object properties', async () => {
      const { url } = await serveBytes((socket) => {
        socket.end('HTTP/1.1 200 OK\r\nconstructor: a\r\n__proto__: b\r\ncontent-length: 0\r\n\r\n');
      });
      const { headers } = await firstValueFrom(transport(get(url)));
      expect(Object.entries(headers)).toEqual(expect.arrayContaining([['constructor', 'a'], ['__proto__', 'b']]));
    });

    it('does not include early hints', async () => {
      const { url } = await serve((_request, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.writeHead(200).end(json);
      });
      const responses = await lastValueFrom(transport(get(url)).pipe(toArray()));
      expect(responses).toMatchObject([{ status: 200, body: json }]);
      expect(responses[0]?.headers).not.toHaveProperty('link');
    });

    it('is decoded correctly wherever its characters are cut', async () => {
      const text = '﻿{"状态":"成功 🎬"}';
      const { url } = await serve((_request, response) => {
        for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
        response.end();
      });
      const { body } = await firstValueFrom(transport(get(url)));
      expect(body).toBe('{"状态":"成功 🎬"}');
    });
  });

  describe('sends a request', () => {
    it('with its headers, and accepts JSON', async () => {
      const server = await serve((_request, response) => response.end());
      await firstValueFrom(transport(get(`${server.url}/tasks/a%2Fb?x=%20`)));
      expect(server.paths).toEqual(['/tasks/a%2Fb?x=%20']);
      expect(server.requests[0]).toMatchObject({
        method: 'GET',
        headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
      });
    });

    it('with another accept header if the request has one', async () => {
      const server = await serve((_request, response) => response.end());
      await firstValueFrom(transport(get(server.url, { accept: 'text/plain' })));
      expect(server.requests[0]?.headers.accept).toBe('text/plain');
    });

    it('once for each subscription, and not before', async () => {
      const server = await serve((_request, response) => response.end(server.paths.length.toString()));
      const response = transport(get(server.url));
      expect(server.paths).toEqual([]);
      expect((await firstValueFrom(response)).body).toBe('1');
      expect((await firstValueFrom(response)).body).toBe('2');
    });

    it('fifty times without a warning', async () => {
      const warned = vi.fn();
      process.on('warning', warned);
      const { url } = await serve((_request, response) => response.end(json));
      await lastValueFrom(forkJoin(Array.from({ length: 50 }, () => transport(get(url)))));
      for (let count = 0; count < 50; count += 1) await firstValueFrom(transport(get(url)));
      process.off('warning', warned);
      expect(warned).not.toHaveBeenCalled();
    });
  });

  describe('unsubscribing', () => {
    const silent = { next: vi.fn(), error: vi.fn(), complete: vi.fn() };
    afterEach(() => {
      expect(silent.next.mock.calls.concat(silent.error.mock.calls, silent.complete.mock.calls)).toEqual([]);
    });

    it('before the headers closes the connection', async () => {
      const server = await serve();
      const arrived = server.nextRequest();
      const subscription = transport(get(server.url)).subscribe(silent);
      const { closed } = await arrived;
      subscription.unsubscribe();
      await closed;
    });

    it('in the middle of the body closes the connection', async () => {
      const server = await serve();
      const arrived = server.nextRequest();
      const subscription = transport(get(server.url)).subscribe(silent);
      const { closed, response } = await arrived;
      response.write('{"id":');
      await hasLeft(response);
      subscription.unsubscribe();
      await closed;
    });

    it('synchronously sends nothing', async () => {
      const server = await serve((_request, response) => response.end());
      transport(get(`${server.url}/given-up`)).subscribe(silent).unsubscribe();
      await firstValueFrom(transport(get(`${server.url}/kept`)));
      expect(server.paths).toEqual(['/kept']);
    });
  });

  describe('a response above the limit', () => {
    it('is refused, and its connection closed', async () => {
      const server = await serve((_request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('x'.repeat(11));
      });
      const [{ closed }, error] = await Promise.all([
        server.nextRequest(),
        errorOf(createTransport({ maxBodyBytes: 10 })(get(server.url))),
      ]);
      expect(error.message).toBe('Request failed: the body is larger than 10 bytes (maxBodyBytes)');
      await closed;
    });

    it('is refused when it exceeds the limit, also without a content-length', async () => {
      const server = await serve((_request, response) => {
        const pour = () => {
          while (response.write('x'.repeat(1000)));
        };
        response.on('drain', pour);
        pour();
      });
      const [{ closed }, error] = await Promise.all([server.nextRequest(), errorOf(transport(get(server.url)))]);
      expect(error.message).toBe(`Request failed: the body is larger than ${maxBodyBytes} bytes (maxBodyBytes)`);
      await closed;
    });

    it('is measured in bytes, not in characters', async () => {
      const { url } = await serve((request, response) => response.end(request.url === '/fits' ? '成功xx' : '成功xxx'));
      const bounded = createTransport({ maxBodyBytes: 8 });
      expect((await firstValueFrom(bounded(get(`${url}/fits`)))).body).toBe('成功xx');
      await errorOf(bounded(get(`${url}/does-not`)));
    });
  });

  describe('fails when', () => {
    it('no server listens', async () => {
      expect((await errorOf(transport(get(await nowhere())))).message).toMatch(/ECONNREFUSED/);
    });

    it.each<readonly [string, (socket: Socket) => void]>([
      ['the connection is reset before the headers', (socket) => socket.resetAndDestroy()],
      ['the server closes without a response', (socket) => socket.end()],
      ['the headers are cut', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
      ['the body is shorter than announced', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"id":')],
      ['the last chunk is missing', (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{"id":\r\n')],
      ['the response is not HTTP', (socket) => socket.end(`SSH-2.0 Bearer ${key}\r\n\r\n`)],
      [
        'the connection is reset in the middle of the body',
        (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"id":', () => socket.resetAndDestroy()),
      ],
    ])('%s', async (_case, speak) => {
      const { url } = await serveBytes(speak);
      expect((await errorOf(transport(get(url)))).message).toMatch(/^Request failed: \S/);
    });

    it.each(['headers', 'body'])('the %s do not arrive in time, and the connection is closed', async (part) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const server = await serve();
      const arrived = server.nextRequest();
      const failed = errorOf(createTransport({ timeoutMs: 5000 })(get(server.url)));
      const { closed, response } = await arrived;
      if (part === 'body') {
        response.write('{"id":');
        await hasLeft(response);
      }
      vi.advanceTimersByTime(5000);
      expect((await failed).message).toBe('Request failed: no response within 5000 ms (timeoutMs)');
      await closed;
    });

    it.each(['', 'tasks/1', 'http://', 'ftp://127.0.0.1/'])('the URL is invalid: %o', async (url) => {
      await errorOf(transport(get(url)));
    });

    it.each(['\nx', '\r\nx-injected: 1', '\u0000', '…'])('a header cannot be sent: %o', async (tail) => {
      const server = await serve();
      await errorOf(transport(get(server.url, { authorization: `Bearer ${key}${tail}` })));
      await errorOf(transport(get(server.url, { 'x-api-key': `${key}${tail}` })));
      expect(server.paths).toEqual([]);
    });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a limit, and names it', (value) => {
    const text = (field: string, most: number) => `${field} must be a number above 0, at most ${most}, not ${value}`;
    expect(() => createTransport({ timeoutMs: value })).toThrow(new RangeError(text('timeoutMs', 2 ** 31 - 1)));
    expect(() => createTransport({ maxBodyBytes: value })).toThrow(new RangeError(text('maxBodyBytes', 2 ** 53 - 1)));
  });

  it('refuses a time longer than a timer can hold', () => {
    expect(() => createTransport({ timeoutMs: 2 ** 31 })).toThrow(RangeError);
  });
});

/** Resolves when the bytes are written. */
const hasLeft = (response: ServerResponse): Promise<unknown> => new Promise((resolve) => response.write(' ', resolve));
