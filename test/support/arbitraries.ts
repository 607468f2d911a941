import fc from 'fast-check';
import { left, right } from 'fp-ts/Either';
import type { Attempt, DelayPolicy } from '../../src/poll/delay-policy.js';
import type { TaskSnapshot } from '../../src/task/snapshot.js';
import { isTerminal, taskStatuses } from '../../src/task/status.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import type { PollError } from '../../src/state/watch-state.js';
import type { Pacing } from '../../src/wire/facts.js';
import type { ResponseReason } from '../../src/wire/error-response.js';
import { type Result, type Said, snapshot, transition } from './snapshots.js';
import { readingOf } from './readings.js';

export const anyAttempt: fc.Arbitrary<Attempt> = fc.record({
  index: fc.nat({ max: 10_000 }),
  elapsedMs: fc.nat({ max: 1_000_000_000 }),
  nowMs: fc.nat({ max: 2_000_000_000_000 }),
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  latest: fc.constant(null),
  runMs: fc.constant(null),
});

export const anyDelayMs = fc.oneof(fc.nat({ max: 1_000_000_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }));

/** Any result of a policy. */
export const anyDelay: fc.Arbitrary<number | 'stop'> = fc.oneof({ weight: 4, arbitrary: anyDelayMs }, fc.constant('stop' as const));

/** A policy with any delay. */
export const anyPolicy: fc.Arbitrary<DelayPolicy> = anyDelay.map((delay) => () => delay);

/** Any hints of a task, including models of every series. */
export const anyHints = fc.record({
  serviceTier: fc.oneof(fc.constantFrom(null, 'default', 'flex'), fc.string()),
  model: fc.oneof(
    fc.constant(null),
    fc.stringMatching(/^(doubao-|dreamina-)?seedance[-_](1[-_][05]|2[-_][05])([-_](pro|fast))?([-_](480|720|1080)p)?$/),
    fc.string(),
  ),
  resolution: fc.oneof(fc.constantFrom(null, '480p', '720p', '1080p', '2k', '4k'), fc.string()),
  durationMs: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 3_600_000 }), fc.double({ min: 1, max: 60_000, noNaN: true })),
});

/** Any HTTP status: the usual ones, and some that no server should send. */
export const anyHttpStatus = fc.oneof(
  fc.constantFrom(200, 200, 200, 201, 204, 302, 304, 400, 401, 402, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 0, 100, 600),
  fc.integer({ min: 0, max: 1_000 }),
);

/** Any headers, those that a reader looks at among them. */
export const anyResponseHeaders = fc.dictionary(
  fc.oneof(fc.constantFrom('retry-after', 'date', 'x-request-id', 'content-type'), fc.string()),
  fc.oneof(fc.constantFrom('', '3', '0.5', '-1', '1e9', 'Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:27:00 GMT'), fc.string()),
);

/** Fields that providers know, words of envelopes, and names that every object has by itself. */
const anyFieldName = fc.constantFrom(
  ...['id', 'task_id', 'object', 'model', 'status', 'state', 'code', 'message', 'msg', 'success', 'data', 'error', 'failure_reason'],
  ...['fail_reason', 'content', 'video_url', 'last_frame_url', 'url', 'type', 'result_url', 'original_result_url', 'officialMediaUrl'],
  ...['created', 'created_at', 'updated_at', 'submit_time', 'start_time', 'finish_time', 'progress', 'usage', 'completion_tokens'],
  ...['total_tokens', 'super_resolution_tokens', 'tool_usage', 'web_search', 'tools', 'seed', 'resolution', 'super_resolution', 'ratio'],
  ...['duration', 'actualDuration', 'totalTokens', 'frames', 'framespersecond', 'generate_audio', 'draft', 'draft_task_id', 'priority'],
  ...['service_tier', 'execution_expires_after', 'safety_identifier', 'request', 'request_id', 'action', '__proto__', 'constructor'],
  ...['toString', 'valueOf', 'toJSON', 'hasOwnProperty', 'length', '0', ''],
);

