/**
 * Scenarios: the outcome of a task and its times, and the phase of a task at a time.
 *
 *     time      0        queueMs          queueMs + runMs
 *     succeeds  queued---running----------succeeded
 *     cancelled queued---cancelled
 *     stalls    queued---running-------------------------
 */

/** All outcomes of a task. */
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
 * How a task ends: with a video; with an internal error; rejected by moderation; cancelled in the queue; expired; with an
 * undocumented status; deleted by the provider; never.
 */
export type Outcome = (typeof outcomes)[number];

/** The error of a failed task. */
export interface SimulatedFailure {
  readonly code: string;
  readonly message: string;
}

/** The outcome of one task, its times and its video. Durations are in simulated time. */
export interface Scenario {
  readonly outcome: Outcome;
  /** The time in the queue, in ms. */
  readonly queueMs: number;
  /** The running time after that, in ms. */
  readonly runMs: number;
  readonly model: string;
  /** The resolution of the video, such as `720p`. */
  readonly resolution: string;
  /** The length of the video, in ms: up to a minute. */
  readonly durationMs: number;
  /** Such as `default` or `flex`. */
  readonly serviceTier: string;
  /** Whether the video is enhanced after generation. Only AnyFast has such tasks. */
  readonly ultra: boolean;
  /** The error, if the provider reports this outcome as a failure. */
  readonly failure: SimulatedFailure;
}

/** The phase of a task. `gone` means that the provider has no record of it. */
export type Phase = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'unknown' | 'gone';

/** A task at one moment. Times are in ms since its creation. */
export interface Moment {
  readonly phase: Phase;
  /** The progress of the phase, 0 to 1; 1 after the end. */
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

const ratio = (part: number, whole: number): number => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 1);

/**
 * A task at a time under a scenario.
 *
 * @param elapsedMs the time since creation, in ms; negative counts as 0
 * @example momentOf(scenario, scenario.queueMs).phase // 'running'
 */
export const momentOf = ({ outcome, queueMs, runMs }: Scenario, elapsedMs: number): Moment => {
  if (elapsedMs < queueMs) return { phase: 'queued', done: ratio(elapsedMs, queueMs), startedAfterMs: null, endedAfterMs: null };
  const startedAfterMs = outcome === 'cancelled' ? null : queueMs;
  const endedAfterMs = outcome === 'cancelled' ? queueMs : queueMs + runMs;
  if (outcome === 'stalls' || elapsedMs < endedAfterMs) {
    return { phase: 'running', done: ratio(elapsedMs - queueMs, runMs), startedAfterMs, endedAfterMs: null };
  }
  return { phase: lastPhases[outcome], done: 1, startedAfterMs, endedAfterMs };
};
