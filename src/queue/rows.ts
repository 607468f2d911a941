/**
 * What the stores have in common: the keys of tasks as JSON, which every database can hold whatever characters an id has, and the ids of ends.
 */
import { taskKey, type TaskRef } from '../task/snapshot.js';
import type { TaskChange } from './store.js';

/** The first entry of each task, by the task's key. */
export const firstByTask = <T extends { readonly task: TaskRef }>(entries: readonly T[]): ReadonlyMap<string, T> => {
  const first = new Map<string, T>();
  for (const entry of entries) {
    const key = taskKey(entry.task);
    if (!first.has(key)) first.set(key, entry);
  }
  return first;
};

/** Whether each change was written, given the keys of those that were. */
export const outcomes = (changes: readonly TaskChange[], keys: Iterable<string>): readonly boolean[] => {
  const written = new Set(keys);
  return changes.map(({ task }) => written.delete(taskKey(task)));
};

/** The task that `taskKey` made this key from. */
export const taskOf = (key: string): TaskRef => {
  const [provider, account, id] = JSON.parse(key) as [string, string, string]; // the form of `taskKey`
  return account === '' ? { provider, id } : { provider, id, account };
};

/** A state as it was written. */
export const stateOf = (text: string): unknown => JSON.parse(text);

/** Escapes what Postgres and UTF-8 cannot hold: NUL and half a surrogate pair. */
export const escaped = (account: string): string => JSON.stringify(account).slice(1, -1);

/** The id of an end: the task's key, and the end's place in the order of all ends. */
export const endId = (key: string, place: number | string): string => `${key}#${place}`;

/** The key and the place in each id that `endId` can have made. */
export const endsIn = (ids: readonly string[]): readonly (readonly [key: string, place: string])[] =>
  ids.flatMap((id) => {
    const [, key, place] = /^(\[.*\])#(\d{1,15})$/s.exec(id) ?? [];
    return key === undefined || place === undefined ? [] : [[key, place] as const];
  });
