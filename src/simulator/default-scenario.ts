/**
 * Fills in the missing fields of a scenario from a provider's documentation. The caller passes the random draws.
 */
import { outcomes } from './scenario.js';
import type { Outcome, SimulatedFailure, Scenario } from './scenario.js';

/** What a provider's documentation says about an ordinary task. */
export interface TaskDefaults {
  readonly model: (resolution: string) => string;
  /** The shortest and the longest time from creation to the end on the default tier, in ms. */
  readonly timeMs: (model: string, resolution: string, durationMs: number) => readonly [min: number, max: number];
}

/** The longest video of a scenario. */
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
      throw new RangeError(`${field} must be finite and ≥ 0; it is ${scenario[field]}`);
    }
  }
  if (!(scenario.durationMs > 0 && scenario.durationMs <= maxDurationMs)) {
    throw new RangeError(`durationMs must be > 0 and ≤ ${maxDurationMs}; it is ${scenario.durationMs}`);
  }
  return scenario;
};

/**
 * The complete scenario of a task.
 *
 * @param fields the fields that are already set
 * @param draw   a random number from 0 to 1 for each missing field
 * Throws `RangeError` for a field out of range.
 */
export const fillScenario = (defaults: TaskDefaults, fields: Partial<Scenario>, draw: (of: string) => number): Scenario => {
  const { outcome = 'succeeds', resolution = '720p', durationMs = 5000, serviceTier = 'default', ultra = false } = fields;
  const { model = defaults.model(resolution), failure = failureOf(outcome) } = fields;
  const [minMs, maxMs] = defaults.timeMs(model, resolution, durationMs);
  // Every provider that documents flex gives two to three times the default time.
  const tier = serviceTier === 'flex' ? 2 + draw('tier') : 1;
  const totalMs = Math.round((minMs + draw('time') * (maxMs - minMs)) * tier);
  const { queueMs = Math.round(totalMs * (0.05 + 0.15 * draw('queue'))) } = fields;
  const { runMs = Math.max(0, totalMs - queueMs) } = fields;
  return checkScenario({ outcome, queueMs, runMs, model, resolution, durationMs, serviceTier, ultra, failure });
};

/**
 * A scenario with some of its fields changed. A new outcome also sets its default failure.
 *
 * Throws `RangeError` for a field out of range.
 */
export const changeScenario = (scenario: Scenario, changes: Partial<Scenario>): Scenario =>
  checkScenario({ ...scenario, ...(changes.outcome !== undefined && { failure: failureOf(changes.outcome) }), ...changes });
