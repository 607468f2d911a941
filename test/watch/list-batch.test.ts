import fc from 'fast-check';
import { asyncScheduler, defer, from, mergeMap, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import { answerApi } from '../../src/simulator/api.js';
import { findRoute } from '../../src/simulator/routes.js';
import { sites } from '../../src/simulator/sites.js';
import { type Fate, fates } from '../../src/simulator/task-plan.js';
import { createTaskStore, type Submission } from '../../src/simulator/task-store.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { account, type AccountOptions } from '../../src/watch/account.js';
import { isSeedanceError } from '../../src/watch/errors.js';
import { createTaskClient } from '../../src/watch/task-client.js';
import { accountOf, at, diary, every, inVirtualTime, key, livingTransport, minutes, responseOf, seconds, to, tooMany } from '../support/client.js';

const baseUrl = `http://127.0.0.1:1${sites.ark.base}`;

/** The simulator's Ark without sockets: answers in the turn of the question, on the clock of virtual time. */
const simulatedArk = (submissions: readonly Submission[]) => {
  const tasks = createTaskStore({ clock: () => asyncScheduler.now(), seed: 1, speed: 1, fates: [['succeeds', 1]], freshLinks: false, link: ({ id }) => `https://files.example/${id}.mp4` });
  const ids = submissions.map((submission) => tasks.submit('ark', submission).id);
  const answer = ({ method, url }: HttpRequest): HttpResponse => {
    const { pathname, search } = new URL(url);
    const route = findRoute(method, pathname);
    if (route === null) throw new Error(`no such path: ${pathname}`);
    return answerApi(tasks, { route, query: new URLSearchParams(search), body: '', authorized: true, requestId: 'request-1' });
  };
  return { ids, answer };
};

/** What a watcher of each of the tasks sees, all of them beginning together; and what was asked. */
const watchAll = (submissions: readonly Submission[], options: Partial<AccountOptions>, disturb: (request: HttpRequest, index: number) => HttpResponse | null = () => null) =>
  inVirtualTime(({ flush, timers }) => {
    const { ids, answer } = simulatedArk(submissions);
    const { transport, lives } = livingTransport((index, request) => of(disturb(request, index) ?? answer(request)));
    const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: key, baseUrl, ...options })], policy: every(seconds(10)), deadlineMs: minutes(20) });
    const diaries = ids.map((id) => diary(client.watch({ provider: 'ark', id }), to));
    flush();
    const paths = lives.map(({ url }) => url.slice(baseUrl.length));
    const seen = diaries.map(({ values, error, isOver }) => ({
      transitions: values.map((transition) => ({ ...transition, atMs: null })),
      error: isSeedanceError(error) ? [error.kind, error.reason, error.lastSnapshot] : error,
      isOver,
    }));
    return { seen, ids, paths, lives, lists: paths.filter((path) => path.includes('?')), singles: paths.filter((path) => !path.includes('?')), timers: timers() };
  });

const long = { queueMs: minutes(1), runMs: minutes(2) };
const many = (count: number, submission: Submission = {}): readonly Submission[] => Array.from({ length: count }, () => ({ ...long, fate: 'succeeds', ...submission }));
const tooManyTasks = responseOf(tooMany({ 'retry-after': '5' }));
const isList = ({ url }: Pick<HttpRequest, 'url'>): boolean => url.includes('?');

