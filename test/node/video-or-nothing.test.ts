import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { filter, from as fromAll, lastValueFrom, of, take, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { download, type DownloadOptions, isDownloadError, type SaveEvent, saveVideos } from '../../src/node/index.js';
import { constantDelay, limitAttempts } from '../../src/poll/delay-policy.js';
import { serve } from '../adapters/loopback.js';
import { transition } from '../support/snapshots.js';
import { digestsOf, noDigests } from '../../src/node/file-digest.js';
import { makeFilm } from './film.js';

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-video-'));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

const film = makeFilm(4000);
const half = film.subarray(0, film.length / 2);
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes);
const crc64 = async (bytes: Uint8Array): Promise<string> =>
  (await digestsOf((async function *() { yield await Promise.resolve(bytes); })(), { ...noDigests, crc64: '' })).crc64 ?? '';

type Serving = (request: IncomingMessage, response: ServerResponse) => void;

const serving = (status: number, headers: Readonly<Record<string, string | number>>, body: Uint8Array | string = ''): Serving => (_, response) =>
  void response.writeHead(status, headers).end(body);
const good = serving(200, { 'content-type': 'video/mp4', 'content-length': film.length }, film);

/** Ends the body by closing the connection: no length is announced. */
const unbounded = (body: Uint8Array): Serving => (_, response) => {
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200, { connection: 'close', 'content-type': 'video/mp4' }).end(body);
};

/** Serves these, one after another, and repeats the last one. Questions where the file ends are answered by `end`. */
const host = async (all: readonly Serving[], end: Serving = serving(500, {})) => {
  const ends: string[] = [];
  let count = 0;
  const server = await serve((request, response) => {
    if (request.headers.range !== undefined && request.headers['if-range'] === undefined) {
      ends.push(request.headers.range);
      end(request, response);
      return;
    }
    all[Math.min(count, all.length - 1)]?.(request, response);
    count += 1;
  });
  return { link: `${server.url}/film.mp4`, ends, requests: server.requests };
};

const options = (directory: string): DownloadOptions => ({ directory, allowPrivateHosts: true, retry: limitAttempts(constantDelay(1), 4) });

/** The saved file; or the kind of the error and its message, if there is no file and no record. */
const outcomeOf = async (link: string): Promise<Buffer | string> => {
  const directory = folder();
  return lastValueFrom(download(link, options(directory))).then(
    () => readFileSync(join(directory, 'film.mp4')),
    (error: unknown) => {
      if (!isDownloadError(error)) throw error;
      expect(readdirSync(directory).filter((name) => !name.includes('.part'))).toEqual([]);
      return `${error.kind}: ${error.message.slice(error.message.indexOf(': ') + 2)}`;
    },
  );
};

const gzipped = gzipSync(film);
const zeros = Buffer.alloc(film.length);
const page = '<!doctype html><html><body>This link has expired</body></html>';
const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.alloc(100)]);

