/**
 * Watch states on the disk: whatever becomes of the program, the next run goes on where it stopped. Knows no provider and no file but its own.
 *
 * One file, `watches.jsonl`: a line for each state, appended by one write before a request leaves and after its response; the last line of
 * a task counts. A program that is killed leaves its last line torn at worst, and a torn line is as good as none: a request whose line
 * is torn has not left. When opened, and when it has grown, the file is written anew with one line for each task, and renamed into its
 * place.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { messageOf } from '../state/errors.js';
import { parseWatchState } from '../state/stored.js';
import type { WatchOptions } from '../client/task-client.js';
import type { WatchState } from '../state/watch-state.js';
import { checkPath } from './check-path.js';
import { lockDirectory } from './directory-lock.js';
import { readFileIfThere, writeWholeFile } from './whole-file.js';

/** The watch states of one directory. */
export interface Journal {
  /** The file. */
  readonly path: string;
  /** The latest state of each task, in the order in which they were met. */
  readonly states: () => readonly WatchState[];
  /**
   * What a watch of a task needs to go on where it stopped, and to be kept.
   *
   * @example refs$.pipe(watchTasks(client, { watch: journal.watch }))
   */
  readonly watch: (task: TaskRef) => Pick<WatchOptions, 'resumeFrom' | 'save'>;
  /** Lets another process have the directory. A watch that goes on polls no more, and ends in an error of kind `save`. */
  readonly close: () => void;
}

/** The file is written anew when this many bytes have been appended, or as many as it has states: whichever is more. */
const leastBytesToRewrite = 1_048_576;

/**
 * Opens the journal of a directory, and makes both if they are not there.
 *
 * Errors: `Error` when another process has it, or when a line other than a torn last one is no state: it names the file and the line.
 * The system's own errors when the directory cannot be read or written. A `save` that cannot be written is tried again by its watch.
 * @example
 * const journal = openJournal('watches');
 * refs$.pipe(watchTasks(client, { watch: journal.watch }), finalize(journal.close))
 */
export const openJournal = (directory: string): Journal => {
  checkPath('directory', directory);
  const release = lockDirectory(directory);
  const path = join(directory, 'watches.jsonl');
  const states = new Map<string, WatchState>();
  let file: number | null = null;
  let fileBytes = 0;
  /** When it is written anew. */
  let mostBytes = 0;

  const closeFile = (): void => {
    if (file !== null) closeSync(file);
    file = null;
  };

  const close = (): void => {
    closeFile();
    release();
  };

  const rewrite = (): void => {
    const text = [...states.values()].map((state) => `${JSON.stringify(state)}\n`).join('');
    writeWholeFile(path, text);
    // What was open has no name any more: nothing may go to it.
    closeFile();
    file = openSync(path, 'a');
    fileBytes = Buffer.byteLength(text);
    mostBytes = fileBytes + Math.max(leastBytesToRewrite, fileBytes);
  };

  const save = (state: WatchState): void => {
    if (file === null) throw new Error(`${path} is closed`);
    const line = Buffer.from(`${JSON.stringify(state)}\n`);
    try {
      for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
    } catch (error) {
      // A full disk may have taken a piece, and the next line must not go on from it.
      ftruncateSync(file, fileBytes);
      throw error;
    }
    states.set(taskKey(state.task), state);
    fileBytes += line.length;
    if (fileBytes < mostBytes) return;
    try {
      rewrite();
    } catch (error) {
      if (file === null) throw error;
      // The state is kept, and the file is good as it is: it is written anew when it has grown as much again.
      mostBytes = fileBytes + leastBytesToRewrite;
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

/** Every whole line's state. What follows the last line break was torn. */
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
