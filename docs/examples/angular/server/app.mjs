// @ts-check
/**
 * The server behind the page. It holds the keys, watches whether or not anybody looks, keeps the state of each watch, and tells every
 * page what becomes of the tasks. What it serves:
 *
 *     GET  /feed                    the progress feed, as server-sent events
 *     GET  /time                    what the clock says by which all of this happens: { nowMs, speed }
 *     POST /tasks                   { "task": "provider:id" }: one more task
 *     GET  /ask/<provider>/<path>   one question to a provider, asked with the key that the page does not have
 *     GET  /…                       the built page
 */
import { createServer } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { concat, connectable, from, ReplaySubject, Subject } from 'rxjs';
import { createTaskClient, toFeed, watchTasks } from 'rx-seedance';
import { openJournal } from 'rx-seedance/node';
import { toServerSentEvents } from 'rx-seedance/sse';
import { undiciTransport } from 'rx-seedance/undici';
import sirv from 'sirv';
import { askProvider } from './ask-provider.mjs';

/** @typedef {import('rx-seedance').TaskRef} TaskRef */

const page = fileURLToPath(new URL('../dist/browser', import.meta.url));

const security = {
  'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src http: https:; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Starts it on this machine.
 *
 * @param {object} options
 * @param {readonly import('rx-seedance').Account[]} options.accounts
 * @param {import('rxjs').SchedulerLike} options.scheduler the time in which the tasks live: `asyncScheduler`, or that of a simulator
 * @param {number} options.speed how many times as fast as real time that is
 * @param {readonly TaskRef[]} options.tasks to begin with, beside those that the directory knows
 * @param {string} options.directory where the state of each watch is kept
 * @param {number} options.port 0: any free one
 */
export const startApp = async ({ accounts, scheduler, speed, tasks, directory, port }) => {
  const client = createTaskClient({ transport: undiciTransport(), accounts, scheduler });
  const journal = openJournal(directory);
  /** @type {Subject<TaskRef>} */
  const added = new Subject();
  const known = journal.states().map(({ task }) => task);
  const feed$ = connectable(
    concat(from([...known, ...tasks]), added).pipe(watchTasks(client, { watch: journal.watch }), toFeed()),
    { connector: () => new ReplaySubject(1) },
  );
  const events = toServerSentEvents(feed$);
  const watching = feed$.connect();
  const serveFile = sirv(page, { etag: true, single: false });

  /** @type {import('node:http').RequestListener} */
  const handle = (request, response) => {
    for (const [name, value] of Object.entries(security)) response.setHeader(name, value);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (!isOwnHost(request.headers.host)) return answer(response, 403, { error: `not for ${request.headers.host}` });
    if (request.method === 'GET' && pathname === '/feed') {
      response.writeHead(200, events.headers);
      // A page that leaves is no error: its stream is cancelled, and so nothing is made for it any more.
      pipeline(Readable.fromWeb(events.stream(request.headers['last-event-id'])), response, () => undefined);
      return;
    }
    if (request.method === 'GET' && pathname === '/time') return answer(response, 200, { nowMs: scheduler.now(), speed });
    if (request.method === 'POST' && pathname === '/tasks') return void add(request, response);
    if (request.method === 'GET' && pathname.startsWith('/ask/')) return void askProvider(accounts, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, { error: `${request.method} is not for ${pathname}` });
    serveFile(request, response, () => answer(response, 404, { error: `there is no ${pathname}` }));
  };

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  const add = async (request, response) => {
    try {
      const task = refIn(await bodyOf(request), accounts);
      added.next(task);
      answer(response, 202, { task });
    } catch (error) {
      answer(response, 400, { error: error instanceof Error ? error.message : String(error) });
    }
  };

  const server = createServer(handle);
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${address.port}/`,
    /** Ends every watch and connection. The tasks go on at their providers; so does the next start. */
    stop: async () => {
      watching.unsubscribe();
      journal.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
};

/** A page of another site that calls itself by a name of its own must not reach this server. @param {string | undefined} host */
const isOwnHost = (host) => /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(host ?? '');

/** @param {import('node:http').ServerResponse} response @param {number} status @param {object} body */
const answer = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** @param {import('node:http').IncomingMessage} request */
const bodyOf = async (request) => {
  // A form of another site can post anything but this.
  if (request.headers['content-type'] !== 'application/json') throw new TypeError('content-type must be application/json');
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 4_096) throw new RangeError('the body must be shorter than 4 kB');
  }
  return JSON.parse(text);
};

/**
 * The task that a body names, if there is an account for it.
 *
 * @param {unknown} body
 * @param {readonly import('rx-seedance').Account[]} accounts
 * @returns {TaskRef}
 */
const refIn = (body, accounts) => {
  const text = typeof body === 'object' && body !== null && 'task' in body ? body.task : undefined;
  const [, provider = '', id = ''] = (typeof text === 'string' && /^([^:\s]+):(\S+)$/.exec(text.trim())) || [];
  if (id === '') throw new TypeError(`task must be provider:id, not ${JSON.stringify(text)}`);
  const providers = accounts.map(({ provider: { id: name } }) => name);
  if (!providers.includes(provider)) throw new TypeError(`there is no account for '${provider}', only for ${providers.join(', ')}`);
  return { provider, id };
};
