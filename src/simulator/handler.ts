/**
 * Takes each request from its path to its answer: routing, keys, faults, the log. Decides nothing that a ring below decides.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from './answer.js';
import { answerApi } from './api.js';
import { disturb } from './faults.js';
import type { Faults } from './faults.js';
import { answerFile } from './file-answer.js';
import type { Links } from './links.js';
import type { Settings } from './options.js';
import { letters } from './random.js';
import type { RequestEntry, RequestLog } from './request-log.js';
import { findFile, findRoute } from './routes.js';
import type { Route } from './routes.js';
import { readBody, send, sendBytes } from './server.js';
import type { Handler } from './server.js';
import { sites } from './sites.js';
import type { SimulatedTask, TaskStore } from './task-store.js';
import { videoFile } from './video-file.js';

/** What a handler works on. */
export interface HandlerParts {
  readonly settings: Settings;
  readonly tasks: TaskStore;
  readonly faults: Faults;
  readonly links: Links;
  readonly log: RequestLog;
}

/** The handler of every request. */
export const createHandler = ({ settings, tasks, faults, links, log }: HandlerParts): Handler => {
  const { keys, clock, fileBytes } = settings;
  let requestCount = 0;

  const note = ({ method = '', url = '' }: IncomingMessage, entry: Omit<RequestEntry, 'atMs' | 'method' | 'path'>): void =>
    log.add({ atMs: clock(), method, path: url, ...entry });

  const handleApi = async (request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> => {
    requestCount += 1;
    const requestId = `sim-request-${requestCount}`;
    const { provider } = route;
    const id = 'id' in route ? route.id : null;
    const [, query = ''] = (request.url ?? '').split('?', 2);
    const truth = answerApi(tasks, {
      route,
      query: new URLSearchParams(query),
      body: await readBody(request),
      authorized: keys[provider].some((key) => request.headers.authorization === `Bearer ${key}`),
      requestId,
    });
    // Faults befall questions alone: a creation costs money and a deletion is final, so whoever sends one must know what it did.
    const asked = { provider, id: id ?? '' };
    const isAsk = route.kind === 'get' || route.kind === 'list';
    const fault = isAsk ? faults.forAsk(asked, log.countAsk(asked)) : null;
    const refuse = sites[provider].dialect.refuse;
    const answer = fault === null ? truth : disturb(fault, truth, (why, detail) => refuse(why, detail, requestId));
    note(request, { provider, id, status: typeof answer === 'string' ? null : answer.status, fault });
    send(response, answer);
  };

  const handleFile = async (request: IncomingMessage, response: ServerResponse, path: string, task: SimulatedTask): Promise<void> => {
    const { provider, id, plan } = task;
    const { method = '', url = '', headers } = request;
    const file = videoFile(path, plan.durationMs, fileBytes);
    const etag = `"${letters(32, '0123456789abcdef', path, file.size)}"`;
    const answer = answerFile({ method, headers, link: links.check(url, clock()) }, file.size, etag);
    if (!('part' in answer)) {
      note(request, { provider, id, status: answer.status, fault: null });
      send(response, answer);
      return;
    }
    const { first, last } = answer.part;
    const cut = faults.forDownload(task);
    note(request, { provider, id, status: answer.status, fault: cut ? 'cut-download' : null });
    response.writeHead(answer.status, answer.headers);
    await sendBytes(response, file.read(first, cut ? Math.floor((first + last) / 2) : last), cut);
  };

  return async (request, response) => {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?', 1);
    const route = findRoute(method, path);
    if (route !== null) return handleApi(request, response, route);
    const file = findFile(path);
    const task = file === null ? null : tasks.find(file);
    if (task !== null) return handleFile(request, response, path, task);
    note(request, { provider: null, id: null, status: 404, fault: null });
    const error = { message: `Invalid URL (${method} ${path})`, type: 'invalid_request_error', param: '', code: '' };
    send(response, json(404, { error }));
  };
};
