/**
 * Small files that are there whole or not at all: written beside their place, flushed, then renamed.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf } from './system-error.js';

/** Puts a text in a file's place. Errors: the system's own; what was there before is still there then. */
export const writeWholeFile = (path: string, text: string): void => {
  const beside = `${path}.new`;
  try {
    const file = openSync(beside, 'w', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
};

/** The text of a file; null when there is none. Errors: the system's own. */
export const readFileIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
};
