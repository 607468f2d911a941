/**
 * The flat dialect: one object a task, with `video_url` and `error` as plain texts beside the status. Knows no address and no pace.
 * Source: the result pages of kyyAiPower and xingchao (docs.globalaiopc.com), and public clients of them. Only `created` is an
 * instant; null and missing both mean "not yet"; `totalTokens` has been met as text.
 */
import { Anything, Count, fieldsOf, Instant, Link, readAs, Span, Text, Word } from './codecs.js';
import type { Dialect } from './dialect.js';
import type { Hints, Pacing, TimeRange } from './facts.js';
import { noSettings, usageOf } from './reading.js';
import { complaintIn } from './refusal.js';
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
    created: Instant,
    model: Text,
    status: Word,
    video_url: Link,
    last_frame_url: Link,
    officialMediaUrl: Link,
    error: Anything,
    actualDuration: Span,
    duration: Span,
    totalTokens: Count,
  },
  'FlatVideoTask',
);

const minutes = (min: number, max: number): TimeRange => ({ minMs: min * 60_000, maxMs: max * 60_000 });

/** Flex takes two to three times the time, at half the price. */
export const flatVideoTierFactors = { flex: { time: { min: 2, max: 3 }, price: 0.5 } } as const;

/** The model's name holds the resolution: `seedance_1_5_pro_480p`. */
const isPreview = ({ model, resolution }: Hints): boolean => /480p/i.test(resolution ?? model ?? '');

/**
 * How often to ask: every 30 to 60 s; flex 60 to 120 s; previews in 480p 10 to 20 s. Faster than every 10 s meets the rate limit.
 *
 * Source: the result pages of kyyAiPower and xingchao.
 * @example flatVideoPacing({ serviceTier: 'flex', model: null, resolution: null, durationMs: null }).minMs // 60_000
 */
export const flatVideoPacing = (hints: Hints): Pacing => {
  const floorMs = 10_000;
  if (hints.serviceTier === 'flex') return { floorMs, minMs: 60_000, maxMs: 120_000 };
  return isPreview(hints) ? { floorMs, minMs: 10_000, maxMs: 20_000 } : { floorMs, minMs: 30_000, maxMs: 60_000 };
};

/**
 * How long a task takes, in ms: series 1.5 by resolution, series 2.0 by the length of the video; flex two to three times as long. Null
 * for a model of another name.
 *
 * @example flatVideoExpectedTimeMs({ serviceTier: null, model: 'seedance_1_5_pro_480p', resolution: null, durationMs: null }) // 30 s to 2 min
 */
export const flatVideoExpectedTimeMs = (hints: Hints): TimeRange | null => {
  const range = defaultTierTime(hints);
  const { min, max } = flatVideoTierFactors.flex.time;
  return range && hints.serviceTier === 'flex' ? { minMs: range.minMs * min, maxMs: range.maxMs * max } : range;
};

const defaultTierTime = (hints: Hints): TimeRange | null => {
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

/** Reads a body that is a flat task. */
export const flatVideo: Dialect = {
  name: 'flat-video',
  statuses: flatVideoStatuses,
  read: (body) => {
    const [task] = readAs(FlatVideoTask, body);
    if (task === undefined || task.status === null) return null;
    return {
      status: statusOf(task.status, flatVideoStatuses),
      wireStatus: task.status,
      id: task.id,
      progress: null,
      model: task.model,
      createdAtMs: task.created,
      startedAtMs: null,
      updatedAtMs: null,
      finishedAtMs: null,
      expiresAfterMs: null,
      usage: usageOf({ completionTokens: null, totalTokens: task.totalTokens, billedTokens: null, toolUsage: null }),
      settings: { ...noSettings, durationMs: task.actualDuration ?? task.duration },
      videoUrl: task.video_url,
      lastFrameUrl: task.last_frame_url,
      originalUrl: task.officialMediaUrl,
      complaints: [complaintIn(task.error)],
      requestId: null,
      objectType: task.object,
      notice: null,
      request: null,
      inner: null,
    };
  },
};
