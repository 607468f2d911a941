/**
 * The two formulas for progress and remaining time. A forecast carries all they need, so a page that receives rows shows the same numbers
 * as the server.
 */
import type { TimeRange } from '../wire/facts.js';

/** When a task is expected to end, and the point from which its progress is extrapolated. Plain JSON. */
export interface Forecast {
  /** When the task was at `fromProgress`: when it began to run, or when its provider reported this progress. */
  readonly fromMs: number;
  /** 0 to 1. */
  readonly fromProgress: number;
  readonly earliestEndAtMs: number;
  readonly latestEndAtMs: number;
}

/** What the formulas read: a feed's row, or a watch state. */
export interface Progressing {
  readonly progress: number;
  readonly estimated: boolean;
  readonly forecast: Forecast | null;
}

/** The maximum progress of an unfinished task. */
export const maxUnfinished = 0.99;

/**
 * The progress at a moment, 0 to 1: between two polls an estimated progress moves on, a reported one stays. It never decreases, and is 1
 * once the task has finished or could not be followed.
 *
 * @param nowMs the time by the client's clock: `client.scheduler.now()`
 * @example bar.value = progressAt(row, Date.now())
 */
export const progressAt = ({ progress, estimated, forecast }: Progressing, nowMs: number): number =>
  forecast !== null && estimated ? Math.max(progress, Math.min(forecastAt(forecast, nowMs), maxUnfinished)) : progress;

/**
 * How much longer a task is expected to run, in ms: 0 once it has finished. Null while nothing is known: before it runs, without an
 * expected time, and once it runs longer than expected.
 *
 * @param nowMs the time by the client's clock: `client.scheduler.now()`
 * @example const left = remainingMs(row, Date.now()); // { minMs: 60_000, maxMs: 180_000 }
 */
export const remainingMs = ({ progress, forecast }: Progressing, nowMs: number): TimeRange | null => {
  if (progress === 1) return { minMs: 0, maxMs: 0 };
  if (forecast === null || nowMs >= forecast.latestEndAtMs) return null;
  return { minMs: Math.max(0, forecast.earliestEndAtMs - nowMs), maxMs: forecast.latestEndAtMs - nowMs };
};

/** The forecast by a clock that is ahead by `ms`. */
export const later = (forecast: Forecast | null, ms: number): Forecast | null =>
  forecast && {
    fromMs: forecast.fromMs + ms,
    fromProgress: forecast.fromProgress,
    earliestEndAtMs: forecast.earliestEndAtMs + ms,
    latestEndAtMs: forecast.latestEndAtMs + ms,
  };

/** The progress by a forecast: 0.9 of the way at the latest expected end, then more and more slowly. */
export const forecastAt = ({ fromMs, fromProgress, latestEndAtMs }: Forecast, nowMs: number): number => {
  const passedMs = nowMs - fromMs;
  const wholeMs = latestEndAtMs - fromMs;
  if (passedMs <= 0) return fromProgress;
  return fromProgress + (1 - fromProgress) * (passedMs < wholeMs ? (0.9 * passedMs) / wholeMs : 1 - (0.1 * wholeMs) / passedMs);
};

/**
 * The forecast after a response. A response with the same progress moves no expected end to later.
 *
 * @param reported the reported progress, or null
 * @param runMs    how long the task has run
 * @param expected the expected time of the whole run
 */
export const forecastAfter = (before: Forecast | null, reported: number | null, runMs: number, expected: TimeRange, nowMs: number): Forecast => {
  const fromProgress = reported ?? 0;
  const candidateMs = reported === null ? nowMs - runMs : nowMs;
  const fromMs = before?.fromProgress === fromProgress ? Math.min(before.fromMs, candidateMs) : candidateMs;
  const earliestEndAtMs = fromMs + (1 - fromProgress) * expected.minMs;
  const latestEndAtMs = fromMs + (1 - fromProgress) * expected.maxMs;
  const isSame = before?.fromMs === fromMs && before.earliestEndAtMs === earliestEndAtMs && before.latestEndAtMs === latestEndAtMs;
  return isSame && before.fromProgress === fromProgress ? before : { fromMs, fromProgress, earliestEndAtMs, latestEndAtMs };
};
