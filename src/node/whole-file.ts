/**
 * Small files of JSON. They are written atomically: to a temporary file, flushed, then renamed, and the name is flushed too.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRecord } from '../checks.js';
import { nodeFiles } from './files.js';

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

/** The fields of an object. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a value; none if it is no object. */
export const fieldsOf = (value: unknown): Fields => (isRecord(value) ? (value as Fields) : {}); // an object has fields

/** The fields of the object in a JSON file; none if there is no such file, or only a symbolic link. */
export const readFields = (path: string): Fields => {
  try {
    return fieldsOf(nodeFiles.statusAt(path)?.isFile === true ? JSON.parse(readFileSync(path, 'utf8')) : null);
  } catch {
    // Every field is checked where it is used: a file that cannot be read has none.
    return {};
  }
};
