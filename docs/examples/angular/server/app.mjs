// @ts-check
/**
 * The server behind the page. It holds the keys, watches tasks also without open pages, saves the state of each watch, and sends the
 * progress of all tasks to every page. Routes:
 *
 *     GET  /feed                    the progress feed, as server-sent events
 *     GET  /time                    the time of the clock in use: { nowMs, speed }
 *     GET  /offers                  what can be created, for each account
 *     POST /tasks                   { "task": "provider:id" } adds a task
 *     POST /creations               { key, provider, model, prompt, resolution, seconds } creates a task, once for each key, and adds it
 *     POST /cancellations           { "task": "provider:id" } cancels a task of the feed that is queued
 *     GET  /poll/<provider>/<path>  forwards polls of one task, or of a list by ids, to a provider and adds the key
 *     GET  /…                       the built page
 */
import { createServer } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { concat, connectable, firstValueFrom, from, ReplaySubject, Subject } from 'rxjs';
import { cancelTask, createTask, createTaskClient, toFeed, watchTasks } from 'rx-seedance';
import { openJournal } from 'rx-seedance/node';
import { providerProxy, toNodeListener } from 'rx-seedance/proxy';
import { toServerSentEvents } from 'rx-seedance/sse';
import { undiciTransport } from 'rx-seedance/undici';
import sirv from 'sirv';
import { creationIn, offersFor } from './creations.mjs';

/** @typedef {import('rx-seedance').TaskRef} TaskRef */

const page = fileURLToPath(new URL('../dist/browser', import.meta.url));

const security = {
  'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src http: https:; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Starts the server on this machine.
 *
 * @param {object} options
 * @param {readonly import('rx-seedance').Account[]} options.accounts
 * @param {import('rxjs').SchedulerLike} options.scheduler `asyncScheduler`, or the scheduler of a simulator
 * @param {number} options.speed the speed of the scheduler's clock, 1 for real time
 * @param {readonly TaskRef[]} options.tasks the initial tasks, besides those saved in the directory
 * @param {string} options.directory where the state of each watch is saved
 * @param {number} options.port 0 for any free port
 */
export const startApp = async ({ accounts, scheduler, speed, tasks, directory, port }) => {
  const transport = undiciTransport();
  const client = createTaskClient({ transport, accounts, scheduler });
  /** For pages that watch by themselves. */
  const proxies = new Map(accounts.map((account) => {
    const path = `/poll/${account.provider.id}`;
    return [path, toNodeListener(providerProxy(account, { path, transport }))];
  }));
  const journal = openJournal(directory, { scheduler });
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
    const [pathname = '/'] = request.url?.split('?') ?? [];
    if (!isOwnHost(request.headers.host)) return respond(response, 403, { error: `host ${request.headers.host} is not allowed` });
    if (request.method === 'GET' && pathname === '/feed') {
      response.writeHead(200, events.headers);
      // A closed page is not an error: its stream is cancelled, and no more events are created for it.
      pipeline(Readable.fromWeb(events.stream(request.headers['last-event-id'])), response, () => undefined);
      return;
    }
    if (request.method === 'GET' && pathname === '/time') return respond(response, 200, { nowMs: scheduler.now(), speed });
    if (request.method === 'GET' && pathname === '/offers') return respond(response, 200, offersFor(accounts));
    const action = request.method === 'POST' ? actions[pathname] : undefined;
    if (action !== undefined) return void answer(action, request, response);
    const proxy = proxies.get(pathname.split('/', 3).join('/'));
    if (proxy !== undefined) return proxy(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return respond(response, 405, { error: `${request.method} is not allowed for ${pathname}` });
    serveFile(request, response, () => respond(response, 404, { error: `${pathname} not found` }));
  };

  /** What a POST does with its body. @type {Readonly<Record<string, (body: unknown) => Promise<readonly [status: number, body: object]>>>} */
  const actions = {
    '/tasks': async (body) => {
      const task = refIn(body, accounts);
      added.next(task);
      return [202, { task }];
    },
    '/creations': async (wish) => {
      const { key, account, body } = creationIn(wish, accounts);
      const outcome = await firstValueFrom(createTask(client, account, body, { key, store: journal.creations }));
      switch (outcome.outcome) {
        case 'created':
          added.next(outcome.task);
          return [201, { task: outcome.task }];
        case 'rejected':
          return [422, { error: `Nothing was bought: ${outcome.message}` }];
        case 'unknown':
          return [504, { error: `It is unknown whether the task was created: ${outcome.message}. Another try with the same input does not buy it twice.` }];
      }
    },
    '/cancellations': async (body) => {
      const task = refIn(body, accounts);
      if (journal.watch(task).resumeFrom === undefined) throw new TypeError('only tasks of the feed can be cancelled');
      const { outcome } = await firstValueFrom(cancelTask(client, task));
      return [200, { outcome }];
    },
  };

  /** @param {(body: unknown) => Promise<readonly [status: number, body: object]>} action @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  const answer = async (action, request, response) => {
    try {
      respond(response, ...(await action(await bodyOf(request))));
    } catch (error) {
      const isInvalid = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
      respond(response, isInvalid ? 400 : 502, { error: error instanceof Error ? error.message : String(error) });
    }
  };

  const server = createServer(handle);
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${address.port}/`,
    /** Ends every watch and connection. The tasks continue at their providers; the next start resumes the watches. */
    stop: async () => {
      watching.unsubscribe();
      journal.close();
      events.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
};

/** Rejects other host names, against DNS rebinding. @param {string | undefined} host */
const isOwnHost = (host) => /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(host ?? '');

/** @param {import('node:http').ServerResponse} response @param {number} status @param {object} body */
const respond = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** @param {import('node:http').IncomingMessage} request */
const bodyOf = async (request) => {
  // Forms of other sites cannot post this type.
  if (request.headers['content-type'] !== 'application/json') throw new TypeError('content-type must be application/json');
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 8_192) throw new RangeError('the body must be shorter than 8 kB');
  }
  return JSON.parse(text);
};

/**
 * The task that a body names. Throws unless there is an account for it.
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
  if (!providers.includes(provider)) throw new TypeError(`no account for '${provider}', only for ${providers.join(', ')}`);
  return { provider, id };
};
