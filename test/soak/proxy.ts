/**
 * A proxy in front of a simulator. It sends some responses slowly in pieces, and some of these never end. It records each request
 * and counts open connections.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { interval, type SchedulerLike, type Subscription } from 'rxjs';
import type { HttpRequest } from '../../src/index.js';
import { fraction } from '../../src/simulator/random.js';
import { findRoute } from '../../src/simulator/routes.js';
import type { SimulatedProvider } from '../../src/simulator/sites.js';
import { withAdditions } from './additions.js';
import { type Reply, repliesOf, replyOf } from './reading.js';
import { type Exchange, type KeyRecord, type KeyRequest, newExchange } from './records.js';

/** The header with the number of a request. */
export const numberHeader = 'x-soak-number';

export interface RecordingProxy {
  readonly url: string;
  readonly exchanges: (provider: string, id: string) => readonly Exchange[];
  readonly keys: () => readonly KeyRecord[];
  /** Records a request of a client when it is sent, and returns its number. A request that reaches no server counts too. */
  readonly leaves: (client: string, request: HttpRequest) => string;
  /** Records the result of a request when the client has received the response. */
  readonly arrives: (number: string) => void;
  readonly figures: { requests: number; twice: number; lists: number; polls: number; slow: number; tooSlow: number; underWay: number };
  /** The number of open connections. */
  readonly sockets: () => number;
  readonly stop: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** A request that was sent. */
interface Noted {
  readonly provider: SimulatedProvider;
  readonly isList: boolean;
  readonly key: string;
  readonly keyRequest: KeyRequest;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  hasArrived: boolean;
  /** The `Retry-After` of its response, if that is a 429. */
  retryAfterMs: number | null;
  /** The readings of its response, by task id. */
  replies: ReadonlyMap<string, Reply>;
}

export interface ProxyOptions {
  readonly target: string;
  readonly seed: number;
  /** The clients' timeout of a request. */
  readonly requestTimeoutMs: number;
  readonly scheduler: SchedulerLike;
  /** The limit that a client was given for a key, in requests a minute. */
  readonly givenLimitOf: (key: string) => number | null;
}

export const startProxy = async ({ target, seed, requestTimeoutMs, scheduler, givenLimitOf }: ProxyOptions): Promise<RecordingProxy> => {
  const figures: RecordingProxy['figures'] = { requests: 0, twice: 0, lists: 0, polls: 0, slow: 0, tooSlow: 0, underWay: 0 };
  const exchanges = new Map<string, Exchange[]>();
  const noted = new Map<string, Noted>();
  const keys = new Map<string, KeyRecord>();
  let sockets = 0;

  const leaves = (client: string, { url, headers }: HttpRequest): string => {
    const { pathname, searchParams } = new URL(url);
    const route = findRoute('GET', pathname);
    if (route === null || (route.kind !== 'get' && route.kind !== 'list')) throw new Error(`unknown request: ${url}`);
    const ids = route.kind === 'get' ? [route.id] : searchParams.getAll('filter.task_ids');
    const own = ids.map((id): readonly [string, Exchange] => {
      const exchange = newExchange(scheduler.now(), route.kind === 'get' ? 'single' : 'list');
      const task = `${route.provider} ${id}`;
      exchanges.set(task, [...(exchanges.get(task) ?? []), exchange]);
      return [id, exchange];
    });
    figures.polls += ids.length;
    figures.lists += Number(route.kind === 'list');
    const key = (headers['authorization'] ?? '').replace('Bearer ', '');
    const name = `${key.split('+').at(-1)}, ${client}`;
    const keyRequest: KeyRequest = { sentAtMs: scheduler.now(), receivedAtMs: null, isOverLimit: false, retryAfterMs: null };
    const record: KeyRecord = keys.get(name) ?? { name, perMinute: givenLimitOf(key), isLimited: true, requests: [] };
    record.requests.push(keyRequest);
    keys.set(name, record);
    const number = String(noted.size + 1);
    const { provider } = route;
    noted.set(number, { provider, isList: route.kind === 'list', key, keyRequest, exchanges: new Map(own), hasArrived: false, retryAfterMs: null, replies: new Map() });
    return number;
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const sent = noted.get(String(request.headers[numberHeader]));
    if (sent === undefined) throw new Error(`request without a number: ${request.url ?? ''}`);
    figures.requests += 1;
    const number = figures.requests;
    figures.underWay += 1;
    figures.twice += Number(sent.hasArrived);
    sent.hasArrived = true;
    const draw = fraction(seed, figures.requests, 'body');
    const ids = [...sent.exchanges.keys()];

    const onward = httpRequest(target + (request.url ?? ''), { headers: { authorization: request.headers.authorization ?? '' }, agent: false });
    let trickle: Subscription | undefined;
    response.once('close', () => {
      figures.underWay -= 1;
      trickle?.unsubscribe();
      onward.destroy();
    });
    // An error on the simulator's connection resets the client's connection.
    onward.on('error', () => request.socket.resetAndDestroy());
    onward.once('response', (upstream) => {
      const pieces: Buffer[] = [];
      upstream.on('error', () => request.socket.resetAndDestroy());
      upstream.on('data', (data: Buffer) => void pieces.push(data));
      upstream.once('end', () => {
        const kept = ['content-type', 'retry-after', 'x-request-id'].flatMap((name) => (upstream.headers[name] === undefined ? [] : [[name, String(upstream.headers[name])]]));
        const reply = withAdditions({ status: upstream.statusCode ?? 0, headers: Object.fromEntries(kept), body: Buffer.concat(pieces).toString() }, sent.key, seed, number);
        const body = Buffer.from(reply.body);
        const retryAfter = reply.headers['retry-after'];
        sent.replies = sent.isList ? repliesOf(sent.provider, reply, ids) : new Map(ids.map((id) => [id, replyOf(sent.provider, reply)]));
        sent.retryAfterMs = reply.status === 429 && retryAfter !== undefined ? Number(retryAfter) * 1000 : null;
        response.writeHead(reply.status, { 'content-length': body.length, ...reply.headers });
        if (draw >= 0.12 || body.length < steps) return void response.end(body);
        figures.slow += 1;
        const isTooSlow = draw < 0.03;
        figures.tooSlow += Number(isTooSlow);
        const step = Math.ceil(body.length / steps);
        let from = 0;
        trickle = interval((requestTimeoutMs * (0.1 + 4 * draw)) / steps, scheduler).subscribe(() => {
          // A body that is too slow never sends its last byte.
          const to = isTooSlow ? Math.min(from + step, body.length - 1) : from + step;
          if (to > from) response.write(body.subarray(from, to));
          from = to;
          if (from >= body.length) {
            trickle?.unsubscribe();
            response.end();
          }
        });
      });
    });
    onward.end();
  };

  const listen = async (port: number): Promise<Server> => {
    const server = createServer(handle);
    server.on('connection', (socket) => {
      sockets += 1;
      socket.once('close', () => (sockets -= 1));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };

  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    figures,
    exchanges: (provider, id) => exchanges.get(`${provider} ${id}`) ?? [],
    keys: () => [...keys.values()],
    leaves,
    arrives: (number) => {
      const sent = noted.get(number);
      const receivedAtMs = scheduler.now();
      Object.assign(sent?.keyRequest ?? {}, { receivedAtMs, retryAfterMs: sent?.retryAfterMs ?? null });
      sent?.exchanges.forEach((exchange, id) => Object.assign(exchange, { ...sent.replies.get(id), receivedAtMs }));
    },
    sockets: () => sockets,
    stop,
    restart: async () => {
      server = await listen(port);
    },
  };
};

/** The number of pieces of a slow body. */
const steps = 4;
