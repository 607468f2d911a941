/**
 * Polls several tasks of a provider in one request.
 */

/** A provider's list of tasks. */
export interface TaskList {
  /** Path and query of the list of these tasks, below the base URL. `serviceTier` null means the provider's default tier. */
  readonly pathOf: (ids: readonly string[], serviceTier: string | null) => string;
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
  maxTasks: 500,
  windowMs: 7 * 86_400_000,
});
