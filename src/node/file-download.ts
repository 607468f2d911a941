/**
 * Downloads one file into its part, then gives it its final name or sends it to a sink. Waits for room on the disk.
 */
import { join, resolve } from 'node:path';
import { asyncScheduler, concat, defer, from, ignoreElements, last, map, mergeMap, Observable, of, retry, tap, throwError } from 'rxjs';
import type { Account } from '../client/account.js';
import type { TaskClient } from '../client/task-client.js';
import { failedAgain, noFailures } from '../poll/backoff.js';
import { exponentialDelay, jittered } from '../poll/delay-policy.js';
import { watchConfig } from '../state/watch-config.js';
import type { TaskSnapshot, TaskRef, Video } from '../task/snapshot.js';
import { attempts, delayAfter, wait } from './download-attempts.js';
import { type Connections, connectionsTo } from './download-connections.js';
import { DownloadError, PassingError } from './download-error.js';
import type { DownloadOptions, DownloadProgress } from './download-options.js';
import { type FileFormat, picture, video } from './file-format.js';
import { extensionIn, extensionOf, linkFileName, taskFileName } from './file-name.js';
import type { Held } from './file-response.js';
import { openPart, type PartFile } from './part-file.js';
import { createPlaces } from './places.js';
import { runExclusive } from './run-exclusive.js';
import { isPrivateHost } from './safe-link.js';

/** A file to download. */
export interface WantedFile {
  readonly name: string;
  readonly format: FileFormat;
  /** Null if the response has no link. */
  readonly url: string | null;
  /** The task whose file it is, and its snapshot; null for a link. */
  readonly task: TaskRef | null;
  readonly snapshot: TaskSnapshot | null;
  /** The link in a fresh snapshot of the task. */
  readonly linkIn: (snapshot: TaskSnapshot) => string | null;
}

/** The video of a task. */
export const videoOf = (task: TaskRef, snapshot: TaskSnapshot, fileName?: string): WantedFile =>
  fileOf(task, snapshot, video, '', ({ url }) => url, fileName);

/** The last frame of a task's video. */
export const lastFrameOf = (task: TaskRef, snapshot: TaskSnapshot): WantedFile =>
  fileOf(task, snapshot, picture, '.last', ({ lastFrameUrl }) => lastFrameUrl);

const fileOf = (
  task: TaskRef, snapshot: TaskSnapshot, format: FileFormat, ending: string, pick: (made: Video) => string | null, fileName?: string,
): WantedFile => {
  const linkIn = (latest: TaskSnapshot): string | null => (latest.status === 'succeeded' && latest.video !== null ? pick(latest.video) : null);
  const url = linkIn(snapshot);
  return { task, snapshot, format, url, linkIn, name: fileName ?? `${taskFileName(task)}${ending}${extensionOf(url, format)}` };
};

/** The file behind a link: a picture by its extension, else a video. */
export const fileBehind = (url: string, fileName?: string): WantedFile => {
  const format = [picture, video].find((one) => one.extensions.includes(extensionIn(url))) ?? video;
  return { task: null, snapshot: null, format, url, linkIn: () => null, name: fileName ?? linkFileName(url, format) };
};

/** What else a download does. */
export interface DownloadHooks {
  /** Called with the number of bytes just before the file gets its final name, or once the sink has it. If it throws, the download fails and keeps the part. */
  readonly onComplete?: (bytes: number) => void;
  /** The download holds one of these, except while it waits. Default: no limit. */
  readonly places?: ReturnType<typeof createPlaces>;
}

