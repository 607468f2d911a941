/**
 * What becomes of a task, and when: pure functions of a scenario and of the time gone by. Knows no clock, no HTTP and no provider.
 *
 *     time      0        queueMs          queueMs + runMs
 *     succeeds  queued---running----------succeeded
 *     cancelled queued---cancelled
 *     stalls    queued---running-------------------------
 */

/** Every outcome that a task can have. */
export const outcomes = [
  'succeeds',
  'fails',
  'moderated',
  'cancelled',
  'expires',
  'unknown-status',
  'disappears',
  'stalls',
] as const;

/**
 * How a task ends: with a video; with an internal error; withheld by moderation; cancelled in the queue; given up by the
 * provider; with a word that no documentation knows; forgotten by the provider; never.
 */
export type Outcome = (typeof outcomes)[number];

/** What a failed task says of itself. */
export interface SimulatedFailure {
  readonly code: string;
  readonly message: string;
}

/** What becomes of one task. Durations are in simulated time. */
export interface Scenario {
  readonly outcome: Outcome;
  /** How long it waits, in ms. */
  readonly queueMs: number;
  /** How long it runs after that, in ms. */
  readonly runMs: number;
  readonly model: string;
  /** What the viewer gets, such as `720p`. */
  readonly resolution: string;
  /** The length of the video, in ms: up to a minute. */
  readonly durationMs: number;
  /** Such as `default` or `flex`. */
  readonly serviceTier: string;
  /** Whether it is enhanced after generation. AnyFast alone knows such tasks. */
  readonly ultra: boolean;
  /** What is said if the provider tells this outcome as a failure. */
  readonly failure: SimulatedFailure;
}

/** Where a task stands. `gone` means that the provider has no record of it. */
export type Phase = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'unknown' | 'gone';

/** One moment in a task's life, in ms since its creation. */
export interface Moment {
  readonly phase: Phase;
  /** How much of the phase is over, 0 to 1; 1 after the end. */
  readonly done: number;
  readonly startedAfterMs: number | null;
  readonly endedAfterMs: number | null;
}

const lastPhases: Readonly<Record<Outcome, Phase>> = {
  succeeds: 'succeeded',
  fails: 'failed',
  moderated: 'failed',
  cancelled: 'cancelled',
  expires: 'expired',
  'unknown-status': 'unknown',
  disappears: 'gone',
  stalls: 'running',
};

const share = (part: number, whole: number): number => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 1);

/**
 * Where a task stands under a scenario.
 *
 * @param elapsedMs the provider's time since creation, in ms; negative counts as none
 * @example momentOf(scenario, scenario.queueMs).phase // 'running'
 */
export const momentOf = ({ outcome, queueMs, runMs }: Scenario, elapsedMs: number): Moment => {
  if (elapsedMs < queueMs) return { phase: 'queued', done: share(elapsedMs, queueMs), startedAfterMs: null, endedAfterMs: null };
  const startedAfterMs = outcome === 'cancelled' ? null : queueMs;
  const endedAfterMs = outcome === 'cancelled' ? queueMs : queueMs + runMs;
  if (outcome === 'stalls' || elapsedMs < endedAfterMs) {
    return { phase: 'running', done: share(elapsedMs - queueMs, runMs), startedAfterMs, endedAfterMs: null };
  }
  return { phase: lastPhases[outcome], done: 1, startedAfterMs, endedAfterMs };
};
