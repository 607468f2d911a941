/**
 * The envelope dialect of new-api and its forks: `{ code, message, data: task }`, the upstream's own answer inside the task.
 * Knows no address and no pace.
 * Source: `dto.TaskResponse` and `relay_task.go` of QuantumNous/new-api, docs.anyfast.ai. The envelope's `code` says nothing of the
 * task; the outer status decides, a missing one falls to the inner; `data.id` is a database row; `fail_reason` may be the link
 * and `result_url` the error text; times are 0 until they are known; envelopes may be nested.
 */
import { isRight } from 'fp-ts/Either';
import * as t from 'io-ts';
import { Fields, Instant, isLink, Link, Percentage, Text, Word } from './codecs.js';
import { arkReading, ArkTask } from './ark.js';
import type { Dialect } from './dialect.js';
import { isWell, refusalIn } from './refusal.js';
import { type StatusTable, statusOf } from './status-words.js';

/** The status words of the documentation and of the server's source. */
export const newApiStatuses = {
  NOT_START: 'queued',
  SUBMITTED: 'queued',
  QUEUED: 'queued',
  IN_PROGRESS: 'running',
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  UNKNOWN: 'unknown',
} as const satisfies StatusTable;

const NewApiTask = /* @__PURE__ */ t.type(
  {
    task_id: Text,
    action: Text,
    status: Word,
    result_url: Text,
    original_result_url: Link,
    fail_reason: Text,
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

const said = (word: string | null): string | null => (word?.trim() ? word : null);

/** Reads a body that is an envelope around a task, or the task without its envelope. */
export const newApi: Dialect = {
  name: 'new-api',
  statuses: newApiStatuses,
  read: (body) => {
    const layers = layersIn(body);
    const at = layers.findIndex(hasOneOf(taskFields));
    if (layers.slice(0, at).some(({ code }) => !isWell(code))) return null;
    const innerLayer = layers.slice(at + 1).findLast(hasOneOf(innerFields));
    const outer = NewApiTask.decode(layers[at]);
    const upstream = ArkTask.decode(innerLayer ?? layers[at]);
    if (!isRight(outer) || !isRight(upstream)) return null;

    const task = outer.right;
    const inner = arkReading(upstream.right);
    const wireStatus = said(task.status) ?? said(upstream.right.status) ?? task.status;
    if (wireStatus === null) return null;
    const { result_url: result, fail_reason: reason } = task;
    const videoUrl = [result, inner.videoUrl, reason].find((text) => text !== null && isLink(text)) ?? null;
    return {
      ...inner,
      status: statusOf(wireStatus, newApiStatuses),
      wireStatus,
      id: task.task_id,
      progress: task.progress,
      createdAtMs: task.submit_time ?? inner.createdAtMs ?? task.created_at,
      startedAtMs: task.start_time,
      updatedAtMs: task.updated_at ?? inner.updatedAtMs,
      finishedAtMs: task.finish_time,
      settings: { ...inner.settings, action: task.action },
      videoUrl,
      originalUrl: task.original_result_url ?? (inner.videoUrl === videoUrl ? null : inner.videoUrl),
      complaints: [
        ...layers.slice(at + 1).map(refusalIn).reverse(),
        ...inner.complaints,
        { code: null, message: reason },
        { code: null, message: result },
      ],
      requestId: task.request_id,
      notice: at > 0 ? (Text.is(layers[0]?.['message']) ? layers[0]['message'] : null) : inner.notice,
      inner:
        innerLayer === undefined
          ? null
          : {
              id: typeof innerLayer['id'] === 'string' ? inner.id : null,
              status: upstream.right.status,
              resolution: upstream.right.resolution,
            },
    };
  },
};
