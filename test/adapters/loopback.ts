/** A server of the test's own on loopback, which tells what it saw; and streams as promises. */
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
  /** Paths, in the order of their requests. */
  readonly paths: readonly string[];
  readonly requests: readonly IncomingMessage[];
  readonly sockets: readonly Socket[];
  /** The next request from now on. */
  readonly asked: () => Promise<Exchange>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<unknown>;
}

/** Answers HTTP until the test ends. Default: never answers. */
export const serve = async (listener: RequestListener = () => undefined): Promise<Loopback> => {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  const requests: IncomingMessage[] = [];
  const paths: string[] = [];
  server.prependListener('request', (request: IncomingMessage) => {
    requests.push(request);
    paths.push(request.url ?? '');
  });
  onTestFinished(() => server.closeAllConnections());
  const asked = async (): Promise<Exchange> => {
    const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    return { request, response, closed: new Promise((resolve) => request.socket.once('close', resolve)) };
  };
  return { ...(await listen(server)), requests, paths, asked };
};

/** Lets the test write the bytes: `speak` is called with each connection once its request has arrived. */
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

/** An address where nobody listens. */
export const nowhere = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
};

/** The error of a stream, which must be an `Error` and hold nothing of the key, however closely it is looked at. */
export const errorOf = async (stream: Observable<unknown>): Promise<Error> => {
  const outcome = await firstValueFrom(stream).then(
    (value) => expect.fail(`no error but ${inspect(value)}`),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  expect(inspect(outcome, { depth: Infinity, showHidden: true })).not.toContain(key);
  return outcome as Error;
};
