/**
 * The types of a provider's facts: polling intervals, generation times, retention.
 */

/** What is known about a task when its polling interval is chosen; null for unknown. */
export interface TaskHints {
  readonly serviceTier: string | null;
  readonly model: string | null;
  readonly resolution: string | null;
  readonly durationMs: number | null;
}

/** The hints of an unknown task. */
export const noHints: TaskHints = { serviceTier: null, model: null, resolution: null, durationMs: null };

/** The polling interval of a provider, in ms. */
export interface Pacing {
  /** No task is polled sooner than this after its last request. */
  readonly minIntervalMs: number;
  /** The default policy polls within this range. */
  readonly recommended: TimeRange;
  /** The longest interval that the documentation recommends for a running task; missing when it names none. */
  readonly longestMs?: number;
}

/** A span of time, in ms. */
export interface TimeRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** How long a provider keeps task records and videos, in ms; null when undocumented. */
export interface Retention {
  readonly recordMs: number | null;
  readonly cancelledRecordMs: number | null;
  readonly videoMs: number | null;
}

/** The facts whose values may come from elsewhere than the provider's documentation. */
export type AssumedFact = 'statuses' | 'pacing' | 'minIntervalMs' | 'expectedTimeMs' | 'tierFactors';

/** A service tier's generation time and price, as factors of the default tier's. */
export interface TierFactor {
  /** null: longer by an undocumented factor. */
  readonly time: { readonly min: number; readonly max: number } | null;
  readonly price: number;
}

/** How a request carries the API key. */
export interface KeyHeader {
  /** The header's name, in lower case. */
  readonly header: string;
  /** The word before the key, such as `Bearer`; empty for the key alone. */
  readonly scheme: string;
}
