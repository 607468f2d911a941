/**
 * The journal: an append-only log of watch states on the disk, so that the next run resumes where the last one stopped.
 *
 * It is one file, `watches.jsonl`, with one state a line. A line is appended before a request is sent and after its response; the last
 * line of a task counts. A killed program leaves at worst an incomplete last line, which is ignored, because its request was not sent. The
 * file is rewritten with one line for each task when it is opened and when it has grown. The new file replaces the old one by a rename.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { messageOf } from '../state/errors.js';
import { parseWatchState } from '../state/stored.js';
import type { WatchOptions } from '../client/task-client.js';
import type { WatchState } from '../state/watch-state.js';
import { checkPath } from './check-path.js';
import { leaseOf } from './lease.js';
import { readFileIfThere, writeWholeFile } from './whole-file.js';

/** The journal of a directory. */
export interface Journal {
  /** The path of the file. */
  readonly path: string;
  /** The latest state of each task, in the order in which the tasks were first saved. */
  readonly states: () => readonly WatchState[];
  /**
   * The options with which a watch of a task resumes, and saves its states.
   *
   * @example refs$.pipe(watchTasks(client, { watch: journal.watch }))
   */
  readonly watch: (task: TaskRef) => Pick<WatchOptions, 'resumeFrom' | 'save'>;
  /** Closes the file and frees the directory. A watch that still runs sends no more polls, and ends with an error of kind `save`. */
  readonly close: () => void;
}

/** The file is rewritten when at least this many bytes are appended, and as many as it had after the last rewrite. */
const minBytesToRewrite = 1_048_576;

/**
 * Opens the journal of a directory, and creates both if they are missing.
 *
 * Errors: `Error` when another program uses the directory, or when a complete line is not a valid state: it names the file and the line.
 * System errors when the directory cannot be read or written. A failed `save` is retried by its watch. It fails for
 * good once the directory was removed, or another program took it over while this one was stopped for 15 seconds.
 * @example
 * const journal = openJournal('watches');
 * refs$.pipe(watchTasks(client, { watch: journal.watch }), finalize(journal.close))
 */
export const openJournal = (directory: string): Journal => {
  checkPath('directory', directory);
  const path = join(directory, 'watches.jsonl');
  mkdirSync(directory, { recursive: true });
  const lease = leaseOf(path, directory);
  const states = new Map<string, WatchState>();
  let file: number | null = null;
  let fileBytes = 0;
  let maxBytes = 0;

  const closeFile = (): void => {
    if (file !== null) closeSync(file);
    file = null;
  };

  const close = (): void => {
    closeFile();
    lease.release();
  };

  const rewrite = (): void => {
    const text = [...states.values()].map((state) => `${JSON.stringify(state)}\n`).join('');
    writeWholeFile(path, text);
    // The open file was replaced by the rename: nothing may be written to it.
    closeFile();
    file = openSync(path, 'a');
    fileBytes = Buffer.byteLength(text);
    maxBytes = fileBytes + Math.max(minBytesToRewrite, fileBytes);
  };

  const save = (state: WatchState): void => {
    if (file === null) throw new Error(`${path} is closed`);
    lease.check();
    const line = Buffer.from(`${JSON.stringify(state)}\n`);
    try {
      for (let written = 0; written < line.length;) written += writeSync(file, line, written);
    } catch (error) {
      // A full disk may have taken a part of the line. The next line must not continue it.
      ftruncateSync(file, fileBytes);
      throw error;
    }
    // The next owner ends this lease before it reads the file: either it has read the line, or this throws and no request is sent.
    lease.check();
    states.set(taskKey(state.task), state);
    fileBytes += line.length;
    if (fileBytes < maxBytes) return;
    try {
      rewrite();
    } catch (error) {
      if (file === null) throw error;
      // The state is saved and the file is valid. Rewrite it after it has grown further.
      maxBytes = fileBytes + minBytesToRewrite;
    }
  };

  try {
    for (const state of statesIn(path, readFileIfThere(path) ?? '')) states.set(taskKey(state.task), state);
    rewrite();
  } catch (error) {
    close();
    throw error;
  }
  return {
    path,
    states: () => [...states.values()],
    watch: (task) => ({ resumeFrom: states.get(taskKey(task)), save }),
    close,
  };
};

/** The states of all complete lines. What follows the last line break is incomplete. */
const statesIn = (path: string, text: string): readonly WatchState[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return parseWatchState(line);
      } catch (error) {
        throw new Error(`${path}, line ${String(index + 1)}: ${messageOf(error)}`, { cause: error });
      }
    });
