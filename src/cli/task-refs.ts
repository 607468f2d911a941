/**
 * Parses and formats tasks as `provider:id`. Pure.
 */
import type { TaskRef } from '../task/snapshot.js';
import { knownProviders } from './known-providers.js';
import { cutEnd, plain } from './terminal-text.js';
import { UsageError } from './usage-error.js';

const providerIds = knownProviders.map(({ id }) => id);

/** Formats a task as `provider:id`. */
export const refText = ({ provider, id }: TaskRef): string => `${provider}:${id}`;

/**
 * Parses a task. The provider ends at the first colon; the id may hold colons. Blanks around both do not count.
 *
 * Throws `UsageError`, which shows the string.
 * @example parseTaskRef('ark:cgt-20260427-abcde')
 */
export const parseTaskRef = (text: string): TaskRef => {
  const colon = text.indexOf(':');
  const [provider, id] = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  if (colon < 0) throw new UsageError(`'${shown(text)}' is not a task: write provider:id, such as ark:cgt-20260427-abcde`);
  if (!providerIds.includes(provider)) {
    throw new UsageError(`'${shown(text)}' has an unknown provider: must be one of ${providerIds.join(', ')}`);
  }
  // The client rejects these ids too: path segments that lead elsewhere, and lone surrogates.
  if (id === '' || id === '.' || id === '..' || /\p{Cs}/u.test(id)) throw new UsageError(`'${shown(text)}' has no valid id`);
  return { provider, id };
};

/** One line of a list: a task, an error message, or nothing for a blank line or a `#` comment. */
export type ListLine =
  | { readonly kind: 'task'; readonly task: TaskRef }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'nothing' };

/**
 * Reads one line of a list of tasks. What follows a tab is ignored, so that the output of `list` and of `watch` is a list.
 *
 * @param place  the list's name, for messages
 * @param number the number of the line, from 1
 */
export const parseListLine = (place: string, text: string, number: number): ListLine => {
  const [line = ''] = text.replace(/^\uFEFF/, '').trim().split('\t');
  if (line === '' || line.startsWith('#')) return { kind: 'nothing' };
  try {
    return { kind: 'task', task: parseTaskRef(line) };
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'refused', message: `${place}, line ${number}: ${error.message}` };
    throw error;
  }
};

/**
 * The tasks of a list.
 *
 * Throws `UsageError` for an invalid line. It names the list and the number of the line, and shows the line.
 */
export const parseTaskList = (place: string, text: string): readonly TaskRef[] =>
  text.split(/\r?\n/).flatMap((line, index) => {
    const read = parseListLine(place, line, index + 1);
    if (read.kind === 'refused') throw new UsageError(read.message);
    return read.kind === 'task' ? [read.task] : [];
  });

/** Hides the values of variables, so that a `.env` file that is passed as a list shows no keys in a log. */
const shown = (text: string): string => cutEnd(plain(text.replace(/^((?:export\s+)?\w+\s*=).+/s, '$1…')), 80);
