/**
 * The tasks of all providers, and what each looks like at a moment. Knows no HTTP; time comes from the clock it is given.
 */
import { taskKey } from '../task/snapshot.js';
import type { TaskRef } from '../task/snapshot.js';
import { changeScenario, fillScenario } from './default-scenario.js';
import { fraction, weighted } from './random.js';
import { sites } from './sites.js';
import type { SimulatedProvider } from './sites.js';
import { momentOf } from './scenario.js';
import type { Outcome, Scenario } from './scenario.js';
import type { FileVariant, TaskView } from './task-view.js';

/** What to start a task with. What is left out is filled up from the provider's documentation and the seed. */
export interface Submission extends Partial<Scenario> {
  /** Default: a new id of the provider's own form. */
  readonly id?: string;
  /** The creating request's body, which some providers echo in part. Default: a prompt. */
  readonly request?: Readonly<Record<string, unknown>>;
}

/** One task, whatever has become of it. */
export interface SimulatedTask {
  readonly provider: SimulatedProvider;
  readonly id: string;
  readonly createdAtMs: number;
  readonly scenario: Scenario;
  readonly request: Readonly<Record<string, unknown>>;
}

/** Where the tasks are kept. None is ever dropped: a file outlives its task's record. */
export interface TaskStore {
  readonly submit: (provider: SimulatedProvider, submission: Submission) => SimulatedTask;
  readonly find: (ref: TaskRef) => SimulatedTask | null;
  readonly reschedule: (task: SimulatedTask, changes: Partial<Scenario>) => void;
  /** The time since the creation, in ms. */
  readonly elapsedMs: (task: SimulatedTask) => number;
  /** The task as the provider tells it now; null when it has no record of it. */
  readonly view: (task: SimulatedTask) => TaskView | null;
  /** What the provider has a record of, newest first. */
  readonly views: (provider: SimulatedProvider) => readonly TaskView[];
}

export interface TaskStoreOptions {
  readonly clock: () => number;
  readonly seed: number;
  /** By weight; for submissions that name no outcome. */
  readonly outcomes: readonly (readonly [outcome: Outcome, weight: number])[];
  readonly link: (task: SimulatedTask, variant: FileVariant, signedAtMs: number) => string;
  /** Whether links are signed when they are told, not when their task ended. */
  readonly freshLinks: boolean;
}

const defaultRequest = { content: [{ type: 'text', text: 'A paper boat sails down a gutter in the rain.' }] };

/** Ark's own threshold: two days. */
const expiresAfterMs = 172_800_000;

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** An empty store. Errors: `submit` and `reschedule` throw a `RangeError` for a scenario out of range, `submit` for an id in use. */
export const createTaskStore = ({ clock, seed, outcomes, link, freshLinks }: TaskStoreOptions): TaskStore => {
  const tasks = new Map<string, SimulatedTask>();
  const counts = new Map<SimulatedProvider, number>();

  const elapsedMs = (task: SimulatedTask): number => clock() - task.createdAtMs;

  const view = (task: SimulatedTask): TaskView | null => {
    const { provider, id, createdAtMs, scenario, request } = task;
    const { phase, done, startedAfterMs, endedAfterMs } = momentOf(scenario, elapsedMs(task));
    const { recordLifeMs, cancelledRecordLifeMs } = sites[provider];
    const lifeMs = phase === 'cancelled' ? cancelledRecordLifeMs : recordLifeMs;
    if (phase === 'gone' || clock() - createdAtMs >= lifeMs) return null;
    const instant = (afterMs: number | null): number | null => (afterMs === null ? null : seconds(createdAtMs + afterMs));
    return {
      id,
      scenario,
      phase,
      done,
      request,
      createdAt: seconds(createdAtMs),
      startedAt: instant(startedAfterMs),
      endedAt: instant(endedAfterMs),
      expiresAfterSeconds:
        scenario.outcome === 'expires' ? Math.ceil((scenario.queueMs + scenario.runMs) / 1000) : seconds(expiresAfterMs),
      link: (variant) => link(task, variant, freshLinks ? clock() : createdAtMs + (endedAfterMs ?? 0)),
    };
  };

  return {
    submit: (provider, { id, request = defaultRequest, ...wishes }) => {
      if (id === '') throw new RangeError('id must not be empty');
      const count = counts.get(provider) ?? 0;
      counts.set(provider, count + 1);
      const luck = (of: string): number => fraction(seed, provider, count, of);
      const outcome = wishes.outcome ?? weighted(outcomes, seed, provider, count, 'fate') ?? 'succeeds';
      const task: SimulatedTask = {
        provider,
        id: id ?? sites[provider].taskId(seed, count),
        createdAtMs: clock(),
        scenario: fillScenario(sites[provider], { ...wishes, outcome }, luck),
        request,
      };
      if (tasks.has(taskKey(task))) throw new RangeError(`id must be new; ${provider} has a task ${task.id}`);
      tasks.set(taskKey(task), task);
      return task;
    },
    find: ({ provider, id }) => tasks.get(taskKey({ provider, id })) ?? null,
    reschedule: (task, changes) => {
      tasks.set(taskKey(task), { ...task, scenario: changeScenario(task.scenario, changes) });
    },
    elapsedMs,
    view,
    views: (provider) =>
      [...tasks.values()].reverse().flatMap((task) => (task.provider === provider ? (view(task) ?? []) : [])),
  };
};
