/**
 * The journal: an append-only log of watch states on the disk, so that the next run resumes where the last one stopped.
 *
 * It is one file, `watches.jsonl`, with one state a line. A line is appended before a request is sent and after its response; the last
 * line of a task counts. The file is rewritten with one line for each task when it is opened and when it has grown. The new file is flushed
 * to the disk, then replaces the old one by a rename.
 *
 * A killed program leaves at worst an incomplete last line. Its request may have been sent, so the task keeps its minimum interval from the
 * moment of opening. The same holds for an invalid line, which is moved to a file of its own.
 *
 * A program that has lost its lease never writes unnoticed: the next owner ends the lease before it reads the file, and `save` checks the
 * lease after it has written. So either the next owner has read the line, or `save` fails and no request is sent.
 */
import { join } from 'node:path';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { messageOf } from '../state/errors.js';
import { parseWatchState } from '../state/stored.js';
import type { WatchOptions } from '../client/task-client.js';
import type { WatchState } from '../state/watch-state.js';
import { checkFunction } from '../checks.js';
import { checkPath } from './check-path.js';
import { type Files, nodeFiles, writeAll } from './files.js';
import { beginningOf, copyLines, isNewer, type Line, linesOf } from './journal-lines.js';
import { leaseOf, LeaseLostError } from './lease.js';

/** The journal of a directory. */
export interface Journal {
  /** The path of the file. */
  readonly path: string;
  /** The latest state of each task, in the order in which the tasks were first saved. */
  readonly states: () => readonly WatchState[];
  /**
   * The options with which a watch of a task resumes, and saves its states. After an incomplete or invalid line that may be of a task
   * without a state, such a task is first polled a minute after the opening.
   *
   * @example refs$.pipe(watchTasks(client, { watch: journal.watch }))
   */
  readonly watch: (task: TaskRef) => Pick<WatchOptions, 'resumeFrom' | 'save' | 'firstPollAfterMs'>;
  /** Closes the file and frees the directory. A watch that still runs sends no more polls, and ends with an error of kind `save`. */
  readonly close: () => void;
}

/** An invalid line of a journal. */
export interface InvalidLine {
  /** The path of the journal. */
  readonly path: string;
  /** The number of the line, counted from 1. */
  readonly line: number;
  /** What is invalid. */
  readonly message: string;
  /** The path of the file that holds the line now. */
  readonly keptIn: string;
}

