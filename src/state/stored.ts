/**
 * Reads stored or received JSON: watch states of every version, and the parts that they share with feed rows. A missing field gets its
 * default and an unknown field is dropped, so that older and newer releases read each other's states. A value of the wrong type throws an
 * error with its path.
 */
import type { Failure, RequestEcho, Settings, TaskSnapshot, TaskRef, Upstream, Usage, Video } from '../task/snapshot.js';
import { taskKey } from '../task/snapshot.js';
import { isTerminal, taskStatuses } from '../task/status.js';
import { isLink } from '../wire/codecs.js';
import type { Forecast } from './progress.js';
import { type DeadlineKind, type LastError, providerGraceMs, reportedStatus, type WatchState } from './watch-state.js';

/** Checks the type of a value and returns it. Throws a `TypeError` with the path and the value. */
export type Reader<A> = (value: unknown, path: string) => A;

/** The error for a value of the wrong type. */
export const refused = (path: string, expected: string, value: unknown): TypeError => new TypeError(`${path} must be ${expected}, not ${shown(value)}`);

/** The start of any value as text. JSON cannot represent NaN, bigints and cycles. */
const shown = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  try {
    return JSON.stringify(value).slice(0, 80);
  } catch {
    return Object.prototype.toString.call(value);
  }
};

const which =
  <A>(expected: string, is: (value: unknown) => value is A): Reader<A> =>
    (value, path) => {
      if (is(value)) return value;
      throw refused(path, expected, value);
    };

type JsonObject = Readonly<Record<string, unknown>>;

