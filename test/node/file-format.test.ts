import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FileFormat, picture, video } from '../../src/node/file-format.js';
import { makeMp4 } from '../../src/simulator/mp4.js';
import { box, makePng, noise } from './film.js';

const faultOf = (file: Buffer, format: FileFormat = video) => format.faultOf((at, length) => Promise.resolve(file.subarray(at, at + length)), file.length);
const film = makeMp4({ name: 'a film', frames: 3, framesPerSecond: 24 });
const bytes = (...values: readonly number[]) => Buffer.from(values);

/** A box whose size is in 64 bits. */
const largeBox = (type: string, content: Buffer, size = 16 + content.length): Buffer => {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(1);
  head.write(type, 4, 'latin1');
  head.writeBigUInt64BE(BigInt(size), 8);
  return Buffer.concat([head, content]);
};

/** A box that extends to the end of the file. */
const openBox = (type: string, content: Buffer): Buffer => Buffer.concat([bytes(0, 0, 0, 0), Buffer.from(type), content]);

/** The head of a WebM, with one empty element in it. */
const ebml = bytes(0x1a, 0x45, 0xdf, 0xa3, 0x83, 0x42, 0x86, 0x80);
const webm = Buffer.concat([ebml, bytes(0x18, 0x53, 0x80, 0x67, 0x40, 48), noise(3)]);

const riff = Buffer.alloc(4);
riff.writeUInt32LE(4 + 32);
const webp = Buffer.concat([Buffer.from('RIFF'), riff, Buffer.from('WEBP'), noise(2)]);
const png = makePng();

const moov = box('moov', noise(3));
const ftyp = box('ftyp', Buffer.from('isom'));

describe('a complete video', () => {
  it.each<[string, Buffer]>([
    ['an MP4 with its index first', film],
    ['an MP4 with its index last', Buffer.concat([ftyp, box('mdat', noise(3)), moov])],
    ['an MP4 in fragments', Buffer.concat([ftyp, moov, box('moof', noise(1)), box('mdat', noise(2)), box('moof', noise(1)), box('mdat', noise(2))])],
    ['one with a size of 64 bits', Buffer.concat([ftyp, moov, largeBox('mdat', noise(3))])],
    ['one whose last box extends to the end', Buffer.concat([ftyp, moov, openBox('mdat', noise(3))])],
    ['an old MOV without ftyp', Buffer.concat([box('wide', bytes()), box('mdat', noise(3)), moov])],
    ['a WebM', webm],
    ['a WebM with its size in eight bytes', Buffer.concat([ebml, bytes(0x18, 0x53, 0x80, 0x67, 0x01, 0, 0, 0, 0, 0, 0, 48), noise(3)])],
    ['a WebM whose size is unknown, as from a live encoder', Buffer.concat([ebml, bytes(0x18, 0x53, 0x80, 0x67, 0xff), noise(3)])],
  ])('is %s', async (_, file) => {
    expect(video.startsLike(file)).toBe(true);
    expect(await faultOf(file)).toBeNull();
  });

  it('is not one that ends earlier, wherever that is', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 8, max: film.length - 1 }), async (end) => {
      expect((await faultOf(film.subarray(0, end)))?.kind).toBe('cut');
    }));
  });

  it.each<[string, Buffer, 'cut' | 'other', string]>([
    ['without moov', Buffer.concat([ftyp, box('mdat', noise(1))]), 'cut', 'the video has no moov'],
    ['without mdat', Buffer.concat([ftyp, moov]), 'cut', 'the video has no mdat'],
    ['with a box that is too small', Buffer.concat([ftyp, bytes(0, 0, 0, 3), Buffer.from('free'), moov]), 'other', 'the video is damaged at byte 12'],
    ['with a size of 64 bits that is cut', Buffer.concat([ftyp, moov, largeBox('mdat', bytes()).subarray(0, 12)]), 'cut', 'the video ends in the middle of a box, at byte 80'],
    ['with a size beyond any file', Buffer.concat([ftyp, moov, largeBox('mdat', noise(1), Number.MAX_SAFE_INTEGER)]), 'cut', 'the video ends in the middle of a box, at byte 100'],
    ['with zeros after it', Buffer.concat([film, Buffer.alloc(100)]), 'other', `the video is damaged at byte ${String(film.length)}`],
    ['that is a WebM without its end', webm.subarray(0, -1), 'cut', 'the video ends in the middle of an element, at byte 61'],
    ['that is the head of a WebM', ebml, 'cut', 'the video has no Segment'],
    ['that is a WebM with zeros after it', Buffer.concat([webm, Buffer.alloc(100)]), 'other', 'the video is damaged at byte 62'],
    ['that is a page', Buffer.from('<!doctype html><html>expired</html>'), 'other', 'the file is not an MP4, MOV or WebM video'],
    ['of one byte', bytes(0), 'other', 'the file is not an MP4, MOV or WebM video'],
    ['of countless empty boxes', Buffer.concat([ftyp, ...Array.from({ length: 100_001 }, () => box('free', bytes()))]), 'other', 'the video is damaged at byte 800004'],
  ])('is not one %s', async (_, file, kind, message) => {
    expect(await faultOf(file)).toEqual({ kind, message });
  });

  it('is told from bytes of any kind, which never throw', async () => {
    const start = fc.constantFrom(bytes(), ebml, ftyp, png.subarray(0, 8), webp.subarray(0, 12));
    await fc.assert(fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), fc.constantFrom(video, picture), async (begin, content, format) => {
      const fault = await faultOf(Buffer.concat([begin, content]), format);
      expect(['cut', 'other', undefined]).toContain(fault?.kind);
    }));
  });
});

describe('a complete picture', () => {
  it.each<[string, Buffer]>([
    ['a PNG', png],
    ['a JPEG', Buffer.concat([bytes(0xff, 0xd8, 0xff, 0xe0), noise(10), bytes(0xff, 0xd9)])],
    ['a JPEG with a few bytes after its end', Buffer.concat([bytes(0xff, 0xd8, 0xff, 0xe0), noise(10), bytes(0xff, 0xd9, 0, 0)])],
    ['a WebP', webp],
  ])('is %s, and no video', async (_, file) => {
    expect(picture.startsLike(file)).toBe(true);
    expect(await faultOf(file, picture)).toBeNull();
    expect(video.startsLike(file)).toBe(false);
  });

  it.each<[string, Buffer, 'cut' | 'other']>([
    ['a PNG without its end', png.subarray(0, -1), 'cut'],
    ['a PNG without its last chunk', png.subarray(0, -12), 'cut'],
    ['a PNG with a page after it', Buffer.concat([png, Buffer.from('<html>expired</html>')]), 'other'],
    ['a JPEG without its end', Buffer.concat([bytes(0xff, 0xd8, 0xff, 0xe0), noise(10)]), 'cut'],
    ['a WebP without its end', webp.subarray(0, -2), 'cut'],
    ['a video', film, 'other'],
    ['a page', Buffer.from('<!doctype html><html>expired</html>'), 'other'],
  ])('is not %s', async (_, file, kind) => {
    expect(await faultOf(file, picture)).toMatchObject({ kind });
  });
});
