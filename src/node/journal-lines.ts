/**
 * The lines of a journal: watch states and the records of creations. Reads files of any size, with lines that are incomplete or invalid.
 */
import { isRecord } from '../checks.js';
import { type CreationRecord, parseCreationRecord } from '../client/creation-record.js';
import { aString, parseWatchState, storedRef, storedState } from '../state/stored.js';
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

/**
 * Takes the place of a record that cannot be read. Its task may have been bought, so that `createTask` must refuse the key: it refuses each
 * value that is no record.
 */
export interface UnreadableRecord {
  readonly key: string;
  readonly isUnreadable: true;
}

export const isReadable = (record: CreationRecord | UnreadableRecord): record is CreationRecord => !('isUnreadable' in record);

/** What a valid line holds. */
export type Entry = { readonly state: WatchState } | { readonly creation: CreationRecord | UnreadableRecord };

export const stateLine = (state: WatchState): string => `${JSON.stringify(state)}\n`;

/** Releases that know no creations refuse to open a journal with version 3. The key comes first, so that an invalid line still names it. */
export const creationLine = ({ key, ...rest }: CreationRecord | UnreadableRecord): string => `${JSON.stringify({ version: 3, creation: { key, ...rest } })}\n`;

/** Reads a line. Throws a `TypeError` for an invalid one. */
export const entryIn = (text: string): Entry => {
  const line = jsonIn(text);
  if (!isRecord(line) || !('creation' in line)) return { state: parseWatchState(isRecord(line) ? line : text) };
  const { creation } = line;
  const key = keyOf(creation);
  if (versionOf(line) !== 3) throw new TypeError(`CreationRecord: the version of the line must be 3, not ${String(versionOf(line))}`);
  if (key !== '' && isRecord(creation) && 'isUnreadable' in creation) return { creation: { key, isUnreadable: true } };
  const record = attempt(() => parseCreationRecord(key, creation));
  if (record === null) throw new TypeError(`CreationRecord: the record of the key ${JSON.stringify(key)} is invalid`);
  return { creation: record };
};

const keyOf = (creation: unknown): string => (isRecord(creation) && 'key' in creation && typeof creation.key === 'string' ? creation.key : '');

const attempt = <T>(call: () => T): T | null => {
  try {
    return call();
  } catch {
    return null;
  }
};

/** Null for a text that is not JSON. */
const jsonIn = (text: string): unknown => attempt((): unknown => JSON.parse(text));

const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
const creationBeginning = new RegExp(`^\\{"version":3,"creation":\\{(?:"key":(${quoted}))?`);
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

/** The key of the creation in an invalid line; '' if the line does not name it. Null if the line is not of a creation. */
export const creationKeyIn = (text: string): string | null => {
  const line = jsonIn(text);
  if (isRecord(line)) return 'creation' in line ? keyOf(line.creation) : null;
  const [start, key = '""'] = creationBeginning.exec(text) ?? [];
  return start === undefined ? null : (attempt(() => aString(JSON.parse(key), 'key')) ?? '');
};

/** Whether a newer release wrote a line. */
export const isNewer = (text: string | null): boolean => {
  const line = jsonIn(text ?? 'null');
  if (!isRecord(line)) return false;
  return 'creation' in line ? versionOf(line) > 3 || versionOf(line.creation) > 1 : versionOf(line) > 2;
};

const versionOf = (value: unknown): number => (isRecord(value) && 'version' in value && typeof value.version === 'number' ? value.version : 0);
