/**
 * What the board shows for each task of a run: a word, a progress share and notes. Pure.
 */
import { taskKey } from '../task/snapshot.js';
import type { TaskRow } from '../feed/feed.js';
import { progressAt, remainingMs } from '../state/progress.js';
import { bytesForPeople } from './byte-count.js';
import { forPeople } from './duration.js';
import type { DownloadProgress } from '../node/index.js';
import type { Style } from './paint.js';
import { type Ending, endWord, isSuccess, reasonToShow } from './run-events.js';
import type { Run } from './run.js';
import { refText } from './task-refs.js';
import { plain } from './terminal-text.js';
import { errorWord } from './error-word.js';

/** One line of the board. Every string in it is plain. */
export interface BoardRow {
  readonly name: string;
  readonly word: string;
  readonly style: Style;
  readonly isActive: boolean;
  /** 0 to 1; null for no bar. */
  readonly share: number | null;
  readonly estimated: boolean;
  /** The same note at several lengths, the longest first. */
  readonly notes: readonly string[];
}

/** What a board shows. */
export interface BoardContent {
  /** Active tasks first, saving and running ones before the others; then finished tasks, the newest first. */
  readonly rows: readonly BoardRow[];
  /** How many rows there are in all, including those that `rows` leaves out. */
  readonly rowCount: number;
  /** 0 to 1, over all tasks. */
  readonly share: number;
  readonly estimated: boolean;
  /** Such as `3 running`, in the order in which a task goes through them. */
  readonly counts: readonly { readonly count: number; readonly word: string; readonly style: Style }[];
  readonly tasks: number;
  readonly finished: number;
}

const styles: Readonly<Record<string, Style>> = {
  pending: 'dim',
  'not polled yet': 'dim',
  queued: 'dim',
  running: 'cyan',
  unknown: 'magenta',
  saving: 'blue',
  succeeded: 'green',
  saved: 'green',
  failed: 'red',
  cancelled: 'yellow',
  expired: 'yellow',
  'not saved': 'red',
  error: 'magenta',
  'could not be followed': 'magenta',
};

const styleOf = (word: string): Style => styles[word] ?? 'dim';

/**
 * What to show of a run.
 *
 * @param nowMs the time by the client's clock
 * @param most  how many rows to describe at most, since describing a row costs more than counting it; default: all
 */
export const boardContent = (run: Run, nowMs: number, most = Infinity): BoardContent => {
  const { feed, downloads, endings } = run;
  const rows = [...feed.tasks];
  const active = rows
    .map((row) => ({ row, key: taskKey(row.task) }))
    .filter(({ key }) => !endings.has(key))
    .map(({ row, key }) => ({ row, download: downloads.get(key) }))
    .map((one): ActiveTask => ({ ...one, word: wordOf(one.row, one.download) }))
    // Sorting is stable: tasks of one rank stay in the order in which they were added.
    .toSorted((one, other) => rankOf(one.word) - rankOf(other.word));
  const shown = active.slice(0, most).map((one) => activeRow(one, nowMs));
  const ended = [...endings.values()].toReversed().slice(0, Math.max(0, most - shown.length)).map(endedRow);
  return {
    rows: [...shown, ...ended],
    rowCount: active.length + endings.size,
    share: rows.reduce((sum, row) => sum + progressAt(row, nowMs), 0) / Math.max(1, rows.length),
    estimated: feed.estimated,
    counts: countsOf(run),
    tasks: feed.tasks.size,
    finished: endings.size,
  };
};

/** A task that is watched, or whose video is being saved. */
interface ActiveTask {
  readonly row: TaskRow;
  readonly word: string;
  readonly download: DownloadProgress | undefined;
}

const wordOf = ({ status }: TaskRow, download: DownloadProgress | undefined): string =>
  download !== undefined || status === 'succeeded' ? 'saving' : (status ?? 'pending');

