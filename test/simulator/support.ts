/**
 * A simulator whose time stands still until a test moves it, and short ways to ask it. Stopped after each test.
 */
import { startSimulator } from 'rx-seedance/simulator';
import type { SimulatedProvider, Simulator, SimulatorOptions } from 'rx-seedance/simulator';
import { onTestFinished, vi } from 'vitest';
import type { TaskRef } from '../../src/task/snapshot.js';

export const bornAtMs = Date.UTC(2026, 9, 5, 12, 0, 0);
export const bornAt = bornAtMs / 1000;

/** What a JSON answer holds, as far as a test looks. */
export type Body = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Throws for what is no JSON. */
  readonly body: () => Body;
}

const tasksPaths: Readonly<Record<SimulatedProvider, string>> = {
  ark: '/contents/generations/tasks',
  powertokens: '/contents/generations/tasks',
  yescale: '/seedance/generations',
  kyyaipower: '/v1/result',
  xingchao: '/v1/result',
  anyfast: '/v1/video/generations',
};

export const request = async (url: string, init: RequestInit = {}): Promise<Reply> => {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: () => JSON.parse(text) };
};

/** A test's own simulator, and its hands. */
export interface Bench {
  readonly simulator: Simulator;
  /** Lets time pass, in ms: of the simulator's own clock, in real time under `benchAtSpeed`. */
  readonly pass: (ms: number) => void;
  /** A request to a provider, below its base URL, with its key. */
  readonly call: (provider: SimulatedProvider, path: string, init?: RequestInit) => Promise<Reply>;
  /** One question about one task. */
  readonly ask: (task: TaskRef<SimulatedProvider>) => Promise<Reply>;
  /** Where that question goes. */
  readonly urlOf: (task: TaskRef<SimulatedProvider>) => string;
}

const handsOf = (simulator: Simulator, pass: Bench['pass']): Bench => {
  onTestFinished(() => simulator.stop());
  const urlOf = ({ provider, id }: TaskRef<SimulatedProvider>) =>
    `${simulator.baseUrl(provider)}${tasksPaths[provider]}/${encodeURIComponent(id)}`;
  const authorization = (provider: SimulatedProvider) => ({ authorization: `Bearer ${simulator.apiKey(provider)}` });
  return {
    simulator,
    pass,
    call: (provider, path, init = {}) =>
      request(simulator.baseUrl(provider) + path, { headers: authorization(provider), ...init }),
    ask: (task) => request(urlOf(task), { headers: authorization(task.provider) }),
    urlOf,
  };
};

export const bench = async (options: SimulatorOptions = {}): Promise<Bench> => {
  let now = bornAtMs;
  const simulator = await startSimulator({ clock: () => now, ...options });
  return handsOf(simulator, (ms) => {
    now += ms;
  });
};

/** A simulator on the clock that `speed` sets. Real time stands still until the test moves it, and the sockets do not notice. */
export const benchAtSpeed = async (speed: number, options: SimulatorOptions = {}): Promise<Bench> => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return handsOf(await startSimulator({ speed, ...options }), (ms) => void vi.advanceTimersByTime(ms));
};

/** The value at the end of a path of keys. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Body | null)?.[key], value);
