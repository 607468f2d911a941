/**
 * A minimal H.264 encoder for a film of flat blocks. The first picture is blank; each later one paints some of its
 * blocks in the film's colour and keeps the rest. Blocks are raw samples (I_PCM), so there is no transform and no prediction.
 * Source: ITU-T H.264, clauses 7.3 (syntax), 9.1 (Exp-Golomb codes). Constrained Baseline, level 3.0.
 */

/** Luma and the two colour differences, 16 to 235. */
export type Colour = readonly [luma: number, blue: number, red: number];

/** Size of the shown picture: 16 to 9. It is coded as 8 × 5 blocks of 16 × 16, with the lowest 8 rows cropped. */
export const picture = { width: 128, height: 72 } as const;

const columns = 8;
const rows = 5;
const blocks = columns * rows;
const paper: Colour = [200, 128, 128];

const bitWriter = () => {
  const bytes: number[] = [];
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
  const samples = (values: readonly number[]): void => {
    align();
    bytes.push(...values);
  };
  /** Ends the payload: a 1, then zeros to the end of the byte. */
  const end = (): readonly number[] => {
    bit(1);
    align();
    return bytes;
  };
  return { fixed, golomb, samples, end };
};

type BitWriter = ReturnType<typeof bitWriter>;

/**
 * A unit of the stream: its header byte, then the payload. It needs no escapes: samples are never 0, and the bits
 * between them are too few for two bytes of zeros.
 */
const unit = (header: number, payload: readonly number[]): Uint8Array => Uint8Array.from([header, ...payload]);

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
  bits.golomb(0, 0, 0, (rows * 16 - picture.height) / 2);
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

const paintBlock = (bits: BitWriter, type: number, [luma, blue, red]: Colour): void => {
  bits.golomb(type);
  bits.samples([...Array<number>(256).fill(luma), ...Array<number>(64).fill(blue), ...Array<number>(64).fill(red)]);
};

const firstPicture = (): Uint8Array => {
  const bits = bitWriter();
  bits.golomb(0, 7, 0); // first block, a slice of type I like all of the picture, parameters' id
  bits.fixed(4, 0); // picture number
  bits.golomb(0); // id of this restart
  bits.fixed(2, 0); // reference marking
  bits.golomb(0, 1); // quantiser, no deblocking
  for (let block = 0; block < blocks; block += 1) paintBlock(bits, 25, paper);
  return unit(0x65, bits.end());
};

/** Paints the blocks from `start` (included) to `stop` (excluded). */
const laterPicture = (index: number, start: number, stop: number, colour: Colour): Uint8Array => {
  const bits = bitWriter();
  bits.golomb(0, 5, 0); // first block, a slice of type P like all of the picture, parameters' id
  bits.fixed(4, index % 16); // picture number
  bits.fixed(3, 0); // default references: count, order, marking
  bits.golomb(0, 1); // quantiser, no deblocking
  for (let block = start; block < stop; block += 1) {
    bits.golomb(block === start ? start : 0); // blocks skipped before this one
    paintBlock(bits, 30, colour);
  }
  const rest = start === stop ? blocks : blocks - stop;
  if (rest > 0) bits.golomb(rest);
  return unit(0x41, bits.end());
};

/**
 * The pictures of a film that fills with a colour, from the first to the last.
 *
 * @param count an integer ≥ 1
 */
export const filmPictures = (count: number, colour: Colour): readonly Uint8Array[] => {
  const painted = (index: number): number => Math.floor((index * blocks) / Math.max(1, count - 1));
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? firstPicture() : laterPicture(index, painted(index - 1), painted(index), colour),
  );
};
