// Node's types for this entry point: the rest of the library is compiled without them.
/// <reference types="node" />
/**
 * An HTTP server on loopback: it sends responses and faults, and closes all connections when it stops.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultResult } from './faults.js';

/** A listening server. */
export interface Listening {
  readonly port: number;
  /** Closes every connection. Resolves when the port is free. May be called again. */
  readonly close: () => Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Listens on 127.0.0.1.
 *
 * Rejects with Node's own error when the port is in use.
 */
export const listen = async (port: number, handle: Handler): Promise<Listening> => {
  const server = createServer((request, response) => {
    // An error in one request ends its connection, never the server.
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

/** The complete body of a request as a string. */
export const readBody = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
};

/** Sends a reply, or applies a fault to the connection. `hang` keeps it open until the client disconnects or the server stops. */
export const send = (response: ServerResponse, reply: FaultResult): void => {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length }).end(body);
};

/** Streams bytes. `cut` closes the connection after them, before the length in the headers is reached. */
export const sendBytes = async (response: ServerResponse, bytes: Iterable<Uint8Array>, cut: boolean): Promise<void> => {
  await pipeline(Readable.from(bytes), response, { end: !cut });
  if (cut) response.socket?.end();
};
