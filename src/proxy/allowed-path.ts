/**
 * Decides which requests of a page may reach a provider: those that a client of this library sends for tasks that it knows by their ids.
 */
import type { Provider } from '../wire/provider.js';
import type { TaskList } from '../wire/task-list.js';

type Routes = Pick<Provider, 'path' | 'list'>;

/**
 * The path and query to request below the base URL; null for anything but one task, or a list of tasks by their ids. It is made anew from
 * the ids, and must be the same as the page's.
 *
 * @example allowedPath(ark, '/contents/generations/tasks/cgt-1') // '/contents/generations/tasks/cgt-1'
 */
export const allowedPath = ({ path, list }: Routes, requested: string): string | null => {
  const candidates = [taskPath(path, requested), list === null ? null : listPath(list, requested)];
  return candidates.find((candidate) => candidate === requested) ?? null;
};

/** No slash, dot segment or escape, which a gateway might resolve to another path. */
const isId = (id: string): boolean => /^[\w.~:@=+,-]+$/.test(id) && !/^\.\.?$/.test(id);

const taskPath = (template: string, requested: string): string | null => {
  const [before = '', after = ''] = template.split('{id}');
  const id = decoded(requested.slice(before.length, after === '' ? undefined : -after.length));
  return isId(id) ? before + encodeURIComponent(id) + after : null;
};

/** The text, or an empty one if it cannot be decoded. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
};

/** The fields of a query, decoded. */
const queryOf = (path: string): readonly (readonly [name: string, value: string])[] =>
  path.split('?').slice(1).join('?').split('&').map((field) => {
    const [name = '', value = ''] = field.split('=', 2).map(decoded);
    return [name, value];
  });

const listPath = ({ pathOf, maxTasks = 500 }: TaskList, requested: string): string | null => {
  const sample = queryOf(pathOf(['id'], 'tier'));
  const valuesOf = (of: string): readonly string[] => {
    const name = sample.find(([, value]) => value === of)?.[0];
    return queryOf(requested).flatMap((field) => (field[0] === name ? [field[1]] : []));
  };
  const ids = valuesOf('id');
  return ids.length > 0 && ids.length <= maxTasks && ids.every(isId) ? pathOf(ids, valuesOf('tier')[0] ?? null) : null;
};
