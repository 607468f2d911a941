/**
 * The shapes of a provider's plain facts: intervals, times, retention.
 */

/** What is known of a task when its polling interval is chosen; null where nothing is. */
export interface TaskHints {
  readonly serviceTier: string | null;
  readonly model: string | null;
  readonly resolution: string | null;
  readonly durationMs: number | null;
}

/** The hints of a task of which nothing is known. */
export const noHints: TaskHints = { serviceTier: null, model: null, resolution: null, durationMs: null };

/** How often a provider wants to be polled, in ms: never more often than `minIntervalMs`, at best between `minMs` and `maxMs`. */
export interface Pacing {
  readonly minIntervalMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** The longest interval that its documentation recommends for a task that runs; missing where it names none. */
  readonly longestMs?: number;
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
  /** null: longer, and it does not say how much. */
  readonly time: { readonly min: number; readonly max: number } | null;
  readonly price: number;
}
