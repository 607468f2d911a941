import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from, lastValueFrom, type Observable, of, throwError, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { account, createTaskClient, type FeedEvent, type TaskRef, watchTasks } from '../../src/index.js';
import { isDownloadError, type SaveEvent, saveVideos, type SaveVideosOptions, taskFileName, type VideoRecord } from '../../src/node/index.js';
import { constantDelay } from '../../src/poll/delay-policy.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { atSpeed, type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.js';
import { transition } from '../support/snapshots.js';

const speed = 100;
const time = atSpeed(speed);
const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast] as const;
const retry = constantDelay(1);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-save-'));
  cleanUps.push(() => { rmSync(made, { recursive: true, force: true }); });
  return made;
};

const setUp = async (options: SimulatorOptions = {}) => {
  const simulator = await startSimulator(options.clock === undefined ? { speed, ...options } : options);
  cleanUps.push(() => simulator.stop());
  const accounts = providers.map((provider) => account(provider, { apiKey: simulator.apiKey(provider.id), baseUrl: simulator.baseUrl(provider.id) }));
  const newClient = () => createTaskClient({ transport: fetchTransport(), accounts, scheduler: time });
  return { simulator, client: newClient(), newClient };
};

const ended = { queueMs: 0, runMs: 0 };
const all = <T>(events: Observable<T>): Promise<readonly T[]> => lastValueFrom(events.pipe(toArray()));
const endsIn = (events: readonly SaveEvent[]): readonly Exclude<SaveEvent, { kind: 'download' }>[] => events.filter((event) => event.kind !== 'download');
const filesOf = (simulator: Simulator) => simulator.requests.filter(({ path }) => path.startsWith('/files/'));

/** The bytes of a task's video, from the simulator. */
const truth = async (simulator: Simulator, task: TaskRef): Promise<Buffer> => {
  const entry = filesOf(simulator).find(({ provider, id }) => provider === task.provider && id === task.id);
  return Buffer.from(await (await fetch(simulator.url + (entry?.path ?? ''))).arrayBuffer());
};

