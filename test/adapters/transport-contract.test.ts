// First, for it brings the compiler that Angular's packages ask for.
import { httpClient } from '../angular/test-bed.js';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { firstValueFrom, forkJoin, lastValueFrom, toArray } from 'rxjs';
import { Agent } from 'undici';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { httpClientTransport } from '../../src/angular/index.js';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { undiciTransport } from '../../src/adapters/undici.js';
import type { TransportLimits } from '../../src/transport/limits.js';
import { maxBodyBytes, type Transport } from '../../src/transport/transport.js';
import { errorOf, get, key, nowhere, serve, serveBytes } from './loopback.js';

const dispatcher = new Agent();
afterAll(() => dispatcher.destroy());
afterEach(() => vi.useRealTimers());

const http = httpClient();

/** The one clause that not all can keep: under Angular's client it is the platform that follows redirects. */
const followsRedirects = ['httpClientTransport'];

const adapters: readonly (readonly [string, (limits?: TransportLimits) => Transport])[] = [
  ['undiciTransport', (limits) => undiciTransport({ dispatcher, ...limits })],
  ['fetchTransport', fetchTransport],
  ['httpClientTransport', (limits) => httpClientTransport(http, limits)],
];

describe.each(adapters)('%s', (name, createTransport) => {
  const transport = createTransport();
  const json = '{"id":"cgt-1","status":"running"}';

  describe('answers', () => {
    it('with the status, the headers in lower case and the body', async () => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'X-Request-Id': 'r-1' }).end(json);
      });
      const answers = await lastValueFrom(transport(get(`${url}/tasks/cgt-1`)).pipe(toArray()));
      expect(answers).toEqual([
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
    ] as const)('a %s is sent once, its body as it is: %s', async (method, body) => {
      const received: string[] = [];
      const { url, requests } = await serve((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
          received.push(`${String(request.method)} ${String(request.headers['content-type'])} ${Buffer.concat(chunks).toString()}`);
          response.writeHead(201).end('{"id":"cgt-1"}');
        });
      });
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const answers = await lastValueFrom(transport({ method, url: `${url}/tasks`, headers, body }).pipe(toArray()));
      expect(answers).toMatchObject([{ status: 201, body: '{"id":"cgt-1"}' }]);
      expect(received).toEqual([`${method} application/json ${body ?? ''}`]);
      expect(requests).toHaveLength(1);
    });

    it.each([400, 401, 404, 429, 500, 503])('an error status, %i, is a value', async (status) => {
      const { url } = await serve((_request, response) => {
        response.writeHead(status, { 'Retry-After': '7' }).end('{"error":{}}');
      });
      const answer = await firstValueFrom(transport(get(url)));
      expect(answer).toMatchObject({ status, headers: { 'retry-after': '7' }, body: '{"error":{}}' });
    });

    const redirect = async (status: number) => {
      const target = await serve((_request, response) => response.end('stolen'));
      const { url } = await serve((_request, response) => {
        response.writeHead(status, { location: `${target.url}/elsewhere` }).end();
      });
      return { target, answer: await firstValueFrom(transport(get(url))) };
    };

    if (followsRedirects.includes(name)) {
      it.each([301, 302, 303, 307, 308])('a redirect, %i, is followed, and its target never hears of the key', async (status) => {
        const { target, answer } = await redirect(status);
        expect(answer).toMatchObject({ status: 200, body: 'stolen' });
        expect(target.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/elsewhere', undefined]]);
      });
    } else {
      it.each([301, 302, 303, 307, 308])('a redirect, %i, is a value, and its target never hears of the key', async (status) => {
        const { target, answer } = await redirect(status);
        expect(answer).toMatchObject({ status, headers: { location: `${target.url}/elsewhere` } });
        expect(target.sockets).toEqual([]);
      });
    }

    it('an empty body is an empty text', async () => {
      const { url } = await serve((_request, response) => response.writeHead(204).end());
      expect(await firstValueFrom(transport(get(url)))).toMatchObject({ status: 204, body: '' });
    });

    it.each([
      ['no bytes', 429, { 'content-encoding': 'gzip', 'retry-after': '7' }, ''],
      ['no name', 200, { 'content-encoding': '' }, json],
    ] as const)('an encoding of %s is none', async (_case, status, headers, body) => {
      const { url } = await serve((_request, response) => response.writeHead(status, headers).end(body));
      expect(await firstValueFrom(transport(get(url)))).toMatchObject({ status, headers, body });
    });

    it('a header sent more than once is joined by a comma', async () => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, [['X-Twice', 'a'], ['X-Twice', 'b'], ['Set-Cookie', 'c=1'], ['Set-Cookie', 'd=2']].flat()).end();
      });
      const { headers } = await firstValueFrom(transport(get(url)));
      expect(headers).toMatchObject({ 'x-twice': 'a, b', 'set-cookie': 'c=1, d=2' });
    });

    it('a header called like a property of every object is a header', async () => {
      const { url } = await serveBytes((socket) => {
        socket.end('HTTP/1.1 200 OK\r\nconstructor: a\r\n__proto__: b\r\ncontent-length: 0\r\n\r\n');
      });
      const { headers } = await firstValueFrom(transport(get(url)));
      expect(Object.entries(headers)).toEqual(expect.arrayContaining([['constructor', 'a'], ['__proto__', 'b']]));
    });

    it('hints that come before the answer are no answer', async () => {
      const { url } = await serve((_request, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.writeHead(200).end(json);
      });
      const answers = await lastValueFrom(transport(get(url)).pipe(toArray()));
      expect(answers).toMatchObject([{ status: 200, body: json }]);
      expect(answers[0]?.headers).not.toHaveProperty('link');
    });

    it('characters cut anywhere are whole again', async () => {
      const text = '﻿{"状态":"成功 🎬"}';
      const { url } = await serve((_request, response) => {
        for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
        response.end();
      });
      const { body } = await firstValueFrom(transport(get(url)));
      expect(body).toBe('{"状态":"成功 🎬"}');
    });
  });

  describe('asks', () => {
    it('with the headers of the request, and for JSON', async () => {
      const server = await serve((_request, response) => response.end());
      await firstValueFrom(transport(get(`${server.url}/tasks/a%2Fb?x=%20`)));
      expect(server.paths).toEqual(['/tasks/a%2Fb?x=%20']);
      expect(server.requests[0]).toMatchObject({
        method: 'GET',
        headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
      });
    });

    it('for something else where the request says so', async () => {
      const server = await serve((_request, response) => response.end());
      await firstValueFrom(transport(get(server.url, { accept: 'text/plain' })));
      expect(server.requests[0]?.headers.accept).toBe('text/plain');
    });

    it('once for each subscription, and never before one', async () => {
      const server = await serve((_request, response) => response.end(server.paths.length.toString()));
      const answer = transport(get(server.url));
      expect(server.paths).toEqual([]);
      expect((await firstValueFrom(answer)).body).toBe('1');
      expect((await firstValueFrom(answer)).body).toBe('2');
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
      const asked = server.asked();
      const subscription = transport(get(server.url)).subscribe(silent);
      const { closed } = await asked;
      subscription.unsubscribe();
      await closed;
    });

    it('in the middle of the body closes the connection', async () => {
      const server = await serve();
      const asked = server.asked();
      const subscription = transport(get(server.url)).subscribe(silent);
      const { closed, response } = await asked;
      response.write('{"id":');
      await hasLeft(response);
      subscription.unsubscribe();
      await closed;
    });

    it('at once sends nothing', async () => {
      const server = await serve((_request, response) => response.end());
      transport(get(`${server.url}/given-up`)).subscribe(silent).unsubscribe();
      await firstValueFrom(transport(get(`${server.url}/kept`)));
      expect(server.paths).toEqual(['/kept']);
    });
  });

  describe('an answer above the limit', () => {
    it('is refused, and its connection closed', async () => {
      const server = await serve((_request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('x'.repeat(11));
      });
      const [{ closed }, error] = await Promise.all([
        server.asked(),
        errorOf(createTransport({ maxBodyBytes: 10 })(get(server.url))),
      ]);
      expect(error.message).toBe('Request failed: the body is larger than 10 bytes (maxBodyBytes)');
      await closed;
    });

    it('is refused as soon as it is above, also without an announced length', async () => {
      const server = await serve((_request, response) => {
        const pour = () => {
          while (response.write('x'.repeat(1000)));
        };
        response.on('drain', pour);
        pour();
      });
      const [{ closed }, error] = await Promise.all([server.asked(), errorOf(transport(get(server.url)))]);
      expect(error.message).toBe(`Request failed: the body is larger than ${maxBodyBytes} bytes (maxBodyBytes)`);
      await closed;
    });

    it('is one byte above it: bytes count, not characters', async () => {
      const { url } = await serve((request, response) => response.end(request.url === '/fits' ? '成功xx' : '成功xxx'));
      const bounded = createTransport({ maxBodyBytes: 8 });
      expect((await firstValueFrom(bounded(get(`${url}/fits`)))).body).toBe('成功xx');
      await errorOf(bounded(get(`${url}/does-not`)));
    });
  });

  describe('an error is what comes when', () => {
    it('nobody listens', async () => {
      expect((await errorOf(transport(get(await nowhere())))).message).toMatch(/ECONNREFUSED/);
    });

    it.each<readonly [string, (socket: Socket) => void]>([
      ['the connection is reset before the headers', (socket) => socket.resetAndDestroy()],
      ['the server closes without a word', (socket) => socket.end()],
      ['the headers are cut', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
      ['the body is shorter than announced', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"id":')],
      ['the last chunk is missing', (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{"id":\r\n')],
      ['it is no HTTP', (socket) => socket.end(`SSH-2.0 Bearer ${key}\r\n\r\n`)],
      [
        'the connection is reset in the middle of the body',
        (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"id":', () => socket.resetAndDestroy()),
      ],
    ])('%s', async (_case, speak) => {
      const { url } = await serveBytes(speak);
      expect((await errorOf(transport(get(url)))).message).toMatch(/^Request failed: \S/);
    });

    it.each(['headers', 'body'])('the %s do not come in time, and the connection is closed', async (part) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const server = await serve();
      const asked = server.asked();
      const failed = errorOf(createTransport({ timeoutMs: 5000 })(get(server.url)));
      const { closed, response } = await asked;
      if (part === 'body') {
        response.write('{"id":');
        await hasLeft(response);
      }
      vi.advanceTimersByTime(5000);
      expect((await failed).message).toBe('Request failed: no response within 5000 ms (timeoutMs)');
      await closed;
    });

    it.each(['', 'tasks/1', 'http://', 'ftp://127.0.0.1/'])('the URL is none to ask: %o', async (url) => {
      await errorOf(transport(get(url)));
    });

    it.each(['\nx', '\r\nx-injected: 1', '\u0000', '…'])('a header cannot be sent: %o', async (tail) => {
      const server = await serve();
      await errorOf(transport(get(server.url, { authorization: `Bearer ${key}${tail}` })));
      await errorOf(transport(get(server.url, { 'x-api-key': `${key}${tail}` })));
      expect(server.paths).toEqual([]);
    });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as a limit, by its name', (value) => {
    const text = (field: string, most: number) => `${field} must be a number above 0, at most ${most}, not ${value}`;
    expect(() => createTransport({ timeoutMs: value })).toThrow(new RangeError(text('timeoutMs', 2 ** 31 - 1)));
    expect(() => createTransport({ maxBodyBytes: value })).toThrow(new RangeError(text('maxBodyBytes', 2 ** 53 - 1)));
  });

  it('refuses a time that no timer can keep', () => {
    expect(() => createTransport({ timeoutMs: 2 ** 31 })).toThrow(RangeError);
  });
});

/** Resolves when the bytes are with the system. */
const hasLeft = (response: ServerResponse): Promise<unknown> => new Promise((resolve) => response.write(' ', resolve));
