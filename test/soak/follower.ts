/**
 * One watcher, as a careful program would be: it keeps what its watch saves, stops and goes on from there, and goes on as well
 * when a watch gives up on a task that may still be there. What it is told is written down.
 */
import { asyncScheduler, type SchedulerLike, type Subscription, timer } from 'rxjs';
import { isSeedanceError, isTerminal, parseWatchState, type TaskClient, type TaskRef, type TaskTransition } from '../../src/index.js';
import type { WatchCase } from './cases.js';
import { newWatch, type WatchRecord } from './records.js';

export interface Follow {
  /** The second one stands for the program after its restart. */
  readonly clients: readonly [TaskClient, TaskClient];
  readonly task: TaskRef;
  readonly watchCase: WatchCase;
  readonly deadlineMs: number;
  /** How much may lie between an instant and the reading of the clock for it, at the beginning of a watch. Default: 0. */
  readonly readingMs?: number;
  /** The time in which all of it happens. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** How long it rests when a watch has given up. */
  readonly restMs: number;
  /** How many exchanges about the task there have been. */
  readonly exchanges: () => number;
  readonly ended: () => void;
  /** Called as soon as a watch has been stopped. */
  readonly stopped?: () => void;
}

/** Watches from now on, until there is an end. */
export const follow = ({ clients, task, watchCase, deadlineMs, readingMs = 0, scheduler = asyncScheduler, restMs, exchanges, ended, stopped }: Follow): WatchRecord => {
  const now = (): number => scheduler.now();
  const record = newWatch(now(), deadlineMs);
  let client = 0;
  let kept: string | null = null;
  let watching: Subscription | null = null;

  const end = (how: string): void => {
    // A second end is a second transition: the record has both.
    record.end ??= how;
    record.endedAtMs ??= now();
    ended();
  };

  const goAway = (): void => void record.away.push({ fromMs: now(), toMs: Infinity });

  const begin = (): void => {
    record.resumedAtMs = now();
    const lastAway = record.away.at(-1);
    if (lastAway !== undefined) lastAway.toMs = now();
    const resumeFrom = kept === null ? null : parseWatchState(JSON.parse(kept));
    if (resumeFrom === null) record.deadlineAtMs = now() + deadlineMs - readingMs;
    let last: TaskTransition | null = null;
    watching = clients[client === 0 ? 0 : 1]
      .watch(task, { deadlineMs, save: (state) => (kept = JSON.stringify(state)), ...(resumeFrom !== null && { resumeFrom }) })
      .subscribe({
        next: (transition) => {
          last = transition;
          record.seen.push({ from: transition.from, to: transition.to, isTerminal: isTerminal(transition.to), atMs: now() });
        },
        complete: () => end(last === null ? 'nothing' : endOf(last)),
        error: (error: unknown) => {
          if (!isSeedanceError(error) || error.state === null) return end(`the error ${String(error)}`);
          record.losses.push({ kind: error.kind, reason: error.reason, atMs: now(), exchanges: exchanges() });
          if (error.kind === 'gone') return end('gone');
          if (error.reason === 'not-found' && error.lastSnapshot === null) return end('never known');
          if (now() >= record.deadlineAtMs) return end('deadline');
          kept = JSON.stringify(error.state);
          goAway();
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
      goAway();
      stopped?.();
      record.resumptions += 1;
      if (next.elsewhere) client = 1 - client;
      timer(next.awayMs, scheduler).subscribe(() => {
        begin();
        stopFrom(stop + 1);
      });
    });
  };

  begin();
  stopFrom(0);
  return record;
};

const endOf = ({ task, snapshot }: TaskTransition): string => {
  switch (snapshot.status) {
    case 'failed':
      return `failed (${snapshot.failure.reason})`;
    case 'succeeded':
      return snapshot.video?.url.includes(encodeURIComponent(task.id)) === true ? 'succeeded' : 'succeeded, with the video of another';
    case 'queued':
    case 'running':
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return snapshot.status;
  }
};
