/**
 * Kills the command line at random instants, round by round, each with tasks of its own. `KILLS=300` sets the number of kills.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { taskFileName } from '../../src/node/index.js';
import { type RequestEntry, type Simulator, simulatedProviders, startSimulator } from '../../src/simulator/index.js';
import { videoFile } from '../../src/simulator/video-file.js';
import { taskKey, type TaskRef } from '../../src/task/snapshot.js';
import { type Built, buildForNode } from '../support/build.js';

/** The shortest interval between two polls takes one real second, and a program starts in less. */
const speed = 10;
const minIntervalMs = 10_000;
/**
 * How much the clocks of two processes may differ: 20 ms of real time. Nothing else makes an interval look shorter. It begins when a response
 * arrives, or when a program starts after a kill, in both cases after the simulator has noted the poll; and it ends before the next one leaves.
 */
const clockDriftMs = 20 * speed;
/**
 * How long a list may travel to the simulator: 400 ms of real time. A task that a failed list omits is polled again at the interval after the
 * list was sent, which the simulator noted later: the first request of a process waits for its connection.
 */
const listTravelMs = 400 * speed;
const killsPerRound = 6;
const rounds = Math.ceil(Number(process.env.KILLS ?? killsPerRound) / killsPerRound);
const fileBytes = 1_000_000;
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
const start = (simulator: Simulator, list: string, videos: string, ...more: readonly string[]) => {
  const variables = simulatedProviders.flatMap((id) => [[`${id.toUpperCase()}_API_KEY`, key], [`${id.toUpperCase()}_BASE_URL`, simulator.baseUrl(id)]]);
  const args = ['watch', '--file', list, '--download', videos, '--json', ...more];
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

/** The bytes of a task's video, as its host sends them. */
const truthOf = (simulator: Simulator, task: TaskRef): Buffer => {
  const { path } = simulator.requests.find((request) => request.id === task.id && request.path.startsWith('/files/')) ?? { path: '' };
  return Buffer.concat([...videoFile(path.split('?')[0] ?? '', simulator.scenario(task).durationMs, fileBytes).read(0, fileBytes - 1)]);
};

/**
 * Cuts the last line of a journal at a random byte, as a kill inside the write or a full disk does. Its request may have been sent.
 * At least one byte stays: a line that was written is never gone without a trace, except after a power failure, which takes longer than
 * a minimum interval.
 */
const tear = (journal: string): void => {
  const text = readFileSync(journal);
  const lastAt = text.subarray(0, -1).lastIndexOf('\n') + 1;
  truncateSync(journal, lastAt + 1 + Math.floor(Math.random() * (text.length - lastAt - 1)));
};

/** The ids of the tasks that a request polls: a single one, or those of a list. */
const polledBy = ({ id, path }: RequestEntry): readonly string[] => {
  if (path.startsWith('/files/')) return [];
  return id === null ? new URLSearchParams(path.split('?')[1]).getAll('filter.task_ids') : [id];
};

/** What all rounds together have seen. `leastMs`: the shortest interval between two polls of a task, except after a list. */
const figures = { kills: 0, torn: 0, videos: 0, polls: 0, faults: 0, renewed: 0, leastMs: Infinity, leastAfterListMs: Infinity };
afterAll(() => {
  console.info(JSON.stringify(figures));
});

const outcomes = ['succeeds', 'succeeds', 'fails', 'succeeds', 'succeeds', 'expires', 'succeeds', 'cancelled', 'succeeds', 'moderated'] as const;

it.each(Array.from({ length: rounds }, (_, index) => index + 1))('round %i: each task has its end and each video is saved once, despite faults, expired links, kills and torn journals', async (round) => {
  const keys = Object.fromEntries(simulatedProviders.map((id) => [id, key]));
  const simulator = await startSimulator({ seed: round, speed, keys, faults: { rate: 0.3 }, fileBytes, freshLinks: true, linkLifeMs: 5_000 });
  try {
    const tasks = Array.from({ length: 30 }, (_, index) =>
      simulator.submit(simulatedProviders[index % simulatedProviders.length] ?? 'ark', {
        outcome: outcomes[Math.floor(index / 3)] ?? 'succeeds',
        queueMs: 3_000 + 600 * index,
        runMs: 10_000 + 1_000 * index,
      }));
    for (const task of tasks) simulator.fault(task, 'cut-download', 3);
    for (const task of tasks.slice(0, 10)) simulator.fault(task, 'hang');
    const list = join(directory, `tasks-${String(round)}.txt`);
    const videos = join(directory, `videos-${String(round)}`);
    const journal = join(videos, 'watches.jsonl');
    writeFileSync(list, tasks.map(({ provider, id }) => `${provider}:${id}\n`).join(''));

    const kills: string[] = [];
    const outputs: string[] = [];
    const newlySaved: string[] = [];
    let written: ReadonlyMap<string, string> = new Map();
    const story = (): string => `round ${String(round)}, kills: ${kills.join(', ')}`;

    const isTruth = (name: string): boolean => {
      const task = tasks.find((each) => `${taskFileName(each)}.mp4` === name);
      return task !== undefined && readFileSync(join(videos, name)).equals(truthOf(simulator, task));
    };
    /** A file that has its final name is complete, and stays as it is. */
    const settle = ({ output, events }: ReturnType<typeof start>): void => {
      outputs.push(output.out, output.errors);
      newlySaved.push(...events().flatMap(({ kind, isNew, task }) => (kind === 'saved' && isNew === true ? [taskKey(task)] : [])));
      const now = writtenIn(videos);
      for (const [name, file] of written) expect(now.get(name), `${name} was written again; ${story()}`).toBe(file);
      for (const name of now.keys()) if (!written.has(name)) expect(isTruth(name), `${name} has the bytes of its host; ${story()}`).toBe(true);
      written = now;
    };

    for (let kill = 0; kill < killsPerRound; kill += 1) {
      const run = start(simulator, list, videos);
      // The first kill comes while requests are in flight that get no response; the others at random instants.
      if (kill === 0) await expect.poll(() => simulator.requests.some(({ fault }) => fault === 'hang'), { interval: 5, timeout: 20_000 }).toBe(true);
      else await Promise.race([once(run.child.stdout, 'data'), run.closed]);
      const killMs = Math.floor(Math.random() * (kill === 0 ? 100 : 2_500));
      await Promise.race([after(killMs), run.closed]);
      run.child.kill('SIGKILL');
      await run.closed;
      const isTorn = Math.random() < 0.5;
      if (isTorn) tear(journal);
      kills.push(`${String(killMs)} ms${isTorn ? ', torn' : ''}`);
      settle(run);
      figures.kills += 1;
      figures.torn += Number(isTorn);
    }
    const last = start(simulator, list, videos);
    const [code] = await last.closed;
    settle(last);

    // Each task has exactly one end, and the expected one.
    const told = `${story()}; stderr: ${last.output.errors}`;
    const succeeded = tasks.filter((task) => simulator.scenario(task).outcome === 'succeeds');
    const ends = last.events().filter(({ kind }) => kind === 'saved' || kind === 'not-saved');
    expect(ends.map(({ task }) => taskKey(task)).sort(), told).toEqual(tasks.map(taskKey).sort());
    expect(ends.filter(({ kind }) => kind === 'saved').map(({ task }) => taskKey(task)).sort(), told).toEqual(succeeded.map(taskKey).sort());
    expect(last.events().filter(({ kind }) => kind === 'error'), told).toEqual([]);
    expect(code).toBe(1);

    // Each video was written once, and has one record. There are no other files.
    expect(newlySaved.filter((task, index) => newlySaved.indexOf(task) < index), told).toEqual([]);
    expect(readdirSync(videos).sort(), told).toEqual(['watches.jsonl', ...succeeded.flatMap((task) => [`${taskFileName(task)}.json`, `${taskFileName(task)}.mp4`])].sort());
    for (const task of succeeded) {
      const record: unknown = JSON.parse(readFileSync(join(videos, `${taskFileName(task)}.json`), 'utf8'));
      expect(record).toMatchObject({ task, file: `${taskFileName(task)}.mp4`, bytes: fileBytes });
    }

    // Over all processes, no task was polled more often than allowed.
    for (const task of tasks) {
      const polls = simulator.requests.filter((request) => request.provider === task.provider && polledBy(request).includes(task.id));
      const gaps = polls.slice(1).map(({ atMs }, index) => ({ ms: atMs - (polls[index]?.atMs ?? 0), isAfterList: polls[index]?.id === null }));
      figures.polls += polls.length;
      for (const { ms, isAfterList } of gaps) {
        if (isAfterList) figures.leastAfterListMs = Math.min(figures.leastAfterListMs, ms);
        else figures.leastMs = Math.min(figures.leastMs, ms);
      }
      const tooShort = gaps.filter(({ ms, isAfterList }) => ms < minIntervalMs - (isAfterList ? listTravelMs : clockDriftMs));
      const log = JSON.stringify(polls.map(({ atMs, id, fault, status }) => [atMs, id === null ? 'list' : '', fault ?? status]));
      expect.soft(tooShort, `${task.provider} ${task.id}: ${log}; ${told}`).toEqual([]);
    }

    // The round was hard enough, and no file holds the key.
    figures.videos += succeeded.length;
    figures.faults += simulator.requests.filter(({ fault }) => fault !== null).length;
    figures.renewed += simulator.requests.filter(({ path, status }) => path.startsWith('/files/') && status === 403).length;
    for (const text of [...outputs, ...readdirSync(videos).map((name) => readFileSync(join(videos, name), 'latin1'))]) expect(text.includes(key)).toBe(false);
  } finally {
    await simulator.stop();
  }
});

it('two runs with the same directory for videos and journals of their own save each video once, and write no wrong byte', async () => {
  const keys = Object.fromEntries(simulatedProviders.map((id) => [id, key]));
  const simulator = await startSimulator({ speed, keys, fileBytes });
  try {
    const tasks = Array.from({ length: 12 }, (_, index) => simulator.submit(simulatedProviders[index % simulatedProviders.length] ?? 'ark', { queueMs: 0, runMs: 1_000 * index }));
    for (const task of tasks) simulator.fault(task, 'cut-download', 3);
    const list = join(directory, 'tasks-shared.txt');
    const videos = join(directory, 'videos-shared');
    writeFileSync(list, tasks.map(({ provider, id }) => `${provider}:${id}\n`).join(''));

    const runs = ['a', 'b'].map((name) => start(simulator, list, videos, '--journal', join(directory, `journal-${name}`)));
    await Promise.all(runs.map(({ closed }) => closed));
    const savedBy = (run: ReturnType<typeof start> | undefined, isNew: boolean): readonly string[] =>
      (run?.events() ?? []).filter((event) => event.kind === 'saved' && event.isNew === isNew).map(({ task }) => taskKey(task));
    // The run that comes second to a part waits, and then finds the video.
    for (const run of runs) {
      expect(await run.closed, run.output.errors).toEqual([0, null]);
      expect([...savedBy(run, true), ...savedBy(run, false)].sort()).toEqual(tasks.map(taskKey).sort());
    }
    expect(runs.flatMap((run) => savedBy(run, true)).sort()).toEqual(tasks.map(taskKey).sort());
    for (const task of tasks) expect(readFileSync(join(videos, `${taskFileName(task)}.mp4`)).equals(truthOf(simulator, task))).toBe(true);
    expect(readdirSync(videos).sort()).toEqual(tasks.flatMap((task) => [`${taskFileName(task)}.json`, `${taskFileName(task)}.mp4`]).sort());
  } finally {
    await simulator.stop();
  }
});
