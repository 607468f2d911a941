/**
 * Lists: one request polls the tasks of an account that are due at about the same time, and the watches behave as without it.
 */
import fc from 'fast-check';
import { isRight } from 'fp-ts/Either';
import { asyncScheduler, defer, EMPTY, finalize, from, map, mergeMap, NEVER, type Observable, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { createApiResponse } from '../../src/simulator/api.js';
import { findRoute } from '../../src/simulator/routes.js';
import { sites } from '../../src/simulator/sites.js';
import { type Outcome, outcomes } from '../../src/simulator/scenario.js';
import { createTaskStore, type Submission } from '../../src/simulator/task-store.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { account, type AccountOptions } from '../../src/client/account.js';
import { createRequests, type Leaving, type PollSettings } from '../../src/client/requests.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { isSeedanceError } from '../../src/state/errors.js';
import type { WatchState } from '../../src/state/watch-state.js';
import { clockOf } from '../../src/transport/clock.js';
import { createRequestQueue } from '../../src/transport/request-queue.js';
import type { Provider } from '../../src/wire/provider.js';
import { accountOf, at, record, every, inVirtualTime, key, recordingTransport, minutes, reset, responseOf, seconds, to, tooMany, recordedClient } from '../support/client.js';
import { type PollEvent, pollOf, type RememberedTask } from '../support/polls.js';

const baseUrl = `http://127.0.0.1:1${sites.ark.base}`;

/** The simulator's Ark without sockets: responds in the turn of the request, on the clock of virtual time. */
const simulatedArk = (submissions: readonly Submission[]) => {
  const tasks = createTaskStore({ clock: () => asyncScheduler.now(), seed: 1, outcomes: [['succeeds', 1]], freshLinks: false, link: ({ id }) => `https://files.example/${id}.mp4` });
  const ids = submissions.map((submission) => tasks.submit('ark', submission).id);
  const response = ({ method, url }: HttpRequest): HttpResponse => {
    const { pathname, search } = new URL(url);
    const route = findRoute(method, pathname);
    if (route === null) throw new Error(`no such path: ${pathname}`);
    return createApiResponse(tasks, { route, query: new URLSearchParams(search), body: '', authorized: true, requestId: 'request-1' });
  };
  return { ids, response };
};

/** What a watcher of each task sees, all started together, and what was sent. */
const watchAll = (submissions: readonly Submission[], options: Partial<AccountOptions>, disturb: (request: HttpRequest, index: number) => HttpResponse | null = () => null) =>
  inVirtualTime(({ flush, timers }) => {
    const { ids, response } = simulatedArk(submissions);
    const { client, requests } = recordedClient((index, request) => of(disturb(request, index) ?? response(request)), { accounts: [account(ark, { apiKey: key, baseUrl, ...options })], policy: every(seconds(10)), deadlineMs: minutes(20) });
    const records = ids.map((id) => record(client.watch({ provider: 'ark', id }), to));
    flush();
    const paths = requests.map(({ url }) => url.slice(baseUrl.length));
    const seen = records.map(({ values, error, isOver }) => ({
      transitions: values.map((transition) => ({ ...transition, atMs: null })),
      error: isSeedanceError(error) ? [error.kind, error.reason, error.lastSnapshot] : error,
      isOver,
    }));
    return { seen, ids, paths, requests, lists: paths.filter((path) => path.includes('?')), singles: paths.filter((path) => !path.includes('?')), timers: timers() };
  });

const long = { queueMs: minutes(1), runMs: minutes(2) };
const many = (count: number, submission: Submission = {}): readonly Submission[] => Array.from({ length: count }, () => ({ ...long, outcome: 'succeeds', ...submission }));
const tooManyTasks = responseOf(tooMany({ 'retry-after': '5' }));
const isList = ({ url }: Pick<HttpRequest, 'url'>): boolean => url.includes('?');

describe('tasks of one account', () => {
  it('are polled by lists, one task alone singly', () => {
    const { singles, lists, seen } = watchAll(many(50), {});
    expect(seen.every(({ transitions }) => transitions.at(-1)?.to === 'succeeded')).toBe(true);
    expect(lists.length).toBeLessThanOrEqual(20);
    expect(singles).toEqual([]);
    expect(watchAll(many(1), {}).lists).toEqual([]);
  });

  it('are all polled, in URLs below 6 kB', () => {
    const { lists, requests, seen } = watchAll(many(400, { runMs: seconds(1), queueMs: 0 }), {});
    expect(seen.every(({ isOver, error }) => isOver && error === null)).toBe(true);
    expect(lists.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...requests.map(({ url }) => url.length))).toBeLessThanOrEqual(6_000);
  });

  it('wait for each other for a tenth of the minimum interval; a task that is watched alone does not', () => {
    expect(watchAll(many(30), {}).requests[0]?.atMs).toBe(seconds(1));
    expect(watchAll(many(1), {}).requests[0]?.atMs).toBe(0);
  });

  it('do not wait for tasks of other accounts', () => {
    inVirtualTime(({ flush }) => {
      const { ids, response } = simulatedArk(many(1));
      const accounts = [account(ark, { apiKey: key, baseUrl }), account(ark, { name: 'other', apiKey: 'another-key-0123456789', baseUrl })];
      const { client, requests } = recordedClient((_, request) => of(response(request)), { accounts, policy: every(seconds(10)) });
      record(client.watch({ provider: 'ark', id: 'cgt-of-the-other', account: 'other' }), to);
      record(client.watch({ provider: 'ark', id: ids[0] ?? '' }), to);
      at(seconds(1) - 1, () => { expect(requests).toHaveLength(2); });
      flush();
      expect(requests.filter(isList)).toEqual([]);
    });
  });

  it('are listed by their tier once it is known, and polled singly until then', () => {
    const { lists, singles, seen, ids } = watchAll(many(3, { serviceTier: 'flex' }), {});
    expect(seen.every(({ transitions }) => transitions.at(-1)?.to === 'succeeded')).toBe(true);
    expect(lists.filter((path) => path.includes('filter.service_tier=flex')).length).toBeGreaterThan(5);
    expect(lists.filter((path) => !path.includes('filter.service_tier=flex'))).toHaveLength(1);
    expect(new Set(singles)).toEqual(new Set(ids.map((id) => `/contents/generations/tasks/${id}`)));
  });

  it('that a list omits are polled singly from their next interval on', () => {
    const empty = (request: HttpRequest): HttpResponse | null => (isList(request) ? { status: 200, headers: {}, body: '{"total":0,"items":[]}' } : null);
    const { lists, requests, seen } = watchAll(many(4), {}, empty);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
    // Once before their tier is known, once as tasks of their tier.
    expect(lists).toHaveLength(2);
    expect(requests.slice(0, 5).map(({ atMs }) => atMs)).toEqual([1, 11, 11, 11, 11].map(seconds));
  });

  it.each([400, 403, 404, 405, 501])('are polled singly once the list fails with %d', (status) => {
    const refused = (request: HttpRequest): HttpResponse | null => (isList(request) ? { status, headers: {}, body: '{"error":{"code":"Nope","message":"no list here"}}' } : null);
    const { lists, seen } = watchAll(many(4), {}, refused);
    expect(lists).toHaveLength(1);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
  });

  it('are polled singly after the second consecutive list that cannot be read', () => {
    const { lists, seen } = watchAll(many(4), {}, (request) => (isList(request) ? { status: 200, headers: {}, body: '{"tasks":[]}' } : null));
    expect(lists).toHaveLength(2);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
  });

  it('are not affected by a false quota error of their list', () => {
    const quota = responseOf({ status: 429, body: { error: { code: 'QuotaExceeded', message: 'no more' } } });
    const { lists, seen } = watchAll(many(4), {}, (request) => (isList(request) ? quota : null));
    expect(lists).toHaveLength(1);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
  });

  it.each([429, 503, 408, 425])('all get the error of their list, and are then polled by lists again: %d', (status) => {
    const { lists, singles, requests, seen } = watchAll(many(4), {}, (_, index) => (index === 1 ? { status, headers: {}, body: '' } : null));
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
    expect(singles).toEqual([]);
    expect(lists.length).toBeGreaterThan(3);
    expect(requests[2]?.atMs).toBeGreaterThanOrEqual((requests[1]?.atMs ?? Infinity) + seconds(10));
  });

  it('all back off after one 429', () => {
    const { requests } = watchAll(many(20), { batch: false }, (_, index) => (index === 0 ? tooManyTasks : null));
    expect(requests[1]?.atMs).toBeGreaterThanOrEqual(seconds(5));
  });

  it('keep the rate limit of their account, also with lists', () => {
    for (const batch of [true, false]) {
      const { requests, seen } = watchAll(many(30), { batch, rateLimit: { perMinute: 30, maxInFlight: 1 } });
      expect(seen.every(({ isOver, error }) => isOver && error === null)).toBe(true);
      for (const { atMs } of requests) expect(requests.filter((other) => other.atMs >= atMs && other.atMs < atMs + 60_000).length).toBeLessThanOrEqual(30);
    }
  });

  it('leave no request and no timer behind when all are unsubscribed', () => {
    inVirtualTime(({ timers, flush, interrupt }) => {
      const { client, requests, pending } = recordedClient(() => NEVER, { accounts: [accountOf(ark, { batch: true })] });
      const all = record(from(['a', 'b', 'c', 'd']).pipe(mergeMap((id) => client.watch({ provider: 'ark', id }))), to);
      interrupt(seconds(2), () => {
        expect(pending()).toBe(1);
        all.stop();
        expect(pending()).toBe(0);
        expect(timers()).toBe(0);
      });
      flush();
      expect(requests.map(({ end }) => end)).toEqual(['aborted']);
    });
  });

  it('unsubscribing one does not abort the request of the others', () => {
    inVirtualTime(({ flush }) => {
      const { ids, response } = simulatedArk(many(3, { queueMs: 0, runMs: 0 }));
      const transport: Transport = (request) => defer(() => of(response(request)));
      const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: key, baseUrl })] });
      const [, left, stays] = ids.map((id) => record(client.watch({ provider: 'ark', id }), to));
      at(500, () => { left?.stop(); });
      flush();
      expect(left?.lines).toEqual([]);
      expect(stays?.lines).toEqual(['1s succeeded', '1s |']);
    });
  });
});

