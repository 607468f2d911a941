/**
 * The shapes of a provider's plain facts: pace, times, retention. Knows no provider and no answer.
 */

/** What is known of a task when its pace is chosen; null where nothing is. */
export interface Hints {
  readonly serviceTier: string | null;
  readonly model: string | null;
  readonly resolution: string | null;
  readonly durationMs: number | null;
}

/** What is known of no task in particular. */
export const noHints: Hints = { serviceTier: null, model: null, resolution: null, durationMs: null };

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
  /** null: longer, and it does not say how much. */
  readonly time: { readonly min: number; readonly max: number } | null;
  readonly price: number;
}
