/**
 * The records of a run, for `checker.ts`. Plain data with times in ms. They do not depend on the library: the result of an exchange
 * comes from the server, and the expected end of a task from its scenario.
 */

/**
 * The result of a request for one task: `ok` for a status, `unauthorized` for 401, `not-found` for an unknown task, `error` for
 * any other error, `no-response`, or `omitted` from a list, so that the task is polled again by a request of its own.
 */
export type Result = 'ok' | 'unauthorized' | 'not-found' | 'error' | 'no-response' | 'omitted';

/** One request about one task. A list has an exchange for each of its tasks. */
export interface Exchange {
  readonly sentAtMs: number;
  readonly by: 'list' | 'single';
  result: Result;
  /** When its response arrived; null without a response. */
  receivedAtMs: number | null;
}

/** One transition that a watcher received. */
export interface Seen {
  readonly from: string | null;
  readonly to: string;
  readonly isTerminal: boolean;
  readonly atMs: number;
}

/** One error of a watch. */
export interface WatchErrorRecord {
  readonly kind: string;
  readonly reason: string | null;
  readonly atMs: number;
  /** The number of exchanges about the task before the error. */
  readonly exchanges: number;
}

/** One watcher of a task from start to end, including its stops. */
export interface WatchRecord {
  readonly startedAtMs: number;
  /** When it last started or resumed. */
  resumedAtMs: number;
  deadlineAtMs: number;
  /** The intervals in which it did not watch. */
  readonly away: { readonly fromMs: number; toMs: number }[];
  readonly seen: Seen[];
  readonly errors: WatchErrorRecord[];
  /** How often it was stopped and resumed from its saved state. */
  resumeCount: number;
  /** Its end, such as `succeeded` or `gone`; null before the end. */
  end: string | null;
  endedAtMs: number | null;
}

/** One task. */
export interface TaskRecord {
  readonly name: string;
  /** The end by its scenario. */
  readonly expected: string;
  /** When it ends by its scenario; null if it never does. */
  readonly endsAtMs: number | null;
  readonly exchanges: readonly Exchange[];
  readonly watches: readonly WatchRecord[];
}

/** The record of a watch that starts now. */
export const newWatch = (nowMs: number, deadlineMs: number): WatchRecord => ({
  startedAtMs: nowMs,
  resumedAtMs: nowMs,
  deadlineAtMs: nowMs + deadlineMs,
  away: [],
  seen: [],
  errors: [],
  resumeCount: 0,
  end: null,
  endedAtMs: null,
});
