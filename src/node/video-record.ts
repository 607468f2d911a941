/**
 * The record of a saved video: a small JSON file beside it that names its task.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import { fieldsOf, readFields, writeWholeFile } from './whole-file.js';

/** The record of one saved video. */
export interface VideoRecord {
  readonly version: 1;
  readonly task: TaskRef;
  /** The file name of the video, in the same directory or as the sink got it. */
  readonly file: string;
  readonly bytes: number;
  readonly savedAtMs: number;
  /** Whether the files went to a sink. */
  readonly isSent: boolean;
  /** The last frame of the video; null if it is not saved. */
  readonly lastFrame: { readonly file: string; readonly bytes: number } | null;
  /** The final snapshot: model, settings, usage, link and, if the provider echoes it, the prompt. */
  readonly snapshot: TaskSnapshot;
}

/** A saved file. */
export interface SavedFile {
  /** Its path; with a sink, its name. */
  readonly path: string;
  readonly bytes: number;
}

/** A saved video, and its last frame if that is saved, too. */
export interface SavedVideo extends SavedFile {
  readonly lastFrame: SavedFile | null;
}

/**
 * Finds the video of a record.
 *
 * @param toSink whether the video must have gone to a sink, or else exist in the directory with all of its bytes
 * @returns null if it is not saved
 */
export const savedVideo = (recordPath: string, directory: string, toSink: boolean): SavedVideo | null => {
  const record = readFields(recordPath);
  const saved = (value: unknown): SavedFile | null => {
    const { file: name, bytes } = fieldsOf(value);
    if (typeof name !== 'string' || name === '' || /[/\\]/.test(name) || typeof bytes !== 'number') return null;
    const path = toSink ? name : join(directory, name);
    const stats = toSink ? null : statSync(path, { throwIfNoEntry: false });
    return toSink || (stats?.isFile() === true && stats.size === bytes) ? { path, bytes } : null;
  };
  const video = (record['isSent'] === true) === toSink ? saved(record) : null;
  return video === null ? null : { ...video, lastFrame: saved(record['lastFrame']) };
};

/** Writes a record. Errors: system errors. */
export const writeRecord = (recordPath: string, record: VideoRecord): void => {
  writeWholeFile(recordPath, `${JSON.stringify(record, null, 2)}\n`);
};

/** Adds the last frame to a record. Errors: system errors. */
export const addLastFrame = (recordPath: string, lastFrame: VideoRecord['lastFrame']): void => {
  writeWholeFile(recordPath, `${JSON.stringify({ ...readFields(recordPath), lastFrame }, null, 2)}\n`);
};