const anyJsonLeaf = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '1', '-1', '50', '1777288506', '1777288506000', '0.0004', '5.04', '1e999', '-1e999', '1e-9'),
  fc.constantFrom('18446744073709551617', '9007199254740993', '"1718049470"', '"18446744073709551617"', '"1e999"', '"NaN"', '"5.04"'),
  fc.constantFrom('""', '" "', '"50%"', '"-3%"', '"true"', '{}', '[]', '"succeeded"', '"SUCCESS"', '"completed"', '"FAILURE"', '"failed"'),
  fc.constantFrom('"queued"', '"cancelled"', '"expired"', '"success"', '"0"', '"task failed"', '"task_not_exist"', '"QuotaExceeded"'),
  fc.constantFrom('"https://cdn.example.com/a.mp4"', '"javascript:alert(1)"', '"/relative"', '"https://"', '"2026-04-27T11:19:59Z"'),
  fc.constantFrom('"https://cdn.example.com/a.mp4?X-Tos-Date=20260427T111959Z&X-Tos-Expires=86400"'),
  fc.string().map((text) => JSON.stringify(text)),
);

const jsonParts = fc.letrec<{ value: string; list: string; record: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'medium' }, anyJsonLeaf, tie('record'), tie('list')),
  list: fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join()}]`),
  record: fc
    .array(fc.tuple(anyFieldName, tie('value')), { maxLength: 12 })
    .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`),
}));

/** JSON as text, so that it may hold what no value can: numbers beyond every range, a name twice, an own `__proto__`. */
export const anyJsonText = jsonParts.value;

/** A JSON object as text, of the fields that providers know. */
export const anyRecordText = jsonParts.record;

/** Any body: JSON or not. */
export const anyBodyText = fc.oneof(
  anyRecordText,
  anyJsonText,
  fc.json(),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ' \n', 'null', '{}', '[]', '<!doctype html><title>502</title>', '{"status":', '"succeeded"', '\uFEFF{"status":"queued"}'),
);

/** An instant of the years around now, in ms. */
export const anyInstantMs = fc.integer({ min: 1_500_000_000_000, max: 2_000_000_000_000 });

/** A piece of plain JSON, as a provider may echo it. */
const anyJson = fc.jsonValue({ maxDepth: 2 }).map((value): unknown => JSON.parse(JSON.stringify(value)));

const orNull = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | null> => fc.option(arbitrary, { nil: null });

/** The fields of a snapshot that intervals, deadlines and progress depend on, and an echo of JSON. */
const anySaid: fc.Arbitrary<Said> = fc.record({
  providerStatus: fc.string(),
  progress: orNull(fc.double({ min: 0, max: 1, noNaN: true }).map((progress) => progress + 0)),
  model: orNull(fc.constantFrom('seedance-1-5-pro-480p', 'seedance-2.0', 'doubao')),
  createdAtMs: orNull(anyInstantMs),
  startedAtMs: orNull(anyInstantMs),
  expiresAfterMs: orNull(fc.constantFrom(1, 3_600_000, 172_800_000)),
  providerDeadlineAtMs: orNull(anyInstantMs),
  request: orNull(fc.record({ model: orNull(fc.string()), content: fc.array(anyJson, { maxLength: 2 }) })),
  settings: fc.record({
    serviceTier: orNull(fc.constantFrom('default', 'flex')),
    resolution: orNull(fc.constantFrom('480p', '1080p')),
    durationMs: orNull(fc.integer({ min: 1, max: 30_000 })),
  }),
});

export const anyStatus = fc.constantFrom(...taskStatuses);

const pendingStatuses = taskStatuses.filter((status) => !isTerminal(status));

export const anySnapshot: fc.Arbitrary<TaskSnapshot> = fc.tuple(anyStatus, anySaid).map(([status, said]) => snapshot(status, said));

