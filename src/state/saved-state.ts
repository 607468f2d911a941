/**
 * Reading a saved `WatchState` back: the one place in this ring that knows io-ts. What is not a state is refused by name.
 */
import { isRight } from 'fp-ts/Either';
import * as t from 'io-ts';
import { taskKey } from '../task/snapshot.js';
import { isTerminal, taskStatuses } from '../task/status.js';
import type { WatchState } from './watch-state.js';

const numberWhich = (name: string, fits: (value: number) => boolean): t.Type<number, number, unknown> => {
  const is = (value: unknown): value is number => typeof value === 'number' && fits(value);
  return new t.Type(name, is, (value, context) => (is(value) ? t.success(value) : t.failure(value, context)), t.identity);
};

const Finite = /* @__PURE__ */ numberWhich('a finite number', (value) => Number.isFinite(value));
const Share = /* @__PURE__ */ numberWhich('a number from 0 to 1', (value) => value >= 0 && value <= 1);

const oneOf = <const Words extends readonly string[]>(words: Words): t.Type<Words[number], string, unknown> =>
  // the entries are made of just these words
  t.keyof(Object.fromEntries(words.map((word) => [word, null])) as Record<Words[number], null>, words.join(' | '));

const nullable = <A>(codec: t.Type<A, unknown, unknown>): t.Type<A | null, unknown, unknown> =>
  new t.Type(
    `${codec.name} | null`,
    (value): value is A | null => value === null || codec.is(value),
    (value, context) => (value === null ? t.success(null) : codec.validate(value, context)),
    t.identity,
  );

const MaybeFinite = /* @__PURE__ */ nullable(Finite);
const MaybeText = /* @__PURE__ */ nullable(t.string);
const MaybeFlag = /* @__PURE__ */ nullable(t.boolean);
const MaybeRecord = /* @__PURE__ */ nullable(t.UnknownRecord);
const Status = /* @__PURE__ */ oneOf(taskStatuses);
const reasons = ['unauthorized', 'forbidden', 'not-found', 'rate-limited', 'quota', 'server', 'rejected', 'empty'] as const;

const SavedRef = /* @__PURE__ */ t.intersection(
  [/* @__PURE__ */ t.type({ provider: t.string, id: t.string }), /* @__PURE__ */ t.partial({ account: t.string })],
  'TaskRef',
);

const SavedTrouble = /* @__PURE__ */ t.type(
  {
    kind: /* @__PURE__ */ oneOf(['decode', 'response', 'transport', 'timeout']),
    reason: /* @__PURE__ */ nullable(/* @__PURE__ */ oneOf(reasons)),
    status: MaybeFinite,
    message: t.string,
    consecutive: Finite,
    sinceMs: Finite,
  },
  'LastTrouble',
);

const SavedSettings = /* @__PURE__ */ t.type(
  {
    seed: MaybeFinite,
    resolution: MaybeText,
    ratio: MaybeText,
    durationMs: MaybeFinite,
    frames: MaybeFinite,
    framesPerSecond: MaybeFinite,
    hasAudio: MaybeFlag,
    draft: MaybeFlag,
    draftTaskId: MaybeText,
    serviceTier: MaybeText,
    priority: MaybeFinite,
    safetyIdentifier: MaybeText,
    tools: /* @__PURE__ */ nullable(t.UnknownArray),
    action: MaybeText,
  },
  'Settings',
);

/** The fields of every status; what a success and a failure add is checked with the status. */
const SavedSnapshot = /* @__PURE__ */ t.type(
  {
    task: SavedRef,
    status: Status,
    wireStatus: t.string,
    progress: /* @__PURE__ */ nullable(Share),
    model: MaybeText,
    createdAtMs: MaybeFinite,
    startedAtMs: MaybeFinite,
    updatedAtMs: MaybeFinite,
    finishedAtMs: MaybeFinite,
    dueAtMs: MaybeFinite,
    recordExpiresAtMs: MaybeFinite,
    usage: MaybeRecord,
    settings: SavedSettings,
    requestId: MaybeText,
    objectType: MaybeText,
    notice: MaybeText,
    request: MaybeRecord,
    upstream: MaybeRecord,
  },
  'StoredSnapshot',
);

const SavedVideo = /* @__PURE__ */ nullable(
  /* @__PURE__ */ t.type({ url: t.string, lastFrameUrl: MaybeText, originalUrl: MaybeText, expiresAtMs: MaybeFinite }, 'Video'),
);

const SavedFailure = /* @__PURE__ */ t.type({ code: MaybeText, message: t.string, reason: t.string }, 'Failure');

const SavedWatch = /* @__PURE__ */ t.type(
  {
    version: /* @__PURE__ */ t.literal(1),
    task: SavedRef,
    baseUrl: t.string,
    startedAtMs: Finite,
    deadlineAtMs: MaybeFinite,
    asks: Finite,
    lastTrouble: /* @__PURE__ */ nullable(SavedTrouble),
    failures: Finite,
    failingSinceMs: MaybeFinite,
    snapshot: /* @__PURE__ */ nullable(SavedSnapshot),
    previousStatus: /* @__PURE__ */ nullable(Status),
    progress: Share,
    estimated: t.boolean,
    askedAtMs: MaybeFinite,
    sentAtMs: MaybeFinite,
    nextAskAtMs: Finite,
    ended: /* @__PURE__ */ nullable(/* @__PURE__ */ oneOf(['terminal', 'gone', 'decode', 'response', 'transport', 'timeout'])),
  },
  'WatchState',
);

/**
 * Reads a saved watch state back.
 *
 * @param saved the state, or its JSON text
 * Errors: `TypeError` that names the first field which is no part of a state, and its value.
 * @example client.watch(task, { from: parseWatchState(await readFile('watch.json', 'utf8')) })
 */
export const parseWatchState = (saved: unknown): WatchState => {
  const result = SavedWatch.decode(typeof saved === 'string' ? parseJson(saved) : saved);
  if (!isRight(result)) {
    const context = result.left[0]?.context ?? [];
    const path = context.map(({ key }) => key).filter((key) => key !== '' && !/^\d+$/.test(key));
    throw refused(path.join('.'), context.at(-1)?.type.name ?? 'a WatchState', context.at(-1)?.actual);
  }
  const state = result.right as WatchState; // what the status decides is checked below
  const { task, snapshot, ended } = state;
  if (snapshot !== null) {
    if (taskKey(snapshot.task) !== taskKey(task)) throw refused('snapshot.task', taskKey(task), snapshot.task);
    if (snapshot.status === 'succeeded' && !SavedVideo.is(snapshot.video)) throw refused('snapshot.video', SavedVideo.name, snapshot.video);
    if (snapshot.status === 'failed' && !SavedFailure.is(snapshot.failure)) throw refused('snapshot.failure', SavedFailure.name, snapshot.failure);
  }
  const hasEnded = snapshot !== null && isTerminal(snapshot.status);
  if (hasEnded !== (ended === 'terminal')) throw refused('ended', hasEnded ? 'terminal' : 'another word than terminal', ended);
  return state;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw refused('the text', 'JSON', text);
  }
};

const refused = (path: string, expected: string, value: unknown): TypeError =>
  new TypeError(`WatchState: ${path || 'the state'} must be ${expected}, not ${shown(value)}`);

/** The beginning of a value, of whatever kind: JSON knows neither NaN nor bigints nor loops. */
const shown = (value: unknown): string => {
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  try {
    return JSON.stringify(value).slice(0, 80);
  } catch {
    return Object.prototype.toString.call(value);
  }
};
