/**
 * Decides when a download connects again, when it fetches a fresh link, and when it gives up.
 */
import { asyncScheduler, catchError, concat, defer, endWith, ignoreElements, interval, merge, mergeMap, type Observable, of, retry, takeWhile, tap, throwError, throwIfEmpty, timeout } from 'rxjs';
import { checkedDelay, type DelayPolicy } from '../poll/delay-policy.js';
import { longestTimerMs } from '../checks.js';
import { attemptAfter, failedAgain, type Failures, hasGivenUp, noFailures } from '../poll/backoff.js';
import { longTimer } from '../poll/timers.js';
import { longestRetryAfterMs } from '../transport/retry-after.js';
import { innermostReason } from '../transport/exchange.js';
import { messageOf } from '../state/errors.js';
import { LinkRefusedError, ConnectionError } from './download-connections.js';
import { DownloadError } from './download-error.js';
import { RejectedFileError } from './file-check.js';
import type { Held } from './file-response.js';
import type { PartFile } from './part-file.js';
import type { Pause } from './places.js';
import { UnsafeLinkError } from './safe-link.js';

/** What to download, and when to give up. */
export interface DownloadPlan {
  /** The path of the file, for errors. */
  readonly path: string;
  readonly url: string;
  /** Fetches a fresh link from the provider. Null without a client. */
  readonly renew: Observable<string> | null;
  readonly retry: DelayPolicy;
  readonly giveUpAfterMs: number;
  readonly idleTimeoutMs: number;
  /** The least speed over each window. 0 allows any. */
  readonly minBytesPerSecond: number;
  readonly speedWindowMs: number;
  /** Gives up the place of this download during a wait. */
  readonly pause: Pause;
}

/** How long to wait after failures, in ms; null to give up. */
export const delayAfter = (failures: Failures, policy: DelayPolicy, giveUpAfterMs: number): number | null => {
  const nowMs = asyncScheduler.now();
  const delayMs = checkedDelay('retry', policy(attemptAfter(failures, nowMs, Math.random())));
  return delayMs === 'stop' || hasGivenUp(failures, giveUpAfterMs, nowMs) ? null : delayMs;
};

/** Emits once, after a time. */
export const wait = (ms: number): Observable<null> => concat(longTimer(ms), of(null));

/** The host sends less than the least speed. */
class SlowError extends ConnectionError {}

/** How long to try fresh links: a provider may serve a file some minutes after it has announced it. */
const refusedForMs = 5 * 60_000;

/**
 * Opens one connection after another until all bytes are received. Emits the state of the part after each chunk.
 *
 *     connections   --1--2--x  --3--4--|
 *     attempts      --1--2-------3--4--|
 *
 * Errors: `DownloadError` of kind `refused`, `interrupted` and `disk`.
 */
export const attempts = (part: Pick<PartFile, 'held'>, plan: DownloadPlan, open: (url: string) => Observable<Held>): Observable<Held> =>
  defer(() => {
    let { url } = plan;
    let best = part.held().receivedBytes;
    let failures = noFailures;
    let refusals = noFailures;
    let isRejected = false;
    let isSlow = false;

    const freshLink = (renew: Observable<string>, message: string): Observable<unknown> =>
      renew.pipe(
        throwIfEmpty(() => new Error('the watch emitted nothing')),
        tap((fresh) => (url = fresh)),
        catchError((error: unknown) =>
          throwError(() => new DownloadError('refused', plan.path, `${message}, and no fresh link is available: ${messageOf(error)}`, error)),
        ),
      );

    /** A refused link is renewed at once, then after longer and longer delays. A link to a wrong file gets one more try first. */
    const refused = (message: string): Observable<unknown> => {
      const { renew } = plan;
      refusals = failedAgain(refusals, asyncScheduler.now());
      const isFirst = refusals.failureCount === 1;
      const delayMs = isFirst && !isRejected ? 0 : delayAfter(refusals, plan.retry, Math.min(plan.giveUpAfterMs, refusedForMs));
      if (delayMs === null || (renew === null && !isRejected)) return throwError(() => new DownloadError('refused', plan.path, message));
      const again = delayMs === 0 ? of(null) : wait(delayMs);
      return renew === null || (isFirst && isRejected) ? again : again.pipe(mergeMap(() => freshLink(renew, message)));
    };

    const failed = (message: string, retryAfterMs: number | null): Observable<unknown> => {
      failures = failedAgain(failures, asyncScheduler.now());
      const delayMs = delayAfter(failures, plan.retry, plan.giveUpAfterMs);
      if (delayMs !== null) return wait(Math.max(delayMs, Math.min(retryAfterMs ?? 0, longestRetryAfterMs)));
      const progress = `given up at byte ${String(part.held().receivedBytes)} after ${String(failures.failureCount)} failures in a row`;
      return throwError(() => new DownloadError('interrupted', plan.path, `${progress}: ${message}`));
    };

    const windowBytes = (plan.minBytesPerSecond * plan.speedWindowMs) / 1000;

    /** One connection. It fails at the end of a window with too few bytes. */
    const connection = defer(() => {
      let latest = part.held();
      let windowStart = latest.receivedBytes;
      const received = open(url).pipe(
        timeout({ each: Math.min(plan.idleTimeoutMs, longestTimerMs), with: () => throwError(() => new ConnectionError(`no data for ${String(plan.idleTimeoutMs)} ms`)) }),
        tap((held) => {
          latest = held;
          windowStart = Math.min(windowStart, held.receivedBytes);
          if (held.receivedBytes - windowStart >= windowBytes) isSlow = false;
        }),
      );
      const measured = interval(Math.min(plan.speedWindowMs, longestTimerMs)).pipe(
        tap(() => {
          const gained = latest.receivedBytes - windowStart;
          windowStart = latest.receivedBytes;
          if (gained < windowBytes && windowStart !== latest.totalBytes) throw new SlowError(`only ${String(gained)} bytes in ${String(plan.speedWindowMs)} ms`);
        }),
        ignoreElements(),
      );
      return merge(received.pipe(endWith(null)), measured).pipe(takeWhile((held): held is Held => held !== null));
    });

    return connection.pipe(
      tap(({ receivedBytes }) => {
        // Only new bytes are progress. Otherwise a file that always breaks at the same byte would be retried without end.
        if (receivedBytes <= best) return;
        best = receivedBytes;
        // A host that stays slow is given up, although it sends new bytes.
        if (!isSlow) failures = noFailures;
        // The bytes of a wrong file do not make its link a good one.
        if (!isRejected) refusals = noFailures;
      }),
      retry({
        delay: (error: unknown) => {
          if (error instanceof DownloadError) return throwError(() => error);
          if (error instanceof UnsafeLinkError) return throwError(() => new DownloadError('refused', plan.path, error.message));
          isSlow ||= error instanceof SlowError;
          isRejected ||= error instanceof RejectedFileError;
          if (error instanceof LinkRefusedError || error instanceof RejectedFileError) return plan.pause(refused(error.message));
          return plan.pause(failed(error instanceof ConnectionError ? error.message : innermostReason(error, [url]), error instanceof ConnectionError ? error.retryAfterMs : null));
        },
      }),
    );
  });
