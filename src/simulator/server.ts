// Node's types for this entry point: the rest of the library is compiled without them.
/// <reference types="node" />
/**
 * An HTTP server on loopback: it sends responses and faults, and closes all connections when it stops.
 */
import { createServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FaultResult, SimulatedResponse } from './response.js';

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

/** All bytes of a response: status line, headers and body. */
const rawResponse = (response: ServerResponse, { status, headers, body }: SimulatedResponse): Buffer => {
  const all = { ...response.getHeaders(), ...headers, 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${String(value)}`);
  return Buffer.from([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n'));
};

/** Sends a reply, or applies a fault to the connection. `hang` keeps it open until the client disconnects or the server stops. */
export const send = (response: ServerResponse, reply: FaultResult): void => {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if ('cutAt' in reply) {
    const bytes = rawResponse(response, reply.whole);
    response.socket?.write(bytes.subarray(0, Math.floor(reply.cutAt * bytes.length)));
    response.socket?.destroySoon();
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
