/**
 * Rows of a feed as text, and back. What may leave the server is decided here: no `raw`, no stack, no key, nothing of a ref but its names.
 * Reading is lenient where the other side may be newer, and refuses by name what would not be a row.
 */
import type { StoredSnapshot, TaskRef } from '../task/snapshot.js';
import { type TaskStatus, taskStatuses } from '../task/status.js';
import { isSeedanceError, messageOf, SeedanceError, type SeedanceErrorKind } from '../state/errors.js';
import type { TaskRow } from '../feed/feed.js';
import type { LastTrouble, WatchState } from '../state/watch-state.js';

const version = 1;

/** Rows as one line of JSON. */
export const encodeRows = (rows: readonly TaskRow[]): string => JSON.stringify({ version, rows: rows.map(encodeRow) });

/** A failure as one line of JSON. */
export const encodeFailure = (error: unknown): string => JSON.stringify({ version, message: messageOf(error) });

/** The end as one line of JSON. */
export const encodedEnd: string = /* @__PURE__ */ JSON.stringify({ version });

/** Whether two rows say the same. */
export const isSameRow = (a: TaskRow, b: TaskRow): boolean => JSON.stringify(encodeRow(a)) === JSON.stringify(encodeRow(b));

const encodeRow = ({ task, status, snapshot, progress, estimated, trouble, nextAskAtMs, error }: TaskRow): object => ({
  task: encodeRef(task),
  status,
  snapshot: encodeSnapshot(snapshot),
  progress,
  estimated,
  trouble,
  nextAskAtMs,
  error: error === null ? null : encodeError(error),
});

/** What names a task. Callers may keep more in a ref, such as whose it is. */
const encodeRef = ({ provider, id, account }: TaskRef): object => ({ provider, id, account });

/** A row has no `raw` by its type; a caller without types may have left one there. */
const encodeSnapshot = (snapshot: StoredSnapshot | null): object | null => {
  if (snapshot === null) return null;
  const { raw: _, task, ...rest } = snapshot as StoredSnapshot & { readonly raw?: unknown }; // as said above
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
 * Rows as they were encoded.
 *
 * Errors: `TypeError` that names the first field which is none of a row, and its value.
 */
export const decodeRows = (text: string): readonly TaskRow[] => {
  const { rows } = decoded(text);
  if (!Array.isArray(rows)) throw refused('rows', 'a list', rows);
  return rows.map((row: unknown, index) => decodeRow(`rows[${index}]`, row));
};

/**
 * The message of a failure.
 *
 * Errors: as those of `decodeRows`.
 */
export const decodeFailure = (text: string): string => checked('message', decoded(text).message, 'a text', isText);

const decoded = (text: string): Fields => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('the data', 'JSON', text);
  }
  const fields = checked('the data', value, 'a record', isFields);
  if (fields.version !== version) throw refused('version', String(version), fields.version);
  return fields;
};

const decodeRow = (path: string, value: unknown): TaskRow => {
  const { task, status, snapshot, progress, estimated, trouble, nextAskAtMs, error } = checked(path, value, 'a record', isFields);
  const ref = decodeRef(`${path}.task`, task);
  return {
    task: ref,
    status: nullable(decodeStatus)(`${path}.status`, status),
    snapshot: nullable(decodeSnapshot)(`${path}.snapshot`, snapshot),
    progress: checked(`${path}.progress`, progress, 'a number from 0 to 1', isShare),
    estimated: checked(`${path}.estimated`, estimated, 'true or false', isFlag),
    trouble: nullable(decodeTrouble)(`${path}.trouble`, trouble),
    nextAskAtMs: nullable(decodeNumber)(`${path}.nextAskAtMs`, nextAskAtMs),
    error: nullable(decodeError)(`${path}.error`, error),
  };
};

const decodeRef = (path: string, value: unknown): TaskRef => {
  const { provider, id, account } = checked(path, value, 'a record', isFields);
  return {
    provider: checked(`${path}.provider`, provider, 'a text', isText),
    id: checked(`${path}.id`, id, 'a text', isText),
    ...(account === undefined ? {} : { account: checked(`${path}.account`, account, 'a text', isText) }),
  };
};

