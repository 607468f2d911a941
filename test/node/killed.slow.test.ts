import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { taskFileName } from '../../src/node/index.js';
import { type Simulator, simulatedProviders, startSimulator } from '../../src/simulator/index.js';
import { taskKey, type TaskRef } from '../../src/task/snapshot.js';
import { type Built, buildForNode } from '../support/build.js';

/** The shortest interval between two polls takes one real second, and a program starts in less. */
const speed = 10;
const minIntervalMs = 10_000;
/** How much the latency of two requests may differ: the first one of a process waits until its HTTP client is loaded. 200 ms of real time. */
const travelMs = 200 * speed;
const key = 'sk-0123456789abcdef-ABCDEF';

let built: Built;
const directory = mkdtempSync(join(tmpdir(), 'rx-seedance-killed-'));
beforeAll(async () => {
  built = await buildForNode({ 'command-line': fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)) });
});
afterAll(() => {
  built.remove();
  rmSync(directory, { recursive: true, force: true });
});

interface JsonEvent {
  readonly kind: string;
  readonly task: TaskRef;
  readonly isNew?: boolean;
  readonly transition?: { readonly to: string };
}

/** Starts the command line in a process, and collects its output. */
const start = (simulator: Simulator, list: string, videos: string) => {
  const variables = simulatedProviders.flatMap((id) => [[`${id.toUpperCase()}_API_KEY`, key], [`${id.toUpperCase()}_BASE_URL`, simulator.baseUrl(id)]]);
  const args = ['watch', '--file', list, '--download', videos, '--json'];
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, [built.file('command-line'), ...args], {
    env: { PATH: process.env.PATH, ...(Object.fromEntries(variables) as Record<string, string>), ...clockVariables(speed) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.errors += text));
  // The last line of a killed process may be incomplete.
  const events = (): readonly JsonEvent[] => output.out.split('\n').slice(0, -1).map((line) => JSON.parse(line) as JsonEvent);
  return { child, output, events, closed: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]> };
};

/** The complete videos, each with what changes when it is written again. */
const writtenIn = (videos: string): ReadonlyMap<string, string> =>
  new Map(readdirSync(videos).filter((name) => name.endsWith('.mp4')).map((name) => {
    const { ino, mtimeMs, size } = statSync(join(videos, name));
    return [name, `${String(ino)} ${String(mtimeMs)} ${String(size)}`];
  }));

