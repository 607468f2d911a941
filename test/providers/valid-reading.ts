/**
 * Checks that a reading of any response is a failure or a snapshot in the contract's shape.
 */
import { type Either, isLeft } from 'fp-ts/Either';
import { expect } from 'vitest';
import type { Reading, TaskRef, TaskSnapshot } from '../../src/task/snapshot.js';
import { taskStatuses } from '../../src/task/status.js';
import type { HttpResponse } from '../../src/transport/transport.js';
import type { ReadFailure } from '../../src/wire/error-response.js';
import { providerOf } from './fixtures.js';

const reasons = ['unauthorized', 'forbidden', 'not-found', 'rate-limited', 'quota', 'server', 'rejected', 'empty'];
const failureReasons = ['moderation', 'invalid-input', 'internal', 'timeout', 'quota', 'unknown'];

const commonFields = ['task', 'status', 'providerStatus', 'progress', 'model', 'createdAtMs', 'startedAtMs', 'updatedAtMs', 'finishedAtMs', 'expiresAfterMs', 'providerDeadlineAtMs']
  .concat(['recordExpiresAtMs', 'usage', 'settings', 'requestId', 'objectType', 'notice', 'request', 'upstream']);
const settingsFields = ['seed', 'resolution', 'ratio', 'durationMs', 'frames', 'framesPerSecond', 'hasAudio', 'draft', 'draftTaskId', 'serviceTier']
  .concat(['priority', 'safetyIdentifier', 'tools', 'action']);

/** Messages of what is wrong. */
type Problems = readonly (string | false)[];

const has = (name: string, value: object, fields: readonly string[]): string | false => {
  const [found, wanted] = [Object.keys(value), fields].map((keys) => [...keys].sort().join());
  return found !== wanted && `${name} has ${String(found)} instead of ${String(wanted)}`;
};

const each = <T>(values: Readonly<Record<string, T>>, is: (value: T) => boolean, what: string): Problems =>
  Object.entries(values).map(([name, value]) => !is(value) && `${name} is ${String(value)}, not ${what}`);

const isSafe = (value: number | null): value is number => Number.isSafeInteger(value);
const isInstant = (value: number | null): boolean => value === null || (isSafe(value) && value > 0);
const isCount = (value: number | null): boolean => value === null || (isSafe(value) && value >= 0);
const isNonBlank = (value: string | null): boolean => value === null || value.trim() !== '';
const isLink = (value: string | null): boolean => value === null || /^https?:\/\/[^/\s]\S*$/i.test(value);

/** Whether a value survives JSON: no undefined, no infinite number, no class. */
const isJson = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? (Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) && Object.values(value).every(isJson)
    : value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

const failureProblems = (failure: ReadFailure, response: HttpResponse): Problems => {
  if (failure.kind === 'decode') {
    return [
      has('the failure', failure, ['kind', 'issues']),
      (failure.issues.length === 0 || !failure.issues.every((issue) => issue.trim() !== '')) && 'it has no issues, or a blank one',
    ];
  }
  const kind: string = failure.kind;
  return [
    has('the failure', failure, ['kind', 'reason', 'status', 'code', 'message', 'retryAfterMs']),
    kind !== 'response' && `its kind is ${kind}`,
    !reasons.includes(failure.reason) && `its reason is ${failure.reason}`,
    failure.status !== response.status && `its status is ${failure.status}`,
    failure.message.trim() === '' && 'its message is blank',
    ...each({ code: failure.code }, isNonBlank, 'null or a non-blank string'),
    ...each({ retryAfterMs: failure.retryAfterMs }, isCount, 'null or a time'),
  ];
};