describe('with lists and without', () => {
  const anyOutcome: fc.Arbitrary<Outcome> = fc.constantFrom(...outcomes);
  const anyTask = fc.record({ outcome: anyOutcome, queueMs: fc.constantFrom(0, minutes(1), minutes(3)), runMs: fc.constantFrom(minutes(1), minutes(2), minutes(5)), serviceTier: fc.constantFrom('default', 'flex') });

  it('the same tasks have the same transitions, snapshots and errors', () => {
    fc.assert(
      fc.property(fc.array(anyTask, { minLength: 1, maxLength: 12 }), (tasks) => {
        const byLists = watchAll(tasks, {});
        expect(byLists.seen).toEqual(watchAll(tasks, { batch: false }).seen);
        expect(byLists.timers).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

/** List requests alone: what is sent, and what the polls get. Responses arrive at once, and each task has one state. */
const listing = (
  response: (request: HttpRequest, index: number) => Observable<HttpResponse>,
  { provider = ark, hasOtherTasks = true, batch = true, maxInFlight }: { readonly provider?: Provider; readonly hasOtherTasks?: boolean; readonly batch?: boolean; readonly maxInFlight?: number } = {},
) => {
  const { transport, requests } = recordingTransport((index, request) => response(request, index));
  const owner = accountOf(provider, { batch, rateLimit: { maxInFlight } });
  const clock = clockOf(asyncScheduler);
  const lane = createRequestQueue(64, clock).lane('ark', seconds(10), owner.rateLimit);
  const polling = createRequests({ account: owner, lane, transport, clock, requestTimeoutMs: seconds(30), watched: { size: hasOtherTasks ? 2 : 1, has: () => false } });
  const known = new Map<string, RememberedTask>();
  return {
    requests,
    /** What was sent and when: `1s a,b (flex)` is a list, `2s only a` a single request. */
    sent: () => requests.map(({ atMs, url }) => `${String(atMs / 1000)}s ${shortOf(url)}`),
    /** Polls each of the tasks, and records the events. */
    poll: (ids: readonly string[], own: Partial<PollSettings> = {}, onLeaving: (id: string, leaving: Leaving) => void = () => undefined) =>
      ids.map((id) => {
        const polled = known.get(id) ?? { task: { provider: provider.id, id }, lastRequest: null, unlistedTier: undefined };
        known.set(id, polled);
        const events = pollOf(polling, polled, { dueAtMs: asyncScheduler.now(), minIntervalMs: seconds(10), serviceTier: null, ...own });
        return record(events, (event) => {
          if (event.kind === 'leaving') onLeaving(id, event);
          return shown(event);
        });
      }),
  };
};

/** A URL by its ids and its tier: `a,b (flex)`. */
const shortOf = (url: string): string => {
  const { pathname, searchParams } = new URL(url);
  const tier = searchParams.get('filter.service_tier');
  const ids = url.includes('?') ? searchParams.getAll('filter.task_ids').join() : `only ${pathname.split('/').at(-1) ?? ''}`;
  return tier === null ? ids : `${ids} (${tier})`;
};

/** An event as text: `leaving`, a status, or the kind of error. */
const shown = (event: PollEvent): string => {
  if (event.kind === 'leaving') return 'leaving';
  const { result } = event;
  if (isRight(result)) return result.right.snapshot.status;
  return 'reason' in result.left ? result.left.reason : result.left.kind;
};

/** The results of polls, and when they arrived. */
const results = (records: readonly { readonly lines: readonly string[] }[]): readonly string[] =>
  records.map(({ lines }) => lines.filter((line) => !/leaving|\|/.test(line)).join());

/** A response with running tasks, to a list or to a single request; a list omits those in `missing`. */
const running = ({ url }: Pick<HttpRequest, 'url'>, missing: readonly string[] = []): HttpResponse => {
  const item = (id: string) => ({ id, model: 'doubao', status: 'running' });
  const { pathname, searchParams } = new URL(url);
  if (!url.includes('?')) return responseOf({ body: item(pathname.split('/').at(-1) ?? '') });
  const items = searchParams.getAll('filter.task_ids').filter((id) => !missing.includes(id)).map(item);
  return responseOf({ body: { total: items.length, items } });
};

/** Responds to lists in one way, and to single requests in another. */
const answering =
  (list: Observable<HttpResponse> | null, single: Observable<HttpResponse> | null = null) =>
    (request: HttpRequest): Observable<HttpResponse> => (isList(request) ? list : single) ?? of(running(request));

const refusal = (status: number, code: string): Observable<HttpResponse> => of(responseOf({ status, body: { error: { code, message: `${code} it is` } } }));
const bodied = (body: unknown): Observable<HttpResponse> => of(responseOf({ body }));
const statusOnly = (status: number): Observable<HttpResponse> => of(responseOf({ status }));

describe('a list', () => {
  const forEach: readonly (readonly [string, Observable<HttpResponse>, shown: string])[] = [
    ['no response', throwError(() => new Error(reset.error)), '1s transport'],
    ['no response in time', NEVER, '31s timeout'],
    ['401', refusal(401, 'AuthenticationError'), '1s unauthorized'],
    ['429', refusal(429, 'RateLimitExceeded'), '1s rate-limited'],
    ['429 of an overloaded server', refusal(429, 'ServerOverloaded'), '1s server'],
    ...[408, 425, 500, 502, 503, 504].map((status) => [String(status), statusOnly(status), '1s server'] as const),
  ];

  it.each(forEach)('that fails with %s is the result of each of its tasks, which are polled again as a list', (_, response, result) => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(response));
      const first = poll(['a', 'b']);
      at(seconds(40), () => { poll(['a', 'b']); });
      flush();
      expect(results(first)).toEqual([result, result]);
      expect(sent()).toEqual(['1s a,b', '41s a,b']);
    });
  });

  const refused: readonly (readonly [string, Observable<HttpResponse>])[] = [
    ...[300, 301, 302, 307, 400, 403, 404, 405, 410, 499, 501].map((status) => [String(status), statusOnly(status)] as const),
    ...([[400, 'InvalidParameter'], [403, 'AccessDenied'], [404, 'ResourceNotFound']] as const).map(([status, code]) => [`${String(status)} ${code}`, refusal(status, code)] as const),
  ];

  it.each(refused)('that fails at the list endpoint gives no result: each task is polled singly at its interval, and lists pause: %s', (_, response) => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(response));
      const first = poll(['a', 'b']);
      const second: (readonly string[])[] = [];
      at(seconds(30), () => {
        const again = poll(['a', 'b']);
        at(seconds(31), () => { second.push(results(again)); });
      });
      flush();
      expect(results(first)).toEqual(['11s running', '11s running']);
      expect(second).toEqual([['30s running', '30s running']]);
      expect(sent()).toEqual(['1s a,b', '11s only a', '11s only b', '30s only a', '30s only b']);
    });
  });

  it('that fails at the list endpoint pauses lists for ten minutes', () => {
    inVirtualTime(({ flush }) => {
      const { poll, requests } = listing((request, index) => (index === 0 ? statusOnly(404) : of(running(request))));
      for (let atMs = 0; atMs < minutes(12); atMs += seconds(20)) at(atMs, () => { poll(['a', 'b']); });
      flush();
      const lists = requests.filter(isList).map(({ atMs }) => atMs / 1000);
      expect(lists.slice(0, 3)).toEqual([1, 621, 641]);
    });
  });

  const unreadable: readonly (readonly [string, Observable<HttpResponse>])[] = [
    ['is empty', bodied('')],
    ['is an empty object', bodied({})],
    ['is an empty envelope', bodied({ code: 'success', data: null })],
    ['is cut', bodied('{"total":2,"items":[{"id":"a","status":"runn')],
    ['holds no items', bodied({ tasks: [] })],
    ['holds null as its items', bodied({ total: 0, items: null })],
    ['is HTML', bodied('<html>')],
  ];

  it.each(unreadable)('that %s gives no result: its tasks are polled again as a list at their interval; the second consecutive one pauses lists', (_, response) => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(response));
      const first = poll(['a', 'b']);
      at(seconds(100), () => { poll(['a', 'b']); });
      flush();
      expect(sent()).toEqual(['1s a,b', '12s a,b', '22s only a', '22s only b', '100s only a', '100s only b']);
      expect(results(first)).toEqual(['22s running', '22s running']);
    });
  });

  it('that cannot be read no longer counts once the next one can be read', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request, index) => (index % 2 === 0 ? bodied('') : of(running(request))));
      const all = [0, 40, 80].map((startS) => {
        const seen: ReturnType<typeof poll>[] = [];
        at(seconds(startS), () => { seen.push(poll(['a', 'b'])); });
        return seen;
      });
      flush();
      expect(sent()).toEqual(['1s a,b', '12s a,b', '41s a,b', '52s a,b', '81s a,b', '92s a,b']);
      expect(all.map(([polls]) => results(polls ?? []))).toEqual([12, 52, 92].map((s) => [`${String(s)}s running`, `${String(s)}s running`]));
    });
  });

  const quota = refusal(429, 'QuotaExceeded');

  it('with a quota error gives no result: the earliest due task is polled singly, and a confirmed error is the result of all', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(quota, quota));
      const late = poll(['late'], { dueAtMs: 5 });
      const early = poll(['early'], { dueAtMs: 1 });
      const middle = poll(['middle'], { dueAtMs: 3 });
      flush();
      expect(sent()).toEqual(['1s early,middle,late', '12s only early']);
      expect(results([...early, ...middle, ...late])).toEqual(['12s quota', '12s quota', '12s quota']);
      expect([...early, ...late].every(({ isOver, error }) => isOver && error === null)).toBe(true);
    });
  });

  it('with a confirmed quota error is followed by a list', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request, index) => (index < 2 ? quota : of(running(request))));
      poll(['a', 'b']);
      at(seconds(30), () => { poll(['a', 'b']); });
      flush();
      expect(sent()).toEqual(['1s a,b', '12s only a', '31s a,b']);
    });
  });

  it.each<readonly [string, Observable<HttpResponse> | null, string]>([
    ['a good response', null, '12s running'],
    ['a 503', statusOnly(503), '12s server'],
    ['a 429 for a rate', refusal(429, 'RateLimitExceeded'), '12s rate-limited'],
  ])('with a false quota error pauses lists, and the others are polled singly: the single poll gives %s', (_, single, result) => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request, index) => (isList(request) ? quota : index === 1 && single !== null ? single : of(running(request))));
      const seen = poll(['a', 'b', 'c']);
      at(seconds(40), () => { poll(['a', 'b', 'c']); });
      at(seconds(625), () => { poll(['a', 'b', 'c']); });
      flush();
      expect(results(seen)).toEqual([result, '12s running', '12s running']);
      expect(sent().slice(0, 8)).toEqual(['1s a,b,c', '12s only a', '12s only b', '12s only c', '40s only a', '40s only b', '40s only c', '626s a,b,c']);
    });
  });

  it('with a quota error has no effect once all its tasks are unsubscribed', () => {
    inVirtualTime(({ flush, timers, interrupt }) => {
      const { poll, sent } = listing(answering(quota));
      const seen = poll(['a', 'b']);
      interrupt(seconds(5), () => {
        for (const each of seen) each.stop();
        expect(timers()).toBe(0);
      });
      flush();
      expect(sent()).toEqual(['1s a,b']);
    });
  });
});

