import { asyncScheduler, defer, map, mergeMap, type Observable, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { listTasks } from '../../src/client/list-tasks.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { isSeedanceError } from '../../src/state/errors.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import type { HttpResponse, Transport } from '../../src/transport/transport.js';
import { inVirtualTime, key as apiKey, played, record, refusal, seconds } from '../support/client.js';

const own = account(ark, { apiKey });

type Item = Readonly<Record<string, unknown>>;

/** A server's list: pages, filters and tiers as Ark's. */
const pageOf = (url: string, items: readonly Item[]): ScriptedStep => {
  const query = new URL(url).searchParams;
  const [page, size] = [Number(query.get('page_num')), Number(query.get('page_size'))];
  const status = query.get('filter.status');
  const tier = query.get('filter.service_tier') ?? 'default';
  const found = items.filter((item) => (status === null || item.status === status) && (item.service_tier ?? 'default') === tier);
  return { body: { total: found.length, items: found.slice((page - 1) * size, page * size) } };
};

const clientOf = (answer: (url: string, index: number) => ScriptedStep, accounts = [own]) => {
  const requests: { readonly url: string; readonly atMs: number }[] = [];
  const transport: Transport = ({ url }): Observable<HttpResponse> => defer(() => {
    requests.push({ url, atMs: asyncScheduler.now() });
    return played(answer(url, requests.length - 1));
  });
  return { client: createTaskClient({ transport, accounts }), requests };
};

const items = (count: number, fields: Item = {}): readonly Item[] => Array.from({ length: count }, (_, index) => ({ id: `${String(fields.service_tier ?? 'cgt')}-${String(index)}`, model: 'm', status: 'running', ...fields }));

const queryOf = (url: string): string => decodeURIComponent(url.split('?')[1] ?? '');

describe('listTasks', () => {
  it('emits every task of every page and tier once', () => {
    inVirtualTime(({ flush }) => {
      const all = [...items(250), ...items(3, { service_tier: 'flex' })];
      const { client, requests } = clientOf((url) => pageOf(url, all));
      const ids: string[] = [];
      listTasks(client, own).subscribe(({ task }) => ids.push(task.id));
      flush();
      expect(ids).toEqual(all.map(({ id }) => id));
      expect(requests.map(({ url }) => queryOf(url))).toEqual([
        'page_num=1&page_size=100&filter.service_tier=default', 'page_num=2&page_size=100&filter.service_tier=default',
        'page_num=3&page_size=100&filter.service_tier=default', 'page_num=1&page_size=100&filter.service_tier=flex',
      ]);
    });
  });

  it('goes on where a server makes its pages smaller than asked for', () => {
    inVirtualTime(({ flush }) => {
      const all = items(45);
      const { client } = clientOf((url) => pageOf(url.replace('page_size=100', 'page_size=20'), all));
      const seen: number[] = [];
      listTasks(client, own, { serviceTier: 'default' }).pipe(toArray()).subscribe(({ length }) => seen.push(length));
      flush();
      expect(seen).toEqual([45]);
    });
  });

  it('filters by status, in the order of a task\'s life, also where the server does not', () => {
    inVirtualTime(({ flush }) => {
      const all = [...items(2), { id: 'q', status: 'queued', model: 'm' }, { id: 's', status: 'succeeded', model: 'm' }, { id: 'x', status: 'expired', model: 'm' }];
      const { client, requests } = clientOf((url) => pageOf(url, all));
      const seen: string[] = [];
      listTasks(client, own, { status: ['running', 'queued'], serviceTier: 'default', model: 'ep-1' }).subscribe(({ task }) => seen.push(task.id));
      listTasks(client, own, { status: 'expired', serviceTier: 'default' }).subscribe(({ task }) => seen.push(task.id));
      flush();
      expect(seen).toEqual(['q', 'cgt-0', 'cgt-1', 'x']);
      expect(requests.map(({ url }) => queryOf(url))).toEqual([
        'page_num=1&page_size=100&filter.status=queued&filter.model=ep-1&filter.service_tier=default',
        'page_num=1&page_size=100&filter.status=running&filter.model=ep-1&filter.service_tier=default', 'page_num=1&page_size=100&filter.service_tier=default',
      ]);
    });
  });

  it('emits a task once that moves to another page or status meanwhile', () => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf((_, index) => ({ body: { total: 4, items: index === 0 ? [{ id: 'a', status: 'queued' }, { id: 'b', status: 'queued' }] : [{ id: 'b', status: 'queued' }, { id: 'c', status: 'queued' }] } }));
      const seen: string[] = [];
      listTasks(client, own, { serviceTier: 'default' }).subscribe(({ task }) => seen.push(task.id));
      flush();
      expect(seen).toEqual(['a', 'b', 'c']);
    });
  });

  it('requests no further page once it has enough', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = clientOf((url) => pageOf(url, items(250)));
      listTasks(client, own).pipe(take(100)).subscribe();
      flush();
      expect(requests).toHaveLength(1);
    });
  });

  it('watches everything that still runs, with the name of the account', () => {
    inVirtualTime(({ flush }) => {
      const team = account(ark, { apiKey, name: 'team', batch: false });
      const { client } = clientOf((url) => (url.includes('page_num=1&page_size=100') ? pageOf(url, [{ id: 'a', status: 'running' }, { id: 'b', status: 'succeeded' }]) : { body: { id: 'a', status: 'cancelled' } }), [team, own]);
      const seen: string[] = [];
      listTasks(client, team, { status: ['queued', 'running'] }).pipe(map(({ task }) => task), watchTasks(client)).subscribe((event) => { seen.push(`${event.kind} ${event.task.account ?? ''} ${event.task.id}`); });
      flush();
      expect(seen).toEqual(['added team a', 'transition team a']);
    });
  });

  it('sends a request again that fails for a passing reason, and then gives up with the reason', () => {
    inVirtualTime(({ flush }) => {
      const failing = [refusal(503, 'ServiceUnavailable'), { error: 'read ECONNRESET' }, { body: '{"total":' }, { ...refusal(429, 'RateLimitExceeded'), headers: { 'retry-after': '30' } }];
      const { client, requests } = clientOf((url, index) => failing[index] ?? pageOf(url, items(1)));
      const seen = record(listTasks(client, own, { serviceTier: 'default' }), ({ task }) => task.id);
      flush();
      expect(requests.map(({ atMs }) => atMs / 1000)).toEqual([0, 1, 3, 7, 37]);
      expect(seen.lines).toEqual(['37s cgt-0', '37s |']);
    });
    inVirtualTime(({ flush }) => {
      const { client, requests } = clientOf(() => ({ status: 502, body: '<html></html>' }));
      const errors: unknown[] = [];
      listTasks(client, own).subscribe({ error: (error: unknown) => errors.push(error) });
      flush();
      expect(requests).toHaveLength(6);
      expect(errors).toMatchObject([{ kind: 'response', reason: 'server', status: 502, task: { provider: 'ark', id: '' }, message: 'ark: the list of tasks failed: HTTP 502' }]);
      expect(errors.every((error) => isSeedanceError(error))).toBe(true);
    });
  });

  it('gives up at once for a key without rights', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = clientOf(() => refusal(403, 'AccessDenied'));
      const errors: unknown[] = [];
      listTasks(client, own).subscribe({ error: (error: unknown) => errors.push(error) });
      flush();
      expect(requests).toHaveLength(1);
      expect(errors).toMatchObject([{ reason: 'forbidden', message: 'ark: the list of tasks failed: AccessDenied it is' }]);
    });
  });

  it('leaves ahead of the polls that wait', () => {
    inVirtualTime(({ flush }) => {
      const slow = account(ark, { apiKey, batch: false, rateLimit: { maxInFlight: 1 } });
      const { client, requests } = clientOf((url) => ({ ...(url.includes('page_num') ? pageOf(url, []) : { body: { status: 'cancelled' } }), afterMs: seconds(1) }), [slow]);
      ['a', 'b', 'c'].map(ark.task).forEach((task) => client.watch(task).subscribe());
      asyncScheduler.schedule(() => listTasks(client, slow, { serviceTier: 'flex' }).subscribe(), 500);
      flush();
      expect(requests.map(({ url }) => (url.includes('page_num') ? 'list' : url.split('/').at(-1)))).toEqual(['a', 'list', 'b', 'c']);
    });
  });

  it('refuses a provider without a list, and an unknown status', () => {
    const other = account(anyfast, { apiKey });
    const client = createTaskClient({ transport: () => played({}), accounts: [own, other] });
    expect(() => listTasks(client, other)).toThrow('listTasks: anyfast documents no list of tasks');
    expect(() => listTasks(client, own, { status: 'done' as 'running' })).toThrow('listTasks: status must be one of');
    expect(() => listTasks(client, own, { status: 'done' as 'running' }).pipe(mergeMap(() => []))).toThrow('not done');
  });
});
