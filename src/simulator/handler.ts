/**
 * Handles each request: routing, keys, the rate limit, faults, the response and the log.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json, withRetryAfter } from './response.js';
import type { SimulatedResponse, ErrorKind, FaultResult } from './response.js';
import { createApiResponse } from './api.js';
import { applyCreationFault } from './creation-faults.js';
import { applyFault } from './faults.js';
import type { FaultKind, Faults } from './faults.js';
import { createFileResponse } from './file-response.js';
import { lastFrameFile } from './last-frame.js';
import type { Links } from './links.js';
import type { Settings } from './options.js';
import { randomString } from './random.js';
import type { RateLimiter } from './rate-limiter.js';
import type { RequestEntry, RequestLog } from './request-log.js';
import { filePath, findFile, findRoute } from './routes.js';
import type { Route } from './routes.js';
import { readBody, send, sendBytes } from './server.js';
import type { Handler } from './server.js';
import { sites } from './sites.js';
import type { SimulatedTask, TaskStore } from './task-store.js';
import { videoFile } from './video-file.js';

/** The parts that a handler uses. */
export interface HandlerParts {
  readonly settings: Settings;
  readonly tasks: TaskStore;
  readonly faults: Faults;
  readonly limiter: RateLimiter;
  readonly links: Links;
  readonly log: RequestLog;
}

/** The handler of every request. */
export const createHandler = ({ settings, tasks, faults, limiter, links, log }: HandlerParts): Handler => {
  const { keys, clock, fileBytes } = settings;
  let requestCount = 0;

  type Note = Omit<RequestEntry, 'atMs' | 'method' | 'path' | 'limited'> & Partial<Pick<RequestEntry, 'limited'>>;

  const note = ({ method = '', url = '' }: IncomingMessage, entry: Note): void =>
    log.add({ atMs: clock(), method, path: url, limited: false, ...entry });

  const handleApi = async (request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> => {
    requestCount += 1;
    const requestId = `sim-request-${requestCount}`;
    const { provider } = route;
    const id = 'id' in route ? route.id : null;
    const [, query = ''] = (request.url ?? '').split('?', 2);
    const { authorization = '' } = request.headers;
    const errorResponse = (why: ErrorKind, detail: string): SimulatedResponse => sites[provider].dialect.errorResponse(why, detail, requestId);
    const body = await readBody(request);
    const task = { provider, id: id ?? '' };
    const isPoll = route.kind === 'get' || route.kind === 'list';
    const pollNumber = isPoll ? log.countPoll(task) : 0;

    // The limit comes first: a rejected request creates no task and uses up no fault.
    const rejection = limiter.check(`${provider} ${authorization}`, Math.floor(clock()));
    if (rejection !== null) {
      const reply = withRetryAfter(errorResponse('rate-limited', 'Too many requests.'), rejection.retryAfterSeconds);
      note(request, { provider, id, status: reply.status, fault: null, limited: true });
      send(response, reply);
      return;
    }

    const respond = (): SimulatedResponse =>
      createApiResponse(tasks, {
        route,
        query: new URLSearchParams(query),
        body,
        authorized: keys[provider].some((key) => authorization === `Bearer ${key}`),
        requestId,
      });
    const reply = (fault: FaultKind | null, result: FaultResult): void => {
      const sent = typeof result === 'string' ? null : 'cutAt' in result ? result.whole : result;
      note(request, { provider, id, status: sent?.status ?? null, fault });
      send(response, result);
    };
    if (route.kind === 'create') {
      const fault = faults.forCreation(provider, body);
      if (fault === null) reply(null, respond());
      else reply(fault.kind, applyCreationFault(fault.kind, respond, errorResponse, fault.cutAt));
      return;
    }
    // A deletion is final, so it gets no fault.
    const fault = isPoll ? faults.forPoll(task, pollNumber) : null;
    const withoutFault = respond();
    reply(fault, fault === null ? withoutFault : applyFault(fault, withoutFault, errorResponse));
  };

  const handleFile = async (request: IncomingMessage, response: ServerResponse, path: string, task: SimulatedTask): Promise<void> => {
    const { provider, id, scenario } = task;
    const { method = '', url = '', headers } = request;
    const file = path === filePath(task, 'last-frame') ? lastFrameFile(filePath(task, 'video')) : videoFile(path, scenario.durationMs, fileBytes);
    // Like the tag of an upload in parts: it is not the MD5 of the file.
    const etag = `"${randomString(32, '0123456789abcdef', path, file.size)}-2"`;
    const reply = createFileResponse({ method, headers, link: links.check(url, clock()) }, file, etag);
    if (!('part' in reply)) {
      note(request, { provider, id, status: reply.status, fault: null });
      send(response, reply);
      return;
    }
    const { first, last } = reply.part;
    const cut = faults.forDownload(task);
    note(request, { provider, id, status: reply.status, fault: cut ? 'cut-download' : null });
    response.writeHead(reply.status, reply.headers);
    await sendBytes(response, file.read(first, cut ? Math.floor((first + last) / 2) : last), cut);
  };

  return async (request, response) => {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?', 1);
    const route = findRoute(method, path);
    response.setHeader('date', new Date(clock()).toUTCString());
    if (route !== null) return handleApi(request, response, route);
    const file = findFile(path);
    const task = file === null ? null : tasks.find(file);
    if (task !== null) return handleFile(request, response, path, task);
    note(request, { provider: null, id: null, status: 404, fault: null });
    const error = { message: `Invalid URL (${method} ${path})`, type: 'invalid_request_error', param: '', code: '' };
    send(response, json(404, { error }));
  };
};
