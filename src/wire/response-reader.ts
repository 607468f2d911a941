/**
 * Reads a response as the snapshot of one task, or of each task in a list.
 */
import { type Either, isLeft, left, right } from 'fp-ts/Either';
import type { Reading, TaskRef } from '../task/snapshot.js';
import type { HttpResponse } from '../transport/transport.js';
import { PlainObject, Text, textIn } from './codecs.js';
import type { Dialect } from './dialect.js';
import type { Retention } from './facts.js';
import { deepestNesting, parseBody } from './json-body.js';
import { type ParsedTask, snapshotOf } from './reading.js';
import { type ErrorDetail, errorResponseIn, httpErrorIn, isSuccess } from './error-detail.js';
import { type ReadFailure, refused, shortened } from './error-response.js';
import { statusOf } from './status-words.js';

type Read<A> = Either<ReadFailure, A>;

/** Whether an id belongs to another task that is watched on the same account. */
export type IsOther = (id: string) => boolean;

/** Reads a provider's responses. Both functions are pure and never throw. */
export interface ResponseReader {
  /**
   * Returns the task's snapshot (instants and durations in ms), or why the response holds none.
   *
   * @param isOther whether an id belongs to another watched task of the account. Such a response is a `decode` failure, because caches and
   *   gateways may swap responses. Default: always false
   */
  readonly read: (task: TaskRef, response: HttpResponse, isOther?: IsOther) => Read<Reading>;
  /** Returns the result of each task in a list. Tasks that the list omits, or lists twice with different contents, are missing. */
  readonly readList: (tasks: readonly TaskRef[], response: HttpResponse, isOther?: IsOther) => Read<ReadonlyMap<TaskRef, Read<Reading>>>;
  /**
   * Returns what `pick` finds in the JSON of a successful response. Null means that it found nothing: the result is then the error in the
   * response, or a `decode` failure that says what was `wanted`.
   */
  readonly readWith: <T>(response: HttpResponse, wanted: string, pick: (json: unknown) => T | null) => Either<ReadFailure, T>;
}

/** Creates the reader of a dialect. */
export const responseReader = (dialect: Dialect, retention: Retention): ResponseReader => {
  /** The failure of a body with an error. */
  const refusedBy = (response: HttpResponse, { body, detail }: FoundError): ReadFailure =>
    refused(response, detail, dialect.errorReason?.(response.status, body) ?? null);

  /** The JSON of a response with a 2xx status. */
  const jsonOf = (response: HttpResponse, deepest: number): Read<unknown> => {
    const { status, body } = response;
    const json = parseBody(body, deepest);
    if (status >= 200 && status <= 299) return isLeft(json) ? left({ kind: 'decode', issues: [json.left] }) : json;
    return left(isLeft(json) ? refused(response, null) : refusedBy(response, { body: json.right, detail: dialect.errorDetail?.(json.right) ?? httpErrorIn(json.right) }));
  };

  /** Why a body lacks the requested content: it is an error, it is empty, or it has another shape. */
  const failureOf = (json: unknown, response: HttpResponse, wanted: string): ReadFailure => {
    const detail = dialect.errorDetail?.(json) ?? null;
    const found = detail === null ? (errorByStatus(json) ?? errorInside(json)) : { body: json, detail };
    if (found !== null) return refusedBy(response, found);
    return isEmpty(json)
      ? { ...refused(response, null), reason: 'empty', message: 'the response is empty' }
      : { kind: 'decode', issues: [`no ${wanted} in ${shortened(response.body)}`] };
  };

  /** Adds the retention to a `not-found` message: the task may be older. */
  const withRetention = (failure: ReadFailure): ReadFailure =>
    failure.kind === 'response' && failure.reason === 'not-found' && retention.recordMs !== null
      ? { ...failure, message: `${failure.message} (tasks are kept for ${spanText(retention.recordMs)})` }
      : failure;

  /** Reads the task in a body. */
  const readBody = (json: unknown, task: TaskRef, response: HttpResponse, isOther: IsOther): Read<Reading> => {
    const parsed = readInside(json, dialect);
    if (parsed === null) return left(withRetention(failureOf(json, response, `${dialect.name} task`)));
    const { id } = parsed;
    if (id !== null && id !== task.id && isOther(id)) {
      return left({ kind: 'decode', issues: [`the response is of task '${shortened(id)}', which is another watched task`] });
    }
    return right({ snapshot: snapshotOf(parsed, json, task, Text.read(response.headers['x-request-id']?.trim()), retention), raw: json });
  };

  return {
    readWith: (response, wanted, pick) => {
      const json = jsonOf(response, deepestNesting + levelsAroundItem);
      if (isLeft(json)) return json;
      const found = pick(json.right);
      return found === null ? left(failureOf(json.right, response, wanted)) : right(found);
    },
    read: (task, response, isOther = noOther) => {
      const json = jsonOf(response, deepestNesting);
      return isLeft(json) ? left(withRetention(json.left)) : readBody(json.right, task, response, isOther);
    },
    readList: (tasks, response, isOther = noOther) => {
      const json = jsonOf(response, deepestNesting + levelsAroundItem);
      if (isLeft(json)) return json;
      const items = itemsIn(json.right);
      if (items === null) return left(failureOf(json.right, response, `list of ${dialect.name} tasks`));
      const itemOf = byId(items, dialect);
      const results = new Map<TaskRef, Read<Reading>>();
      for (const task of tasks) {
        const item = itemOf.get(task.id);
        if (item === undefined) continue;
        // A failure quotes the item instead of the list. The text is made only when it is read, for few items fail.
        const alone = { status: response.status, headers: response.headers, get body() { return JSON.stringify(item); } };
        results.set(task, readBody(item, task, alone, isOther));
      }
      return right(results);
    },
  };
};

