/**
 * One watcher, as in a careful program: it saves its state, stops and resumes from it, and also resumes when a watch gives up on
 * a task that may still exist. After the end it watches once more from the last state. It records all transitions, states and errors.
 */
import { asyncScheduler, type SchedulerLike, type Subscription, timer } from 'rxjs';
import { isSeedanceError, type SeedanceError, isTerminal, parseWatchState, type TaskClient, type TaskRef, type TaskTransition, type WatchState } from '../../src/index.js';
import type { WatchCase } from './cases.js';
import { newWatch, type WatchRecord } from './records.js';
import { leakIn } from './secrets.js';

export interface Follow {
  /** The second client stands for the program after a restart. */
  readonly clients: readonly [TaskClient, TaskClient];
  readonly task: TaskRef;
  readonly watchCase: WatchCase;
  readonly deadlineMs: number;
  /** The tolerance for the start time of a watch, because the clock is read later. Default: 0. */
  readonly readingMs?: number;
  /** Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** The pause after a watch gives up. */
  readonly restMs: number;
  /** The number of exchanges about the task so far. */
  readonly exchanges: () => number;
  readonly ended: () => void;
  /** Called after a watch is stopped. */
  readonly stopped?: () => void;
}

/** Watches from now on, until the watch ends. */
export const follow = ({ clients, task, watchCase, deadlineMs, readingMs = 0, scheduler = asyncScheduler, restMs, exchanges, ended, stopped }: Follow): WatchRecord => {
  const now = (): number => scheduler.now();
  const record = newWatch(now(), deadlineMs);
  let client = 0;
  let kept: string | null = null;
  let watching: Subscription | null = null;

  const search = (what: string, value: unknown): void => {
    const leak = leakIn(value);
    if (leak !== null) record.leaks.push(`${what}: ${leak}`);
  };

  const save = (state: WatchState): void => {
    kept = JSON.stringify(state);
    search('state', kept);
    record.states.push({ atMs: now(), state });
  };

  const end = (how: string): void => {
    // Keeps the first end. A second terminal transition is in `seen`.
    record.end ??= how;
    record.endedAtMs ??= now();
    ended();
  };

  /** Watches once more from the terminal state: the same transition, and no request. */
  const watchAgain = (last: TaskTransition): void => {
    const seen: TaskTransition[] = [];
    const before = exchanges();
    const resumeFrom = kept === null ? {} : { resumeFrom: parseWatchState(kept) };
    const done = (): void => {
      record.again = { seen, requests: exchanges() - before };
      end(endOf(task, last));
    };
    clients[client === 0 ? 0 : 1].watch(task, resumeFrom).subscribe({ next: (transition) => seen.push(transition), error: done, complete: done });
  };

  const pause = (): void => void record.away.push({ fromMs: now(), toMs: Infinity });

  const begin = (): void => {
    record.resumedAtMs = now();
    const lastAway = record.away.at(-1);
    if (lastAway !== undefined) lastAway.toMs = now();
    const resumeFrom = kept === null ? null : parseWatchState(JSON.parse(kept));
    if (resumeFrom === null) record.deadlineAtMs = now() + deadlineMs - readingMs;
    let last: TaskTransition | null = null;
    watching = clients[client === 0 ? 0 : 1]
      .watch(task, { deadlineMs, save, ...(resumeFrom !== null && { resumeFrom }) })
      .subscribe({
        next: (transition) => {
          last = transition;
          const { from, to, snapshot } = transition;
          search('transition', transition);
          record.seen.push({ from, to, isTerminal: isTerminal(to), atMs: now(), snapshot });
        },
        complete: () => {
          if (last === null) return end('no transition');
          record.endedAtMs ??= now();
          const transition = last;
          timer(restMs, scheduler).subscribe(() => watchAgain(transition));
        },
        error: (error: unknown) => {
          search('error', error instanceof Error ? `${error.stack} ${JSON.stringify(error)}` : error);
          if (!isSeedanceError(error) || error.state === null) return end(`the error ${String(error)}`);
          record.errors.push({ kind: error.kind, reason: error.reason, atMs: now(), exchanges: exchanges() });
          if (error.kind === 'gone') return end('gone');
          if (isNeverKnown(error)) return end('never known');
          if (now() >= record.deadlineAtMs) return end('deadline');
          kept = JSON.stringify(error.state);
          pause();
          timer(restMs, scheduler).subscribe(begin);
        },
      });
  };

  const stopFrom = (stop: number): void => {
    const next = watchCase.stops[stop];
    if (next === undefined) return;
    timer(next.afterMs, scheduler).subscribe(() => {
      if (watching === null || watching.closed) return;
      watching.unsubscribe();
      pause();
      stopped?.();
      record.resumeCount += 1;
      if (next.elsewhere) client = 1 - client;
      timer(next.awayMs, scheduler).subscribe(() => {
        begin();
        stopFrom(stop + 1);
      });
    });
  };

  const query = (): void => {
    clients[client === 0 ? 0 : 1].query(task).subscribe({
      next: (snapshot) => {
        search('query', snapshot);
        record.queried.push({ atMs: now(), snapshot });
      },
      error: (error: Error) => search('error of a query', `${error.stack} ${JSON.stringify(error)}`),
    });
  };

  begin();
  stopFrom(0);
  if (watchCase.queryAfterMs !== null) timer(watchCase.queryAfterMs, scheduler).subscribe(query);
  return record;
};

/** Whether the error says that the provider never had the task: three times, and not as the last of other errors. */
export const isNeverKnown = ({ reason, lastSnapshot, state }: SeedanceError): boolean => reason === 'not-found' && lastSnapshot === null && (state?.lastError?.sameFailureCount ?? 0) >= 3;

/** The end of a task that a terminal transition tells. */
export const endOf = ({ id }: TaskRef, { task, snapshot }: TaskTransition): string => {
  if (task.id !== id || snapshot.task.id !== id) return 'the end of another';
  switch (snapshot.status) {
    case 'failed':
      return `failed (${snapshot.failure.reason})`;
    case 'succeeded':
      return snapshot.video?.url.includes(encodeURIComponent(id)) === true ? 'succeeded' : 'succeeded, with the video of another';
    case 'queued':
    case 'running':
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return snapshot.status;
  }
};
