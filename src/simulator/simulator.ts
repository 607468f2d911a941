/**
 * One server that simulates six providers: their paths, keys, bodies, statuses and errors, over real HTTP on loopback.
 * Every decision is a function of the seed, the clock and the request. Only callbacks use timers.
 */
import { randomBytes } from 'node:crypto';
import type { TaskRef } from '../task/snapshot.js';
import { createFaults, faultKinds, isCreationFault } from './faults.js';
import type { FaultKind } from './faults.js';
import { createCallbacks } from './callbacks.js';
import type { CallbackEntry } from './callbacks.js';
import { createHandler } from './handler.js';
import { createLinks } from './links.js';
import { resolveOptions, resolveRateLimit } from './options.js';
import type { SimulatedRateLimit, SimulatorOptions } from './options.js';
import { createRateLimiter } from './rate-limiter.js';
import { createRequestLog } from './request-log.js';
import type { RequestEntry } from './request-log.js';
import { filePath } from './routes.js';
import { listen } from './server.js';
import { isSimulatedProvider, simulatedProviders, sites } from './sites.js';
import type { Site, SimulatedProvider } from './sites.js';
import type { Scenario } from './scenario.js';
import { createTaskStore } from './task-store.js';
import type { CreatedTask, SimulatedTask, Submission, TaskStore } from './task-store.js';

/** A running simulator. */
export interface Simulator {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The `baseUrl` for an account of a provider. */
  readonly baseUrl: (provider: SimulatedProvider) => string;
  /** The first key that a provider accepts. */
  readonly apiKey: (provider: SimulatedProvider) => string;
  /** Starts a task without an HTTP request. */
  readonly submit: <P extends SimulatedProvider>(provider: P, submission?: Submission) => TaskRef<P>;
  /** All tasks in order of creation, or those of one provider: submitted and created over HTTP, also those that are deleted by now. */
  readonly tasks: <P extends SimulatedProvider = SimulatedProvider>(provider?: P) => readonly CreatedTask<P>[];
  /** The scenario of a task: its outcome and its times. */
  readonly scenario: (task: TaskRef) => Scenario;
  /** Changes the scenario of a task. Its times still count from the creation of the task. */
  readonly reschedule: (task: TaskRef, changes: Partial<Scenario>) => void;
  /**
   * Injects a fault into the next polls or downloads of a provider or of one task, or into the next creations of a provider.
   *
   * @param times default: 1
   */
  readonly fault: (target: SimulatedProvider | TaskRef, kind: FaultKind, times?: number) => void;
  /** Limits the requests of each API key from now on, counting from zero; null lifts the limit. */
  readonly setRateLimit: (limit: SimulatedRateLimit | null) => void;
  /** How often a task was polled by a request of its own, with or without success. Lists do not count. */
  readonly polls: (task: TaskRef) => number;
  /** The requests, oldest first: at least the last 100,000. */
  readonly requests: readonly RequestEntry[];
  /** The callbacks that were sent, oldest first. */
  readonly callbacks: readonly CallbackEntry[];
  /** Closes every connection and frees the port. Tasks stay, and the clock keeps running. */
  readonly stop: () => Promise<void>;
  /** Stops if it runs, then listens on the same port again. Tasks, faults and the rate limit stay. */
  readonly restart: () => Promise<void>;
}

const siteOf = (provider: string): Site => {
  if (!isSimulatedProvider(provider)) {
    throw new RangeError(`provider must be one of ${simulatedProviders.join(', ')}; it is ${provider}`);
  }
  return sites[provider];
};

/**
 * Starts a simulator on loopback.
 *
 * Rejects with a `RangeError` or `TypeError` for an invalid option, and with Node's own error when the port is in use.
 * @example
 * const simulator = await startSimulator({ speed: 60 });
 * const task = simulator.submit('anyfast', { outcome: 'fails' });
 */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const settings = resolveOptions(options);
  const { clock, seed, outcomes, keys, linkLifeMs, freshLinks } = settings;
  const log = createRequestLog();
  const faults = createFaults(seed, settings.faults, settings.creationFaults);
  const limiter = createRateLimiter(settings.rateLimit);
  const links = createLinks(randomBytes(32).toString('hex'));

  const store = createTaskStore({
    clock,
    seed,
    outcomes,
    freshLinks,
    link: (task, variant, signedAtMs) => {
      const form = task.provider === 'anyfast' && task.scenario.ultra && variant === 'video' ? 'auth-key' : 'tos';
      const lifeMs = linkLifeMs ?? sites[task.provider].linkLifeMs;
      return url + links.sign(form, filePath(task, variant), signedAtMs, lifeMs);
    },
  });

  const callbacks = createCallbacks({ clock, speed: settings.speed, seed, rates: settings.callbacks, tasks: store });
  const tasks: TaskStore = {
    ...store,
    submit: (provider, submission) => {
      const task = store.submit(provider, submission);
      callbacks.follow(task);
      return task;
    },
    reschedule: (task, changes) => {
      store.reschedule(task, changes);
      callbacks.reschedule();
    },
  };

  const found = (task: TaskRef): SimulatedTask => {
    siteOf(task.provider);
    const known = tasks.find(task);
    if (known === null) throw new RangeError(`task must be a submitted task; it is ${task.provider}/${task.id}`);
    return known;
  };

  const handle = createHandler({ settings, tasks, faults, limiter, links, log });
  let server = await listen(settings.port, handle);
  const { port } = server;
  const stop = (): Promise<void> => {
    callbacks.stop();
    return server.close();
  };
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    baseUrl: (provider) => url + siteOf(provider).base,
    apiKey: (provider) => {
      siteOf(provider);
      return keys[provider][0];
    },
    submit: (provider, submission = {}) => {
      siteOf(provider);
      const { id } = tasks.submit(provider, submission);
      return { provider, id };
    },
    tasks: (provider) => {
      if (provider !== undefined) siteOf(provider);
      return tasks.created(provider);
    },
    scenario: (task) => found(task).scenario,
    reschedule: (task, changes) => tasks.reschedule(found(task), changes),
    fault: (target, kind, times = 1) => {
      siteOf(typeof target === 'string' ? target : target.provider);
      if (!faultKinds.includes(kind)) throw new RangeError(`kind must be one of ${faultKinds.join(', ')}; it is ${kind}`);
      if (!(Number.isSafeInteger(times) && times > 0)) throw new RangeError(`times must be an integer ≥ 1; it is ${times}`);
      if (typeof target !== 'string' && isCreationFault(kind)) throw new RangeError(`target must be a provider for ${kind}`);
      faults.inject(target, kind, times);
    },
    setRateLimit: (limit) => limiter.set(limit === null ? null : resolveRateLimit(limit)),
    polls: log.polls,
    requests: log.entries,
    callbacks: callbacks.entries,
    stop,
    restart: async () => {
      await stop();
      server = await listen(port, handle);
      callbacks.start();
    },
  };
};
