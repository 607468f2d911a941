/**
 * What the board says of each task of a run, in words and shares. Pure; knows no width and no colour sequence.
 */
import { type TaskSnapshot, taskKey } from '../task/snapshot.js';
import type { TaskRow } from '../feed/feed.js';
import { watchConfig } from '../state/watch-config.js';
import type { TimeRange } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import { bytesForPeople } from './byte-count.js';
import { forPeople } from './duration.js';
import type { DownloadProgress } from '../node/index.js';
import { type Ending, endWord, isSuccess } from './news.js';
import type { Style } from './paint.js';
import type { Run } from './run.js';
import { refText } from './task-refs.js';
import { plain } from './terminal-text.js';
import { troubleWord } from './trouble-word.js';

/** One line of the board. Every text in it is plain. */
export interface BoardRow {
  readonly name: string;
  readonly word: string;
  readonly style: Style;
  readonly isActive: boolean;
  /** 0 to 1; null where a bar would say nothing. */
  readonly share: number | null;
  readonly estimated: boolean;
  /** The same said at several lengths, the longest first. */
  readonly notes: readonly string[];
}

/** What a board shows. */
export interface BoardContent {
  /** The active ones first, those of which most is known leading; then those that have ended, the newest first. */
  readonly rows: readonly BoardRow[];
  /** How many rows there are, those included that are not described because no terminal has room for them. */
  readonly rowCount: number;
  /** 0 to 1, over all tasks. */
  readonly share: number;
  readonly estimated: boolean;
  /** Such as `3 running`, in the order of a task's life. */
  readonly counts: readonly { readonly count: number; readonly word: string; readonly style: Style }[];
  readonly tasks: number;
  readonly over: number;
}

const styles: Readonly<Record<string, Style>> = {
  waiting: 'dim',
  queued: 'dim',
  running: 'cyan',
  unknown: 'magenta',
  saving: 'blue',
  succeeded: 'green',
  saved: 'green',
  failed: 'red',
  cancelled: 'yellow',
  expired: 'yellow',
  unsaved: 'red',
  lost: 'magenta',
};

const styleOf = (word: string): Style => styles[word] ?? 'dim';

/**
 * What to show of a run.
 *
 * @param providers for their expected times
 * @param nowMs     by the clock of the providers
 * @param most      how many rows there may be room for; default: any number. Describing a row costs more than counting it
 */
export const boardContent = (run: Run, providers: readonly Provider[], nowMs: number, most = Infinity): BoardContent => {
  const { feed, sinceMs, downloads, endings } = run;
  const expectedOf = expectation(providers);
  const active = [...feed.tasks]
    .map((row) => ({ row, key: taskKey(row.task) }))
    .filter(({ key }) => !endings.has(key))
    .map(({ row, key }) => ({ row, download: downloads.get(key), sinceMs: sinceMs.get(key) ?? nowMs }))
    .map((one): ActiveTask => ({ ...one, word: wordOf(one.row, one.download) }))
    // Sorting is stable: within a rank the tasks keep the order of their coming.
    .toSorted((one, other) => rankOf(one.word) - rankOf(other.word));
  const shown = active.slice(0, most).map((one) => activeRow(one, expectedOf, nowMs));
  const ended = [...endings.values()].toReversed().slice(0, Math.max(0, most - shown.length)).map(endedRow);
  return {
    rows: [...shown, ...ended],
    rowCount: active.length + endings.size,
    share: feed.progress,
    estimated: feed.estimated,
    counts: countsOf(run),
    tasks: feed.tasks.size,
    over: endings.size,
  };
};

/** A task that is watched, or whose video is being saved. */
interface ActiveTask {
  readonly row: TaskRow;
  readonly word: string;
  readonly download: DownloadProgress | undefined;
  /** Since when it is watched. */
  readonly sinceMs: number;
}

/** How long a task takes, by what is known of it; null where nobody says. */
type Expectation = (snapshot: TaskSnapshot) => TimeRange | null;

const wordOf = ({ status }: TaskRow, download: DownloadProgress | undefined): string =>
  download !== undefined || status === 'succeeded' ? 'saving' : (status ?? 'waiting');

/** Saving and running before queued, queued before those of which nothing is known. */
const rankOf = (word: string): number => (word === 'waiting' ? 3 : word === 'queued' ? 2 : word === 'saving' ? 0 : 1);