export const anObject = /* @__PURE__ */ which('an object', (value): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value));
export const anArray = /* @__PURE__ */ which('an array', (value): value is readonly unknown[] => Array.isArray(value));
export const aString = /* @__PURE__ */ which('a string', (value) => typeof value === 'string');
export const aBoolean = /* @__PURE__ */ which('true or false', (value) => typeof value === 'boolean');
export const aNumber = /* @__PURE__ */ which('a finite number', (value): value is number => Number.isFinite(value));
export const aRatio = /* @__PURE__ */ which('a number from 0 to 1', (value): value is number => typeof value === 'number' && value >= 0 && value <= 1);
const aCount = /* @__PURE__ */ which('an integer ≥ 0', (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
/** An http(s) URL; null for any other value, which no page may open. */
const aLink: Reader<string | null> = (value) => (typeof value === 'string' && isLink(value) ? value : null);

/** Accepts any value, to be checked later. */
export const anything: Reader<unknown> = (value) => value;

/** Parses JSON. */
export const readJson = (text: string, path: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw refused(path, 'JSON', text);
  }
};

/** One of the given words. */
export const oneOf = <const Words extends readonly string[]>(words: Words): Reader<Words[number]> =>
  which(words.join(' | '), (value): value is Words[number] => words.some((word) => word === value));

/** Reads a missing value as null. */
export const orNull =
  <A>(reader: Reader<A>): Reader<A | null> =>
    (value, path) => (value === null || value === undefined ? null : reader(value, path));

/** Reads a missing value as `fallback`. */
export const or =
  <A>(reader: Reader<A>, fallback: A): Reader<A> =>
    (value, path) => (value === null || value === undefined ? fallback : reader(value, path));

/** Reads an object field by field. */
export const objectOf =
  <A extends object>(fields: { readonly [Field in keyof A]-?: Reader<A[Field]> }): Reader<A> =>
    (value, path) => {
      const object = anObject(value, path);
      const entries = Object.entries<Reader<unknown>>(fields).map(([name, reader]) => [name, reader(object[name], path === '' ? name : `${path}.${name}`)]);
      return Object.fromEntries(entries) as A; // each field was checked by its reader
    };

const words = /* @__PURE__ */ orNull(aString);
const number = /* @__PURE__ */ orNull(aNumber);
const flag = /* @__PURE__ */ orNull(aBoolean);
const status = /* @__PURE__ */ oneOf(taskStatuses);
/** Returns the value as stored: no code branches on it. */
export const asStored = <A>(reader: Reader<unknown>): Reader<A> => reader as Reader<A>;

/** A ref, without other fields of its object. */
export const storedRef: Reader<TaskRef> = (value, path) => {
  const { provider, id, account } = objectOf<{ provider: string; id: string; account: string | null }>({ provider: aString, id: aString, account: orNull(aString) })(value, path);
  return account === null ? { provider, id } : { provider, id, account };
};

const storedSettings = /* @__PURE__ */ objectOf<Settings>({
  seed: number,
  resolution: words,
  ratio: words,
  durationMs: number,
  frames: number,
  framesPerSecond: number,
  hasAudio: flag,
  draft: flag,
  draftTaskId: words,
  serviceTier: words,
  priority: number,
  safetyIdentifier: words,
  tools: /* @__PURE__ */ asStored(/* @__PURE__ */ orNull(anArray)),
  action: words,
});

const part = /* @__PURE__ */ orNull(anObject);

const snapshotFields = /* @__PURE__ */ objectOf<Omit<TaskSnapshot, 'video' | 'failure'>>({
  task: storedRef,
  status,
  providerStatus: /* @__PURE__ */ or(aString, ''),
  progress: /* @__PURE__ */ orNull(aRatio),
  model: words,
  createdAtMs: number,
  startedAtMs: number,
  updatedAtMs: number,
  finishedAtMs: number,
  expiresAfterMs: number,
  providerDeadlineAtMs: number,
  recordExpiresAtMs: number,
  usage: /* @__PURE__ */ asStored<Usage | null>(part),
  settings: (value, path) => storedSettings(value ?? {}, path),
  requestId: words,
  objectType: words,
  notice: words,
  request: /* @__PURE__ */ asStored<RequestEcho | null>(part),
  upstream: /* @__PURE__ */ asStored<Upstream | null>(part),
});

const videoFields = /* @__PURE__ */ objectOf<Omit<Video, 'url'> & { readonly url: string | null }>({ url: aLink, lastFrameUrl: aLink, originalUrl: aLink, expiresAtMs: number });

/** A video; null for one without a link. */
const storedVideo: Reader<Video | null> = (value, path) => {
  const { url, ...rest } = videoFields(value, path);
  return url === null ? null : { url, ...rest };
};

const storedFailure = /* @__PURE__ */ objectOf<Failure>({ code: words, message: aString, reason: /* @__PURE__ */ asStored(/* @__PURE__ */ or(aString, 'unknown')) });

/** A snapshot with the fields of its status. */
export const storedSnapshot: Reader<TaskSnapshot> = (value, path) => {
  const fields = snapshotFields(value, path);
  const { video, failure } = anObject(value, path);
  switch (fields.status) {
    case 'succeeded':
      return { ...fields, status: fields.status, video: orNull(storedVideo)(video, `${path}.video`) };
    case 'failed':
      return { ...fields, status: fields.status, failure: storedFailure(failure, `${path}.failure`) };
    case 'queued':
    case 'running':
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return { ...fields, status: fields.status };
  }
};

/** The error of the last poll. `kind` and `reason` may come from a newer release. */
export const storedError = /* @__PURE__ */ objectOf<LastError>({
  kind: /* @__PURE__ */ asStored(aString),
  reason: /* @__PURE__ */ asStored(words),
  status: number,
  message: aString,
  sameFailureCount: /* @__PURE__ */ or(aCount, 1),
  sinceMs: /* @__PURE__ */ or(aNumber, 0),
});

/** When a task is expected to end. */
export const storedForecast = /* @__PURE__ */ objectOf<Forecast>({ fromMs: aNumber, fromProgress: aRatio, earliestEndAtMs: aNumber, latestEndAtMs: aNumber });

const stateFields = /* @__PURE__ */ objectOf<Omit<WatchState, 'version'>>({
  task: storedRef,
  baseUrl: aString,
  startedAtMs: aNumber,
  firstSeenAtMs: number,
  deadlineAtMs: number,
  deadlineKind: /* @__PURE__ */ orNull(/* @__PURE__ */ oneOf(['given', 'provider', 'default'])),
  pollsBeforeDeadline: /* @__PURE__ */ or(aCount, 0),
  polls: /* @__PURE__ */ or(aCount, 0),
  lastError: /* @__PURE__ */ orNull(storedError),
  failureCount: /* @__PURE__ */ or(aCount, 0),
  failingSinceMs: number,
  unauthorizedCount: /* @__PURE__ */ or(aCount, 0),
  snapshot: /* @__PURE__ */ orNull(storedSnapshot),
  previousStatus: /* @__PURE__ */ orNull(status),
  statusSinceMs: number,
  queuedUntilMs: number,
  unconfirmedSinceMs: number,
  progress: /* @__PURE__ */ or(aRatio, 0),
  estimated: /* @__PURE__ */ or(aBoolean, true),
  forecast: /* @__PURE__ */ orNull(storedForecast),
  polledAtMs: number,
  sentAtMs: number,
  nextPollAtMs: aNumber,
  ended: /* @__PURE__ */ orNull(/* @__PURE__ */ oneOf(['terminal', 'gone', 'decode', 'response', 'transport', 'timeout'])),
});

/** The field names of version 1, and their names now. */
const namesOfVersion1: Readonly<Record<string, string>> = {
  lastTrouble: 'lastError',
  consecutive: 'sameFailureCount',
  failures: 'failureCount',
  asks: 'polls',
  askedAtMs: 'polledAtMs',
  nextAskAtMs: 'nextPollAtMs',
  wireStatus: 'providerStatus',
  dueAtMs: 'providerDeadlineAtMs',
};

const renamed = (value: unknown, depth = 2): unknown =>
  depth < 0 || typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).map(([name, inner]) => [namesOfVersion1[name] ?? name, renamed(inner, depth - 1)]));

