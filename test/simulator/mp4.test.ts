import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMp4 } from '../../src/simulator/mp4.js';
import { sceneOf } from '../../src/simulator/scene.js';
import { minPaddedBytes, videoFile } from '../../src/simulator/video-file.js';
import { boxesIn, child, picturesIn, table, unitsOf } from './film-reader.js';

const anyFilm = fc.record({
  name: fc.string(),
  frames: fc.integer({ min: 1, max: 40 }),
  framesPerSecond: fc.integer({ min: 1, max: 60 }),
});

describe('makeMp4', () => {
  it('fills the file with boxes, the index before the data', () => {
    fc.assert(
      fc.property(anyFilm, (film) => {
        expect(boxesIn(makeMp4(film)).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
      }),
    );
  });

  it('points to exactly one unit for each frame, a complete picture first', () => {
    fc.assert(
      fc.property(anyFilm, (film) => {
        const file = makeMp4(film);
        const units = unitsOf(file);
        expect(units.map((unit) => unit[0])).toEqual(units.map((_, index) => (index === 0 ? 0x65 : 0x41)));
        expect(units.length).toBe(film.frames);
        const data = boxesIn(file)[2];
        expect(child(file, ...table, 'stco').readUInt32BE(8)).toBe((data?.start ?? 0) + 8);
        expect(units.reduce((sum, unit) => sum + 4 + unit.length, 8)).toBe(data?.size);
      }),
    );
  });

  it('contains no start codes', () => {
    fc.assert(
      fc.property(anyFilm, (film) => {
        for (const unit of unitsOf(makeMp4(film))) {
          for (const code of [0, 1, 2]) expect(unit.includes(Buffer.from([0, 0, code]))).toBe(false);
        }
      }),
    );
  });

  it('declares its duration and its size', () => {
    const file = makeMp4({ name: 'a film', frames: 120, framesPerSecond: 24 });
    const header = child(file, 'moov', 'mvhd');
    expect(header.readUInt32BE(16) / header.readUInt32BE(12)).toBe(5);
    const track = child(file, 'moov', 'trak', 'tkhd');
    expect([track.readUInt32BE(76) / 65_536, track.readUInt32BE(80) / 65_536]).toEqual([128, 72]);
    expect(child(file, ...table, 'stsd').toString('latin1', 12, 16)).toBe('avc1');
  });

  it('shows its scene from the start to the end, in steps', () => {
    const pictures = picturesIn(makeMp4({ name: 'a film', frames: 120, framesPerSecond: 24 }));
    const pictureAt = sceneOf('a film');
    expect([pictures[0], pictures[59], pictures[119]]).toEqual([pictureAt(0), pictureAt(0.5), pictureAt(1)]);
    expect(pictures.filter((picture, index) => !picture.every((block, place) => pictures[index - 1]?.[place]?.equals(block))).length).toBe(33);
  });

  it('ends with the end of its scene, however short it is', () => {
    fc.assert(
      fc.property(anyFilm, (film) => {
        const last = picturesIn(makeMp4(film)).at(-1) ?? [];
        expect(Buffer.concat(last).equals(Buffer.concat(sceneOf(film.name)(1)))).toBe(true);
      }),
    );
  });

  it('is small, even when it lasts a minute', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(makeMp4({ name, frames: 1440, framesPerSecond: 24 }).length).toBeLessThan(minPaddedBytes - 16);
      }),
    );
  });
});

describe('videoFile', () => {
  const whole = (name: string, durationMs: number, bytes: number | null): Buffer => {
    const file = videoFile(name, durationMs, bytes);
    return Buffer.concat([...file.read(0, file.size - 1)]);
  };

  it('depends on its name', () => {
    expect(whole('a', 1000, null)).toEqual(whole('a', 1000, null));
    expect(whole('a', 1000, null)).not.toEqual(whole('b', 1000, null));
  });

  it('is padded by a box that players skip', () => {
    const padded = whole('a', 1000, 200_001);
    expect(padded.length).toBe(200_001);
    expect(boxesIn(padded).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat', 'free']);
    expect(padded.subarray(0, 30_000)).toEqual(whole('a', 1000, null).subarray(0, 30_000));
  });

  it('returns any range as in the whole file', () => {
    const size = 200_000;
    const padded = whole('a', 1000, size);
    const anyPlace = fc.nat({ max: size - 1 });
    fc.assert(
      fc.property(anyPlace, anyPlace, (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const part = Buffer.concat([...videoFile('a', 1000, size).read(first, last)]);
        expect(part.equals(padded.subarray(first, last + 1))).toBe(true);
      }),
    );
  });

  it('may be larger than memory', () => {
    const size = 10 ** 13;
    const file = videoFile('a', 1000, size);
    const film = videoFile('a', 1000, null).size;
    const head = Buffer.concat([...file.read(film, film + 15)]);
    expect([head.readUInt32BE(0), head.toString('latin1', 4, 8), head.readBigUInt64BE(8)]).toEqual([1, 'free', BigInt(size - film)]);
    expect([...file.read(size - 3, size - 1)].map(({ length }) => length)).toEqual([3]);
  });
});
