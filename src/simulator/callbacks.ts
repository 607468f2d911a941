/**
 * Callbacks: a POST to the `callback_url` of a creation at each change of status.
 * Source: the API reference of Volcengine Ark (create): the body is that of a GET, a callback without a response within 5 s is repeated
 * up to 3 times, and there is no signature. It documents no wait before a repetition (here: 5 s after the callback before), and names
 * neither cancelled nor deleted tasks (here: no callback).
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { longestTimerMs } from '../checks.js';
import { taskKey } from '../task/snapshot.js';
import { fraction } from './random.js';
import { sites } from './sites.js';
import type { SimulatedProvider } from './sites.js';
import type { SimulatedTask, TaskStore } from './task-store.js';
import type { TaskView } from './task-view.js';

/** What goes wrong with callbacks: shares from 0 to 1, drawn from the seed, the task and its status. */
export interface CallbackRates {
  /** Never sent. Default: 0. */
  readonly loseRate?: number;
  /** Sent twice. Default: 0. */
  readonly doubleRate?: number;
  /** Sent after the next callback of the task. Default: 0. */
  readonly reorderRate?: number;
}

/** One callback that was sent, or that was left out. */
export interface CallbackEntry {
  /** When the response came or was given up, in ms of the simulator's clock. */
  readonly atMs: number;
  readonly provider: SimulatedProvider;
  readonly id: string;
  readonly url: string;
  /** The status that it reports. */
  readonly taskStatus: TaskView['phase'];
  /** 1 for the first, up to 4. */
  readonly attempt: number;
  /** The HTTP status of the response; null without a response. */
  readonly status: number | null;
  /** Why it was not sent: lost on purpose, or not to an `http` URL of this machine's loopback. */
  readonly skipped: 'lost' | 'not-loopback' | null;
}

/** Sends the callbacks of tasks. */
export interface Callbacks {
  /** What was sent, oldest first. */
  readonly entries: readonly CallbackEntry[];
  /** Sends the callbacks of a new task, if its request has a `callback_url` and its provider documents them. */
  readonly follow: (task: SimulatedTask) => void;
  /** Looks again when the next callback is due: after a scenario has changed. */
  readonly reschedule: () => void;
  /** Ends all timers and requests. Callbacks that become due meanwhile are sent after `start`. */
  readonly stop: () => void;
  readonly start: () => void;
}

export interface CallbackOptions {
  readonly clock: () => number;
  /** How much faster than real time the clock runs; null when unknown. */
  readonly speed: number | null;
  readonly seed: number;
  readonly rates: Required<CallbackRates>;
  readonly tasks: TaskStore;
}

/** A callback has this time for its response, and the next attempt leaves after it. */
const timeoutMs = 5_000;

/** How often a clock of unknown speed is read, in real time. */
const clockCheckMs = 10;

const told: readonly TaskView['phase'][] = ['queued', 'running', 'succeeded', 'failed', 'expired'];
const repeated: readonly TaskView['phase'][] = ['succeeded', 'failed'];
const repetitions = 3;

/** Only this machine's loopback: nothing may be reached through the simulator. */
const isLoopback = (url: string): boolean =>
  URL.canParse(url) && new URL(url).protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);

/** Sends one POST, and follows no redirect. Resolves with the HTTP status; null without a response. */
const post = (url: string, body: string, signal: AbortSignal): Promise<number | null> =>
  new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent: false, headers, signal }, (response) => {
      response.on('error', () => undefined).resume();
      resolve(response.statusCode ?? null);
    });
    sent.on('error', () => resolve(null)).end(body);
  });

/** A task whose callbacks are not all sent. */
interface Followed {
  readonly task: SimulatedTask;
  readonly url: string;
  /** The next change: 0 creation, 1 start, 2 end. */
  step: number;
  latest: TaskView['phase'] | null;
  /** A callback that waits for the next one. */
  held: readonly TaskView[];
  /** The callbacks of one task leave one after another. */
  queue: Promise<void>;
}

