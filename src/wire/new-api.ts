/**
 * The envelope dialect of new-api and its forks: `{ code, message, data: task }`, the upstream's own answer inside the task.
 * Knows no address and no pace.
 * Source: `dto.TaskResponse` and `relay_task.go` of QuantumNous/new-api, docs.anyfast.ai. The envelope's `code` says nothing of the
 * task; the outer status decides, a missing one falls to the inner; `data.id` is a database row; `fail_reason` may be the link
 * and `result_url` the error text; times are 0 until they are known; envelopes may be nested.
 */
import type { Upstream } from '../task/snapshot.js';
import { isTerminal } from '../task/status.js';
import { Fields, fieldsOf, Instant, Link, Percentage, readAs, Text, textIn, Word } from './codecs.js';
import { arkReading, ArkTask } from './ark.js';
import type { Dialect } from './dialect.js';
import { type Complaint, complaintIn, isWell, refusalIn } from './refusal.js';
import { type StatusTable, statusOf } from './status-words.js';

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
    status: Word,
    result_url: Text,
    original_result_url: Link,
    fail_reason: Text,
    /** An older form: the link, and neither of the two above. */
    url: Link,
    submit_time: Instant,
    start_time: Instant,
    finish_time: Instant,
    created_at: Instant,
    updated_at: Instant,
    progress: Percentage,
    request_id: Text,
  },
  'NewApiTask',
);

/** How many objects inside one another are looked through. */
const deepest = 6;

const layersIn = (body: unknown): readonly Readonly<Record<string, unknown>>[] => {
  const layers = [];
  for (let layer = body; Fields.is(layer) && layers.length < deepest; layer = layer['data']) layers.push(layer);
  return layers;
};

const taskFields = ['status', 'task_id', 'submit_time', 'result_url', 'fail_reason', 'progress'];
const innerFields = ['status', 'content', 'error', 'id', 'model', 'usage'];
const hasOneOf = (names: readonly string[]) => (layer: object): boolean => names.some((name) => Object.hasOwn(layer, name));

const isSaid = (word: string | null): word is string => word !== null && word.trim() !== '';

/** Reads a body that is an envelope around a task, or the task without its envelope. */
export const newApi: Dialect = {
  name: 'new-api',
  statuses: newApiStatuses,
  read: (body) => {
    const layers = layersIn(body);
    const at = layers.findIndex(hasOneOf(taskFields));
    const outer = layers[at];
    if (outer === undefined || layers.slice(0, at).some((envelope) => !isWell(envelope))) return null;
    // The task, and what it wraps: a relay's task, and innermost the upstream's.
    const within = layers.slice(at);
    const wrapped = within.slice(1).findLast(hasOneOf(innerFields));
    const innermost = wrapped ?? outer;
    const tasks = within.flatMap((layer) => readAs(NewApiTask, layer));
    const [task] = tasks;
    const [upstream] = readAs(ArkTask, innermost);
    const wireStatus = tasks.map(({ status }) => status).find(isSaid) ?? task?.status;
    if (task === undefined || upstream === undefined || wireStatus == null) return null;

    const status = statusOf(wireStatus, newApiStatuses);
    const inner = arkReading(upstream);
    const links = [
      ...tasks.map(({ result_url }) => result_url),
      inner.videoUrl,
      ...tasks.map(({ fail_reason }) => fail_reason),
      ...tasks.map(({ url }) => url),
    ];
    const videoUrl = links.map(Link.read).find((link) => link !== null) ?? null;
    const innerId = typeof innermost['id'] === 'string' ? inner.id : null;
    return {
      ...inner,
      status,
      wireStatus,
      id: task.task_id ?? innerId,
      progress: task.progress,
      createdAtMs: task.submit_time ?? inner.createdAtMs ?? task.created_at,
      startedAtMs: task.start_time,
      updatedAtMs: task.updated_at ?? inner.updatedAtMs,
      // Older answers are in Ark's form, which has no other time for the end.
      finishedAtMs: isTerminal(status) && textIn(outer['finish_time']) === null ? task.updated_at : task.finish_time,
      settings: { ...inner.settings, action: task.action },
      videoUrl,
      // An enhanced task's inner link leads to the clip before enhancement; any other's to the same video, signed anew.
      originalUrl: task.original_result_url ?? (upstream.super_resolution === null || inner.videoUrl === videoUrl ? null : inner.videoUrl),
      complaints: within.flatMap(complaintsIn).reverse(),
      requestId: task.request_id,
      notice: textIn(layers[0]?.['message']),
      inner: wrapped === undefined ? null : upstreamOf({ id: innerId, status: upstream.status, resolution: upstream.resolution }),
    };
  },
};

const upstreamOf = (upstream: Upstream): Upstream | null =>
  Object.values(upstream).every((part) => part === null) ? null : upstream;

/** The least telling first. */
const complaintsIn = (layer: Readonly<Record<string, unknown>>): readonly (Complaint | null)[] => [
  ...readAs(NewApiTask, layer).flatMap(({ result_url, fail_reason }) => [complaintIn(result_url), complaintIn(fail_reason)]),
  complaintIn(layer['failure_reason']),
  refusalIn(layer),
];
