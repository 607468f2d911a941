import { crc32, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { picture as pictureFormat } from '../../src/node/file-format.js';
import { createLinks } from '../../src/simulator/links.js';
import { colourAt } from '../../src/simulator/picture.js';
import type { SimulatedProvider, SimulatorOptions } from 'rx-seedance/simulator';
import { picturesIn } from './film-reader.js';
import { at, setUp, startAtMs } from './support.js';
import type { TestSimulator } from './support.js';

const ended = { queueMs: 0, runMs: 0 };
const hourMs = 3_600_000;

const linkPaths: Readonly<Record<SimulatedProvider, readonly string[]>> = {
  ark: ['content', 'video_url'],
  powertokens: ['content', 'video_url'],
  yescale: ['content', 'video_url'],
  kyyaipower: ['video_url'],
  xingchao: ['video_url'],
  anyfast: ['data', 'result_url'],
};

/** A finished task, and the link in its response. */
const finished = async (provider: SimulatedProvider, options: SimulatorOptions = {}, ultra = false) => {
  const test: TestSimulator = await setUp(options);
  const task = test.simulator.submit(provider, { ...ended, ultra });
  const body = (await test.poll(task)).body();
  return { ...test, task, body, url: String(at(body, ...linkPaths[provider])) };
};

const download = async (url: string, headers: Record<string, string> = {}, method = 'GET') => {
  const response = await fetch(url, { method, headers });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
};

describe('a link', () => {
  it.each([
    ['ark', 24],
    ['powertokens', 24],
    ['yescale', 24],
    ['kyyaipower', 7 * 24],
    ['xingchao', 24],
    ['anyfast', 24],
  ] as const)('of %s is valid for %d hours, then forbidden', async (provider, hours) => {
    const { url, advance } = await finished(provider);
    expect(url).toContain(`X-Tos-Date=20261005T120000Z&X-Tos-Expires=${hours * 3600}&`);
    advance(hours * hourMs - 1);
    expect((await download(url)).status).toBe(200);
    advance(1);
    expect((await download(url)).status).toBe(403);
  });

  it('is renewed by a poll when each response signs new links', async () => {
    const { simulator, poll, advance } = await setUp({ linkLifeMs: 60_000, freshLinks: true });
    const task = simulator.submit('ark', ended);
    advance(1);
    const linkNow = async (): Promise<string> => String(at((await poll(task)).body(), 'content', 'video_url'));
    const first = await linkNow();
    advance(60_000);
    expect([(await download(first)).status, (await download(await linkNow())).status]).toEqual([403, 200]);
  });

  it('is valid for the linkLifeMs of the options', async () => {
    const { url, advance } = await finished('ark', { linkLifeMs: 2000 });
    advance(1999);
    expect((await download(url)).status).toBe(200);
    advance(1);
    expect((await download(url)).status).toBe(403);
  });

  it('of an enhanced video starts its auth_key with the expiry time', async () => {
    const { url, advance, body } = await finished('anyfast', {}, true);
    expect(url).toContain(`auth_key=${(startAtMs + 24 * hourMs) / 1000}-`);
    const original = await download(String(at(body, 'data', 'original_result_url')));
    const enhanced = await download(url);
    expect([original.status, enhanced.status]).toEqual([200, 200]);
    expect(original.bytes.equals(enhanced.bytes)).toBe(false);
    advance(24 * hourMs);
    expect((await download(url)).status).toBe(403);
  });

  it('stays the same from one response to the next, and outlives the record', async () => {
    const { url, poll, task, advance, simulator } = await finished('ark');
    advance(hourMs);
    expect(at((await poll(task)).body(), 'content', 'video_url')).toBe(url);
    simulator.reschedule(task, { outcome: 'disappears' });
    expect((await poll(task)).status).toBe(404);
    expect((await download(url)).status).toBe(200);
  });

  it('accepts only GET without an API key', async () => {
    const { url } = await finished('ark');
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE']) expect((await download(url, {}, method)).status).toBe(403);
    expect((await download(url, { authorization: 'Bearer sim-key' })).status).toBe(403);
  });

  it('of another simulator, or of another task, is forbidden', async () => {
    const { url, simulator } = await finished('ark');
    const other = await finished('ark');
    expect((await download(url.replace(simulator.url, other.simulator.url))).status).toBe(403);
    const { id } = simulator.submit('ark', ended);
    expect((await download(url.replace(/cgt-[^/]+/, id))).status).toBe(403);
    expect((await download(url.replace(/cgt-[^/]+/, 'missing'))).status).toBe(404);
  });
});

describe('createLinks', () => {
  const anyForm = fc.constantFrom('tos' as const, 'auth-key' as const);
  const anyInstant = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
  const anyLifeMs = fc.integer({ min: 1, max: 10_000_000 }).map((seconds) => seconds * 1000);
  const links = createLinks('a secret');

  it('signs links that are good until they expire', () => {
    fc.assert(
      fc.property(anyForm, anyInstant, anyLifeMs, (form, signedAtMs, lifeMs) => {
        const link = links.sign(form, '/files/a/b/video.mp4', signedAtMs, lifeMs);
        expect(links.check(link, signedAtMs + lifeMs - 1)).toBe('good');
        expect(links.check(link, signedAtMs + lifeMs)).toBe('expired');
      }),
    );
  });

  it('rejects a link that differs in one character, and a link with another secret', () => {
    fc.assert(
      fc.property(anyForm, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (form, place, character) => {
        const link = links.sign(form, '/files/a/b/video.mp4', startAtMs, hourMs);
        const where = place % link.length;
        const other = link.slice(0, where) + character + link.slice(where + 1);
        expect(links.check(other, startAtMs)).toBe(other === link ? 'good' : 'forged');
        expect(createLinks('another').check(link, startAtMs)).toBe('forged');
      }),
    );
  });

  it('rejects a URL that it did not sign', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
        expect(links.check(text, 0)).toBe('forged');
      }),
    );
  });
});

