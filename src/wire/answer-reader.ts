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

/** The items by their id, whatever it is; of several with the same one, the first. */
const byId = (items: readonly unknown[]): ReadonlyMap<unknown, unknown> => {
  const itemOf = new Map<unknown, unknown>();
  for (const item of items) if (Fields.is(item) && !itemOf.has(item['id'])) itemOf.set(item['id'], item);
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

/** The object and the array around a list's items. */
const levelsAroundItem = 2;

/** The task that a body is, or that it wraps in envelopes which say that all is well: in as many as a body may have levels. */
const readInside = (body: unknown, dialect: Dialect): Reading | null => {
  if (!Fields.is(body)) return null;
  const speaksOfItself = hasEnvelopeKeysAlone(body) && (!isWell(body) || hasOwnStatus(body));
  const reading = speaksOfItself ? null : dialect.read(body);
  if (reading !== null || !isWell(body)) return reading;
  const inside = readInside(body['data'], dialect);
  return inside && { ...inside, notice: inside.notice ?? textIn(body['message'] ?? body['msg']) };
};

/** The items of the list that a body is, or that it wraps; null where it complains, or holds none. */
const itemsIn = (body: unknown): readonly unknown[] | null => {
  if (!Fields.is(body) || refusalIn(body) !== null || !isWell(body)) return null;
  const { items, data } = body;
  return Array.isArray(items) ? (items as readonly unknown[]) : itemsIn(data); // not `any[]`
};

const hasEnvelopeKeysAlone = (body: object): boolean => Object.keys(body).every((key) => key === 'status' || envelopeKeys.has(key));

/** `{ "status": "success", "data": { "status": … } }`: the first status is the answer's, not the task's. */
const hasOwnStatus = ({ status, data }: Readonly<Record<string, unknown>>): boolean =>
  (status === 'success' || status === 'ok') && Fields.is(data) && 'status' in data;

/** The complaint of a body, or of what it wraps. */
const refusalInside = (body: unknown): Complaint | null => refusalIn(body) ?? (Fields.is(body) ? refusalInside(body['data']) : null);

/** `null`, `{}`, `[]`, and envelopes that say that all is well and hold nothing. */
const isEmpty = (json: unknown): boolean =>
  json === null || (Fields.is(json) ? Object.keys(json).every((key) => envelopeKeys.has(key)) && isEmpty(json['data'] ?? null) : Array.isArray(json) && json.length === 0);

const envelopeKeys: ReadonlySet<string> = new Set(['code', 'message', 'msg', 'success', 'data', 'request_id']);