describe('a file that is no video gets no name', () => {
  it.each<[string, Serving, string]>([
    ['half a video whose connection is closed without a length', unbounded(half), 'interrupted: given up at byte'],
    ['half a video that a proxy ends cleanly', serving(200, { 'content-type': 'video/mp4', 'transfer-encoding': 'chunked' }, half), 'interrupted: given up at byte'],
    ['half a video with a matching Content-Length', serving(200, { 'content-type': 'video/mp4', 'content-length': half.length }, half), 'refused: the video ends in the middle of a box'],
    ['a page as video/mp4', serving(200, { 'content-type': 'video/mp4' }, page), 'refused: the response is not a video (video/mp4)'],
    ['a page as application/octet-stream', serving(200, { 'content-type': 'application/octet-stream' }, page), 'refused: the response is not a video (application/octet-stream)'],
    ['JSON without a type', serving(200, {}, '{"error":{"message":"no credentials were given","code":401}}'), 'refused: the response is not a video (no content-type)'],
    ['JSON as a problem', serving(200, { 'content-type': 'application/problem+json' }, '{"status":404}'), 'refused: the response is not a video (application/problem+json)'],
    ['a picture', serving(200, { 'content-type': 'video/mp4' }, png), 'refused: the response is not a video (video/mp4)'],
    ['a playlist', serving(200, { 'content-type': 'video/mp4' }, '#EXTM3U\n#EXT-X-VERSION:3\n'), 'refused: the response is not a video (video/mp4)'],
    ['compressed bytes without a content-encoding', serving(200, { 'content-type': 'video/mp4' }, gzipped), 'refused: the response is not a video (video/mp4)'],
    ['zeros', serving(200, { 'content-type': 'video/mp4', 'content-length': zeros.length }, zeros), 'refused: the response is not a video (video/mp4)'],
    ['one byte', serving(200, { 'content-type': 'video/mp4', 'content-length': 1 }, 'x'), 'refused: the response is not a video (video/mp4)'],
    ['an empty body', serving(200, { 'content-type': 'video/mp4' }), 'interrupted: given up at byte 0'],
  ])('%s', async (_, answer, message) => {
    const { link } = await host([answer]);
    expect(await outcomeOf(link)).toContain(message);
  });

  it('half a video that a 416 calls whole', async () => {
    const cut = serving(200, { etag: '"film"', 'transfer-encoding': 'chunked' }, half);
    const end = serving(416, { 'content-range': `bytes */${String(half.length)}` });
    const { link } = await host([(request, response) => (request.headers.range === undefined ? cut : end)(request, response)]);
    expect(await outcomeOf(link)).toContain('the video ends in the middle of a box');
  });

  it('3000 bytes of a film of unknown length, then the end', async () => {
    const { link } = await host([unbounded(film.subarray(0, 3000))], serving(416, { 'content-range': 'bytes */3000' }));
    expect(await outcomeOf(link)).toContain('refused: the video ends in the middle of a box, at byte 3000');
  });
});

