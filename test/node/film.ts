/** Files for tests of downloads: complete MP4 and PNG files in which no two parts are equal. */
import { createHash } from 'node:crypto';
import { makeMp4 } from '../../src/simulator/mp4.js';

/** An MP4 box. */
export const box = (type: string, content: Uint8Array): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, content]);
};

/** Bytes without a repetition, in pieces of 16. */
export const noise = (pieces: number, seed = ''): Buffer =>
  Buffer.concat(Array.from({ length: pieces }, (_, index) => createHash('md5').update(`${seed}${String(index)}`).digest()));

/** A film of a few kB, and a box of noise after it. */
export const makeFilm = (pieces = 20_000, seed = ''): Buffer =>
  Buffer.concat([makeMp4({ name: 'a film', frames: 2, framesPerSecond: 24 }), box('free', noise(pieces, seed))]);

/** A PNG of some kB whose chunks have no pixels. */
export const makePng = (pieces = 200): Buffer => {
  const chunk = (type: string, content: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, Buffer.from(type), content, Buffer.alloc(4)]);
  };
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', Buffer.alloc(13)), chunk('IDAT', noise(pieces)), chunk('IEND', Buffer.alloc(0))]);
};
