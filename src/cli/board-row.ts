/**
 * What the board shows of one task: its settings, its times, a progress share and notes. Pure.
 */
import { pathToFileURL } from 'node:url';
import type { TaskRow } from '../feed/feed.js';
import type { DownloadProgress } from '../node/index.js';
import { progressAt, remainingMs } from '../state/progress.js';
import { bytesForPeople } from './byte-count.js';
import { forPeople } from './duration.js';
import { errorWord } from './error-word.js';
import type { Style } from './paint.js';
import { type Ending, reasonToShow } from './run-events.js';
import { type Standing, standings } from './standing.js';
import { plain } from './terminal-text.js';

/** A task of a run, with all that its row tells. */
export interface BoardTask {
  readonly row: TaskRow;
  readonly standing: Standing;
  readonly download: DownloadProgress | undefined;
  readonly ending: Ending | undefined;
}

/** One line of the board. Every string in it is plain. */
export interface BoardRow {
  /** One column wide; null for a spinner. */
  readonly symbol: string | null;
  readonly style: Style;
  readonly isActive: boolean;
  readonly provider: string;
  readonly id: string;
  /** Such as `720p 5s`. */
  readonly settings: string;
  readonly elapsed: string;
  /** 0 to 1; null for no bar. */
  readonly share: number | null;
  readonly estimated: boolean;
  /** The same note at several lengths, the longest first. */
  readonly notes: readonly string[];
  readonly noteStyle: Style | undefined;
  /** The URL of the saved file, or of the video. */
  readonly link: string | null;
}

type Notes = Pick<BoardRow, 'share' | 'estimated' | 'notes' | 'noteStyle' | 'link'> & { readonly style?: Style };

const note = (...notes: readonly string[]): Notes => ({ share: null, estimated: false, notes, noteStyle: 'dim', link: null });

/** The line of a task. */
export const boardRow = (task: BoardTask, nowMs: number): BoardRow => {
  const { row, standing } = task;
  const { symbol, style, stage } = standings[standing];
  return {
    symbol,
    style,
    isActive: stage !== 'done' && stage !== 'problem',
    provider: plain(row.task.provider),
    id: plain(row.task.id),
    settings: settingsOf(row),
    elapsed: row.status === null && row.error === null ? '' : forPeople(elapsedMs(row, nowMs)),
    ...notesOf(task, nowMs),
  };
};

const settingsOf = ({ snapshot }: TaskRow): string => {
  if (snapshot === null) return '';
  const { resolution, durationMs } = snapshot.settings;
  return plain([...(resolution === null ? [] : [resolution]), ...(durationMs === null ? [] : [`${Math.round(durationMs / 100) / 10}s`])].join(' '));
};

/** How long a task has taken, or took until its end was seen. */
const elapsedMs = ({ snapshot, addedAtMs, endedAtMs }: TaskRow, nowMs: number): number =>
  (snapshot?.finishedAtMs ?? endedAtMs ?? nowMs) - (snapshot?.createdAtMs ?? addedAtMs);

const notesOf = ({ row, standing, download, ending }: BoardTask, nowMs: number): Notes => {
  switch (standing) {
    case 'failed':
    case 'not saved':
    case 'could not be followed':
    case 'cancelled':
    case 'expired': {
      const reason = ending === undefined ? null : reasonToShow(ending);
      return { ...note(reason === null ? standing : plain(reason)), noteStyle: standings[standing].style };
    }
    case 'saved': {
      const { bytes = null, path = null } = ending ?? {};
      return { ...note(bytes === null ? 'saved' : `saved, ${bytesForPeople(bytes)}`, 'saved'), noteStyle: undefined, link: path === null ? null : pathToFileURL(path).href };
    }
    case 'succeeded':
      return { ...note(...expiryNotes(row, nowMs)), noteStyle: undefined, link: ending?.link ?? null };
    case 'saving':
      return savingNotes(download);
    case 'running':
    case 'unknown':
    case 'queued':
    case 'not polled yet':
      return row.lastError === null ? timeNotes(row, nowMs) : retryNotes(row, nowMs);
  }
};

const soonMs = 3_600_000;

const expiryNotes = ({ snapshot }: TaskRow, nowMs: number): readonly string[] => {
  const expiresAtMs = snapshot?.status === 'succeeded' ? (snapshot.video?.expiresAtMs ?? null) : null;
  return expiresAtMs === null || expiresAtMs - nowMs > soonMs ? ['succeeded', 'done'] : [`succeeded, link expires in ${forPeople(expiresAtMs - nowMs)}`, 'succeeded', 'done'];
};

const savingNotes = (download: DownloadProgress | undefined): Notes => {
  if (download === undefined) return note('download is queued', 'saving');
  const { receivedBytes, totalBytes } = download;
  const received = bytesForPeople(receivedBytes);
  if (totalBytes === null) return note(`saving, ${received}`, received);
  return { ...note(`${received} / ${bytesForPeople(totalBytes)}`, received), share: totalBytes === 0 ? 1 : receivedBytes / totalBytes };
};

/** How much longer a running task is expected to take; for any other active task, its status. */
const timeNotes = (row: TaskRow, nowMs: number): Notes => {
  const { snapshot, status, forecast, estimated } = row;
  if (snapshot === null) return note('not polled yet', 'new');
  if (status === 'unknown') return note(`status is '${plain(snapshot.providerStatus)}'`, `'${plain(snapshot.providerStatus)}'`);
  if (status !== 'running') return note(status ?? '');
  return { ...note(...leftNotes(row, nowMs)), share: progressAt(row, nowMs), estimated: estimated && forecast !== null };
};

const leftNotes = (row: TaskRow, nowMs: number): readonly string[] => {
  if (row.forecast === null) return [''];
  const left = remainingMs(row, nowMs);
  if (left === null) return ['longer than usual', 'overdue'];
  const most = forPeople(left.maxMs);
  return left.minMs < 1000 ? [`≤ ${most}`] : [`${forPeople(left.minMs)}–${most}`, `≤ ${most}`];
};

const retryNotes = (row: TaskRow, nowMs: number): Notes => {
  const { lastError, nextPollAtMs, estimated, status } = row;
  const reason = lastError === null ? '' : errorWord(lastError);
  const waitMs = (nextPollAtMs ?? nowMs) - nowMs;
  const next = waitMs > 0 ? `next in ${forPeople(waitMs)}` : 'polling again';
  const share = status === 'running' ? progressAt(row, nowMs) : null;
  return { ...note(`${reason}, ${next}`, next, reason), style: 'yellow', noteStyle: 'yellow', share, estimated };
};
