/**
 * A simulator whose clock a test advances by hand, with short ways to send requests. It stops after each test.
 */
import { startSimulator } from 'rx-seedance/simulator';
import type { SimulatedProvider, Simulator, SimulatorOptions } from 'rx-seedance/simulator';
import { onTestFinished, vi } from 'vitest';
import type { TaskRef } from '../../src/task/snapshot.js';

export const startAtMs = Date.UTC(2026, 9, 5, 12, 0, 0);
export const startAt = startAtMs / 1000;

/** The body of a JSON response. */
export type Body = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Throws unless the body is JSON. */
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

export const createPaths: Readonly<Record<SimulatedProvider, string>> = {
  ...tasksPaths,
  kyyaipower: '/v1/seedance/videos',
  xingchao: '/v1/kyyvideo2/videos',
};

/** The documented body of a creation, as JSON, with more fields. */
export const creationBody = (provider: SimulatedProvider, fields: Body = {}): string => {
  const prompt = 'A kite over the sea';
  return JSON.stringify({ model: 'a-model', ...(provider === 'xingchao' ? { prompt } : { content: [{ type: 'text', text: prompt }] }), ...fields });
};

export const request = async (url: string, init: RequestInit = {}): Promise<Reply> => {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: () => JSON.parse(text) };
};

/** The simulator of one test, with helpers. */
export interface TestSimulator {
  readonly simulator: Simulator;
  /** Advances the simulator's clock, or real time under `setUpAtSpeed`, in ms. */
  readonly advance: (ms: number) => void;
  /** Sends a request to a provider, with its key. The path is below its base URL. */
  readonly call: (provider: SimulatedProvider, path: string, init?: RequestInit) => Promise<Reply>;
  /** Creates a task by the provider's documented path and body, with more fields. */
  readonly create: (provider: SimulatedProvider, fields?: Body) => Promise<Reply>;
  /** Polls one task. */
  readonly poll: (task: TaskRef<SimulatedProvider>) => Promise<Reply>;
  /** The URL of that poll. */
  readonly urlOf: (task: TaskRef<SimulatedProvider>) => string;
}

const helpersOf = (simulator: Simulator, advance: TestSimulator['advance']): TestSimulator => {
  onTestFinished(() => simulator.stop());
  const urlOf = ({ provider, id }: TaskRef<SimulatedProvider>) =>
    `${simulator.baseUrl(provider)}${tasksPaths[provider]}/${encodeURIComponent(id)}`;
  const authorization = (provider: SimulatedProvider) => ({ authorization: `Bearer ${simulator.apiKey(provider)}` });
  return {
    simulator,
    advance,
    call: (provider, path, init = {}) =>
      request(simulator.baseUrl(provider) + path, { headers: authorization(provider), ...init }),
    create: (provider, fields) =>
      request(simulator.baseUrl(provider) + createPaths[provider], { method: 'POST', headers: authorization(provider), body: creationBody(provider, fields) }),
    poll: (task) => request(urlOf(task), { headers: authorization(task.provider) }),
    urlOf,
  };
};

export const setUp = async (options: SimulatorOptions = {}): Promise<TestSimulator> => {
  let now = startAtMs;
  const simulator = await startSimulator({ clock: () => now, ...options });
  return helpersOf(simulator, (ms) => {
    now += ms;
  });
};

/** A simulator on the clock that `speed` sets. The test advances real time; sockets work as usual. */
export const setUpAtSpeed = async (speed: number, options: SimulatorOptions = {}): Promise<TestSimulator> => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return helpersOf(await startSimulator({ speed, ...options }), (ms) => void vi.advanceTimersByTime(ms));
};

/** The value at a path of keys. */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Body | null)?.[key], value);
