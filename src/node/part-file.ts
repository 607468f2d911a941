/**
 * An incomplete file: `<name>.part`, and `<name>.part.json` with its length and validator, so that another process can resume it. After a
 * failure of the computer, only the bytes count that were flushed when the part was closed.
 * The part is renamed to the final name when it is complete. Symbolic links are not followed.
 */
import { lstatSync, rmSync } from 'node:fs';
import { constants, type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../state/errors.js';
import { diskError, DownloadError, PassingError } from './download-error.js';
import type { Held } from './file-response.js';
import { nodeFiles } from './files.js';
import { leaseOf } from './lease.js';
import { codeOf } from './system-error.js';
import { roomIn } from './disk-room.js';
import { readFields, writeWholeFile } from './whole-file.js';

/** An open part. Call its methods one at a time. Errors: `DownloadError` of kind `disk`. */
export interface PartFile {
  readonly held: () => Held;
  /** Drops the held bytes, and stores the length and validator of the file that follows. Errors: also of kind `too-large`. */
  readonly begin: (totalBytes: number | null, validator: string | null) => Promise<void>;
  /** Appends to the held bytes. Errors: also of kind `too-large`; then the held bytes are dropped. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Reads held bytes; fewer at the end. */
  readonly read: (at: number, length: number) => Promise<Uint8Array>;
  /** All held bytes in order. Calls `touch` with each chunk. */
  readonly chunks: (touch: () => void) => AsyncGenerator<Uint8Array>;
  /** Renames the part to the final name. Calls `beforeRename` once all bytes are flushed. Errors: also of kind `exists`. */
  readonly finish: (beforeRename: (bytes: number) => void) => Promise<void>;
  /** Sends all bytes to the stream of `sink`, and removes the part. Calls `onSent` in between. Errors: also of kind `sink`, with the part kept. */
  readonly send: (sink: () => Writable, signal: AbortSignal, onSent: (bytes: number) => void) => Promise<void>;
  /** Closes the part once pending work is done. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the part of a file, and creates its directory. A lease keeps every other program from writing the same part.
 *
 * Errors: `DownloadError` of kind `exists` if the file exists, of kind `disk` if the part cannot be opened or another program writes it.
 */
export const openPart = async (path: string, mayReplace: boolean, maxBytes = Infinity): Promise<PartFile> => {
  const partPath = `${path}.part`;
  const notesPath = `${partPath}.json`;
  let pending: Promise<unknown> = Promise.resolve();
  const onDisk = <T>(work: () => Promise<T> | T): Promise<T> => {
    const done = Promise.resolve().then(work).catch((error: unknown) => {
      throw error instanceof DownloadError ? error : diskError(path, error);
    });
    pending = done.catch(() => undefined); // the caller handles the error
    return done;
  };
  const ensureFree = (): void => {
    if (!mayReplace && isThere(path)) throw exists(path);
  };

  const lease = await onDisk(async () => {
    await mkdir(dirname(path), { recursive: true });
    return leaseOf(partPath, 'the file');
  });
  const opened = onDisk(async () => {
    ensureFree();
    return openOwn(partPath, readNotes(notesPath));
  });
  const [file, trusted] = await opened.catch((error: unknown) => {
    lease.release();
    throw error;
  });
  let held = trusted;
  /** Whether the part has bytes that the notes do not call flushed. */
  let isDirty = false;
  const read = (at: number, length: number): Promise<Uint8Array> =>
    onDisk(async () => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    });
  const chunks = async function *(touch: () => void): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < held.receivedBytes;) {
      const chunk = await read(at, chunkBytes);
      if (chunk.length === 0) return;
      touch();
      yield chunk;
      at += chunk.length;
    }
  };

  const takeNotes = (flushedBytes: number): void => {
    const { totalBytes, validator } = held;
    const notes: Notes = { totalBytes, validator, flushedBytes, bootedAtMs: bootedAtMs() };
    writeWholeFile(notesPath, `${JSON.stringify(notes)}\n`);
  };
  const drop = async (totalBytes: number | null, validator: string | null): Promise<void> => {
    // In this order, so that the notes always describe the bytes in the part.
    if ((await file.stat()).size > 0) await file.truncate(0);
    held = { receivedBytes: 0, totalBytes, validator };
    takeNotes(0);
  };
  /** Flushes what a later program may trust even if this computer fails. If that fails, it trusts less. */
  const flush = async (): Promise<void> => {
    if (!isDirty) return;
    try {
      await file.datasync();
      lease.check();
      takeNotes(held.receivedBytes);
    } catch {
      // The part is as good as after a kill.
    }
  };
  /** Removes the part of a file that is complete elsewhere. If that fails, the next run does it. */
  const end = (): void => {
    isDirty = false;
    try {
      removeRest(path);
      lease.release();
    } catch {
      // The file is complete all the same.
    }
  };
  const tooLarge = (bytes: string): DownloadError => new DownloadError('too-large', path, `the file has ${bytes} bytes, more than maxBytes (${String(maxBytes)})`);
  let measureAt = 0;

  return {
    held: () => held,
    read,
    chunks,
    begin: (totalBytes, validator) =>
      onDisk(async () => {
        lease.check();
        if (totalBytes !== null && totalBytes > maxBytes) throw tooLarge(String(totalBytes));
        await drop(totalBytes, validator);
        measureAt = 0;
      }),
    write: (bytes) =>
      onDisk(async () => {
        lease.check();
        const { receivedBytes, totalBytes } = held;
        const nextBytes = receivedBytes + bytes.byteLength;
        if (nextBytes > maxBytes) {
          await drop(null, null);
          throw tooLarge(`at least ${String(nextBytes)}`);
        }
        if (receivedBytes >= measureAt) {
          const neededBytes = Math.max(bytes.byteLength, (totalBytes ?? 0) - receivedBytes);
          const freeBytes = await roomIn(dirname(path));
          if (neededBytes > freeBytes) throw new PassingError(path, `the disk has no room for ${String(neededBytes)} more bytes`);
          measureAt = nextBytes + measureEachBytes;
        }
        isDirty = true;
        await writeAll(file, bytes, receivedBytes);
        held = { ...held, receivedBytes: nextBytes };
      }),
    finish: (beforeRename) =>
      onDisk(async () => {
        await file.sync();
        lease.check();
        ensureFree();
        beforeRename(held.receivedBytes);
        await (mayReplace ? rename(partPath, path) : linkIfFree(partPath, path));
        nodeFiles.syncDirectory(dirname(path));
        end();
      }),
    send: async (sink, signal, onSent) => {
      try {
        await pipeline(chunks(() => undefined), sink(), { signal });
      } catch (error) {
        throw new DownloadError('sink', path, `the sink failed: ${messageOf(error)}`, error);
      }
      await onDisk(() => {
        lease.check();
        onSent(held.receivedBytes);
        end();
      });
    },
    close: () => pending.then(flush).finally(() => file.close()).finally(lease.release),
  };
};

