/**
 * The dialect of Volcengine Ark and BytePlus ModelArk, and of gateways that forward it: one flat task object with the video under
 * `content`.
 * Source: docs 82379/1521309 (get) and 82379/1521675 (list), the task types of the vendor's Python and Go SDKs. A null, a
 * missing and an empty field mean the same; relays may send `content` as an array; old samples have numbers as strings.
 */
import type * as t from 'io-ts';
import { isTerminal, type TaskStatus } from '../task/status.js';
import { keptText, LenientNumber, Unknown, Count, Counts, PlainObject, fieldsOf, Flag, UnixSeconds, Items, Link, orNull, SecondsAsMs, Text, AnyText } from './codecs.js';
import { arkErrorReason } from './ark-errors.js';
import type { Dialect } from './dialect.js';
import type { TaskHints, Pacing, TimeRange } from './facts.js';
import { type ParsedTask, usageOf } from './reading.js';
import { errorDetailIn } from './error-detail.js';
import { type StatusTable, statusOf } from './status-words.js';

/** The status words of the documentation. */
const arkStatuses = {
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
} as const satisfies StatusTable;

const ArkUsage = /* @__PURE__ */ fieldsOf(
  {
    completion_tokens: Count,
    total_tokens: Count,
    /** AnyFast's enhanced tasks: the billed tokens. */
    super_resolution_tokens: Count,
    tool_usage: Counts,
  },
  'ArkUsage',
);

const ArkRequest = /* @__PURE__ */ fieldsOf({ model: Text, content: Items }, 'ArkRequest');

/** Every documented field of a task, and the few that gateways add to it. */
export const ArkTask = /* @__PURE__ */ fieldsOf(
  {
    id: Text,
    object: Text,
    model: Text,
    status: AnyText,
    content: Unknown,
    created_at: UnixSeconds,
    updated_at: UnixSeconds,
    usage: /* @__PURE__ */ orNull(ArkUsage),
    tools: Items,
    seed: LenientNumber,
    resolution: Text,
    /** AnyFast's enhanced tasks: the resolution of the enhanced video. */
    super_resolution: Text,
    ratio: Text,
    duration: SecondsAsMs,
    frames: Count,
    framespersecond: LenientNumber,
    generate_audio: Flag,
    draft: Flag,
    draft_task_id: Text,
    service_tier: Text,
    execution_expires_after: SecondsAsMs,
    priority: LenientNumber,
    safety_identifier: Text,
    error: Unknown,
    /** The name of `error` in one SDK's list items. */
    failure_reason: Unknown,
    /** YEScale: a label, never an error. */
    message: Text,
    /** YEScale: the request that made the task. */
    request: /* @__PURE__ */ orNull(ArkRequest),
  },
  'ArkTask',
);

/**
 * Parses an Ark task, with or without an envelope. Instants and durations in ms; null for missing fields. The length is `duration`, else
 * `frames` divided by `framespersecond`, else `--duration` of the echoed request; the resolution likewise.
 *
 * @param providerStatus the status word of the task or of its envelope
 * @param status the meaning of that word
 * @example const task = ArkTask.read(body)
 * const reading = task && arkReading(task, task.status ?? '', 'running')
 */
export const arkReading = (task: t.TypeOf<typeof ArkTask>, providerStatus: string, status: TaskStatus): ParsedTask => {
  const flags = task.request === null ? noFlags : flagsIn(task.request.content ?? []);
  return {
    status,
    providerStatus,
    id: task.id,
    progress: null,
    model: task.model,
    createdAtMs: task.created_at,
    startedAtMs: null,
    updatedAtMs: task.updated_at,
    finishedAtMs: isTerminal(status) ? task.updated_at : null,
    expiresAfterMs: task.execution_expires_after,
    usage:
      task.usage &&
      usageOf({
        completionTokens: task.usage.completion_tokens,
        totalTokens: task.usage.total_tokens,
        billedTokens: task.usage.super_resolution_tokens ?? task.usage.completion_tokens,
        toolUsage: task.usage.tool_usage,
      }),
    settings: {
      seed: task.seed,
      resolution: task.super_resolution ?? task.resolution ?? flags.resolution,
      ratio: task.ratio,
      durationMs: task.duration ?? SecondsAsMs.read((task.frames ?? 0) / (task.framespersecond ?? 0)) ?? flags.durationMs,
      frames: task.frames,
      framesPerSecond: task.framespersecond,
      hasAudio: task.generate_audio,
      draft: task.draft,
      draftTaskId: task.draft_task_id,
      serviceTier: task.service_tier,
      priority: task.priority,
      safetyIdentifier: task.safety_identifier,
      tools: task.tools && toolNames(task.tools),
      action: null,
    },
    videoUrl: linkIn(task.content, 'video_url'),
    lastFrameUrl: linkIn(task.content, 'last_frame_url'),
    originalUrl: null,
    errors: [errorDetailIn(task.error), errorDetailIn(task.failure_reason)],
    requestId: null,
    objectType: task.object,
    notice: task.message,
    request: task.request && { model: task.request.model, content: (task.request.content ?? []).map((item) => withoutMedia(item)) },
    inner: null,
  };
};

