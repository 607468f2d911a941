/**
 * How several tasks of a provider are polled in one request.
 */

/** A provider's list of tasks. */
export interface TaskList {
  /** Path and query below the base URL of the list of these tasks. `serviceTier` null: the provider's default one. */
  readonly pathOf: (ids: readonly string[], serviceTier: string | null) => string;
}

/**
 * The list of Volcengine Ark, of BytePlus ModelArk, and of the gateways that pass it on: one page with the tasks of these ids, at most
 * 500. Tasks that it does not know are missing from it, and so are those of another service tier than the requested one.
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
});
