/**
 * What a campaign writes down while it runs, for `judge.ts` to judge. Plain data: instants and spans in ms. Nothing here was read by
 * the library: what an exchange came to is the server's word, what a task comes to is its scenario's.
 */

/**
 * What a request came to for one task: it was told of; the server said 401, or that there is no such task; another trouble; nothing
 * arrived; or a list left it out, and the question is asked once more, singly.
 */
export type Result = 'told' | 'unauthorized' | 'unknown' | 'trouble' | 'nothing' | 'left out';

/** One request that reached the server, as far as it was about one task. */
export interface Exchange {
  readonly sentAtMs: number;
  readonly by: 'list' | 'single';
  result: Result;
  /** When its answer arrived; null where none did. */
  answeredAtMs: number | null;
}

/** One transition that a watcher was given. */
export interface Seen {
  readonly from: string | null;
  readonly to: string;
  readonly isTerminal: boolean;
  readonly atMs: number;
}

/** One error of a watch: that it could not find out. */
export interface Loss {
  readonly kind: string;
  readonly reason: string | null;
  readonly atMs: number;
  /** How many exchanges about the task there had been. */
  readonly exchanges: number;
}

/** One watcher of a task, from its beginning to its end, however often it stopped and went on. */
export interface WatchRecord {
  readonly beganAtMs: number;
  /** When it last began or went on. */
  resumedAtMs: number;
  deadlineAtMs: number;
  /** When it did not watch, and heard nothing of what others were told. */
  readonly away: { readonly fromMs: number; toMs: number }[];
  readonly seen: Seen[];
  readonly losses: Loss[];
  /** How often it was stopped, and went on from what it had saved. */
  resumptions: number;
  /** What it ended with, such as `succeeded` or `gone`; null while it has not. */
  end: string | null;
  endedAtMs: number | null;
}

/** One task. */
export interface TaskRecord {
  readonly name: string;
  /** What its scenario leads to. */
  readonly expected: string;
  /** When it ends by its scenario; null for one that never does. */
  readonly endsAtMs: number | null;
  readonly exchanges: readonly Exchange[];
  readonly watches: readonly WatchRecord[];
}

/** A watch that begins now. */
export const newWatch = (nowMs: number, deadlineMs: number): WatchRecord => ({
  beganAtMs: nowMs,
  resumedAtMs: nowMs,
  deadlineAtMs: nowMs + deadlineMs,
  away: [],
  seen: [],
  losses: [],
  resumptions: 0,
  end: null,
  endedAtMs: null,
});
