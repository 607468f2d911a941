/**
 * What the board shows of a run: some of its tasks, and the counts and the progress of all. Pure.
 */
import { taskKey } from '../task/snapshot.js';
import { progressAt, remainingMs } from '../state/progress.js';
import { type BoardRow, boardRow, type BoardTask } from './board-row.js';
import type { Run } from './run.js';
import { type Count, countsOf, type Standing, standingOf, standings } from './standing.js';

/** What a board shows. */
export interface BoardContent {
  /** In the order in which the tasks were added. */
  readonly rows: readonly BoardRow[];
  /** The tasks without a row. */
  readonly hidden: readonly Count[];
  /** All tasks: each counts once. */
  readonly counts: readonly Count[];
  /** 0 to 1, over all tasks. */
  readonly share: number;
  readonly elapsedMs: number;
  /** How much longer all tasks are expected to take; null if that is not known. */
  readonly leftMs: number | null;
  readonly tasks: number;
  readonly finished: number;
}

/**
 * What to show of a run.
 *
 * @param nowMs the time by the client's clock
 * @param lines how many lines there are for tasks; default: enough for all
 */
export const boardContent = (run: Run, nowMs: number, lines = Infinity): BoardContent => {
  const { feed, downloads, endings } = run;
  const tasks = new Map<string, BoardTask>();
  let firstMs = nowMs;
  let shares = 0;
  for (const row of feed.tasks) {
    const key = taskKey(row.task);
    const [download, ending] = [downloads.get(key), endings.get(key)];
    tasks.set(key, { row, download, ending, standing: standingOf(row, download, ending) });
    firstMs = Math.min(firstMs, row.addedAtMs);
    shares += progressAt(row, nowMs);
  }
  const shown = tasks.size <= lines ? new Set(tasks.values()) : chosen(tasks, [...endings.keys()], Math.max(0, lines - 1));
  const all = [...tasks.values()];
  const share = shares / Math.max(1, tasks.size);
  const elapsedMs = nowMs - firstMs;
  return {
    rows: all.filter((task) => shown.has(task)).map((task) => boardRow(task, nowMs)),
    hidden: countsOf(all.filter((task) => !shown.has(task)).map(({ standing }) => standing)),
    counts: countsOf(all.map(({ standing }) => standing)),
    share,
    elapsedMs,
    leftMs: leftMs(all, share, elapsedMs, nowMs),
    tasks: all.length,
    finished: endings.size,
  };
};

/**
 * The tasks that keep their lines: active ones, and beside them those that ended otherwise than they should, the newest of these if they
 * would take more than a third of the lines. Then queued ones, and last successes, the newest first.
 *
 * @param ended the keys of the tasks that have ended, in that order
 */
const chosen = (tasks: ReadonlyMap<string, BoardTask>, ended: readonly string[], lines: number): ReadonlySet<BoardTask> => {
  const all = [...tasks.values()];
  const newest = ended.toReversed().flatMap((key) => tasks.get(key) ?? []);
  const at = (stage: (typeof standings)[Standing]['stage'], from = all): readonly BoardTask[] => from.filter(({ standing }) => standings[standing].stage === stage);
  const active = at('active');
  const problems = at('problem', newest).slice(0, Math.max(Math.floor(lines / 3), lines - active.length));
  return new Set([...problems, ...active, ...at('queued'), ...at('new'), ...at('done', newest)].slice(0, lines));
};

/** Less progress than this says nothing about the speed. */
const tellingShare = 0.05;

/** The longest expectation of a running task. With tasks that do not run yet it is at least what the progress so far suggests. */
const leftMs = (tasks: readonly BoardTask[], share: number, elapsedMs: number, nowMs: number): number | null => {
  const left = tasks.flatMap(({ row, standing }) => (standing === 'running' ? [remainingMs(row, nowMs)?.maxMs ?? 0] : []));
  const longest = left.reduce((one, other) => Math.max(one, other), 0);
  const isWaiting = tasks.some(({ standing }) => ['queued', 'new'].includes(standings[standing].stage));
  const suggested = isWaiting && share >= tellingShare ? (elapsedMs * (1 - share)) / share : 0;
  const most = isWaiting && suggested === 0 ? 0 : Math.max(longest, suggested);
  return most === 0 ? null : most;
};