const snapshotProblems = (snapshot: TaskSnapshot, task: TaskRef): Problems => {
  const { settings, usage, upstream, request, progress } = snapshot;
  const { model, requestId, objectType, notice, createdAtMs, startedAtMs, updatedAtMs, finishedAtMs, providerDeadlineAtMs, recordExpiresAtMs } = snapshot;
  const own = snapshot.status === 'succeeded' ? ['video'] : snapshot.status === 'failed' ? ['failure'] : [];
  // The echoed request is kept unchanged: a number in it may be infinite.
  const { request: _, ...rest } = snapshot;
  return [
    has('the snapshot', snapshot, [...commonFields, ...own]),
    has('settings', settings, settingsFields),
    usage !== null && has('usage', usage, ['completionTokens', 'totalTokens', 'billedTokens', 'toolUsage']),
    upstream !== null && has('upstream', upstream, ['id', 'status', 'resolution']),
    request !== null && has('request', request, ['model', 'content']),
    snapshot.task !== task && 'it is of another task',
    !taskStatuses.includes(snapshot.status) && `its status is ${snapshot.status}`,
    typeof snapshot.providerStatus !== 'string' && 'its providerStatus is not a string',
    progress !== null && !(progress >= 0 && progress <= 1) && `its progress is ${progress}`,
    !isJson(rest) && 'JSON does not give it back',
    ...each({ createdAtMs, startedAtMs, updatedAtMs, finishedAtMs, providerDeadlineAtMs, recordExpiresAtMs }, isInstant, 'null or an instant'),
    ...each({ durationMs: settings.durationMs, expiresAfterMs: snapshot.expiresAfterMs }, isInstant, 'null or a length of time'),
    ...each({ frames: settings.frames, ...usage?.toolUsage }, isCount, 'null or a count'),
    ...each({ completion: usage?.completionTokens ?? null, total: usage?.totalTokens ?? null, billed: usage?.billedTokens ?? null }, isCount, 'null or a count'),
    ...each({ model, requestId, objectType, notice, resolution: settings.resolution, ratio: settings.ratio }, isNonBlank, 'null or a non-blank string'),
    ...(snapshot.status === 'succeeded' ? videoProblems(snapshot.video) : []),
    ...(snapshot.status === 'failed'
      ? [
          has('failure', snapshot.failure, ['code', 'message', 'reason']),
          snapshot.failure.message.trim() === '' && 'its failure has a blank message',
          isLink(snapshot.failure.message.trim()) && 'its failure has a link for a message',
          !failureReasons.includes(snapshot.failure.reason) && `its failure has the reason ${snapshot.failure.reason}`,
          ...each({ code: snapshot.failure.code }, isNonBlank, 'null or a non-blank string'),
        ]
      : []),
  ];
};

type MaybeVideo = Extract<TaskSnapshot, { status: 'succeeded' }>['video'];

const videoProblems = (video: MaybeVideo): Problems => {
  if (video === null) return [];
  const { url, lastFrameUrl, originalUrl, expiresAtMs } = video;
  return [
    has('video', video, ['url', 'lastFrameUrl', 'originalUrl', 'expiresAtMs']),
    ...each<string | null>({ url, lastFrameUrl, originalUrl }, isLink, 'null or an http(s) link'),
    ...each({ expiresAtMs }, isInstant, 'null or an instant'),
  ];
};

/** Fails unless the reading has the contract's shape. */
export const expectValid = (reading: Either<ReadFailure, Reading>, task: TaskRef, response: HttpResponse): void => {
  const isGood = response.status >= 200 && response.status < 300;
  const problems = isLeft(reading)
    ? failureProblems(reading.left, response)
    : [!isGood && 'it is a snapshot under an HTTP error', ...snapshotProblems(reading.right.snapshot, task)];
  expect(problems.filter((problem) => problem !== false)).toEqual([]);
};

/** Reads responses for one provider, and checks what is read. */
export const readerOf = (file: string) => {
  const provider = providerOf(file);
  const task = { provider: file, id: 'requested' };
  const check = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): void => {
    const response = { status, headers, body };
    expectValid(provider.read(task, response), task, response);
  };
  return { provider, task, check };
};
