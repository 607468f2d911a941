/**
 * A small film in an MP4 file: one video track, with the index first, so that it plays while it loads.
 * Source: ISO/IEC 14496-12 (boxes), 14496-15 (H.264 in them).
 */
import { encodePictures, pictureParameters, profile, sequenceParameters } from './h264.js';
import { pictureSize } from './picture.js';
import type { Picture } from './picture.js';
import { sceneOf } from './scene.js';

/** The content of a film. */
export interface Film {
  /** Decides what it shows. */
  readonly name: string;
  /** An integer ≥ 1. */
  readonly frames: number;
  readonly framesPerSecond: number;
}

const numbers = (width: 1 | 2 | 4, ...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * width);
  values.forEach((value, index) => bytes.writeUIntBE(value, index * width, width));
  return bytes;
};
const bytes = (...values: readonly number[]) => numbers(1, ...values);
const shorts = (...values: readonly number[]) => numbers(2, ...values);
const longs = (...values: readonly number[]) => numbers(4, ...values);
const zeros = (count: number) => Buffer.alloc(count);

const box = (type: string, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([longs(8 + body.length), Buffer.from(type, 'latin1'), body]);
};

/** A box that starts with a version of 0 and flags. */
const fullBox = (type: string, flags: number, ...parts: readonly Uint8Array[]): Buffer => box(type, longs(flags), ...parts);

/** No rotation and no scaling: the unit matrix in fixed point. */
const matrix = longs(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

const sampleEntry = (): Buffer => {
  const [sps, pps] = [sequenceParameters(), pictureParameters()];
  const configuration = box(
    'avcC',
    bytes(1, ...profile, 0xff, 0xe1), // lengths of 4 bytes, one set of each kind
    shorts(sps.length),
    sps,
    bytes(1),
    shorts(pps.length),
    pps,
  );
  return box(
    'avc1',
    zeros(6),
    shorts(1), // data reference 1
    zeros(16),
    shorts(pictureSize.width, pictureSize.height),
    longs(0x480000, 0x480000, 0), // 72 dots per inch
    shorts(1), // one frame per sample
    zeros(32),
    shorts(24, 0xffff), // depth, no palette
    configuration,
  );
};

const sampleTable = (samples: readonly Uint8Array[], offset: number): Buffer =>
  box(
    'stbl',
    fullBox('stsd', 0, longs(1), sampleEntry()),
    fullBox('stts', 0, longs(1, samples.length, 1)), // each lasts one tick
    fullBox('stss', 0, longs(1, 1)), // playback can start only at the first
    fullBox('stsc', 0, longs(1, 1, samples.length, 1)), // all in one chunk
    fullBox('stsz', 0, longs(0, samples.length, ...samples.map(({ length }) => length))),
    fullBox('stco', 0, longs(1, offset)),
  );

/** The index. Ticks are frames. */
const index = (samples: readonly Uint8Array[], framesPerSecond: number, offset: number): Buffer => {
  const { width, height } = pictureSize;
  const undetermined = shorts(0x55c4, 0);
  const data = box('dinf', fullBox('dref', 0, longs(1), fullBox('url ', 1)));
  return box(
    'moov',
    fullBox('mvhd', 0, longs(0, 0, framesPerSecond, samples.length, 0x10000), shorts(0x100), zeros(10), matrix, zeros(24), longs(2)),
    box(
      'trak',
      fullBox('tkhd', 3, longs(0, 0, 1, 0, samples.length), zeros(16), matrix, longs(width * 0x10000, height * 0x10000)),
      box(
        'mdia',
        fullBox('mdhd', 0, longs(0, 0, framesPerSecond, samples.length), undetermined),
        fullBox('hdlr', 0, longs(0), Buffer.from('vide'), zeros(12), Buffer.from('video\0')),
        box('minf', fullBox('vmhd', 1, zeros(8)), data, sampleTable(samples, offset)),
      ),
    ),
  );
};

/** How often the picture of a film changes: it keeps films of a minute small. */
const maxMoves = 32;

/** The pictures of a film, from the first to the last, which shows the end of its scene. */
const picturesOf = ({ name, frames }: Film): readonly Picture[] => {
  const pictureAt = sceneOf(name);
  const moves = Math.min(frames, maxMoves);
  const pictures = Array.from({ length: moves + 1 }, (_, move) => pictureAt(move / moves));
  return Array.from({ length: frames }, (_, frame) => pictures[Math.floor(((frame + 1) * moves) / frames)] ?? []);
};

/**
 * A complete MP4 file.
 *
 * @example makeMp4({ name: 'a film', frames: 120, framesPerSecond: 24 })
 */
export const makeMp4 = (film: Film): Buffer => {
  const { framesPerSecond } = film;
  const samples = encodePictures(picturesOf(film)).map((unit) => Buffer.concat([longs(unit.length), unit]));
  const head = box('ftyp', Buffer.from('isom'), longs(512), Buffer.from('isomiso2avc1mp41'));
  // The length of the index does not depend on the offset.
  const offset = head.length + index(samples, framesPerSecond, 0).length + 8;
  return Buffer.concat([head, index(samples, framesPerSecond, offset), box('mdat', ...samples)]);
};
