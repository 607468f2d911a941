/**
 * What a provider is: plain facts and one pure reader. Knows no clock, no HTTP client and no provider by name.
 */
import { type Either, left, right } from 'fp-ts/Either';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import type { HttpResponse } from '../transport/transport.js';
import { Fields, textIn } from './codecs.js';
import type { Dialect } from './dialect.js';
import type { Hints, Pacing, Retention, TierFactor, TimeRange } from './facts.js';
import { type Reading, snapshotOf } from './reading.js';
import { type Complaint, isWell, type ReadFailure, refusalIn, refused, shortened } from './refusal.js';
import type { StatusTable } from './status-words.js';

/** One provider: its address, its words, its pace, and how its answers are read. */
export interface Provider<Id extends string = string> {
  readonly id: Id;
  /** For people. */
  readonly name: string;
  /** Absolute URL, any path prefix included, no slash at the end. */
  readonly baseUrl: string;
  /** The dialect's name, such as `ark`. */
  readonly dialect: string;
  /** Below the base URL, with `{id}` for the task id. */
  readonly path: string;
  /** The status words that its documentation lists, and what they mean. */
  readonly statuses: StatusTable;
  readonly retention: Retention;
  /** By service tier. */
  readonly tierFactors: Readonly<Record<string, TierFactor>>;
  /** Whether failed tasks are refunded; null when it does not say. */
  readonly refundsFailures: boolean | null;
  /** Where the facts were read. */
  readonly documentation: string;
  readonly pacing: (hints: Hints) => Pacing;
  /** The expected time from creation to end; null when nothing is known of such a task. */
  readonly expectedTimeMs: (hints: Hints) => TimeRange | null;
  /** Pure and total: any status and any text give a snapshot or a failure, never a throw. */
  readonly read: (task: TaskRef, response: HttpResponse) => Either<ReadFailure, TaskSnapshot>;
}

/** A provider's facts, and the dialect that reads its answers. */
export type ProviderFacts<Id extends string> = Omit<Provider<Id>, 'dialect' | 'statuses' | 'read'> & {
  readonly dialect: Dialect;
};

/**
 * Makes a provider of its facts.
 *
 * Errors: `TypeError` for a base URL that is none, or a path without `{id}`.
 * @example defineProvider({ id: 'mine', dialect: ark, path: '/tasks/{id}', … })
 */
export const defineProvider = <const Id extends string>({ dialect, ...facts }: ProviderFacts<Id>): Provider<Id> => {
  if (!/^https?:\/\/[^\s?#]+[^\s?#/]$/.test(facts.baseUrl)) {
    throw new TypeError(`defineProvider: baseUrl must be an http(s) URL without a slash at the end, not '${facts.baseUrl}'`);
  }
  if (!facts.path.startsWith('/') || !facts.path.includes('{id}')) {
    throw new TypeError(`defineProvider: path must begin with '/' and hold '{id}', not '${facts.path}'`);
  }
  return {
    ...facts,
    dialect: dialect.name,
    statuses: dialect.statuses,
    read: (task, response) => {
      const { status, headers, body } = response;
      const parsed = parse(body);
      if (status < 200 || status > 299) return left(refused(response, refusalIn(parsed.json)));
      if ('issue' in parsed) return left({ kind: 'decode', issues: [parsed.issue] });
      const { json } = parsed;
      const reading = readInside(json, dialect);
      if (reading !== null) return right(snapshotOf(reading, task, json, headers['x-request-id']?.trim() || null, facts.retention));
      const refusal = refusalInside(json);
      if (refusal !== null) return left(refused(response, refusal));
      return left(
        isEmpty(json)
          ? { ...refused(response, null), reason: 'empty', message: 'the answer is empty' }
          : { kind: 'decode', issues: [`no ${dialect.name} task in ${shortened(body)}`] },
      );
    },
  };
};

/** How many envelopes inside one another are looked through. */
const deepestEnvelope = 4;

/** The task that a body is, or that it wraps in envelopes which say that all is well. */
const readInside = (body: unknown, dialect: Dialect, depth = 0): Reading | null => {
  if (!Fields.is(body)) return null;
  const speaksOfItself = hasEnvelopeKeysAlone(body) && (!isWell(body) || hasOwnStatus(body));
  const reading = speaksOfItself ? null : dialect.read(body);
  if (reading !== null || depth === deepestEnvelope || !isWell(body)) return reading;
  const inside = readInside(body['data'], dialect, depth + 1);
  return inside && { ...inside, notice: inside.notice ?? textIn(body['message'] ?? body['msg']) };
};

const hasEnvelopeKeysAlone = (body: object): boolean => Object.keys(body).every((key) => key === 'status' || envelopeKeys.has(key));

/** `{ "status": "success", "data": { "status": … } }`: the first status is the answer's, not the task's. */
const hasOwnStatus = ({ status, data }: Readonly<Record<string, unknown>>): boolean =>
  (status === 'success' || status === 'ok') && Fields.is(data) && 'status' in data;

/** The complaint of a body, or of what it wraps. */
const refusalInside = (body: unknown, depth = 0): Complaint | null =>
  refusalIn(body) ?? (Fields.is(body) && depth < deepestEnvelope ? refusalInside(body['data'], depth + 1) : null);

/** The deepest nesting that is read: deeper ones come from no API, and would exhaust the stack. */
const deepestNesting = 64;

const parse = (text: string): { readonly json: unknown } | { readonly json: null; readonly issue: string } => {
  const body = text.trim(); // of a byte order mark as well
  if (body === '') return { json: null };
  try {
    const json: unknown = mayHoldProto.test(body) ? JSON.parse(body, withoutProto) : JSON.parse(body);
    return isDeeperThan(deepestNesting, json)
      ? { json: null, issue: `nested deeper than ${String(deepestNesting)}` }
      : { json };
  } catch {
    return { json: null, issue: `no JSON: ${shortened(body)}` };
  }
};

/** A field of this name would become the prototype of a copy, and be read for fields that are not there. */
const withoutProto = (name: string, value: unknown): unknown => (name === '__proto__' ? undefined : value);
const mayHoldProto = /__proto__|\\u/i;

const isDeeperThan = (depth: number, json: unknown): boolean =>
  typeof json === 'object' && json !== null && (depth === 0 || Object.values(json).some((value) => isDeeperThan(depth - 1, value)));

/** `null`, `{}`, `[]`, and envelopes that say that all is well and hold nothing. */
const isEmpty = (json: unknown): boolean =>
  json === null || (Fields.is(json) ? Object.keys(json).every((key) => envelopeKeys.has(key)) && isEmpty(json['data'] ?? null) : Array.isArray(json) && json.length === 0);

const envelopeKeys: ReadonlySet<string> = new Set(['code', 'message', 'msg', 'success', 'data', 'request_id']);
