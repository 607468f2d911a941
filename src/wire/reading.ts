/**
 * The result of a dialect for one body, and its conversion to a snapshot.
 */
import type { Failure, FailureReason, RequestEcho, Settings, TaskSnapshot, TaskRef, Upstream, Usage, Video } from '../task/snapshot.js';
import type { TaskStatus } from '../task/status.js';
import { isLink, keptText, Text } from './codecs.js';
import type { Retention } from './facts.js';
import { type ErrorDetail, failuresIn } from './error-detail.js';
import { insufficient } from './error-response.js';
import { signedUntilMs } from './signed-url.js';
import { videoLinkIn } from './video-link.js';

/** One parsed body in common terms: instants in ms, null for missing fields. */
export interface ParsedTask {
  readonly status: TaskStatus;
  readonly providerStatus: string;
  /** The id in the response; a relay may send its upstream's id. */
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
  /** The errors of a failed task, the innermost first; ignored for other tasks. */
  readonly errors: readonly (ErrorDetail | null)[];
  readonly requestId: string | null;
  readonly objectType: string | null;
  readonly notice: string | null;
  readonly request: RequestEcho | null;
  /** The inner task of an envelope. */
  readonly inner: Upstream | null;
}

/** Unknown settings, to be spread and overridden. */
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
 * The usage, or null when all of its fields are null.
 *
 * @example usageOf({ completionTokens: null, totalTokens: 108_900, billedTokens: null, toolUsage: null })
 */
export const usageOf = (usage: Usage): Usage | null =>
  Object.values(usage).every((part) => part === null) ? null : usage;

/** Converts a parsed task to the snapshot of the requested task. What the dialect did not find is searched in the whole body. */
export const snapshotOf = (parsed: ParsedTask, body: unknown, task: TaskRef, requestId: string | null, retention: Retention): TaskSnapshot => {
  const { status } = parsed;
  switch (status) {
    case 'succeeded':
      return Object.assign(commonFields(status, parsed, task, requestId, retention), { video: videoIn(parsed, body, retention) }); // a spread takes longer
    case 'failed': {
      const failure = failureOf(parsed, body);
      const fields = commonFields(status, parsed, task, requestId, retention);
      return Object.assign(fields, { notice: fields.notice === failure.message ? null : fields.notice, failure });
    }
    case 'queued':
    case 'running':
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return commonFields(status, parsed, task, requestId, retention);
  }
};

/** The fields that snapshots of every status have. */
const commonFields = <Status extends TaskStatus>(status: Status, parsed: ParsedTask, task: TaskRef, requestId: string | null, retention: Retention) => {
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

/** The video, if the response has its link. It expires when the link's signature says, else by the retention after the task's end. */
const videoIn = (parsed: ParsedTask, body: unknown, retention: Retention): Video | null => {
  const { videoUrl, lastFrameUrl, originalUrl, finishedAtMs, createdAtMs } = parsed;
  const url = videoUrl ?? videoLinkIn(body);
  if (url === null) return null;
  return { url, lastFrameUrl, originalUrl, expiresAtMs: signedUntilMs(url) ?? later(finishedAtMs ?? createdAtMs, retention.videoMs) };
};

const later = (atMs: number | null, spanMs: number | null): number | null =>
  atMs === null || spanMs === null ? null : atMs + spanMs;

/** Messages that give no cause of a failure. */
const generic = /^(?:task failed|upstream returned (?:error|unrecognized message))\W*$/i;

/** Success messages, which some servers send with every task. */
const successWords = /^\s*(?:success|succeeded|ok)\W*$/i;

/** A code inside a relay's message: "task failed, code: InvalidParameter, message: …". */
const codeInText = /\bcode:\s*([A-Za-z][\w.]*)/;

/**
 * Why a task failed: the first error with a cause, else the first error.
 * Its message is never empty, and never a link: some providers put the video's link into the reason.
 */
const failureOf = ({ errors, notice, providerStatus }: ParsedTask, body: unknown): Failure => {
  const elsewhere = failuresIn(body).filter(({ message }) => message === null || keptText(message) !== notice);
  const known = [...errors, ...elsewhere].filter((error) => error !== null).flatMap(({ code, message }) => {
    const shown = [message, code].map(Text.read).find((text) => text !== null && !isLink(text) && !successWords.test(text)) ?? null;
    return shown === null ? [] : [{ code: Text.read(code), message: shown }];
  });
  const { code, message } = known.find((error) => error.code !== null || !generic.test(error.message)) ??
    known[0] ?? { code: null, message: 'the provider gives no reason' };
  const codeInMessage = codeInText.exec(message)?.[1] ?? null;
  return { code: code ?? codeInMessage, message, reason: reasonOf([code ?? message, codeInMessage ?? ''], `${message} ${providerStatus}`) };
};

/** Codes and words of moderation, also of relays that forward only the message. `case-sensitive` is none. */
const moderated =
  /sensitive[\s_-]*(?:content|info|word|image|text|topic)|RiskDetection|moderat(?:ion|ed)|nsfw|copyright|infring|content[\s_-]*(?:policy|filter|safety)|policy[\s_-]*violation|violates? .{0,40}(?:polic|guideline|terms)|(?:prohibited|unsafe|harmful)[\s_-]*content|safety[\s_-]*(?:system|filter|check)|inappropriate|flagged|real[\s_-]person|敏感(?:信息|内容|词|人物)|违规|版权|侵权|审核|风控|色情/i;

/** Whether a code or a message says that content was refused. */
export const isModerated = (text: string): boolean => moderated.test(text);

const reasonOf = (codes: readonly string[], message: string): FailureReason => {
  const text = [...codes, message].join(' ');
  if (isModerated(text)) return 'moderation';
  if (codes.some((code) => code.startsWith('InvalidParameter'))) return 'invalid-input';
  if (codes.some((code) => code.startsWith('Internal'))) return 'internal';
  if (/超时|timeout|timed out/i.test(text)) return 'timeout';
  return codes.includes('402') || /quota|overdue/i.test(text) || insufficient.test(text) ? 'quota' : 'unknown';
};
