/**
 * `rx-seedance simulate`: runs a server that simulates every provider until it is stopped.
 */
import { writeFileSync } from 'node:fs';
import { firstValueFrom } from 'rxjs';
import type { TaskRef } from '../task/snapshot.js';
import { simulatedProviders, type Simulator, startSimulator } from '../simulator/index.js';
import type { SimulateArguments } from './arguments.js';
import type { Console } from './console.js';
import { baseUrlVariable, keyVariable } from './environment.js';
import { clockVariables } from './simulator-clock.js';
import { refText } from './task-refs.js';
import { fileError, orUsageError } from './usage-error.js';

/** Serves until a signal comes or stdout is closed. Gives the exit code. */
export const runSimulate = async ({ options, tasks, tasksFile }: SimulateArguments, { stdout, stderr, stopped }: Console): Promise<number> => {
  const { speed = 1 } = options;
  const simulator = await startSimulator(options).catch(asUsageError);
  try {
    const started = Array.from({ length: tasks }, (_, index) => submitTo(simulator, index));
    if (tasksFile !== null) writeList(tasksFile, started);
    environmentLines(simulator, speed).forEach(stdout.line);
    for (const task of started) stdout.line(`# task ${refText(task)}`);
    explanation(simulator, started, { speed, tasksFile }).forEach(stderr.line);
    await firstValueFrom(stopped);
  } finally {
    await simulator.stop();
  }
  return 0;
};

/** An invalid option is a usage error. A port in use is not. */
const asUsageError = (error: unknown): never => orUsageError(() => {
  throw error;
});

const submitTo = (simulator: Simulator, index: number): TaskRef =>
  simulator.submit(simulatedProviders[index % simulatedProviders.length] ?? simulatedProviders[0]);

const environmentLines = (simulator: Simulator, speed: number): readonly string[] => [
  ...simulatedProviders.flatMap((provider) => [
    `${keyVariable(provider)}=${simulator.apiKey(provider)}`,
    `${baseUrlVariable(provider)}=${simulator.baseUrl(provider)}`,
  ]),
  ...Object.entries(clockVariables(speed)).map(([name, value]) => `${name}=${value}`),
];

const writeList = (path: string, tasks: readonly TaskRef[]): void => {
  try {
    writeFileSync(path, tasks.map((task) => `${refText(task)}\n`).join(''));
  } catch (error) {
    throw fileError('--tasks-file', path, error);
  }
};

const explanation = (
  { url }: Simulator,
  started: readonly TaskRef[],
  { speed, tasksFile }: { readonly speed: number; readonly tasksFile: string | null },
): readonly string[] => {
  const [first] = started;
  const what = tasksFile === null ? (first === undefined ? '<provider:id>' : refText(first)) : `--file ${tasksFile}`;
  return [
    `${simulatedProviders.length} providers at ${url}${speed === 1 ? '' : `, at ${speed}× real time`}; Ctrl-C stops them.`,
    ...(first === undefined ? ['No task is running: start some with --tasks N, or create one with POST as the provider documents.'] : []),
    'With the output of stdout in sim.env:',
    `  rx-seedance watch ${what} --env sim.env --download videos`,
  ];
};
