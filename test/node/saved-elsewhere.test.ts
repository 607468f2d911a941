import { mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { filter, lastValueFrom, of, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { download, isDownloadError, type SaveEvent, saveVideos, type SaveVideosOptions, type SinkFile, type VideoRecord } from '../../src/node/index.js';
import { leaseOf } from '../../src/node/lease.js';
import { constantDelay, limitAttempts } from '../../src/poll/delay-policy.js';
import { serve } from '../adapters/loopback.js';
import { transition } from '../support/snapshots.js';
import { makeFilm, makePng } from './film.js';

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-elsewhere-'));
  onTestFinished(() => { rmSync(made, { recursive: true, force: true }); });
  return made;
};

const film = makeFilm(4000);
const frame = makePng();
const page = Buffer.from('<!doctype html><html>expired</html>');

/** Serves files by their paths. They can be replaced. */
const host = async (files: Record<string, Buffer>) => {
  const server = await serve(({ url = '' }, response) => {
    const file = files[url];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': file.length }).end(file);
  });
  return { url: server.url, paths: () => server.requests.map(({ url }) => url) };
};

const retry = limitAttempts(constantDelay(1), 12);

/** The end of the video of `ark:cgt-1`. */
const save = async (url: string, options: Omit<SaveVideosOptions, 'client'>, lastFrameUrl: string | null = null) => {
  const succeeded = transition('succeeded', null, { video: { url: `${url}/film.mp4`, lastFrameUrl, originalUrl: null, expiresAtMs: null } });
  const event = { kind: 'transition', atMs: 0, task: succeeded.task, transition: succeeded } as const;
  const ends = of(event).pipe(
    saveVideos({ allowPrivateHosts: true, retry, ...options }),
    filter((each): each is Exclude<SaveEvent, { kind: 'download' }> => each.kind !== 'download'),
    toArray(),
  );
  const [end, ...others] = await lastValueFrom(ends);
  expect(others).toEqual([]);
  return end;
};

describe('a sink', () => {
  /** Keeps what it gets. */
  const store = () => {
    const files = new Map<string, Buffer>();
    const sink = ({ name, bytes, task }: SinkFile): Writable =>
      // As an upload to an object store: a function of a stream that resolves when the file is stored.
      Duplex.from(async (source: AsyncIterable<Uint8Array>): Promise<void> => {
        const content = await buffer(Readable.from(source));
        await new Promise((resolve) => setImmediate(resolve));
        expect([bytes, task?.id]).toEqual([content.length, 'cgt-1']);
        files.set(name, content);
      });
    return { files, sink };
  };

  it('gets each video once all of it is received, and only the record stays in the directory', async () => {
    const { url, paths } = await host({ '/film.mp4': film });
    const { files, sink } = store();
    const directory = folder();
    const end = { kind: 'saved', task: { provider: 'ark', id: 'cgt-1' }, path: 'ark-cgt-1.mp4', bytes: film.length, lastFrame: null, error: null };
    expect(await save(url, { directory, sink })).toEqual({ ...end, isNew: true });
    expect([...files.keys()]).toEqual(['ark-cgt-1.mp4']);
    expect(files.get('ark-cgt-1.mp4')?.equals(film)).toBe(true);
    expect(readdirSync(directory)).toEqual(['ark-cgt-1.json']);
    files.clear();
    expect(await save(url, { directory, sink })).toEqual({ ...end, isNew: false });
    expect([...files]).toEqual([]);
    expect(paths()).toHaveLength(1);
  });

  it('gets the last frame, too', async () => {
    const { url } = await host({ '/film.mp4': film, '/last.png': frame });
    const { files, sink } = store();
    expect(await save(url, { directory: folder(), sink, lastFrame: true }, `${url}/last.png`)).toMatchObject({
      path: 'ark-cgt-1.mp4',
      lastFrame: { path: 'ark-cgt-1.last.png', bytes: frame.length },
    });
    expect([...files.keys()]).toEqual(['ark-cgt-1.mp4', 'ark-cgt-1.last.png']);
  });

  it('gets nothing of a file that is no video', async () => {
    const { url } = await host({ '/film.mp4': page });
    const sink = vi.fn(store().sink);
    expect(await save(url, { directory: folder(), sink })).toMatchObject({ kind: 'not-saved', error: { kind: 'refused' } });
    expect(sink).not.toHaveBeenCalled();
  });

  it.each<[string, () => Writable]>([
    ['throws', () => { throw new Error('no such bucket'); }],
    ['fails at its first bytes', () => new Writable({ write: (_, __, done) => { done(new Error('no such bucket')); } })],
    ['fails at its end', () => new Writable({ write: (_, __, done) => { done(); }, final: (done) => { done(new Error('no such bucket')); } })],
    ['rejects', () => Duplex.from(() => Promise.reject(new Error('no such bucket')))],
  ])('that %s is an error, and the next run sends the file without a request', async (_, failing) => {
    const { url, paths } = await host({ '/film.mp4': film });
    const directory = folder();
    const end = await save(url, { directory, sink: failing });
    expect(end).toMatchObject({ kind: 'not-saved', reason: 'download', error: { kind: 'sink', message: expect.stringContaining('the sink failed: no such bucket') as string } });
    expect(readdirSync(directory)).toContain('ark-cgt-1.mp4.part');
    const { files, sink } = store();
    expect(await save(url, { directory, sink })).toMatchObject({ kind: 'saved', isNew: true });
    expect(files.get('ark-cgt-1.mp4')?.equals(film)).toBe(true);
    expect(paths()).toHaveLength(1);
  });

  it('is destroyed when the download is unsubscribed, and the part is kept', async () => {
    const { url } = await host({ '/film.mp4': film });
    const directory = folder();
    const stuck = new Writable({ write: () => undefined });
    const sink = vi.fn(() => stuck);
    const subscription = download(`${url}/film.mp4`, { directory, sink, allowPrivateHosts: true }).subscribe();
    await expect.poll(() => sink.mock.calls.length).toBe(1);
    subscription.unsubscribe();
    await expect.poll(() => stuck.destroyed).toBe(true);
    await expect.poll(() => readdirSync(directory).sort()).toEqual(['film.mp4.part', 'film.mp4.part.json']);
  });

  it('that is no function is a TypeError', () => {
    expect(() => saveVideos({ directory: 'videos', sink: 'bucket' as never })).toThrow(new TypeError('sink must be a function, not bucket'));
  });
});

describe('the last frame of a video', () => {
  it('is saved beside it, once', async () => {
    const { url, paths } = await host({ '/film.mp4': film, '/last.png?x=1': frame });
    const directory = folder();
    const run = () => save(url, { directory, lastFrame: true }, `${url}/last.png?x=1`);
    const lastFrame = { path: join(directory, 'ark-cgt-1.last.png'), bytes: frame.length };
    expect(await run()).toMatchObject({ kind: 'saved', isNew: true, lastFrame, error: null });
    expect(readFileSync(lastFrame.path).equals(frame)).toBe(true);
    const record = JSON.parse(readFileSync(join(directory, 'ark-cgt-1.json'), 'utf8')) as VideoRecord;
    expect(record).toMatchObject({ version: 1, file: 'ark-cgt-1.mp4', bytes: film.length, isSent: false, lastFrame: { file: 'ark-cgt-1.last.png', bytes: frame.length } });
    expect(await run()).toMatchObject({ kind: 'saved', isNew: false, lastFrame, error: null });
    expect(paths()).toEqual(['/film.mp4', '/last.png?x=1']);
    unlinkSync(lastFrame.path);
    expect(await run()).toMatchObject({ isNew: false, lastFrame });
    expect(paths()).toHaveLength(3);
    expect(readdirSync(directory).sort()).toEqual(['ark-cgt-1.json', 'ark-cgt-1.last.png', 'ark-cgt-1.mp4']);
  });

  it('is not requested by default, and is null for a task that has none', async () => {
    const { url, paths } = await host({ '/film.mp4': film, '/last.png': frame });
    expect(await save(url, { directory: folder() }, `${url}/last.png`)).toMatchObject({ kind: 'saved', lastFrame: null });
    expect(await save(url, { directory: folder(), lastFrame: true })).toMatchObject({ kind: 'saved', lastFrame: null, error: null });
    expect(paths()).toEqual(['/film.mp4', '/film.mp4']);
  });

  it.each<[string, Buffer | undefined]>([['missing', undefined], ['a page', page], ['cut', frame.subarray(0, -20)], ['a video', film]])('that is %s does not cost the video, and the next run tries again', async (_, wrong) => {
    const files: Record<string, Buffer> = { '/film.mp4': film, ...(wrong && { '/last.png': wrong }) };
    const { url, paths } = await host(files);
    const directory = folder();
    const first = await save(url, { directory, lastFrame: true }, `${url}/last.png`);
    expect(first).toMatchObject({ kind: 'saved', isNew: true, bytes: film.length, lastFrame: null, error: { kind: 'refused' } });
    expect(readFileSync(join(directory, 'ark-cgt-1.mp4')).equals(film)).toBe(true);
    files['/last.png'] = frame;
    expect(await save(url, { directory, lastFrame: true }, `${url}/last.png`)).toMatchObject({ kind: 'saved', isNew: false, lastFrame: { bytes: frame.length }, error: null });
    expect(paths().filter((path) => path === '/film.mp4')).toHaveLength(1);
  });

  it('can also be downloaded by its link, which must lead to a picture', async () => {
    const { url } = await host({ '/a.png': frame, '/b.jpg': film });
    const directory = folder();
    const options = { directory, retry, allowPrivateHosts: true };
    await lastValueFrom(download(`${url}/a.png`, options));
    expect(readFileSync(join(directory, 'a.png')).equals(frame)).toBe(true);
    await expect(lastValueFrom(download(`${url}/b.jpg`, options))).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('the response is not a picture') as string });
  });
});

