import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { EMPTY, filter, firstValueFrom, lastValueFrom, merge, type Observable, of, skipWhile, tap, throwError, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { download as downloadFrom, type DownloadErrorKind, type DownloadOptions, type DownloadProgress, isDownloadError } from '../../src/node/index.js';
import { roomOf } from '../../src/node/disk-room.js';
import { diskError } from '../../src/node/download-error.js';
import { openPart } from '../../src/node/part-file.js';
import { constantDelay, limitAttempts } from '../../src/poll/delay-policy.js';
import { transitionTo } from '../../src/task/transition.js';
import { key, nowhere, serve, serveBytes } from '../adapters/loopback.js';
import { snapshot } from '../support/snapshots.js';
import { makeFilm } from './film.js';

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-download-'));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

const film = makeFilm();
const tag = '"film-1"';

type Serving = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A host that serves the film correctly, after the given handlers have served the first requests. */
const host = async (...first: readonly Serving[]) => {
  let count = 0;
  const listener: RequestListener = (request, response) => {
    const serving = first[count];
    count += 1;
    if (serving === undefined) whole(request, response, count);
    else serving(request, response, count);
  };
  const server = await serve(listener);
  const ranges = (): readonly (string | undefined)[] => server.requests.map(({ headers }) => headers.range);
  return { ...server, link: `${server.url}/film.mp4?X-Tos-Signature=5ignature`, ranges };
};

/** Serves the film from the requested byte, like an object store. */
const whole: Serving = ({ headers }, response) => {
  const from = headers['if-range'] === tag ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
  const common = { etag: tag, 'content-type': 'video/mp4', 'content-length': film.length - from };
  if (from > 0) response.writeHead(206, { ...common, 'content-range': `bytes ${String(from)}-${String(film.length - 1)}/${String(film.length)}` });
  else response.writeHead(200, common);
  response.end(film.subarray(from));
};

/** Serves the film up to a byte, then closes the connection. */
const cutAt = (byte: number, headers: Record<string, string> = {}): Serving => (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = { 'content-range': `bytes ${String(from)}-${String(film.length - 1)}/${String(film.length)}` };
  response.writeHead(from > 0 ? 206 : 200, { etag: tag, 'content-length': film.length - from, ...(from > 0 && range), ...headers });
  response.write(film.subarray(from, byte), () => response.socket?.destroySoon());
};

const status = (code: number, headers: Record<string, string> = {}): Serving => (_, response) => void response.writeHead(code, headers).end('no');

/** The hosts of these tests are on loopback. */
const download: typeof downloadFrom = (source, options) => downloadFrom(source, { allowPrivateHosts: true, ...options });

/** Reconnects at once, a limited number of times. */
const hasty: Pick<DownloadOptions, 'retry'> = { retry: limitAttempts(constantDelay(1), 20) };

const run = (progress: Observable<DownloadProgress>): Promise<readonly DownloadProgress[]> => lastValueFrom(progress.pipe(toArray()));

/** The error of a download. Checks its kind, and that it does not hold the signature of the link. */
const failure = async (progress: Observable<DownloadProgress>, kind: DownloadErrorKind): Promise<Error> => {
  const error: unknown = await run(progress).then((values) => expect.fail(`expected an error, got ${inspect(values.at(-1))}`), (reason: unknown) => reason);
  if (!isDownloadError(error, kind)) expect.fail(`expected kind ${kind}, got ${inspect(error)}`);
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('5ignature');
  return error;
};

const succeededWith = (url: string, id = 'cgt-1') => {
  const video = { url, lastFrameUrl: null, originalUrl: null, expiresAtMs: null };
  return { ...snapshot('succeeded'), task: { provider: 'ark', id }, video };
};

/** A client whose watches give these links, one after another. */
const relinking = (...links: readonly (string | null)[]) => {
  let watches = 0;
  const watch = (): ReturnType<NonNullable<DownloadOptions['client']>['watch']> => {
    const url = links[watches] ?? null;
    watches += 1;
    return of(transitionTo({ snapshot: { ...succeededWith(url ?? ''), video: url === null ? null : succeededWith(url).video }, raw: null }, null, 0));
  };
  return { client: { watch }, watches: () => watches };
};

describe('a download', () => {
  it('saves a file, and emits its progress', async () => {
    const { link } = await host();
    const directory = join(folder(), 'not', 'there', 'yet');
    const seen = await run(download(link, { directory }));
    const path = join(directory, 'film.mp4');
    expect(readFileSync(path).equals(film)).toBe(true);
    expect(readdirSync(directory)).toEqual(['film.mp4']);
    expect(seen[0]).toEqual({ path, receivedBytes: 0, totalBytes: null, done: false });
    expect(seen.at(-1)).toEqual({ path, receivedBytes: film.length, totalBytes: film.length, done: true });
    const received = seen.map(({ receivedBytes }) => receivedBytes);
    expect(received).toEqual([...received].sort((a, b) => a - b));
    expect(seen.filter(({ done }) => done)).toHaveLength(1);
  });

  it('names this library as the user agent', async () => {
    const { link, requests } = await host();
    await run(download(link, { directory: folder() }));
    expect(requests.map(({ headers }) => headers['user-agent'])).toEqual([expect.stringMatching(/^rx-seedance\/\d/)]);
  });

  it('names the file of a snapshot after its task, for any id', async () => {
    const { link } = await host();
    const directory = join(folder(), 'videos');
    for (const id of ['cgt-1', '../../outside', '/etc/passwd', '..', 'a\0b', 'C:\\x', '.hidden', '-rf', '任务']) {
      await run(download(succeededWith(link, id), { directory }));
    }
    expect(readdirSync(join(directory, '..'))).toEqual(['videos']);
    const names = readdirSync(directory);
    expect(names).toHaveLength(9);
    expect(names).toContain('ark-cgt-1.mp4');
    expect(names.filter((name) => !/^ark[\w.~-]*\.mp4$/.test(name))).toEqual([]);
  });

  it('sends only GET requests with the unchanged link, without compression and without a key', async () => {
    const { link, requests } = await host(cutAt(1000), status(503));
    await run(download(link, { directory: folder(), ...hasty }));
    expect(requests).toHaveLength(3);
    for (const { method, url, headers } of requests) {
      expect([method, url, headers['accept-encoding']]).toEqual(['GET', '/film.mp4?X-Tos-Signature=5ignature', 'identity']);
      expect(headers).not.toHaveProperty('authorization');
      expect(JSON.stringify(headers)).not.toContain(key);
    }
  });

  it('is cold: each subscription is a download', async () => {
    const { link, requests } = await host();
    const directory = folder();
    const progress = download(link, { directory, overwrite: true });
    expect([requests.length, readdirSync(directory)]).toEqual([0, []]);
    await run(progress);
    await run(progress);
    expect(requests).toHaveLength(2);
  });

  it('runs after another one of the same path, and finds the file there', async () => {
    const { link, requests } = await host();
    const directory = folder();
    const [first, second] = await Promise.allSettled([run(download(link, { directory })), run(download(link, { directory }))]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
    expect(isDownloadError((second as PromiseRejectedResult).reason, 'exists')).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it('follows a redirect of the host', async () => {
    const { link, url } = await host((_, response) => void response.writeHead(302, { location: `${url}/elsewhere.mp4` }).end());
    const directory = folder();
    await run(download(link, { directory }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });
});

describe('a redirect', () => {
  it.each([
    ['in a loop', '/again', 'interrupted', /the file's host redirects too often$/],
    ['to another protocol', 'file:///etc/passwd', 'refused', /the link leads to file:$/],
    ['to a host with a user', 'http://user:secret@127.0.0.1/', 'refused', /the link contains a user or a password$/],
  ] as const)('that leads %s is not followed', async (_, location, kind, message) => {
    const server = await serve((_request, response) => void response.writeHead(307, { location }).end());
    const directory = folder();
    const error = await failure(download(`${server.url}/film.mp4`, { directory, retry: () => 'stop' }), kind);
    expect(error.message).toMatch(message);
    expect(readFileSync(join(directory, 'film.mp4.part'))).toHaveLength(0);
  });
});

describe('a cut connection', () => {
  it('is resumed where it was cut, by Range and If-Range', async () => {
    const at = Math.floor(film.length * 0.6);
    const { link, requests, ranges } = await host(cutAt(at));
    const directory = folder();
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual([undefined, `bytes=${String(at)}-`]);
    expect(requests[1]?.headers['if-range']).toBe(tag);
  });

  it('may be cut again and again', async () => {
    const cuts = Array.from({ length: 15 }, (_, index) => Math.floor((film.length / 16) * (index + 1)));
    const { link, ranges } = await host(...cuts.map((byte) => cutAt(byte)));
    const directory = folder();
    // The policy allows fewer consecutive failures than there are cuts, but each connection brings new bytes.
    await run(download(link, { directory, retry: limitAttempts(constantDelay(0), 2) }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges().slice(1)).toEqual(cuts.map((byte) => `bytes=${String(byte)}-`));
  });

  it('starts over if the server ignores Range', async () => {
    const ignoring: Serving = (_, response) => void response.writeHead(200, { etag: tag, 'content-length': film.length }).end(film);
    const { link } = await host(cutAt(100_000), ignoring);
    const directory = folder();
    const seen = await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    const received = seen.map(({ receivedBytes }) => receivedBytes);
    expect(received.lastIndexOf(0)).toBeGreaterThan(received.indexOf(100_000));
  });

  it('starts over if the server sent no validator', async () => {
    const { link, ranges } = await host((_, response) => {
      response.writeHead(200, { 'content-length': film.length });
      response.write(film.subarray(0, 5000), () => response.socket?.destroySoon());
    });
    const directory = folder();
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it('starts over if the file has changed, and keeps no byte of the old one', async () => {
    const other = makeFilm(10, 'other');
    const { link } = await host(cutAt(100_000), (_, response) => void response.writeHead(200, { etag: '"film-2"', 'content-length': other.length }).end(other));
    const directory = folder();
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(other)).toBe(true);
  });

  it.each<[string, Serving]>([
    ['a part that starts elsewhere', (_, response) => void response.writeHead(206, { etag: tag, 'content-range': `bytes 7-${String(film.length - 1)}/${String(film.length)}` }).end(film.subarray(7))],
    ['a part of a file of another size', (_, response) => void response.writeHead(206, { etag: tag, 'content-range': 'bytes 1000-1999/2000' }).end(film.subarray(1000, 2000))],
    ['a part without a Content-Range', (_, response) => void response.writeHead(206, { etag: tag }).end(film.subarray(1000))],
    ['a length that does not match its range', (_, response) => void response.writeHead(206, { etag: tag, 'content-range': `bytes 1000-${String(film.length - 1)}/${String(film.length)}`, 'content-length': '10' }).end(film.subarray(0, 10))],
    ['more than its range says', (_, response) => void response.writeHead(206, { etag: tag, 'content-range': `bytes 1000-1009/${String(film.length)}` }).end(film.subarray(1000))],
    ['416', status(416)],
    ['a page under 200', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>')],
    ['compressed bytes', (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(film.subarray(0, 100))],
    ['an empty body', (_, response) => void response.writeHead(200).end()],
    ['an announced length of 0', (_, response) => void response.writeHead(200, { etag: tag, 'content-length': 0 }).end()],
    ['503', status(503)],
  ])('does not put wrong bytes into the file: %s', async (_, serving) => {
    const { link } = await host(cutAt(1000), serving);
    const directory = folder();
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });

  it('is resumed after a part that was shorter than requested', async () => {
    const piece: Serving = (_, response) => void response.writeHead(206, { etag: tag, 'content-range': `bytes 1000-1999/${String(film.length)}`, 'content-length': '1000' }).end(film.subarray(1000, 2000));
    const { link, ranges } = await host(cutAt(1000), piece);
    const directory = folder();
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=1000-', 'bytes=2000-']);
  });

  it('waits as long as the host requests', async () => {
    const times: number[] = [];
    const { link } = await host(status(429, { 'retry-after': '1' }), (request, response, count) => { times.push(Date.now()); whole(request, response, count); });
    const began = Date.now();
    await run(download(link, { directory: folder(), ...hasty }));
    expect((times[0] ?? 0) - began).toBeGreaterThanOrEqual(990);
  });

  it('is an error after giveUpAfterMs and at least five failures, and keeps the part', async () => {
    const { link, requests } = await host(cutAt(1000), ...Array.from({ length: 9 }, () => status(500)));
    const directory = folder();
    const error = await failure(download(link, { directory, retry: constantDelay(0), giveUpAfterMs: 1 }), 'interrupted');
    expect(error.message).toMatch(/film\.mp4: given up at byte 1000 after \d+ failures in a row: the file's host responded with 500$/);
    expect(requests.length).toBeGreaterThanOrEqual(5);
    expect(readFileSync(join(directory, 'film.mp4.part')).equals(film.subarray(0, 1000))).toBe(true);
    expect(existsSync(join(directory, 'film.mp4'))).toBe(false);
  });

  it('is an error when every connection breaks at the same byte, because only new bytes are progress', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': film.length });
      response.write(film.subarray(0, 5000), () => response.socket?.destroySoon());
    });
    await failure(download(`${server.url}/film.mp4`, { directory: folder(), retry: limitAttempts(constantDelay(0), 6) }), 'interrupted');
    expect(server.requests).toHaveLength(7);
  });

  it('is noticed when the file is shorter than announced', async () => {
    const directory = folder();
    const head = `HTTP/1.1 200 OK\r\ncontent-length: 1000\r\netag: ${tag}\r\n\r\n`;
    const short = await serveBytes((socket) => void socket.end(Buffer.concat([Buffer.from(head), film.subarray(0, 50)])));
    const error = await failure(download(`${short.url}/short.mp4`, { directory, retry: limitAttempts(constantDelay(0), 3) }), 'interrupted');
    expect(error.message).toContain('given up at byte 50 after');
    expect(existsSync(join(directory, 'short.mp4'))).toBe(false);
  });

  it('is an error when the host refuses connections', async () => {
    const error = await failure(download(`${await nowhere()}/film.mp4`, { directory: folder(), retry: limitAttempts(constantDelay(0), 1) }), 'interrupted');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('is one that sends no more data: the next one resumes', async () => {
    const silent: Serving = (_, response) => {
      response.writeHead(200, { etag: tag, 'content-length': film.length });
      response.write(film.subarray(0, 3000));
    };
    const { link, ranges } = await host(silent, () => undefined);
    const directory = folder();
    await run(download(link, { directory, ...hasty, idleTimeoutMs: 60 }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=3000-', 'bytes=3000-']);
  });

  it('is not a slow one: each byte resets the idle timeout', async () => {
    const short = makeFilm(10);
    const slow: Serving = (_, response) => {
      response.writeHead(200, { etag: tag, 'content-length': short.length });
      const piece = Math.ceil(short.length / 6);
      let at = 0;
      const send = setInterval(() => {
        response.write(short.subarray(at, at + piece));
        at += piece;
        if (at >= short.length) { clearInterval(send); response.end(); }
      }, 40);
    };
    const { link, requests } = await host(slow);
    const directory = folder();
    // The whole download takes longer than the idle timeout.
    await run(download(link, { directory, idleTimeoutMs: 150 }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(short)).toBe(true);
    expect(requests).toHaveLength(1);
  });
});

const startedAtMs = Date.now() - uptime() * 1000;
const notes = (totalBytes: number | null, flushedBytes = film.length, bootedAtMs = startedAtMs): string =>
  JSON.stringify({ totalBytes, validator: tag, flushedBytes, bootedAtMs });

describe('a later download', () => {
  it.each([
    ['all bytes that a killed program has written', 0, startedAtMs, 'bytes=1000-'],
    ['the flushed bytes alone after a failure of the computer', 400, startedAtMs - 3_600_000, 'bytes=400-'],
    ['no byte after a failure of the computer if none was flushed', 0, startedAtMs - 3_600_000, undefined],
  ])('trusts %s', async (_, flushedBytes, bootedAtMs, range) => {
    const { link, ranges } = await host();
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), Buffer.concat([film.subarray(0, flushedBytes), bootedAtMs === startedAtMs ? film.subarray(0, 1000) : Buffer.alloc(1000 - flushedBytes)]));
    writeFileSync(join(directory, 'film.mp4.part.json'), notes(film.length, flushedBytes, bootedAtMs));
    await run(download(link, { directory, ...hasty }));
    expect(ranges()).toEqual([range]);
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });

  it('leaves nothing behind the end of a file that is shorter than the part was before a failure of the computer', async () => {
    const { link } = await host();
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), Buffer.concat([film.subarray(0, 400), Buffer.alloc(film.length)]));
    writeFileSync(join(directory, 'film.mp4.part.json'), notes(null, 400, startedAtMs - 3_600_000));
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });

  it('resumes from the part', async () => {
    const { link, ranges } = await host(cutAt(100_000));
    const directory = folder();
    await failure(download(link, { directory, retry: () => 'stop' }), 'interrupted');
    await expect.poll(() => readdirSync(directory).sort()).toEqual(['film.mp4.part', 'film.mp4.part.json']);
    const seen = await run(download(link, { directory }));
    expect(seen[0]).toMatchObject({ receivedBytes: 100_000, totalBytes: film.length });
    expect(ranges()).toEqual([undefined, 'bytes=100000-']);
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(readdirSync(directory)).toEqual(['film.mp4']);
  });

  it('resumes after an unsubscribe, which aborts the request at once and keeps the part', async () => {
    const { link, nextRequest } = await host((_, response) => {
      response.writeHead(200, { etag: tag, 'content-length': film.length });
      response.write(film.subarray(0, 50_000));
    });
    const directory = folder();
    const exchange = nextRequest();
    const reached = firstValueFrom(download(link, { directory }).pipe(skipWhile(({ receivedBytes }) => receivedBytes < 50_000)));
    const { closed } = await exchange;
    await reached;
    await closed;
    // It waits until the first download has closed the part.
    const seen = await run(download(link, { directory }));
    expect(seen[0]).toMatchObject({ receivedBytes: 50_000 });
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });

  it('sends no request if the part is complete and only has to be renamed', async () => {
    const { link, requests } = await host();
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), film);
    writeFileSync(join(directory, 'film.mp4.part.json'), notes(film.length));
    expect((await run(download(link, { directory }))).at(-1)).toMatchObject({ done: true, receivedBytes: film.length });
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(requests).toHaveLength(0);
  });

  it('requests the bytes after a part of a file of unknown length', async () => {
    const piece = (from: number, to: number): Serving => (_, response) =>
      void response.writeHead(206, { etag: tag, 'content-range': `bytes ${String(from)}-${String(to - 1)}/*` }).end(film.subarray(from, to));
    const { link, ranges } = await host(piece(1000, 2000), piece(2000, film.length), status(416, { 'content-range': `bytes */${String(film.length)}` }));
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), film.subarray(0, 1000));
    writeFileSync(join(directory, 'film.mp4.part.json'), notes(null));
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual(['bytes=1000-', 'bytes=2000-', `bytes=${String(film.length)}-`]);
  });

  it('starts over if the host has no bytes after an incomplete part', async () => {
    const { link, ranges } = await host(status(416, { 'content-range': 'bytes */1000' }));
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), film.subarray(0, 1000));
    writeFileSync(join(directory, 'film.mp4.part.json'), notes(film.length));
    await run(download(link, { directory, ...hasty }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual(['bytes=1000-', undefined]);
  });

  it('takes 416 as the end of a file of unknown length', async () => {
    const { link, ranges } = await host(status(416, { 'content-range': `bytes */${String(film.length)}` }));
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), film);
    writeFileSync(join(directory, 'film.mp4.part.json'), notes(null));
    await run(download(link, { directory }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual([`bytes=${String(film.length)}-`]);
  });

  it.each([
    ['has no notes', 'part of something', null],
    ['has incomplete notes', 'part of something', '{"totalBytes":10'],
    ['has notes of something else', 'part of something', '"film"'],
    ['is longer than its notes say', 'x'.repeat(2000), notes(1000)],
    ['has notes with a control character', 'part of something', JSON.stringify({ totalBytes: null, validator: '"a\nb"', flushedBytes: 100, bootedAtMs: 0 })],
    ['has notes without a validator', 'part of something', JSON.stringify({ totalBytes: null, validator: null, flushedBytes: 100, bootedAtMs: 0 })],
  ])('starts over with a part that %s', async (_, part, notes) => {
    const { link, ranges } = await host();
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4.part'), part);
    if (notes !== null) writeFileSync(join(directory, 'film.mp4.part.json'), notes);
    await run(download(link, { directory }));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
    expect(ranges()).toEqual([undefined]);
  });
});

describe('a refused link', () => {
  it('is replaced by a fresh one from the provider, also in the middle of the file', async () => {
    const { link, url, paths } = await host(cutAt(200_000), status(403));
    const fresh = relinking(`${url}/film.mp4?fresh`);
    const directory = folder();
    await run(download(succeededWith(link), { directory, ...hasty, ...fresh }));
    expect(readFileSync(join(directory, 'ark-cgt-1.mp4')).equals(film)).toBe(true);
    expect(fresh.watches()).toBe(1);
    expect(paths).toEqual(['/film.mp4?X-Tos-Signature=5ignature', '/film.mp4?X-Tos-Signature=5ignature', '/film.mp4?fresh']);
  });

  it('is followed by a range request to the fresh link', async () => {
    const { link, url, ranges } = await host(cutAt(200_000), status(404));
    await run(download(succeededWith(link), { directory: folder(), ...hasty, ...relinking(`${url}/film.mp4?fresh`) }));
    expect(ranges()).toEqual([undefined, 'bytes=200000-', 'bytes=200000-']);
  });

  it('may be replaced again after new bytes', async () => {
    const { link, url } = await host(cutAt(1000), status(403), cutAt(2000), status(403), cutAt(3000), status(403));
    const fresh = relinking(`${url}/1`, `${url}/2`, `${url}/3`);
    await run(download(succeededWith(link), { directory: folder(), ...hasty, ...fresh }));
    expect(fresh.watches()).toBe(3);
  });

  it.each([403, 404, 410])('is an error when fresh ones are refused with %i too, until the policy stops', async (code) => {
    const { link, url, requests } = await host(...Array.from({ length: 9 }, () => status(code)));
    const fresh = relinking(`${url}/1`, `${url}/2`, `${url}/3`, `${url}/4`);
    const error = await failure(download(succeededWith(link), { directory: folder(), ...fresh, retry: limitAttempts(constantDelay(0), 3) }), 'refused');
    expect(error.message).toMatch(new RegExp(`responded with ${String(code)}$`));
    expect([requests.length, fresh.watches()]).toEqual([4, 3]);
  });

  it('is replaced again and again, for a file that appears some minutes after its link', async () => {
    const { link, url } = await host(status(404), status(404), status(404), status(404));
    const fresh = relinking(`${url}/1`, `${url}/2`, `${url}/3`, `${url}/4`);
    const directory = folder();
    await run(download(succeededWith(link), { directory, ...hasty, ...fresh }));
    expect(readFileSync(join(directory, 'ark-cgt-1.mp4')).equals(film)).toBe(true);
    expect(fresh.watches()).toBe(4);
  });

  it('is an error without a client', async () => {
    const { link, requests } = await host(status(403));
    await failure(download(succeededWith(link), { directory: folder() }), 'refused');
    expect(requests).toHaveLength(1);
  });

  it('is an error when the task no longer has a link', async () => {
    const { link } = await host(status(403));
    const error = await failure(download(succeededWith(link), { directory: folder(), ...relinking(null) }), 'refused');
    expect(error.message).toMatch(/403, and no fresh link is available: the task is now succeeded, without a link$/);
  });

  it('is an error when the watch fails', async () => {
    const { link } = await host(status(403));
    const client = { watch: () => throwError(() => new Error('ark/cgt-1: gone')) };
    const error = await failure(download(succeededWith(link), { directory: folder(), client }), 'refused');
    expect(error.message).toContain('no fresh link is available: ark/cgt-1: gone');
  });

  it('is an error when the watch emits nothing', async () => {
    const { link } = await host(status(403));
    await failure(download(succeededWith(link), { directory: folder(), client: { watch: () => EMPTY } }), 'refused');
  });
});

describe('the disk', () => {
  it('that is full ends the download with an error that says so', () => {
    const error = diskError('film.mp4', Object.assign(new Error('write'), { code: 'ENOSPC' }));
    expect(error).toMatchObject({ kind: 'disk', message: 'film.mp4: the disk is full (ENOSPC)' });
  });

  it.skipIf(process.platform === 'win32').each(['film.mp4.part', 'film.mp4.part.json.new'])('has no link that is followed: %s', async (name) => {
    const { link } = await host();
    const directory = folder();
    const outside = join(folder(), 'outside');
    writeFileSync(outside, 'mine');
    symlinkSync(outside, join(directory, name));
    const error = await failure(download(link, { directory }), 'disk');
    expect(error.message).toMatch(/: the part, or a file beside it, is a symbolic link \(ELOOP\)$/);
    expect(readFileSync(outside, 'utf8')).toBe('mine');
  });

  it.skipIf(process.platform === 'win32')('has no notes behind a link', async () => {
    const { link, ranges } = await host();
    const directory = folder();
    const outside = join(folder(), 'notes.json');
    writeFileSync(outside, notes(film.length));
    symlinkSync(outside, join(directory, 'film.mp4.part.json'));
    writeFileSync(join(directory, 'film.mp4.part'), film.subarray(0, 1000));
    await run(download(link, { directory }));
    expect(ranges()).toEqual([undefined]);
    expect([readFileSync(outside, 'utf8').length > 10, readFileSync(join(directory, 'film.mp4')).equals(film)]).toEqual([true, true]);
  });

  it.skipIf(!existsSync('/dev/null'))('has a device at the path of the part: an error', async () => {
    const directory = folder();
    execFileSync('mkfifo', [join(directory, 'film.mp4.part')]);
    const { link } = await host();
    expect((await failure(download(link, { directory }), 'disk')).message).toMatch(/film\.mp4\.part is not a regular file$/);
  });

  it('has a part with a second name: that file stays as it is', async () => {
    const directory = folder();
    const { link } = await host();
    writeFileSync(join(directory, 'other.mp4'), 'mine');
    linkSync(join(directory, 'other.mp4'), join(directory, 'film.mp4.part'));
    await run(download(link, { directory }));
    expect(readFileSync(join(directory, 'other.mp4'), 'utf8')).toBe('mine');
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });

  it('that cannot create the directory is an error', async () => {
    const directory = folder();
    writeFileSync(join(directory, 'file'), '');
    const { link, requests } = await host();
    const error = await failure(download(link, { directory: join(directory, 'file', 'below') }), 'disk');
    expect(error.message).toMatch(/a part of the path is not a directory \(ENOTDIR\)$/);
    expect(requests).toHaveLength(0);
  });

  it.each(['film.mp4.part', 'film.mp4.part.json', 'film.mp4.part.json.new'])('that has a directory at %s is an error', async (name) => {
    const directory = folder();
    mkdirSync(join(directory, name));
    const { link } = await host();
    expect((await failure(download(link, { directory }), 'disk')).message).toMatch(/the path is a directory \(EISDIR\)$/);
  });

  it('keeps an existing file, and no request is sent', async () => {
    const { link, requests } = await host();
    const directory = folder();
    writeFileSync(join(directory, 'film.mp4'), 'mine');
    const error = await failure(download(link, { directory }), 'exists');
    expect(error.message).toContain('the file already exists');
    expect(readFileSync(join(directory, 'film.mp4'), 'utf8')).toBe('mine');
    expect([requests.length, readdirSync(directory)]).toEqual([0, ['film.mp4']]);
  });

  it('keeps a file that was created during the download', async () => {
    const directory = folder();
    const { link } = await host((request, response, count) => {
      writeFileSync(join(directory, 'film.mp4'), 'mine');
      whole(request, response, count);
    });
    await failure(download(link, { directory }), 'exists');
    expect(readFileSync(join(directory, 'film.mp4'), 'utf8')).toBe('mine');
    expect(readFileSync(join(directory, 'film.mp4.part')).equals(film)).toBe(true);
  });

  it('keeps a file that was created in the last moment', async () => {
    const path = join(folder(), 'film.mp4');
    const part = await openPart(path, false);
    await part.begin(4, null);
    await part.write(Buffer.from('film'));
    await expect(part.finish(() => { writeFileSync(path, 'mine'); })).rejects.toMatchObject({ kind: 'exists' });
    await part.close();
    expect([readFileSync(path, 'utf8'), readFileSync(`${path}.part`, 'utf8')]).toEqual(['mine', 'film']);
  });

  it('replaces a file with overwrite, once the new one is complete', async () => {
    const directory = folder();
    const { link } = await host(cutAt(1000));
    writeFileSync(join(directory, 'film.mp4'), 'mine');
    const contents: string[] = [];
    await run(download(link, { directory, overwrite: true, ...hasty }).pipe(tap(({ done }) => { if (!done) contents.push(readFileSync(join(directory, 'film.mp4'), 'utf8')); })));
    expect(new Set(contents)).toEqual(new Set(['mine']));
    expect(readFileSync(join(directory, 'film.mp4')).equals(film)).toBe(true);
  });
});

describe('the size of a file', () => {
  it('is an error before the first byte if the announced one is above maxBytes', async () => {
    const { link, requests } = await host(cutAt(1000));
    const directory = folder();
    const error = await failure(download(link, { directory, ...hasty, maxBytes: film.length - 1 }), 'too-large');
    expect(error.message).toContain(`the file has ${String(film.length)} bytes, more than maxBytes (${String(film.length - 1)})`);
    expect(readFileSync(join(directory, 'film.mp4.part'))).toHaveLength(0);
    expect(requests).toHaveLength(1);
  });

  it('is an error as soon as the received bytes exceed maxBytes, and the disk gets its space back', async () => {
    const endless: Serving = (_, response) => {
      const send = (): void => { if (!response.destroyed) response.write(film, () => setImmediate(send)); };
      response.writeHead(200, { etag: tag });
      send();
    };
    const { link } = await host(endless);
    const directory = folder();
    await failure(download(link, { directory, ...hasty, maxBytes: 2_000_000 }), 'too-large');
    expect(readFileSync(join(directory, 'film.mp4.part'))).toHaveLength(0);
  });

  it('may be exactly maxBytes', async () => {
    const { link } = await host();
    await run(download(link, { directory: folder(), maxBytes: film.length }));
  });

  it('is an error if the disk has no room for it, and none of its bytes are written', async () => {
    const { link } = await host((_, response) => void response.writeHead(200, { etag: tag, 'content-length': '900000000000000' }).write(film));
    const directory = folder();
    const error = await failure(download(link, { directory, maxBytes: Number.MAX_SAFE_INTEGER, retry: () => 'stop' }), 'disk');
    expect(error.message).toContain('the disk has no room for 900000000000000 more bytes');
    expect(readFileSync(join(directory, 'film.mp4.part'))).toHaveLength(0);
  });

  it('must leave a twentieth of the disk free, at most 64 MiB', () => {
    const mebibyte = 1_048_576;
    expect(roomOf({ bsize: 4096, blocks: 1_000_000, bavail: 100_000 })).toBe(409_600_000 - 64 * mebibyte);
    expect(roomOf({ bsize: 1, blocks: 3 * mebibyte, bavail: 3 * mebibyte })).toBeCloseTo(0.95 * 3 * mebibyte);
    expect(roomOf({ bsize: 4096, blocks: 1_000_000, bavail: 10 })).toBe(0);
    expect(roomOf({ bsize: 4096, blocks: 0, bavail: 0 })).toBe(Infinity);
  });
});

describe('what cannot be downloaded', () => {
  it('is a task without a link', async () => {
    const directory = folder();
    expect((await failure(download({ ...succeededWith(''), video: null }, { directory }), 'no-video')).message).toContain('ark-cgt-1.mp4: the task has no video');
    await failure(download(snapshot('running'), { directory }), 'no-video');
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each<[string, () => unknown, string]>([
    ['an invalid link', () => download('/film.mp4?secret', { directory: 'x' }), "source must be a snapshot or an http(s) link, not '/film.mp4?…'"],
    ['another protocol', () => download('file:///etc/passwd', { directory: 'x' }), "source must be a snapshot or an http(s) link, not 'file:///etc/passwd'"],
    ['a link with a user', () => download('https://user:secret@a.example/b', { directory: 'x' }), "source must be a snapshot or an http(s) link, not 'https://…@a.example/b'"],
    ['an empty directory', () => download('https://a.example/b', { directory: '' }), 'directory must be a path, not ""'],
    ['a directory of another type', () => download('https://a.example/b', { directory: 5 as never }), 'directory must be a path, not 5'],
    ['a name that leads elsewhere', () => download('https://a.example/b', { directory: 'x', fileName: '../b.mp4' }), 'fileName must be one segment of a path, not "../b.mp4"'],
    ['a name that is a folder', () => download('https://a.example/b', { directory: 'x', fileName: '..' }), 'fileName must be one segment of a path, not ".."'],
    ['a giveUpAfterMs of 0', () => download('https://a.example/b', { directory: 'x', giveUpAfterMs: 0 }), 'giveUpAfterMs must be a finite number of ms above 0, not 0'],
    ['an idle timeout of NaN', () => download('https://a.example/b', { directory: 'x', idleTimeoutMs: Number.NaN }), 'idleTimeoutMs must be a finite number of ms above 0, not NaN'],
    ['a least speed below 0', () => download('https://a.example/b', { directory: 'x', minBytesPerSecond: -1 }), 'minBytesPerSecond must be finite and ≥ 0, not -1'],
    ['a greatest size of 0', () => download('https://a.example/b', { directory: 'x', maxBytes: 0 }), 'maxBytes must be an integer ≥ 1, not 0'],
    ['a window of 0', () => download('https://a.example/b', { directory: 'x', speedWindowMs: 0 }), 'speedWindowMs must be a finite number of ms above 0, not 0'],
    ['an allowPrivateHosts of 1', () => download('https://a.example/b', { directory: 'x', allowPrivateHosts: 1 as never }), 'allowPrivateHosts must be true or false, not 1'],
    ['a retry that is not a function', () => download('https://a.example/b', { directory: 'x', retry: 5 as never }), 'retry must be a function, not 5'],
  ])('throws at once: %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('is anything with a policy that gives an invalid delay', async () => {
    const { link } = await host(status(500));
    await expect(run(download(link, { directory: folder(), retry: () => -1 }))).rejects.toThrow("retry must return a number of ms ≥ 0 or 'stop', not -1");
  });
});

describe('many downloads', () => {
  it('leave no open file behind when unsubscribed at any instant of their start', async () => {
    const { link } = await host();
    const directory = folder();
    for (let turns = 0; turns < 60; turns += 1) {
      const left = download(link, { directory, fileName: `${String(turns)}.mp4`, overwrite: true }).subscribe();
      // First microtasks, then turns of the event loop, in which files are opened.
      for (let turn = 0; turn < turns; turn += 1) await (turn < 20 ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve)));
      left.unsubscribe();
    }
    const touched = (): number => new Set(readdirSync(directory).map((name) => name.split('.')[0])).size;
    // All but the first, which was unsubscribed before it started.
    await expect.poll(() => ({ touched: touched(), open: openFiles().filter((path) => path.startsWith(directory)) })).toEqual({ touched: 59, open: [] });
    // Each of them can be resumed after its cleanup.
    for (let turns = 0; turns < 60; turns += 1) await run(download(link, { directory, fileName: `${String(turns)}.mp4`, overwrite: true }));
    expect(readdirSync(directory).filter((name) => !name.endsWith('.mp4'))).toEqual([]);
  });

  it('leave no connection and no open file behind when unsubscribed', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { etag: tag, 'content-length': film.length });
      response.write(film.subarray(0, 10_000));
    });
    const directory = folder();
    const all = Array.from({ length: 10 }, (_, index) => download(`${server.url}/film.mp4`, { directory, fileName: `${String(index)}.mp4` }));
    const begun = new Set<string>();
    await firstValueFrom(merge(...all).pipe(filter(({ path, receivedBytes }) => receivedBytes === 10_000 && begun.add(path).size === 10)));
    await Promise.all(server.sockets.filter((socket) => !socket.destroyed).map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    await expect.poll(() => openFiles().filter((path) => path.startsWith(directory))).toEqual([]);
    expect(readdirSync(directory).filter((name) => name.endsWith('.part'))).toHaveLength(10);
  });
});

/** The open files of this process, on Linux. */
const openFiles = (): readonly string[] => {
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
};
