/**
 * Downloads one file from a signed link, with retries, into a part file that is renamed when it is complete.
 */
import type { Agent } from 'node:http';
import { join, resolve } from 'node:path';
import { concat, defer, from, ignoreElements, last, map, mergeMap, type Observable, of, throwError } from 'rxjs';
import { type DelayPolicy, exponentialDelay, jittered } from '../poll/delay-policy.js';
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import type { Account } from '../client/account.js';
import type { TaskClient } from '../client/task-client.js';
import { checkAtLeast, checkCount, checkFunction, checkPositive } from '../checks.js';
import { checkPath } from './check-path.js';
import { attempts, type DownloadPlan } from './download-attempts.js';
import { type Connections, connectionsTo } from './download-connections.js';
import { DownloadError } from './download-error.js';
import type { Held } from './file-response.js';
import { extensionOf, linkFileName, taskFileName } from './file-name.js';
import { runExclusive } from './run-exclusive.js';
import { openPart, type PartFile } from './part-file.js';
import { createPlaces } from './places.js';
import { isPrivateHost } from './safe-link.js';

/** The progress of a download. */
export interface DownloadProgress {
  /** The path of the file, which exists once `done` is true. */
  readonly path: string;
  /** How many bytes are on the disk. Goes back to 0 when the download starts over. */
  readonly receivedBytes: number;
  /** Null until the server has reported it. */
  readonly totalBytes: number | null;
  /** Whether the file is complete and has its final name. */
  readonly done: boolean;
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
  /** The agent for connections to the file's host, such as one for a proxy. Default: Node's global agent for http or https. */
  readonly agent?: Agent | undefined;
  /**
   * Whether links and redirects may lead to this machine and into its network: to loopback, private, link-local and multicast addresses, and
   * to names that resolve to them. Default: false.
   */
  readonly allowPrivateHosts?: boolean | undefined;
}

/**
 * Saves the video of a task, or the file behind a link.
 *
 *     subscribe    ^--------------------------!
 *     progress     0---1---2---(cut)---2---3--      resumes where it was cut; unsubscribing aborts and keeps the part
 *
 * The bytes go to `<name>.part`, which is renamed once it is a complete video. After a cut connection, or in another process, the download
 * resumes from the part if the server confirms that the file is the same (`If-Range`); else it starts over. It sends only GET requests. A
 * link on the origin of the task's account gets the account's key if it responds with 401 or 403 without it; no other host gets a key.
 * Memory use does not depend on the size of the file. Downloads to one path run one after another within a process.
 *
 * Cold: each subscription is a download.
 * @param source a succeeded task's snapshot, or an http(s) link
 * Errors: `DownloadError` with a `kind`. Throws `TypeError` or `RangeError` at once for an invalid option.
 * @example download(snapshot, { directory: 'videos', client }).subscribe(({ receivedBytes, totalBytes }) => show(receivedBytes, totalBytes))
 */
export const download = (source: TaskSnapshot | string, options: DownloadOptions): Observable<DownloadProgress> =>
  downloadWith(source, options, () => undefined);

/**
 * A download that calls `beforeRename` with the number of bytes just before the file gets its final name.
 *
 * @param beforeRename if it throws, the download fails with that error and keeps the complete part
 * @param places       the download holds one of them, except while it waits for its next connection
 */