/** Saving, then running and unknown, then queued, then not polled yet. */
const rankOf = (word: string): number => (word === 'pending' ? 3 : word === 'queued' ? 2 : word === 'saving' ? 0 : 1);

type Notes = Pick<BoardRow, 'share' | 'estimated' | 'notes'> & { readonly style?: Style };

const activeRow = (task: ActiveTask, nowMs: number): BoardRow => {
  const { row, word } = task;
  return { name: plain(refText(row.task)), word, style: styleOf(word), isActive: true, ...activeNotes(task, nowMs) };
};

const activeNotes = ({ row, word, download }: ActiveTask, nowMs: number): Notes => {
  if (word === 'saving') return savingNotes(download);
  const { estimated, lastError, nextPollAtMs } = row;
  const progress = progressAt(row, nowMs);
  const share = progress === 0 && estimated ? null : progress;
  if (lastError === null) return { share, estimated, notes: timeNotes(row, nowMs) };
  const reason = errorWord(lastError);
  const waitMs = (nextPollAtMs ?? nowMs) - nowMs;
  const next = waitMs > 0 ? `next in ${forPeople(waitMs)}` : 'polling again';
  return { style: 'yellow', share, estimated, notes: [`${reason}, ${next}`, next, reason] };
};

const savingNotes = (download: DownloadProgress | undefined): Notes => {
  if (download === undefined) return { share: null, estimated: false, notes: ['download is queued', ''] };
  const { receivedBytes, totalBytes } = download;
  const received = bytesForPeople(receivedBytes);
  if (totalBytes === null) return { share: null, estimated: false, notes: [received] };
  return { share: totalBytes === 0 ? 1 : receivedBytes / totalBytes, estimated: false, notes: [`${received} / ${bytesForPeople(totalBytes)}`, received] };
};

/** How much longer a running task is expected to take; for any other task, how long it has had its status. */
const timeNotes = (row: TaskRow, nowMs: number): readonly string[] => {
  const { snapshot, status, statusSinceMs, forecast } = row;
  if (snapshot === null) return ['not polled yet', ''];
  if (status === 'unknown') return [`status is '${plain(snapshot.providerStatus)}'`, `'${plain(snapshot.providerStatus)}'`];
  const elapsed = forPeople(Math.max(0, nowMs - (snapshot.startedAtMs ?? statusSinceMs)));
  if (status === 'queued') return [`queued for ${elapsed}`, `for ${elapsed}`];
  if (forecast === null) return [`running for ${elapsed}`, `for ${elapsed}`];
  const left = remainingMs(row, nowMs);
  if (left === null) return ['longer than usual', 'overdue'];
  const most = forPeople(left.maxMs);
  return left.minMs < 1000 ? [`up to ${most} left`, `≤ ${most}`] : [`${forPeople(left.minMs)}–${most} left`, `≤ ${most}`];
};

const endedRow = (ending: Ending): BoardRow => {
  const { task, end, path } = ending;
  const word = end === 'errored' ? 'error' : end !== 'succeeded' ? end : path !== null ? 'saved' : isSuccess(ending) ? 'succeeded' : 'not saved';
  const note = plain(path === null ? (reasonToShow(ending) ?? '') : (path.split(/[\\/]/).at(-1) ?? path));
  return { name: plain(refText(task)), word, style: styleOf(word), isActive: false, share: null, estimated: false, notes: [note] };
};

const countsOf = ({ feed, endings }: Run): BoardContent['counts'] => {
  const { notPolled, running, queued, unknown, succeeded, failed, cancelled, expired, errored } = feed.counts;
  const saved = [...endings.values()].filter(({ path }) => path !== null).length;
  return Object.entries({ 'not polled yet': notPolled, queued, running, unknown, succeeded, saved, failed, cancelled, expired, [endWord('errored')]: errored })
    .filter(([, count]) => count > 0)
    .map(([word, count]) => ({ count, word, style: styleOf(word) }));
};
