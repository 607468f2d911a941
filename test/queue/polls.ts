import { defer } from 'rxjs';
import { ark } from '../../src/providers/ark.js';
import type { Transport } from '../../src/transport/transport.js';

/** A transport that records when each task was polled, by itself or in a list: when the request left, by the workers' own clock. */
export const recording = (transport: Transport, now: () => number) => {
  const last = new Map<string, number>();
  const gaps: number[] = [];
  const recorded: Transport = (request) => defer(() => {
    const { searchParams, pathname } = new URL(request.url, ark.baseUrl);
    const listed = searchParams.getAll('filter.task_ids');
    for (const id of listed.length > 0 ? listed : [pathname.split('/').at(-1) ?? '']) {
      const before = last.get(id);
      if (before !== undefined) gaps.push(now() - before);
      last.set(id, now());
    }
    return transport(request);
  });
  /** The times between two polls of a task, over all tasks, in ms. */
  return Object.assign(recorded, { gaps: gaps });
};
