import { once } from 'node:events';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { Agent, getGlobalDispatcher, interceptors, MockAgent, Pool, setGlobalDispatcher } from 'undici';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type DispatcherLike, undiciTransport } from '../../src/adapters/undici.js';
import type { TransportLimits } from '../../src/transport/limits.js';
import { maxBodyBytes } from '../../src/transport/transport.js';
import { errorOf, get, key, serve, serveBytes } from './loopback.js';
import { catchWarnings } from '../support/warnings.js';

const agent = (options?: Agent.Options): Agent => {
  const made = new Agent(options);
  onTestFinished(() => made.destroy());
  return made;
};

afterEach(() => vi.unstubAllGlobals());

describe('undiciTransport', () => {
  it('accepts no compression, whatever the request says', async () => {
    const server = await serve((_request, response) => response.end());
    await firstValueFrom(undiciTransport({ dispatcher: agent() })(get(server.url, { 'accept-encoding': 'gzip' })));
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('names this library as the user agent, unless the request names another', async () => {
    const server = await serve((_request, response) => response.end());
    await firstValueFrom(undiciTransport({ dispatcher: agent() })(get(server.url)));
    await firstValueFrom(undiciTransport({ dispatcher: agent() })(get(server.url, { 'user-agent': 'my-app/1' })));
    expect(server.requests.map(({ headers }) => headers['user-agent'])).toEqual([expect.stringMatching(/^rx-seedance\/\d/), 'my-app/1']);
  });

  it('creates no AbortController', async () => {
    const made = vi.fn();
    const dispatcher = agent();
    const server = await serve((request, response) => void (request.url === '/' && response.end()));
    vi.stubGlobal('AbortController', made);
    const transport = undiciTransport({ dispatcher });
    await firstValueFrom(transport(get(server.url)));
    const arrived = server.nextRequest();
    const subscription = transport(get(`${server.url}/hangs`)).subscribe();
    const { closed } = await arrived;
    subscription.unsubscribe();
    await closed;
    expect(made).not.toHaveBeenCalled();
  });

  describe('in a queue', () => {
    it('an unsubscribed request is never sent, and does not affect the others', async () => {
      const server = await serve((request, response) => void (request.url !== '/first' && response.end(request.url)));
      const dispatcher = new Pool(server.url, { connections: 1 });
      onTestFinished(() => dispatcher.destroy());
      const transport = undiciTransport({ dispatcher });
      const arrived = server.nextRequest();
      const first = firstValueFrom(transport(get(`${server.url}/first`)));
      const { response } = await arrived;
      const givenUp = Array.from({ length: 100 }, () => transport(get(`${server.url}/given-up`)).subscribe());
      const last = firstValueFrom(transport(get(`${server.url}/last`)));
      givenUp.forEach((subscription) => subscription.unsubscribe());
      response.end('/first');
      expect((await first).body).toBe('/first');
      expect((await last).body).toBe('/last');
      expect(server.paths).toEqual(['/first', '/last']);
      expect(server.sockets).toHaveLength(1);
    });

    it('a request that is unsubscribed while its connection opens sends no byte', async () => {
      const server = await serve((_request, response) => response.end());
      const dispatcher = agent({ connections: 1 });
      const connected = once(dispatcher, 'connect');
      undiciTransport({ dispatcher })(get(`${server.url}/given-up`)).subscribe().unsubscribe();
      await connected;
      await dispatcher.close();
      expect(server.paths).toEqual([]);
      expect(server.sockets.map((socket) => socket.bytesRead)).toEqual([0]);
    });
  });

  describe('a compressed response', () => {
    const body = '{"status":"succeeded"}';

    const compressions = [['gzip', gzipSync], ['x-gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync]] as const;
    const transport = (limits?: TransportLimits) => undiciTransport({ dispatcher: agent(), ...limits });

    it.each(compressions)('in %s is read, also with an error status', async (coding, compress) => {
      const { url } = await serve((request, response) => {
        response.writeHead(request.url === '/' ? 200 : 503, { 'Content-Encoding': coding.toUpperCase() }).end(compress(body));
      });
      expect(await firstValueFrom(transport()(get(url)))).toMatchObject({ status: 200, body });
      expect(await firstValueFrom(transport()(get(`${url}/busy`)))).toMatchObject({ status: 503, body });
    });

    it('in two codings is read, wherever its bytes are cut', async () => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip, br' });
        for (const byte of brotliCompressSync(gzipSync(body))) response.write(Buffer.of(byte));
        response.end();
      });
      expect((await firstValueFrom(transport()(get(url)))).body).toBe(body);
    });

    it.each(compressions)('in %s that grows a thousandfold is refused before its end, and the connection closed', async (coding, compress) => {
      const bomb = compress(Buffer.alloc(4 * maxBodyBytes));
      expect(bomb.length).toBeLessThan(maxBodyBytes / 200);
      const server = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': coding }).write(bomb.subarray(0, -20)));
      const [{ closed }, error] = await Promise.all([server.nextRequest(), errorOf(transport()(get(server.url)))]);
      expect(error.message).toBe(`Request failed: the body is larger than ${maxBodyBytes} bytes (maxBodyBytes)`);
      await closed;
    });

    it('that decodes to nothing is limited too', async () => {
      const nothing = Buffer.concat(Array(100).fill(gzipSync('')));
      const { url } = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(nothing));
      expect((await firstValueFrom(transport({ maxBodyBytes: nothing.length })(get(url)))).body).toBe('');
      expect((await errorOf(transport({ maxBodyBytes: nothing.length - 1 })(get(url)))).message).toMatch('the body is larger than');
    });

    it.each([['cut', gzipSync(body).subarray(0, -9), 'unexpected end of file'], ['broken', Buffer.from('no gzip at all'), 'incorrect header check']] as const)(
      'that is %s is an error',
      async (_case, bytes, reason) => {
        const { url } = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes));
        expect((await errorOf(transport()(get(url)))).message).toMatch(reason);
      },
    );

    it('whose connection is cut is an error', async () => {
      const { url } = await serveBytes((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 50\r\n\r\n\x1f\x8b', 'latin1'));
      expect((await errorOf(transport()(get(url)))).message).toMatch('UND_ERR_SOCKET');
    });

    it.each(['compress', 'gzip, x-unknown', Array(6).fill('gzip').join(', ')])('in %s is refused, and the connection closed', async (coding) => {
      const server = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': coding }).write('x'));
      const [{ closed }, error] = await Promise.all([server.nextRequest(), errorOf(transport()(get(server.url)))]);
      expect(error.message).toBe(`Request failed: the body has the content-encoding ${coding}, which cannot be decoded`);
      await closed;
    });

    it('that is unsubscribed in the middle closes the connection', async () => {
      const server = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync(body).subarray(0, 15)));
      const arrived = server.nextRequest();
      const heard = vi.fn();
      const subscription = transport()(get(server.url)).subscribe({ next: heard, error: heard, complete: heard });
      const { closed, response } = await arrived;
      await new Promise((resolve) => response.write(' ', resolve));
      subscription.unsubscribe();
      await closed;
      expect(heard).not.toHaveBeenCalled();
    });

    it.each(['Identity', 'aws-chunked', 'UTF-8', ''])('with the word %o, which is no compression, is read', async (coding) => {
      const { url } = await serve((_request, response) => response.writeHead(200, { 'content-encoding': coding }).end(body));
      expect((await firstValueFrom(transport()(get(url)))).body).toBe(body);
    });

    it('is read through a dispatcher that decodes it, too', async () => {
      const { url } = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body)));
      const warnings = catchWarnings();
      const dispatcher = agent().compose(interceptors.decompress());
      expect((await firstValueFrom(undiciTransport({ dispatcher })(get(url)))).body).toBe(body);
      for (const warning of warnings) expect(warning).toMatch(/^ExperimentalWarning: DecompressInterceptor/);
    });
  });

  describe('uses', () => {
    it('the current global dispatcher', async () => {
      const before = getGlobalDispatcher();
      onTestFinished(() => setGlobalDispatcher(before));
      const transport = undiciTransport();
      const mock = mockAgent();
      mock.get('https://ark.example').intercept({ path: '/tasks/1' }).reply(200, 'mocked');
      setGlobalDispatcher(mock);
      expect((await firstValueFrom(transport(get('https://ark.example/tasks/1')))).body).toBe('mocked');
    });

    it('a MockAgent, and one of its pools', async () => {
      const mock = mockAgent();
      const pool = mock.get('https://ark.example');
      pool.intercept({ path: '/tasks/1' }).reply(429, { error: {} }, { headers: { 'Retry-After': '2' } }).times(2);
      for (const dispatcher of [mock, pool]) {
        const responses = await lastValueFrom(undiciTransport({ dispatcher })(get('https://ark.example/tasks/1')).pipe(toArray()));
        expect(responses).toEqual([{ status: 429, headers: { 'retry-after': '2' }, body: '{"error":{}}' }]);
      }
    });

    it('a MockAgent that quotes headers in its errors, without showing them', async () => {
      const mock = mockAgent();
      mock.get('https://ark.example').intercept({ path: '/', headers: { authorization: 'other' } }).reply(200);
      const { message } = await errorOf(undiciTransport({ dispatcher: mock })(get('https://ark.example/')));
      expect(message).toBe('Request failed: UND_MOCK_ERR_MOCK_NOT_MATCHED');
    });

    it('a dispatcher that fails with the key in every field of its error', async () => {
      const error = Object.assign(new Error(`sent ${key}`, { cause: new Error(`Bearer ${key}`) }), { code: key, headers: [key] });
      const { message } = await errorOf(undiciTransport({ dispatcher: { dispatch: () => { throw error; } } })(get('https://ark.example')));
      expect(message).toBe('Request failed: Error');
    });

    it('a dispatcher with the handler names of undici 6', async () => {
      const aborted = vi.fn();
      const dispatcher: DispatcherLike = {
        dispatch: ({ path }, handler) => {
          handler.onConnect(aborted);
          handler.onHeaders(103, []);
          handler.onHeaders(200, [Buffer.from('X-Twice'), Buffer.from('a'), Buffer.from('x-twice'), Buffer.from('b')]);
          handler.onData(Buffer.from('{"a"'));
          handler.onData(Buffer.from(':1}'));
          if (path === '/') handler.onComplete();
          if (path === '/fails') handler.onError(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }));
          return true;
        },
      };
      const transport = undiciTransport({ dispatcher });
      const response = await firstValueFrom(transport(get('https://ark.example')));
      expect(response).toEqual({ status: 200, headers: { 'x-twice': 'a, b' }, body: '{"a":1}' });
      const { message } = await errorOf(transport(get('https://ark.example/fails')));
      expect(message).toBe('Request failed: other side closed (UND_ERR_SOCKET)');
      expect(aborted).not.toHaveBeenCalled();
      transport(get('https://ark.example/hangs')).subscribe().unsubscribe();
      expect(aborted).toHaveBeenCalledOnce();
    });

    it('a dispatcher that does not change header names', async () => {
      const dispatcher: DispatcherLike = {
        dispatch: (_options, handler) => {
          handler.onRequestStart({ abort: vi.fn() });
          handler.onResponseStart({ abort: vi.fn() }, 200, { 'Retry-After': '2' });
          handler.onResponseEnd();
          return true;
        },
      };
      const response = await firstValueFrom(undiciTransport({ dispatcher })(get('https://ark.example')));
      expect(response).toEqual({ status: 200, headers: { 'retry-after': '2' }, body: '' });
    });

    it('a destroyed dispatcher, with an error', async () => {
      const dispatcher = new Agent();
      await dispatcher.destroy();
      expect((await errorOf(undiciTransport({ dispatcher })(get('https://ark.example')))).message).toMatch('UND_ERR_DESTROYED');
    });

    it('a dispatcher that is destroyed during a request, with an error', async () => {
      const server = await serve();
      const dispatcher = new Agent();
      const failed = errorOf(undiciTransport({ dispatcher })(get(server.url)));
      await server.nextRequest();
      await dispatcher.destroy();
      expect((await failed).message).toMatch('UND_ERR_DESTROYED');
    });

    it('only an undici with dispatchers, and names fetchTransport where it has none, as in Bun', () => {
      const symbol = Symbol.for('undici.globalDispatcher.1');
      const before: unknown = Reflect.get(globalThis, symbol);
      onTestFinished(() => void Reflect.set(globalThis, symbol, before));
      Reflect.set(globalThis, symbol, {});
      const error = new TypeError('undici has no dispatch on this platform, as in Bun: use fetchTransport of rx-seedance/fetch');
      expect(() => undiciTransport()).toThrow(error);
      expect(() => undiciTransport({ dispatcher: new Agent() })).toThrow(error);
    });

    it.each([null, {}, 'agent'])('only dispatchers, and refuses %o', (dispatcher) => {
      // @ts-expect-error not a dispatcher
      expect(() => undiciTransport({ dispatcher })).toThrow(new TypeError(`dispatcher must be an undici Dispatcher, not ${dispatcher}`));
    });
  });
});

const mockAgent = (): MockAgent => {
  const mock = new MockAgent();
  mock.disableNetConnect();
  onTestFinished(() => mock.close());
  return mock;
};
