/**
 * Ark's list of tasks: filters and pages.
 * Source: the API reference of Volcengine Ark and of PowerTokens. The order of items (here: newest first) and the default page
 * (here: the first ten) are undocumented. So are ids as `filter.task_ids[0]` and `id`, which public clients send: here they filter too.
 */
import type { TaskView } from './task-view.js';

/** The statuses that `filter.status` accepts: all but `expired`. */
const statuses = ['queued', 'running', 'cancelled', 'succeeded', 'failed'];

const idFilter = /^(?:filter\.task_ids(?:\[\d*\])?|id)$/;

const pageNumber = (query: URLSearchParams, name: string, fallback: number): number => {
  const value = Number(query.get(name) ?? fallback);
  if (!(Number.isInteger(value) && value >= 1 && value <= 500)) {
    throw new RangeError(`${name} must be an integer from 1 to 500; it is ${query.get(name)}`);
  }
  return value;
};

/**
 * One page of tasks. Flex tasks are listed only under `filter.service_tier=flex`. Unknown ids are left out.
 *
 * Throws `RangeError` unless the page is an integer from 1 to 500 and the status is one of the filter's.
 */
export const listTasks = (
  views: readonly TaskView[],
  query: URLSearchParams,
): { readonly total: number; readonly views: readonly TaskView[] } => {
  const size = pageNumber(query, 'page_size', 10);
  const start = (pageNumber(query, 'page_num', 1) - 1) * size;
  const status = query.get('filter.status');
  if (status !== null && !statuses.includes(status)) {
    throw new RangeError(`filter.status must be one of ${statuses.join(', ')}; it is ${status}`);
  }
  const ids = new Set([...query].filter(([name]) => idFilter.test(name)).map(([, id]) => id));
  const model = query.get('filter.model');
  const tier = query.get('filter.service_tier') ?? 'default';
  const found = views.filter(
    ({ id, phase, scenario }) =>
      scenario.serviceTier === tier &&
      (status === null || phase === status) &&
      (ids.size === 0 || ids.has(id)) &&
      (model === null || scenario.model === model),
  );
  return { total: found.length, views: found.slice(start, start + size) };
};
