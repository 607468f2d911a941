/**
 * One file, from a signed link to a whole file on the disk. Knows links, parts and retries; no provider and no feed.
 */
import type { Agent } from 'node:http';
import { join, resolve } from 'node:path';
import {
  asyncScheduler,
  catchError,
  concat,
  defer,
  finalize,
  from,
  ignoreElements,
  last,
  map,
  mergeMap,
  Observable,
  of,
  retry,
  tap,
  throwError,
  timeout,
} from 'rxjs';
import { checkedDelay, type DelayPolicy, exponentialDelay, jittered } from '../poll/delay-policy.js';
import { rest } from '../poll/rest.js';
import type { StoredSnapshot, TaskRef } from '../task/snapshot.js';
import { longestRetryAfterMs } from '../transport/retry-after.js';
import { innermostReason } from '../transport/whole-answer.js';
import type { TaskClient } from '../watch/task-client.js';
import { checkPositive } from '../watch/watch-rules.js';
import { DownloadError } from './download-error.js';
import { headersFor, type Held, readFileAnswer } from './file-answer.js';
import { type FileRequest, openFile } from './file-connection.js';
import { extensionOf, linkFileName, taskFileName } from './file-name.js';
import { inTurn } from './in-turn.js';
import { openPart, type PartFile } from './part-file.js';

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
  /** How long no new byte is borne, in ms, and five failures in a row at the least. Default: 15 minutes. */
  readonly patienceMs?: number | undefined;
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
export const download = (source: StoredSnapshot | string, options: DownloadOptions): Observable<DownloadProgress> =>
  downloadWith(source, options, () => undefined);

/**
 * A download that tells, just before the file gets its name, how many bytes it has.
 *
 * @param beforehand what it throws is the error of the download; the part stays whole then
 */
export const downloadWith = (
  source: StoredSnapshot | string,
  options: DownloadOptions,
  beforehand: (bytes: number) => void,
): Observable<DownloadProgress> => {
  const { directory, fileName, overwrite = false, client, patienceMs = 15 * 60_000, stallMs = 30_000 } = checkedOptions(options);
  const url = typeof source === 'string' ? checkedUrl(source) : linkOf(source);
  const path = join(directory, fileName ?? nameFor(source, url));
  if (url === null) return throwError(() => new DownloadError('no-video', path, 'the task has no video, or its answer no link'));
  const renew = client === undefined || typeof source === 'string' ? null : freshLink(client, source.task);
  const plan: Plan = {
    path,
    url,
    renew,
    patienceMs,
    stallMs,
    retry: options.retry ?? jittered(exponentialDelay({ initialMs: 1000, maxMs: 60_000 })),
  };
  const progress = ({ receivedBytes, totalBytes }: Held, done = false): DownloadProgress => ({ path, receivedBytes, totalBytes, done });

  return inTurn(resolve(path), (cleanUp) =>
    defer(() => from(openPart(path, overwrite))).pipe(
      mergeMap((part) => {
        const connections = connectionsTo(part, options.agent);
        return concat(
          defer(() => of(progress(part.held()))),
          attempts(part, plan, connections.open).pipe(map((held) => progress(held))),
          defer(() => from(part.finish(beforehand))).pipe(ignoreElements()),
          defer(() => of(progress({ ...part.held(), totalBytes: part.held().receivedBytes }, true))),
        ).pipe(finalize(() => cleanUp(connections.settled().then(() => part.close()))));
      }),
    ),
  );
};

/** Errors: `TypeError` or `RangeError` that names the option and its value. */
export const checkedOptions = (options: DownloadOptions): DownloadOptions => {
  const { directory, fileName, patienceMs, stallMs, retry: policy, client } = options;
  checkText('directory', directory);
  if (fileName !== undefined) checkName(fileName);
  if (patienceMs !== undefined) checkPositive('patienceMs', patienceMs);
  if (stallMs !== undefined) checkPositive('stallMs', stallMs);
  if (policy !== undefined) checkFunction('retry', policy);
  if (client !== undefined) checkFunction('client.watch', client.watch);
  return options;
};

interface Plan {
  readonly patienceMs: number;
  readonly stallMs: number;
  readonly retry: DelayPolicy;
  readonly path: string;
  readonly url: string;
  /** The link as the provider gives it now. Null where nobody can be asked. */
  readonly renew: Observable<string> | null;
}

/** Why a connection did not bring all bytes. */
class Trouble extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

class Refused extends Error {}