it('forty tasks finish and each video is saved once, despite faults and three kills at random instants', async () => {
  const keys = Object.fromEntries(simulatedProviders.map((id) => [id, key]));
  const simulator = await startSimulator({ speed, keys, faults: { rate: 0.3 }, fileBytes: 1_000_000 });
  try {
    const outcomes = ['succeeds', 'succeeds', 'succeeds', 'fails', 'succeeds', 'expires', 'succeeds', 'cancelled', 'succeeds', 'moderated'] as const;
    const tasks = Array.from({ length: 40 }, (_, index) => {
      const outcome = outcomes[Math.floor(index / 4)] ?? 'succeeds';
      const provider = simulatedProviders[index % simulatedProviders.length] ?? 'ark';
      return simulator.submit(provider, { outcome, queueMs: 4_000 + 700 * index, runMs: 15_000 + 1_500 * index });
    });
    for (const task of tasks) simulator.fault(task, 'cut-download', 2);
    for (const task of tasks.slice(0, 10)) simulator.fault(task, 'hang');
    const list = join(directory, 'tasks.txt');
    const videos = join(directory, 'videos');
    writeFileSync(list, tasks.map(({ provider, id }) => `${provider}:${id}\n`).join(''));

    let written: ReadonlyMap<string, string> = new Map();
    const newlySaved: string[] = [];
    const kills: number[] = [];
    const everything: string[] = [];
    const unchanged = (now: ReadonlyMap<string, string>): void => {
      for (const [name, file] of written) expect(now.get(name), `${name} was written again (kills after ${kills.join(', ')} ms)`).toBe(file);
      written = now;
    };
    const collect = ({ output, events }: ReturnType<typeof start>): void => {
      everything.push(output.out, output.errors);
      newlySaved.push(...events().flatMap(({ kind, isNew, task }) => (kind === 'saved' && isNew === true ? [taskKey(task)] : [])));
    };

    for (let run = 0; run < 3; run += 1) {
      const one = start(simulator, list, videos);
      // The first kill comes while requests are in flight that get no response; the others at random instants.
      if (run === 0) await expect.poll(() => simulator.requests.some(({ fault }) => fault === 'hang'), { interval: 5, timeout: 20_000 }).toBe(true);
      else await once(one.child.stdout, 'data');
      const killMs = Math.floor(Math.random() * (run === 0 ? 100 : 4_000));
      kills.push(killMs);
      await Promise.race([after(killMs), one.closed]);
      one.child.kill('SIGKILL');
      await one.closed;
      collect(one);
      unchanged(writtenIn(videos));
    }
    const last = start(simulator, list, videos);
    const [code] = await last.closed;
    collect(last);
    unchanged(writtenIn(videos));

    // Each task has exactly one end, and the expected one.
    const story = `kills after ${kills.join(', ')} ms; stderr: ${last.output.errors}`;
    const ends = last.events().filter(({ kind }) => kind === 'saved' || kind === 'not-saved');
    expect(ends.map(({ task }) => taskKey(task)).sort(), story).toEqual(tasks.map(taskKey).sort());
    const succeeded = tasks.filter((task) => simulator.scenario(task).outcome === 'succeeds');
    expect(ends.filter(({ kind }) => kind === 'saved').map(({ task }) => taskKey(task)).sort(), story).toEqual(succeeded.map(taskKey).sort());
    expect(last.events().filter(({ kind }) => kind === 'error'), story).toEqual([]);
    expect(code).toBe(1);

    // Each video is on the disk, byte for byte, and was written once. There are no other files.
    for (const task of succeeded) {
      const path = simulator.requests.find((request) => request.provider === task.provider && request.id === task.id && request.path.startsWith('/files/'))?.path;
      const truth = Buffer.from(await (await fetch(simulator.url + (path ?? ''))).arrayBuffer());
      expect(truth).toHaveLength(1_000_000);
      expect(readFileSync(join(videos, `${taskFileName(task)}.mp4`)).equals(truth)).toBe(true);
    }
    expect(readdirSync(videos).sort()).toEqual(['watches.jsonl', ...succeeded.flatMap((task) => [`${taskFileName(task)}.json`, `${taskFileName(task)}.mp4`])].sort());
    expect(newlySaved.filter((task, index) => newlySaved.indexOf(task) < index)).toEqual([]);

    // All processes used the simulator's clock.
    const [firstAtMs = NaN, lastAtMs = NaN] = [simulator.requests[0]?.atMs, simulator.requests.at(-1)?.atMs];
    const states = readFileSync(join(videos, 'watches.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { readonly startedAtMs: number; readonly polledAtMs: number });
    for (const { startedAtMs, polledAtMs } of states) {
      expect(startedAtMs).toBeGreaterThan(firstAtMs - 2 * travelMs);
      expect(polledAtMs).toBeLessThan(lastAtMs + 2 * travelMs);
      expect(polledAtMs).toBeGreaterThan(startedAtMs);
    }

    // Over all processes, no task was polled more often than allowed.
    for (const task of tasks) {
      const polls = simulator.requests.filter(({ provider, id, path }) => provider === task.provider && id === task.id && !path.startsWith('/files/'));
      const gaps = polls.slice(1).map(({ atMs }, index) => atMs - (polls[index]?.atMs ?? 0));
      expect(gaps.filter((gap) => gap < minIntervalMs - travelMs), `${task.provider} ${task.id}, ${story}`).toEqual([]);
    }
    expect(simulator.requests.filter(({ fault }) => fault !== null).length).toBeGreaterThan(40);
    expect(everything.join('') + readFileSync(join(videos, 'watches.jsonl'), 'utf8')).not.toContain(key);
  } finally {
    await simulator.stop();
  }
});
