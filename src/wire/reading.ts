/**
 * What a dialect reads out of one body, and the snapshot that it becomes.
 */
import type { Failure, FailureReason, RequestEcho, Settings, TaskSnapshot, TaskRef, Upstream, Usage, Video } from '../task/snapshot.js';
import type { TaskStatus } from '../task/status.js';
import { isLink } from './codecs.js';
import type { Retention } from './facts.js';
import type { ErrorDetail } from './error-response.js';
import { signedUntilMs } from './signed-url.js';

/** One body in the common vocabulary: instants in ms, null for what it does not say. */
export interface ParsedTask {
  readonly status: TaskStatus;
  readonly providerStatus: string;
  /** The id in the response; a relay may give its upstream's. */
  readonly id: string | null;
  readonly progress: number | null;
  readonly model: string | null;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly updatedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** How long after creation the provider gives the task up. */
  readonly expiresAfterMs: number | null;
  readonly usage: Usage | null;
  readonly settings: Settings;
  readonly videoUrl: string | null;
  readonly lastFrameUrl: string | null;
  readonly originalUrl: string | null;
  /** Why it failed, the innermost first; only looked at when it did. */
  readonly errors: readonly (ErrorDetail | null)[];
  readonly requestId: string | null;
  readonly objectType: string | null;
  readonly notice: string | null;
  readonly request: RequestEcho | null;
  /** The inner task of an envelope. */
  readonly inner: Upstream | null;
}

/** Settings of which nothing is known, to fill in from. */
export const noSettings: Settings = {
  seed: null,
  resolution: null,
  ratio: null,
  durationMs: null,
  frames: null,
  framesPerSecond: null,
  hasAudio: null,
  draft: null,
  draftTaskId: null,
  serviceTier: null,
  priority: null,
  safetyIdentifier: null,
  tools: null,
  action: null,
};

/**
 * The usage, or null when every part of it is.
 *
 * @example usageOf({ completionTokens: null, totalTokens: 108_900, billedTokens: null, toolUsage: null })
 */
export const usageOf = (usage: Usage): Usage | null =>
  Object.values(usage).every((part) => part === null) ? null : usage;

/** A parsed task as the snapshot of the task that was requested. */
export const snapshotOf = (parsed: ParsedTask, task: TaskRef, requestId: string | null, retention: Retention): TaskSnapshot => {
  const { status } = parsed;
  switch (status) {
    case 'succeeded':
      return { ...fieldsOf(status, parsed, task, requestId, retention), video: videoIn(parsed, retention) };
    case 'failed': {
      const failure = failureOf(parsed.errors);
      const fields = fieldsOf(status, parsed, task, requestId, retention);
      return { ...fields, notice: fields.notice === failure.message ? null : fields.notice, failure };
    }
    case 'queued':
    case 'running':
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return fieldsOf(status, parsed, task, requestId, retention);
  }
};

/** What snapshots of every status have. */
const fieldsOf = <Status extends TaskStatus>(status: Status, parsed: ParsedTask, task: TaskRef, requestId: string | null, retention: Retention) => {
  const { id, inner, createdAtMs, finishedAtMs } = parsed;
  return {
    task,
    status,
    providerStatus: parsed.providerStatus,
    progress: parsed.progress,
    model: parsed.model,
    createdAtMs,
    startedAtMs: parsed.startedAtMs,
    updatedAtMs: parsed.updatedAtMs,
    finishedAtMs,
    expiresAfterMs: parsed.expiresAfterMs,
    providerDeadlineAtMs: later(createdAtMs, parsed.expiresAfterMs),
    recordExpiresAtMs:
      status === 'cancelled' && retention.cancelledRecordMs !== null
        ? later(finishedAtMs ?? createdAtMs, retention.cancelledRecordMs)
        : later(createdAtMs, retention.recordMs),
    usage: parsed.usage,
    settings: parsed.settings,
    requestId: parsed.requestId ?? requestId,
    objectType: parsed.objectType,
    notice: parsed.notice,
    request: parsed.request,
    upstream: inner ?? (id === null || id === task.id ? null : { id, status: null, resolution: null }),
  };
};

/** The video, where the response has its link. The link says when it expires, else that is counted from the task's end. */
const videoIn = (parsed: ParsedTask, retention: Retention): Video | null => {
  const { videoUrl: url, lastFrameUrl, originalUrl, finishedAtMs, createdAtMs } = parsed;
  if (url === null) return null;
  return { url, lastFrameUrl, originalUrl, expiresAtMs: signedUntilMs(url) ?? later(finishedAtMs ?? createdAtMs, retention.videoMs) };
};

const later = (atMs: number | null, spanMs: number | null): number | null =>
  atMs === null || spanMs === null ? null : atMs + spanMs;

/** Words that say that a task failed, and not why. */
const generic = /^(?:task failed|upstream returned (?:error|unrecognized message))\W*$/i;

/** Words of success, which some servers put beside every task. */
const wellWords = /^\s*(?:success|succeeded|ok)\W*$/i;

/** A code that a relay has written into its text: "task failed, code: InvalidParameter, message: …". */
const codeInText = /\bcode:\s*([A-Za-z][\w.]*)/;

/**
 * Why a task failed: the first error that says more than that it failed.
 * Its message is never empty, and never a link: some providers put the video's link where the reason belongs.
 */
const failureOf = (errors: readonly (ErrorDetail | null)[]): Failure => {
  const told = errors.filter((error) => error !== null).flatMap(({ code, message }) => {
    const said = [message, code].find((text) => text !== null && !isLink(text) && !wellWords.test(text)) ?? null;
    return said === null ? [] : [{ code, message: said }];
  });
  const { code, message } = told.find((error) => error.code !== null || !generic.test(error.message)) ??
    told[0] ?? { code: null, message: 'the provider gives no reason' };
  const codeInMessage = codeInText.exec(message)?.[1] ?? null;
  return { code: code ?? codeInMessage, message, reason: reasonOf([code ?? message, codeInMessage ?? ''], message) };
};

/** Codes of moderation, and its words where a relay passes on the words alone. */
const moderated = /SensitiveContent|RiskDetection|sensitive\s+(?:information|content)|敏感(?:信息|内容)/i;

const reasonOf = (codes: readonly string[], message: string): FailureReason => {
  const text = [...codes, message].join(' ');
  if (moderated.test(text)) return 'moderation';
  if (codes.some((code) => code.startsWith('InvalidParameter'))) return 'invalid-input';
  if (codes.some((code) => code.startsWith('Internal'))) return 'internal';
  if (/超时|timeout|timed out/i.test(text)) return 'timeout';
  return /quota|overdue/i.test(text) ? 'quota' : 'unknown';
};
