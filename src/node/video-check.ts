/**
 * Checks that a file is a complete video: an MP4 or MOV whose boxes end where the file ends, or a WebM. Pure over a few small reads.
 * Source: ISO/IEC 14496-12, section 4.2 (boxes); QuickTime File Format (files without `ftyp`); RFC 8794 (EBML).
 */

/** Reads bytes of a file; fewer at its end. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>;

/** Why a file is not a complete video. `cut`: more bytes could complete it. `other`: it is something else, or it is damaged. */
export interface VideoFault {
  readonly kind: 'cut' | 'other';
  readonly message: string;
}

/** How many bytes `startsLikeVideo` needs. */
export const signatureBytes = 8;

/** The boxes that a file may begin with. Old MOV files have no `ftyp`. */
const firstTypes = new Set(['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot']);

/** Whether the first bytes of a file are those of an MP4, MOV or WebM. */
export const startsLikeVideo = (bytes: Uint8Array): boolean => isEbml(bytes) || firstTypes.has(typeOf(bytes));

const isEbml = ([a, b, c, d]: Uint8Array): boolean => a === 0x1a && b === 0x45 && c === 0xdf && d === 0xa3;

/** More top-level boxes than any video has: a limit for files that consist of tiny boxes. */
const maxBoxes = 100_000;

/**
 * Finds out why a file is not a complete video.
 *
 * @returns null for a complete video
 * Errors: those of `read`.
 */
export const videoFault = async (read: ReadAt, size: number): Promise<VideoFault | null> => {
  const start = await read(0, signatureBytes);
  if (!startsLikeVideo(start)) return { kind: 'other', message: 'the file is not an MP4, MOV or WebM video' };
  if (isEbml(start)) return null;
  const types = new Set<string>();
  let at = 0;
  for (let boxes = 0; at < size; boxes += 1) {
    const header = await read(at, 16);
    const boxSize = sizeOf(header, size - at);
    if (boxes === maxBoxes || !/^[\x20-\x7e\xa9]{0,4}$/.test(typeOf(header))) return { kind: 'other', message: `the video is damaged at byte ${String(at)}` };
    if (header.length < 8 || at + boxSize > size) return { kind: 'cut', message: `the video ends in the middle of a box, at byte ${String(size)}` };
    if (boxSize < 8) return { kind: 'other', message: `the video is damaged at byte ${String(at)}` };
    types.add(typeOf(header));
    at += boxSize;
  }
  const missing = ['moov', 'mdat'].find((type) => !types.has(type));
  return missing === undefined ? null : { kind: 'cut', message: `the video has no ${missing} box` };
};

/** The four letters after the size. */
const typeOf = (header: Uint8Array): string => String.fromCharCode(...header.subarray(4, 8));

/** The size of a box. 0 stands for the rest of the file, and 1 for a size of 64 bits. */
const sizeOf = (header: Uint8Array, restBytes: number): number => {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const size = header.length < 8 ? 0 : view.getUint32(0);
  if (size === 0) return restBytes;
  if (size > 1) return size;
  return header.length < 16 ? Infinity : Number(view.getBigUint64(8));
};