/** How often to measure the free space: others fill the disk, too. */
const measureEachBytes = 16 * 1_048_576;

/** How many bytes to read at once. */
const chunkBytes = 1_048_576;

const exists = (path: string): DownloadError =>
  new DownloadError('exists', path, 'the file already exists; move it, or choose another directory or name');

/**
 * Opens a regular file that has no other name, and cuts it to its trusted bytes. A part has a second name if a process was killed while it
 * gave the part its final name.
 */
const openOwn = async (path: string, notes: Notes | null): Promise<readonly [FileHandle, Held]> => {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (stats.nlink === 1) {
      const held = heldAccordingTo(notes, stats.size);
      if (held.receivedBytes > 0 && held.receivedBytes < stats.size) await file.truncate(held.receivedBytes);
      return [file, held];
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  await rm(path);
  return openOwn(path, notes);
};

/** Gives a file another name, unless there is a file of that name. A file system without hard links has no single step for that. */
const linkIfFree = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || isThere(to)) throw exists(to);
    await rename(from, to);
  }
};

/** Removes the notes and the part of a file that has its final name. The part comes last, because it tells that something is left. */
const removeRest = (path: string): void => {
  rmSync(`${path}.part.json`, { force: true });
  rmSync(`${path}.part`, { force: true });
};

/**
 * Removes what is left of the part of a complete file. A program that was killed just after it had given the file its name leaves the part
 * as a second name of the file; a power failure may leave the notes alone. Errors are ignored: the file itself is complete.
 */
export const tidyPart = (path: string): void => {
  const idOf = (name: string): string | null => {
    const stats = lstatSync(name, { throwIfNoEntry: false, bigint: true });
    return stats === undefined ? null : `${String(stats.dev)} ${String(stats.ino)}`;
  };
  const isLeft = (): boolean => {
    const part = idOf(`${path}.part`);
    return part === null ? nodeFiles.statusAt(`${path}.part.json`)?.isFile === true : part === idOf(path);
  };
  try {
    if (!isLeft()) return;
    const lease = leaseOf(`${path}.part`);
    try {
      // Another program may have begun a new part meanwhile.
      if (isLeft()) removeRest(path);
    } finally {
      lease.release();
    }
  } catch {
    // The next run tries again.
  }
};

/** What is known of the bytes in a part. */
interface Notes extends Pick<Held, 'totalBytes' | 'validator'> {
  /** How many bytes are surely on the disk. */
  readonly flushedBytes: number;
  /** When the computer that wrote the part was started. After a failure of that computer, only flushed bytes can be trusted. */
  readonly bootedAtMs: number;
}

const nothing: Held = { receivedBytes: 0, totalBytes: null, validator: null };

/** When this computer was started; it varies by what its clock was moved. */
const bootedAtMs = (): number => Math.round(Date.now() - uptime() * 1000);

const sameBootMs = 60_000;

/** A part without notes, or with more bytes than its notes allow, belongs to an unknown file. */
const heldAccordingTo = (notes: Notes | null, partBytes: number): Held => {
  if (notes === null) return nothing;
  const { totalBytes, validator, flushedBytes } = notes;
  const isSameBoot = Math.abs(notes.bootedAtMs - bootedAtMs()) <= sameBootMs;
  const receivedBytes = isSameBoot ? partBytes : Math.min(partBytes, flushedBytes);
  return totalBytes !== null && receivedBytes > totalBytes ? nothing : { totalBytes, validator, receivedBytes };
};

const isHeaderValue = (value: unknown): value is string => typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);

/** The notes of a part; null without valid ones. */
const readNotes = (path: string): Notes | null => {
  const { totalBytes, validator, flushedBytes, bootedAtMs: startedAtMs } = readFields(path) as Partial<Notes>; // each is checked
  const isLength = totalBytes === null || Number.isSafeInteger(totalBytes);
  if (totalBytes === undefined || !isLength || !(validator === null || isHeaderValue(validator))) return null;
  return { totalBytes, validator, flushedBytes: Number(flushedBytes) || 0, bootedAtMs: Number(startedAtMs) || 0 };
};

/** Writes all bytes. A single write may take fewer. */
const writeAll = async (file: FileHandle, bytes: Uint8Array, at: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at + done);
    done += bytesWritten;
  }
};

const isThere = (path: string): boolean => nodeFiles.statusAt(path) !== null;
