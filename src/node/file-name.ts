// Types of Node for this entry point: the rest of the library is compiled without them.
/// <reference types="node" />
/**
 * File names for tasks, safe on every platform for any id. Pure.
 * Properties: a name is one path segment of letters, digits, `.`, `_`, `~` and `-` that begins with a letter or digit and has no two dots
 * in a row; it is at most 150 characters long; no two tasks have the same name, even on a file system that ignores case.
 */
import { createHash } from 'node:crypto';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import type { FileFormat } from './file-format.js';

/**
 * Names that need no digest: no file system changes them, and they cannot look like a name with a digest. None ends like a part, because the
 * record of such a task would have the name of another task's notes.
 */
const plain = /^(?!.*\.part$)[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9_-])){0,99}$/;

/**
 * The name of a task's files, without an extension: `<provider>-<id>` if that is plain, else its plain characters and a digest.
 *
 * @example taskFileName({ provider: 'ark', id: 'cgt-1' }) // 'ark-cgt-1'
 * @example taskFileName({ provider: 'ark', id: '../../etc/passwd' }) // 'ark-etc_passwd~9ea92e383815'
 */
export const taskFileName = (task: TaskRef): string => {
  const { provider, account, id } = task;
  const name = `${provider}-${id}`;
  // A dash in the provider, or an account, would make it ambiguous where the id begins.
  if (account === undefined && /^[a-z0-9]+$/.test(provider) && plain.test(name)) return name;
  const digest = createHash('sha256').update(taskKey(task)).digest('hex').slice(0, 12);
  return `${readable(provider, account ?? '', id)}~${digest}`;
};

/** A name for a link without a task: the plain characters of its last segment. */
export const linkFileName = (url: string, format: FileFormat): string => {
  const segment = new URL(url).pathname.split('/').at(-1) ?? '';
  const isKnown = format.extensions.includes(extensionIn(url));
  return `${readable(isKnown ? segment.slice(0, segment.lastIndexOf('.')) : segment)}${extensionOf(url, format)}`;
};

/** The extension of the link if it is one of the format, else the first one of the format. */
export const extensionOf = (url: string | null, { extensions }: FileFormat): string =>
  extensions.find((extension) => url !== null && extension === extensionIn(url)) ?? extensions[0];

/** The extension of a link, in lower case; empty if it has none. */
export const extensionIn = (url: string): string => /\.[^./]*$/.exec(new URL(url).pathname)?.[0].toLowerCase() ?? '';

/** The plain characters of some strings. */
const readable = (...texts: readonly string[]): string => {
  const plainParts = texts.map((text) => text.replace(/[^A-Za-z0-9-]+/g, '_').replace(/^[_-]+|[_-]+$/g, ''));
  return plainParts.filter((part) => part !== '').join('-').slice(0, 80) || 'video';
};
