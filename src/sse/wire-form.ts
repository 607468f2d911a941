/**
 * Encodes the rows of a feed as text, and decodes them. A row leaves the server without `raw`, `request`, saved states and keys, and
 * with only the fields of a ref that name the task. Decoding ignores unknown fields, and names the first invalid one.
 */
import type { TaskSnapshot, TaskRef } from '../task/snapshot.js';
import { taskStatuses } from '../task/status.js';
import { messageOf, type WatchError } from '../state/errors.js';
import {
  aBoolean, anArray, anObject, aNumber, aRatio, asStored, aString, objectOf, oneOf, or, orNull, type Reader, readJson, refused, storedError, storedForecast,
  storedRef, storedSnapshot,
} from '../state/stored.js';
import { type RowFields, rowFrom, type TaskRow } from '../feed/feed.js';

const version = 1;

/** What an event tells: tasks that were removed, then rows that were added or changed. */
export interface RowChanges {
  readonly removed: readonly TaskRef[];
  readonly rows: readonly TaskRow[];
}

/** Changes as one line of JSON, from the texts of removed tasks and of rows. */
export const encodeRows = (removed: readonly string[], rows: readonly string[]): string =>
  `{"version":${version},"removed":[${removed.join()}],"rows":[${rows.join()}]}`;

/** A failure as one line of JSON. */
export const encodeFailure = (error: unknown): string => JSON.stringify({ version, message: messageOf(error) });

/** The end as one line of JSON. */
export const encodedEnd: string = /* @__PURE__ */ JSON.stringify({ version });

/** A row as JSON. */
export const encodeRow = ({ task, snapshot, error, ...rest }: TaskRow): string => JSON.stringify({
  task: named(task),
  ...rest,
  snapshot: snapshot && shown(snapshot),
  error: error && { ...error, state: null },
});

/** A ref as JSON. */
export const encodeRef = (task: TaskRef): string => JSON.stringify(named(task));

/** The fields that name a task. Callers may keep more in a ref, such as the task's owner. */
const named = ({ provider, id, account }: TaskRef): object => ({ provider, id, account });

/** Without the echo of the request, which may hold whole pictures. A row's type has no `raw`, but a caller without types may pass one. */
const shown = (snapshot: TaskSnapshot): object => {
  const { raw: _, request: __, task, ...rest } = snapshot as TaskSnapshot & { readonly raw?: unknown }; // see above
  return { task: named(task), ...rest };
};

/**
 * Decodes changes.
 *
 * Throws `TypeError` with the name and value of the first invalid field.
 */
export const decodeRows = (text: string): RowChanges => {
  const { removed, rows } = decoded(text);
  return {
    removed: (orNull(anArray)(removed, 'removed') ?? []).map((task, index) => storedRef(task, `removed[${index}]`)),
    rows: anArray(rows, 'rows').map((row, index) => readRow(row, `rows[${index}]`)),
  };
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

/** `kind` and `reason` may come from a newer release. The state stays on the server, which alone can resume the watch. */
const readError = /* @__PURE__ */ objectOf<WatchError>({
  kind: /* @__PURE__ */ asStored(aString),
  message: aString,
  reason: /* @__PURE__ */ asStored(/* @__PURE__ */ orNull(aString)),
  status: /* @__PURE__ */ orNull(aNumber),
  state: () => null,
});

const rowFields = /* @__PURE__ */ objectOf<RowFields>({
  task: storedRef,
  status: /* @__PURE__ */ orNull(/* @__PURE__ */ oneOf(taskStatuses)),
  snapshot: /* @__PURE__ */ orNull(storedSnapshot),
  progress: aRatio,
  estimated: aBoolean,
  forecast: /* @__PURE__ */ orNull(storedForecast),
  addedAtMs: /* @__PURE__ */ or(aNumber, 0),
  statusSinceMs: /* @__PURE__ */ or(aNumber, 0),
  endedAtMs: /* @__PURE__ */ orNull(aNumber),
  lastError: /* @__PURE__ */ orNull(storedError),
  nextPollAtMs: /* @__PURE__ */ orNull(aNumber),
  error: /* @__PURE__ */ orNull(readError),
});

const readRow: Reader<TaskRow> = (value, path) => {
  const row = rowFields(value, path);
  if (row.status !== (row.snapshot?.status ?? null)) throw refused(`${path}.status`, 'that of its snapshot', row.status);
  return rowFrom(row);
};
