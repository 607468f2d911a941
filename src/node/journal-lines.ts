/**
 * Reads the lines of a journal: of any size, and with lines that are incomplete or invalid.
 */
import { storedRef, storedState } from '../state/stored.js';
import type { TaskRef } from '../task/snapshot.js';
import type { WatchState } from '../state/watch-state.js';
import { type Files, writeAll } from './files.js';

/** A line of a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Where it begins, in bytes. */
  readonly from: number;
  /** Where the next line begins. */
  readonly to: number;
  /** False for what follows the last line break. */
  readonly isComplete: boolean;
  /** Null if it is longer than a line of a journal can be. */
  readonly text: string | null;
}

const chunkBytes = 1_048_576;
const maxLineBytes = 64 * chunkBytes;

/** The lines of an open file, one at a time. Memory use does not depend on the size of the file. */
export function *linesOf(files: Files, file: number): Generator<Line> {
  const buffer = Buffer.alloc(chunkBytes);
  let [number, from, position] = [1, 0, 0];
  let pieces: Uint8Array[] = [];
  const add = (piece: Uint8Array): void => {
    if (position - from <= maxLineBytes) pieces.push(Uint8Array.from(piece));
    else pieces = [];
  };
  const line = (isComplete: boolean): Line => ({
    number,
    from,
    to: position,
    isComplete,
    text: position - from > maxLineBytes ? null : Buffer.concat(pieces).toString(),
  });

  for (let length = files.read(file, buffer, 0); length > 0; length = files.read(file, buffer, position)) {
    const chunk = buffer.subarray(0, length);
    const chunkAt = position;
    for (let start = 0, end = chunk.indexOf('\n') + 1; start < length; start = end, end = chunk.indexOf('\n', start) + 1) {
      const isComplete = end > 0;
      if (!isComplete) end = length;
      position = chunkAt + end;
      add(chunk.subarray(start, end));
      if (!isComplete) continue;
      yield line(true);
      number += 1;
      from = position;
      pieces = [];
    }
  }
  if (position > from) yield line(false);
}

/** Appends lines of one file to another. */
export const copyLines = (files: Files, source: number, target: number, lines: readonly Pick<Line, 'from' | 'to'>[]): void => {
  const buffer = Buffer.alloc(chunkBytes);
  for (const { from, to } of lines) {
    for (let position = from; position < to;) {
      const length = files.read(source, buffer.subarray(0, Math.min(chunkBytes, to - position)), position);
      if (length === 0) return;
      writeAll(files, target, buffer.subarray(0, length));
      position += length;
    }
  }
};

const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
const beginning = new RegExp(`^\\{"version":2,"task":(\\{(?:[^{}"]|${quoted})*\\})(?:,"baseUrl":(${quoted}))?`);

/**
 * What the beginning of an incomplete line says: its task, and a state that only keeps the minimum interval from `nowMs`, for a task that
 * has no other state. Both are null if the line is cut before that.
 */
export const beginningOf = (text: string, nowMs: number): { readonly task: TaskRef | null; readonly state: WatchState | null } => {
  const [, task, baseUrl] = beginning.exec(text) ?? [];
  try {
    const ref = task === undefined ? null : storedRef(JSON.parse(task), 'task');
    if (ref === null || baseUrl === undefined) return { task: ref, state: null };
    const url: unknown = JSON.parse(baseUrl);
    const fields = { version: 2, task: ref, baseUrl: url, startedAtMs: nowMs, sentAtMs: nowMs, nextPollAtMs: nowMs };
    return { task: ref, state: storedState(fields, '') };
  } catch {
    return { task: null, state: null };
  }
};

/** Whether a line is a state of a newer release. */
export const isNewer = (text: string | null): boolean => {
  try {
    const state: unknown = JSON.parse(text ?? 'null');
    return typeof state === 'object' && state !== null && 'version' in state && typeof state.version === 'number' && state.version > 2;
  } catch {
    return false;
  }
};
