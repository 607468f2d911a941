import { once } from 'node:events';
import { connect } from 'node:net';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { config, type Observable } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { callbackHandler, type CallbackHandler, type CallbackHandlerOptions } from '../../src/callbacks/callback-handler.js';
import { account } from '../../src/client/account.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { toNodeListener } from '../../src/proxy/node-listener.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { key, serve } from '../adapters/loopback.js';
import { until } from '../sse/feeds.js';
import { anyBodyText } from '../support/arbitraries.js';

const secret = 's3cret-of_the.path~1';
const body = '{"id":"cgt-1","status":"succeeded"}';
const task = { provider: 'ark', id: 'cgt-1' };

const handlerOf = (options: Partial<CallbackHandlerOptions> = {}) => callbackHandler(account(ark, { apiKey: key }), { secret, ...options });

/** The tasks that an Observable emits. */
const seen = (tasks: Observable<TaskRef>): readonly TaskRef[] => {
  const all: TaskRef[] = [];
  const subscription = tasks.subscribe((ref) => all.push(ref));
  onTestFinished(() => subscription.unsubscribe());
  return all;
};

const post = ({ handle }: CallbackHandler, sent: string | ReadableStream | null, path = `/callbacks/${secret}`): Promise<Response> =>
  handle(new Request(`https://mine.example${path}`, { method: 'POST', body: sent, duplex: 'half' }));

/** A body in chunks, and whether it was cancelled. It ends when `chunkOf` returns null. */
const streamed = (chunkOf: (index: number) => string | null | Promise<never>) => {
  const state = { chunks: 0, isCancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const chunk = await chunkOf(state.chunks);
      state.chunks += 1;
      if (chunk === null) controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
    cancel: () => { state.isCancelled = true; },
  }, { highWaterMark: 0 });
  return Object.assign(state, { stream });
};

describe('a callback', () => {
  it('emits its task to every subscriber, and gets a 204', async () => {
    const callbacks = handlerOf();
    const [first, second] = [seen(callbacks.tasks), seen(callbacks.tasks)];
    const response = await post(callbacks, body);
    expect([response.status, await response.text(), response.headers.get('cache-control')]).toEqual([204, '', 'no-store']);
    await post(callbacks, body);
    expect([first, second]).toEqual([[task, task], [task, task]]);
  });

  it('is dropped without subscribers', async () => {
    const callbacks = handlerOf();
    expect((await post(callbacks, body)).status).toBe(204);
    const tasks = seen(callbacks.tasks);
    expect(tasks).toEqual([]);
    await post(callbacks, body);
    expect(tasks).toEqual([task]);
  });

  it('names the account, if it has a name', async () => {
    const callbacks = callbackHandler(account(anyfast, { apiKey: null, name: 'team' }), { secret });
    const tasks = seen(callbacks.tasks);
    await post(callbacks, '{"code":"success","data":{"id":7,"task_id":"asyntask_1","status":"SUCCESS"}}');
    expect(tasks).toEqual([{ provider: 'anyfast', id: 'asyntask_1', account: 'team' }]);
  });

  it('may have any path before the secret, and a query', async () => {
    for (const path of [`/${secret}`, `/a/b/${secret}`, `/${secret}?x=/y`]) expect((await post(handlerOf(), body, path)).status).toBe(204);
  });

  it('gets its response although a subscriber throws', async () => {
    const errors: unknown[] = [];
    config.onUnhandledError = (error) => { errors.push(error); };
    onTestFinished(() => { config.onUnhandledError = null; });
    const callbacks = handlerOf();
    callbacks.tasks.subscribe(() => { throw new Error('of a subscriber'); });
    const tasks = seen(callbacks.tasks);
    expect((await post(callbacks, body)).status).toBe(204);
    await until(() => errors.length > 0);
    expect([tasks, String(errors[0])]).toEqual([[task], 'Error: of a subscriber']);
  });
});

