/**
 * The result of a response for a task, decoded without the library.
 */
import type { Result } from './records.js';

/** A response as the server sent it. */
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

/** Whether a body reports an unknown task with another status than 404. */
const unknownTask = (value: unknown): boolean => {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : null;
  return code === 'task_not_exist' || code === 404;
};

/** The result of a poll of one task. */
export const resultOf = ({ status, body }: Sent): Result => {
  if (status === 401) return 'unauthorized';
  const value = parsed(body);
  if (status === 404 || unknownTask(value)) return 'not-found';
  return status === 200 && value !== null ? 'ok' : 'error';
};

/** The result of a list for each of its tasks. An invalid list omits all of them. */
export const resultsOf = ({ status, body }: Sent, ids: readonly string[]): ReadonlyMap<string, Result> => {
  if (status === 401) return new Map(ids.map((id) => [id, 'unauthorized']));
  if (status !== 200) return new Map(ids.map((id) => [id, status === 404 ? 'omitted' : 'error']));
  const value = parsed(body);
  const items: readonly unknown[] = typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items) ? value.items : [];
  const listed = new Set(items.map((item) => (typeof item === 'object' && item !== null && 'id' in item ? item.id : null)));
  return new Map(ids.map((id) => [id, listed.has(id) ? 'ok' : 'omitted']));
};
