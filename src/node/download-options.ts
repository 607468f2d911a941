/**
 * The options of a download, checked, and what it emits.
 */
import type { Agent } from 'node:http';
import type { Writable } from 'node:stream';
import type { DelayPolicy } from '../poll/delay-policy.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TaskClient } from '../client/task-client.js';
import { checkAtLeast, checkBoolean, checkCount, checkFunction, checkPositive } from '../checks.js';
import { checkPath } from './check-path.js';

/** The progress of a download. */
export interface DownloadProgress {
  /** The path of the file, which exists once `done` is true; with `sink`, its name. */
  readonly path: string;
  /** How many bytes are on the disk. Goes back to 0 when the download starts over. */
  readonly receivedBytes: number;
  /** Null until the server has reported it. */
  readonly totalBytes: number | null;
  /** Whether the file is complete and has its final name. */
  readonly done: boolean;
}

/** A complete file that goes to a sink. */
export interface SinkFile {
  /** The name that it would have in the directory. */
  readonly name: string;
  readonly bytes: number;
  /** The task whose file it is; null for a link. */
  readonly task: TaskRef | null;
}

/** Options of a download. */
export interface DownloadOptions {
  /** Created if it is missing. */
  readonly directory: string;
  /** One segment of a path. Default: derived from the task, or from the last segment of the link. */
  readonly fileName?: string | undefined;
  /** Whether to replace an existing file. Default: false. */
  readonly overwrite?: boolean | undefined;
  /**
   * Watches the task again for a fresh link when the host refuses this one, or sends no video. Default: a refused link is an error. Links may
   * also lead to the host of the task's account, which gets the account's key if it refuses a request without one; if that host is a private
   * address, links may lead to all private addresses.
   */
  readonly client?: (Pick<TaskClient, 'watch'> & Partial<Pick<TaskClient, 'accountOf'>>) | undefined;
  /** When to connect again. `index` counts the failures since the last new byte. Default: 1 s, doubled up to 1 minute, jittered. */
  readonly retry?: DelayPolicy | undefined;
  /** Gives up after this time without a new byte, in ms, and at least five consecutive failures. Default: 15 minutes. */
  readonly giveUpAfterMs?: number | undefined;
  /** How long a connection may receive no byte, in ms, before the download connects again. Default: 30 s. */
  readonly idleTimeoutMs?: number | undefined;
  /** The least speed: a connection that brings fewer bytes in a window is closed, and the download connects again. 0 allows any. Default: 1024. */
  readonly minBytesPerSecond?: number | undefined;
  /** The window of the least speed, in ms. Default: 1 minute. */
  readonly speedWindowMs?: number | undefined;
  /** The greatest size of a file, in bytes. Default: 2 GiB. */
  readonly maxBytes?: number | undefined;
  /**
   * Sends the file to a stream instead of giving it its name in `directory`, which then holds only its part: the stream gets the bytes once all
   * are received and checked. It is destroyed if they cannot be sent.
   */
  readonly sink?: ((file: SinkFile) => Writable) | undefined;
  /** The agent for connections to the file's host, such as one for a proxy. Default: Node's global agent for http or https. */
  readonly agent?: Agent | undefined;
  /**
   * Whether links and redirects may lead to this machine and into its network: to loopback, private, link-local and multicast addresses, and
   * to names that resolve to them. Default: false.
   */
  readonly allowPrivateHosts?: boolean | undefined;
}

/** Throws `TypeError` or `RangeError` for an invalid option. */
export const checkedOptions = (options: DownloadOptions): DownloadOptions => {
  const { directory, fileName, giveUpAfterMs, idleTimeoutMs, minBytesPerSecond, speedWindowMs, maxBytes, retry: policy, client, sink, allowPrivateHosts } = options;
  checkPath('directory', directory);
  if (fileName !== undefined) checkName(fileName);
  if (giveUpAfterMs !== undefined) checkPositive('giveUpAfterMs', giveUpAfterMs);
  if (idleTimeoutMs !== undefined) checkPositive('idleTimeoutMs', idleTimeoutMs);
  if (minBytesPerSecond !== undefined) checkAtLeast(0, 'minBytesPerSecond', minBytesPerSecond);
  if (speedWindowMs !== undefined) checkPositive('speedWindowMs', speedWindowMs);
  if (maxBytes !== undefined) checkCount('maxBytes', maxBytes);
  if (policy !== undefined) checkFunction('retry', policy);
  if (client !== undefined) checkFunction('client.watch', client.watch);
  if (sink !== undefined) checkFunction('sink', sink);
  if (allowPrivateHosts !== undefined) checkBoolean('allowPrivateHosts', allowPrivateHosts);
  return options;
};

const checkName = (name: string): void => {
  checkPath('fileName', name);
  if (name === '.' || name === '..' || /[/\\]/.test(name)) throw new TypeError(`fileName must be one segment of a path, not ${JSON.stringify(name)}`);
};