/** Version 1 did not store the kind. A deadline that is not the provider's counts as given, and stays as it is. */
const kindInVersion1 = (deadlineAtMs: number, snapshot: TaskSnapshot | null): DeadlineKind =>
  deadlineAtMs === (snapshot?.providerDeadlineAtMs ?? Infinity) + providerGraceMs ? 'provider' : 'given';

/** A watch state of any version. */
export const storedState: Reader<WatchState> = (value, path) => {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const { version } = anObject(value, path || 'the state');
  if (version !== 1 && version !== 2) throw refused(at('version'), '1 or 2', version);
  const fields = stateFields(version === 1 ? renamed(value) : value, path);
  const { task, snapshot, ended, deadlineAtMs, startedAtMs, lastError } = fields;
  if (snapshot !== null && taskKey(snapshot.task) !== taskKey(task)) throw refused(at('snapshot.task'), taskKey(task), snapshot.task);
  const hasEnded = snapshot !== null && isTerminal(snapshot.status);
  if (ended === 'terminal' ? !hasEnded : hasEnded && fields.unconfirmedSinceMs === null) throw refused(at('ended'), hasEnded ? 'terminal' : 'null or an error kind', ended);
  return {
    version: 2,
    ...fields,
    deadlineKind: deadlineAtMs === null ? null : (fields.deadlineKind ?? kindInVersion1(deadlineAtMs, snapshot)),
    firstSeenAtMs: snapshot === null ? null : (fields.firstSeenAtMs ?? startedAtMs),
    statusSinceMs: reportedStatus(fields) === null ? null : (fields.statusSinceMs ?? fields.polledAtMs ?? startedAtMs),
    unauthorizedCount: version === 1 && lastError?.reason === 'unauthorized' ? lastError.sameFailureCount : fields.unauthorizedCount,
  };
};

/**
 * Reads a saved watch state of this version or an earlier one. Fields of newer releases are dropped.
 *
 * @param saved the state, or its JSON
 * Throws a `TypeError` with the first invalid field and its value.
 * @example client.watch(task, { resumeFrom: parseWatchState(await readFile('watch.json', 'utf8')) })
 */
export const parseWatchState = (saved: unknown): WatchState => {
  try {
    return storedState(typeof saved === 'string' ? readJson(saved, 'the saved state') : saved, '');
  } catch (error) {
    throw error instanceof TypeError ? new TypeError(`WatchState: ${error.message}`) : error;
  }
};