describe('a file', () => {
  it('is a video, different for each task', async () => {
    const { url, simulator, poll } = await finished('ark');
    const { status, headers, bytes } = await download(url);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(bytes.length),
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/),
    });
    expect(bytes.toString('latin1', 4, 8)).toBe('ftyp');
    const other = (await poll(simulator.submit('ark', ended))).body();
    expect((await download(String(at(other, 'content', 'video_url')))).bytes.equals(bytes)).toBe(false);
  });

  it.each([
    ['bytes=0-99', 0, 99],
    ['bytes=100-', 100, -1],
    ['bytes=-100', -100, -1],
    ['bytes=50-999999999', 50, -1],
  ])('is served in part for %s', async (range, first, last) => {
    const { url } = await finished('yescale');
    const whole = (await download(url)).bytes;
    const { length } = whole;
    const [start, end] = [(first + length) % length, (last + length) % length];
    const { status, headers, bytes } = await download(url, { range });
    expect(status).toBe(206);
    expect(headers.get('content-range')).toBe(`bytes ${start}-${end}/${length}`);
    expect(bytes.equals(whole.subarray(start, end + 1))).toBe(true);
  });

  it('responds with 416 to a range after the last byte', async () => {
    const { url } = await finished('ark', { fileBytes: 200_000 });
    const { status, headers } = await download(url, { range: 'bytes=200000-' });
    expect([status, headers.get('content-range')]).toEqual([416, 'bytes */200000']);
  });

  it('is served whole when If-Range names another file', async () => {
    const { url } = await finished('ark');
    const { bytes, headers } = await download(url);
    const etag = headers.get('etag') ?? '';
    const range = 'bytes=10-19';
    const same = await download(url, { range, 'if-range': etag });
    expect([same.status, same.bytes.length]).toEqual([206, 10]);
    for (const other of ['"other"', `W/${etag}`, 'Mon, 05 Oct 2026 12:00:00 GMT']) {
      const reply = await download(url, { range, 'if-range': other });
      expect([reply.status, reply.bytes.length]).toEqual([200, bytes.length]);
    }
  });

  it('can have any size, and can be resumed after a broken connection', async () => {
    const { url, simulator, task } = await finished('ark', { fileBytes: 3_000_000 });
    const whole = (await download(url)).bytes;
    expect(whole.length).toBe(3_000_000);
    simulator.fault(task, 'cut-download');
    const response = await fetch(url);
    const kept: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of response.body ?? []) kept.push(piece);
    })();
    await expect(reading).rejects.toThrow();
    const part = Buffer.concat(kept);
    expect(part.length).toBe(1_500_000);
    const rest = await download(url, { range: `bytes=${part.length}-`, 'if-range': response.headers.get('etag') ?? '' });
    expect(rest.status).toBe(206);
    expect(Buffer.concat([part, rest.bytes]).equals(whole)).toBe(true);
    expect(simulator.requests.map(({ fault }) => fault)).toContain('cut-download');
  });
});

