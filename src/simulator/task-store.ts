/**
 * The tasks of all providers, and the view of each at the current time.
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

/** A task to start. Missing fields follow the provider's documentation and the seed. */
export interface Submission extends Partial<Scenario> {
  /** Default: a new id in the provider's format. */
  readonly id?: string;
  /** The body of the creation, which some providers echo in part. Default: a prompt. */
  readonly request?: Readonly<Record<string, unknown>>;
}

/** A task that was bought. */
export interface CreatedTask<P extends SimulatedProvider = SimulatedProvider> extends TaskRef<P> {
  readonly createdAtMs: number;
  /** The body of the creation. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** One task. */
export interface SimulatedTask extends CreatedTask {
  readonly scenario: Scenario;
}

/** All tasks. They are never removed, because a file outlives its task's record. */
export interface TaskStore {
  readonly submit: (provider: SimulatedProvider, submission: Submission) => SimulatedTask;
  /** The tasks of one provider or of all, in order of creation. */
  readonly created: <P extends SimulatedProvider>(provider?: P) => readonly CreatedTask<P>[];
  readonly find: (ref: TaskRef) => SimulatedTask | null;
  readonly reschedule: (task: SimulatedTask, changes: Partial<Scenario>) => void;
  /** The time since the creation, in ms. */
  readonly elapsedMs: (task: SimulatedTask) => number;
  /** The task at an instant, by default now; null when the provider has no record of it. */
  readonly view: (task: SimulatedTask, atMs?: number) => TaskView | null;
  /** The tasks that the provider has a record of, newest first. */
  readonly views: (provider: SimulatedProvider) => readonly TaskView[];
}

export interface TaskStoreOptions {
  readonly clock: () => number;
  readonly seed: number;
  /** The outcomes of submissions without one, by weight. */
  readonly outcomes: readonly (readonly [outcome: Outcome, weight: number])[];
  readonly link: (task: SimulatedTask, variant: FileVariant, signedAtMs: number) => string;
  /** Whether links are signed at each response instead of at the end of the task. */
  readonly freshLinks: boolean;
}

const defaultRequest = { content: [{ type: 'text', text: 'A paper boat sails down a gutter in the rain.' }] };

/** Ark's default expiry: two days. */
const expiresAfterMs = 172_800_000;

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** Creates an empty store. `submit` and `reschedule` throw `RangeError` for a scenario out of range, `submit` also for an id in use. */
export const createTaskStore = ({ clock, seed, outcomes, link, freshLinks }: TaskStoreOptions): TaskStore => {
  const tasks = new Map<string, SimulatedTask>();
  const counts = new Map<SimulatedProvider, number>();

  const elapsedMs = (task: SimulatedTask): number => clock() - task.createdAtMs;

  const view = (task: SimulatedTask, atMs = clock()): TaskView | null => {
    const { provider, id, createdAtMs, scenario, request } = task;
    const { phase, done, startedAfterMs, endedAfterMs } = momentOf(scenario, atMs - createdAtMs);
    const { recordLifeMs, cancelledRecordLifeMs } = sites[provider];
    const lifeMs = phase === 'cancelled' ? cancelledRecordLifeMs : recordLifeMs;
    if (phase === 'gone' || atMs - createdAtMs >= lifeMs) return null;
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
      link: (variant) => link(task, variant, freshLinks ? atMs : createdAtMs + (endedAfterMs ?? 0)),
    };
  };

  return {
    submit: (provider, { id, request = defaultRequest, ...fields }) => {
      if (id === '') throw new RangeError('id must not be empty');
      const count = counts.get(provider) ?? 0;
      counts.set(provider, count + 1);
      const draw = (of: string): number => fraction(seed, provider, count, of);
      const outcome = fields.outcome ?? weighted(outcomes, seed, provider, count, 'fate') ?? 'succeeds';
      const task: SimulatedTask = {
        provider,
        id: id ?? sites[provider].taskId(seed, count),
        createdAtMs: clock(),
        scenario: fillScenario(sites[provider], { ...fields, outcome }, draw),
        request,
      };
      if (tasks.has(taskKey(task))) throw new RangeError(`id must be new; ${provider} has a task ${task.id}`);
      tasks.set(taskKey(task), task);
      return task;
    },
    created: <P extends SimulatedProvider>(wanted?: P) =>
      [...tasks.values()].flatMap(({ provider, id, createdAtMs, request }) =>
        // Safe: without a wanted provider P is all of them.
        wanted === undefined || wanted === provider ? { provider: provider as P, id, createdAtMs, request } : []),
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
