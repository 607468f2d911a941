/**
 * The simulator's tasks, responses and faults without sockets, behind a network that is sometimes slow and sometimes down for minutes.
 * Each account has its own server, some with a rate limit. All requests are recorded as the server receives them.
 */
import { asyncScheduler, defer, delay, finalize, map, merge, mergeMap, NEVER, type Observable, of, Subject, take, tap, throwError, timer } from 'rxjs';
import { createApiResponse } from '../../src/simulator/api.js';
import { type PollFault, pollFaults, createFaults, applyFault } from '../../src/simulator/faults.js';
import { createLinks } from '../../src/simulator/links.js';
import { fraction } from '../../src/simulator/random.js';
import { createRateLimiter } from '../../src/simulator/rate-limiter.js';
import { withRetryAfter } from '../../src/simulator/response.js';
import { findRoute, type Route } from '../../src/simulator/routes.js';
import { type SimulatedProvider, sites } from '../../src/simulator/sites.js';
import { createTaskStore, type SimulatedTask, type Submission } from '../../src/simulator/task-store.js';
import type { HttpResponse, Transport } from '../../src/transport/transport.js';
import { withAdditions } from './additions.js';
import type { AccountLimit } from './cases.js';
import { repliesOf, replyOf } from './reading.js';
import { type Exchange, type KeyRecord, type KeyRequest, newExchange } from './records.js';
import { keyOf } from './secrets.js';

const seconds = 1000;

/** One interval without a server. */
export interface Outage {
  readonly fromMs: number;
  readonly forMs: number;
}

export interface VirtualNetwork {
  /** The transport of one client, by its number. */
  readonly transport: (client: number) => Transport;
  readonly submit: (provider: SimulatedProvider, account: number, submission: Submission) => SimulatedTask;
  readonly exchanges: (provider: SimulatedProvider, account: number, id: string) => readonly Exchange[];
  readonly keys: () => readonly KeyRecord[];
  /** The number of pending single requests of a task. */
  readonly underWay: (provider: SimulatedProvider, account: number, id: string) => number;
  readonly figures: {
    requests: number;
    lists: number;
    /** Polls of one task, including those in lists. */
    polls: number;
    underWay: number;
    foreign: number;
    cut: number;
    slow: number;
    tooSlow: number;
    overLimit: number;
    readonly faults: Map<PollFault, number>;
  };
}

type PollRoute = { readonly provider: SimulatedProvider } & ({ readonly kind: 'get'; readonly id: string } | { readonly kind: 'list' });

const pollRouteOf = (route: Route | null): PollRoute | null => {
  switch (route?.kind) {
    case 'get':
      return { kind: 'get', provider: route.provider, id: route.id };
    case 'list':
      return { kind: 'list', provider: route.provider };
    case 'create':
    case 'delete':
    case undefined:
      return null;
  }
};

interface ServerExchange extends Exchange {
  readonly id: string;
  isOver: boolean;
}

/**
 * @param faultRate        the share of responses with a fault, 0 to 1
 * @param requestTimeoutMs responses that take longer count as too slow
 */