describe('a last frame', () => {
  const lastFrameOf = async (fields: object) => {
    const test = await setUp();
    const { id } = (await test.create('ark', { ...fields })).body();
    const task = { provider: 'ark', id: String(id) } as const;
    const pending = (await test.poll(task)).body();
    test.simulator.reschedule(task, ended);
    return { ...test, task, pending, content: (await test.poll(task)).body().content };
  };

  it('is a PNG of the size of the video, which the check of a download accepts', async () => {
    const { content, pending } = await lastFrameOf({ return_last_frame: true });
    expect(pending).not.toHaveProperty('content');
    const { status, headers, bytes } = await download(String(at(content, 'last_frame_url')));
    expect([status, headers.get('content-type'), headers.get('content-length')]).toEqual([200, 'image/png', String(bytes.length)]);
    expect(await pictureFormat.faultOf((start, length) => Promise.resolve(bytes.subarray(start, start + length)), bytes.length)).toBeNull();
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([128, 72]);
    // Each chunk: length, type, content, CRC of type and content.
    for (let start = 8; start < bytes.length; start += 12 + bytes.readUInt32BE(start)) {
      const end = start + 8 + bytes.readUInt32BE(start);
      expect(bytes.readUInt32BE(end)).toBe(crc32(bytes.subarray(start + 4, end)));
    }
    const data = inflateSync(bytes.subarray(41, 41 + bytes.readUInt32BE(33)));
    expect(data.length).toBe(72 * (1 + 3 * 128));
  });

  it('is signed like the video', async () => {
    const { content, advance } = await lastFrameOf({ return_last_frame: true });
    const url = String(at(content, 'last_frame_url'));
    expect((await download(url.replace('last-frame.png', 'video.mp4'))).status).toBe(403);
    advance(24 * hourMs);
    expect((await download(url)).status).toBe(403);
  });

  it('has the pixels of the last picture of its video', async () => {
    const { content } = await lastFrameOf({ return_last_frame: true });
    const [video, image] = await Promise.all(['video_url', 'last_frame_url'].map(async (link) => (await download(String(at(content, link)))).bytes));
    const picture = picturesIn(video ?? Buffer.alloc(0)).at(-1) ?? [];
    const pixels = inflateSync(image?.subarray(41, 41 + image.readUInt32BE(33)) ?? Buffer.alloc(0));
    const shown = (x: number, y: number): readonly number[] => [...pixels.subarray(y * 385 + 1 + 3 * x, y * 385 + 4 + 3 * x)];
    for (let y = 0; y < 72; y += 1) {
      for (let x = 0; x < 128; x += 1) {
        const [red = 0, green = 0, blue = 0] = shown(x, y);
        const luma = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255;
        expect(Math.abs(luma - colourAt(picture, x, y)[0])).toBeLessThan(2);
      }
    }
  });

  it('is the frame of its own video', async () => {
    const one = await lastFrameOf({ return_last_frame: true });
    const other = await lastFrameOf({ return_last_frame: true, seed: 2 });
    const next = one.simulator.submit('ark', { ...ended, request: { return_last_frame: true } });
    const frames = [one.content, other.content, (await one.poll(next)).body().content];
    const [first, same, third] = await Promise.all(frames.map(async (content) => (await download(String(at(content, 'last_frame_url')))).bytes));
    expect(first).toEqual(same);
    expect(first).not.toEqual(third);
  });

  it('is missing unless the creation asks for it', async () => {
    expect((await lastFrameOf({})).content).not.toHaveProperty('last_frame_url');
    expect((await lastFrameOf({ return_last_frame: 'yes' })).content).not.toHaveProperty('last_frame_url');
  });
});