describe('a download that cannot be written at the moment', () => {
  /** Lets the disk have no room, until it is told to have some. */
  const fillDisk = () => {
    const { statfs } = fsPromises;
    const restore = (): void => {
      fsPromises.statfs = statfs;
      syncBuiltinESMExports();
    };
    const measured = vi.fn(() => Promise.resolve({ bsize: 4096, blocks: 1000, bavail: 0 }));
    fsPromises.statfs = measured as never;
    syncBuiltinESMExports();
    onTestFinished(restore);
    return { measured, restore };
  };

  it('goes on when the disk has room again', async () => {
    const { url } = await host({ '/film.mp4': film });
    const directory = folder();
    const disk = fillDisk();
    disk.measured.mockImplementation(() => {
      if (disk.measured.mock.calls.length === 8) disk.restore();
      return Promise.resolve({ bsize: 4096, blocks: 1000, bavail: 0 });
    });
    expect(await save(url, { directory })).toMatchObject({ kind: 'saved', isNew: true });
    expect(readFileSync(join(directory, 'ark-cgt-1.mp4')).equals(film)).toBe(true);
    expect(disk.measured).toHaveBeenCalledTimes(8);
  });

  it('is given up when the disk stays full for giveUpAfterMs', async () => {
    const { url } = await host({ '/film.mp4': film });
    const { measured } = fillDisk();
    expect(await save(url, { directory: folder(), giveUpAfterMs: 1 })).toMatchObject({
      kind: 'not-saved',
      error: { kind: 'disk', message: expect.stringContaining('the disk has no room for') as string },
    });
    expect(measured.mock.calls.length).toBeGreaterThanOrEqual(5);
  });

  it('goes on when another program has closed its part', async () => {
    const { url } = await host({ '/film.mp4': film });
    const directory = folder();
    const lease = leaseOf(join(directory, 'ark-cgt-1.mp4.part'));
    let waits = 0;
    const policy = () => {
      if ((waits += 1) === 8) lease.release();
      return 1;
    };
    expect(await save(url, { directory, retry: policy })).toMatchObject({ kind: 'saved', isNew: true });
    expect(waits).toBe(8);
  });

  it('is not new when another program has saved it in the meantime', async () => {
    const { url, paths } = await host({ '/film.mp4': film });
    const directory = folder();
    const lease = leaseOf(join(directory, 'ark-cgt-1.mp4.part'));
    const elsewhere = folder();
    await save(url, { directory: elsewhere });
    const policy = () => {
      for (const name of readdirSync(elsewhere)) fsPromises.copyFile(join(elsewhere, name), join(directory, name)).then(lease.release, () => undefined);
      return 1;
    };
    expect(await save(url, { directory, retry: policy })).toMatchObject({ kind: 'saved', isNew: false, path: join(directory, 'ark-cgt-1.mp4') });
    expect(paths()).toHaveLength(1);
  });

  it('is given up at once by a policy that stops', async () => {
    const { url } = await host({ '/film.mp4': film });
    const directory = folder();
    const lease = leaseOf(join(directory, 'film.mp4.part'));
    onTestFinished(lease.release);
    const attempts: number[] = [];
    const refused = download(`${url}/film.mp4`, { directory, allowPrivateHosts: true, retry: ({ index }) => (attempts.push(index) > 2 ? 'stop' : 1) });
    await expect(lastValueFrom(refused)).rejects.toSatisfy((error) => isDownloadError(error, 'disk'));
    expect(attempts).toEqual([0, 1, 2]);
  });
});
