/**
 * A task's file, of any size. Its bytes are generated while it is read, so memory does not grow with the size.
 */
import { makeMp4 } from './mp4.js';

/** A file that can be read from any position. */
export interface ServedFile {
  /** Its media type. */
  readonly type: string;
  readonly size: number;
  /** The bytes from `first` to `last`, both included, in chunks. */
  readonly read: (first: number, last: number) => Generator<Uint8Array>;
}

/** The minimum size of a padded file: larger than any film of the simulator. */
export const minPaddedBytes = 131_072;

/** The frame rate of every video. */
export const framesPerSecond = 24;

/** A small file in memory. */
export const bufferFile = (type: string, bytes: Buffer): ServedFile => ({
  type,
  size: bytes.length,
  *read(first, last) {
    yield bytes.subarray(first, last + 1);
  },
});

/** Padding repeats after a prime number of bytes, so that a chunk at a wrong position is detected. */
const period = 251;
const pieceBytes = 65_536;
const filler = Buffer.from(Array.from({ length: period + pieceBytes }, (_, at) => at % period));

/** The header of a `free` box, which players skip. */
const freeBoxHead = (size: number): Buffer => {
  const head = Buffer.alloc(size < 2 ** 32 ? 8 : 16);
  head.writeUInt32BE(size < 2 ** 32 ? size : 1, 0);
  head.write('free', 4, 'latin1');
  if (head.length === 16) head.writeBigUInt64BE(BigInt(size), 8);
  return head;
};

/**
 * The file of a name. The name decides what its film shows.
 *
 * @param durationMs the length of the film
 * @param bytes      the size after padding, at least `minPaddedBytes`; null for no padding
 */
export const videoFile = (name: string, durationMs: number, bytes: number | null): ServedFile => {
  const frames = Math.max(1, Math.round((durationMs / 1000) * framesPerSecond));
  const film = makeMp4({ name, frames, framesPerSecond });
  const head = bytes === null ? film : Buffer.concat([film, freeBoxHead(bytes - film.length)]);
  const size = bytes ?? head.length;
  return {
    type: 'video/mp4',
    size,
    *read(first, last) {
      let at = first;
      while (at <= last) {
        const end = Math.min(last + 1, at < head.length ? head.length : at + pieceBytes);
        const start = at % period;
        yield at < head.length ? head.subarray(at, end) : filler.subarray(start, start + end - at);
        at = end;
      }
    },
  };
};
