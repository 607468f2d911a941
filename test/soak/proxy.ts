/**
 * A server in front of a simulator: hands on what is asked and answered, some of it slowly and in pieces, some of it never to its end.
 * It writes down what is asked, and counts what is open.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { interval, type SchedulerLike, type Subscription } from 'rxjs';
import { fraction } from '../../src/simulator/random.js';
import { findRoute } from '../../src/simulator/routes.js';
import { resultOf, resultsOf } from './reading.js';
import type { Exchange, Result } from './records.js';

/** The header by which a request says its number. */
export const numberHeader = 'x-soak-number';

export interface Front {
  readonly url: string;
  readonly exchanges: (provider: string, id: string) => readonly Exchange[];
  /** Notes a request that leaves for here, and gives its number: one that meets no server is a question as well. */
  readonly leaves: (url: string) => string;
  /** Notes what the answer to a request told, once the client has it. */
  readonly arrives: (number: string) => void;
  readonly figures: { requests: number; twice: number; lists: number; questions: number; slow: number; tooSlow: number; underWay: number };
  /** How many connections are open. */
  readonly sockets: () => number;
  readonly stop: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** A request that has left. */
interface Noted {
  readonly isList: boolean;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  hasCome: boolean;
  /** What it told, as soon as the client has it. */
  results: ReadonlyMap<string, Result>;
}

export interface FrontOptions {
  readonly target: string;
  readonly seed: number;
  /** How long clients wait for an answer. */
  readonly requestTimeoutMs: number;
  /** The time in which all of it happens. */
  readonly scheduler: SchedulerLike;
}

export const startFront = async ({ target, seed, requestTimeoutMs, scheduler }: FrontOptions): Promise<Front> => {
  const figures: Front['figures'] = { requests: 0, twice: 0, lists: 0, questions: 0, slow: 0, tooSlow: 0, underWay: 0 };
  const exchanges = new Map<string, Exchange[]>();
  const noted = new Map<string, Noted>();
  let sockets = 0;

  const leaves = (url: string): string => {
    const { pathname, searchParams } = new URL(url);
    const route = findRoute('GET', pathname);
    if (route === null || (route.kind !== 'get' && route.kind !== 'list')) throw new Error(`no such question: ${url}`);
    const ids = route.kind === 'get' ? [route.id] : searchParams.getAll('filter.task_ids');
    const own = ids.map((id): readonly [string, Exchange] => {
      const exchange: Exchange = { sentAtMs: scheduler.now(), by: route.kind === 'get' ? 'single' : 'list', result: 'nothing', answeredAtMs: null };
      const key = `${route.provider} ${id}`;
      exchanges.set(key, [...(exchanges.get(key) ?? []), exchange]);
      return [id, exchange];
    });
    figures.questions += ids.length;
    figures.lists += Number(route.kind === 'list');
    const number = String(noted.size + 1);
    noted.set(number, { isList: route.kind === 'list', exchanges: new Map(own), hasCome: false, results: new Map() });
    return number;
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const asked = noted.get(String(request.headers[numberHeader]));
    if (asked === undefined) throw new Error(`a request without a number: ${request.url ?? ''}`);
    figures.requests += 1;
    figures.underWay += 1;
    figures.twice += Number(asked.hasCome);
    asked.hasCome = true;
    const luck = fraction(seed, figures.requests, 'body');
    const ids = [...asked.exchanges.keys()];

    const onward = httpRequest(target + (request.url ?? ''), { headers: { authorization: request.headers.authorization ?? '' }, agent: false });
    let trickle: Subscription | undefined;
    response.once('close', () => {
      figures.underWay -= 1;
      trickle?.unsubscribe();
      onward.destroy();
    });
    // Whatever befalls the simulator's connection befalls the client's.
    onward.on('error', () => request.socket.resetAndDestroy());
    onward.once('response', (answer) => {
      const pieces: Buffer[] = [];
      answer.on('error', () => request.socket.resetAndDestroy());
      answer.on('data', (data: Buffer) => void pieces.push(data));
      answer.once('end', () => {
        const body = Buffer.concat(pieces);
        const sent = { status: answer.statusCode ?? 0, body: body.toString() };
        asked.results = asked.isList ? resultsOf(sent, ids) : new Map(ids.map((id) => [id, resultOf(sent)]));
        const { 'retry-after': retryAfter, 'content-type': type } = answer.headers;
        response.writeHead(sent.status, { 'content-length': body.length, ...(type !== undefined && { 'content-type': type }), ...(retryAfter !== undefined && { 'retry-after': retryAfter }) });
        if (luck >= 0.12 || body.length < steps) return void response.end(body);
        figures.slow += 1;
        const isTooSlow = luck < 0.03;
        figures.tooSlow += Number(isTooSlow);
        const step = Math.ceil(body.length / steps);
        let from = 0;
        trickle = interval((requestTimeoutMs * (0.1 + 4 * luck)) / steps, scheduler).subscribe(() => {
          // One that is too slow keeps its last byte to itself.
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
      own?.forEach((exchange, id) => Object.assign(exchange, { result: results?.get(id) ?? 'nothing', answeredAtMs: scheduler.now() }));
    },
    sockets: () => sockets,
    stop,
    restart: async () => {
      server = await listen(port);
    },
  };
};

/** In how many pieces a slow body comes. */
const steps = 4;
