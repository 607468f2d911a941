/**
 * A provider's list of tasks: polls several tasks in one request, and lists all of an account.
 */
import type { TaskStatus } from '../task/status.js';
import { LenientNumber, PlainObject, textIn } from './codecs.js';
import { itemsIn } from './response-reader.js';

/** One page of a list. A null filter lists all; a null tier is the provider's default tier. */
export interface ListPage {
  /** Counted from 1. */
  readonly page: number;
  readonly size: number;
  readonly status: TaskStatus | null;
  readonly model: string | null;
  readonly serviceTier: string | null;
}

/** A provider's list of tasks. */
export interface TaskList {
  /** Path and query of the list of these tasks, below the base URL. `serviceTier` null means the provider's default tier. */
  readonly pathOf: (ids: readonly string[], serviceTier: string | null) => string;
  /** Path and query of one page of all tasks, below the base URL; missing when undocumented. A status that the list cannot filter lists all. */
  readonly pageOf?: (page: ListPage) => string;
  /** The service tiers, each with a list of its own. Default: one list for all. */
  readonly serviceTiers?: readonly string[];
  /** The documented maximum of tasks in one response; missing when undocumented. */
  readonly maxTasks?: number;
  /** How long after its creation the list has a task, in ms; missing when undocumented. */
  readonly windowMs?: number;
}

/**
 * The list of Volcengine Ark, BytePlus ModelArk, and gateways that forward it: one page with the tasks of these ids, at most 500, of the last
 * 7 days. It omits unknown tasks, and tasks of another service tier than the requested one.
 * Source: docs 82379/1521675 (list).
 *
 * @param path of the list, below the base URL
 * @example arkList('/contents/generations/tasks').pathOf(['a', 'b'], 'flex')
 *   // '/contents/generations/tasks?page_num=1&page_size=2&filter.task_ids=a&filter.task_ids=b&filter.service_tier=flex'
 */
export const arkList = (path: string): TaskList => ({
  pathOf: (ids, serviceTier) => {
    const filters = ids.map((id) => `&filter.task_ids=${encodeURIComponent(id)}`).join('');
    const tier = serviceTier === null ? '' : `&filter.service_tier=${encodeURIComponent(serviceTier)}`;
    return `${path}?page_num=1&page_size=${String(ids.length)}${filters}${tier}`;
  },
  pageOf: ({ page, size, status, model, serviceTier }) => {
    const filters = { status: status !== null && filteredStatuses.includes(status) ? status : null, model, service_tier: serviceTier };
    const query = Object.entries(filters).map(([name, value]) => (value === null ? '' : `&filter.${name}=${encodeURIComponent(value)}`));
    return `${path}?page_num=${String(page)}&page_size=${String(size)}${query.join('')}`;
  },
  serviceTiers: ['default', 'flex'],
  maxTasks: 500,
  windowMs: 7 * 86_400_000,
});

/** The statuses that Ark's list can filter. */
const filteredStatuses: readonly TaskStatus[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];

/** The ids in a page of a list, its number of items, and the number of all tasks if the page has it; null for a body that is no list. */
export const pageIn = (json: unknown): { readonly ids: readonly string[]; readonly count: number; readonly total: number | null } | null => {
  const items = itemsIn(json);
  if (items === null || !PlainObject.is(json)) return null;
  const { total, data } = json;
  const ids = items.map((item) => (PlainObject.is(item) ? textIn(item['id']) : null)).filter((id) => id !== null);
  return { ids, count: items.length, total: LenientNumber.read(total ?? (PlainObject.is(data) ? data['total'] : null)) };
};
