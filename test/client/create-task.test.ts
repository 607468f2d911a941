import fc from 'fast-check';
import { asyncScheduler, BehaviorSubject, catchError, defer, delay, EMPTY, map, mergeMap, type Observable, of, repeat, retry, Subject, take, throwError, timer, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { createTask, type CreateOptions } from '../../src/client/create-task.js';
import type { CreateOutcome, CreationRecord, CreationStore } from '../../src/client/creation-record.js';
import { createTaskClient, type TaskClient } from '../../src/client/task-client.js';
import { ark } from '../../src/providers/ark.js';
import { kie } from '../../src/providers/kie.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import { type HttpRequest, type HttpResponse, type Transport, TransportError } from '../../src/transport/transport.js';
import { at, inVirtualTime, key as apiKey, minutes, played, record as recordKinds, refusal, responseOf, running, seconds, succeeded } from '../support/client.js';

const body = { model: 'doubao-seedance-1-5-pro', content: [{ type: 'text', text: 'a boat' }] } as const;
const created = { body: { id: 'cgt-new' } };
const own = account(ark, { apiKey, batch: false });

/** A client whose transport answers each request by its method, and the requests it sent. */
const clientOf = (answer: (request: HttpRequest, posts: number) => ScriptedStep | Observable<HttpResponse>) => {
  const requests: (HttpRequest & { readonly atMs: number })[] = [];
  const transport: Transport = (request) =>
    defer(() => {
      requests.push({ ...request, atMs: asyncScheduler.now() });
      const step = answer(request, requests.filter(({ method }) => method === 'POST').length);
      return 'subscribe' in step ? step : played(step);
    });
  const client = createTaskClient({ transport, accounts: [own] });
  return { client, requests, posts: () => requests.filter(({ method }) => method === 'POST').length };
};

const emptyList = { body: { total: 0, items: [] } };
const listOf = (...items: readonly object[]) => ({ body: { total: items.length, items } });
const noTasks = (request: HttpRequest, post: ScriptedStep): ScriptedStep => (request.method === 'POST' ? post : emptyList);

const shown = (outcome: CreateOutcome): string => {
  switch (outcome.outcome) {
    case 'created':
      return `created ${outcome.task.id}`;
    case 'rejected':
      return `rejected ${outcome.reason}`;
    case 'unknown':
      return `unknown ${outcome.candidates === null ? 'no list' : outcome.candidates.map(({ id }) => id).join()}`;
  }
};

const create = (client: TaskClient<'ark'>, options: Partial<CreateOptions> = {}, from: typeof body | object = body) =>
  createTask(client, own, from as typeof body, { key: 'order-1', ...options });

/** A response by which a server says that it created nothing. */
const isRejection = (step: ScriptedStep): boolean =>
  'status' in step && step.status !== undefined && step.status >= 300 && step.status < 500 && ![302, 303, 408, 499].includes(step.status);

/** As `record`, with the messages of errors. */
const record = <T>(source: Observable<T>, show: (value: T) => string) => {
  const messages: string[] = [];
  const seen = recordKinds(source.pipe(catchError((error: unknown) => {
    messages.push(error instanceof Error ? error.message : String(error));
    return throwError(() => error);
  })), show);
  return { get lines() { return seen.lines.map((line) => line.replace(/#$/, `# ${messages[0] ?? ''}`)); } };
};

/** A store in memory. */
const storeOf = (records = new Map<string, CreationRecord>()): CreationStore & { readonly records: Map<string, CreationRecord> } => ({
  records,
  read: (key) => records.get(key),
  write: (next, before) => {
    if (JSON.stringify(records.get(next.key) ?? null) !== JSON.stringify(before)) return false;
    records.set(next.key, next);
    return true;
  },
});

describe('createTask', () => {
  it('sends the body as it is, with the key of the account, and emits the ref of the task', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = clientOf(() => ({ ...created, afterMs: seconds(3) }));
      const text = '{ "model":"m",  "content":[{"type":"text","text":"a  boat"}] }';
      const seen = record(createTask(client, own, text, { key: 'order-1' }), shown);
      flush();
      expect(seen.lines).toEqual(['3s created cgt-new', '3s |']);
      expect(requests).toMatchObject([{ method: 'POST', body: text, url: 'https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks', headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' } }]);
    });
  });

  it('gives what the body says of the task to its watch', () => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(() => created);
      const seen: CreateOutcome[] = [];
      create(client, {}, { ...body, resolution: '480p', duration: 10, service_tier: 'flex' }).subscribe((outcome) => seen.push(outcome));
      flush();
      expect(seen).toMatchObject([{ expected: { model: body.model, resolution: '480p', durationMs: 10_000, serviceTier: 'flex' } }]);
    });
  });

  it('leaves ahead of the polls that wait', () => {
    inVirtualTime(({ flush }) => {
      const slow = account(ark, { apiKey, rateLimit: { maxInFlight: 1 }, batch: false });
      const order: string[] = [];
      const transport: Transport = ({ method, url }) => defer(() => {
        order.push(method === 'POST' ? 'create' : (url.split('/').at(-1) ?? ''));
        return of(responseOf(method === 'POST' ? created : succeeded)).pipe(delay(seconds(1)));
      });
      const client = createTaskClient({ transport, accounts: [slow] });
      for (const id of ['a', 'b', 'c']) client.watch(ark.task(id)).subscribe();
      at(500, () => { createTask(client, slow, body, { key: 'k' }).subscribe(); });
      flush();
      expect(order).toEqual(['a', 'create', 'b', 'c']);
    });
  });

  it('is sent once for a key, whoever subscribes, unsubscribes, retries or repeats', () => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf(() => ({ ...created, afterMs: seconds(10) }));
      const first = create(client);
      expect(posts()).toBe(0);
      first.subscribe().unsubscribe();
      const again = record(create(client).pipe(retry(5), repeat(3)), shown);
      at(seconds(5), () => { first.subscribe(); });
      at(seconds(20), () => { record(create(client), shown); });
      flush();
      expect(posts()).toBe(1);
      expect(again.lines).toEqual(['10s created cgt-new', '10s created cgt-new', '10s created cgt-new', '10s |']);
    });
  });

  it('sends a new POST for a rejected key', () => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf((_, count) => (count < 3 ? refusal(429, 'RateLimitExceeded.EndpointRPMExceeded') : created));
      const seen = record(create(client).pipe(repeat({ count: 3, delay: minutes(1) })), shown);
      flush();
      expect(seen.lines).toEqual(['0s rejected rate-limited', '60s rejected rate-limited', '120s created cgt-new', '120s |']);
      expect(posts()).toBe(3);
    });
  });

  it.each([
    [400, 'InvalidParameter', 'rejected'],
    [400, 'InputTextSensitiveContentDetected', 'moderation'],
    [401, 'AuthenticationError', 'unauthorized'],
    [402, 'InsufficientBalance', 'quota'],
    [403, 'AccountOverdueError', 'forbidden'],
    [404, 'InvalidEndpointOrModel.NotFound', 'not-found'],
    [413, 'TooLarge', 'rejected'],
    [429, 'ServerOverloaded', 'rate-limited'],
  ])('rejects under %i %s for the reason %s', (status, code, reason) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(() => refusal(status, code));
      const seen = record(create(client), shown);
      flush();
      expect(seen.lines).toEqual([`0s rejected ${reason}`, '0s |']);
    });
  });

  it.each([
    ['a page of HTML under 413', { status: 413, body: '<html>too large</html>' }, 'rejected rejected'],
    ['a redirect', { status: 308, headers: { location: 'https://other.example/' } }, 'rejected wrong-url'],
    ['a business error under 200', { body: { code: 'quota_not_enough', message: 'insufficient quota', data: null } }, 'rejected quota'],
  ])('rejects for %s', (_, step, line) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(() => step);
      const seen = record(create(client), shown);
      flush();
      expect(seen.lines).toEqual([`0s ${line}`, '0s |']);
    });
  });

  it.each<readonly [string, ScriptedStep, number]>([
    ['a server error', refusal(503, 'ServiceUnavailable'), 0],
    ['a gateway that times out', { status: 504, body: '<html></html>' }, 0],
    ['a request that times out in front of the server', { status: 408 }, 0],
    ['a redirect after the work', { status: 303, headers: { location: '/done' } }, 0],
    ['a response without an id', { body: {} }, 0],
    ['a truncated response', { body: '{"id":"cgt' }, 0],
    ['a reset connection', { error: 'read ECONNRESET' }, 0],
    ['no response', { hang: true }, 60],
  ])('is unknown after %s, and never sent again', (_, step, afterS) => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf((request) => noTasks(request, step));
      const seen = record(create(client).pipe(repeat(2)), shown);
      flush();
      expect(seen.lines).toEqual([`${String(afterS + 12)}s unknown `, `${String(afterS + 24)}s unknown `, `${String(afterS + 24)}s |`]);
      expect(posts()).toBe(1);
    });
  });

  it('is rejected when no byte of the request left, so that it may be repeated', () => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf((_, count) => (count === 1 ? throwError(() => new TransportError('connect ECONNREFUSED', 'no')) : created));
      const seen = record(create(client).pipe(repeat(2)), shown);
      flush();
      expect(seen.lines).toEqual(['0s rejected transport', '0s created cgt-new', '0s |']);
      expect(posts()).toBe(2);
    });
  });

  it('tells the tasks that an unknown creation may be, and chooses none', () => {
    inVirtualTime(({ flush }) => {
      const item = (id: string, atS: number) => ({ id, status: 'running', model: body.model, created_at: 1_700_000_000 + atS });
      const { client, posts } = clientOf(({ method, url }, count) => {
        if (method === 'POST') return count === 1 ? created : { error: 'read ECONNRESET' };
        return url.includes('flex') ? emptyList : listOf(item('cgt-new', 0), item('cgt-lost', 1), item('cgt-old', -3600));
      });
      const seen: string[] = [];
      at(0, () => undefined);
      create(client).pipe(mergeMap(() => create(client, { key: 'order-2' }))).subscribe((outcome) => seen.push(shown(outcome)));
      flush();
      // In virtual time it is 1970: every task is newer than the request.
      expect(seen).toEqual(['unknown cgt-lost,cgt-old']);
      expect(posts()).toBe(2);
    });
  });

  it('resolves an unknown outcome by a text that the list echoes, also when the task appears later', () => {
    inVirtualTime(({ flush }) => {
      const marked = { ...body, safety_identifier: 'order-1' };
      let lists = 0;
      const { client, posts } = clientOf(({ method, url }) => {
        if (method === 'POST') return { error: 'read ECONNRESET' };
        if (url.includes('flex')) return emptyList;
        lists += 1;
        const others = [{ id: 'cgt-other', status: 'queued', safety_identifier: 'order-2' }, { id: 'cgt-none', status: 'queued' }];
        return listOf(...others, ...(lists > 1 ? [{ id: 'cgt-mine', status: 'queued', safety_identifier: 'order-1' }] : []));
      });
      const seen = record(create(client, { isMarked: true }, marked), shown);
      flush();
      expect(seen.lines).toEqual(['12s created cgt-mine', '12s |']);
      expect(posts()).toBe(1);
    });
  });

  it('tells no candidates when the list fails', () => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(({ method }) => (method === 'POST' ? { error: 'read ECONNRESET' } : refusal(403, 'AccessDenied')));
      const seen = record(create(client), shown);
      flush();
      expect(seen.lines).toEqual(['2s unknown no list', '2s |']);
    });
  });

  it('keeps its record before the POST leaves, and the outcome before it is emitted', () => {
    inVirtualTime(({ flush }) => {
      const lines: string[] = [];
      const { client } = clientOf(() => {
        lines.push(`${String(asyncScheduler.now())} sent`);
        return created;
      });
      const store: CreationStore = {
        read: () => timer(1000).pipe(map(() => null)),
        write: ({ outcome, key }) => timer(2000).pipe(map(() => {
          lines.push(`${String(asyncScheduler.now())} kept ${key} ${outcome?.outcome ?? 'sent'}`);
        })),
      };
      create(client, { store }).subscribe((outcome) => lines.push(`${String(asyncScheduler.now())} ${shown(outcome)}`));
      flush();
      expect(lines).toEqual(['3000 kept order-1 sent', '3000 sent', '5000 kept order-1 created', '5000 created cgt-new']);
    });
  });

  it('takes a store whose Observables emit nothing, several values or never complete', () => {
    inVirtualTime(({ flush }) => {
      const stores: readonly CreationStore[] = [
        { read: () => EMPTY, write: () => EMPTY },
        { read: () => new BehaviorSubject(null), write: () => new BehaviorSubject(true) },
        { read: () => of(null, { version: 7 }), write: () => of(true, false) },
      ];
      for (const [index, store] of stores.entries()) {
        const { client, posts } = clientOf(() => created);
        const seen = record(create(client, { store, key: `order-${String(index)}` }), shown);
        flush();
        expect(seen.lines).toEqual(['0s created cgt-new', '0s |']);
        expect(posts()).toBe(1);
      }
    });
  });

  it('keeps neither the body nor the key of the account', () => {
    inVirtualTime(({ flush }) => {
      const store = storeOf();
      const { client } = clientOf(() => refusal(400, 'InvalidParameter', `bad key ${apiKey}`));
      create(client, { store }).subscribe();
      flush();
      const kept = JSON.stringify([...store.records.values()]);
      expect(kept).toContain('bad key [key]');
      expect(kept).not.toContain('a boat');
      expect(kept).not.toContain(apiKey);
    });
  });

  it('sends nothing when its record cannot be kept', () => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf(() => created);
      let failures = 2;
      const store: CreationStore = { ...storeOf(), write: () => {
        failures -= 1;
        if (failures >= 0) throw new Error('disk full');
      } };
      const seen = record(create(client, { store }), shown);
      const silent = record(create(client, { key: 'order-2', store: { ...store, write: () => new Subject() } }), shown);
      flush();
      expect(seen.lines).toEqual(['0s # disk full']);
      expect(silent.lines).toEqual(['10s # the store took longer than 10000 ms']);
      expect(posts()).toBe(0);
      const later = record(create(client, { store }).pipe(retry(5)), shown);
      flush();
      expect(later.lines.at(-2)).toContain('created cgt-new');
      expect(posts()).toBe(1);
    });
  });

  it('emits an outcome that cannot be kept, then the error of the store', () => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf(() => created);
      const store: CreationStore = { read: () => null, write: ({ outcome }) => {
        if (outcome !== null) throw new Error('disk full');
      } };
      const seen = record(create(client, { store }), shown);
      flush();
      expect(seen.lines).toEqual(['0s created cgt-new', '0s # disk full']);
      const later = record(create(client, { store }), shown);
      flush();
      expect(later.lines).toEqual(['0s created cgt-new', '0s |']);
      expect(posts()).toBe(1);
    });
  });

  it('takes the outcome of an earlier process', () => {
    inVirtualTime(({ flush }) => {
      const store = storeOf();
      create(clientOf(() => created).client, { store }).subscribe();
      flush();
      const { client, posts } = clientOf(() => created);
      const seen = record(create(client, { store }), shown);
      flush();
      expect(seen.lines.map((line) => line.replace(/^\S+ /, ''))).toEqual(['created cgt-new', '|']);
      expect(posts()).toBe(0);
    });
  });

  it('does not send again what an earlier process may have sent, and waits for it to end', () => {
    inVirtualTime(({ flush }) => {
      const store = storeOf();
      const killed = clientOf(() => ({ ...created, afterMs: seconds(20) }));
      const second = clientOf((request) => noTasks(request, created));
      create(killed.client, { store }).subscribe();
      const seen = record(create(second.client, { store }), shown);
      flush();
      // The first process has kept its outcome at 20 s.
      expect(seen.lines).toEqual(['60s created cgt-new', '60s |']);
      expect(second.posts()).toBe(0);
    });
  });

  it('says that an outcome is unknown after its process was killed', () => {
    inVirtualTime(({ flush }) => {
      const store = storeOf();
      create(clientOf(() => ({ hang: true })).client, { store, timeoutMs: minutes(10) }).subscribe();
      const { client, posts } = clientOf((request) => noTasks(request, created));
      const seen = record(create(client, { store }).pipe(take(1)), (outcome) => `${shown(outcome)}: ${'message' in outcome ? outcome.message : ''}`);
      at(minutes(2), () => { expect(seen.lines).toEqual(['72s unknown : its process stopped before it knew the outcome', '72s |']); });
      flush();
      expect(posts()).toBe(0);
    });
  });

  it('lets one of two processes send a key that both take at once', () => {
    inVirtualTime(({ flush }) => {
      const store = storeOf();
      const slow: CreationStore = { read: (key) => timer(100).pipe(map(() => store.read(key))), write: (next, before) => timer(100).pipe(map(() => store.write(next, before))) };
      const [a, b] = [clientOf(() => ({ ...created, afterMs: seconds(5) })), clientOf(() => ({ ...created, afterMs: seconds(5) }))];
      const seen = [a, b].map(({ client }) => record(create(client, { store: slow }), shown));
      flush();
      expect(a.posts() + b.posts()).toBe(1);
      expect(seen.flatMap(({ lines }) => lines.filter((line) => line.endsWith('created cgt-new')))).toHaveLength(2);
    });
  });

  it('refuses a key that was used for another body, account or provider', () => {
    inVirtualTime(({ flush }) => {
      const store = storeOf();
      const other = account(ark, { apiKey, name: 'other' });
      const transport: Transport = () => of(responseOf(created));
      const client = createTaskClient({ transport, accounts: [own, other] });
      const message = "0s # createTask: the key 'order-1' was used for another body, account or provider";
      createTask(client, own, body, { key: 'order-1', store }).subscribe();
      flush();
      for (const creation of [createTask(client, own, { ...body, seed: 1 }, { key: 'order-1', store }), createTask(client, other, body, { key: 'order-1', store })]) {
        const seen = record(creation, shown);
        flush();
        expect(seen.lines).toEqual([message]);
      }
      const slow = createTaskClient({ transport: () => of(responseOf(created)).pipe(delay(seconds(5))), accounts: [own] });
      createTask(slow, own, body, { key: 'order-1' }).subscribe();
      const seen = record(createTask(slow, own, { ...body, seed: 1 }, { key: 'order-1' }), shown);
      flush();
      expect(seen.lines).toEqual([message]);
    });
  });

  it('sends nothing for a record that cannot be read', () => {
    inVirtualTime(({ flush }) => {
      const { client, posts } = clientOf(() => created);
      for (const value of [{}, 'text', 7, { version: 2 }, { version: 1, key: 'order-2' }]) {
        const seen = record(create(client, { store: { ...storeOf(), read: () => value } }), shown);
        flush();
        expect(seen.lines).toEqual(["0s # the store's record of the key 'order-1' cannot be read; nothing was sent"]);
      }
      expect(posts()).toBe(0);
    });
  });

  it.each<readonly [string, unknown, string]>([
    ['no object', 7, 'the body must be an object, not 7'],
    ['no model', { content: body.content }, 'model must be a non-empty string, not undefined'],
    ['no content', { model: 'm' }, 'content must be a non-empty array'],
    ['empty content', { model: 'm', content: [] }, 'content must be a non-empty array'],
    ['a part without a type', { model: 'm', content: ['a boat'] }, 'content[0] must be an object with a type'],
    ['an empty prompt', { model: 'm', content: [{ type: 'text', text: ' ' }] }, "content[0].text must be a non-empty string, not ' '"],
    ['a path for a picture', { model: 'm', content: [body.content[0], { type: 'image_url', image_url: { url: './cat.png' } }] }, "content[1].image_url.url must be a URL that the provider can read, not './cat.png'"],
    ['a file of this computer', { model: 'm', content: [{ type: 'image_url', image_url: { url: 'file:///tmp/cat.png' } }] }, "content[0].image_url.url must be a URL that the provider can read, not 'file:///tmp/cat.png'"],
    ['text that is no JSON', '{', 'the body must be JSON'],
    ['a function', { ...body, callback: () => undefined }, "the body's callback must be JSON, not a function"],
    ['a bigint', { ...body, seed: 1n }, "the body's seed must be JSON, not a bigint"],
    ['a number that JSON lacks', { ...body, duration: NaN }, "the body's duration must be JSON, not NaN"],
  ])('refuses a body with %s before anything leaves', (_, wrong, message) => {
    const { client, requests } = clientOf(() => created);
    expect(() => create(client, {}, wrong as object)).toThrow(message);
    expect(requests).toEqual([]);
  });

  it('refuses an invalid option, an account of another client, and a provider whose creation is unknown', () => {
    const { client } = clientOf(() => created);
    expect(() => create(client, { key: '' })).toThrow('key must be a non-empty string');
    expect(() => create(client, { timeoutMs: 0 })).toThrow('createTask: timeoutMs must be a finite number of ms above 0, not 0');
    expect(() => create(client, { isMarked: true })).toThrow('isMarked needs a text in the body that responses repeat');
    expect(() => createTask(client, account(ark, { apiKey }), body, { key: 'k' })).toThrow('account must be one of the accounts of the client');
    const kieAccount = account(kie, { apiKey });
    const kieClient = createTaskClient({ transport: () => EMPTY, accounts: [kieAccount] });
    expect(() => createTask(kieClient, kieAccount, {}, { key: 'k' })).toThrow('this library does not know how kie creates tasks');
  });

  it('sends the flat body to the path of its models', () => {
    inVirtualTime(({ flush }) => {
      const kyy = account(kyyaipower, { apiKey });
      const paths: string[] = [];
      const transport: Transport = ({ url }) => defer(() => {
        paths.push(url.slice(kyy.baseUrl.length));
        return of(responseOf({ body: { id: 'video_1', object: 'video', created: 1, model: 'm', status: 'queued' } }));
      });
      const client = createTaskClient({ transport, accounts: [kyy] });
      createTask(client, kyy, { model: 'seedance_1_5_pro_720p', prompt: 'a boat' }, { key: '1' }).subscribe();
      createTask(client, kyy, { model: 'seedance_2_0_720p', prompt: 'a boat', images: ['https://x.example/a.png'] }, { key: '2' }).subscribe();
      createTask(client, kyy, { model: 'seedance_x', prompt: 'a boat' }, { key: '3', path: '/v1/seedance-x1/videos' }).subscribe();
      flush();
      expect(paths).toEqual(['/v1/seedance/videos', '/v1/kyyvideo2/videos', '/v1/seedance-x1/videos']);
      expect(() => createTask(client, kyy, { model: 'm' }, { key: '4' })).toThrow('prompt must be a non-empty string: the body has no content');
      expect(() => createTask(client, kyy, { model: 'm', prompt: 'a', image_url: 'cat.png' }, { key: '4' })).toThrow("image_url must be a URL that the provider can read, not 'cat.png'");
    });
  });

  it('never sends two POSTs for a key that are not each after a rejection, whatever the responses and the subscribers', () => {
    const step: fc.Arbitrary<ScriptedStep> = fc.oneof(
      fc.constantFrom<ScriptedStep>(created, refusal(429, 'RateLimitExceeded'), refusal(500, 'InternalServiceError'), { error: 'read ECONNRESET' }, { hang: true }, { body: '' }, { body: '{"id":' }),
      fc.record({ status: fc.integer({ min: 200, max: 599 }), body: fc.constantFrom('', '{}', '{"id":"cgt-x"}', '<html></html>'), afterMs: fc.nat({ max: 90_000 }) }),
    );
    const call = fc.record({ atMs: fc.nat({ max: 200_000 }), leavesAfterMs: fc.option(fc.nat({ max: 100_000 }), { nil: null }), isOther: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.array(call, { minLength: 1, maxLength: 6 }), (steps, calls) => {
      inVirtualTime(({ flush }) => {
        const store = storeOf();
        const answers: ScriptedStep[] = [];
        const script = (request: HttpRequest): ScriptedStep => {
          if (request.method !== 'POST') return emptyList;
          const step = steps[Math.min(answers.length, steps.length - 1)] ?? created;
          answers.push(step);
          return step;
        };
        const [a, b] = [clientOf(script), clientOf(script)];
        for (const { atMs, leavesAfterMs, isOther } of calls) {
          at(atMs, () => {
            const sub = create((isOther ? b : a).client, { store }).pipe(catchError(() => EMPTY)).subscribe();
            if (leavesAfterMs !== null) at(leavesAfterMs, () => { sub.unsubscribe(); });
          });
        }
        flush();
        expect(answers.length).toBeGreaterThan(0);
        for (const answer of answers.slice(0, -1)) expect(answer).toSatisfy(isRejection);
      });
    }), { numRuns: 200 });
  });
});

