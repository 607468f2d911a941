/**
 * What a provider is: plain facts and one pure reader. Knows no clock, no HTTP client and no provider by name.
 */
import type { Either } from 'fp-ts/Either';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import type { TaskStatus } from '../task/status.js';
import type { HttpResponse } from '../transport/transport.js';

/** Why an answer is no snapshot, by what can be done about it. */
export type ResponseReason =
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'rate-limited'
  | 'quota'
  | 'server'
  | 'rejected'
  | 'empty';

/** An answer that is no snapshot: unreadable (`decode`), or readable and saying so (`response`). */
export type ReadFailure =
  | {
      readonly kind: 'decode';
      /** What was expected where, one text each. */
      readonly issues: readonly string[];
    }
  | {
      readonly kind: 'response';
      readonly reason: ResponseReason;
      /** The HTTP status. */
      readonly status: number;
      readonly code: string | null;
      /** Never empty. */
      readonly message: string;
      /** How long the server asks to wait, in ms. */
      readonly retryAfterMs: number | null;
    };

/** What is known of a task when its pace is chosen; null where nothing is. */
export interface Hints {
  readonly serviceTier: string | null;
  readonly model: string | null;
  readonly resolution: string | null;
  readonly durationMs: number | null;
}

/** How often a provider wants to be asked, in ms: never below `floorMs`, at best between `minMs` and `maxMs`. */
export interface Pacing {
  readonly floorMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** A span of time, in ms. */
export interface TimeRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** How long a provider keeps what it made, in ms; null where it does not say. */
export interface Retention {
  readonly recordMs: number | null;
  readonly cancelledRecordMs: number | null;
  readonly videoMs: number | null;
}

/** What a service tier does to the generation time and to the price, as factors of the default tier's. */
export interface TierFactor {
  readonly time: { readonly min: number; readonly max: number };
  readonly price: number;
}

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
  readonly statuses: Readonly<Record<string, TaskStatus>>;
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
