/**
 * One file, from a signed link to a whole file on the disk. Knows links, parts and retries; no provider and no feed.
 */
import type { Agent } from 'node:http';
import { join, resolve } from 'node:path';
import { concat, defer, from, ignoreElements, last, map, mergeMap, type Observable, of, throwError } from 'rxjs';
import { type DelayPolicy, exponentialDelay, jittered } from '../poll/delay-policy.js';
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import type { TaskClient } from '../client/task-client.js';
import { checkFunction, checkPositive } from '../checks.js';
import { checkPath } from './check-path.js';
import { attempts, type DownloadPlan } from './download-attempts.js';
import { connectionsTo } from './download-connections.js';
import { DownloadError } from './download-error.js';
import type { Held } from './file-answer.js';
import { extensionOf, linkFileName, taskFileName } from './file-name.js';
import { inTurn } from './in-turn.js';
import { openPart } from './part-file.js';

/** How far a download has come. */
export interface DownloadProgress {
  /** Where the file will be, and is once `done`. */
  readonly path: string;
  /** What is on the disk; goes back when the file has to begin anew. */
  readonly receivedBytes: number;
  /** Null while the server has not said. */
  readonly totalBytes: number | null;
  /** Whether the file is whole and has its name. */
  readonly done: boolean;
}

/** Where a file goes, and what is done when it does not come. */
export interface DownloadOptions {
  /** Made if it is not there. */
  readonly directory: string;
  /** One plain segment. Default: made of the task, or of the link's last segment. */
  readonly fileName?: string | undefined;
  /** Whether a file of this name may be replaced. Default: false. */
  readonly overwrite?: boolean | undefined;
  /** Watches the task again for a fresh link when this one is refused. Default: a refused link is the end. */
  readonly client?: Pick<TaskClient, 'watch'> | undefined;
  /** When to connect again: `index` counts the failures since the last new byte. Default: 1 s, doubled up to a minute, jittered. */
  readonly retry?: DelayPolicy | undefined;
  /** Gives up after so long without a new byte, in ms, and five failures in a row at the least. Default: 15 minutes. */
  readonly giveUpAfterMs?: number | undefined;
  /** How long one connection may be silent, in ms. Default: 30 s. */
  readonly stallMs?: number | undefined;
  /** Connects to the file's host; for a proxy, say. Default: Node's global one for http or https. */
  readonly agent?: Agent | undefined;
}

/**
 * Saves the video of a task, or the file behind a link.
 *
 *     subscribe    ^--------------------------!
 *     progress     0---1---2---(cut)---2---3--      goes on where it was cut; unsubscribing aborts and keeps the part
 *
 * The bytes go to `<name>.part`, which is renamed once it is whole. A cut connection, another process or another day goes on from the
 * part, if the server vouches that the file is the same (`If-Range`); else the file begins anew. GET alone is sent, without a key.
 * Memory stays the same however large the file. Downloads to one path take turns within a process.
 *
 * Cold: each subscription is a download.
 * @param source a succeeded task's snapshot, or an http(s) link
 * Errors: `DownloadError`, told apart by `kind`. `TypeError` or `RangeError` at once for a bad option.
 * @example download(snapshot, { directory: 'videos', client }).subscribe(({ receivedBytes, totalBytes }) => show(receivedBytes, totalBytes))
 */
export const download = (source: TaskSnapshot | string, options: DownloadOptions): Observable<DownloadProgress> =>
  downloadWith(source, options, () => undefined);

/**
 * A download that tells, just before the file gets its name, how many bytes it has.
 *
 * @param beforehand what it throws is the error of the download; the part stays whole then
 */
export const downloadWith = (
  source: TaskSnapshot | string,
  options: DownloadOptions,
  beforehand: (bytes: number) => void,
): Observable<DownloadProgress> => {
  const { directory, fileName, overwrite = false, client, giveUpAfterMs = 15 * 60_000, stallMs = 30_000 } = checkedOptions(options);
  const url = typeof source === 'string' ? checkedUrl(source) : linkOf(source);
  const path = join(directory, fileName ?? nameFor(source, url));
  if (url === null) return throwError(() => new DownloadError('no-video', path, 'the task has no video, or its answer no link'));
  const renew = client === undefined || typeof source === 'string' ? null : freshLink(client, source.task);
  const plan: DownloadPlan = {
    path,
    url,
    renew,
    giveUpAfterMs,
    stallMs,
    retry: options.retry ?? jittered(exponentialDelay({ initialMs: 1000, maxMs: 60_000 })),
  };
  const progress = ({ receivedBytes, totalBytes }: Held, done = false): DownloadProgress => ({ path, receivedBytes, totalBytes, done });

  return inTurn(resolve(path), () => {
    const opened = openPart(path, overwrite).then((part) => ({ part, connections: connectionsTo(part, options.agent) }));
    return {
      stream: from(opened).pipe(
        mergeMap(({ part, connections }) =>
          concat(
            defer(() => of(progress(part.held()))),
            attempts(part, plan, connections.open).pipe(map((held) => progress(held))),
            defer(() => from(part.finish(beforehand))).pipe(ignoreElements()),
            defer(() => of(progress({ ...part.held(), totalBytes: part.held().receivedBytes }, true))),
          ),
        ),
      ),
      // Also of a part that was still being opened when it was left.
      cleanUp: () => opened.then(({ part, connections }) => connections.settled().then(() => part.close())),
    };
  });
};

/** Errors: `TypeError` or `RangeError` that names the option and its value. */
export const checkedOptions = (options: DownloadOptions): DownloadOptions => {
  const { directory, fileName, giveUpAfterMs, stallMs, retry: policy, client } = options;
  checkPath('directory', directory);
  if (fileName !== undefined) checkName(fileName);
  if (giveUpAfterMs !== undefined) checkPositive('giveUpAfterMs', giveUpAfterMs);
  if (stallMs !== undefined) checkPositive('stallMs', stallMs);
  if (policy !== undefined) checkFunction('retry', policy);
  if (client !== undefined) checkFunction('client.watch', client.watch);
  return options;
};

/** A watch of a task that has ended polls once, and retries as any watch does. */
const freshLink = (client: Pick<TaskClient, 'watch'>, task: TaskRef): Observable<string> =>
  defer(() => client.watch(task)).pipe(
    last(),
    map(({ to, snapshot }) => {
      const url = to === 'succeeded' ? snapshot.video?.url : undefined;
      if (url === undefined) throw new Error(`the task is ${to}${to === 'succeeded' ? ', without a link' : ''} now`);
      return url;
    }),
  );

const linkOf = (snapshot: TaskSnapshot): string | null => (snapshot.status === 'succeeded' ? (snapshot.video?.url ?? null) : null);

/** The extension is the link's; without a link it does not matter. */
const nameFor = (source: TaskSnapshot | string, url: string | null): string => {
  if (typeof source === 'string') return linkFileName(source);
  return `${taskFileName(source.task)}${url === null ? '.mp4' : extensionOf(url)}`;
};

const checkedUrl = (url: string): string => {
  const shown = String(url).replace(/[?#].*/s, '?…');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new TypeError(`source must be a snapshot or an http(s) link, not '${shown}'`);
  return url;
};

const checkName = (name: string): void => {
  checkPath('fileName', name);
  if (name === '.' || name === '..' || /[/\\]/.test(name)) throw new TypeError(`fileName must be one segment of a path, not ${JSON.stringify(name)}`);
};
