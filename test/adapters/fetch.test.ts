import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { firstValueFrom, Subject, Subscription } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Fetch, fetchTransport } from '../../src/adapters/fetch.js';
import { errorOf, get, key, serve } from './loopback.js';

const url = 'https://ark.example/tasks/1';

/** A program that polls a task once. */
const program = `
  import { firstValueFrom } from 'rxjs';
  import { fetchTransport } from '../../src/adapters/fetch.ts';
  import { account } from '../../src/client/account.ts';
  import { createTaskClient } from '../../src/client/task-client.ts';
  import { ark } from '../../src/providers/ark.ts';

  export const run = async (fetch) => {
    const client = createTaskClient({ transport: fetchTransport({ fetch }), accounts: [account(ark, { apiKey: 'key-of-the-test' })] });
    return (await firstValueFrom(client.query({ provider: 'ark', id: 'cgt-1' }))).status;
  };
`;

afterEach(() => vi.unstubAllGlobals());

describe('fetchTransport', () => {
  describe('calls fetch', () => {
    const called = vi.fn<Fetch>(() => Promise.resolve(new Response('{}')));

    it('without redirects, cookies, cache and referrer', async () => {
      await firstValueFrom(fetchTransport({ fetch: called })(get(url)));
      expect(called).toHaveBeenLastCalledWith(url, {
        method: 'GET',
        headers: { accept: 'application/json', authorization: `Bearer ${key}` },
        signal: expect.any(AbortSignal),
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      });
    });

    it('only with fields that the platform has', async () => {
      vi.stubGlobal('Request', class { readonly cache = 'default'; });
      await firstValueFrom(fetchTransport({ fetch: called })(get(url)));
      expect(Object.keys(called.mock.lastCall?.[1] ?? {})).toEqual(['method', 'headers', 'signal', 'redirect']);
    });

    it('and does not abort it after the response', async () => {
      await firstValueFrom(fetchTransport({ fetch: called })(get(url)));
      expect(called.mock.lastCall?.[1].signal.aborted).toBe(false);
    });

    it('as a plain function: a browser refuses a method call', async () => {
      const owners: unknown[] = [];
      const options = {
        fetch(this: unknown) {
          owners.push(this);
          return Promise.resolve(new Response());
        },
      };
      await firstValueFrom(fetchTransport(options)(get(url)));
      expect(owners).toEqual([undefined]);
    });
  });

  it('looks up the platform\'s fetch for each request', async () => {
    const transport = fetchTransport();
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('stubbed')));
    expect((await firstValueFrom(transport(get(url)))).body).toBe('stubbed');
    vi.stubGlobal('fetch', undefined);
    await errorOf(transport(get(url)));
  });

  it('reads a redirect that the browser hides as a 302', async () => {
    const hidden = { status: 0, type: 'opaqueredirect', headers: new Headers(), body: null, text: () => Promise.resolve('') };
    const response = await firstValueFrom(fetchTransport({ fetch: () => Promise.resolve(hidden) })(get(url)));
    expect(response).toEqual({ status: 302, headers: {}, body: '' });
  });

  it.each([{ body: null }, {}])('reads a response that cannot be streamed, %o, and limits its bytes', async (body) => {
    const response = { status: 200, type: 'basic', headers: new Map([['X-Id', '1']]), text: () => Promise.resolve('成功'), ...body };
    const fetch = () => Promise.resolve(response);
    const read = await firstValueFrom(fetchTransport({ fetch, maxBodyBytes: 6 })(get(url)));
    expect(read).toEqual({ status: 200, headers: { 'x-id': '1' }, body: '成功' });
    expect((await errorOf(fetchTransport({ fetch, maxBodyBytes: 5 })(get(url)))).message).toMatch('larger than 5 bytes');
  });

  describe('a given fetch', () => {
    const read = async (fetch: Fetch, body: string): Promise<void> => {
      expect(await firstValueFrom(fetchTransport({ fetch })(get(url)))).toMatchObject({ status: 200, body });
    };

    it('needs no Request, TextEncoder and TextDecoder, which Jest\'s jsdom lacks', async () => {
      const streamed = new Response('成功');
      const whole = { status: 200, type: 'basic', headers: new Headers(), text: () => Promise.resolve('成功') };
      const called = vi.fn<Fetch>().mockResolvedValueOnce(whole).mockResolvedValueOnce(streamed);
      for (const name of ['Request', 'Response', 'Headers', 'fetch', 'TextEncoder', 'TextDecoder', 'ReadableStream']) vi.stubGlobal(name, undefined);
      await read(called, '成功');
      await read(called, '成功');
      expect(called.mock.lastCall?.[1]).toMatchObject({ credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' });
    });

    it('is limited in bytes without them', async () => {
      vi.stubGlobal('TextDecoder', undefined);
      const fetch: Fetch = () => Promise.resolve(new Response('成功'));
      expect((await errorOf(fetchTransport({ fetch, maxBodyBytes: 5 })(get(url)))).message).toMatch('larger than 5 bytes');
    });

    it('serves a client where JavaScript itself is all there is, but for timers, URL, AbortController and btoa', async () => {
      const { outputFiles: [bundle] } = await build({
        stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
        bundle: true,
        write: false,
        format: 'iife',
        globalName: 'program',
        alias: { 'fp-ts/Either': 'fp-ts/es6/Either.js', 'fp-ts/function': 'fp-ts/es6/function.js' },
      });
      const context = createContext({ URL, AbortController, btoa, setInterval, clearInterval, setTimeout, clearTimeout, performance });
      const run: unknown = runInContext(`${bundle?.text ?? ''}; program.run`, context);
      const fetch: Fetch = () => Promise.resolve(new Response('{"id":"cgt-1","status":"running"}'));
      expect(await (run as (given: Fetch) => Promise<string>)(fetch)).toBe('running');
    });
  });

  it('refuses a compressed response that is broken', async () => {
    const server = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip at all'));
    expect((await errorOf(fetchTransport()(get(server.url)))).message).toMatch('incorrect header check');
  });

  describe('a fetch that ignores its signal', () => {
    const heard = vi.fn();
    const silent = { next: heard, error: heard, complete: heard };
    afterEach(() => expect(heard).not.toHaveBeenCalled());

    it('has its stream cancelled when it is unsubscribed in the middle', async () => {
      const subscription = new Subscription();
      await new Promise<void>((cancel) => {
        const pull = vi.fn((controller: ReadableStreamDefaultController) => {
          controller.enqueue(new Uint8Array(10));
          if (pull.mock.calls.length === 3) subscription.unsubscribe();
        });
        const body = new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
        subscription.add(fetchTransport({ fetch: () => Promise.resolve(new Response(body)) })(get(url)).subscribe(silent));
      });
    });

    it('has its stream cancelled when it responds too late', async () => {
      const responses = new Subject<Response>();
      fetchTransport({ fetch: () => firstValueFrom(responses) })(get(url)).subscribe(silent).unsubscribe();
      await new Promise<void>((cancel) => responses.next(new Response(new ReadableStream({ cancel }))));
    });

    it('has its stream cancelled above the limit', async () => {
      const cancel = vi.fn();
      const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(10));
      const body = new ReadableStream({ pull, cancel });
      await errorOf(fetchTransport({ fetch: () => Promise.resolve(new Response(body)), maxBodyBytes: 25 })(get(url)));
      expect(cancel).toHaveBeenCalledOnce();
    });
  });

  describe('is an error of the stream', () => {
    it.each<readonly [string, Fetch]>([
      ['a fetch that throws', () => { throw new TypeError('Failed to fetch'); }],
      ['a fetch that rejects', () => Promise.reject(new TypeError('Failed to fetch'))],
    ])('%s', async (_case, fetch) => {
      expect((await errorOf(fetchTransport({ fetch })(get(url)))).message).toBe('Request failed: Failed to fetch');
    });

    it.each([undefined, null, 'gone', 7, {}, Object.create(null)])('a value that is not an error: %o', async (reason) => {
      const fetch: Fetch = () => Promise.reject(reason);
      expect((await errorOf(fetchTransport({ fetch })(get(url)))).message).toBe('Request failed: unknown reason');
    });
  });

  it.each([null, {}, 'fetch'])('refuses a fetch that is not a function: %o', (fetch) => {
    // @ts-expect-error not a function
    expect(() => fetchTransport({ fetch })).toThrow(new TypeError(`fetch must be a function, not ${fetch}`));
  });
});