describe('a request', () => {
  it.each([
    ['a wrong secret', `/callbacks/${secret}x`, 'POST', body, 404],
    ['the secret as another segment', `/callbacks/${secret}/x`, 'POST', body, 404],
    ['the secret before a slash', `/callbacks/${secret}/`, 'POST', body, 404],
    ['the secret in the query', `/callbacks?${secret}`, 'POST', body, 404],
    ['no path', '', 'POST', body, 404],
    ['a wrong secret and another method', '/callbacks/x', 'GET', null, 404],
    ['GET', `/callbacks/${secret}`, 'GET', null, 405],
    ['HEAD', `/callbacks/${secret}`, 'HEAD', null, 405],
    ['PUT', `/callbacks/${secret}`, 'PUT', body, 405],
    ['OPTIONS', `/callbacks/${secret}`, 'OPTIONS', null, 405],
    ['no body', `/callbacks/${secret}`, 'POST', null, 400],
    ['a body without an id', `/callbacks/${secret}`, 'POST', '{"status":"succeeded"}', 400],
    ['a form', `/callbacks/${secret}`, 'POST', 'id=cgt-1&status=succeeded', 400],
    ['a list', `/callbacks/${secret}`, 'POST', `[${body}]`, 400],
  ])('emits no task: %s', async (_, path, method, sent, status) => {
    const callbacks = handlerOf();
    const tasks = seen(callbacks.tasks);
    const response = await callbacks.handle(new Request(`https://mine.example${path}`, { method, body: sent }));
    expect([response.status, await response.text(), tasks]).toEqual([status, '', []]);
    expect(response.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  });

  it('of any body gets a 204 or a 400, and the response contains nothing of it', async () => {
    const callbacks = handlerOf();
    const tasks = seen(callbacks.tasks);
    await fc.assert(fc.asyncProperty(anyBodyText, async (sent) => {
      const before = tasks.length;
      const response = await post(callbacks, sent);
      expect(response.status).toBe(tasks.length > before ? 204 : 400);
      expect([...response.headers, await response.text()]).toEqual([['cache-control', 'no-store'], '']);
    }));
  });

  it('needs the secret exactly', async () => {
    const close = fc.oneof(
      fc.string(),
      fc.nat(secret.length).map((length) => secret.slice(0, length)),
      fc.nat(secret.length - 1).map((at) => `${secret.slice(0, at)}!${secret.slice(at + 1)}`),
      fc.integer({ min: 1, max: 3 }).map((count) => secret.repeat(count)),
      fc.constantFrom(secret.toUpperCase(), `%73${secret.slice(1)}`, `${secret}%00`),
    );
    await fc.assert(fc.asyncProperty(close, async (given) => {
      const path = `/${given}`;
      const last = new URL(`https://mine.example${path}`).pathname.split('/').at(-1);
      expect((await post(handlerOf(), body, path)).status).toBe(last === secret ? 204 : 404);
    }));
  });

  it('with a wrong secret takes as many comparisons wherever the first difference is', async () => {
    const compared = vi.spyOn(String.prototype, 'charCodeAt');
    onTestFinished(() => { compared.mockRestore(); });
    const counts = [];
    for (const given of [secret, 'x', `x${secret.slice(1)}`, `${secret.slice(0, -1)}x`, secret.slice(1), secret + secret]) {
      const request = new Request(`https://mine.example/${given}`, { method: 'GET' });
      compared.mockClear();
      await handlerOf().handle(request);
      counts.push(compared.mock.contexts.filter((text) => String(text) === given || String(text) === secret).length);
    }
    expect(new Set(counts)).toEqual(new Set([secret.length * 2]));
  });
});

describe('a body', () => {
  it('has a limit, which is counted while it arrives', async () => {
    const callbacks = handlerOf();
    const endless = streamed(() => 'x'.repeat(1024));
    expect((await post(callbacks, endless.stream)).status).toBe(413);
    expect([endless.chunks, endless.isCancelled]).toEqual([65, true]);
  });

  it('may be as large as the limit, in any chunks', async () => {
    const padded = body + ' '.repeat(64 * 1024 - body.length);
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1_000, max: 70_000 }), async (size) => {
      const chunks = streamed((index) => padded.slice(index * size, (index + 1) * size) || null);
      expect((await post(handlerOf(), chunks.stream)).status).toBe(204);
    }));
    expect((await post(handlerOf(), `${padded} `)).status).toBe(413);
    expect((await post(handlerOf({ maxBodyBytes: body.length }), body)).status).toBe(204);
    expect((await post(handlerOf({ maxBodyBytes: body.length - 1 }), body)).status).toBe(413);
  });

  it('has a limit of time, however steadily it arrives', async () => {
    vi.useFakeTimers();
    onTestFinished(() => { vi.useRealTimers(); });
    const callbacks = handlerOf();
    const [silent, slow] = [streamed(() => new Promise(() => undefined)), streamed(() => new Promise((resolve) => setTimeout(resolve, 1_000, ' ' as never)))];
    const statuses: number[] = [];
    for (const { stream } of [silent, slow]) void post(callbacks, stream).then(({ status }) => statuses.push(status));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(statuses).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect([statuses, silent.isCancelled, slow.isCancelled]).toEqual([[408, 408], true, true]);
  });

  it('that arrived leaves no timer', async () => {
    vi.useFakeTimers();
    onTestFinished(() => { vi.useRealTimers(); });
    for (const sent of [body, 'x'.repeat(70_000), '']) await post(handlerOf(), sent);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that breaks off or was read before gets a 400', async () => {
    const callbacks = handlerOf();
    expect((await post(callbacks, streamed(() => Promise.reject(new Error('reset'))).stream)).status).toBe(400);
    const request = new Request(`https://mine.example/${secret}`, { method: 'POST', body });
    await request.text();
    expect((await callbacks.handle(request)).status).toBe(400);
  });
});

