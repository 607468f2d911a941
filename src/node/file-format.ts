/**
 * Checks that a file is complete, by its format. Pure over a few small reads.
 * Source: ISO/IEC 14496-12, section 4.2 (boxes of MP4); QuickTime File Format (files without `ftyp`); RFC 8794 (elements of WebM); W3C PNG,
 * section 5; ITU-T T.81, annex B (JPEG); RFC 9649 (WebP).
 */

/** Reads bytes of a file; fewer at its end. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>;

/** Why a file is not complete. `cut`: more bytes could complete it. `other`: it is something else, or it is damaged. */
export interface FileFault {
  readonly kind: 'cut' | 'other';
  readonly message: string;
}

/** What a file must be. */
export interface FileFormat {
  /** What it is called in errors. */
  readonly name: 'video' | 'picture';
  /** The extensions of its files. The first one is for links that have none of them. */
  readonly extensions: readonly [string, ...string[]];
  /** Whether a file of this format may begin with these bytes. */
  readonly startsLike: (bytes: Uint8Array) => boolean;
  /**
   * Finds out why a file is not complete; null if it is.
   *
   * Errors: those of `read`.
   */
  readonly faultOf: (read: ReadAt, size: number) => Promise<FileFault | null>;
}

/** How many bytes `startsLike` needs. */
export const signatureBytes = 12;

/** An MP4, MOV or WebM whose boxes or elements end where the file ends. */
export const video: FileFormat = {
  name: 'video',
  extensions: ['.mp4', '.mov', '.webm'],
  startsLike: (bytes) => isEbml(bytes) || firstTypes.has(typeOf(bytes)),
  faultOf: async (read, size) => {
    const start = await read(0, signatureBytes);
    if (!video.startsLike(start)) return { kind: 'other', message: 'the file is not an MP4, MOV or WebM video' };
    return isEbml(start) ? faultOfParts('video', webmElement, ['Segment'], read, size) : faultOfParts('video', box, ['moov', 'mdat'], read, size);
  },
};

/** A PNG, JPEG or WebP with its end. */
export const picture: FileFormat = {
  name: 'picture',
  extensions: ['.png', '.jpg', '.jpeg', '.webp'],
  startsLike: (bytes) => pictureIn(bytes) !== null,
  faultOf: async (read, size) => {
    const start = await read(0, signatureBytes);
    const cut: FileFault = { kind: 'cut', message: `the picture ends at byte ${String(size)}, before its end` };
    switch (pictureIn(start)) {
      case 'png':
        return faultOfParts('picture', pngChunk, ['IEND'], read, size);
      case 'jpeg':
        // Some programs add bytes after the end.
        return Buffer.from(await read(Math.max(0, size - 64), 64)).includes(jpegEnd) ? null : cut;
      case 'webp':
        return viewOf(start).getUint32(4, true) + 8 > size ? cut : null;
      case null:
        return { kind: 'other', message: 'the file is not a PNG, JPEG or WebP picture' };
    }
  },
};

/** The boxes that a video may begin with. Old MOV files have no `ftyp`. */
const firstTypes = new Set(['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot']);

const isEbml = (bytes: Uint8Array): boolean => hex(bytes.subarray(0, 4)) === '1a45dfa3';

const jpegEnd = Buffer.of(0xff, 0xd9);

const pictureIn = (bytes: Uint8Array): 'png' | 'jpeg' | 'webp' | null => {
  const start = hex(bytes.subarray(0, signatureBytes));
  if (start.startsWith('89504e470d0a1a0a')) return 'png';
  if (start.startsWith('ffd8ff')) return 'jpeg';
  return /^52494646.{8}57454250$/.test(start) ? 'webp' : null;
};

/** A part of a file: a box, an element or a chunk. */
interface Part {
  readonly type: string;
  /** The size of the part with its header. NaN if there can be no such part. */
  readonly size: number;
}

/** How the parts of a format are written. */
interface PartFormat {
  /** What a part is called in errors. */
  readonly name: string;
  /** Where the first part begins. */
  readonly from: number;
  /** Reads the header of a part, of which there may be fewer than `headerBytes`; null if it is cut. */
  readonly read: (header: Uint8Array, restBytes: number) => Part | null;
}

const headerBytes = 16;

/** More parts than any file has: a limit for files that consist of tiny parts. */
const maxParts = 100_000;

/** Walks over the parts of a file. The last one must end where the file ends. */
const faultOfParts = async (name: string, format: PartFormat, needed: readonly string[], read: ReadAt, size: number): Promise<FileFault | null> => {
  const types = new Set<string>();
  for (let at = format.from, count = 0; at < size; count += 1) {
    const part = format.read(await read(at, headerBytes), size - at);
    if (count === maxParts || Number.isNaN(part?.size)) return { kind: 'other', message: `the ${name} is damaged at byte ${String(at)}` };
    if (part === null || at + part.size > size) return { kind: 'cut', message: `the ${name} ends in the middle of ${format.name}, at byte ${String(size)}` };
    types.add(part.type);
    at += part.size;
  }
  const missing = needed.find((type) => !types.has(type));
  return missing === undefined ? null : { kind: 'cut', message: `the ${name} has no ${missing}` };
};

const box: PartFormat = {
  name: 'a box',
  from: 0,
  read: (header, restBytes) => {
    const type = typeOf(header);
    if (!/^[\x20-\x7e\xa9]{0,4}$/.test(type)) return { type, size: Number.NaN };
    if (header.length < 8) return null;
    const view = viewOf(header);
    const size = view.getUint32(0);
    // 0 stands for the rest of the file, and 1 for a size of 64 bits.
    if (size === 0) return { type, size: restBytes };
    if (size === 1) return header.length < 16 ? null : { type, size: atLeast(16, Number(view.getBigUint64(8))) };
    return { type, size: atLeast(8, size) };
  },
};

const pngChunk: PartFormat = {
  name: 'a chunk',
  from: 8,
  read: (header) => {
    const type = typeOf(header);
    if (!/^[A-Za-z]{0,4}$/.test(type)) return { type, size: Number.NaN };
    return header.length < 8 ? null : { type, size: viewOf(header).getUint32(0) + 12 };
  },
};

const elementNames: Readonly<Record<string, string>> = { 18538067: 'Segment' };

/** An id and a size, whose first bytes tell how long they are. A size of ones stands for the rest of the file. */
const webmElement: PartFormat = {
  name: 'an element',
  from: 0,
  read: (header, restBytes) => {
    const idBytes = Math.clz32(header[0] ?? 0) - 23;
    if (idBytes > 4) return { type: '', size: Number.NaN };
    const sizeBytes = Math.clz32(header[idBytes] ?? 0) - 23;
    if (header.length < idBytes + sizeBytes) return null;
    if (sizeBytes > 8) return { type: '', size: Number.NaN };
    const id = hex(header.subarray(0, idBytes));
    const digits = BigInt(`0x${hex(header.subarray(idBytes, idBytes + sizeBytes))}`);
    const highest = 1n << BigInt(7 * sizeBytes);
    const isUnknown = digits === 2n * highest - 1n;
    return { type: elementNames[id] ?? id, size: isUnknown ? restBytes : idBytes + sizeBytes + Number(digits - highest) };
  },
};

const atLeast = (least: number, size: number): number => (size < least ? Number.NaN : size);

/** The four letters after the size. */
const typeOf = (header: Uint8Array): string => String.fromCharCode(...header.subarray(4, 8));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView => new DataView(buffer, byteOffset, byteLength);
