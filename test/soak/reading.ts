/**
 * What an answer tells of a task, read off the wire without the library: as much as a campaign must know to judge it.
 */
import type { Result } from './records.js';

/** An answer as it left the server. */
export interface Sent {
  readonly status: number;
  readonly body: string;
}

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
};

/** How each dialect says that there is no such task, beside 404. */
const unknownTask = (value: unknown): boolean => {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : null;
  return code === 'task_not_exist' || code === 404;
};

/** What an answer to a question about one task comes to. */
export const resultOf = ({ status, body }: Sent): Result => {
  if (status === 401) return 'unauthorized';
  const value = parsed(body);
  if (status === 404 || unknownTask(value)) return 'unknown';
  return status === 200 && value !== null ? 'told' : 'trouble';
};

/** What an answer to a list comes to, for each of its tasks. One that is no list leaves out all of them. */
export const resultsOf = ({ status, body }: Sent, ids: readonly string[]): ReadonlyMap<string, Result> => {
  if (status === 401) return new Map(ids.map((id) => [id, 'unauthorized']));
  if (status !== 200) return new Map(ids.map((id) => [id, status === 404 ? 'left out' : 'trouble']));
  const value = parsed(body);
  const items: readonly unknown[] = typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items) ? value.items : [];
  const told = new Set(items.map((item) => (typeof item === 'object' && item !== null && 'id' in item ? item.id : null)));
  return new Map(ids.map((id) => [id, told.has(id) ? 'told' : 'left out']));
};
