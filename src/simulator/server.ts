// Types of Node for this leaf: the rest of the library is compiled without them.
/// <reference types="node" />
/**
 * Node's HTTP server, as far as it is needed: listens on loopback, sends what it is told to, stops at once. Knows no tasks.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultResult } from './faults.js';

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Cuts every connection. Resolves when the port is free; again when called again. */
  readonly close: () => Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Listens on 127.0.0.1.
 *
 * Errors: rejects with Node's own error when the port is taken.
 */
export const listen = async (port: number, handle: Handler): Promise<Listening> => {
  const server = createServer((request, response) => {
    // Whatever happens to one request is the end of that connection, never of the server.
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** The whole body of a request, as text. */
export const readBody = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
};

/** Sends an answer, or does to the connection what a fault does. A hanging one stays open until the client leaves or the server stops. */
export const send = (response: ServerResponse, answer: FaultResult): void => {
  if (answer === 'hang') return;
  if (answer === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length }).end(body);
};

/** Sends bytes as they are made; `cut` ends the connection after them, whatever length the headers announced. */
export const sendBytes = async (response: ServerResponse, bytes: Iterable<Uint8Array>, cut: boolean): Promise<void> => {
  await pipeline(Readable.from(bytes), response, { end: !cut });
  if (cut) response.socket?.end();
};
