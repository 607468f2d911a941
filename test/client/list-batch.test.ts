import fc from 'fast-check';
import { type Either, isRight, left, right } from 'fp-ts/Either';
import { asyncScheduler, defer, EMPTY, from, mergeMap, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { answerApi } from '../../src/simulator/api.js';
import { findRoute } from '../../src/simulator/routes.js';
import { sites } from '../../src/simulator/sites.js';
import { type Fate, fates } from '../../src/simulator/task-plan.js';
import { createTaskStore, type Submission } from '../../src/simulator/task-store.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { account, type AccountOptions } from '../../src/client/account.js';
import { isSeedanceError } from '../../src/state/errors.js';
import type { Gate } from '../../src/transport/gate.js';
import { askByLists } from '../../src/client/list-batch.js';
import type { Answer, Ask, Question, Send } from '../../src/client/question.js';
import { createTaskClient } from '../../src/client/task-client.js';
import type { Trouble } from '../../src/state/watch-state.js';
import type { Provider } from '../../src/wire/provider.js';
import { accountOf, at, diary, every, inVirtualTime, key, livingTransport, minutes, queued, responseOf, seconds, to, tooMany } from '../support/client.js';
import { snapshot } from '../support/snapshots.js';

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

/** Lists by themselves: what is sent, and what comes to those who ask. Answers come at once. */
const listing = (answer: (path: string, index: number) => Either<Trouble, HttpResponse>, { provider = ark, hasCompany = true }: { readonly provider?: Provider; readonly hasCompany?: boolean } = {}) => {
  const sent: string[] = [];
  const singles: string[] = [];
  const send: Send = ({ gate, leave }) =>
    defer(() => {
      const path = leave();
      if (path === null) return EMPTY;
      const index = sent.push(`${String(asyncScheduler.now() / 1000)}s ${shortOf(path)}`) - 1;
      return gate(of(answer(path, index)));
    });
  const askSingly: Ask = ({ task }) => {
    singles.push(task.id);
    return of(right(snapshot('running', { task })));
  };
  return { ask: askByLists(accountOf(provider, { batch: true }), { send, askSingly, hasCompany: () => hasCompany }), sent, singles, askSingly };
};

/** A path by the ids that it asks for, and its tier: `a,b (flex)`. */
const shortOf = (path: string): string => {
  const { pathname, searchParams } = new URL(path, baseUrl);
  const tier = searchParams.get('filter.service_tier');
  const ids = path.includes('?') ? searchParams.getAll('filter.task_ids').join() : `only ${pathname.split('/').at(-1) ?? ''}`;
  return tier === null ? ids : `${ids} (${tier})`;
};

const straight: Gate = (question) => question;

const questionOf = (id: string, own: Partial<Question> = {}): Question =>
  ({ task: { provider: 'ark', id }, dueAtMs: 0, serviceTier: null, isTroubled: false, gate: straight, leave: () => true, ...own });

/** What a question comes to: a status, or a trouble's kind and reason. */
const come = (answer: Answer): string => (isRight(answer) ? answer.right.status : 'reason' in answer.left ? answer.left.reason : answer.left.kind);

const goodList = (path: string): Either<Trouble, HttpResponse> => {
  const items = new URL(path, baseUrl).searchParams.getAll('filter.task_ids').map((id) => ({ id, model: 'doubao', status: 'queued' }));
  return right(responseOf({ body: { total: items.length, items } }));
};

describe('what becomes of a list', () => {
  const noList = '{"error":{"code":"Nope","message":"no list here"}}';
  const answers: readonly (readonly [string, Either<Trouble, HttpResponse>, told: string, lists: number])[] = [
    ['no answer', left({ kind: 'transport', message: 'reset' }), 'transport', 4],
    ['no answer in time', left({ kind: 'timeout', message: 'late' }), 'timeout', 4],
    ['401', right(responseOf({ status: 401, body: noList })), 'unauthorized', 4],
    ['429', right(responseOf({ status: 429, body: noList })), 'rate-limited', 4],
    ['429 for a quota', right(responseOf({ status: 429, body: '{"error":{"code":"QuotaExceeded","message":"no more"}}' })), 'quota', 4],
    ...[408, 425, 500, 502, 503, 504].map((status) => [String(status), right(responseOf({ status, body: '' })), 'server', 4] as const),
    ...[300, 301, 302, 400, 403, 404, 405, 410, 499, 501].map((status) => [String(status), right(responseOf({ status, body: '' })), 'singly', 1] as const),
    ['200 that refuses', right(responseOf({ body: noList })), 'singly', 1],
    ['200 that knows no such task', right(responseOf({ body: '{"error":{"code":"task_not_exist","message":"no such task"}}' })), 'singly', 2],
    ['200 of nothing', right(responseOf({ body: '' })), 'singly', 2],
    ['200 that is no list', right(responseOf({ body: '{"tasks":[]}' })), 'singly', 2],
    ['200 that is no JSON', right(responseOf({ body: '<html>' })), 'singly', 2],
  ];

  it.each(answers)('%s', (_, answer, told, lists) => {
    inVirtualTime(({ flush }) => {
      const { ask, sent, singles } = listing(() => answer);
      const rounds = [0, 10, 20, 30].map((startS) => ['a', 'b'].map((id) => {
        const seen: string[] = [];
        at(seconds(startS), () => { ask(questionOf(id)).subscribe((answered) => seen.push(come(answered))); });
        return seen;
      }));
      flush();
      expect(sent).toEqual(['1s a,b', '11s a,b', '21s a,b', '31s a,b'].slice(0, lists));
      expect(rounds[0]).toEqual(told === 'singly' ? [['running'], ['running']] : [[told], [told]]);
      expect(singles).toHaveLength(told === 'singly' ? 8 : 0);
    });
  });

  it('only two in a row that are none end the lists', () => {
    inVirtualTime(({ flush }) => {
      const { ask, sent } = listing((path, index) => (index % 2 === 0 ? right(responseOf({ body: '' })) : goodList(path)));
      for (const startS of [0, 10, 20, 30]) at(seconds(startS), () => { for (const id of ['a', 'b']) ask(questionOf(id)).subscribe(); });
      flush();
      expect(sent).toHaveLength(4);
    });
  });

  it('each is told what the list says of its own task', () => {
    inVirtualTime(({ flush }) => {
      const { ask, singles } = listing(goodList);
      const seen = ['a', 'b', 'c'].map((id) => diary(ask(questionOf(id)), (answer) => (isRight(answer) ? `${answer.right.task.id} ${answer.right.status}` : 'trouble')));
      flush();
      expect(seen.map(({ lines }) => lines)).toEqual(['a', 'b', 'c'].map((id) => [`1s ${id} queued`, '1s |']));
      expect(singles).toEqual([]);
    });
  });
});

describe('which questions leave together', () => {
  it('those of one tier behind one gate', () => {
    inVirtualTime(({ flush }) => {
      const { ask, sent } = listing(goodList);
      const other: Gate = (question) => question;
      const own: readonly Partial<Question>[] = [{}, { serviceTier: 'flex' }, { gate: other }, { serviceTier: 'flex', gate: other }];
      for (const round of ['1', '2']) own.forEach((how, index) => { ask(questionOf(`${'abcd'.charAt(index)}${round}`, how)).subscribe(); });
      flush();
      expect(sent).toEqual(['1s a1,a2', '1s b1,b2 (flex)', '1s c1,c2', '1s d1,d2 (flex)']);
    });
  });

  it('those that come within a tenth of the floor of their own tier', () => {
    const slow: Provider = { ...ark, pacing: ({ serviceTier }) => ({ floorMs: serviceTier === 'flex' ? seconds(60) : seconds(10), minMs: seconds(60), maxMs: seconds(60) }) };
    inVirtualTime(({ flush }) => {
      const { ask, sent } = listing(goodList, { provider: slow });
      for (const [startMs, id, serviceTier] of [[0, 'a', null], [0, 'b', 'flex'], [999, 'c', null], [1001, 'd', null], [5999, 'e', 'flex']] as const) {
        at(startMs, () => { ask(questionOf(id, { serviceTier })).subscribe(); });
      }
      flush();
      expect(sent).toEqual(['1s a,c', '2.001s only d', '6s b,e (flex)']);
    });
  });

  it('at most 500, and never in a URL above 6 000 characters', () => {
    const pathOf = (ids: readonly string[]): string => `/list?${ids.map((id) => `&${id}`).join('')}`;
    const brief: Provider = { ...ark, list: { pathOf } };
    const lists = (ids: readonly string[]): readonly string[] =>
      inVirtualTime(({ flush }) => {
        const paths: string[] = [];
        const { ask } = listing((path) => { paths.push(path); return left({ kind: 'transport', message: 'reset' }); }, { provider: brief });
        for (const id of ids) ask(questionOf(id)).subscribe();
        flush();
        return paths;
      });
    const named = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => index.toString(36));
    expect(lists(named(500))).toHaveLength(1);
    expect(lists(named(501)).map((path) => path.split('&').length - 1)).toEqual([500, 0]);
    const room = 6_000 - (ark.baseUrl + pathOf(['a', ''])).length;
    expect([room, room + 1].map((size) => lists(['a', 'b'.repeat(size)]).length)).toEqual([1, 2]);
  });

  it('none that was left, nor one that does not leave any more', () => {
    inVirtualTime(({ flush }) => {
      const { ask, sent } = listing(goodList);
      const left = ask(questionOf('left')).subscribe();
      at(500, () => { left.unsubscribe(); });
      for (const id of ['a', 'b']) ask(questionOf(id)).subscribe();
      ask(questionOf('gone', { leave: () => false })).subscribe();
      flush();
      expect(sent).toEqual(['1s a,b']);
    });
  });

  it('nothing leaves when none of them does', () => {
    inVirtualTime(({ flush }) => {
      const { ask, sent } = listing(goodList);
      const seen = ['a', 'b'].map((id) => diary(ask(questionOf(id, { leave: () => false })), come));
      flush();
      expect(sent).toEqual([]);
      expect(seen.map(({ lines }) => lines)).toEqual([['1s |'], ['1s |']]);
    });
  });

  it('all at once, and each by itself, where there is no company or no list', () => {
    inVirtualTime(({ flush }) => {
      const { ask, sent } = listing(() => right(responseOf(queued)), { hasCompany: false });
      const seen = diary(ask(questionOf('cgt-1')), come);
      flush();
      expect(sent).toEqual(['0s only cgt-1']);
      expect(seen.lines).toEqual(['0s queued', '0s |']);
    });
    const { ask, askSingly } = listing(goodList, { provider: anyfast });
    expect(ask).toBe(askSingly);
  });
});
