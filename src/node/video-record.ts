/**
 * What stands beside a saved video: a small JSON file that says which task it is of.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import { readFileIfThere, writeWholeFile } from './whole-file.js';

/** The record of one saved video. */
export interface VideoRecord {
  readonly version: 1;
  readonly task: TaskRef;
  /** The video's name, in the record's own directory. */
  readonly file: string;
  readonly bytes: number;
  readonly savedAtMs: number;
  /** The task as it ended: model, settings, usage. It holds the link and, where a provider echoes it, the prompt. */
  readonly snapshot: TaskSnapshot;
}

/**
 * The video that a record is of, if it is there with all of its bytes.
 *
 * @returns its path and size, else null
 */
export const savedVideo = (recordPath: string, directory: string): { readonly path: string; readonly bytes: number } | null => {
  const record = parsed(readFileIfThere(recordPath));
  if (record === null) return null;
  const path = join(directory, record.file);
  return statSync(path, { throwIfNoEntry: false })?.size === record.bytes ? { path, bytes: record.bytes } : null;
};

/** Writes a record. Errors: the system's own. */
export const writeRecord = (recordPath: string, record: VideoRecord): void => {
  writeWholeFile(recordPath, `${JSON.stringify(record, null, 2)}\n`);
};

/** As much of a record as is needed here. What is none says nothing of a video. */
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
