/**
 * A minimal H.264 encoder. The first picture has all of its blocks; each later one has those that changed and keeps the
 * rest. Blocks are raw samples (I_PCM), so there is no transform and no prediction.
 * Source: ITU-T H.264, clauses 7.3 (syntax), 9.1 (Exp-Golomb codes). Constrained Baseline, level 3.0.
 */

import { columns, pictureSize, rows } from './picture.js';
import type { Picture } from './picture.js';

const bitWriter = () => {
  const parts: Uint8Array[] = [];
  let bytes: number[] = [];
  let byte = 0;
  let count = 0;
  const bit = (value: number): void => {
    byte = byte * 2 + value;
    count += 1;
    if (count < 8) return;
    bytes.push(byte);
    byte = 0;
    count = 0;
  };
  /** u(n) of the standard. */
  const fixed = (width: number, value: number): void => {
    for (let place = width - 1; place >= 0; place -= 1) bit((value >> place) & 1);
  };
  /** ue(v) of the standard. */
  const golomb = (...values: readonly number[]): void => {
    for (const value of values) {
      const width = 32 - Math.clz32(value + 1);
      fixed(width - 1, 0);
      fixed(width, value + 1);
    }
  };
  const align = (): void => {
    while (count > 0) bit(0);
  };
  const samples = (values: Uint8Array): void => {
    align();
    parts.push(Uint8Array.from(bytes), values);
    bytes = [];
  };
  /** Ends the payload: a 1, then zeros to the end of the byte. */
  const end = (): Uint8Array => {
    bit(1);
    align();
    return Buffer.concat([...parts, Uint8Array.from(bytes)]);
  };
  return { fixed, golomb, samples, end };
};

/**
 * A unit of the stream: its header byte, then the payload. It needs no escapes: samples are never 0, and the bits
 * between them are too few for two bytes of zeros.
 */
const unit = (header: number, payload: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(header), payload]);

/** Profile, its constraints, level: the three bytes that a player reads first. */
export const profile = [66, 0xc0, 30] as const;

/** The parameters of the whole film: sizes, and no reordering of pictures. */
export const sequenceParameters = (): Uint8Array => {
  const bits = bitWriter();
  for (const byte of profile) bits.fixed(8, byte);
  bits.golomb(0); // its own id
  bits.golomb(0); // picture numbers of 4 bits
  bits.golomb(2); // shown in the order of coding
  bits.golomb(1); // one reference picture
  bits.fixed(1, 0); // no gaps in picture numbers
  bits.golomb(columns - 1, rows - 1);
  bits.fixed(1, 1); // whole frames
  bits.fixed(1, 1); // direct 8x8 inference
  bits.fixed(1, 1); // cropped: left, right, top, bottom, in pairs of pixels
  bits.golomb(0, 0, 0, (rows * 16 - pictureSize.height) / 2);
  bits.fixed(1, 0); // no usability information
  return unit(0x67, bits.end());
};

/** The parameters of every picture. */
export const pictureParameters = (): Uint8Array => {
  const bits = bitWriter();
  bits.golomb(0, 0); // its own id, the sequence's id
  bits.fixed(1, 0); // variable-length codes
  bits.fixed(1, 0); // no order of fields
  bits.golomb(0, 0, 0); // one slice group, one reference in each list
  bits.fixed(3, 0); // no weighted prediction
  bits.golomb(0, 0, 0); // default quantisers
  bits.fixed(1, 1); // deblocking is set by each slice
  bits.fixed(2, 0); // no constrained intra prediction, no redundant pictures
  return unit(0x68, bits.end());
};

const firstPicture = (picture: Picture): Uint8Array => {
  const bits = bitWriter();
  bits.golomb(0, 7, 0); // first block, a slice of type I like all of the picture, parameters' id
  bits.fixed(4, 0); // picture number
  bits.golomb(0); // id of this restart
  bits.fixed(2, 0); // reference marking
  bits.golomb(0, 1); // quantiser, no deblocking
  for (const block of picture) {
    bits.golomb(25);
    bits.samples(block);
  }
  return unit(0x65, bits.end());
};

const laterPicture = (index: number, picture: Picture, before: Picture): Uint8Array => {
  const bits = bitWriter();
  bits.golomb(0, 5, 0); // first block, a slice of type P like all of the picture, parameters' id
  bits.fixed(4, index % 16); // picture number
  bits.fixed(3, 0); // default references: count, order, marking
  bits.golomb(0, 1); // quantiser, no deblocking
  let skipped = 0;
  picture.forEach((block, place) => {
    if (before[place]?.equals(block)) {
      skipped += 1;
      return;
    }
    bits.golomb(skipped, 30);
    bits.samples(block);
    skipped = 0;
  });
  if (skipped > 0) bits.golomb(skipped);
  return unit(0x41, bits.end());
};

/** Encodes pictures, each as one unit of the stream. */
export const encodePictures = (pictures: readonly Picture[]): readonly Uint8Array[] =>
  pictures.map((picture, index) => {
    const before = pictures[index - 1];
    return before === undefined ? firstPicture(picture) : laterPicture(index, picture, before);
  });