/** Creates the callbacks of a simulator. */
export const createCallbacks = ({ clock, speed, seed, rates, tasks }: CallbackOptions): Callbacks => {
  const entries: CallbackEntry[] = [];
  const followed = new Map<string, Followed>();
  let stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const realMs = (restMs: number): number => {
    if (restMs <= 0) return 0;
    return speed === null ? clockCheckMs : Math.min(Math.ceil(restMs / speed), longestTimerMs);
  };

  const until = async (dueAtMs: number, signal: AbortSignal): Promise<void> => {
    while (clock() < dueAtMs) await sleep(realMs(dueAtMs - clock()), undefined, { ref: false, signal });
  };

  const draw = ({ provider, id }: SimulatedTask, view: TaskView, of: keyof CallbackRates): boolean =>
    fraction(seed, provider, id, view.phase, of) < rates[of];

  const send = async ({ task, url }: Followed, view: TaskView, signal: AbortSignal): Promise<void> => {
    const { provider, id } = task;
    const note = (attempt: number, status: number | null, skipped: CallbackEntry['skipped'] = null): void =>
      void entries.push({ atMs: clock(), provider, id, url, taskStatus: view.phase, attempt, status, skipped });
    if (!isLoopback(url)) { note(1, null, 'not-loopback'); return; }
    if (draw(task, view, 'loseRate')) { note(1, null, 'lost'); return; }
    const body = JSON.stringify(sites[provider].dialect.task(view));
    const attempts = repeated.includes(view.phase) ? 1 + repetitions : 1;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      signal.throwIfAborted();
      const endsAtMs = clock() + timeoutMs;
      const done = new AbortController();
      const either = AbortSignal.any([signal, done.signal]);
      const status = await Promise.race([post(url, body, either), until(endsAtMs, either).then(() => null)]).finally(() => done.abort());
      signal.throwIfAborted();
      note(attempt, status);
      if (status !== null && status >= 200 && status < 300) return;
      if (attempt < attempts) await until(endsAtMs, signal);
    }
  };

  const enqueue = (one: Followed, views: readonly TaskView[]): void => {
    const { signal } = stopping;
    for (const view of views.flatMap((each) => (draw(one.task, each, 'doubleRate') ? [each, each] : [each]))) {
      // It fails only when the simulator stops.
      one.queue = one.queue.then(() => send(one, view, signal)).catch(() => undefined);
    }
  };

  /** The instant of the next change of a task. */
  const dueAtMs = ({ task, step }: Followed): number => {
    const { createdAtMs, scenario } = tasks.find(task) ?? task;
    return createdAtMs + (step > 0 ? scenario.queueMs : 0) + (step > 1 ? scenario.runMs : 0);
  };

  const change = (one: Followed): void => {
    const view = tasks.view(tasks.find(one.task) ?? one.task, dueAtMs(one));
    one.step += 1;
    const isTold = view !== null && told.includes(view.phase);
    const isOver = !isTold || one.step > 2;
    if (isOver) followed.delete(taskKey(one.task));
    const isNew = isTold && view.phase !== one.latest;
    if (isNew) one.latest = view.phase;
    if (isNew && !isOver && one.held.length === 0 && draw(one.task, view, 'reorderRate')) {
      one.held = [view];
    } else if (isNew || isOver) {
      enqueue(one, [...(isNew ? [view] : []), ...one.held]);
      one.held = [];
    }
  };

  const reschedule = (): void => {
    clearTimeout(timer);
    if (stopping.signal.aborted || followed.size === 0) return;
    const next = [...followed.values()].reduce((soonest, one) => Math.min(soonest, dueAtMs(one)), Number.POSITIVE_INFINITY);
    timer = setTimeout(() => {
      for (const [key, one] of followed) while (followed.has(key) && dueAtMs(one) <= clock()) change(one);
      reschedule();
    }, realMs(next - clock())).unref();
  };

  return {
    entries,
    follow: (task) => {
      const url = task.request.callback_url;
      if (!sites[task.provider].callbacks || typeof url !== 'string' || url === '') return;
      followed.set(taskKey(task), { task, url, step: 0, latest: null, held: [], queue: Promise.resolve() });
      reschedule();
    },
    reschedule,
    stop: () => {
      clearTimeout(timer);
      stopping.abort();
    },
    start: () => {
      stopping = new AbortController();
      reschedule();
    },
  };
};
