/**
 * The records of a run, for `checker.ts`. Plain data with times in ms. They do not depend on the library: the result of an exchange
 * comes from the server, and the expected end of a task from its scenario.
 */

/**
 * The result of a request for one task: `ok` for a status, `unauthorized` for 401, `not-found` for an unknown task, `error` for
 * any other error, `no-response`, or `omitted` from a list, so that the task is polled again by a request of its own.
 */
export type Result = 'ok' | 'unauthorized' | 'not-found' | 'error' | 'no-response' | 'omitted';

/** What a response says about one task, as read from its bytes. */
export interface Said {
  /** The status in the provider's own word, and its documented meaning. */
  readonly word: string;
  readonly status: string;
  /** Character for character. */
  readonly link: string | null;
  readonly lastFrame: string | null;
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  /** 0 to 1. */
  readonly progress: number | null;
}

/** One request about one task. A list has an exchange for each of its tasks. */
export interface Exchange {
  readonly sentAtMs: number;
  readonly by: 'list' | 'single';
  result: Result;
  /** Null unless the result is `ok`. */
  said: Said | null;
  /** When its response arrived; null without a response. */
  receivedAtMs: number | null;
}

/** One request of one client with one key. */
export interface KeyRequest {
  readonly sentAtMs: number;
  receivedAtMs: number | null;
  /** Whether the real limit of the key refused it. */
  isOverLimit: boolean;
  /** Null unless the response is a 429 with `Retry-After`. */
  retryAfterMs: number | null;
}

/** The requests of one client with one key. */
export interface KeyRecord {
  readonly name: string;
  /** The limit that the client was given. */
  readonly perMinute: number | null;
  /** Whether the server has a limit that the client was not given. */
  readonly isLimited: boolean;
  readonly requests: KeyRequest[];
}

/** The part of a snapshot that is checked. The record holds the whole snapshot. */
export interface SeenSnapshot {
  readonly status: string;
  readonly providerStatus: string;
  readonly progress: number | null;
  readonly usage: { readonly completionTokens: number | null; readonly totalTokens: number | null } | null;
  readonly video?: { readonly url: string; readonly lastFrameUrl: string | null } | null;
}

/** The part of a saved state that is checked. The record holds the whole state. */
export interface SavedState {
  readonly polls: number;
  readonly sentAtMs: number | null;
  readonly failureCount: number;
  readonly progress: number;
  readonly ended: string | null;
  readonly snapshot: SeenSnapshot | null;
}

/** One transition that a watcher received. */
export interface Seen {
  readonly from: string | null;
  readonly to: string;
  readonly isTerminal: boolean;
  readonly atMs: number;
  readonly snapshot: SeenSnapshot;
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
  /** Each state that it saved. */
  readonly states: { readonly atMs: number; readonly state: SavedState }[];
  /** The results of `query`. */
  readonly queried: { readonly atMs: number; readonly snapshot: SeenSnapshot }[];
  readonly errors: WatchErrorRecord[];
  /** The places in which a key was found. */
  readonly leaks: string[];
  /** How often it was stopped and resumed from its saved state. */
  resumeCount: number;
  /** Its end, such as `succeeded` or `gone`; null before the end. */
  end: string | null;
  endedAtMs: number | null;
  /** The same watch once more, from its terminal state; null for none. */
  again: { readonly seen: readonly Pick<Seen, 'from' | 'to'>[]; readonly requests: number } | null;
}

/** One task. */
export interface TaskRecord {
  readonly name: string;
  /** The end by its scenario. */
  readonly expected: string;
  /** When it ends by its scenario; null if it never does. */
  readonly endsAtMs: number | null;
  /** The longest time between two polls by the documentation, in ms. */
  readonly longestWaitMs: number;
  /** Whether the account has a rate limit. */
  readonly isLimited: boolean;
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
  states: [],
  queried: [],
  errors: [],
  leaks: [],
  resumeCount: 0,
  end: null,
  endedAtMs: null,
  again: null,
});

/** The exchange of a request that is sent now. */
export const newExchange = (nowMs: number, by: Exchange['by']): Exchange => ({ sentAtMs: nowMs, by, result: 'no-response', said: null, receivedAtMs: null });