/** Options of a journal. */
export interface JournalOptions {
  /** Drops a watch that has ended this many ms after its last poll. `Infinity` keeps all. Default: 28 days. */
  readonly forgetEndedAfterMs?: number | undefined;
  /** Called for each line that is invalid when the journal is opened. Default: emits a warning of the process. */
  readonly onInvalidLine?: ((line: InvalidLine) => void) | undefined;
  /** The scheduler of the client, whose clock dates the states. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The file is rewritten when at least this many bytes are appended, and as many as it had after the last rewrite. */
const minBytesToRewrite = 1_048_576;

/** About how many characters a rewrite writes at once. */
const batchLength = 1_048_576;

/** When to poll a task whose first request may have been sent shortly before the opening. No provider has a longer minimum interval. */
const newTaskWaitMs = 60_000;

const fourWeeksMs = 28 * 24 * 3_600_000;

/**
 * Opens the journal of a directory, and creates both if they are missing.
 *
 * An invalid line is moved to `watches.jsonl.invalid` and reported; the others count.
 * Errors: `Error` when another program uses the directory, when the journal is not a regular file, and when a line comes from a newer
 * release. System errors when the directory cannot be read or written; no line is lost then. A failed `save` is retried by its watch. It
 * fails for good once the directory was removed, or another program took it over while this one was stopped for 15 seconds.
 * @example
 * const journal = openJournal('watches');
 * refs$.pipe(watchTasks(client, { watch: journal.watch }), finalize(journal.close))
 */
export const openJournal = (directory: string, options: JournalOptions = {}): Journal => openJournalOn(nodeFiles, directory, options);

/** Opens a journal on any file system. */
export const openJournalOn = (files: Files, directory: string, { forgetEndedAfterMs = fourWeeksMs, onInvalidLine = warn, scheduler = asyncScheduler }: JournalOptions = {}): Journal => {
  checkPath('directory', directory);
  checkFunction('onInvalidLine', onInvalidLine);
  if (typeof scheduler.now !== 'function') throw new TypeError(`scheduler must be an RxJS scheduler, not ${String(scheduler)}`);
  if (!(typeof forgetEndedAfterMs === 'number' && forgetEndedAfterMs > 0)) throw new RangeError(`forgetEndedAfterMs must be a number of ms above 0, not ${String(forgetEndedAfterMs)}`);
  const path = join(directory, 'watches.jsonl');
  const newPath = `${path}.new`;
  files.makeDirectory(directory);
  const lease = leaseOf(path, directory, files);
  const states = new Map<string, WatchState>();
  let file: number | null = null;
  let fileBytes = 0;
  let maxBytes = 0;
  /** Whether the file may end in a part of a line. */
  let isTorn = false;
  /** When tasks without a state may be polled. */
  let newTasksAtMs = -Infinity;

  const closeFile = (): void => {
    const closed = file;
    file = null;
    if (closed !== null) files.close(closed);
  };

  const close = (): void => {
    try {
      closeFile();
    } finally {
      lease.release();
    }
  };

  const isForgotten = ({ ended, polledAtMs, startedAtMs }: WatchState): boolean =>
    ended !== null && scheduler.now() - (polledAtMs ?? startedAtMs) > forgetEndedAfterMs;

  /** Writes a file with the latest states beside the journal, and returns its descriptor and size. */
  const writeNew = (): readonly [file: number, bytes: number] => {
    lease.check();
    files.remove(newPath);
    const written = files.open(newPath, 'create');
    let bytes = 0;
    let batch = '';
    const flush = (): void => {
      const buffer = Buffer.from(batch);
      writeAll(files, written, buffer);
      bytes += buffer.length;
      batch = '';
      lease.check();
    };
    try {
      for (const [key, state] of states) {
        if (isForgotten(state)) states.delete(key);
        else batch += lineOf(state);
        if (batch.length >= batchLength) flush();
      }
      flush();
      files.sync(written);
      lease.check();
      files.rename(newPath, path);
      return [written, bytes];
    } catch (error) {
      files.close(written);
      // Without the lease, a file of this name belongs to the next owner.
      if (!(error instanceof LeaseLostError)) files.remove(newPath);
      throw error;
    }
  };

  const rewrite = (): void => {
    const [written, bytes] = writeNew();
    const replaced = file;
    file = written;
    fileBytes = bytes;
    isTorn = false;
    maxBytes = bytes + Math.max(minBytesToRewrite, bytes);
    if (replaced !== null) files.close(replaced);
    files.syncDirectory(directory);
  };

  /** Appends a line. Returns whether the file still has its name. */
  const append = (to: number, state: WatchState): boolean => {
    try {
      writeAll(files, to, Buffer.from(`${isTorn ? '\n' : ''}${lineOf(state)}`));
      const { bytes, links } = files.statusOf(to);
      fileBytes = bytes;
      isTorn = false;
      return links > 0;
    } catch (error) {
      // A full disk may have taken a part of the line. If that cannot be cut off, the next line begins with a line break.
      isTorn = true;
      files.truncate(to, fileBytes);
      isTorn = false;
      throw error;
    }
  };

  const save = (state: WatchState): void => {
    if (file === null) throw new Error(`${path} is closed`);
    lease.check();
    append(file, state);
    lease.check();
    states.set(taskKey(state.task), state);
    // The file was removed or replaced, but the directory is still this program's.
    if (files.statusOf(file).links === 0) { rewrite(); return; }
    if (fileBytes < maxBytes) return;
    try {
      rewrite();
    } catch {
      // The state is saved and the file is valid. Rewrite it after it has grown further.
      maxBytes = fileBytes + minBytesToRewrite;
    }
  };

  /** Reads the journal. Copies invalid lines to a file of their own, because the rewrite drops them. */
  const load = (): void => {
    const status = files.statusAt(path);
    if (status === null) return;
    if (!status.isFile) throw new Error(`${path} must be a regular file, not a directory or a symbolic link`);
    const source = files.open(path, 'read');
    try {
      const invalid = readStates(source);
      if (invalid.length === 0) return;
      const keptIn = `${path}.invalid`;
      const target = files.open(keptIn, 'append');
      try {
        copyLines(files, source, target, invalid);
        files.sync(target);
      } finally {
        files.close(target);
      }
      files.syncDirectory(directory);
      for (const { number, message } of invalid) onInvalidLine({ path, line: number, message, keptIn });
    } finally {
      files.close(source);
    }
  };

  /** Reads the states, and returns the invalid lines. */
  const readStates = (source: number): readonly (Line & { readonly message: string })[] => {
    const nowMs = scheduler.now();
    const invalid: (Line & { readonly message: string })[] = [];
    /** The last valid and the last invalid line of each task, and the last invalid line that names no task. */
    const validAt = new Map<string, number>();
    const invalidAt = new Map<string, number>();
    let unknownAt = 0;
    for (const line of linesOf(files, source)) {
      if (line.number % 1000 === 0) lease.check();
      const text = line.text?.trim() ?? null;
      if (text === '') continue;
      try {
        if (text === null) throw new Error('the line is too long');
        const state = parseWatchState(text);
        const key = taskKey(state.task);
        if (isForgotten(state)) states.delete(key);
        else states.set(key, state);
        validAt.set(key, line.number);
      } catch (error) {
        const message = messageOf(error);
        if (isNewer(text)) throw new Error(`${path}, line ${String(line.number)}: ${message}. A newer release wrote it`, { cause: error });
        const { task, state } = beginningOf(text ?? '', nowMs);
        if (task === null) unknownAt = line.number;
        else invalidAt.set(taskKey(task), line.number);
        if (state === null) newTasksAtMs = nowMs + newTaskWaitMs;
        else if (!states.has(taskKey(state.task))) states.set(taskKey(state.task), state);
        if (line.isComplete) invalid.push({ ...line, text: null, message });
      }
    }
    for (const [key, state] of states) {
      const isLatest = (validAt.get(key) ?? 0) > Math.max(unknownAt, invalidAt.get(key) ?? 0);
      if (!isLatest) states.set(key, { ...state, sentAtMs: nowMs });
    }
    return invalid;
  };

  try {
    load();
    rewrite();
  } catch (error) {
    close();
    throw error;
  }
  return {
    path,
    states: () => [...states.values()],
    watch: (task) => {
      const resumeFrom = states.get(taskKey(task));
      const firstPollAfterMs = newTasksAtMs - scheduler.now();
      return resumeFrom === undefined && firstPollAfterMs > 0 ? { save, firstPollAfterMs } : { resumeFrom, save };
    },
    close,
  };
};

const lineOf = (state: WatchState): string => `${JSON.stringify(state)}\n`;

const warn = ({ path, line, message, keptIn }: InvalidLine): void => {
  process.emitWarning(`${path}, line ${String(line)} is invalid and was moved to ${keptIn}: ${message}`, 'JournalWarning');
};