describe('over HTTP', () => {
  it('toNodeListener serves it, with a body parser before it too', async () => {
    const callbacks = handlerOf();
    const tasks = seen(callbacks.tasks);
    const listener = toNodeListener(callbacks.handle);
    const plain = await serve(listener);
    const behindParser = await serve((request, response) => {
      request.resume().once('end', () => { listener(Object.assign(request, { body: JSON.parse(body) as unknown }), response); });
    });
    const statuses = [];
    for (const { url } of [plain, behindParser]) statuses.push((await fetch(`${url}/${secret}`, { method: 'POST', body })).status);
    expect([statuses, tasks]).toEqual([[204, 204], [task, task]]);
    expect((await fetch(`${plain.url}/${secret}`, { method: 'POST', body: 'x'.repeat(5_000_000) })).status).toBe(413);
    expect((await fetch(`${plain.url}/wrong`, { method: 'POST', body })).status).toBe(404);
  });

  it('lives on when a client disconnects or is slow', async () => {
    const callbacks = handlerOf({ timeoutMs: 1 });
    const { url, requests } = await serve(toNodeListener(callbacks.handle));
    const begin = () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`POST /${secret} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`);
      return socket;
    };
    const gone = begin();
    await until(() => requests.length === 1);
    gone.destroy();
    const [response] = (await once(begin(), 'data')) as [Buffer];
    expect(response.toString()).toMatch(/^HTTP\/1\.1 408 /);
    expect((await fetch(`${url}/wrong`, { method: 'POST', body })).status).toBe(404);
  });
});

it('an invalid option is an error without the secret', () => {
  for (const wrong of ['', 'short-s3cret', `${secret}/x`, `${secret}é`, undefined, 5]) {
    expect(() => handlerOf({ secret: wrong as never })).toThrow('secret must be at least 16 letters, digits, and characters of "-._~"');
  }
  expect(() => handlerOf({ maxBodyBytes: 0 })).toThrow(RangeError);
  expect(() => handlerOf({ timeoutMs: 2 ** 31 })).toThrow(RangeError);
  expect(() => callbackHandler(null as never, { secret })).toThrow('account must be a result of account()');
  expect(inspect(handlerOf(), { depth: null, showHidden: true })).not.toContain(secret);
});