describe('saving the videos of a feed', () => {
  it('ends each task of every provider with its file, byte for byte, or with a reason', async () => {
    const { simulator, client } = await setUp();
    const directory = join(folder(), 'videos');
    const outcomes = ['succeeds', 'fails', 'cancelled', 'disappears'] as const;
    const tasks = providers.flatMap(({ id }) => outcomes.map((outcome) => simulator.submit(id, { outcome })));
    const ends = endsIn(await all(from(tasks).pipe(watchTasks(client), saveVideos({ directory, client, retry }))));
    expect(ends).toHaveLength(tasks.length);
    for (const task of tasks) {
      const [end, ...others] = ends.filter((event) => event.task.provider === task.provider && event.task.id === task.id);
      expect(others).toEqual([]);
      const { outcome } = simulator.scenario(task);
      if (outcome === 'succeeds') {
        const path = join(directory, `${taskFileName(task)}.mp4`);
        const bytes = await truth(simulator, task);
        expect(end).toEqual({ kind: 'saved', task, path, bytes: bytes.length, isNew: true, lastFrame: null, error: null });
        expect(readFileSync(path).equals(bytes)).toBe(true);
      } else {
        // AnyFast reports a cancelled task as failed.
        const reason = outcome === 'disappears' ? 'errored' : outcome === 'cancelled' && task.provider !== 'anyfast' ? 'cancelled' : 'failed';
        expect(end).toMatchObject({ kind: 'not-saved', reason });
        expect(end?.kind === 'not-saved' && end.error !== null).toBe(outcome === 'disappears');
      }
    }
    expect(readdirSync(directory).sort()).toEqual(providers.flatMap(({ id }) => {
      const name = taskFileName(tasks.find(({ provider }) => provider === id) ?? { provider: id, id: '' });
      return [`${name}.json`, `${name}.mp4`];
    }).sort());
  });

  it('writes a record beside each file', async () => {
    const { simulator, client } = await setUp();
    const directory = folder();
    const task = simulator.submit('ark', ended);
    const before = Date.now();
    await all(of(task).pipe(watchTasks(client), saveVideos({ directory, client })));
    const record = JSON.parse(readFileSync(join(directory, `ark-${task.id}.json`), 'utf8')) as VideoRecord;
    expect(record).toMatchObject({ version: 1, task, file: `ark-${task.id}.mp4`, bytes: statSync(join(directory, `ark-${task.id}.mp4`)).size });
    expect(record.savedAtMs).toBeGreaterThanOrEqual(before);
    expect(record.snapshot).toMatchObject({ status: 'succeeded', model: simulator.scenario(task).model, usage: { completionTokens: expect.any(Number) as number } });
    expect(record.snapshot).not.toHaveProperty('raw');
    expect(JSON.stringify(record)).not.toContain(simulator.apiKey('ark'));
  });

  it('does not download a video again that exists with its record', async () => {
    const { simulator, client } = await setUp();
    const directory = folder();
    const task = simulator.submit('kyyaipower', ended);
    const run = async (): Promise<readonly SaveEvent[]> => all(of(task).pipe(watchTasks(client), saveVideos({ directory, client })));
    const path = join(directory, `${taskFileName(task)}.mp4`);
    expect((await run()).at(-1)).toMatchObject({ kind: 'saved', isNew: true });
    const { ino, mtimeMs } = statSync(path);
    expect(await run()).toEqual([{ kind: 'saved', task, path, bytes: statSync(path).size, isNew: false, lastFrame: null, error: null }]);
    expect(statSync(path)).toMatchObject({ ino, mtimeMs });
    expect(filesOf(simulator)).toHaveLength(1);
  });

  it('downloads a deleted video again', async () => {
    const { simulator, client } = await setUp();
    const directory = folder();
    const task = simulator.submit('ark', ended);
    const run = async (): Promise<readonly SaveEvent[]> => all(of(task).pipe(watchTasks(client), saveVideos({ directory, client })));
    await run();
    unlinkSync(join(directory, `ark-${task.id}.mp4`));
    expect((await run()).at(-1)).toMatchObject({ kind: 'saved', isNew: true });
  });

  it.each<[string, (path: string) => void]>([
    ['has lost bytes', (path) => { truncateSync(path, 100); }],
    ['has no record', (path) => { unlinkSync(path.replace('.mp4', '.json')); writeFileSync(path, 'mine'); }],
    ['has an invalid record', (path) => { writeFileSync(path.replace('.mp4', '.json'), '{"file":"../../x"}'); }],
  ])('reports an error for a file that %s, and does not change it', async (_, change) => {
    const { simulator, client } = await setUp();
    const directory = folder();
    const task = simulator.submit('ark', ended);
    const run = async (): Promise<readonly SaveEvent[]> => all(of(task).pipe(watchTasks(client), saveVideos({ directory, client })));
    await run();
    const path = join(directory, `ark-${task.id}.mp4`);
    change(path);
    const before = readFileSync(path);
    const [end] = await run();
    expect(end).toMatchObject({ kind: 'not-saved', reason: 'download' });
    expect(end?.kind === 'not-saved' && isDownloadError(end.error, 'exists')).toBe(true);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('does not take a directory or a linked record for a saved video', async () => {
    const { simulator, client } = await setUp();
    const [directory, outside] = [folder(), join(folder(), 'record.json')];
    const [linked, folded] = [simulator.submit('ark', ended), simulator.submit('ark', ended)];
    mkdirSync(join(directory, `ark-${folded.id}.mp4`));
    writeFileSync(join(directory, `ark-${folded.id}.json`), JSON.stringify({ file: '', bytes: statSync(directory).size }));
    writeFileSync(join(directory, 'other.mp4'), 'mine');
    writeFileSync(outside, JSON.stringify({ file: 'other.mp4', bytes: 4 }));
    symlinkSync(outside, join(directory, `ark-${linked.id}.json`));
    const ends = endsIn(await all(from([linked, folded]).pipe(watchTasks(client), saveVideos({ directory, client }))));
    expect(ends.find(({ task }) => task.id === linked.id)).toMatchObject({ kind: 'saved', isNew: true });
    expect(ends.find(({ task }) => task.id === folded.id)).toMatchObject({ kind: 'not-saved', reason: 'download', error: { kind: 'exists' } });
    expect(JSON.parse(readFileSync(outside, 'utf8'))).toEqual({ file: 'other.mp4', bytes: 4 });
  });

  it('renames a complete part without a request, after a kill just before the rename', async () => {
    const { simulator, client } = await setUp();
    const directory = folder();
    const task = simulator.submit('ark', ended);
    const path = join(directory, `ark-${task.id}.mp4`);
    const run = async (): Promise<readonly SaveEvent[]> => all(of(task).pipe(watchTasks(client), saveVideos({ directory, client })));
    await run();
    const bytes = readFileSync(path);
    unlinkSync(path);
    writeFileSync(`${path}.part`, bytes);
    writeFileSync(`${path}.part.json`, JSON.stringify({ totalBytes: bytes.length, validator: '"whatever"', flushedBytes: bytes.length, bootedAtMs: 0 }));
    expect((await run()).at(-1)).toMatchObject({ kind: 'saved', isNew: true });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(filesOf(simulator)).toHaveLength(1);
    expect(readdirSync(directory).sort()).toEqual([`ark-${task.id}.json`, `ark-${task.id}.mp4`]);
  });

  it('polls for a fresh link when one has expired, and keeps the minimum interval', async () => {
    let skewMs = 0;
    const { simulator, client } = await setUp({ linkLifeMs: 60_000, freshLinks: true, clock: () => time.now() + skewMs });
    const directory = folder();
    const task = simulator.submit('ark', ended);
    const events = await all(of(task).pipe(watchTasks(client)));
    skewMs = 3_600_000;
    expect(endsIn(await all(from(events).pipe(saveVideos({ directory, client }))))).toMatchObject([{ kind: 'saved', isNew: true }]);
    expect(filesOf(simulator).map(({ status }) => status)).toEqual([403, 200]);
    expect(simulator.polls(task)).toBe(2);
    // Without a client it is an error.
    const [end] = endsIn(await all(from(events).pipe(saveVideos({ directory: folder(), allowPrivateHosts: true }))));
    expect(end?.kind === 'not-saved' && isDownloadError(end.error, 'refused')).toBe(true);
  });

  it('keeps the minimum interval when it polls for a fresh link in a new process, which knows of no earlier poll', async () => {
    let skewMs = 0;
    const { simulator, client, newClient } = await setUp({ linkLifeMs: 60_000, freshLinks: true, clock: () => time.now() + skewMs });
    const task = simulator.submit('ark', ended);
    const events = await all(of(task).pipe(watchTasks(client)));
    skewMs = 3_600_000;
    expect(endsIn(await all(from(events).pipe(saveVideos({ directory: folder(), client: newClient() }))))).toMatchObject([{ kind: 'saved', isNew: true }]);
    const [first = NaN, second = NaN] = simulator.requests.filter(({ path }) => !path.startsWith('/files/')).map(({ atMs }) => atMs);
    expect(second - first).toBeGreaterThanOrEqual(skewMs + 10_000);
  });

  it('resumes downloads that are cut several times', async () => {
    const { simulator, client } = await setUp({ fileBytes: 400_000 });
    const directory = folder();
    const tasks = providers.map(({ id }) => simulator.submit(id, ended));
    for (const task of tasks) simulator.fault(task, 'cut-download', 3);
    const ends = endsIn(await all(from(tasks).pipe(watchTasks(client), saveVideos({ directory, client, retry }))));
    expect(ends.map(({ kind }) => kind)).toEqual(tasks.map(() => 'saved'));
    const served = filesOf(simulator);
    expect(served.filter(({ status }) => status === 206)).toHaveLength(3 * tasks.length);
    for (const task of tasks) expect(readFileSync(join(directory, `${taskFileName(task)}.mp4`)).equals(await truth(simulator, task))).toBe(true);
  });

  it('runs a limited number of downloads at once, and queues the others', async () => {
    const { simulator, client } = await setUp();
    const tasks = Array.from({ length: 12 }, () => simulator.submit('ark', ended));
    const running = new Set<string>();
    let most = 0;
    const events = await all(of(...tasks).pipe(watchTasks(client)));
    await new Promise<void>((resolve, reject) => {
      from(events).pipe(saveVideos({ directory: folder(), client, concurrency: 3 })).subscribe({
        next: (event) => {
          if (event.kind === 'download') running.add(event.task.id);
          else running.delete(event.task.id);
          most = Math.max(most, running.size);
        },
        error: reject,
        complete: resolve,
      });
    });
    expect(most).toBe(3);
  });

  it('reports a success without a link', async () => {
    const event: FeedEvent = { kind: 'transition', atMs: 0, task: { provider: 'ark', id: 'cgt-1' }, transition: transition('succeeded', null, { video: null }) };
    expect(await all(of(event).pipe(saveVideos({ directory: folder() })))).toEqual([{ kind: 'not-saved', task: event.task, reason: 'no-video', error: null }]);
  });

  it('reports a directory that cannot be written for each task', async () => {
    const { simulator, client } = await setUp();
    const parent = folder();
    writeFileSync(join(parent, 'file'), '');
    const tasks = [simulator.submit('ark', ended), simulator.submit('ark', { ...ended, outcome: 'fails' }), simulator.submit('ark', ended)];
    const ends = await all(from(tasks).pipe(watchTasks(client), saveVideos({ directory: join(parent, 'file') })));
    expect(ends.map((end) => end.kind === 'not-saved' && [end.reason, isDownloadError(end.error, 'disk')]).sort()).toEqual([['download', true], ['download', true], ['failed', false]]);
  });

  it('reports a record that cannot be written, and keeps the complete part for the next run', async () => {
    const { simulator, client } = await setUp();
    const directory = folder();
    const task = simulator.submit('ark', ended);
    mkdirSync(join(directory, `ark-${task.id}.json.new`));
    const run = async (): Promise<SaveEvent | undefined> => (await all(of(task).pipe(watchTasks(client), saveVideos({ directory, client })))).at(-1);
    const end = await run();
    expect(end?.kind === 'not-saved' && isDownloadError(end.error, 'disk')).toBe(true);
    rmSync(join(directory, `ark-${task.id}.json.new`), { recursive: true });
    expect(await run()).toMatchObject({ kind: 'saved' });
    expect(filesOf(simulator)).toHaveLength(1);
  });

  it('forwards the error of its source, and keeps the parts of downloads in progress', async () => {
    await expect(all(throwError(() => new Error('the refs have failed')).pipe(saveVideos({ directory: folder() })))).rejects.toThrow('the refs have failed');
  });

  it.each<[Partial<SaveVideosOptions>, string]>([
    [{ concurrency: 0 }, 'concurrency must be an integer ≥ 1, not 0'],
    [{ directory: '' }, 'directory must be a path, not ""'],
    [{ giveUpAfterMs: -1 }, 'giveUpAfterMs must be a finite number of ms above 0, not -1'],
    [{ client: {} as never }, 'client.watch must be a function, not undefined'],
  ])('throws at once for an invalid option: %o', (options, message) => {
    expect(() => saveVideos({ directory: 'videos', ...options })).toThrow(message);
  });
});