/** Connections, one after another, until all bytes are there. */
const attempts = (part: PartFile, plan: Plan, open: (url: string) => Observable<Held>): Observable<Held> =>
  defer(() => {
    let { url } = plan;
    let best = part.held().receivedBytes;
    let failures = 0;
    let failingSinceMs = 0;
    let isRenewed = false;

    const refused = (message: string): Observable<unknown> => {
      if (plan.renew === null || isRenewed) return throwError(() => new DownloadError('refused', plan.path, message));
      isRenewed = true;
      return plan.renew.pipe(
        tap((fresh) => (url = fresh)),
        catchError((error: unknown) => {
          const why = error instanceof Error ? error.message : String(error);
          return throwError(() => new DownloadError('refused', plan.path, `${message}, and there is no fresh link: ${why}`, error));
        }),
      );
    };

    const troubled = (message: string, retryAfterMs: number | null): Observable<unknown> => {
      const now = asyncScheduler.now();
      if (failures === 0) failingSinceMs = now;
      const elapsedMs = Math.max(0, now - failingSinceMs);
      const delayMs = checkedDelay('retry', plan.retry({ index: failures, elapsedMs, jitter: Math.random(), latest: null }));
      failures += 1;
      const isOver = delayMs === 'stop' || (failures >= fewestFailures && elapsedMs >= plan.patienceMs);
      if (!isOver) return concat(rest(Math.max(delayMs, Math.min(retryAfterMs ?? 0, longestRetryAfterMs))), of(null));
      const standing = `given up at byte ${String(part.held().receivedBytes)} after ${String(failures)} failures in a row`;
      return throwError(() => new DownloadError('interrupted', plan.path, `${standing}: ${message}`));
    };

    return defer(() => open(url)).pipe(
      timeout({ each: plan.stallMs, with: () => throwError(() => new Trouble(`the host was silent for ${String(plan.stallMs)} ms`)) }),
      tap(({ receivedBytes }) => {
        // A byte that has been there before is no progress: a file that always breaks at one place would come for ever.
        if (receivedBytes <= best) return;
        best = receivedBytes;
        failures = 0;
        isRenewed = false;
      }),
      retry({
        delay: (error: unknown) => {
          if (error instanceof DownloadError) return throwError(() => error);
          if (error instanceof Refused) return refused(error.message);
          return troubled(error instanceof Trouble ? error.message : innermostReason(error, [url]), error instanceof Trouble ? error.retryAfterMs : null);
        },
      }),
    );
  });

/** However little patience there is, so many failures in a row are borne. */
const fewestFailures = 5;

/** Connections to one part: a new one waits until the one before has written its last byte. */
const connectionsTo = (part: PartFile, agent: Agent | undefined) => {
  let settled: Promise<void> = Promise.resolve();
  return {
    settled: () => settled,
    open: (url: string): Observable<Held> =>
      new Observable<Held>((subscriber) => {
        const controller = new AbortController();
        settled = settled
          .then(() => receive(part, { url, agent, signal: controller.signal }, (held) => subscriber.next(held)))
          .then(
            () => subscriber.complete(),
            (error: unknown) => {
              if (!subscriber.closed) subscriber.error(error);
            },
          )
          .finally(() => controller.abort());
        return () => controller.abort();
      }),
  };
};

/** One connection: resolves when all bytes are there. */
const receive = async (part: PartFile, request: Omit<FileRequest, 'headers'>, tell: (held: Held) => void): Promise<void> => {
  const { signal } = request;
  if (signal.aborted || isWhole(part.held())) return;
  const response = await openFile({ ...request, headers: headersFor(part.held()) });
  const answer = readFileAnswer(response, part.held());
  switch (answer.kind) {
    case 'whole':
      return;
    case 'refused':
      throw new Refused(answer.message);
    case 'trouble':
      throw new Trouble(answer.message, answer.retryAfterMs);
    case 'stale':
      await part.begin(null, null);
      throw new Trouble(answer.message);
    case 'bytes':
  }
  const { fromBytes, toBytes, totalBytes, validator } = answer;
  if (fromBytes === 0) await part.begin(totalBytes, validator);
  tell(part.held());
  for await (const chunk of response.bytes) {
    if (signal.aborted) return;
    if (toBytes !== null && part.held().receivedBytes + chunk.byteLength > toBytes) throw new Trouble(`there is more than the ${String(toBytes)} bytes that were announced`);
    await part.write(chunk);
    tell(part.held());
  }
  const { receivedBytes } = part.held();
  const leastBytes = totalBytes ?? toBytes ?? 1;
  if (receivedBytes < leastBytes) throw new Trouble(`the answer ended at byte ${String(receivedBytes)} of ${String(leastBytes)}`);
};

const isWhole = ({ receivedBytes, totalBytes }: Held): boolean => receivedBytes > 0 && receivedBytes === totalBytes;

/** A watch of a task that has ended asks once, and bears troubles as any watch does. */
const freshLink = (client: Pick<TaskClient, 'watch'>, task: TaskRef): Observable<string> =>
  defer(() => client.watch(task)).pipe(
    last(),
    map(({ to, snapshot }) => {
      const url = to === 'succeeded' ? snapshot.video?.url : undefined;
      if (url === undefined) throw new Error(`the task is ${to}${to === 'succeeded' ? ', without a link' : ''} now`);
      return url;
    }),
  );

const linkOf = (snapshot: StoredSnapshot): string | null => (snapshot.status === 'succeeded' ? (snapshot.video?.url ?? null) : null);

/** The extension is the link's; without a link it does not matter. */
const nameFor = (source: StoredSnapshot | string, url: string | null): string => {
  if (typeof source === 'string') return linkFileName(source);
  return `${taskFileName(source.task)}${url === null ? '.mp4' : extensionOf(url)}`;
};

const checkedUrl = (url: string): string => {
  const shown = String(url).replace(/[?#].*/s, '?…');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new TypeError(`source must be a snapshot or an http(s) link, not '${shown}'`);
  return url;
};

const checkText = (field: string, value: unknown): void => {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw new TypeError(`${field} must be a path, not ${JSON.stringify(value) ?? 'undefined'}`);
};

const checkFunction = (field: string, value: unknown): void => {
  if (typeof value !== 'function') throw new TypeError(`${field} must be a function, not ${String(value)}`);
};

const checkName = (name: string): void => {
  checkText('fileName', name);
  if (name === '.' || name === '..' || /[/\\]/.test(name)) throw new TypeError(`fileName must be one segment of a path, not ${JSON.stringify(name)}`);
};
