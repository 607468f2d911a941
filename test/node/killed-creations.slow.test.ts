/**
 * Kills a program that buys and saves videos at random instants, while 30% of its creations and polls fail. `SEEDS=20` sets the number of runs.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { taskFileName } from '../../src/node/index.js';
import { type CreatedTask, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { videoFile } from '../../src/simulator/video-file.js';
import { type Built, buildForNode } from '../support/build.js';
import type { Shop, ShopEvent, ShopOptions } from './shop.js';

/** A task takes some minutes, and a POST without a response ends after one. */
const speed = 60;
const kills = 5;
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 1) }, (_, index) => index + 1);
const apiKey = 'sk-0123456789abcdef-ABCDEF';
const fileBytes = 200_000;
const shops: readonly Shop[] = ['ark', 'powertokens', 'anyfast'];

let built: Built;
const directory = mkdtempSync(join(tmpdir(), 'rx-seedance-bought-'));
beforeAll(async () => {
  built = await buildForNode({ shop: fileURLToPath(new URL('shop.ts', import.meta.url)) });
});
afterAll(() => {
  built.remove();
  rmSync(directory, { recursive: true, force: true });
});

/**
 * What all seeds together have seen. `unfinished`: keys whose record a next process found without an outcome; `resolved`: those of them that were
 * created in the end. `lostResponses`: POSTs that bought a task but whose response did not say so.
 */
const figures = { kills: 0, unfinished: 0, posts: 0, faultyPosts: 0, lostResponses: 0, bought: 0, saved: 0, resolved: 0, unknownAndBought: 0, unknownAndNotBought: 0 };
afterAll(() => {
  console.info(JSON.stringify(figures));
});

const start = (options: ShopOptions) => {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, [built.file('shop'), JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.errors += text));
  // The last line of a killed process may be incomplete.
  const events = (): readonly ShopEvent[] => output.out.split('\n').slice(0, -1).map((line) => JSON.parse(line) as ShopEvent);
  return { child, output, events, closed: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]> };
};

/** The bytes of a task's video, as its host sends them. */
const truthOf = (simulator: Simulator, task: CreatedTask): Buffer => {
  const { path } = simulator.requests.find((request) => request.id === task.id && request.path.startsWith('/files/')) ?? { path: '' };
  return Buffer.concat([...videoFile(path.split('?')[0] ?? '', simulator.scenario(task).durationMs, fileBytes).read(0, fileBytes - 1)]);
};

