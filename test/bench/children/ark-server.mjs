/**
 * Ark on loopback, in a process of its own, so that its work is not counted. A task is running until it has been polled
 * `pollsPerTask` times; then it has succeeded. It knows every id that looks like one of Ark's, and counts its requests.
 *
 * It speaks HTTP on bare sockets, as much of it as the contenders need: `node:http` would be slower than the fastest of them, and
 * they would be measured waiting for it.
 */
import { createServer } from 'node:net';
import { arkHeaders, arkList, arkTask } from '../ark-responses.mjs';
import { options } from '../child.mjs';

/** How often each task has been polled. @type {Map<string, number>} */
const polled = new Map();
let requests = 0;
/** Those that are not part of a warm-up: follow.mjs marks the ids. */
let measuredRequests = 0;
let polls = 0;

const askAbout = (/** @type {string} */ id) => {
  const count = (polled.get(id) ?? 0) + 1;
  polled.set(id, count);
  polls += 1;
  return arkTask(id, count < options.pollsPerTask ? 'running' : 'succeeded');
};

const isKnown = (/** @type {string} */ id) => id.startsWith('cgt-');

const path = '/api/v3/contents/generations/tasks';

/** What a request line polls for; null for what is not there. */
const bodyFor = (/** @type {string} */ target) => {
  if (target.startsWith(`${path}/`)) {
    const id = decodeURIComponent(target.slice(path.length + 1));
    return isKnown(id) ? askAbout(id) : null;
  }
  if (!target.startsWith(`${path}?`)) return null;
  // What is not on the page has not been told.
  const { total, items } = arkList(new URLSearchParams(target.slice(path.length + 1)), (id) => (isKnown(id) ? id : null));
  return { total, items: items.map(askAbout) };
};

const fixedHeaders = Object.entries({ ...arkHeaders, connection: 'keep-alive' }).map(([name, value]) => `${name}: ${value}\r\n`).join('');

const answerTo = (/** @type {string} */ request) => {
  requests += 1;
  const target = /^GET (\S+) HTTP\/1\.1\r\n/.exec(request)?.[1] ?? '';
  if (/-t\d/.test(target)) measuredRequests += 1;
  const body = bodyFor(target);
  // All ASCII: as many bytes as characters.
  const text = JSON.stringify(body ?? { error: { code: 'ResourceNotFound', message: 'not there' } });
  const status = body === null ? '404 Not Found' : '200 OK';
  return `HTTP/1.1 ${status}\r\ndate: ${new Date().toUTCString()}\r\n${fixedHeaders}content-length: ${text.length}\r\n\r\n${text}`;
};

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    received += chunk;
    // No request has a body, and none is sent before the last one is answered.
    if (!received.endsWith('\r\n\r\n')) return;
    socket.write(answerTo(received), 'latin1');
    received = '';
  });
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ origin: `http://127.0.0.1:${address?.port}` });
});

process.on('message', () => {
  process.send?.({ requests, measuredRequests, polls });
  [requests, measuredRequests, polls] = [0, 0, 0];
  polled.clear();
});
process.on('disconnect', () => process.exit());
