/**
 * From an answer to what it says: of one task, or of each task in a list. Knows no provider by name and no address.
 */
import { type Either, isLeft, left, right } from 'fp-ts/Either';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import type { HttpResponse } from '../transport/transport.js';
import { Fields, textIn } from './codecs.js';
import type { Dialect } from './dialect.js';
import type { Retention } from './facts.js';
import { deepestNesting, parseBody } from './json-body.js';
import { type Reading, snapshotOf } from './reading.js';
import { type Complaint, isWell, type ReadFailure, refusalIn, refused, shortened } from './refusal.js';

type Read<A> = Either<ReadFailure, A>;

/** How a provider's answers are read; both functions are pure and total. */
export interface AnswerReader {
  readonly read: (task: TaskRef, response: HttpResponse) => Read<TaskSnapshot>;
  readonly readList: (tasks: readonly TaskRef[], response: HttpResponse) => Read<ReadonlyMap<TaskRef, Read<TaskSnapshot>>>;
}

/** Reads the answers of a dialect. */
export const answerReader = (dialect: Dialect, retention: Retention): AnswerReader => {
  const snapshotIn = (json: unknown, task: TaskRef, { headers }: HttpResponse): TaskSnapshot | null => {
    const reading = readInside(json, dialect);
    return reading && snapshotOf(reading, task, json, headers['x-request-id']?.trim() || null, retention);
  };
  const noTask = (json: unknown, response: HttpResponse): Read<never> => left(failureOf(json, response, `${dialect.name} task`));
  return {
    read: (task, response) => {
      const json = jsonOf(response, deepestNesting);
      if (isLeft(json)) return json;
      const snapshot = snapshotIn(json.right, task, response);
      return snapshot === null ? noTask(json.right, response) : right(snapshot);
    },
    readList: (tasks, response) => {
      const json = jsonOf(response, deepestNesting + levelsAroundItem);
      if (isLeft(json)) return json;
      const items = itemsIn(json.right);
      if (items === null) return left(failureOf(json.right, response, `list of ${dialect.name} tasks`));
      const itemOf = byId(items);
      const readings = new Map<TaskRef, Read<TaskSnapshot>>();
      for (const task of tasks) {
        const item = itemOf.get(task.id);
        if (item === undefined) continue;
        const snapshot = snapshotIn(item, task, response);
        readings.set(task, snapshot === null ? noTask(item, { ...response, body: JSON.stringify(item) }) : right(snapshot));
      }
      return right(readings);
    },
  };
};

/** The items that have an id; of several with the same one, the first. */
const byId = (items: readonly unknown[]): ReadonlyMap<string, unknown> => {
  const itemOf = new Map<string, unknown>();
  for (const item of items) {
    const id = Fields.is(item) ? item['id'] : null;
    if (typeof id === 'string' && !itemOf.has(id)) itemOf.set(id, item);
  }
  return itemOf;
};

/** The JSON of an answer that is no HTTP error. */
const jsonOf = (response: HttpResponse, deepest: number): Read<unknown> => {
  const { status, body } = response;
  const json = parseBody(body, deepest);
  if (status < 200 || status > 299) return left(refused(response, isLeft(json) ? null : refusalIn(json.right)));
  return isLeft(json) ? left({ kind: 'decode', issues: [json.left] }) : json;
};

/** Why there is nothing in an answer: it refuses, it is empty, or it has another shape. */
const failureOf = (json: unknown, response: HttpResponse, wanted: string): ReadFailure => {
  const refusal = refusalInside(json);
  if (refusal !== null) return refused(response, refusal);
  return isEmpty(json)
    ? { ...refused(response, null), reason: 'empty', message: 'the answer is empty' }
    : { kind: 'decode', issues: [`no ${wanted} in ${shortened(response.body)}`] };
};

/** How many envelopes inside one another are looked through. */
const deepestEnvelope = 4;

/** The object and the array around a list's items. */
const levelsAroundItem = 2;

/** The task that a body is, or that it wraps in envelopes which say that all is well. */
const readInside = (body: unknown, dialect: Dialect, depth = 0): Reading | null => {
  if (!Fields.is(body)) return null;
  const speaksOfItself = hasEnvelopeKeysAlone(body) && (!isWell(body) || hasOwnStatus(body));
  const reading = speaksOfItself ? null : dialect.read(body);
  if (reading !== null || depth === deepestEnvelope || !isWell(body)) return reading;
  const inside = readInside(body['data'], dialect, depth + 1);
  return inside && { ...inside, notice: inside.notice ?? textIn(body['message'] ?? body['msg']) };
};

/** The items of the list that a body is, or that it wraps; null where it complains, or holds none. */
const itemsIn = (body: unknown, depth = 0): readonly unknown[] | null => {
  if (!Fields.is(body) || refusalIn(body) !== null || !isWell(body)) return null;
  const { items, data } = body;
  if (Array.isArray(items)) return items as readonly unknown[]; // not `any[]`
  return depth === deepestEnvelope ? null : itemsIn(data, depth + 1);
};

const hasEnvelopeKeysAlone = (body: object): boolean => Object.keys(body).every((key) => key === 'status' || envelopeKeys.has(key));

/** `{ "status": "success", "data": { "status": … } }`: the first status is the answer's, not the task's. */
const hasOwnStatus = ({ status, data }: Readonly<Record<string, unknown>>): boolean =>
  (status === 'success' || status === 'ok') && Fields.is(data) && 'status' in data;

/** The complaint of a body, or of what it wraps. */
const refusalInside = (body: unknown, depth = 0): Complaint | null =>
  refusalIn(body) ?? (Fields.is(body) && depth < deepestEnvelope ? refusalInside(body['data'], depth + 1) : null);

/** `null`, `{}`, `[]`, and envelopes that say that all is well and hold nothing. */
const isEmpty = (json: unknown): boolean =>
  json === null || (Fields.is(json) ? Object.keys(json).every((key) => envelopeKeys.has(key)) && isEmpty(json['data'] ?? null) : Array.isArray(json) && json.length === 0);

const envelopeKeys: ReadonlySet<string> = new Set(['code', 'message', 'msg', 'success', 'data', 'request_id']);
