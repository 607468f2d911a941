/**
 * When to connect again, when to ask for a fresh link, and when to give up. Knows no socket and no file.
 */
import { asyncScheduler, catchError, concat, defer, type Observable, of, retry, tap, throwError, throwIfEmpty, timeout } from 'rxjs';
import { checkedDelay, type DelayPolicy } from '../poll/delay-policy.js';
import { longestTimerMs } from '../checks.js';
import { attemptAfter, failedAgain, hasGivenUp, noFailures } from '../poll/backoff.js';
import { rest } from '../poll/rest.js';
import { longestRetryAfterMs } from '../transport/retry-after.js';
import { innermostReason } from '../transport/exchange.js';
import { messageOf } from '../state/errors.js';
import { Refused, Trouble } from './download-connections.js';
import { DownloadError } from './download-error.js';
import type { Held } from './file-answer.js';
import type { PartFile } from './part-file.js';

/** What is asked for, and how patiently. */
export interface DownloadPlan {
  /** Where the file is to be, for errors. */
  readonly path: string;
  readonly url: string;
  /** The link as the provider gives it now. Null where nobody can be asked. */
  readonly renew: Observable<string> | null;
  readonly retry: DelayPolicy;
  readonly giveUpAfterMs: number;
  readonly stallMs: number;
}

/**
 * Connections, one after another, until all bytes are there: what is held, after each piece.
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
    let isRenewed = false;

    const refused = (message: string): Observable<unknown> => {
      if (plan.renew === null || isRenewed) return throwError(() => new DownloadError('refused', plan.path, message));
      isRenewed = true;
      return plan.renew.pipe(
        throwIfEmpty(() => new Error('none came')),
        tap((fresh) => (url = fresh)),
        catchError((error: unknown) =>
          throwError(() => new DownloadError('refused', plan.path, `${message}, and there is no fresh link: ${messageOf(error)}`, error)),
        ),
      );
    };

    const troubled = (message: string, retryAfterMs: number | null): Observable<unknown> => {
      const nowMs = asyncScheduler.now();
      failures = failedAgain(failures, nowMs);
      const delayMs = checkedDelay('retry', plan.retry(attemptAfter(failures, { nowMs, jitter: Math.random(), latest: null, runMs: null })));
      if (delayMs !== 'stop' && !hasGivenUp(failures, plan.giveUpAfterMs, nowMs)) return concat(rest(Math.max(delayMs, Math.min(retryAfterMs ?? 0, longestRetryAfterMs))), of(null));
      const standing = `given up at byte ${String(part.held().receivedBytes)} after ${String(failures.failureCount)} failures in a row`;
      return throwError(() => new DownloadError('interrupted', plan.path, `${standing}: ${message}`));
    };

    return defer(() => open(url)).pipe(
      timeout({ each: Math.min(plan.stallMs, longestTimerMs), with: () => throwError(() => new Trouble(`the host was silent for ${String(plan.stallMs)} ms`)) }),
      tap(({ receivedBytes }) => {
        // A byte that has been there before is no progress: a file that always breaks at one place would come for ever.
        if (receivedBytes <= best) return;
        best = receivedBytes;
        failures = noFailures;
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
