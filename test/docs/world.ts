/**
 * The world in which a program of the documentation runs: loaded before it, in its process. No program needs the network.
 *
 * - Every https connection ends at the simulator, so the providers' own addresses work as they are, and so does any proxy's.
 * - Any task id is valid: the first request for a task submits it.
 * - Time jumps over idle waits (idle-clock.ts), so that a five-minute video takes milliseconds and every run has the same times.
 * - Every provider's key and a task's id are in the environment, as `ANYFAST_API_KEY`, `ANYFAST_TASK_ID` and so on: see run.ts.
 */
import { createServer, request as send, Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import { installIdleClock } from './idle-clock.js';

const clock = installIdleClock();

// The clock waits for each connection and each request to a server of this process.
const { connect: connectSocket } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const end = clock.begin();
  for (const event of ['connect', 'close']) this.once(event, end);
  return Reflect.apply(connectSocket, this, args);
} as typeof connectSocket;
const { emit } = Server.prototype;
Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]) {
  if (event === 'request') (args[1] as ServerResponse).once('close', clock.begin());
  return Reflect.apply(emit, this, [event, ...args]);
};

// After the clock is installed, because the simulator reads the time.
const { openProviders } = await import('./providers.js');

/** Servers of this world keep no process alive. */
const unheld = async <T>(start: () => T | Promise<T>): Promise<T> => {
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
    this.on('connection', (socket) => socket.unref());
    return Reflect.apply(listen, this, args).unref();
  } as typeof listen;
  try {
    return await start();
  } finally {
    net.Server.prototype.listen = listen;
  }
};

const providers = await unheld(() => openProviders(JSON.parse(process.env.DOCS_PROVIDERS ?? '[]')));

/** Forwards each request to its place in the simulator. The links in its responses lead to a public host, because downloads refuse private ones. */
const proxy = createServer((request, response) => {
  const { method, headers, url = '/' } = request;
  const target = providers.forward({ host: headers.host ?? '', url });
  const forwarded = send(target.url, { method, headers: { ...headers, ...target.headers }, agent: false }, (received) => {
    const hasLinks = received.headers['content-type']?.includes('json') ?? false;
    if (hasLinks) delete received.headers['content-length'];
    response.writeHead(received.statusCode ?? 502, received.headers);
    if (hasLinks) void text(received).then((body) => response.end(body.replaceAll(providers.url, 'https://files.example')), () => response.destroy());
    else received.pipe(response);
    received.once('error', () => response.destroy());
  });
  forwarded.once('error', () => response.destroy());
  response.once('close', () => forwarded.destroy());
  request.pipe(forwarded);
});
await unheld(() => new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve)));
const { port } = proxy.address() as AddressInfo;

/** A plain connection to the proxy that looks like a TLS connection. */
const connect = (): net.Socket => {
  const socket = net.connect(port, '127.0.0.1');
  // What `undici`, `fetch` and `node:https` look at.
  Object.assign(socket, { alpnProtocol: false, authorized: true, encrypted: true, getSession: () => undefined });
  return socket.once('connect', () => socket.emit('secureConnect'));
};
Object.assign(tls, { connect });
syncBuiltinESMExports();
