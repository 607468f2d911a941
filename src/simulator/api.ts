/**
 * Responds to one request to a provider, before faults.
 */
import { json } from './response.js';
import type { SimulatedResponse } from './response.js';
import { listTasks } from './ark-list.js';
import { readCreateBody } from './create-body.js';
import type { Route } from './routes.js';
import { sites } from './sites.js';
import type { Scenario } from './scenario.js';
import type { TaskStore } from './task-store.js';
import type { TaskView } from './task-view.js';

/** A request after routing. */
export interface ApiRequest {
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Whether it carries a key that the provider accepts. */
  readonly authorized: boolean;
  readonly requestId: string;
}

/** The response of a provider's API. Never throws for anything that a client can send. */
export const createApiResponse = (tasks: TaskStore, { route, query, body, authorized, requestId }: ApiRequest): SimulatedResponse => {
  const { dialect, promptFields } = sites[route.provider];
  if (!authorized) return dialect.errorResponse('unauthorized', 'The API key is missing or unknown.', requestId);
  try {
    switch (route.kind) {
      case 'create': {
        const { id, scenario, createdAtMs } = tasks.submit(route.provider, readCreateBody(body, promptFields));
        return json(200, dialect.created({ id, scenario, createdAt: Math.floor(createdAtMs / 1000) }));
      }
      case 'list': {
        const { total, views } = listTasks(tasks.views(route.provider), query);
        return json(200, { total, items: views.map(dialect.task) });
      }
      case 'get':
      case 'delete': {
        const task = tasks.find(route);
        const view = task === null ? null : tasks.view(task);
        if (task === null || view === null) return dialect.errorResponse('unknown-task', `There is no task ${route.id}.`, requestId);
        if (route.kind === 'get') return json(200, dialect.task(view));
        const deletion = deletionOf(view.phase, tasks.elapsedMs(task));
        if (deletion === null) return dialect.errorResponse('not-deletable', `Cannot delete task \`${task.id}\` because it is currently ${view.phase}.`, requestId);
        tasks.reschedule(task, deletion);
        return json(200, {});
      }
    }
  } catch (error) {
    if (error instanceof RangeError) return dialect.errorResponse('bad-request', error.message, requestId);
    throw error;
  }
};

/** Ark cancels a queued task and forgets a finished one. The response for a cancelled task is undocumented: an error here. */
const deletionOf = (phase: TaskView['phase'], elapsedMs: number): Partial<Scenario> | null => {
  switch (phase) {
    case 'queued':
      return { outcome: 'cancelled', queueMs: Math.max(0, elapsedMs) };
    case 'succeeded':
    case 'failed':
    case 'expired':
      return { outcome: 'disappears' };
    case 'running':
    case 'cancelled':
    case 'unknown':
      return null;
  }
};
