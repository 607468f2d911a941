/**
 * The log of requests, for tests.
 */
import { taskKey } from '../task/snapshot.js';
import type { TaskRef } from '../task/snapshot.js';
import type { FaultKind } from './faults.js';
import type { SimulatedProvider } from './sites.js';

/** One request. It holds no key. */
export interface RequestEntry {
  /** The time of the response, in ms of the simulator's clock. */
  readonly atMs: number;
  readonly method: string;
  /** As sent, with the query. */
  readonly path: string;
  /** Null for an unknown path. */
  readonly provider: SimulatedProvider | null;
  /** Null for a list, a creation, an unknown path. */
  readonly id: string | null;
  /** Null when no response was sent. */
  readonly status: number | null;
  readonly fault: FaultKind | null;
  /** Whether the rate limit rejected it. Distinguishes this 429 from the 429 of a fault. */
  readonly limited: boolean;
}

export interface RequestLog {
  /** The latest requests, oldest first: at least the last 100,000. */
  readonly entries: readonly RequestEntry[];
  readonly add: (entry: RequestEntry) => void;
  /** Counts one more poll of a task, and returns the count. */
  readonly countPoll: (task: TaskRef) => number;
  readonly polls: (task: TaskRef) => number;
}

const kept = 100_000;

/** An empty log. */
export const createRequestLog = (): RequestLog => {
  const entries: RequestEntry[] = [];
  const counts = new Map<string, number>();
  const polls = ({ provider, id }: TaskRef): number => counts.get(taskKey({ provider, id })) ?? 0;
  return {
    entries,
    add: (entry) => {
      if (entries.push(entry) >= 2 * kept) entries.splice(0, kept);
    },
    countPoll: (task) => {
      const count = polls(task) + 1;
      counts.set(taskKey({ provider: task.provider, id: task.id }), count);
      return count;
    },
    polls,
  };
};
