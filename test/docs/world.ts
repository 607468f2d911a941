/**
 * The world in which a program of the documentation runs: loaded before it, in its process. No program needs the network.
 *
 * - Every https connection ends at the simulator, so the providers' own addresses work as they are, and so does any proxy's.
 * - Any task id is good: a task is born, healthy, when it is first asked for.
 * - Time jumps over idle waits (idle-clock.ts), so that a five-minute video takes milliseconds and every run has the same times.
 * - Every provider's key and a task's id are in the environment, as `ANYFAST_API_KEY`, `ANYFAST_TASK_ID` and so on: see run.ts.
 */
import { createServer, request as send, Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import { installIdleClock } from './idle-clock.js';

const clock = installIdleClock();

// A connection being made and a question without its answer are on their way, whichever server of this process they are for.
const { connect: connectSocket } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const over = clock.begin();
  for (const event of ['connect', 'close']) this.once(event, over);
  return Reflect.apply(connectSocket, this, args);
} as typeof connectSocket;
const { emit } = Server.prototype;
Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]) {
  if (event === 'request') (args[1] as ServerResponse).once('close', clock.begin());
  return Reflect.apply(emit, this, [event, ...args]);
};

// Not before the clock: it looks at the time.
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

/** Stands before the simulator, and knows where each question belongs. */
const gate = createServer((question, answer) => {
  const { method, headers, url = '/' } = question;
  const goal = providers.answerTo({ host: headers.host ?? '', url });
  const onward = send(goal.url, { method, headers: { ...headers, ...goal.headers }, agent: false }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
    reply.once('error', () => answer.destroy());
  });
  onward.once('error', () => answer.destroy());
  answer.once('close', () => onward.destroy());
  question.pipe(onward);
});
await unheld(() => new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve)));
const { port } = gate.address() as AddressInfo;

/** A TLS connection that is a plain one, to the gate. */
const connect = (): net.Socket => {
  const socket = net.connect(port, '127.0.0.1');
  // What `undici`, `fetch` and `node:https` look at.
  Object.assign(socket, { alpnProtocol: false, authorized: true, encrypted: true, getSession: () => undefined });
  return socket.once('connect', () => socket.emit('secureConnect'));
};
Object.assign(tls, { connect });
syncBuiltinESMExports();