describe('prompts that become tasks', () => {
  it('are created and watched side by side, and a rejected one touches no other', () => {
    inVirtualTime(({ flush }) => {
      let polls = 0;
      const { client } = clientOf(({ method, url, ...request }) => {
        if (method === 'GET') {
          polls += 1;
          return polls < 3 ? running : succeeded;
        }
        const text = 'body' in request ? String(request.body) : '';
        return text.includes('forbidden') ? refusal(400, 'InputTextSensitiveContentDetected') : { body: { id: `cgt-${/text":"(\w+)/.exec(text)?.[1] ?? url}` } };
      });
      const lines: string[] = [];
      of('boat', 'forbidden', 'cat').pipe(
        mergeMap((prompt) => create(client, { key: prompt }, { ...body, content: [{ type: 'text', text: prompt }] })),
        mergeMap((outcome) => (outcome.outcome === 'created' ? client.watch(outcome.task, { expected: outcome.expected }).pipe(map(({ task, to }) => `${task.id} ${to}`)) : of(`${outcome.key} ${outcome.outcome}`))),
        toArray(),
      ).subscribe((all) => lines.push(...all));
      flush();
      expect([...new Set(lines)].sort()).toEqual(['cgt-boat running', 'cgt-boat succeeded', 'cgt-cat running', 'cgt-cat succeeded', 'forbidden rejected']);
    });
  });
});
