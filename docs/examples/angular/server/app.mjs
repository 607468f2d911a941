// @ts-check
/**
 * The server behind the page. It holds the keys, watches tasks also without open pages, and sends the progress of all tasks to every page.
 * A task is `provider:id`. Routes:
 *
 *     GET  /feed                    the progress feed, as server-sent events
 *     GET  /time                    the time of the clock in use: { nowMs, speed, isSimulated }
 *     GET  /offers                  what can be created, for each account
 *     GET  /prompts?after=N         the prompts of created tasks, without the first N
 *     GET  /history?task=…          the events of a task
 *     GET  /video?task=…            the saved video; before it is saved, a redirect to the provider's link. With &download, as a file
 *     GET  /frame?task=…            its last frame, likewise
 *     POST /tasks                   { task } adds a task
 *     POST /creations               { key, provider, model, prompt, resolution, seconds } creates a task, once for each key, and adds it
 *     POST /cancellations           { task } cancels a task of the feed that is queued
 *     POST /removals                { task } removes a task from the feed
 *     POST /restarts                {} removes all tasks and starts again, if the providers are simulated
 *     GET  /poll/<provider>/<path>  forwards polls of one task, or of a list by ids, to a provider and adds the key
 *     GET  /…                       the built page
 */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { BehaviorSubject, EMPTY, startWith, Subject, switchMap } from 'rxjs';
import { providerProxy, toNodeListener } from 'rx-seedance/proxy';
import { toServerSentEvents } from 'rx-seedance/sse';
import { undiciTransport } from 'rx-seedance/undici';
import sirv from 'sirv';
import { creationIn, offersFor } from './creations.mjs';
import { followTasks } from './tasks.mjs';

/** @typedef {import('rx-seedance').TaskRef} TaskRef */
/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

const page = fileURLToPath(new URL('../dist/browser', import.meta.url));

