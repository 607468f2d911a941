/**
 * Tasks as they are written: `provider:id`, one an argument or one a line. Pure.
 */
import type { TaskRef } from '../task/snapshot.js';
import { knownProviders } from './known-providers.js';
import { cutEnd, plain } from './terminal-text.js';
import { UsageError } from './usage-error.js';

const providerIds = knownProviders.map(({ id }) => id);

/** How a task is written. */
export const refText = ({ provider, id }: TaskRef): string => `${provider}:${id}`;

/**
 * The task that a text means. The provider ends at the first colon; the id is the provider's own and may hold colons too.
 *
 * Errors: `UsageError` that shows the text.
 * @example parseTaskRef('ark:cgt-20260427-abcde')
 */
export const parseTaskRef = (text: string): TaskRef => {
  const colon = text.indexOf(':');
  const [provider, id] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 0) throw new UsageError(`'${shown(text)}' is no task: write provider:id, such as ark:cgt-20260427-abcde`);
  if (!providerIds.includes(provider)) {
    throw new UsageError(`'${shown(text)}' names no known provider: there are ${providerIds.join(', ')}`);
  }
  // What the client refuses too: a path segment that would lead elsewhere, half a character.
  if (id === '' || id === '.' || id === '..' || /\p{Cs}/u.test(id)) throw new UsageError(`'${shown(text)}' has no id that can be asked for`);
  return { provider, id };
};

/** One line of a list: a task, what is wrong with it, or nothing (blank, or a `#` comment). */
export type ListLine =
  | { readonly kind: 'task'; readonly task: TaskRef }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'nothing' };

/**
 * Reads one line of a list of tasks.
 *
 * @param place the list's name, for messages
 * @param number of the line, from 1
 */
export const parseListLine = (place: string, text: string, number: number): ListLine => {
  const line = text.replace(/^\uFEFF/, '').trim();
  if (line === '' || line.startsWith('#')) return { kind: 'nothing' };
  try {
    return { kind: 'task', task: parseTaskRef(line) };
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'refused', message: `${place}, line ${number}: ${error.message}` };
    throw error;
  }
};

/**
 * The tasks of a whole list.
 *
 * Errors: `UsageError` that names the list, the line's number, and shows the line.
 */
export const parseTaskList = (place: string, text: string): readonly TaskRef[] =>
  text.split(/\r?\n/).flatMap((line, index) => {
    const read = parseListLine(place, line, index + 1);
    if (read.kind === 'refused') throw new UsageError(read.message);
    return read.kind === 'task' ? [read.task] : [];
  });

/** Who names a `.env` file in the place of a list must not find its keys in a log. */
const shown = (text: string): string => cutEnd(plain(text.replace(/^((?:export\s+)?\w+\s*=).+/s, '$1…')), 80);
