/**
 * The type of a provider: plain facts, and pure readers of its responses.
 */
import type { Either } from 'fp-ts/Either';
import type { Failure, Reading, TaskRef } from '../task/snapshot.js';
import type { HttpResponse } from '../transport/transport.js';
import { responseReader, type IsOther, type ResponseReader } from './response-reader.js';
import type { TaskCreation } from './creation.js';
import type { Dialect } from './dialect.js';
import type { AssumedFact, KeyHeader, TaskHints, Pacing, Retention, TierFactor, TimeRange } from './facts.js';
import type { ReadFailure } from './error-response.js';
import type { StatusTable } from './status-words.js';
import type { TaskList } from './task-list.js';

/** One provider: its address, its status words, its polling interval, and how its responses are read. */
export interface Provider<Id extends string = string, Body = unknown> {
  readonly id: Id;
  /** The display name. */
  readonly name: string;
  /** Absolute URL with any path prefix, without a slash at the end. */
  readonly baseUrl: string;
  /** Other base URLs of the same API, by a name for people, such as a region. */
  readonly otherBaseUrls: Readonly<Record<string, string>>;
  readonly auth: KeyHeader;
  /** The dialect's name, such as `ark`. */
  readonly dialect: string;
  /** The path of a task below the base URL, with `{id}` for its id. */
  readonly path: string;
  /** The documented status words and their meaning. */
  readonly statuses: StatusTable;
  readonly retention: Retention;
  /** By service tier. */
  readonly tierFactors: Readonly<Record<string, TierFactor>>;
  /** Whether failed tasks are refunded; null when undocumented. */
  readonly refundsFailures: boolean | null;
  /** The source of the facts. */
  readonly documentation: string;
  /**
   * The ref of a task. For one of several accounts add its name: `{ ...ark.task(id), account: 'team' }`.
   *
   * @example ids.map(ark.task)
   */
  readonly task: (id: string) => TaskRef<Id>;
  /** The facts that are not from the provider's documentation, each with the origin of its value, such as `Ark's`. */
  readonly assumed: Readonly<Partial<Record<AssumedFact, string>>>;
  readonly pacing: (hints: TaskHints) => Pacing;
  /** The expected time from creation to end; null when unknown. */
  readonly expectedTimeMs: (hints: TaskHints) => TimeRange | null;
  /**
   * Reads the task in a response. Pure; any status and body give a reading or a failure, and never throw.
   *
   * @param isOther whether an id belongs to another watched task of the account; such a response is a `decode` failure. Default: always false
   */
  readonly read: (task: TaskRef, response: HttpResponse, isOther?: IsOther) => Either<ReadFailure, Reading>;
  /** Whether a failure has a relay's generic message, such as "task failed": the task's own end may still follow. */
  readonly isRelayFailure: (failure: Failure) => boolean;
  /** How tasks are created; null if this library does not know. */
  readonly create: TaskCreation<Body> | null;
  /** Whether a DELETE of a queued task cancels it, as Ark documents. */
  readonly cancels: boolean;
  /** The documented list of tasks; null if undocumented. */
  readonly list: TaskList | null;
  /**
   * Reads each task in the response of a list, as `read` would read the item alone. The map lacks tasks that the list omits, or lists twice
   * with different contents. Pure, never throws. A `Left` says why the response is not a list.
   */
  readonly readList: (
    tasks: readonly TaskRef[],
    response: HttpResponse,
    isOther?: IsOther,
  ) => Either<ReadFailure, ReadonlyMap<TaskRef, Either<ReadFailure, Reading>>>;
  /** Reads something else in a response, by the rules for errors of `read`. Pure, never throws. */
  readonly readWith: ResponseReader['readWith'];
}

/** A provider's facts, and the dialect that reads its responses. */
export type ProviderFacts<Id extends string, Body = unknown> = Omit<
  Provider<Id>,
  'dialect' | 'statuses' | 'task' | 'read' | 'create' | 'cancels' | 'list' | 'readList' | 'readWith' | 'isRelayFailure' | 'otherBaseUrls' | 'assumed' | 'auth'
> & {
  readonly dialect: Dialect;
  /** Default: `Authorization: Bearer <key>`. */
  readonly auth?: KeyHeader;
  /** Default: null. */
  readonly create?: TaskCreation<Body> | null;
  /** Default: false. */
  readonly cancels?: boolean;
  /** Default: null. */
  readonly list?: TaskList | null;
  /** Default: none. */
  readonly otherBaseUrls?: Provider['otherBaseUrls'];
  /** Default: none. */
  readonly assumed?: Provider['assumed'];
};

const bearer: KeyHeader = { header: 'authorization', scheme: 'Bearer' };

/**
 * Creates a provider from its facts.
 *
 * Throws `TypeError` for a base URL that is not http(s) or ends in a slash, a path without `{id}`, and a key header
 * with other characters than ASCII letters, digits and hyphens.
 * @example defineProvider({ ...yescale, id: 'mine', baseUrl: 'https://api.example.com', path: '/tasks/{id}', dialect: ark })
 */
export const defineProvider = <const Id extends string, Body = unknown>({
  dialect,
  create = null,
  cancels = false,
  list = null,
  otherBaseUrls = {},
  assumed = {},
  auth = bearer,
  ...facts
}: ProviderFacts<Id, Body>): Provider<Id, Body> => {
  if (!/^https?:\/\/[^\s?#]+[^\s?#/]$/.test(facts.baseUrl)) {
    throw new TypeError(`defineProvider: baseUrl must be an http(s) URL without a slash at the end, not '${facts.baseUrl}'`);
  }
  if (!facts.path.startsWith('/') || !facts.path.includes('{id}')) {
    throw new TypeError(`defineProvider: path must begin with '/' and contain '{id}', not '${facts.path}'`);
  }
  if (!/^[a-z][a-z\d-]* [\w-]*$/.test(`${auth.header} ${auth.scheme}`)) {
    throw new TypeError(`defineProvider: auth must be a header in lower case and a word, not '${auth.header}' and '${auth.scheme}'`);
  }
  return {
    ...facts,
    dialect: dialect.name,
    statuses: dialect.statuses,
    create,
    cancels,
    list,
    task: (id) => ({ provider: facts.id, id }),
    otherBaseUrls,
    assumed,
    auth,
    isRelayFailure: dialect.isRelayFailure ?? (() => false),
    ...responseReader(dialect, facts.retention),
  };
};
