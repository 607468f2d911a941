/**
 * The envelope dialect of new-api and its forks: `{ code, message, data: task }`, the upstream's own response inside the task.
 * Source: `dto.TaskResponse` and `relay_task.go` of QuantumNous/new-api, docs.anyfast.ai. The envelope's `code` does not
 * describe the task. The outer status decides; if it is missing, the inner one does. `data.id` is a database row; `fail_reason` may hold the
 * link and `result_url` the error text; unknown times are 0; envelopes may be nested.
 */
import type { Upstream } from '../task/snapshot.js';
import { isTerminal } from '../task/status.js';
import { firstOf, PlainObject, fieldsOf, Unknown, UnixSeconds, Link, Percentage, Text, textIn, AnyText } from './codecs.js';
import { arkReading, ArkTask } from './ark.js';
import type { Dialect } from './dialect.js';
import { type ErrorDetail, errorDetailIn, isSuccess } from './error-detail.js';
import { newApiErrorReason } from './new-api-errors.js';
import { type StatusTable, statusOf } from './status-words.js';
import { linkInField } from './video-link.js';

/** The status words of the documentation and of the server's source. */
const newApiStatuses = {
  NOT_START: 'queued',
  SUBMITTED: 'queued',
  QUEUED: 'queued',
  IN_PROGRESS: 'running',
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  UNKNOWN: 'unknown',
} as const satisfies StatusTable;

const NewApiTask = /* @__PURE__ */ fieldsOf(
  {
    task_id: Text,
    action: Text,
    status: AnyText,
    result_url: Unknown,
    original_result_url: Link,
    fail_reason: Unknown,
    /** An older form: the link, without the two fields above. */
    url: Link,
    submit_time: UnixSeconds,
    start_time: UnixSeconds,
    finish_time: UnixSeconds,
    /** The end in the server's video object, and in newer releases. */
    completed_at: UnixSeconds,
    finished_at: UnixSeconds,
    created_at: UnixSeconds,
    updated_at: UnixSeconds,
    progress: Percentage,
    request_id: Text,
  },
  'NewApiTask',
);

/** How many nested objects are searched. */
const deepest = 6;

const layersIn = (body: unknown): readonly Readonly<Record<string, unknown>>[] => {
  const layers = [];
  for (let layer = body; PlainObject.is(layer) && layers.length < deepest; layer = layer['data']) layers.push(layer);
  return layers;
};

const taskFields = ['status', 'task_id', 'submit_time', 'result_url', 'fail_reason', 'progress'];
const innerFields = ['status', 'content', 'error', 'id', 'model', 'usage'];
const hasOneOf = (names: readonly string[]) => (layer: object): boolean => names.some((name) => Object.hasOwn(layer, name));

const isPresent = (word: string | null): word is string => word !== null && word.trim() !== '';

/** Generic messages of the server about its upstream, which do not give the cause. */
const relayWords = /^(?:task failed|upstream returned (?:error|unrecognized message)|failed to get channel info\b.*|the provider gives no reason)\W*$/is;

/** Reads a body that is an envelope around a task, or the task without its envelope. */
export const newApi: Dialect = {
  name: 'new-api',
  statuses: newApiStatuses,
  errorReason: newApiErrorReason,
  isRelayFailure: ({ code, message }) => code === null && relayWords.test(message),
  read: (body) => {
    const layers = layersIn(body);
    const at = layers.findIndex(hasOneOf(taskFields));
    const outer = layers[at];
    if (outer === undefined || layers.slice(0, at).some((envelope) => !isSuccess(envelope))) return null;
    // The task and its inner layers: a relay's task, and innermost the upstream's.
    const within = layers.slice(at);
    const wrapped = within.slice(1).findLast(hasOneOf(innerFields));
    const innermost = wrapped ?? outer;
    const tasks = within.map(NewApiTask.read).filter((layer) => layer !== null);
    const [task] = tasks;
    const upstream = ArkTask.read(innermost);
    const providerStatus = tasks.map(({ status }) => status).find(isPresent) ?? task?.status;
    if (task === undefined || upstream === null || providerStatus == null) return null;

    const status = statusOf(providerStatus, newApiStatuses);
    const inner = arkReading(upstream, providerStatus, status);
    const links = [
      ...tasks.map(({ result_url }) => result_url),
      inner.videoUrl,
      ...tasks.map(({ fail_reason }) => fail_reason),
      ...tasks.map(({ url }) => url),
    ];
    const videoUrl = firstOf(links, linkInField);
    const innerId = typeof innermost['id'] === 'string' ? inner.id : null;
    return {
      ...inner,
      id: task.task_id ?? innerId,
      progress: task.progress,
      createdAtMs: task.submit_time ?? inner.createdAtMs ?? task.created_at,
      startedAtMs: task.start_time,
      updatedAtMs: task.updated_at ?? inner.updatedAtMs,
      // Older responses have Ark's form, in which only `updated_at` gives the end.
      finishedAtMs: isTerminal(status) && textIn(outer['finish_time']) === null ? (task.completed_at ?? task.finished_at ?? task.updated_at) : task.finish_time,
      settings: { ...inner.settings, action: task.action },
      videoUrl,
      // An enhanced task's inner link leads to the video before enhancement; any other inner link to the same video, signed again.
      originalUrl: task.original_result_url ?? (upstream.super_resolution === null || inner.videoUrl === videoUrl ? null : inner.videoUrl),
      errors: [...within.flatMap(errorsIn).reverse(), ...within.map(({ message }) => errorDetailIn(message)).reverse()],
      requestId: task.request_id,
      notice: Text.read(layers[0]?.['message']),
      inner: wrapped === undefined ? null : upstreamOf({ id: innerId, status: upstream.status, resolution: upstream.resolution }),
    };
  },
};

const upstreamOf = (upstream: Upstream): Upstream | null =>
  Object.values(upstream).every((part) => part === null) ? null : upstream;

/** The most specific error comes last. */
const errorsIn = (layer: Readonly<Record<string, unknown>>): readonly (ErrorDetail | null)[] => {
  const task = NewApiTask.read(layer);
  return [errorDetailIn(task?.result_url), errorDetailIn(task?.fail_reason), errorDetailIn(layer['failure_reason']), errorDetailIn(layer['error']) ?? (isSuccess(layer) ? null : errorDetailIn(layer))];
};
