/**
 * The flat dialect: one object per task, with `video_url` and `error` as plain strings beside the status.
 * Source: the result pages of kyyAiPower and xingchao (docs.globalaiopc.com), and public clients of them. `created` is the only
 * instant; null and missing both mean "not yet"; `totalTokens` may be a string.
 */
import { Unknown, Count, fieldsOf, UnixSeconds, Link, SecondsAsMs, Text, AnyText } from './codecs.js';
import type { Dialect } from './dialect.js';
import type { TaskHints, Pacing, TimeRange } from './facts.js';
import { noSettings, usageOf } from './reading.js';
import { errorDetailIn } from './error-detail.js';
import { numericErrorReason } from './numeric-errors.js';
import { type StatusTable, statusOf } from './status-words.js';

/** The status words of the documentation. */
const flatVideoStatuses = {
  queued: 'queued',
  processing: 'running',
  completed: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies StatusTable;

const FlatVideoTask = /* @__PURE__ */ fieldsOf(
  {
    id: Text,
    object: Text,
    created: UnixSeconds,
    model: Text,
    status: AnyText,
    video_url: Link,
    last_frame_url: Link,
    officialMediaUrl: Link,
    error: Unknown,
    actualDuration: SecondsAsMs,
    duration: SecondsAsMs,
    totalTokens: Count,
    message: Unknown,
  },
  'FlatVideoTask',
);

const minutes = (min: number, max: number): TimeRange => ({ minMs: min * 60_000, maxMs: max * 60_000 });

/** Flex takes two to three times as long, at half the price. */
export const flatVideoTierFactors = { flex: { time: { min: 2, max: 3 }, price: 0.5 } } as const;

/** The model's name holds the resolution: `seedance_1_5_pro_480p`. */
const isPreview = ({ model, resolution }: TaskHints): boolean => /480p/i.test(resolution ?? model ?? '');

/**
 * How often to poll, in ms: every 30 to 60 s; flex 60 to 120 s; previews in 480p 10 to 20 s. Polling more often than every 10 s exceeds the
 * rate limit. `longestMs` is the longest interval that the pages recommend for a running task.
 *
 * Source: the result pages of kyyAiPower and xingchao.
 * @example flatVideoPacing({ serviceTier: 'flex', model: null, resolution: null, durationMs: null }).recommended.minMs // 60_000
 */
export const flatVideoPacing = (hints: TaskHints): Pacing => {
  if (hints.serviceTier === 'flex') return every(60, 120);
  return isPreview(hints) ? every(10, 20) : every(30, 60);
};

const every = (min: number, max: number): Pacing => ({ minIntervalMs: 10_000, recommended: { minMs: min * 1_000, maxMs: max * 1_000 }, longestMs: max * 1_000 });

/**
 * How long a task takes, in ms: series 1.5 by resolution, series 2.0 by the length of the video; flex two to three times as long. Null
 * for other model names.
 *
 * @example flatVideoExpectedTimeMs({ serviceTier: null, model: 'seedance_1_5_pro_480p', resolution: null, durationMs: null }) // 30 s to 2 min
 */
export const flatVideoExpectedTimeMs = (hints: TaskHints): TimeRange | null => {
  const range = defaultTierTime(hints);
  const { min, max } = flatVideoTierFactors.flex.time;
  return range && hints.serviceTier === 'flex' ? { minMs: range.minMs * min, maxMs: range.maxMs * max } : range;
};

const defaultTierTime = (hints: TaskHints): TimeRange | null => {
  const model = hints.model ?? '';
  if (/1[._-]5/.test(model)) {
    if (isPreview(hints)) return minutes(0.5, 2);
    return /1080p/i.test(hints.resolution ?? model) ? minutes(3, 8) : minutes(2, 5);
  }
  if (!/2[._-]0|video2|sd2/.test(model)) return null;
  const seconds = (hints.durationMs ?? 5_000) / 1000;
  if (seconds <= 5) return minutes(1, 3);
  return seconds <= 10 ? minutes(2, 5) : minutes(3, 8);
};

/** The resolution in a model's name, such as `720p`. */
const resolutionIn = (model: string | null): string | null => /(?:^|[^a-z0-9])(\d{3,4}p|[248]k)(?![a-z0-9])/i.exec(model ?? '')?.[1]?.toLowerCase() ?? null;

/** Reads a body that is a flat task. The reason of a failed task falls back to its `message`. */
export const flatVideo: Dialect = {
  name: 'flat-video',
  statuses: flatVideoStatuses,
  // The dialect documents no errors; those of its sister API are `{ code, msg, data }` with a numeric code.
  errorReason: (status, body) => numericErrorReason(status, body, ['msg']),
  read: (body) => {
    const task = FlatVideoTask.read(body);
    if (task === null || task.status === null) return null;
    return {
      status: statusOf(task.status, flatVideoStatuses),
      providerStatus: task.status,
      id: task.id,
      progress: null,
      model: task.model,
      createdAtMs: task.created,
      startedAtMs: null,
      updatedAtMs: null,
      finishedAtMs: null,
      expiresAfterMs: null,
      usage: usageOf({ completionTokens: null, totalTokens: task.totalTokens, billedTokens: null, toolUsage: null }),
      settings: { ...noSettings, resolution: resolutionIn(task.model), durationMs: task.actualDuration ?? task.duration },
      videoUrl: task.video_url,
      lastFrameUrl: task.last_frame_url,
      originalUrl: task.officialMediaUrl,
      errors: [errorDetailIn(task.error), errorDetailIn(task.message)],
      requestId: null,
      objectType: task.object,
      notice: null,
      request: null,
      inner: null,
    };
  },
};