/** How often to poll, in ms. The documentation recommends no interval; the vendor's samples poll every 10 s. */
export const arkPacing: Pacing = { minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 20_000 } };

/**
 * How long a task takes, in ms: 90 to 240 s for 5 s of video or an unknown length, 170 to 699 s up to 15 s, 330 to 1057 s above. Null for
 * flex, which takes hours.
 *
 * Source: measured by public clients; videos of 5 s took up to 140 s.
 * @example arkExpectedTimeMs({ serviceTier: null, model: null, resolution: null, durationMs: 15_000 }) // { minMs: 170_000, maxMs: 699_000 }
 */
export const arkExpectedTimeMs = ({ serviceTier, durationMs }: TaskHints): TimeRange | null => {
  if (serviceTier === 'flex') return null;
  const seconds = (durationMs ?? 5_000) / 1000;
  if (seconds <= 5) return { minMs: 90_000, maxMs: 240_000 };
  return seconds <= 15 ? { minMs: 170_000, maxMs: 699_000 } : { minMs: 330_000, maxMs: 1_057_000 };
};

const readArk = (body: unknown): ParsedTask | null => {
  const task = ArkTask.read(body);
  if (task === null || task.status === null) return null;
  return arkReading(task, task.status, statusOf(task.status, arkStatuses));
};

/** Reads a body that is an Ark task. The reason of a failed task falls back to its `message`. */
export const ark: Dialect = {
  name: 'ark',
  statuses: arkStatuses,
  errorReason: arkErrorReason,
  read: (body) => {
    const parsed = readArk(body);
    return parsed?.status === 'failed' ? { ...parsed, errors: [...parsed.errors, errorDetailIn(PlainObject.is(body) ? body['message'] : null)] } : parsed;
  },
};

/**
 * Ark's dialect on a gateway that puts a constant label into every `message`. The label is a notice, never the reason of a failure.
 *
 * @param errorReason recognises the gateway's own errors; Ark's are recognised too
 * @example labelledArk(newApi.errorReason)
 */
export const labelledArk = (errorReason: Dialect['errorReason']): Dialect => ({
  name: 'ark',
  statuses: arkStatuses,
  errorReason: (status, body) => arkErrorReason(status, body) ?? errorReason?.(status, body) ?? null,
  read: readArk,
});

/** `content` is an object of links; on relays a list of objects with one link each, as a string or as `{ url }`. */
const linkIn = (content: unknown, name: string): string | null => {
  if (!Array.isArray(content)) return linkOf(content, name);
  for (const item of content as readonly unknown[]) { // not `any[]`
    const link = linkOf(item, name);
    if (link !== null) return link;
  }
  return null;
};

const linkOf = (item: unknown, name: string): string | null => {
  if (!PlainObject.is(item)) return null;
  const link = item[name];
  return Link.read(PlainObject.is(link) ? link['url'] : link);
};

/** Settings that a prompt gives as flags. */
interface Flags {
  readonly resolution: string | null;
  readonly durationMs: number | null;
}

const noFlags: Flags = { resolution: null, durationMs: null };

/** No prompt is longer, but pictures as data URLs are: a state with them would be megabytes long. */
const longestPrompt = 20_000;

/** The content of a request with long strings cut. Nothing documented is nested deeper. */
const withoutMedia = (value: unknown, depth = 4): unknown => {
  if (typeof value === 'string') return value.length > longestPrompt ? keptText(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.map((item) => withoutMedia(item, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutMedia(part, depth - 1)]));
};

/** The flags at the end of an echoed request's texts: `--resolution 480p --duration 5`, or `--rs 480p --dur 5`. The last flag counts. */
const flagsIn = (content: readonly unknown[]): Flags => {
  const texts = content.map((item) => (PlainObject.is(item) && typeof item['text'] === 'string' ? item['text'] : '')).join(' ');
  const last = (flag: RegExp): string | null => [...texts.matchAll(flag)].at(-1)?.[1] ?? null;
  return {
    resolution: last(/--(?:resolution|rs)[ =]+(\d{3,4}p|[248]k)(?![\w.])/gi)?.toLowerCase() ?? null,
    durationMs: SecondsAsMs.read(last(/--(?:duration|dur)[ =]+(\d+(?:\.\d+)?)(?![\w.])/gi)),
  };
};

const toolNames = (tools: readonly unknown[]): readonly string[] =>
  tools.map((tool) => (PlainObject.is(tool) ? tool['type'] : tool)).filter((name) => typeof name === 'string').map((name) => keptText(name));