export const virtualNetwork = ({ seed, faultRate, requestTimeoutMs, outages, limitOf }: {
  readonly seed: number;
  readonly faultRate: number;
  readonly requestTimeoutMs: number;
  readonly outages: readonly Outage[];
  readonly limitOf: (account: number) => AccountLimit;
}): VirtualNetwork => {
  const startMs = asyncScheduler.now();
  const figures: VirtualNetwork['figures'] = { requests: 0, lists: 0, polls: 0, underWay: 0, foreign: 0, cut: 0, slow: 0, tooSlow: 0, overLimit: 0, faults: new Map() };
  const links = createLinks(String(seed));
  const dayMs = 24 * 60 * 60 * seconds;
  const keys = new Map<string, KeyRecord>();
  const cuts = new Subject<void>();
  for (const { fromMs } of outages) timer(fromMs).subscribe(() => cuts.next());
  const isDown = (): boolean => outages.some(({ fromMs, forMs }) => asyncScheduler.now() >= startMs + fromMs && asyncScheduler.now() < startMs + fromMs + forMs);

  const serverOf = (provider: SimulatedProvider, account: number) => {
    const serverSeed = Math.floor(fraction(seed, provider, account) * 2 ** 31);
    const tasks = createTaskStore({
      clock: () => asyncScheduler.now(),
      seed: serverSeed,
      outcomes: [['succeeds', 1]],
      freshLinks: false,
      link: ({ id }, _, signedAtMs) => `https://files.example${links.sign(account % 2 === 0 ? 'tos' : 'auth-key', `/${account}/${id}.mp4`, signedAtMs, dayMs)}`,
    });
    // An invalid or empty list ends list batching for its account. Every second account never gets these faults.
    const excluded: readonly PollFault[] = ['not-found-after-creation', ...(account % 2 === 1 ? (['truncated-json', 'empty-body'] as const) : [])];
    const faults = createFaults(serverSeed, { rate: faultRate });
    const listFaults = createFaults(serverSeed, { rate: faultRate, kinds: pollFaults.filter((kind) => !excluded.includes(kind)) });
    const limiter = createRateLimiter(limitOf(account).real);
    return { provider, account, tasks, faults, listFaults, limiter, exchanges: new Map<string, ServerExchange[]>(), lists: 0 };
  };
  type Server = ReturnType<typeof serverOf>;
  const servers = new Map<string, Server>();
  const server = (provider: SimulatedProvider, account: number): Server => {
    const key = keyOf(provider, account);
    const known = servers.get(key) ?? serverOf(provider, account);
    servers.set(key, known);
    return known;
  };

  const exchange = ({ exchanges }: Server, id: string, by: Exchange['by']): ServerExchange => {
    const all = exchanges.get(id) ?? [];
    exchanges.set(id, all);
    const one: ServerExchange = { ...newExchange(asyncScheduler.now(), by), id, isOver: false };
    all.push(one);
    return one;
  };

  /** Records a request of a client with the key of a server. */
  const keyRequest = (client: number, { provider, account }: Server): KeyRequest => {
    const name = `${provider}/account-${account}, client ${client}`;
    const limit = limitOf(account);
    const record = keys.get(name) ?? { name, perMinute: limit.given, isLimited: limit.real !== null, requests: [] };
    keys.set(name, record);
    const request: KeyRequest = { sentAtMs: asyncScheduler.now(), receivedAtMs: null, isOverLimit: false, retryAfterMs: null };
    record.requests.push(request);
    return request;
  };

  /** The latency of a response: one in twenty is slow, up to about twice the timeout. */
  const latencyMs = (request: number): number => {
    const draw = fraction(seed, request, 'latency');
    if (draw >= 0.05) return 20 + Math.floor(draw * 400);
    const slowMs = Math.floor(2 * seconds + (draw / 0.05) * (2 * requestTimeoutMs));
    figures.slow += 1;
    if (slowMs >= requestTimeoutMs) figures.tooSlow += 1;
    return slowMs;
  };

  const send = (client: number, url: string, authorization: string): Observable<HttpResponse> => {
    const { pathname, searchParams } = new URL(url);
    const route = pollRouteOf(findRoute('GET', pathname));
    const at = servers.get(authorization.replace('Bearer ', ''));
    if (route === null || at === undefined) throw new Error(`unknown request: ${url}`);
    const ids = route.kind === 'get' ? [route.id] : searchParams.getAll('filter.task_ids');
    figures.polls += ids.length;
    figures.lists += Number(route.kind === 'list');
    figures.foreign += ids.filter((id) => at.tasks.find({ provider: route.provider, id }) === null).length;
    const own = ids.map((id) => exchange(at, id, route.kind === 'get' ? 'single' : 'list'));
    const over = finalize<HttpResponse>(() => {
      figures.underWay -= 1;
      for (const one of own) one.isOver = true;
    });
    return respond(route, at, searchParams, own, keyRequest(client, at)).pipe(over);
  };

  const respond = (route: PollRoute, at: Server, searchParams: URLSearchParams, own: readonly ServerExchange[], asked: KeyRequest): Observable<HttpResponse> => {
    const ids = own.map(({ id }) => id);
    const delayMs = latencyMs(figures.requests);
    if (isDown()) {
      figures.cut += 1;
      return timer(1).pipe(map(() => { throw new Error('connect ECONNREFUSED'); }));
    }
    const { errorResponse } = sites[route.provider].dialect;
    const requestId = `request-${figures.requests}`;
    const rejection = at.limiter.check('', asyncScheduler.now());
    if (rejection !== null) {
      figures.overLimit += 1;
      asked.isOverLimit = true;
    }
    const withoutFault = createApiResponse(at.tasks, { route, query: searchParams, body: '', authorized: true, requestId });
    const fault = rejection !== null ? null : route.kind === 'get' ? at.faults.forPoll(route, at.exchanges.get(route.id)?.length ?? 1) : at.listFaults.forPoll({ provider: route.provider, id: '' }, (at.lists += 1));
    if (fault !== null) figures.faults.set(fault, (figures.faults.get(fault) ?? 0) + 1);
    const plain = fault !== null
      ? applyFault(fault, withoutFault, (why, detail) => errorResponse(why, detail, requestId))
      : rejection !== null ? withRetryAfter(errorResponse('rate-limited', 'Too many requests.', requestId), rejection.retryAfterSeconds) : withoutFault;
    const cut = cuts.pipe(
      take(1),
      map(() => {
        figures.cut += 1;
        throw new Error('read ECONNRESET');
      }),
    );
    if (plain === 'hang') return merge(NEVER, cut);
    if (plain === 'reset') return timer(delayMs).pipe(mergeMap(() => throwError(() => new Error('read ECONNRESET'))));
    const sent = withAdditions(plain, keyOf(at.provider, at.account), seed, figures.requests);
    const replies = route.kind === 'list' ? repliesOf(route.provider, sent, ids) : new Map(ids.map((id) => [id, replyOf(route.provider, sent)]));
    const retryAfter = sent.status === 429 ? sent.headers['retry-after'] : undefined;
    const arrives = of<HttpResponse>(sent).pipe(
      delay(delayMs),
      tap(() => {
        const receivedAtMs = asyncScheduler.now();
        Object.assign(asked, { receivedAtMs, retryAfterMs: retryAfter === undefined ? null : Number(retryAfter) * seconds });
        for (const one of own) Object.assign(one, { ...replies.get(one.id), receivedAtMs });
      }),
    );
    return merge(arrives, cut).pipe(take(1));
  };

  return {
    figures,
    keys: () => [...keys.values()],
    submit: (provider, account, submission) => server(provider, account).tasks.submit(provider, submission),
    exchanges: (provider, account, id) => server(provider, account).exchanges.get(id) ?? [],
    underWay: (provider, account, id) => (server(provider, account).exchanges.get(id) ?? []).filter(({ by, isOver }) => by === 'single' && !isOver).length,
    transport: (client) => ({ url, headers }) =>
      defer(() => {
        figures.requests += 1;
        figures.underWay += 1;
        return send(client, url, headers['authorization'] ?? '');
      }),
  };
};