describe('a file that is a video is saved', () => {
  it.each(['text/plain', 'text/html', 'application/json', 'binary/octet-stream', ''])('as the content-type %o', async (type) => {
    const { link } = await host([serving(200, { 'content-type': type, 'content-length': film.length }, film)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
  });

  it('after a page, and after half of it', async () => {
    const { link, requests } = await host([serving(200, {}, page), serving(200, { 'content-length': half.length }, half), good]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests).toHaveLength(3);
  });
});

describe('a content-encoding', () => {
  it.each(['aws-chunked', '', 'UTF-8', 'identity', 'binary'])('that is no compression does not matter: %o', async (encoding) => {
    const { link } = await host([serving(200, { 'content-type': 'video/mp4', 'content-length': film.length, 'content-encoding': encoding }, film)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
  });

  const codings: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [['gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync], ['aws-chunked,gzip', gzipSync], ['gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))]];
  it.each(codings)('that Node knows is undone, although identity was asked for: %s', async (encoding, encode) => {
    const body = encode(film);
    const headers = { etag: `"${md5(body).digest('hex')}"`, 'content-length': body.length, 'content-encoding': encoding };
    const { link, requests } = await host([serving(200, headers, body)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it('whose bytes end early is fetched again from the start', async () => {
    const headers = { etag: '"film"', 'content-encoding': 'gzip' };
    const { link, requests } = await host([serving(200, headers, gzipped.subarray(0, 5000)), serving(200, headers, gzipped)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests.map(({ headers: { range } }) => range)).toEqual([undefined, undefined]);
  });

  it('that no bytes are in never gives a file', async () => {
    const { link } = await host([serving(200, { 'content-encoding': 'gzip' }, page)]);
    expect(await outcomeOf(link)).toContain('interrupted: ');
  });
});

it('a 206 with all bytes is the whole file, without a range in the request', async () => {
  const range = `bytes 0-${String(film.length - 1)}/${String(film.length)}`;
  const { link, requests } = await host([serving(206, { 'content-range': range, 'content-length': film.length }, film)]);
  expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
  expect(requests).toHaveLength(1);
});

describe('two films are never mixed', () => {
  const other = makeFilm(4000, 'other');
  const from = 1000;
  const cutWith = (headers: Readonly<Record<string, string>>): Serving => (_, response) => {
    response.sendDate = headers['date'] === undefined;
    response.writeHead(200, { ...headers, 'content-length': film.length });
    response.write(film.subarray(0, from), () => response.socket?.destroySoon());
  };
  const range = { 'content-range': `bytes ${String(from)}-${String(film.length - 1)}/${String(film.length)}` };
  const then = 'Tue, 03 Nov 2026 10:00:00 GMT';

  it.each<[string, Record<string, string>, Record<string, string>, readonly (string | undefined)[]]>([
    ['by a 206 that has lost its tag', { etag: '"1"' }, {}, [undefined, 'bytes=1000-', undefined]],
    ['by a 206 that has a weak tag', { etag: '"1"' }, { etag: 'W/"1"' }, [undefined, 'bytes=1000-', undefined]],
    ['by a date of the very second', { 'last-modified': then, date: then }, { 'last-modified': then }, [undefined, undefined]],
    ['by a date that is none', { 'last-modified': '0' }, { 'last-modified': '0' }, [undefined, undefined]],
    ['by a 206 that has lost its date', { 'last-modified': then, date: 'Tue, 03 Nov 2026 11:00:00 GMT' }, {}, [undefined, 'bytes=1000-', undefined]],
  ])('%s', async (_, first, second, ranges) => {
    const whole = serving(200, { 'content-length': other.length }, other);
    const mixed: Serving = (request, response) => (request.headers.range === undefined ? whole : serving(206, { ...second, ...range }, other.subarray(from)))(request, response);
    const { link, requests } = await host([cutWith(first), mixed]);
    expect(other.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests.map(({ headers }) => headers.range)).toEqual(ranges);
  });

  it('and a strong date resumes one', async () => {
    const headers = { 'last-modified': then, date: 'Tue, 03 Nov 2026 11:00:00 GMT' };
    const { link, requests } = await host([cutWith(headers), serving(206, { ...headers, ...range }, film.subarray(from))]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests.map(({ headers: sent }) => [sent.range, sent['if-range']])).toEqual([[undefined, undefined], ['bytes=1000-', then]]);
  });
});

describe('a file of unknown length', () => {
  it.each<[string, Serving]>([
    ['416 with its length', serving(416, { 'content-range': `bytes */${String(film.length)}` })],
    ['416 without its length', serving(416, {})],
    ['the whole file with its length, because the host ignores ranges', good],
    ['an error, and its boxes are complete', serving(500, {})],
    ['a closed connection, and its boxes are complete', (_, response) => void response.socket?.destroy()],
  ])('is asked once where it ends, and saved after %s', async (_, end) => {
    const { link, ends } = await host([unbounded(film)], end);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(ends).toEqual([`bytes=${String(film.length)}-`]);
  });

  it('is fetched again if the host says that it is longer', async () => {
    const longer = film.length + 100;
    const end = serving(206, { 'content-range': `bytes ${String(film.length)}-${String(longer - 1)}/${String(longer)}` }, Buffer.alloc(100));
    const { link } = await host([unbounded(film)], end);
    expect(await outcomeOf(link)).toContain(`the response ended at byte ${String(film.length)}, but the file has ${String(longer)} bytes`);
  });
});

describe('a digest of the host', () => {
  const wrong = Buffer.from(film);
  wrong.writeUInt8(wrong.readUInt8(film.length - 10) ^ 1, film.length - 10);

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['the CRC-64 of TOS', async () => ({ 'x-tos-hash-crc64ecma': await crc64(film) })],
    ['a Content-MD5', () => Promise.resolve({ 'content-md5': md5(film).digest('base64') })],
    ['an entity tag that is an MD5', () => Promise.resolve({ etag: `"${md5(film).digest('hex')}"` })],
  ])('finds one wrong bit: %s', async (_, headersOf) => {
    const headers = await headersOf();
    const { link, requests } = await host([serving(200, headers, wrong), serving(200, headers, film)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests.filter(({ headers: { range } }) => range === undefined)).toHaveLength(2);
  });

  it('finds a 206 with bytes of another file', async () => {
    const headers = { etag: '"film"', 'x-tos-hash-crc64ecma': await crc64(film) };
    const from = 1000;
    const cut: Serving = (_, response) => {
      response.writeHead(200, { ...headers, 'content-length': film.length });
      response.write(film.subarray(0, from), () => response.socket?.destroySoon());
    };
    const range = `bytes ${String(from)}-${String(film.length - 1)}/${String(film.length)}`;
    const { link, requests } = await host([cut, serving(206, { ...headers, 'content-range': range }, wrong.subarray(from)), serving(200, headers, film)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests.map(({ headers: { range: asked } }) => asked).slice(0, 3)).toEqual([undefined, 'bytes=1000-', undefined]);
  });

  it('that stays wrong refuses the file', async () => {
    const { link } = await host([serving(200, { 'content-md5': md5(film).digest('base64'), 'content-length': film.length }, wrong)]);
    expect(await outcomeOf(link)).toBe('refused: the file does not have the digest that its host sent');
  });

  it('is not an entity tag that does not match the same bytes twice', async () => {
    const { link, requests } = await host([serving(200, { etag: `"${'0'.repeat(32)}"`, 'content-length': film.length }, film)]);
    expect(film.equals(await outcomeOf(link) as Buffer)).toBe(true);
    expect(requests).toHaveLength(2);
  });
});

it('a link that has expired into a page is replaced by a fresh one', async () => {
  const { link, requests } = await host([serving(200, { 'content-type': 'video/mp4' }, page), serving(200, { 'content-type': 'video/mp4' }, page), good]);
  const video = { url: link, lastFrameUrl: null, originalUrl: null, expiresAtMs: null };
  const succeeded = transition('succeeded', null, { video: { ...video, url: `${link}?fresh` } });
  const event = { kind: 'transition', atMs: 0, task: succeeded.task, transition: transition('succeeded', null, { video }) } as const;
  const events = of(event).pipe(saveVideos({ ...options(folder()), client: { watch: () => of(succeeded) } }), toArray());
  const ends = (await lastValueFrom(events)).filter((each: SaveEvent) => each.kind !== 'download');
  expect(ends).toMatchObject([{ kind: 'saved', bytes: film.length }]);
  expect(requests.map(({ url }) => url)).toEqual(['/film.mp4', '/film.mp4', '/film.mp4?fresh']);
});

describe('saving videos from slow hosts', () => {
  const eventOf = (id: string, url: string) => {
    const video = { url, lastFrameUrl: null, originalUrl: null, expiresAtMs: null };
    const to = transition('succeeded', null, { video });
    return { kind: 'transition', atMs: 0, task: { provider: 'ark', id }, transition: { ...to, task: { provider: 'ark', id } } } as const;
  };

  it('gives their places to others after each failure', async () => {
    const { link } = await host([good]);
    const drip = await serve((_, response) => {
      response.writeHead(200, { etag: '"slow"', 'content-length': film.length });
      let at = 0;
      const send = setInterval(() => response.write(film.subarray(at, (at += 8))), 20);
      response.on('close', () => clearInterval(send));
    });
    const slow = ['1', '2', '3', '4'].map((id) => eventOf(`slow-${id}`, `${drip.url}/${id}.mp4`));
    const events = fromAll([...slow, eventOf('good-1', link), eventOf('good-2', link)]);
    const saved = events.pipe(
      saveVideos({ directory: folder(), allowPrivateHosts: true, retry: constantDelay(1), minBytesPerSecond: 10_000, speedWindowMs: 100 }),
      filter((event) => event.kind === 'saved'),
      take(2),
      toArray(),
    );
    expect((await lastValueFrom(saved)).map(({ task }) => task.id).sort()).toEqual(['good-1', 'good-2']);
  });

  it('ends both downloads of one task that is named twice, with a single place', async () => {
    const { link } = await host([serving(503, {}), good]);
    const events = fromAll([eventOf('twice', link), eventOf('twice', link)]);
    const ends = await lastValueFrom(events.pipe(saveVideos({ directory: folder(), allowPrivateHosts: true, concurrency: 1, retry: constantDelay(1) }), filter(({ kind }) => kind !== 'download'), toArray()));
    expect(ends).toMatchObject([{ kind: 'saved', isNew: true }, { kind: 'saved', isNew: false }]);
  });
});