type Notes = Pick<BoardRow, 'share' | 'estimated' | 'notes'> & { readonly style?: Style };

const activeRow = (task: ActiveTask, expectedOf: Expectation, nowMs: number): BoardRow => {
  const { row, word } = task;
  return { name: plain(refText(row.task)), word, style: styleOf(word), isActive: true, ...activeNotes(task, expectedOf, nowMs) };
};

const activeNotes = ({ row, word, download, sinceMs }: ActiveTask, expectedOf: Expectation, nowMs: number): Notes => {
  if (word === 'saving') return savingNotes(download);
  const { progress, estimated, lastError, nextPollAtMs } = row;
  const share = progress === 0 && estimated ? null : progress;
  if (lastError === null) return { share, estimated, notes: timeNotes(row, sinceMs, expectedOf, nowMs) };
  const reason = troubleWord(lastError);
  const waitMs = (nextPollAtMs ?? nowMs) - nowMs;
  const again = waitMs > 0 ? `again in ${forPeople(waitMs)}` : 'asking again';
  return { style: 'yellow', share, estimated, notes: [`${reason}, ${again}`, again, reason] };
};

const savingNotes = (download: DownloadProgress | undefined): Notes => {
  if (download === undefined) return { share: null, estimated: false, notes: ['waits for its download', ''] };
  const { receivedBytes, totalBytes } = download;
  const received = bytesForPeople(receivedBytes);
  if (totalBytes === null) return { share: null, estimated: false, notes: [received] };
  return { share: totalBytes === 0 ? 1 : receivedBytes / totalBytes, estimated: false, notes: [`${received} / ${bytesForPeople(totalBytes)}`, received] };
};

/** How long a running task may still take; how long another has stood where it stands. */
const timeNotes = ({ snapshot, status }: TaskRow, sinceMs: number, expectedOf: Expectation, nowMs: number): readonly string[] => {
  if (snapshot === null) return ['not answered yet', ''];
  const elapsedMs = Math.max(0, nowMs - (snapshot.startedAtMs ?? snapshot.createdAtMs ?? sinceMs));
  if (status === 'unknown') return [`says '${plain(snapshot.providerStatus)}'`, `'${plain(snapshot.providerStatus)}'`];
  if (status === 'queued') return [`queued for ${forPeople(elapsedMs)}`, `for ${forPeople(elapsedMs)}`];
  const expected = expectedOf(snapshot);
  if (expected === null) return [`running for ${forPeople(elapsedMs)}`, `for ${forPeople(elapsedMs)}`];
  if (elapsedMs < expected.maxMs) return [`${forPeople(expected.maxMs - elapsedMs)} left`];
  return elapsedMs < 1.5 * expected.maxMs ? ['any moment'] : ['longer than usual', 'overdue'];
};

const expectation = (providers: readonly Provider[]): Expectation => {
  const configs = new Map(providers.map((provider) => [provider.id, watchConfig(provider)]));
  return (snapshot) => {
    const known = configs.get(snapshot.task.provider);
    return known === undefined ? null : known.provider.expectedTimeMs(known.hintsOf(snapshot));
  };
};

const endedRow = (ending: Ending): BoardRow => {
  const { task, end, path, reason } = ending;
  const word = end !== 'succeeded' ? endWord(end) : path !== null ? 'saved' : isSuccess(ending) ? 'succeeded' : 'unsaved';
  const note = plain(path === null ? (reason ?? '') : (path.split(/[\\/]/).at(-1) ?? path));
  return { name: plain(refText(task)), word, style: styleOf(word), isActive: false, share: null, estimated: false, notes: [note] };
};

const countsOf = ({ feed, endings }: Run): BoardContent['counts'] => {
  const { running, queued, unknown, succeeded, failed, cancelled, expired, errored } = feed.counts;
  const saved = [...endings.values()].filter(({ path }) => path !== null).length;
  const waiting = feed.tasks.size - [running, queued, unknown, succeeded, failed, cancelled, expired, errored].reduce((sum, count) => sum + count, 0);
  return Object.entries({ waiting, queued, running, unknown, succeeded, saved, failed, cancelled, expired, [endWord('errored')]: errored })
    .filter(([, count]) => count > 0)
    .map(([word, count]) => ({ count, word, style: styleOf(word) }));
};