const noOther: IsOther = () => false;

/** `7 days`, `1 day`, `12 hours`. */
const spanText = (ms: number): string => {
  const [count, unit] = ms % 86_400_000 === 0 ? [ms / 86_400_000, 'day'] : [Math.round(ms / 360_000) / 10, 'hour'];
  return `${String(count)} ${unit}${count === 1 ? '' : 's'}`;
};

/** The items by their id. Items with the same id count once if they have the same content; otherwise all are dropped. */
const byId = (items: readonly unknown[], dialect: Dialect): ReadonlyMap<unknown, unknown> => {
  const itemOf = new Map<unknown, unknown>();
  const contradicted = new Set<unknown>();
  for (const item of items) {
    if (!PlainObject.is(item)) continue;
    const id = textIn(item['id']);
    if (!itemOf.has(id)) itemOf.set(id, item);
    else if (contentOf(item, dialect) !== contentOf(itemOf.get(id), dialect)) contradicted.add(id);
  }
  for (const id of contradicted) itemOf.delete(id);
  return itemOf;
};

/** An item's content as a string, independent of the order of a task's fields. */
const contentOf = (item: unknown, dialect: Dialect): string => JSON.stringify(readInside(item, dialect) ?? item);

/** The nesting around a list's items: an object and an array. */
const levelsAroundItem = 2;

/** The task in a body, with or without envelopes that report success. */
const readInside = (body: unknown, dialect: Dialect): ParsedTask | null => {
  if (!PlainObject.is(body) || errorByStatus(body) !== null) return null;
  const isOnlyEnvelope = hasEnvelopeKeysAlone(body) && (!isSuccess(body) || hasOwnStatus(body));
  const parsed = isOnlyEnvelope ? null : dialect.read(body);
  if (parsed !== null || !isSuccess(body)) return parsed;
  const inside = readInside(body['data'], dialect);
  return inside && { ...inside, notice: inside.notice ?? Text.read(body['message'] ?? body['msg']) };
};

/** The items of the list in a body, with or without envelopes; null for an error or a body without a list. */
export const itemsIn = (body: unknown): readonly unknown[] | null => {
  if (!PlainObject.is(body) || errorResponseIn(body) !== null || !isSuccess(body)) return null;
  const { items, data } = body;
  const list: unknown = items ?? data;
  return Array.isArray(list) ? (list as readonly unknown[]) : itemsIn(data); // not `any[]`
};

const hasEnvelopeKeysAlone = (body: object): boolean => {
  // `for…in` creates no list of names, and most bodies begin with another one.
  for (const key in body) if (key !== 'status' && !envelopeKeys.has(key)) return false;
  return true;
};

/** `{ "status": "success", "data": { "status": … } }`: the outer status describes the response, the inner one the task, at any depth. */
const hasOwnStatus = ({ status, data }: Readonly<Record<string, unknown>>): boolean => (status === 'success' || status === 'ok') && hasStatus(data);

const hasStatus = (body: unknown): boolean => PlainObject.is(body) && ('status' in body || hasStatus(body['data']));

/** An error, and the object that holds it. */
interface FoundError {
  readonly body: unknown;
  readonly detail: ErrorDetail | null;
}

/** The error of a body or of an object inside its envelopes. */
const errorInside = (body: unknown): FoundError | null => {
  const detail = errorResponseIn(body);
  if (detail !== null) return { body, detail };
  return PlainObject.is(body) ? errorInside(body['data']) : null;
};

/** Whether a status can be that of a failed response: a word for a failure or a timeout, or an HTTP status. */
const isFailure = (status: string): boolean => /^[45]\d\d$/.test(status) || /failed|expired/.test(statusOf(status, {}));

/**
 * The error of a body whose `status` says that the request failed, not the task: the body has no field of a task, such as
 * `{ "status": "error", "message": "Too many requests" }`.
 */
const errorByStatus = (body: unknown): FoundError | null => {
  let found: FoundError | null = null;
  for (let layer = body; PlainObject.is(layer); layer = layer['data']) {
    // Most responses end here.
    if (hasTaskField(layer)) return null;
    const status = textIn(layer['status'])?.trim();
    if (found === null && status !== undefined) {
      if (!isFailure(status)) return null;
      const detail = httpErrorIn(layer);
      found = { body: layer, detail: { message: null, ...detail, code: detail?.code ?? (/\d/.test(status) ? status : null) } };
    }
  }
  return found;
};

const hasTaskField = (layer: Readonly<Record<string, unknown>>): boolean => {
  const { error } = layer;
  return (PlainObject.is(error) && Object.keys(error).length > 0) || taskFields.some((name) => layer[name] != null);
};

/** Fields that only a task has. */
const taskFields =
  /* @__PURE__ */ ('id task_id model content usage created created_at updated_at submit_time start_time finish_time video_url ' +
    'result_url fail_reason failure_reason progress action seed resolution ratio duration frames').split(' ');

/** `null`, `{}`, `[]`, and empty envelopes that report success. */
const isEmpty = (json: unknown): boolean =>
  json === null || (PlainObject.is(json) ? Object.keys(json).every((key) => envelopeKeys.has(key)) && isEmpty(json['data'] ?? null) : Array.isArray(json) && json.length === 0);

const envelopeKeys: ReadonlySet<string> = new Set(['code', 'message', 'msg', 'success', 'data', 'request_id']);
