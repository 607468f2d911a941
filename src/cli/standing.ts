/**
 * How a task stands in a run: one word for its status, its download and its end, and how the board shows it. Pure.
 */
import type { TaskRow } from '../feed/feed.js';
import type { DownloadProgress } from '../node/index.js';
import type { Style } from './paint.js';
import { type Ending, isSuccess } from './run-events.js';

interface Sign {
  /** One column wide; null for a spinner. */
  readonly symbol: string | null;
  readonly style: Style;
  /** What a board with too few lines shows first. */
  readonly stage: 'active' | 'problem' | 'queued' | 'new' | 'done';
}

/** Each standing, in the order in which they are counted. */
export const standings = {
  saved: { symbol: '✔', style: 'green', stage: 'done' },
  succeeded: { symbol: '✔', style: 'green', stage: 'done' },
  failed: { symbol: '✖', style: 'red', stage: 'problem' },
  'not saved': { symbol: '✖', style: 'red', stage: 'problem' },
  'could not be followed': { symbol: '✖', style: 'magenta', stage: 'problem' },
  cancelled: { symbol: '⊘', style: 'yellow', stage: 'problem' },
  expired: { symbol: '⊘', style: 'yellow', stage: 'problem' },
  saving: { symbol: '↓', style: 'blue', stage: 'active' },
  running: { symbol: null, style: 'cyan', stage: 'active' },
  unknown: { symbol: '?', style: 'magenta', stage: 'active' },
  queued: { symbol: '◌', style: 'dim', stage: 'queued' },
  'not polled yet': { symbol: '·', style: 'dim', stage: 'new' },
} as const satisfies Readonly<Record<string, Sign>>;

/** How a task stands. */
export type Standing = keyof typeof standings;

/** A number of tasks that stand alike, such as `3 running`. */
export interface Count extends Sign {
  readonly count: number;
  readonly word: Standing;
}

/** Counts tasks by how they stand. Leaves out counts of 0. */
export const countsOf = (all: readonly Standing[]): readonly Count[] => {
  const counts = new Map<Standing, number>();
  for (const standing of all) counts.set(standing, (counts.get(standing) ?? 0) + 1);
  const words = Object.keys(standings) as Standing[]; // the keys of the table
  return words.flatMap((word) => (counts.has(word) ? [{ ...standings[word], word, count: counts.get(word) ?? 0 }] : []));
};

/** How a task stands by its row, and by its download or its end if there is one. */
export const standingOf = ({ status, error }: TaskRow, download: DownloadProgress | undefined, ending: Ending | undefined): Standing => {
  if (ending !== undefined) return endStanding(ending);
  if (error !== null) return 'could not be followed';
  if (download !== undefined || status === 'succeeded') return 'saving';
  return status ?? 'not polled yet';
};

/** How a task stands that has ended. */
export const endStanding = (ending: Ending): Standing => {
  if (ending.end === 'errored') return 'could not be followed';
  if (ending.end !== 'succeeded') return ending.end;
  return ending.path !== null ? 'saved' : isSuccess(ending) ? 'succeeded' : 'not saved';
};