describe('tasks of one account', () => {
  it('are asked about by lists, one task alone singly', () => {
    const { singles, lists, seen } = watchAll(many(50), {});
    expect(seen.every(({ transitions }) => transitions.at(-1)?.to === 'succeeded')).toBe(true);
    expect(lists.length).toBeLessThanOrEqual(20);
    expect(singles).toEqual([]);
    expect(watchAll(many(1), {}).lists).toEqual([]);
  });

  it('are asked for in URLs below 6 kB, and all of them', () => {
    const { lists, lives, seen } = watchAll(many(400, { runMs: seconds(1), queueMs: 0 }), {});
    expect(seen.every(({ isOver, error }) => isOver && error === null)).toBe(true);
    expect(lists.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...lives.map(({ url }) => url.length))).toBeLessThanOrEqual(6_000);
  });

  it('wait for company for a tenth of the floor; a task that is watched alone does not', () => {
    expect(watchAll(many(30), {}).lives[0]?.atMs).toBe(seconds(1));
    expect(watchAll(many(1), {}).lives[0]?.atMs).toBe(0);
  });

  it('do not wait for tasks of other accounts: those are no company', () => {
    inVirtualTime(({ flush }) => {
      const { ids, answer } = simulatedArk(many(1));
      const { transport, lives } = livingTransport((_, request) => of(answer(request)));
      const other = { name: 'other', apiKey: 'another-key-0123456789', baseUrl };
      const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: key, baseUrl }), account(ark, other)], policy: every(seconds(10)) });
      diary(client.watch({ provider: 'ark', id: 'cgt-of-the-other', account: 'other' }), to);
      diary(client.watch({ provider: 'ark', id: ids[0] ?? '' }), to);
      at(seconds(1) - 1, () => { expect(lives).toHaveLength(2); });
      flush();
      expect(lives.filter(isList)).toEqual([]);
    });
  });

  it('are asked for by their tier once it is known, and singly until then', () => {
    const { lists, singles, seen, ids } = watchAll(many(3, { serviceTier: 'flex' }), {});
    expect(seen.every(({ transitions }) => transitions.at(-1)?.to === 'succeeded')).toBe(true);
    expect(lists.filter((path) => path.includes('filter.service_tier=flex')).length).toBeGreaterThan(5);
    expect(lists.filter((path) => !path.includes('filter.service_tier=flex'))).toHaveLength(1);
    expect(new Set(singles)).toEqual(new Set(ids.map((id) => `/contents/generations/tasks/${id}`)));
  });

  it('that a list leaves out are asked for singly at once, and from then on', () => {
    const empty = (request: HttpRequest): HttpResponse | null => (isList(request) ? { status: 200, headers: {}, body: '{"total":0,"items":[]}' } : null);
    const { lists, seen } = watchAll(many(4), {}, empty);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
    // Once before their tier is known, once as tasks of their tier.
    expect(lists).toHaveLength(2);
  });

  it.each([400, 403, 404, 405])('are asked for singly for good once the list is refused with %d', (status) => {
    const refused = (request: HttpRequest): HttpResponse | null => (isList(request) ? { status, headers: {}, body: '{"error":{"code":"Nope","message":"no list here"}}' } : null);
    const { lists, seen } = watchAll(many(4), {}, refused);
    expect(lists).toHaveLength(1);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
  });

  it('are asked for singly for good after the second list that is none', () => {
    const { lists, seen } = watchAll(many(4), {}, (request) => (isList(request) ? { status: 200, headers: {}, body: '{"tasks":[]}' } : null));
    expect(lists).toHaveLength(2);
    expect(seen).toEqual(watchAll(many(4), { batch: false }).seen);
  });

  it.each([503, 408, 425])('are all in the trouble of their list, and each is asked about by itself after it: %d', (status) => {
    const { lists, paths } = watchAll(many(3), {}, (_, index) => (index === 1 ? { status, headers: {}, body: '' } : null));
    expect(paths[1]).toContain('filter.task_ids');
    expect(paths.slice(2, 5).some((path) => path.includes('?'))).toBe(false);
    expect(lists.length).toBeGreaterThan(3);
  });

  it('are slowed together by one 429', () => {
    const { lives } = watchAll(many(20), { batch: false }, (_, index) => (index === 0 ? tooManyTasks : null));
    expect(lives[20]?.atMs).toBeGreaterThanOrEqual(seconds(5));
  });

  it('keep to the budget of their account, by lists as well', () => {
    for (const batch of [true, false]) {
      const { lives, seen } = watchAll(many(30), { batch, budget: { perMinute: 30, concurrent: 1 } });
      expect(seen.every(({ isOver, error }) => isOver && error === null)).toBe(true);
      for (const { atMs } of lives) expect(lives.filter((other) => other.atMs >= atMs && other.atMs < atMs + 60_000).length).toBeLessThanOrEqual(30);
    }
  });

  it('leave no request and no timer behind when all are left', () => {
    inVirtualTime(({ timers, flush, interrupt }) => {
      const { transport, lives, pending } = livingTransport(() => NEVER);
      const client = createTaskClient({ transport, accounts: [accountOf(ark, { batch: true })] });
      const all = diary(from(['a', 'b', 'c', 'd']).pipe(mergeMap((id) => client.watch({ provider: 'ark', id }))), to);
      interrupt(seconds(2), () => {
        expect(pending()).toBe(1);
        all.stop();
        expect(pending()).toBe(0);
        expect(timers()).toBe(0);
      });
      flush();
      expect(lives.map(({ end }) => end)).toEqual(['aborted']);
    });
  });

  it('one that is left does not end the request of the others', () => {
    inVirtualTime(({ flush }) => {
      const { ids, answer } = simulatedArk(many(3, { queueMs: 0, runMs: 0 }));
      const transport: Transport = (request) => defer(() => of(answer(request)));
      const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: key, baseUrl })] });
      const [, left, stays] = ids.map((id) => diary(client.watch({ provider: 'ark', id }), to));
      at(500, () => { left?.stop(); });
      flush();
      expect(left?.lines).toEqual([]);
      expect(stays?.lines).toEqual(['1s succeeded', '1s |']);
    });
  });
});

describe('with lists and without', () => {
  const anyFate: fc.Arbitrary<Fate> = fc.constantFrom(...fates);
  const anyTask = fc.record({ fate: anyFate, queueMs: fc.constantFrom(0, minutes(1), minutes(3)), runMs: fc.constantFrom(minutes(1), minutes(2), minutes(5)), serviceTier: fc.constantFrom('default', 'flex') });

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
