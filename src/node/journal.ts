/**
 * The journal: an append-only log of watch states and of the records of creations on the disk, so that the next run resumes where the last
 * one stopped.
 *
 * It is one file, `watches.jsonl`, with one state or record a line. A line is appended before a request is sent and after its response; the
 * last line of a task or key counts. The file is rewritten with one line for each when it is opened and when it has grown. The new file is
 * flushed to the disk, then replaces the old one by a rename.
 *
 * A state is not flushed: one that a power failure takes costs a poll. The record of a creation is flushed before `write` returns, because
 * without it the next run would buy the task again.
 *
 * A killed program leaves at worst an incomplete last line. Its request may have been sent, so the task keeps its minimum interval from the
 * moment of opening. The same holds for an invalid line, which is moved to a file of its own. An incomplete record is dropped: `write` has
 * not returned, so no POST was sent. A key whose record is invalid stays in use.
 *
 * A program that has lost its lease never writes unnoticed: the next owner ends the lease before it reads the file, and `save` checks the
 * lease after it has written. So either the next owner has read the line, or `save` fails and no request is sent.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { messageOf } from '../state/errors.js';
import { type CreationRecord, type CreationStore, parseCreationRecord } from '../client/creation-record.js';
import type { WatchOptions } from '../client/task-client.js';
import type { WatchState } from '../state/watch-state.js';
import { checkFunction } from '../checks.js';
import { checkPath } from './check-path.js';
import { type Files, nodeFiles, writeAll } from './files.js';
import { beginningOf, copyLines, creationKeyIn, creationLine, entryIn, isNewer, isReadable, type Line, linesOf, stateLine, type UnreadableRecord } from './journal-lines.js';
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
  /**
   * Keeps the records of `createTask`, so that no key is bought twice. A record is flushed to the disk before its POST is sent, which takes
   * some ms. The key of a record that became invalid stays in use: `createTask` refuses it.
   *
   * @example createTask(client, own, body, { key: order.id, store: journal.creations })
   */
  readonly creations: CreationStore;
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
  /**
   * Drops a watch that has ended this many ms after its last poll, and a creation with an outcome this many ms after its POST, but not
   * before 28 days. `Infinity` keeps all. A creation without an outcome is never dropped. Default: 28 days.
   */
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
  const creations = new Map<string, CreationRecord | UnreadableRecord>();
  let file: number | null = null;
  let fileBytes = 0;
  let maxBytes = 0;
  /** Whether the file may end in a part of a line. */
  let isTorn = false;
  /** Whether a flush of the file is all that a line needs to survive a power failure. */
  let isFlushable = false;
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

  const isForgottenCreation = (record: CreationRecord | UnreadableRecord): boolean =>
    isReadable(record) && isSettled(record) && scheduler.now() - record.sentAtMs > Math.max(forgetEndedAfterMs, fourWeeksMs);

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
    const add = (line: string): void => {
      batch += line;
      if (batch.length >= batchLength) flush();
    };
    try {
      for (const [key, state] of states) {
        if (isForgotten(state)) states.delete(key);
        else add(stateLine(state));
      }
      for (const [key, record] of creations) {
        if (isForgottenCreation(record)) creations.delete(key);
        else add(creationLine(record));
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
    isFlushable = false;
    const [written, bytes] = writeNew();
    const replaced = file;
    file = written;
    fileBytes = bytes;
    isTorn = false;
    maxBytes = bytes + Math.max(minBytesToRewrite, bytes);
    if (replaced !== null) files.close(replaced);
    files.syncDirectory(directory);
    isFlushable = true;
  };

  /** The open file, which is this program's. */
  const ownFile = (): number => {
    if (file === null) throw new Error(`${path} is closed`);
    lease.check();
    return file;
  };

  const append = (line: string, isFlushed = false): void => {
    const to = ownFile();
    try {
      writeAll(files, to, Buffer.from(`${isTorn ? '\n' : ''}${line}`));
      const { bytes } = files.statusOf(to);
      if (isFlushed) flush(to);
      fileBytes = bytes;
      isTorn = false;
    } catch (error) {
      // A full disk may have taken a part of the line. If that cannot be cut off, the next line begins with a line break.
      isTorn = true;
      files.truncate(to, fileBytes);
      isTorn = false;
      throw error;
    }
    lease.check();
  };

  /** After a failed flush, the next one may succeed although bytes are missing on the disk. */
  const flush = (to: number): void => {
    isFlushable = false;
    files.sync(to);
    isFlushable = true;
  };

  /** Rewrites the file if it has lost its name or has grown. */
  const tidy = (): void => {
    // The file was removed or replaced, but the directory is still this program's.
    if (files.statusOf(ownFile()).links === 0) { rewrite(); return; }
    if (fileBytes < maxBytes) return;
    try {
      rewrite();
    } catch {
      // The line is saved and the file is valid. Rewrite it after it has grown further.
      maxBytes = fileBytes + minBytesToRewrite;
    }
  };

  const save = (state: WatchState): void => {
    append(stateLine(state));
    states.set(taskKey(state.task), state);
    tidy();
  };

  const readCreation: CreationStore['read'] = (key) => {
    ownFile();
    return creations.get(key) ?? null;
  };

  const writeCreation: CreationStore['write'] = (record, before) => {
    ownFile();
    const { key } = record;
    const known = creations.get(key);
    if (!isDeepStrictEqual(known ?? null, plain(before))) return false;
    const written = parseCreationRecord(key, plain(record));
    if (written === null) throw new TypeError('record must be the record of a creation');
    creations.set(key, written);
    try {
      if (isFlushable) append(creationLine(written), true);
      else rewrite();
      tidy();
    } catch (error) {
      if (known === undefined) creations.delete(key);
      else creations.set(key, known);
      throw error;
    }
    return true;
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
        const entry = entryIn(text);
        if ('creation' in entry) {
          creations.set(entry.creation.key, entry.creation);
          continue;
        }
        const { state } = entry;
        const key = taskKey(state.task);
        if (isForgotten(state)) states.delete(key);
        else states.set(key, state);
        validAt.set(key, line.number);
      } catch (error) {
        const message = messageOf(error);
        if (isNewer(text)) throw new Error(`${path}, line ${String(line.number)}: ${message}. A newer release wrote it`, { cause: error });
        if (line.isComplete) invalid.push({ ...line, text: null, message });
        const creationKey = creationKeyIn(text ?? '');
        if (creationKey !== null) {
          if (line.isComplete && creationKey !== '') markUnreadable(creationKey);
          continue;
        }
        const { task, state } = beginningOf(text ?? '', nowMs);
        if (task === null) unknownAt = line.number;
        else invalidAt.set(taskKey(task), line.number);
        if (state === null) newTasksAtMs = nowMs + newTaskWaitMs;
        else if (!states.has(taskKey(state.task))) states.set(taskKey(state.task), state);
      }
    }
    for (const [key, state] of states) {
      const isLatest = (validAt.get(key) ?? 0) > Math.max(unknownAt, invalidAt.get(key) ?? 0);
      if (!isLatest) states.set(key, { ...state, sentAtMs: nowMs });
    }
    return invalid;
  };

  /** A task that was created stays created, whatever a later line said. */
  const markUnreadable = (key: string): void => {
    const known = creations.get(key);
    const isCreated = known !== undefined && isReadable(known) && known.outcome?.outcome === 'created';
    if (!isCreated) creations.set(key, { key, isUnreadable: true });
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
    creations: { read: readCreation, write: writeCreation },
    close,
  };
};

/** Whether it is known what became of a creation. */
const isSettled = ({ outcome }: CreationRecord): boolean => outcome !== null && outcome.outcome !== 'unknown';

/** A value as JSON keeps it. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

const warn = ({ path, line, message, keptIn }: InvalidLine): void => {
  process.emitWarning(`${path}, line ${String(line)} is invalid and was moved to ${keptIn}: ${message}`, 'JournalWarning');
};