export const anyPendingSnapshot: fc.Arbitrary<TaskSnapshot> = fc
  .tuple(fc.constantFrom(...pendingStatuses), anySaid)
  .map(([status, said]) => snapshot(status, said));

const anyReason: fc.Arbitrary<ResponseReason> = fc.constantFrom(
  'unauthorized', 'forbidden', 'not-found', 'rate-limited', 'quota', 'server', 'rejected', 'empty', 'wrong-url',
);

export const anyPollError: fc.Arbitrary<PollError> = fc.oneof(
  fc.record({ kind: fc.constantFrom('transport' as const, 'timeout' as const), message: fc.string() }),
  fc.record({ kind: fc.constant('decode' as const), issues: fc.array(fc.string(), { maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('response' as const),
    reason: anyReason,
    status: fc.integer({ min: 200, max: 599 }),
    code: orNull(fc.string()),
    message: fc.string({ minLength: 1 }),
    retryAfterMs: orNull(fc.oneof(fc.nat({ max: 30_000 }), fc.nat({ max: Number.MAX_SAFE_INTEGER }))),
  }),
);

/** Any result of a poll. Terminal statuses are rare, so that runs grow long. */
export const anyResult: fc.Arbitrary<Result> = fc.oneof(
  { weight: 6, arbitrary: anyPollError.map((error) => left(error)) },
  { weight: 5, arbitrary: anyPendingSnapshot.map((pending) => right(readingOf(pending))) },
  { weight: 1, arbitrary: anySnapshot.map((any) => right(readingOf(any))) },
);

export const anyResults: fc.Arbitrary<readonly Result[]> = fc.array(anyResult, { maxLength: 30 });

/** Any consistent pacing. */
export const anyPacing: fc.Arbitrary<Pacing> = fc
  .tuple(fc.integer({ min: 1, max: 400_000 }), fc.nat({ max: 100_000 }), fc.nat({ max: 100_000 }))
  .map(([minIntervalMs, more, evenMore]) => ({ minIntervalMs, recommended: { minMs: minIntervalMs + more, maxMs: minIntervalMs + more + evenMore } }));

/** The error of a clock: mostly 0, sometimes hours ahead or behind. */
export const anyClockErrorMs = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -100 * 3_600_000, max: 100 * 3_600_000 }) },
);

const anyForecast = orNull(
  fc.record({ fromMs: anyInstantMs, fromProgress: fc.double({ min: 0, max: 1, noNaN: true }), earliestEndAtMs: anyInstantMs, latestEndAtMs: anyInstantMs }),
);

/** Any event of a few tasks, in any order. */
export const anyFeedEvent: fc.Arbitrary<FeedEvent> = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f').map((id) => ({ provider: 'ark', id })),
    anyInstantMs,
    fc.oneof(
      anyStatus,
      fc.record({ progress: fc.double({ min: 0, max: 0.99, noNaN: true }), estimated: fc.boolean(), forecast: anyForecast }),
      fc.constantFrom('added' as const, 'retry' as const, 'error' as const, 'removed' as const),
    ),
  )
  .map(([task, atMs, what]): FeedEvent => {
    if (typeof what === 'object') return { kind: 'progress', task, atMs, ...what };
    switch (what) {
      case 'added':
        return { kind: 'added', task, atMs, resumedFrom: null };
      case 'error':
        return { kind: 'error', task, atMs, error: new Error('failed') };
      case 'removed':
        return { kind: 'removed', task, atMs };
      case 'retry': {
        const lastError = { kind: 'transport', reason: null, status: null, message: 'reset', sameFailureCount: 1, sinceMs: 0 } as const;
        return { kind: 'retry', task, atMs, lastError, nextPollAtMs: 10_000 };
      }
      default:
        return { kind: 'transition', task, atMs, transition: { ...transition(what, null, { task }), atMs } };
    }
  });
