/**
 * A proxy in front of a simulator. It sends some responses slowly in pieces, and some of these never end. It records each request
 * and counts open connections.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { interval, type SchedulerLike, type Subscription } from 'rxjs';
import { fraction } from '../../src/simulator/random.js';
import { findRoute } from '../../src/simulator/routes.js';
import { resultOf, resultsOf } from './reading.js';
import type { Exchange, Result } from './records.js';

/** The header with the number of a request. */
export const numberHeader = 'x-soak-number';

export interface RecordingProxy {
  readonly url: string;
  readonly exchanges: (provider: string, id: string) => readonly Exchange[];
  /** Records a request when it is sent, and returns its number. A request that reaches no server counts too. */
  readonly leaves: (url: string) => string;
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
  readonly isList: boolean;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  hasArrived: boolean;
  /** The results in its response, by task id. */
  results: ReadonlyMap<string, Result>;
}

export interface ProxyOptions {
  readonly target: string;
  readonly seed: number;
  /** The clients' timeout of a request. */
  readonly requestTimeoutMs: number;
  readonly scheduler: SchedulerLike;
}

export const startProxy = async ({ target, seed, requestTimeoutMs, scheduler }: ProxyOptions): Promise<RecordingProxy> => {
  const figures: RecordingProxy['figures'] = { requests: 0, twice: 0, lists: 0, polls: 0, slow: 0, tooSlow: 0, underWay: 0 };
  const exchanges = new Map<string, Exchange[]>();
  const noted = new Map<string, Noted>();
  let sockets = 0;

  const leaves = (url: string): string => {
    const { pathname, searchParams } = new URL(url);
    const route = findRoute('GET', pathname);
    if (route === null || (route.kind !== 'get' && route.kind !== 'list')) throw new Error(`unknown request: ${url}`);
    const ids = route.kind === 'get' ? [route.id] : searchParams.getAll('filter.task_ids');
    const own = ids.map((id): readonly [string, Exchange] => {
      const exchange: Exchange = { sentAtMs: scheduler.now(), by: route.kind === 'get' ? 'single' : 'list', result: 'no-response', receivedAtMs: null };
      const key = `${route.provider} ${id}`;
      exchanges.set(key, [...(exchanges.get(key) ?? []), exchange]);
      return [id, exchange];
    });
    figures.polls += ids.length;
    figures.lists += Number(route.kind === 'list');
    const number = String(noted.size + 1);
    noted.set(number, { isList: route.kind === 'list', exchanges: new Map(own), hasArrived: false, results: new Map() });
    return number;
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const sent = noted.get(String(request.headers[numberHeader]));
    if (sent === undefined) throw new Error(`request without a number: ${request.url ?? ''}`);
    figures.requests += 1;
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
        const body = Buffer.concat(pieces);
        const reply = { status: upstream.statusCode ?? 0, body: body.toString() };
        sent.results = sent.isList ? resultsOf(reply, ids) : new Map(ids.map((id) => [id, resultOf(reply)]));
        const { 'retry-after': retryAfter, 'content-type': type } = upstream.headers;
        response.writeHead(reply.status, { 'content-length': body.length, ...(type !== undefined && { 'content-type': type }), ...(retryAfter !== undefined && { 'retry-after': retryAfter }) });
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
    leaves,
    arrives: (number) => {
      const { exchanges: own, results } = noted.get(number) ?? {};
      own?.forEach((exchange, id) => Object.assign(exchange, { result: results?.get(id) ?? 'no-response', receivedAtMs: scheduler.now() }));
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
