/**
 * Fills up a scenario with what a provider's documentation leads to expect. Pure: chance comes in from outside.
 */
import { outcomes } from './scenario.js';
import type { Outcome, SimulatedFailure, Scenario } from './scenario.js';

/** What a provider's documentation says of an ordinary task. */
export interface TaskDefaults {
  readonly model: (resolution: string) => string;
  /** From creation to the end, on the default tier: the shortest and the longest, in ms. */
  readonly timeMs: (model: string, resolution: string, durationMs: number) => readonly [min: number, max: number];
}

/** The longest video that a scenario may ask for. */
const maxDurationMs = 60_000;

const failures: Partial<Record<Outcome, SimulatedFailure>> = {
  moderated: {
    code: 'OutputVideoSensitiveContentDetected.PolicyViolation',
    message: 'The video is withheld, it may show sensitive content.',
  },
  expires: { code: 'TaskTimeout', message: 'Task timeout, the video was not ready in time.' },
  cancelled: { code: 'TaskCancelled', message: 'Task cancelled on request.' },
};
const internalError: SimulatedFailure = { code: 'InternalServiceError', message: 'The model stopped on an internal error.' };

const failureOf = (outcome: Outcome): SimulatedFailure => failures[outcome] ?? internalError;

const checkScenario = (scenario: Scenario): Scenario => {
  if (!outcomes.includes(scenario.outcome)) throw new RangeError(`outcome must be one of ${outcomes.join(', ')}; it is ${scenario.outcome}`);
  for (const field of ['queueMs', 'runMs'] as const) {
    if (!(scenario[field] >= 0 && Number.isFinite(scenario[field]))) {
      throw new RangeError(`${field} must be a finite number from 0; it is ${scenario[field]}`);
    }
  }
  if (!(scenario.durationMs > 0 && scenario.durationMs <= maxDurationMs)) {
    throw new RangeError(`durationMs must be above 0 and at most ${maxDurationMs}; it is ${scenario.durationMs}`);
  }
  return scenario;
};

/**
 * The whole scenario of a task.
 *
 * @param wishes the fields that are settled already
 * @param luck   a draw from 0 to 1 for each thing left open
 * Errors: `RangeError` for a field out of range.
 */
export const fillScenario = (defaults: TaskDefaults, wishes: Partial<Scenario>, luck: (of: string) => number): Scenario => {
  const { outcome = 'succeeds', resolution = '720p', durationMs = 5000, serviceTier = 'default', ultra = false } = wishes;
  const { model = defaults.model(resolution), failure = failureOf(outcome) } = wishes;
  const [minMs, maxMs] = defaults.timeMs(model, resolution, durationMs);
  // Every provider that documents flex says two to three times the time.
  const tier = serviceTier === 'flex' ? 2 + luck('tier') : 1;
  const totalMs = Math.round((minMs + luck('time') * (maxMs - minMs)) * tier);
  const { queueMs = Math.round(totalMs * (0.05 + 0.15 * luck('queue'))) } = wishes;
  const { runMs = Math.max(0, totalMs - queueMs) } = wishes;
  return checkScenario({ outcome, queueMs, runMs, model, resolution, durationMs, serviceTier, ultra, failure });
};

/**
 * A scenario with some of its fields changed. A new outcome brings its own failure along.
 *
 * Errors: `RangeError` for a field out of range.
 */
export const changeScenario = (scenario: Scenario, changes: Partial<Scenario>): Scenario =>
  checkScenario({ ...scenario, ...(changes.outcome !== undefined && { failure: failureOf(changes.outcome) }), ...changes });
