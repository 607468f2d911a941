/** Reads the simulator's films: the boxes of MP4, and the pictures in raw blocks of H.264. */
import { expect } from 'vitest';
import type { Picture } from '../../src/simulator/picture.js';

/** An MP4 box. */
export interface Box {
  readonly type: string;
  readonly start: number;
  readonly size: number;
  readonly body: Buffer;
}

/** The boxes of a buffer, which they fill without gaps. */
export const boxesIn = (buffer: Buffer): readonly Box[] => {
  const boxes: Box[] = [];
  for (let start = 0; start < buffer.length;) {
    const size = buffer.readUInt32BE(start);
    expect(size).toBeGreaterThanOrEqual(8);
    expect(start + size).toBeLessThanOrEqual(buffer.length);
    boxes.push({ type: buffer.toString('latin1', start + 4, start + 8), start, size, body: buffer.subarray(start + 8, start + size) });
    start += size;
  }
  return boxes;
};

/** The content of the box at a path. */
export const child = (buffer: Buffer, ...path: readonly string[]): Buffer =>
  path.reduce((inner, type) => boxesIn(inner).find((box) => box.type === type)?.body ?? expect.fail(`${type} is missing`), buffer);

/** The path of the sample table. */
export const table = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/** The units of H.264 that the index points to. */
export const unitsOf = (file: Buffer): readonly Buffer[] => {
  const sizes = child(file, ...table, 'stsz');
  const count = sizes.readUInt32BE(8);
  let start = child(file, ...table, 'stco').readUInt32BE(8);
  return Array.from({ length: count }, (_, index) => {
    const size = sizes.readUInt32BE(12 + 4 * index);
    const length = file.readUInt32BE(start);
    expect(length).toBe(size - 4);
    const unit = file.subarray(start + 4, start + size);
    start += size;
    return unit;
  });
};

const bitReader = (bytes: Buffer) => {
  let at = 0;
  const fixed = (width: number): number => {
    let value = 0;
    for (const end = at + width; at < end; at += 1) value = value * 2 + ((bytes.readUInt8(at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  const golomb = (): number => {
    let zeros = 0;
    while (fixed(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + fixed(zeros);
  };
  /** A block of raw samples, which begins at the next whole byte. */
  const block = (): Buffer => {
    const start = Math.ceil(at / 8);
    at = 8 * (start + 384);
    return bytes.subarray(start, start + 384);
  };
  return { fixed, golomb, block };
};

/** The pictures that a player shows. */
export const picturesIn = (file: Buffer): readonly Picture[] => {
  let blocks: readonly Buffer[] = [];
  return unitsOf(file).map((unit, index) => {
    const bits = bitReader(unit.subarray(1));
    const isFirst = index === 0;
    expect([bits.golomb(), bits.golomb(), bits.golomb(), bits.fixed(4)]).toEqual([0, isFirst ? 7 : 5, 0, index % 16]);
    expect(isFirst ? [bits.golomb(), bits.fixed(2)] : [bits.fixed(3)]).toEqual(isFirst ? [0, 0] : [0]);
    expect([bits.golomb(), bits.golomb()]).toEqual([0, 1]);
    const painted = [...blocks];
    for (let place = 0; place < 40; place += 1) {
      if (!isFirst) place += bits.golomb();
      if (place >= 40) break;
      expect(bits.golomb()).toBe(isFirst ? 25 : 30);
      painted[place] = bits.block();
    }
    blocks = painted;
    return painted;
  });
};
