/**
 * Writes small files atomically: to a temporary file, flushed, then renamed, and the name is flushed too.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { nodeFiles } from './files.js';
import { codeOf } from './system-error.js';

/** Replaces a file, without following a symbolic link. Errors: system errors; then the old file or the new one is there. */
export const writeWholeFile = (path: string, text: string): void => {
  const temporary = `${path}.new`;
  try {
    const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    nodeFiles.syncDirectory(dirname(path));
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // The first error says why.
    }
    throw error;
  }
};

/** The content of a file; null if it does not exist. Errors: system errors. */
export const readFileIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};
