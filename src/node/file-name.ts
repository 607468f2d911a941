// Types of Node for this leaf: the rest of the library is compiled without them.
/// <reference types="node" />
/**
 * Names of files for tasks: safe on every platform, whatever an id holds. Pure.
 * Laws: a name is one segment of letters, digits, `.`, `_`, `~` and `-` that begins with none of the signs and has no two dots in a row;
 * it is at most 150 characters long; two tasks never have the same name, not even where capital letters count like small ones.
 */
import { createHash } from 'node:crypto';
import { taskKey, type TaskRef } from '../task/snapshot.js';

/** What stands as it is: what no file system changes, and nothing that a digest could be mistaken for. */
const plain = /^[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9_-])){0,99}$/;

/**
 * The name of a task's files, without an extension: `<provider>-<id>` where that is plain, else what is plain of it and a digest.
 *
 * @example taskFileName({ provider: 'ark', id: 'cgt-1' }) // 'ark-cgt-1'
 * @example taskFileName({ provider: 'ark', id: '../../etc/passwd' }) // 'ark-etc_passwd~9ea92e383815'
 */
export const taskFileName = (task: TaskRef): string => {
  const { provider, account, id } = task;
  const name = `${provider}-${id}`;
  // A dash in the provider's own name, or an account, would leave open where the id begins.
  if (account === undefined && /^[a-z0-9]+$/.test(provider) && plain.test(name)) return name;
  const digest = createHash('sha256').update(taskKey(task)).digest('hex').slice(0, 12);
  return `${readable(provider, account ?? '', id)}~${digest}`;
};

/** A name for a link that belongs to no task: its last segment, as far as it is plain. */
export const linkFileName = (url: string): string => {
  const segment = new URL(url).pathname.split('/').at(-1) ?? '';
  return `${readable(segment.replace(extension, ''))}${extensionOf(url)}`;
};

/** `.mp4`, unless the link's path ends in another kind of video. */
export const extensionOf = (url: string): string => extension.exec(new URL(url).pathname)?.[0].toLowerCase() ?? '.mp4';

const extension = /\.(?:mp4|mov|webm)$/i;

/** As much of some texts as is plain. */
const readable = (...texts: readonly string[]): string => {
  const plainParts = texts.map((text) => text.replace(/[^A-Za-z0-9-]+/g, '_').replace(/^[_-]+|[_-]+$/g, ''));
  return plainParts.filter((part) => part !== '').join('-').slice(0, 80) || 'video';
};
