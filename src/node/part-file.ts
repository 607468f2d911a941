/**
 * A file that is coming: `<name>.part`, and `<name>.part.json` with what the server said of it, so that another process can go on.
 * The final name appears when the file is whole, by renaming, and never before.
 */
import { constants, type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, DownloadError } from './download-error.js';
import type { Held } from './file-answer.js';
import { codeOf } from './system-error.js';
import { readFileIfThere, writeWholeFile } from './whole-file.js';

/** An open part. Its methods must not be called while one of them is under way. Errors: `DownloadError` of kind `disk`. */
export interface PartFile {
  readonly held: () => Held;
  /** Drops what is held, and notes what the server says of the file that comes now. */
  readonly begin: (totalBytes: number | null, validator: string | null) => Promise<void>;
  /** Appends to what is held. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Gives the file its name. `beforehand` is called once all bytes are safe. Errors: also of kind `exists`. */
  readonly finish: (beforehand: (bytes: number) => void) => Promise<void>;
  /** Once what is under way is done. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the part of a file, and makes its directory.
 *
 * Errors: `DownloadError` of kind `exists` when the file is there, of kind `disk` when the part cannot be opened.
 */
export const openPart = async (path: string, mayReplace: boolean): Promise<PartFile> => {
  const partPath = `${path}.part`;
  const notesPath = `${partPath}.json`;
  let underWay: Promise<unknown> = Promise.resolve();
  const onDisk = <T>(work: () => Promise<T>): Promise<T> => {
    const done = work().catch((error: unknown) => {
      throw error instanceof DownloadError ? error : diskError(path, error);
    });
    underWay = done.catch(() => undefined); // told to whoever began it
    return done;
  };
  const ensureFree = async (): Promise<void> => {
    if (!mayReplace && (await isThere(path))) {
      throw new DownloadError('exists', path, 'there is a file of this name already; move it away, or choose another directory or name');
    }
  };

  const [file, partBytes] = await onDisk(async () => {
    await mkdir(dirname(path), { recursive: true });
    await ensureFree();
    const handle = await open(partPath, constants.O_RDWR | constants.O_CREAT, 0o644);
    return [handle, (await handle.stat()).size] as const;
  });
  let held = heldAccordingTo(readNotes(notesPath), partBytes);

  return {
    held: () => held,
    begin: (totalBytes, validator) =>
      onDisk(async () => {
        // In this order: whatever happens in between, the notes are of the bytes that are there.
        if ((await file.stat()).size > 0) await file.truncate(0);
        held = { receivedBytes: 0, totalBytes, validator };
        writeWholeFile(notesPath, `${JSON.stringify({ totalBytes, validator })}\n`);
      }),
    write: (bytes) =>
      onDisk(async () => {
        await writeAll(file, bytes, held.receivedBytes);
        held = { ...held, receivedBytes: held.receivedBytes + bytes.byteLength };
      }),
    finish: (beforehand) =>
      onDisk(async () => {
        await file.sync();
        beforehand(held.receivedBytes);
        await ensureFree();
        await rename(partPath, path);
        await rm(notesPath, { force: true });
      }),
    close: () => underWay.then(() => file.close()),
  };
};

type Notes = Pick<Held, 'totalBytes' | 'validator'>;

const nothing: Held = { receivedBytes: 0, totalBytes: null, validator: null };

/** Without notes, and with more bytes than they speak of, nobody knows what the part is of. */
const heldAccordingTo = (notes: Notes | null, partBytes: number): Held =>
  notes === null || (notes.totalBytes !== null && partBytes > notes.totalBytes) ? nothing : { ...notes, receivedBytes: partBytes };

const readNotes = (path: string): Notes | null => {
  try {
    const notes: unknown = JSON.parse(readFileIfThere(path) ?? 'null');
    if (typeof notes !== 'object' || notes === null || !('totalBytes' in notes) || !('validator' in notes)) return null;
    const { totalBytes, validator } = notes;
    if (!(totalBytes === null || Number.isSafeInteger(totalBytes)) || !(validator === null || typeof validator === 'string')) return null;
    return { totalBytes: totalBytes === null ? null : Number(totalBytes), validator };
  } catch {
    // Unreadable notes are as good as none: the file begins anew.
    return null;
  }
};

/** A write may take less than it was given. */
const writeAll = async (file: FileHandle, bytes: Uint8Array, at: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at + done);
    done += bytesWritten;
  }
};

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