describe('a list that can be read', () => {
  it('gives each of its tasks its result', () => {
    inVirtualTime(({ flush }) => {
      const items = [['c', 'queued'], ['a', 'running'], ['b', 'cancelled']].map(([id, status]) => ({ id, model: 'doubao', status }));
      const { poll, sent } = listing(() => bodied({ total: 3, items }));
      const seen = poll(['a', 'b', 'c']);
      flush();
      expect(seen.map(({ lines }) => lines)).toEqual(['running', 'cancelled', 'queued'].map((status) => ['1s leaving', `1s ${status}`, '1s |']));
      expect(sent()).toEqual(['1s a,b,c']);
    });
  });

  it('and omits a task: that one is polled singly from its next interval on', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request) => of(running(request, ['b'])));
      const first = poll(['a', 'b', 'c']);
      at(seconds(30), () => { poll(['a', 'b', 'c']); });
      flush();
      expect(results(first)).toEqual(['1s running', '11s running', '1s running']);
      expect(sent()).toEqual(['1s a,b,c', '11s only b', '30s only b', '31s a,c']);
    });
  });

  it('and omits all its tasks does not pause lists of other tasks', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request) => of(running(request, ['a', 'b'])));
      for (const startS of [0, 30]) {
        at(seconds(startS), () => { poll(['a', 'b']); });
        at(seconds(startS + 15), () => { poll(['c', 'd']); });
      }
      flush();
      expect(sent()).toEqual(['1s a,b', '11s only a', '11s only b', '16s c,d', '30s only a', '30s only b', '46s c,d']);
    });
  });

  it('and omits a task does so for its tier alone: with another tier, the task is listed again', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request) => of(running(request, request.url.includes('flex') ? [] : ['a', 'b'])));
      poll(['a', 'b']);
      at(seconds(30), () => { poll(['a', 'b'], { serviceTier: 'flex' }); });
      at(seconds(60), () => { poll(['a', 'b'], { serviceTier: 'flex' }); });
      flush();
      expect(sent()).toEqual(['1s a,b', '11s only a', '11s only b', '31s a,b (flex)', '61s a,b (flex)']);
    });
  });

  it('and has one unreadable task: the error is the result of that task alone', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(() => bodied({ total: 2, items: [{ id: 'a', status: 'running' }, { id: 'b' }] }));
      const seen = poll(['a', 'b']);
      flush();
      expect(results(seen)).toEqual(['1s running', '1s decode']);
      expect(sent()).toEqual(['1s a,b']);
    });
  });

  it('and has a Retry-After: all its tasks wait for it, and no others', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request) => of({ ...running(request), headers: { 'retry-after': '40' } }));
      poll(['a', 'b']);
      at(seconds(15), () => { poll(['a', 'b', 'c', 'd']); });
      flush();
      expect(sent()).toEqual(['1s a,b', '16s c,d', '42s a,b']);
    });
  });
});

