/**
 * A picture as H.264 codes it: in blocks of 16 × 16 pixels, each with 256 samples of luma and 64 of each colour difference.
 */

/** Luma and the two colour differences, 16 to 235. */
export type Colour = readonly [luma: number, blue: number, red: number];

/** The place of a sample in a colour. */
export type Channel = 0 | 1 | 2;

/** The blocks of a picture, row by row. */
export type Picture = readonly Buffer[];

/** Size of the shown picture: 16 to 9. It is coded as 8 × 5 blocks, with the lowest 8 rows cropped. */
export const pictureSize = { width: 128, height: 72 } as const;

/** The edge of a block, in pixels. */
export const blockSize = 16;

export const columns = 8;
export const rows = 5;

/** The pixel at the top left of a block. */
export const cornerOf = (block: number): readonly [x: number, y: number] => [blockSize * (block % columns), blockSize * Math.floor(block / columns)];

/** The samples of a block. A colour difference has one for 2 × 2 pixels, taken where they meet. */
export const paintBlock = (block: number, sampleAt: (channel: Channel, x: number, y: number) => number): Buffer => {
  const [left, top] = cornerOf(block);
  const samples = Buffer.alloc(384);
  let at = 0;
  for (const [channel, first, step] of [[0, 0, 1], [1, 0.5, 2], [2, 0.5, 2]] as const) {
    for (let y = first; y < blockSize; y += step) {
      for (let x = first; x < blockSize; x += step) samples[at++] = Math.round(sampleAt(channel, left + x, top + y));
    }
  }
  return samples;
};

/** The colour of a pixel. */
export const colourAt = (picture: Picture, x: number, y: number): Colour => {
  const block = picture[columns * Math.floor(y / blockSize) + Math.floor(x / blockSize)] ?? Buffer.alloc(384);
  const [column, row] = [x % blockSize, y % blockSize];
  const difference = 8 * (row >> 1) + (column >> 1);
  return [block.readUInt8(16 * row + column), block.readUInt8(256 + difference), block.readUInt8(320 + difference)];
};
