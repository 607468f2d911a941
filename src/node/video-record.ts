/**
 * The record of a saved video: a small JSON file beside it that names its task.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import { isFile } from './is-file.js';
import { readFileIfThere, writeWholeFile } from './whole-file.js';

/** The record of one saved video. */
export interface VideoRecord {
  readonly version: 1;
  readonly task: TaskRef;
  /** The file name of the video, in the same directory. */
  readonly file: string;
  readonly bytes: number;
  readonly savedAtMs: number;
  /** The final snapshot: model, settings, usage, link and, if the provider echoes it, the prompt. */
  readonly snapshot: TaskSnapshot;
}

/**
 * Finds the video of a record.
 *
 * @returns its path and size if it exists with all of its bytes, else null
 */
export const savedVideo = (recordPath: string, directory: string): { readonly path: string; readonly bytes: number } | null => {
  const record = isFile(recordPath) ? parsed(readFileIfThere(recordPath)) : null;
  if (record === null) return null;
  const path = join(directory, record.file);
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === record.bytes ? { path, bytes: record.bytes } : null;
};

/** Writes a record. Errors: system errors. */
export const writeRecord = (recordPath: string, record: VideoRecord): void => {
  writeWholeFile(recordPath, `${JSON.stringify(record, null, 2)}\n`);
};

/** The needed fields of a record; null if it is missing or invalid. */
const parsed = (text: string | null): Pick<VideoRecord, 'file' | 'bytes'> | null => {
  try {
    const record: unknown = JSON.parse(text ?? 'null');
    if (typeof record !== 'object' || record === null || !('file' in record) || !('bytes' in record)) return null;
    const { file, bytes } = record;
    return typeof file === 'string' && !/[/\\]/.test(file) && typeof bytes === 'number' ? { file, bytes } : null;
  } catch {
    return null;
  }
};