it.each(seeds)('seed %i: no key is bought twice and each video is that of its key, despite faults, kills, retry and repeat', async (seed) => {
  const simulator = await startSimulator({ seed, speed, keys: Object.fromEntries(shops.map((id) => [id, apiKey])), faults: { rate: 0.3 }, creationFaults: { rate: 0.3 }, fileBytes });
  try {
    const orders = Array.from({ length: 24 }, (_, index) => ({ provider: shops[index % 4 === 3 ? 2 : index % 2] ?? 'ark', key: `order-${String(seed)}-${String(index)}` }));
    const videos = join(directory, String(seed));
    const baseUrls = { ark: simulator.baseUrl('ark'), powertokens: simulator.baseUrl('powertokens'), anyfast: simulator.baseUrl('anyfast') };
    const options: ShopOptions = { directory: videos, apiKey, baseUrls, speed, originMs: performance.timeOrigin, orders };

    const told: ShopEvent[] = [];
    const killedAfter: string[] = [];
    const story = (): string => `seed ${String(seed)}, kills: ${killedAfter.join(', ')}`;
    const boughtFor = (key: string): readonly CreatedTask[] => simulator.tasks().filter(({ request }) => request['safety_identifier'] === key);
    const settle = ({ events }: ReturnType<typeof start>): void => {
      told.push(...events());
      for (const { key } of orders) expect(boughtFor(key).length, `${key}; ${story()}`).toBeLessThanOrEqual(1);
    };

    for (let kill = 0; kill < kills; kill += 1) {
      const run = start(options);
      await Promise.race([once(run.child.stdout, 'data'), run.closed]);
      // Every second time just after the server has created tasks, before the program knows of them. Else at any instant, while it creates, watches or saves.
      const killMs = Math.floor(1500 * Math.random() ** 2);
      const wanted = simulator.tasks().length + 1 + Math.floor(4 * Math.random());
      const isTime = (): boolean => kill % 2 === 0 && simulator.tasks().length >= wanted;
      for (const endsAtMs = performance.now() + killMs; performance.now() < endsAtMs && !isTime() && run.child.exitCode === null;) await after(1);
      run.child.kill('SIGKILL');
      await run.closed;
      killedAfter.push(isTime() ? `${String(wanted)} tasks` : `${String(killMs)} ms`);
      settle(run);
      figures.kills += 1;
    }
    const last = start(options);
    const end = await last.closed;
    settle(last);
    expect(end, `${story()}; stderr: ${last.output.errors}`).toEqual([0, null]);

    const outcomes = told.filter((event) => event.kind === 'outcome');
    const lastOf = new Map(last.events().flatMap((event) => (event.kind === 'outcome' ? [[event.key, event] as const] : [])));
    const created: CreatedTask[] = [];
    for (const { provider, key } of orders) {
      const [bought] = boughtFor(key);
      const { outcome, id } = lastOf.get(key) ?? { outcome: null, id: null };
      // No process names another task than the one that carries the key.
      const named = outcomes.flatMap((event) => (event.key === key && event.id !== null ? [event.id] : []));
      expect(named.filter((each) => each !== bought?.id), `${key}; ${story()}`).toEqual([]);
      if (outcome === 'created' && bought !== undefined) {
        expect(id).toBe(bought.id);
        created.push(bought);
      } else {
        expect(outcome, `${key} is told; ${story()}`).toBe('unknown');
        // The marker of a task that exists is found in the list.
        if (provider !== 'anyfast') expect(bought, `${key}; ${story()}`).toBeUndefined();
        if (bought === undefined) figures.unknownAndNotBought += 1;
        else figures.unknownAndBought += 1;
      }
      const isUnfinished = told.some((event) => event.kind === 'opened' && event.unfinished.includes(key));
      figures.unfinished += Number(isUnfinished);
      figures.resolved += Number(isUnfinished && outcome === 'created');
    }

    // Each created task has its own video, and there is no other.
    const files = readdirSync(videos).sort();
    expect(files, story()).toEqual(['watches.jsonl', ...created.flatMap((task) => [`${taskFileName(task)}.json`, `${taskFileName(task)}.mp4`])].sort());
    for (const task of created) {
      expect(readFileSync(join(videos, `${taskFileName(task)}.mp4`)).equals(truthOf(simulator, task)), `${task.id}; ${story()}`).toBe(true);
      const record: unknown = JSON.parse(readFileSync(join(videos, `${taskFileName(task)}.json`), 'utf8'));
      expect(record).toMatchObject({ task: { id: task.id } });
      if (task.provider !== 'anyfast') expect(record).toMatchObject({ snapshot: { settings: { safetyIdentifier: task.request['safety_identifier'] } } });
    }

    const posts = simulator.requests.filter(({ method }) => method === 'POST');
    figures.posts += posts.length;
    figures.faultyPosts += posts.filter(({ fault }) => fault !== null).length;
    figures.lostResponses += posts.filter(({ fault }) => fault?.endsWith('-after-creation')).length;
    figures.bought += simulator.tasks().length;
    figures.saved += created.length;
    expect(posts.length).toBeGreaterThanOrEqual(simulator.tasks().length);
    for (const text of [...files.map((name) => readFileSync(join(videos, name), 'latin1')), last.output.out, last.output.errors]) expect(text.includes(apiKey)).toBe(false);
  } finally {
    await simulator.stop();
  }
});