export const downloadWith = (
  source: TaskSnapshot | string,
  options: DownloadOptions,
  beforeRename: (bytes: number) => void,
  places = createPlaces(Infinity),
): Observable<DownloadProgress> => {
  const { directory, fileName, overwrite = false, client, agent, allowPrivateHosts = false, giveUpAfterMs = 15 * 60_000, idleTimeoutMs = 30_000 } = checkedOptions(options);
  const { minBytesPerSecond = 1024, speedWindowMs = 60_000, maxBytes = 2 * 1024 ** 3 } = options;
  const url = typeof source === 'string' ? checkedUrl(source) : linkOf(source);
  const path = join(directory, fileName ?? nameFor(source, url));
  if (url === null) return throwError(() => new DownloadError('no-video', path, 'the task has no video, or its response has no link'));
  const renew = client === undefined || typeof source === 'string' ? null : freshLink(client, source.task);
  const plan: Omit<DownloadPlan, 'pause'> = {
    path,
    url,
    renew,
    giveUpAfterMs,
    idleTimeoutMs,
    minBytesPerSecond,
    speedWindowMs,
    retry: options.retry ?? jittered(exponentialDelay({ initialMs: 1000, maxMs: 60_000 })),
  };
  const own = typeof source === 'string' ? null : accountOf(client, source.task);
  const { origin, hostname: ownHost } = own === null ? { origin: '', hostname: '' } : new URL(own.baseUrl);
  const allowsPrivate = (hostname: string): boolean => allowPrivateHosts || hostname === ownHost || isPrivateHost(ownHost);
  const progress = ({ receivedBytes, totalBytes }: Held, done = false): DownloadProgress => ({ path, receivedBytes, totalBytes, done });

  return runExclusive(resolve(path), () => {
    const connect = { agent, allowsPrivate, own: own === null ? null : { origin, headers: () => keyOf(own) } };
    let opened: Promise<{ readonly part: PartFile; readonly connections: Connections }> | null = null;
    const open = () => (opened = openPart(path, overwrite, maxBytes).then((part) => ({ part, connections: connectionsTo(part, connect) })));
    return {
      // It queues for a place only when it is the first of its path: else it would hold one that the first needs.
      stream: places.hold((pause) =>
        from(open()).pipe(
          mergeMap(({ part, connections }) =>
            concat(
              defer(() => of(progress(part.held()))),
              attempts(part, { ...plan, pause }, connections.open).pipe(map((held) => progress(held))),
              defer(() => from(part.finish(beforeRename))).pipe(ignoreElements()),
              defer(() => of(progress({ ...part.held(), totalBytes: part.held().receivedBytes }, true))),
            ),
          ),
        )),
      // Also closes a part that was still being opened at unsubscribe.
      cleanUp: async () => {
        if (opened === null) return;
        const { part, connections } = await opened;
        await connections.settled();
        await part.close();
      },
    };
  });
};

/** Throws `TypeError` or `RangeError` for an invalid option. */
export const checkedOptions = (options: DownloadOptions): DownloadOptions => {
  const { directory, fileName, giveUpAfterMs, idleTimeoutMs, minBytesPerSecond, speedWindowMs, maxBytes, retry: policy, client, allowPrivateHosts } = options;
  checkPath('directory', directory);
  if (fileName !== undefined) checkName(fileName);
  if (giveUpAfterMs !== undefined) checkPositive('giveUpAfterMs', giveUpAfterMs);
  if (idleTimeoutMs !== undefined) checkPositive('idleTimeoutMs', idleTimeoutMs);
  if (minBytesPerSecond !== undefined) checkAtLeast(0, 'minBytesPerSecond', minBytesPerSecond);
  if (speedWindowMs !== undefined) checkPositive('speedWindowMs', speedWindowMs);
  if (maxBytes !== undefined) checkCount('maxBytes', maxBytes);
  if (policy !== undefined) checkFunction('retry', policy);
  if (client !== undefined) checkFunction('client.watch', client.watch);
  if (allowPrivateHosts !== undefined && typeof allowPrivateHosts !== 'boolean') {
    throw new TypeError(`allowPrivateHosts must be true or false, not ${String(allowPrivateHosts)}`);
  }
  return options;
};

/** The account of a task; null if the client is another one. */
const accountOf = (client: DownloadOptions['client'], task: TaskRef): Account | null => {
  try {
    return client?.accountOf?.(task) ?? null;
  } catch {
    return null;
  }
};

/** The key alone: the other headers of an account are for its API. */
const keyOf = ({ credentials }: Account): Readonly<Record<string, string>> => {
  const { authorization } = credentials().headers;
  return authorization === undefined ? {} : { authorization };
};

/** Watches the finished task again: this polls once, and retries like any watch. */
const freshLink = (client: Pick<TaskClient, 'watch'>, task: TaskRef): Observable<string> =>
  defer(() => client.watch(task)).pipe(
    last(),
    map(({ to, snapshot }) => {
      const url = to === 'succeeded' ? snapshot.video?.url : undefined;
      if (url === undefined) throw new Error(`the task is now ${to}${to === 'succeeded' ? ', without a link' : ''}`);
      return url;
    }),
  );

const linkOf = (snapshot: TaskSnapshot): string | null => (snapshot.status === 'succeeded' ? (snapshot.video?.url ?? null) : null);

/** The extension comes from the link. Without a link it is only for the error. */
const nameFor = (source: TaskSnapshot | string, url: string | null): string => {
  if (typeof source === 'string') return linkFileName(source);
  return `${taskFileName(source.task)}${url === null ? '.mp4' : extensionOf(url)}`;
};

const checkedUrl = (url: string): string => {
  const shown = String(url).replace(/[?#].*/s, '?…').replace(/\/\/.*@/s, '//…@');
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') throw new TypeError(`source must be a snapshot or an http(s) link, not '${shown}'`);
  return url;
};

const checkName = (name: string): void => {
  checkPath('fileName', name);
  if (name === '.' || name === '..' || /[/\\]/.test(name)) throw new TypeError(`fileName must be one segment of a path, not ${JSON.stringify(name)}`);
};
