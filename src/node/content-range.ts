/**
 * Parses the `Content-Range` header of a response. Pure.
 * Source: RFC 9110, section 14.4.
 */

/** The bytes in the body, and the length of the file. `first` and `last` are null if there are none (416). */
export type ContentRange =
  | { readonly first: number; readonly last: number; readonly totalBytes: number | null }
  | { readonly first: null; readonly last: null; readonly totalBytes: number };

/**
 * Parses a `Content-Range`.
 *
 * @returns null if it is missing or invalid
 * @example contentRange('bytes 500-999/2000') // { first: 500, last: 999, totalBytes: 2000 }
 */
export const contentRange = (header: string | null): ContentRange | null => {
  const [, from, to, size] = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? '') ?? [];
  const totalBytes = size === undefined || size === '*' ? null : Number(size);
  if (from === undefined || to === undefined) return totalBytes === null ? null : { first: null, last: null, totalBytes };
  const [first, last] = [Number(from), Number(to)];
  return first > last || (totalBytes !== null && last >= totalBytes) ? null : { first, last, totalBytes };
};
