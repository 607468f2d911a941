/**
 * A store in the memory of one process, for tests and for programs that may forget their tasks.
 */
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { endId, firstByTask, outcomes, stateOf } from './rows.js';
import type { QueueStore } from './store.js';

/** The state is a text, so that nobody changes what was written. */
interface Row {
  readonly task: TaskRef;
  readonly state: string;
}

interface WatchedRow extends Row {
  readonly account: string;
  readonly revision: number;
  readonly dueAtMs: number;
}

/**
 * Creates an empty store in memory.
 *
 * @example const store = memoryStore()
 */
export const memoryStore = (): QueueStore => {
  const watched = new Map<string, WatchedRow>();
  const ends = new Map<string, Row & { readonly id: string }>();
  const lanes = new Map<string, string>();
  let endCount = 0;
  return {
    add: (account, tasks) => {
      for (const [key, { task, state, dueAtMs }] of firstByTask(tasks)) {
        if (!watched.has(key) && !ends.has(key)) watched.set(key, { account, task, revision: 0, dueAtMs, state: JSON.stringify(state) });
      }
      return Promise.resolve();
    },
    due: (account, untilMs, limit) => {
      const due = [...watched.values()].filter((row) => row.account === account && row.dueAtMs <= untilMs);
      return Promise.resolve(due.sort((a, b) => a.dueAtMs - b.dueAtMs).slice(0, limit).map(({ task, revision, dueAtMs, state }) =>
        ({ task, revision, dueAtMs, state: stateOf(state) })));
    },
    swap: (account, changes) => {
      const written: string[] = [];
      for (const [key, { task, revision, state, dueAtMs, markedDueAtMs = -Infinity }] of firstByTask(changes)) {
        const held = watched.get(key);
        if (held?.revision !== revision) continue;
        written.push(key);
        const row = { task, state: JSON.stringify(state) };
        if (dueAtMs !== null) {
          const isWoken = held.dueAtMs < markedDueAtMs;
          watched.set(key, { ...row, account, revision: revision + 1, dueAtMs: isWoken ? Math.min(dueAtMs, held.dueAtMs) : dueAtMs });
        } else {
          watched.delete(key);
          ends.set(key, { ...row, id: endId(key, endCount += 1) });
        }
      }
      return Promise.resolve(outcomes(changes, written));
    },
    wake: (_, task, atMs) => {
      const row = watched.get(taskKey(task));
      if (row !== undefined && row.dueAtMs > atMs) watched.set(taskKey(task), { ...row, dueAtMs: atMs });
      return Promise.resolve();
    },
    lane: (account) => Promise.resolve(lanes.get(account) ?? null),
    swapLane: (account, before, after) => {
      const isUnchanged = (lanes.get(account) ?? null) === before;
      if (isUnchanged) lanes.set(account, after);
      return Promise.resolve(isUnchanged);
    },
    ended: (limit) => Promise.resolve([...ends.values()].slice(0, limit).map(({ id, task, state }) =>
      ({ id, task, state: stateOf(state) }))),
    acknowledge: (ids) => {
      const acknowledged = new Set(ids);
      for (const [key, { id }] of ends) if (acknowledged.has(id)) ends.delete(key);
      return Promise.resolve();
    },
  };
};
