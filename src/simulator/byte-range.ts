/**
 * The `Range` header.
 * Source: RFC 9110, section 14. A malformed header and one with several ranges are ignored, as the RFC allows.
 */

/** Positions of the first and the last byte. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The byte range of a request.
 *
 * @param size of the file, in bytes, above 0
 * @returns null for the whole file
 * @example byteRange('bytes=-500', 2000) // { first: 1500, last: 1999 }
 */
export const byteRange = (header: string, size: number): ByteRange | 'unsatisfiable' | null => {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  if (from === '') {
    const length = Number(to);
    return length === 0 ? 'unsatisfiable' : { first: Math.max(0, size - length), last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < first) return null;
  return first >= size ? 'unsatisfiable' : { first, last };
};
