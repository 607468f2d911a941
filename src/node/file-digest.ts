/**
 * Digests of a file that its host sends in headers.
 * Source: CRC-64 of ECMA-182 in the form of TOS and OSS (`x-tos-hash-crc64ecma`, reflected, as in the XZ format); RFC 1864 (`Content-MD5`).
 */
import { createHash } from 'node:crypto';
import type { ResponseHead } from './file-response.js';

/** The digests of a file. Null where the host sent none. */
export interface Digests {
  /** A decimal number. */
  readonly crc64: string | null;
  /** In base64. */
  readonly md5: string | null;
  /** An entity tag that may be the MD5 of the file, in hexadecimal digits. Some hosts make such tags from something else. */
  readonly tag: string | null;
}

export const noDigests: Digests = { crc64: null, md5: null, tag: null };

/** The digests in the headers of a response. `Content-MD5` counts only for a response that holds the whole file. */
export const digestsIn = (header: ResponseHead['header'], isWhole: boolean): Digests => ({
  crc64: header('x-tos-hash-crc64ecma') ?? header('x-oss-hash-crc64ecma'),
  md5: isWhole ? header('content-md5') : null,
  tag: tagDigest(header('etag')),
});

/** The MD5 in a strong entity tag; null for any other tag, such as `"…-3"` of an upload in parts. */
export const tagDigest = (etag: string | null): string | null => /^"([\da-f]{32})"$/i.exec(etag?.trim() ?? '')?.[1]?.toLowerCase() ?? null;

/** Computes the digests that are expected, of all bytes of a file. */
export const digestsOf = async (chunks: AsyncIterable<Uint8Array>, expected: Digests): Promise<Digests> => {
  const md5 = expected.md5 === null && expected.tag === null ? null : createHash('md5');
  const crc = expected.crc64 === null ? null : createCrc64();
  for await (const chunk of chunks) {
    md5?.update(chunk);
    crc?.update(chunk);
  }
  const hash = md5?.digest() ?? null;
  return { crc64: crc?.digest() ?? null, md5: hash?.toString('base64') ?? null, tag: hash?.toString('hex') ?? null };
};

/** The remainders of all bytes, each in two halves of 32 bits. */
const tables = ((): readonly [high: Uint32Array, low: Uint32Array] => {
  const [high, low] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ ((value & 1n) * 0xc96c5795d7870f42n);
    high[byte] = Number(value >> 32n);
    low[byte] = Number(value & 0xffffffffn);
  }
  return [high, low];
})();

const createCrc64 = () => {
  const [highs, lows] = tables;
  let [high, low] = [0xffffffff, 0xffffffff];
  return {
    update: (bytes: Uint8Array): void => {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0);
        high = (high >>> 8) ^ (highs[index] ?? 0);
      }
    },
    digest: (): string => String((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)),
  };
};
