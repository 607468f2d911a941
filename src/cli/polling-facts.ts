/**
 * The waits of the default polling policy and the expected times of a provider's tasks, sampled from its functions for the kinds of task that
 * the documentation of providers tells apart. Pure.
 */
import { watchConfig } from '../state/watch-config.js';
import { isEqual, type TaskSnapshot } from '../task/snapshot.js';
import { noHints, type Pacing, type TaskHints, type TimeRange } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import { noSettings } from '../wire/reading.js';

/** A model of each series. */
const models: Readonly<Record<string, string | null>> = { 1.5: 'seedance_1_5_pro', '2.0': 'seedance_2_0', other: null };
const series = ['1.5', '2.0', 'other'];
const resolutions = ['480p', '720p', '1080p'];
const durationsMs = [5_000, 10_000, 15_000, 30_000];

/** The service tiers of a provider, the default first. */
export const tiersOf = ({ tierFactors }: Provider): readonly string[] => ['default', ...Object.keys(tierFactors)];

/** The expected time of some tasks. A null list means that the time does not depend on it. */
export interface ExpectedTime {
  /** `other` is a model of neither series. */
  readonly series: readonly string[] | null;
  readonly resolutions: readonly string[] | null;
  readonly durationsMs: readonly number[] | null;
  /** From creation to end, by service tier; null when undocumented. */
  readonly byTier: Readonly<Record<string, TimeRange | null>>;
}

/** The expected times of a provider's tasks, one row for each that differs. */
export const expectedTimesOf = (provider: Provider): readonly ExpectedTime[] => {
  const byTier = (hints: TaskHints): ExpectedTime['byTier'] =>
    Object.fromEntries(tiersOf(provider).map((serviceTier) => [serviceTier, provider.expectedTimeMs({ ...hints, serviceTier })]));
  const bySeries = grouped(series, (name) =>
    grouped(resolutions, (resolution) =>
      grouped(durationsMs, (durationMs) => byTier({ ...noHints, model: models[name] ?? null, resolution, durationMs }))));
  return bySeries.flatMap((one) => one.result.flatMap((two) => two.result.map(({ values, result }) => (
    { series: one.values, resolutions: two.values, durationsMs: values, byTier: result }
  ))));
};

/** The values in groups with the same result. A single group has null: the result does not depend on the value. */
const grouped = <V, R>(values: readonly V[], resultOf: (value: V) => R): readonly { readonly values: readonly V[] | null; readonly result: R }[] => {
  const groups: { values: V[] | null; readonly result: R }[] = [];
  for (const value of values) {
    const result = resultOf(value);
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.result, result)) last.values?.push(value);
    else groups.push({ values: [value], result });
  }
  const [only, ...others] = groups;
  if (only !== undefined && others.length === 0) only.values = null;
  return groups;
};

/** The waits of the default policy for one kind of task, the shortest and the longest of each phase. */
export interface PollingSchedule {
  /** `default`, another service tier, or `480p`. */
  readonly kind: string;
  readonly pacing: Pacing;
  /** While the task is queued, and while it runs without an expected time. */
  readonly queued: TimeRange;
  /** While the task runs; null when its expected time is unknown. */
  readonly running: {
    /** Before it can have ended. */
    readonly beforeEnd: TimeRange;
    /** While its end is expected. */
    readonly aroundEnd: TimeRange;
    /** After it should have ended. */
    readonly afterEnd: TimeRange;
  } | null;
}

/** The default schedule, and those of the kinds of task that have another. */
export const schedulesOf = (provider: Provider): readonly PollingSchedule[] => {
  const kinds = [...tiersOf(provider).map((serviceTier) => [serviceTier, { serviceTier }] as const), ['480p', { resolution: '480p' }] as const];
  const [own, ...others] = kinds.map(([kind, hints]) => scheduleOf(provider, kind, { ...noHints, ...hints }));
  return own === undefined ? [] : [own, ...others.filter((other) => !isEqual({ ...other, kind: own.kind }, own))];
};

const scheduleOf = (provider: Provider, kind: string, hints: TaskHints): PollingSchedule => {
  const pacing = provider.pacing(hints);
  const tasks = series.flatMap((name) => resolutions.flatMap((resolution) => durationsMs.map((durationMs): TaskHints => (
    { ...hints, model: models[name] ?? null, resolution: hints.resolution ?? resolution, durationMs }
  )))).filter((task) => isEqual(provider.pacing(task), pacing));
  const phases = tasks.flatMap((task) => {
    const expected = provider.expectedTimeMs(task);
    if (expected === null) return [];
    const { minMs, maxMs } = expected;
    const waits = (...elapsedMs: readonly number[]): TimeRange => waitsOf(provider, task, 'running', elapsedMs);
    return [{ beforeEnd: waits(...everySecond(minMs)), aroundEnd: waits(minMs, maxMs), afterEnd: waits(maxMs, maxMs + dayMs) }];
  });
  const phase = (name: keyof NonNullable<PollingSchedule['running']>): TimeRange => rangeOf(phases.flatMap(({ [name]: { minMs, maxMs } }) => [minMs, maxMs]));
  return {
    kind,
    pacing,
    // The first wait has a range of its own.
    queued: waitsOf(provider, hints, 'queued', [0, 1_000, dayMs]),
    running: phases.length === 0 ? null : { beforeEnd: phase('beforeEnd'), aroundEnd: phase('aroundEnd'), afterEnd: phase('afterEnd') },
  };
};

const dayMs = 86_400_000;

const everySecond = (toMs: number): readonly number[] => Array.from({ length: Math.ceil(toMs / 1_000) }, (_, second) => second * 1_000);

/** The least and the greatest jitter. */
const jitters = [0, 1 - Number.EPSILON];

/** The shortest and the longest wait of the default policy at some times, in ms of whole seconds. */
const waitsOf = (provider: Provider, hints: TaskHints, status: 'queued' | 'running', elapsedMs: readonly number[]): TimeRange => {
  const { interval } = watchConfig(provider, { expected: hints });
  const latest = { status, model: null, settings: noSettings } as TaskSnapshot; // the policy reads no other field
  return rangeOf(elapsedMs.flatMap((atMs) => jitters.flatMap((jitter) => {
    const wait = interval({ index: atMs === 0 ? 0 : 1, elapsedMs: atMs, nowMs: atMs, jitter, latest, runMs: status === 'running' ? atMs : null });
    return wait === 'stop' ? [] : [wait];
  })));
};

const rangeOf = (ms: readonly number[]): TimeRange => ({ minMs: wholeSeconds(Math.min(...ms)), maxMs: wholeSeconds(Math.max(...ms)) });

const wholeSeconds = (ms: number): number => Math.round(ms / 1_000) * 1_000;

/** The waits of the default policy after the first failed poll, and at most. */
export const retryWaitsOf = (provider: Provider): TimeRange => {
  const { retry } = watchConfig(provider);
  const waits = [0, 100].map((index) => retry({ index, elapsedMs: 0, nowMs: 0, jitter: 0, latest: null, runMs: null }));
  return rangeOf(waits.filter((wait) => wait !== 'stop'));
};
