/** A test server on loopback that records its requests, and helpers for streams. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { firstValueFrom, type Observable } from 'rxjs';
import { expect, onTestFinished } from 'vitest';
import type { HttpRequest } from '../../src/transport/transport.js';

export const key = 'sk-5ecret-0123456789abcdef';

export const get = (url: string, headers: Readonly<Record<string, string>> = {}): HttpRequest => ({
  method: 'GET',
  url,
  headers: { authorization: `Bearer ${key}`, ...headers },
});

export interface Loopback {
  readonly url: string;
  /** The paths of the requests, in order. */
  readonly paths: readonly string[];
  readonly requests: readonly IncomingMessage[];
  readonly sockets: readonly Socket[];
  /** Resolves with the next request. */
  readonly nextRequest: () => Promise<Exchange>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<unknown>;
}

/** Serves HTTP until the test ends. Default: never responds. */
export const serve = async (listener: RequestListener = () => undefined): Promise<Loopback> => {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  const requests: IncomingMessage[] = [];
  const paths: string[] = [];
  server.prependListener('request', (request: IncomingMessage) => {
    requests.push(request);
    paths.push(request.url ?? '');
  });
  onTestFinished(() => server.closeAllConnections());
  const nextRequest = async (): Promise<Exchange> => {
    const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    return { request, response, closed: new Promise((resolve) => request.socket.once('close', resolve)) };
  };
  return { ...(await listen(server)), requests, paths, nextRequest };
};

/** Lets the test write the bytes: calls `speak` with each connection when its request has arrived. */
export const serveBytes = async (speak: (socket: Socket) => void): Promise<Pick<Loopback, 'url' | 'sockets'>> =>
  listen(createSocketServer((socket) => socket.once('data', () => speak(socket))));

const listen = async (server: Server): Promise<Pick<Loopback, 'url' | 'sockets'>> => {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
};

/** An address without a server. */
export const nowhere = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
};

/** The error of a stream. Fails unless it is an `Error` without the key in any of its fields. */
export const errorOf = async (stream: Observable<unknown>): Promise<Error> => {
  const outcome = await firstValueFrom(stream).then(
    (value) => expect.fail(`a value instead of an error: ${inspect(value)}`),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  expect(inspect(outcome, { depth: Infinity, showHidden: true })).not.toContain(key);
  return outcome as Error;
};
