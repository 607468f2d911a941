/**
 * Encodes the rows of a feed as text, and decodes them. A row leaves the server without `raw`, stacks and keys, and with only the fields of a
 * ref that name the task. Decoding ignores unknown fields, and names the first invalid one.
 */
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import { taskStatuses } from '../task/status.js';
import { errorKinds, isSeedanceError, messageOf, SeedanceError } from '../state/errors.js';
import {
  aBoolean, anArray, anObject, aNumber, anything, aRatio, aString, objectOf, oneOf, orNull, type Reader, readJson, refused, storedError, storedRef, storedSnapshot,
  storedState,
} from '../state/stored.js';
import { type RowFields, rowFrom, type TaskRow } from '../feed/feed.js';

const version = 1;

/** Rows as one line of JSON. */
export const encodeRows = (rows: readonly TaskRow[]): string => JSON.stringify({ version, rows: rows.map(encodeRow) });

/** A failure as one line of JSON. */
export const encodeFailure = (error: unknown): string => JSON.stringify({ version, message: messageOf(error) });

/** The end as one line of JSON. */
export const encodedEnd: string = /* @__PURE__ */ JSON.stringify({ version });

/** Whether two rows have the same content. */
export const isSameRow = (a: TaskRow, b: TaskRow): boolean => JSON.stringify(encodeRow(a)) === JSON.stringify(encodeRow(b));

const encodeRow = ({ task, status, snapshot, progress, estimated, lastError, nextPollAtMs, error }: TaskRow): object => ({
  task: encodeRef(task),
  status,
  snapshot: encodeSnapshot(snapshot),
  progress,
  estimated,
  lastError,
  nextPollAtMs,
  error: error === null ? null : encodeError(error),
});

/** The fields that name a task. Callers may keep more in a ref, such as the task's owner. */
const encodeRef = ({ provider, id, account }: TaskRef): object => ({ provider, id, account });

/** A row's type has no `raw`, but a caller without types may pass one. */
const encodeSnapshot = (snapshot: TaskSnapshot | null): object | null => {
  if (snapshot === null) return null;
  const { raw: _, task, ...rest } = snapshot as TaskSnapshot & { readonly raw?: unknown }; // see above
  return { task: encodeRef(task), ...rest };
};

const encodeError = (error: Error): object => {
  if (!isSeedanceError(error)) return { message: messageOf(error) };
  const { message, kind, task, lastSnapshot, state } = error;
  return {
    message,
    kind,
    task: encodeRef(task),
    lastSnapshot: encodeSnapshot(lastSnapshot),
    state: state === null ? null : { ...state, task: encodeRef(state.task), snapshot: encodeSnapshot(state.snapshot) },
  };
};

/**
 * Decodes rows.
 *
 * Throws `TypeError` with the name and value of the first invalid field.
 */
export const decodeRows = (text: string): readonly TaskRow[] => {
  return anArray(decoded(text)['rows'], 'rows').map((row, index) => readRow(row, `rows[${index}]`));
};

/**
 * Decodes the message of a failure.
 *
 * Throws as `decodeRows` does.
 */
export const decodeFailure = (text: string): string => aString(decoded(text)['message'], 'message');

const decoded = (text: string): Readonly<Record<string, unknown>> => {
  const fields = anObject(readJson(text, 'the data'), 'the data');
  if (fields['version'] !== version) throw refused('version', String(version), fields['version']);
  return fields;
};

const errorFields = /* @__PURE__ */ objectOf<{ message: string; kind: string | null; task: unknown; lastSnapshot: unknown; state: unknown }>({
  message: aString,
  kind: /* @__PURE__ */ orNull(aString),
  task: anything,
  lastSnapshot: anything,
  state: anything,
});

const readError: Reader<Error> = (value, path) => {
  const { message, kind, task, lastSnapshot, state } = errorFields(value, path);
  if (kind === null) return new Error(message);
  return new SeedanceError(message, {
    kind: oneOf(errorKinds)(kind, `${path}.kind`),
    task: storedRef(task, `${path}.task`),
    lastSnapshot: orNull(storedSnapshot)(lastSnapshot, `${path}.lastSnapshot`),
    state: orNull(storedState)(state, `${path}.state`),
  });
};

const rowFields = /* @__PURE__ */ objectOf<RowFields>({
  task: storedRef,
  status: /* @__PURE__ */ orNull(/* @__PURE__ */ oneOf(taskStatuses)),
  snapshot: /* @__PURE__ */ orNull(storedSnapshot),
  progress: aRatio,
  estimated: aBoolean,
  lastError: /* @__PURE__ */ orNull(storedError),
  nextPollAtMs: /* @__PURE__ */ orNull(aNumber),
  error: /* @__PURE__ */ orNull(readError),
});

const readRow: Reader<TaskRow> = (value, path) => {
  const row = rowFields(value, path);
  if (row.status !== (row.snapshot?.status ?? null)) throw refused(`${path}.status`, 'that of its snapshot', row.status);
  return rowFrom(row);
};
