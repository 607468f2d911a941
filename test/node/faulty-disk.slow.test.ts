import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EMPTY, lastValueFrom, of, toArray } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FeedEvent } from '../../src/index.js';
import { type SaveEvent, saveVideos } from '../../src/node/index.js';
import { runExclusive } from '../../src/node/run-exclusive.js';
import { serve } from '../adapters/loopback.js';
import { transition } from '../support/snapshots.js';
import { type Crash, disk } from './faulty-disk.js';
import type { Fault } from './faulty-files.js';
import { makeFilm } from './film.js';

vi.mock('node:fs', async () => (await import('./faulty-disk.js')).faultyFs);
vi.mock('node:fs/promises', async () => (await import('./faulty-disk.js')).faultyPromises);

// Not the mocked module.
const { readdirSync, readFileSync } = process.getBuiltinModule('node:fs');

const film = makeFilm(4000);
const name = 'ark-cgt-1';
const all = [`${name}.json`, `${name}.mp4`];

const folders: string[] = [];
afterEach(() => {
  disk.failAt('EIO', Infinity);
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** A host that cuts the first connection in the middle of the film. */
const host = async () => {
  let isCut = false;
  const server = await serve(({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = { 'content-range': `bytes ${String(from)}-${String(film.length - 1)}/${String(film.length)}` };
    response.writeHead(from > 0 ? 206 : 200, { etag: '"film"', 'content-length': film.length - from, ...(from > 0 && range) });
    if (isCut) response.write(film.subarray(from, film.length / 2), () => response.destroy());
    else response.end(film.subarray(from));
    isCut = false;
  });
  return { url: `${server.url}/film.mp4`, cut: () => (isCut = true), requests: server.requests };
};

/** A directory with a program that saves the video there. */
const setUp = async () => {
  const { url, cut, requests } = await host();
  const directory = mkdtempSync(join(tmpdir(), 'rx-seedance-faulty-'));
  folders.push(directory);
  const event: FeedEvent = { kind: 'transition', task: { provider: 'ark', id: 'cgt-1' }, atMs: 0, transition: transition('succeeded', null, { video: { url, lastFrameUrl: null, originalUrl: null, expiresAtMs: null } }) };
  const run = async (): Promise<SaveEvent | undefined> => {
    const events = of(event).pipe(saveVideos({ directory, allowPrivateHosts: true, retry: () => 'stop' }), toArray());
    const end = (await lastValueFrom(events)).at(-1);
    // The program has cleaned up.
    await lastValueFrom(runExclusive(resolve(directory, `${name}.mp4`), () => ({ stream: EMPTY, cleanUp: () => Promise.resolve() })), { defaultValue: null });
    expectTruth(end);
    return end;
  };
  /** What has the final name is the film, and what is called saved has it. */
  const expectTruth = (end: SaveEvent | undefined): void => {
    const isThere = readdirSync(directory).includes(`${name}.mp4`);
    if (isThere) expect(readFileSync(join(directory, `${name}.mp4`)).equals(film)).toBe(true);
    if (end?.kind === 'saved') expect([isThere, end.bytes]).toEqual([true, film.length]);
  };
  const expectSaved = async (what: string): Promise<void> => {
    const end = await run();
    expect(end, `${what}: ${end?.kind === 'not-saved' ? String(end.error) : ''}`).toMatchObject({ kind: 'saved', path: join(directory, `${name}.mp4`) });
    // The lease of a killed program stays until another one takes the same part.
    expect(readdirSync(directory).filter((each) => !each.includes('.lease-')).sort(), what).toEqual(all);
    expect(JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')), what).toMatchObject({ file: `${name}.mp4`, bytes: film.length });
  };
  return { directory, run, expectSaved, cut, requests };
};

type Program = Awaited<ReturnType<typeof setUp>>;

/** What a run finds: an empty directory, half a part, a complete part, a saved video. */
const beginnings: Readonly<Record<string, (program: Program) => Promise<void>>> = {
  nothing: () => Promise.resolve(),
  'half a part': async ({ run, cut }) => {
    cut();
    expect(await run()).toMatchObject({ kind: 'not-saved' });
  },
  'a saved video': async ({ expectSaved }) => expectSaved('before'),
};

/** Repeats a test with a fault at the first call, the second, and so on, until the run ends before the fault. */
const atEachCall = async (begin: (program: Program) => Promise<void>, kind: Fault, test: (program: Program, what: string) => Promise<void>): Promise<void> => {
  for (let atCall = 1, isOver = false; !isOver; atCall += 1) {
    const program = await setUp();
    disk.mount(program.directory);
    await begin(program);
    disk.mount(program.directory);
    disk.failAt(kind, atCall);
    const end = await program.run();
    isOver = !disk.hasHappened();
    if (isOver) expect(end).toMatchObject({ kind: 'saved' });
    await test(program, `${kind} at call ${String(atCall)}`);
  }
};

describe.each(Object.entries(beginnings))('a run on a disk whose n-th call fails, beginning with %s', (_, begin) => {
  it.each<Fault>(['ENOSPC', 'EIO', 'kill'])('never reports a wrong file as saved, and the next run saves the video, for every n: %s', async (kind) => {
    await atEachCall(begin, kind, async ({ expectSaved }, what) => {
      const crash = disk.crash();
      disk.restore(crash, crash.names, 'latest');
      await expectSaved(what);
    });
  });

  it.each(['flushed', 'half'] as const)('keeps or saves the video, for every n, through a power failure that leaves some of the names and %s bytes', async (left) => {
    await atEachCall(begin, 'power', async ({ expectSaved }, what) => {
      const crash = disk.crash();
      for (const names of namesLeftOf(crash)) {
        disk.restore(crash, names, left);
        await expectSaved(`${what}, left ${[...names.keys()].join()}`);
      }
    });
  });
});

it('a video that is reported as saved survives a power failure, and is not downloaded again', async () => {
  const { directory, run, expectSaved, requests } = await setUp();
  disk.mount(directory);
  expect(await run()).toMatchObject({ kind: 'saved', isNew: true });
  const crash = disk.crash();
  disk.restore(crash, crash.flushedNames, 'flushed');
  await expectSaved('after the power failure');
  expect(requests).toHaveLength(1);
});

/** The flushed names, the latest, and the flushed ones with one of the later changes. */
const namesLeftOf = ({ names, flushedNames }: Crash): readonly ReadonlyMap<string, string>[] => {
  const changed = [...new Set([...names.keys(), ...flushedNames.keys()])].filter((each) => names.get(each) !== flushedNames.get(each));
  const withOne = changed.map((each) => {
    const left = new Map(flushedNames);
    const file = names.get(each);
    if (file === undefined) left.delete(each);
    else left.set(each, file);
    return left;
  });
  return [flushedNames, names, ...withOne];
};