/** Downloads a file of a task, or behind a link. Errors: as those of `download`. */
export const downloadFile = (
  wanted: WantedFile,
  options: DownloadOptions,
  { onComplete = () => undefined, places = createPlaces(Infinity) }: DownloadHooks = {},
): Observable<DownloadProgress> => {
  const { directory, sink, client, agent, overwrite = false, allowPrivateHosts = false, giveUpAfterMs = 15 * 60_000, maxBytes = 2 * 1024 ** 3 } = options;
  const { idleTimeoutMs = 30_000, minBytesPerSecond = 1024, speedWindowMs = 60_000 } = options;
  const { task, snapshot, format, name, url } = wanted;
  const path = join(directory, name);
  if (url === null) return throwError(() => new DownloadError('no-video', path, 'the task has no video, or its response has no link'));
  const policy = options.retry ?? jittered(exponentialDelay({ initialMs: 1000, maxMs: 60_000 }));
  const own = task === null ? null : accountOf(client, task);
  // An earlier run may have polled the task just before.
  const firstPollAfterMs = own === null || snapshot === null ? undefined : own.provider.pacing(watchConfig(own.provider).hintsOf(snapshot)).minIntervalMs;
  const renew = client === undefined || task === null ? null : freshLink(client, task, firstPollAfterMs, wanted.linkIn);
  const plan = { path, url, renew, giveUpAfterMs, idleTimeoutMs, minBytesPerSecond, speedWindowMs, retry: policy };
  const { origin, hostname: ownHost } = own === null ? { origin: '', hostname: '' } : new URL(own.baseUrl);
  const allowsPrivate = (hostname: string): boolean => allowPrivateHosts || hostname === ownHost || isPrivateHost(ownHost);
  const access = { agent, allowsPrivate, own: own === null ? null : { origin, headers: () => keyOf(own) } };
  const progress = ({ receivedBytes, totalBytes }: Held, done = false): DownloadProgress =>
    ({ path: sink === undefined ? path : name, receivedBytes, totalBytes, done });

  /** Gives the file its final name, or sends it to the sink. */
  const complete = (part: PartFile): Observable<never> =>
    sink === undefined
      ? from(part.finish(onComplete)).pipe(ignoreElements())
      : new Observable((subscriber) => {
          const controller = new AbortController();
          part.send(() => sink({ name, bytes: part.held().receivedBytes, task }), controller.signal, onComplete).then(
            () => { subscriber.complete(); },
            (error: unknown) => { subscriber.error(error); },
          );
          return () => { controller.abort(); };
        });

  const once = runExclusive(resolve(path), () => {
    let opened: Promise<{ readonly part: PartFile; readonly connections: Connections }> | null = null;
    const open = () => (opened = openPart(path, overwrite || sink !== undefined, maxBytes).then((part) => ({ part, connections: connectionsTo(part, format, access) })));
    return {
      // It queues for a place only when it is the first of its path: else it would hold one that the first needs.
      stream: places.hold((pause) =>
        from(open()).pipe(
          mergeMap(({ part, connections }) =>
            concat(
              defer(() => of(progress(part.held()))),
              attempts(part, { ...plan, pause }, connections.open).pipe(map((held) => progress(held))),
              defer(() => complete(part)),
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

  return defer(() => {
    let failures = noFailures;
    let best = 0;
    const waitAfter = (error: unknown): Observable<unknown> => {
      if (!(error instanceof PassingError)) return throwError(() => error);
      failures = failedAgain(failures, asyncScheduler.now());
      const delayMs = delayAfter(failures, policy, giveUpAfterMs);
      return delayMs === null ? throwError(() => error) : wait(delayMs);
    };
    return once.pipe(
      tap(({ receivedBytes }) => {
        if (receivedBytes <= best) return;
        best = receivedBytes;
        failures = noFailures;
      }),
      retry({ delay: waitAfter }),
    );
  });
};

/** The account of a task; null if the client is another one. */
const accountOf = (client: DownloadOptions['client'], task: TaskRef): Account | null => {
  try {
    return client?.accountOf?.(task) ?? null;
  } catch {
    return null;
  }
};

/** The key alone, in the header of its provider: what an account accepts is for its API. */
const keyOf = ({ credentials }: Account): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(credentials().headers).filter(([name]) => name !== 'accept'));

/** Watches the finished task again: this polls once, and retries like any watch. */
const freshLink = (client: Pick<TaskClient, 'watch'>, task: TaskRef, firstPollAfterMs: number | undefined, linkIn: WantedFile['linkIn']): Observable<string> =>
  defer(() => client.watch(task, { firstPollAfterMs })).pipe(
    last(),
    map(({ to, snapshot }) => {
      const url = linkIn(snapshot);
      if (url === null) throw new Error(`the task is now ${to}${to === 'succeeded' ? ', without a link' : ''}`);
      return url;
    }),
  );