const security = {
  'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: http: https:; media-src 'self' http: https:; frame-ancestors 'none'",
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
 * @param {((readers: import('rxjs').Observable<number>) => import('rxjs').Observable<{ task: TaskRef, prompt: string }>) | null} options.submissions
 *   tasks that arrive by themselves, by the number of open pages; null for real providers
 * @param {string} options.directory where the states of watches, notes and videos are saved
 * @param {number} options.port 0 for any free port
 */
export const startApp = async ({ accounts, scheduler, speed, submissions, directory, port }) => {
  const videos = join(directory, 'videos');
  mkdirSync(videos, { recursive: true });
  const transport = undiciTransport();
  const tasks = followTasks({ accounts, transport, scheduler, directory });
  /** For pages that watch by themselves. */
  const proxies = new Map(accounts.map((account) => {
    const path = `/poll/${account.provider.id}`;
    return [path, toNodeListener(providerProxy(account, { path, transport }))];
  }));
  const events = toServerSentEvents(tasks.feed$);
  const servePage = sirv(page, { etag: true });
  const serveSaved = sirv(videos, { dev: true, etag: true });
  const readers = new BehaviorSubject(0);
  const restarts = new Subject();
  const submitting = restarts
    .pipe(startWith(null), switchMap(() => submissions?.(readers) ?? EMPTY))
    .subscribe(({ task, prompt }) => { tasks.add(task, prompt); });

  /** What a GET does. @type {Readonly<Record<string, (query: URLSearchParams, request: Request, response: Response) => void>>} */
  const reads = {
    '/feed': (_, request, response) => {
      response.writeHead(200, events.headers);
      readers.next(readers.value + 1);
      // A closed page is not an error: its stream is cancelled, and no more events are created for it.
      pipeline(Readable.fromWeb(events.stream(request.headers['last-event-id'])), response, () => { readers.next(readers.value - 1); });
    },
    '/time': (_, __, response) => { respond(response, 200, { nowMs: scheduler.now(), speed, isSimulated: submissions !== null }); },
    '/offers': (_, __, response) => { respond(response, 200, offersFor(accounts)); },
    '/prompts': (query, _, response) => { respond(response, 200, tasks.promptsAfter(Number(query.get('after')) || 0)); },
    '/history': (query, _, response) => { respond(response, 200, tasks.history(refIn(query.get('task'), accounts))); },
    '/video': (query, request, response) => { serveFile('video', query, request, response); },
    '/frame': (query, request, response) => { serveFile('frame', query, request, response); },
  };

  /** @param {'video' | 'frame'} kind @param {URLSearchParams} query @param {Request} request @param {Response} response */
  const serveFile = (kind, query, request, response) => {
    const task = refIn(query.get('task'), accounts);
    const snapshot = tasks.row(task)?.snapshot;
    const video = snapshot?.status === 'succeeded' ? snapshot.video : null;
    const saved = tasks.saved(task);
    const [file, link] = kind === 'video' ? [saved, video?.url] : [saved?.lastFrame, video?.lastFrameUrl];
    if (file != null) {
      const name = basename(file.path);
      if (query.has('download')) response.setHeader('content-disposition', `attachment; filename="${name}"`);
      request.url = `/${name}`;
      serveSaved(request, response);
    } else if (link != null) {
      response.writeHead(302, { location: link, 'cache-control': 'no-store' }).end();
    } else {
      respond(response, 404, { error: `${task.provider}:${task.id} has no ${kind}` });
    }
  };

  /** What a POST does with its body. @type {Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => Promise<readonly [status: number, body: object]>>>} */
  const actions = {
    '/tasks': async (body) => {
      const task = refIn(body['task'], accounts);
      tasks.add(task);
      return [202, { task }];
    },
    '/creations': async (wish) => {
      const { account, ...creation } = creationIn(wish, accounts);
      const outcome = await tasks.create(account, creation);
      switch (outcome.outcome) {
        case 'created':
          return [201, { task: outcome.task }];
        case 'rejected':
          return [422, { error: `Nothing was bought: ${outcome.message}` }];
        case 'unknown':
          return [504, { error: `It is unknown whether the task was created: ${outcome.message}. Another try with the same input does not buy it twice.` }];
      }
    },
    '/cancellations': async (body) => {
      const task = rowIn(body).task;
      const { outcome } = await tasks.cancel(task);
      return [200, { outcome }];
    },
    '/removals': async (body) => {
      const { task } = rowIn(body);
      tasks.remove(task);
      return [200, { task }];
    },
    '/restarts': async () => {
      if (submissions === null) throw new TypeError('only simulated providers can start again');
      tasks.removeAll();
      restarts.next(null);
      return [202, {}];
    },
  };

  /** The row of the task that a body names. Throws unless it is in the feed. @param {Readonly<Record<string, unknown>>} body */
  const rowIn = (body) => {
    const task = refIn(body['task'], accounts);
    const row = tasks.row(task);
    if (row === undefined) throw new TypeError(`${task.provider}:${task.id} is not in the feed`);
    return row;
  };

  /** @type {import('node:http').RequestListener} */
  const handle = (request, response) => {
    for (const [name, value] of Object.entries(security)) response.setHeader(name, value);
    const [pathname = '/', query] = request.url?.split('?') ?? [];
    if (!isOwnHost(request.headers.host)) return respond(response, 403, { error: `host ${request.headers.host} is not allowed` });
    const read = request.method === 'GET' && Object.hasOwn(reads, pathname) ? reads[pathname] : undefined;
    const action = request.method === 'POST' && Object.hasOwn(actions, pathname) ? actions[pathname] : undefined;
    if (read !== undefined) return void answer(async () => { read(new URLSearchParams(query), request, response); }, response);
    if (action !== undefined) return void answer(async () => { respond(response, ...(await action(await bodyOf(request)))); }, response);
    const proxy = proxies.get(pathname.split('/', 3).join('/'));
    if (proxy !== undefined) return proxy(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return respond(response, 405, { error: `${request.method} is not allowed for ${pathname}` });
    servePage(request, response, () => respond(response, 404, { error: `${pathname} not found` }));
  };

  const server = createServer(handle);
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${address.port}/`,
    /** Ends every watch and connection. The tasks continue at their providers; the next start resumes the watches. */
    stop: async () => {
      submitting.unsubscribe();
      tasks.stop();
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

/** Answers an error of the input with 400, and any other error with 502. @param {() => Promise<void>} work @param {Response} response */
const answer = async (work, response) => {
  try {
    await work();
  } catch (error) {
    const isInvalid = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
    respond(response, isInvalid ? 400 : 502, { error: error instanceof Error ? error.message : String(error) });
  }
};

/** @param {Response} response @param {number} status @param {object} body */
const respond = (response, status, body) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** @param {Request} request @returns {Promise<Readonly<Record<string, unknown>>>} */
const bodyOf = async (request) => {
  // Forms of other sites cannot post this type.
  if (request.headers['content-type'] !== 'application/json') throw new TypeError('content-type must be application/json');
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > 8_192) throw new RangeError('the body must be shorter than 8 kB');
  }
  const body = JSON.parse(text);
  if (typeof body !== 'object' || body === null) throw new TypeError('the body must be a JSON object');
  return body;
};

/**
 * A task that is written `provider:id`. Throws unless there is an account for it.
 *
 * @param {unknown} text
 * @param {readonly import('rx-seedance').Account[]} accounts
 * @returns {TaskRef}
 */
const refIn = (text, accounts) => {
  const [, provider = '', id = ''] = (typeof text === 'string' && /^([^:\s]+):(\S+)$/.exec(text.trim())) || [];
  if (id === '') throw new TypeError(`task must be provider:id, not ${JSON.stringify(text ?? null)}`);
  const providers = accounts.map(({ provider: { id: name } }) => name);
  if (!providers.includes(provider)) throw new TypeError(`no account for '${provider}', only for ${providers.join(', ')}`);
  return { provider, id };
};