const decodeStatus = (path: string, value: unknown): TaskStatus => checked(path, value, taskStatuses.join(' | '), isStatus);

const decodeNumber = (path: string, value: unknown): number => checked(path, value, 'a number', isNumber);

const decodeSnapshot = (path: string, value: unknown): StoredSnapshot => {
  const { raw: _, ...fields } = checked(path, value, 'a record', isFields);
  decodeRef(`${path}.task`, fields.task);
  const status = decodeStatus(`${path}.status`, fields.status);
  checked(`${path}.wireStatus`, fields.wireStatus, 'a text', isText);
  checked(`${path}.settings`, fields.settings, 'a record', isFields);
  if (status === 'succeeded') nullable(checkVideo)(`${path}.video`, fields.video);
  if (status === 'failed') checkMessage(`${path}.failure`, fields.failure);
  return fields as unknown as StoredSnapshot; // what programs branch on is checked; the rest is as the server's own decoder left it
};

const checkVideo = (path: string, value: unknown): void => {
  checked(`${path}.url`, checked(path, value, 'a record', isFields).url, 'a text', isText);
};

const checkMessage = (path: string, value: unknown): Fields => {
  const fields = checked(path, value, 'a record', isFields);
  checked(`${path}.message`, fields.message, 'a text', isText);
  return fields;
};

const decodeTrouble = (path: string, value: unknown): LastTrouble => {
  const trouble = checkMessage(path, value);
  checked(`${path}.kind`, trouble.kind, 'a text', isText);
  return trouble as unknown as LastTrouble; // as above
};

const decodeError = (path: string, value: unknown): Error => {
  const { kind, task, lastSnapshot, state, ...rest } = checkMessage(path, value);
  const message = String(rest.message);
  if (kind === undefined) return new Error(message);
  return new SeedanceError(message, {
    kind: checked(`${path}.kind`, kind, Object.keys(errorKinds).join(' | '), isErrorKind),
    task: decodeRef(`${path}.task`, task),
    lastSnapshot: nullable(decodeSnapshot)(`${path}.lastSnapshot`, lastSnapshot),
    state: nullable(decodeState)(`${path}.state`, state),
  });
};

const decodeState = (path: string, value: unknown): WatchState => {
  const state = checked(path, value, 'a record', isFields);
  decodeRef(`${path}.task`, state.task);
  const snapshot = nullable(decodeSnapshot)(`${path}.snapshot`, state.snapshot);
  const lastTrouble = nullable(decodeTrouble)(`${path}.lastTrouble`, state.lastTrouble);
  return { ...state, snapshot, lastTrouble } as unknown as WatchState; // a page only shows it: whoever goes on from it calls parseWatchState
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isShare = (value: unknown): value is number => isNumber(value) && value >= 0 && value <= 1;
const isStatus = (value: unknown): value is TaskStatus => taskStatuses.some((status) => status === value);
const isErrorKind = (value: unknown): value is SeedanceErrorKind => isText(value) && Object.hasOwn(errorKinds, value);

const errorKinds: Readonly<Record<SeedanceErrorKind, true>> = {
  transport: true,
  response: true,
  decode: true,
  timeout: true,
  gone: true,
  unsuccessful: true,
};

/** What an older or newer server leaves out is null. */
const nullable =
  <T>(decode: (path: string, value: unknown) => T) =>
  (path: string, value: unknown): T | null =>
    value === null || value === undefined ? null : decode(path, value);

const checked = <T>(path: string, value: unknown, expected: string, is: (candidate: unknown) => candidate is T): T => {
  if (is(value)) return value;
  throw refused(path, expected, value);
};

const refused = (path: string, expected: string, value: unknown): TypeError =>
  new TypeError(`${path} must be ${expected}, not ${(JSON.stringify(value) ?? 'missing').slice(0, 80)}`);