describe('which polls share a request', () => {
  it('those of one tier', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(null));
      for (const round of ['1', '2']) {
        poll([`a${round}`]);
        poll([`b${round}`], { serviceTier: 'flex' });
        poll([`c${round}`], { serviceTier: 'default' });
      }
      flush();
      expect(sent()).toEqual(['1s a1,a2', '1s b1,b2 (flex)', '1s c1,c2 (default)']);
    });
  });

  it('those that start within a tenth of the minimum interval of the first, earliest due first', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(null));
      for (const [startMs, id, serviceTier] of [[0, 'a', null], [0, 'b', 'flex'], [999, 'c', null], [1001, 'd', null], [5999, 'e', 'flex']] as const) {
        at(startMs, () => { poll([id], { serviceTier, minIntervalMs: seconds(serviceTier === 'flex' ? 60 : 10), dueAtMs: -startMs }); });
      }
      flush();
      expect(sent()).toEqual(['1s c,a', '2.001s only d', '6s e,b (flex)']);
    });
  });

  it('those that start while the request waits in the queue', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing((request) => timer(seconds(5)).pipe(map(() => running(request))), { maxInFlight: 1 });
      poll(['a', 'b']);
      at(seconds(2), () => { poll(['c', 'd']); });
      at(seconds(4), () => { poll(['e']); });
      flush();
      expect(sent()).toEqual(['1s a,b', '6s c,d,e']);
    });
  });

  it('at most 500, and never in a URL of more than 6 000 characters', () => {
    const pathOf = (ids: readonly string[]): string => `/list?${ids.map((id) => `&${id}`).join('')}`;
    const brief: Provider = { ...ark, list: { pathOf } };
    const lists = (ids: readonly string[]): readonly string[] =>
      inVirtualTime(({ flush }) => {
        const { poll, requests } = listing(() => throwError(() => new Error('reset')), { provider: brief });
        poll(ids);
        flush();
        return requests.map(({ url }) => url);
      });
    const named = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => index.toString(36));
    expect(lists(named(500))).toHaveLength(1);
    expect(lists(named(501)).map((url) => url.split('&').length - 1)).toEqual([500, 0]);
    const room = 6_000 - (ark.baseUrl + pathOf(['a', ''])).length;
    expect([room, room + 1].map((size) => lists(['a', 'b'.repeat(size)]).length)).toEqual([1, 2]);
  });

  it('half as many after a list fails, and twice as many after each good one', () => {
    inVirtualTime(({ flush }) => {
      const { poll, requests } = listing((request, index) => (index === 0 ? statusOnly(503) : of(running(request))));
      const ids = Array.from({ length: 8 }, (_, index) => `cgt-${String(index)}`);
      for (const startS of [0, 20, 40]) at(seconds(startS), () => { poll(ids); });
      flush();
      expect(requests.map(({ url }) => new URL(url).searchParams.getAll('filter.task_ids').length)).toEqual([8, 4, 4, 8]);
    });
  });

  it('none that was unsubscribed; one alone is sent singly', () => {
    inVirtualTime(({ flush, timers, interrupt }) => {
      const { poll, sent } = listing(answering(null));
      const left = poll(['left', 'too']);
      poll(['a', 'b']);
      at(500, () => { for (const each of left) each.stop(); });
      at(seconds(20), () => {
        const [first] = poll(['first', 'second']);
        first?.stop();
      });
      interrupt(seconds(30), () => {
        for (const each of poll(['none', 'neither'])) each.stop();
        expect(timers()).toBe(0);
        poll(['x', 'y']);
      });
      flush();
      expect(sent()).toEqual(['1s a,b', '21s only second', '31s x,y']);
    });
  });

  it('none that leaves while the others wait: the list has the remaining ones', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(null));
      const stop: Record<string, () => void> = {};
      const seen = poll(['a', 'b', 'c', 'd'], {}, (id, { waitUntil }) => {
        if (id === 'a') stop['b']?.();
        if (id === 'c') waitUntil(timer(seconds(3)));
        if (id === 'd') waitUntil(timer(seconds(2)).pipe(finalize(() => { stop['d']?.(); })));
      });
      ['a', 'b', 'c', 'd'].forEach((id, index) => { stop[id] = () => { seen[index]?.stop(); }; });
      flush();
      expect(seen[1]?.lines).toEqual([]);
      expect(sent()).toEqual(['4s a,c']);
      expect(results(seen)).toEqual(['4s running', '', '4s running', '']);
    });
  });

  it('a remaining poll is sent singly; without one, no request is sent and the place is free', () => {
    inVirtualTime(({ flush }) => {
      const { poll, sent } = listing(answering(null), { maxInFlight: 1 });
      const all: ReturnType<typeof poll>[number][] = [];
      const dropOut = (id: string): void => { if (id !== 'stays') all.forEach((each, index) => { if (index > 0) each.stop(); }); };
      all.push(...poll(['stays', 'b', 'c'], {}, dropOut));
      const none: ReturnType<typeof poll>[number][] = [];
      at(seconds(2), () => { none.push(...poll(['d', 'e'], {}, () => { for (const each of none) each.stop(); })); });
      at(seconds(2) + 1, () => { poll(['f', 'g'], { serviceTier: 'flex' }); });
      flush();
      expect(sent()).toEqual(['1s only stays', '3.001s f,g (flex)']);
    });
  });

  it('none if no other task is watched or there is no list: each poll is sent singly at once', () => {
    for (const alone of [{ hasOtherTasks: false }, { provider: anyfast }, { batch: false }]) {
      inVirtualTime(({ flush }) => {
        const { poll, requests } = listing(() => EMPTY, alone);
        poll(['cgt-1']);
        if (!('hasOtherTasks' in alone)) poll(['cgt-2']);
        expect(requests).toHaveLength('hasOtherTasks' in alone ? 1 : 2);
        expect(requests.filter(isList)).toEqual([]);
        flush();
      });
    }
  });
});

describe('watches that save, in one list', () => {
  it('are sent together once all saves have ended, except those whose save fails, times out or is unsubscribed', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient((_, request) => of(running(request)), { accounts: [accountOf(ark, { batch: true })], policy: every(seconds(60)) });
      const saves: Readonly<Record<string, () => unknown>> = {
        'a-plain': () => undefined,
        'b-throws': () => { throw new Error('full'); },
        'c-fails': () => timer(seconds(2)).pipe(map(() => { throw new Error('full'); })),
        'd-slow': () => timer(seconds(9)),
        'e-late': () => NEVER,
        'f-left': () => NEVER,
      };
      const seen = Object.entries(saves).map(([id, keep]) => {
        const save = ({ sentAtMs }: WatchState): unknown => (sentAtMs === null ? undefined : keep());
        return record(client.watch({ provider: 'ark', id }, { save }), to, id === 'f-left' ? seconds(5) : seconds(40));
      });
      flush();
      expect(requests.map(({ atMs, url }) => `${String(atMs / 1000)}s ${shortOf(url)}`)).toEqual(['11s a-plain,d-slow']);
      expect(seen.map(({ lines }) => lines.join())).toEqual(['11s running', '', '', '11s running', '', '']);
    });
  });
});
