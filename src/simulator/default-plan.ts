/**
 * Fills up a plan with what a provider's documentation leads to expect. Pure: chance comes in from outside.
 */
import { fates } from './task-plan.js';
import type { Fate, PlannedFailure, TaskPlan } from './task-plan.js';

/** What a provider's documentation says of an ordinary task. */
export interface Habits {
  readonly model: (resolution: string) => string;
  /** From creation to the end, on the default tier: the shortest and the longest, in ms. */
  readonly timeMs: (model: string, resolution: string, durationMs: number) => readonly [min: number, max: number];
}

/** The longest video that a plan may ask for. */
const maxDurationMs = 60_000;

const failures: Partial<Record<Fate, PlannedFailure>> = {
  moderated: {
    code: 'OutputVideoSensitiveContentDetected.PolicyViolation',
    message: 'The video is withheld, it may show sensitive content.',
  },
  expires: { code: 'TaskTimeout', message: 'Task timeout, the video was not ready in time.' },
  cancelled: { code: 'TaskCancelled', message: 'Task cancelled on request.' },
};
const internalError: PlannedFailure = { code: 'InternalServiceError', message: 'The model stopped on an internal error.' };

const failureOf = (fate: Fate): PlannedFailure => failures[fate] ?? internalError;

const checkPlan = (plan: TaskPlan): TaskPlan => {
  if (!fates.includes(plan.fate)) throw new RangeError(`fate must be one of ${fates.join(', ')}; it is ${plan.fate}`);
  for (const field of ['queueMs', 'runMs'] as const) {
    if (!(plan[field] >= 0 && Number.isFinite(plan[field]))) {
      throw new RangeError(`${field} must be a finite number from 0; it is ${plan[field]}`);
    }
  }
  if (!(plan.durationMs > 0 && plan.durationMs <= maxDurationMs)) {
    throw new RangeError(`durationMs must be above 0 and at most ${maxDurationMs}; it is ${plan.durationMs}`);
  }
  return plan;
};

/**
 * The whole plan of a task.
 *
 * @param wishes the fields that are settled already
 * @param luck   a draw from 0 to 1 for each thing left open
 * Errors: `RangeError` for a field out of range.
 */
export const fillPlan = (habits: Habits, wishes: Partial<TaskPlan>, luck: (of: string) => number): TaskPlan => {
  const { fate = 'succeeds', resolution = '720p', durationMs = 5000, serviceTier = 'default', ultra = false } = wishes;
  const { model = habits.model(resolution), failure = failureOf(fate) } = wishes;
  const [minMs, maxMs] = habits.timeMs(model, resolution, durationMs);
  // Every provider that documents flex says two to three times the time.
  const tier = serviceTier === 'flex' ? 2 + luck('tier') : 1;
  const totalMs = Math.round((minMs + luck('time') * (maxMs - minMs)) * tier);
  const { queueMs = Math.round(totalMs * (0.05 + 0.15 * luck('queue'))) } = wishes;
  const { runMs = Math.max(0, totalMs - queueMs) } = wishes;
  return checkPlan({ fate, queueMs, runMs, model, resolution, durationMs, serviceTier, ultra, failure });
};

/**
 * A plan with some of its fields changed. A new fate brings its own failure along.
 *
 * Errors: `RangeError` for a field out of range.
 */
export const changePlan = (plan: TaskPlan, changes: Partial<TaskPlan>): TaskPlan =>
  checkPlan({ ...plan, ...(changes.fate !== undefined && { failure: failureOf(changes.fate) }), ...changes });
