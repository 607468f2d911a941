/**
 * What a provider is: plain facts and the pure readers of its responses.
 */
import type { Either } from 'fp-ts/Either';
import type { Failure, Reading, TaskRef } from '../task/snapshot.js';
import type { HttpResponse } from '../transport/transport.js';
import { answerReader, type IsOther } from './answer-reader.js';
import type { Dialect } from './dialect.js';
import type { TaskHints, Pacing, Retention, TierFactor, TimeRange } from './facts.js';
import type { ReadFailure } from './error-response.js';
import type { StatusTable } from './status-words.js';
import type { TaskList } from './task-list.js';

/** One provider: its address, its status words, its polling interval, and how its responses are read. */
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
  readonly pacing: (hints: TaskHints) => Pacing;
  /** The expected time from creation to end; null when nothing is known of such a task. */
  readonly expectedTimeMs: (hints: TaskHints) => TimeRange | null;
  /**
   * What a response says of a task. Pure and total: any status and any text give a reading or a failure, never a throw.
   *
   * @param isOther tells the ids of the account's other watched tasks; a response of one of them is a `decode` failure. Default: none is
   */
  readonly read: (task: TaskRef, response: HttpResponse, isOther?: IsOther) => Either<ReadFailure, Reading>;
  /** Whether a failure is in a relay's own generic words, such as "task failed": the task's own end may still follow. */
  readonly isRelayFailure: (failure: Failure) => boolean;
  /** The list of tasks that its documentation describes; null where it describes none. */
  readonly list: TaskList | null;
  /**
   * Reads a list's response: what it says of each of the tasks, as `read` would say it of the item alone. Missing from the map are the
   * tasks that it leaves out, and those of which it has two items that differ. Pure and total. Left: the response is no list, and says
   * why as `read` would.
   */
  readonly readList: (
    tasks: readonly TaskRef[],
    response: HttpResponse,
    isOther?: IsOther,
  ) => Either<ReadFailure, ReadonlyMap<TaskRef, Either<ReadFailure, Reading>>>;
}

/** A provider's facts, and the dialect that reads its responses. */
export type ProviderFacts<Id extends string> = Omit<Provider<Id>, 'dialect' | 'statuses' | 'read' | 'list' | 'readList' | 'isRelayFailure'> & {
  readonly dialect: Dialect;
  /** Default: none is documented. */
  readonly list?: TaskList | null;
};

/**
 * Makes a provider of its facts.
 *
 * Errors: `TypeError` for a base URL that is not http(s) or ends in a slash, and for a path without `{id}`.
 * @example defineProvider({ ...yescale, id: 'mine', baseUrl: 'https://api.example.com', path: '/tasks/{id}', dialect: ark })
 */
export const defineProvider = <const Id extends string>({ dialect, list = null, ...facts }: ProviderFacts<Id>): Provider<Id> => {
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
    list,
    isRelayFailure: dialect.isRelayFailure ?? (() => false),
    ...answerReader(dialect, facts.retention),
  };
};
