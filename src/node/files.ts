/**
 * The calls to the file system that the journal and the leases make. A test can replace them and let each call fail. No call follows a
 * symbolic link in the last part of a path.
 */
import {
  closeSync, constants, fstatSync, fsyncSync, ftruncateSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, renameSync, type Stats, unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf } from './system-error.js';

/** `create` fails if the path exists. `create` and `append` write to the end of the file, `overwrite` from its start. */
export type OpenMode = 'read' | 'create' | 'append' | 'overwrite';

/** What is known of a file. */
export interface FileStatus {
  readonly isFile: boolean;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** The number of names. 0 for an open file that was removed or replaced. */
  readonly links: number;
}

/** A file system. Errors: system errors. */
export interface Files {
  /** Returns the descriptor of an open file. Only its owner can read a new file. */
  readonly open: (path: string, mode: OpenMode) => number;
  /** Returns the number of bytes read; 0 at the end of the file. */
  readonly read: (file: number, buffer: Uint8Array, position: number) => number;
  /** Writes the bytes from `offset`, and returns how many it wrote. */
  readonly write: (file: number, bytes: Uint8Array, offset: number) => number;
  readonly truncate: (file: number, bytes: number) => void;
  /** Flushes a file to the disk. */
  readonly sync: (file: number) => void;
  readonly close: (file: number) => void;
  readonly statusOf: (file: number) => FileStatus;
  /** The status of a path; null if it does not exist. */
  readonly statusAt: (path: string) => FileStatus | null;
  readonly rename: (from: string, to: string) => void;
  /** Removes a file if it exists. */
  readonly remove: (path: string) => void;
  /** The names in a directory. */
  readonly list: (directory: string) => readonly string[];
  /** Creates a directory and its parents if they are missing, and flushes their names to the disk. */
  readonly makeDirectory: (directory: string) => void;
  /** Flushes the names in a directory to the disk. */
  readonly syncDirectory: (directory: string) => void;
}

/** Windows has neither flag. */
const noFollow = constants.O_NOFOLLOW ?? 0;
const noWait = constants.O_NONBLOCK ?? 0;

const flags: Readonly<Record<OpenMode, number>> = {
  // Without waiting: a FIFO would wait for its writer.
  read: constants.O_RDONLY | noFollow | noWait,
  create: constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL,
  append: constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noFollow | noWait,
  overwrite: constants.O_WRONLY | noFollow | noWait,
};

const statusFrom = (stats: Stats): FileStatus => ({ isFile: stats.isFile(), bytes: stats.size, modifiedAtMs: stats.mtimeMs, links: stats.nlink });

/** Returns null for an error that says that a path does not exist. */
const unlessMissing = <T>(call: () => T): T | null => {
  try {
    return call();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};

/** The file system of the computer. */
export const nodeFiles: Files = {
  open: (path, mode) => openSync(path, flags[mode], 0o600),
  read: (file, buffer, position) => readSync(file, buffer, 0, buffer.byteLength, position),
  write: (file, bytes, offset) => writeSync(file, bytes, offset),
  truncate: ftruncateSync,
  sync: fsyncSync,
  close: closeSync,
  statusOf: (file) => statusFrom(fstatSync(file)),
  statusAt: (path) => unlessMissing(() => statusFrom(lstatSync(path))),
  rename: renameSync,
  remove: (path) => void unlessMissing(() => unlinkSync(path)),
  list: (directory) => readdirSync(directory),
  makeDirectory: (directory) => {
    const first = mkdirSync(directory, { recursive: true });
    if (first === undefined) return;
    for (let made = resolve(directory); made.length >= resolve(first).length; made = dirname(made)) nodeFiles.syncDirectory(dirname(made));
  },
  syncDirectory: (directory) => {
    // Windows cannot open a directory.
    if (process.platform === 'win32') return;
    const file = openSync(directory, constants.O_RDONLY);
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
};

/** Writes all bytes. A single write may take fewer. */
export const writeAll = (files: Files, file: number, bytes: Uint8Array): void => {
  for (let written = 0; written < bytes.byteLength;) written += files.write(file, bytes, written);
};
