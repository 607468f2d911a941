/**
 * The dialect of Volcengine Ark and BytePlus ModelArk, and of the gateways that pass it on: one flat task object with the
 * video under `content`. Knows no address and no pace.
 * Source: docs 82379/1521309 (get) and 82379/1521675 (list), the task types of the vendor's Python and Go SDKs. A null, a missing
 * and an empty field all occur for the same thing; `content` may be an array on a relay; old samples have numbers as text.
 */
import type * as t from 'io-ts';
import { isTerminal } from '../task/status.js';
import { Amount, Anything, Count, Counts, Fields, fieldsOf, Flag, Instant, Items, Link, orNull, readAs, Span, Text, Word } from './codecs.js';
import type { Dialect } from './dialect.js';
import type { Hints, Pacing, TimeRange } from './facts.js';
import { type Reading, usageOf } from './reading.js';
import { complaintIn } from './refusal.js';
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
    /** AnyFast's enhanced tasks: what is billed. */
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
    status: Word,
    content: Anything,
    created_at: Instant,
    updated_at: Instant,
    usage: /* @__PURE__ */ orNull(ArkUsage),
    tools: Items,
    seed: Amount,
    resolution: Text,
    /** AnyFast's enhanced tasks: what the viewer gets. */
    super_resolution: Text,
    ratio: Text,
    duration: Span,
    frames: Count,
    framespersecond: Amount,
    generate_audio: Flag,
    draft: Flag,
    draft_task_id: Text,
    service_tier: Text,
    execution_expires_after: Span,
    priority: Amount,
    safety_identifier: Text,
    error: Anything,
    /** The name of `error` in one SDK's list items. */
    failure_reason: Anything,
    /** YEScale: a label, never an error. */
    message: Text,
    /** YEScale: the request that made the task. */
    request: /* @__PURE__ */ orNull(ArkRequest),
  },
  'ArkTask',
);

/**
 * What an Ark task says, whoever wraps it; its status word is judged by the wrapper. Instants and durations in ms.
 *
 * @example const inner = orNull(ArkTask).read(body)
 * const reading = inner && arkReading(inner)
 */
export const arkReading = (task: t.TypeOf<typeof ArkTask>): Omit<Reading, 'status' | 'wireStatus'> => {
  return {
    id: task.id,
    progress: null,
    model: task.model,
    createdAtMs: task.created_at,
    startedAtMs: null,
    updatedAtMs: task.updated_at,
    finishedAtMs: null,
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
      resolution: task.super_resolution ?? task.resolution,
      ratio: task.ratio,
      durationMs: task.duration,
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
    complaints: [complaintIn(task.error), complaintIn(task.failure_reason)],
    requestId: null,
    objectType: task.object,
    notice: task.message,
    request: task.request && { model: task.request.model, content: task.request.content ?? [] },
    inner: null,
  };
};

/** No page names a pace: the vendor's samples ask every 10 s. */
export const arkPacing: Pacing = { floorMs: 10_000, minMs: 10_000, maxMs: 20_000 };

/**
 * How long a task takes, in ms: 90 to 240 s for 5 s of video (also where no length is known), 170 to 699 s up to 15 s, 330 to 1057 s
 * above. Null for flex, which takes hours.
 *
 * Source: measured by public clients; those of 5 s ended within 140 s.
 * @example arkExpectedTimeMs({ serviceTier: null, model: null, resolution: null, durationMs: 15_000 }) // { minMs: 170_000, maxMs: 699_000 }
 */
export const arkExpectedTimeMs = ({ serviceTier, durationMs }: Hints): TimeRange | null => {
  if (serviceTier === 'flex') return null;
  const seconds = (durationMs ?? 5_000) / 1000;
  if (seconds <= 5) return { minMs: 90_000, maxMs: 240_000 };
  return seconds <= 15 ? { minMs: 170_000, maxMs: 699_000 } : { minMs: 330_000, maxMs: 1_057_000 };
};

/** Reads a body that is an Ark task. */
export const ark: Dialect = {
  name: 'ark',
  statuses: arkStatuses,
  read: (body) => {
    const [task] = readAs(ArkTask, body);
    if (task === undefined || task.status === null) return null;
    const status = statusOf(task.status, arkStatuses);
    // A copy of thirty fields would cost more than reading them.
    return Object.assign(arkReading(task), { status, wireStatus: task.status, finishedAtMs: isTerminal(status) ? task.updated_at : null });
  },
};

/** `content` is an object of links; on a relay a list of objects with one link each, as a text or as an object around it. */
const linkIn = (content: unknown, name: string): string | null => {
  if (!Array.isArray(content)) return linkOf(content, name);
  for (const item of content as readonly unknown[]) { // not `any[]`
    const link = linkOf(item, name);
    if (link !== null) return link;
  }
  return null;
};

const linkOf = (item: unknown, name: string): string | null => {
  if (!Fields.is(item)) return null;
  const link = item[name];
  return Link.read(Fields.is(link) ? link['url'] : link);
};

const toolNames = (tools: readonly unknown[]): readonly string[] =>
  tools.map((tool) => (Fields.is(tool) ? tool['type'] : tool)).filter((name) => typeof name === 'string');
