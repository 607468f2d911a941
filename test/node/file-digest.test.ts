import { describe, expect, it } from 'vitest';
import { digestsIn, digestsOf, noDigests, tagDigest } from '../../src/node/file-digest.js';

const inPieces = async function *(text: string): AsyncGenerator<Uint8Array> {
  for (const letter of text) yield await Promise.resolve(Buffer.from(letter));
};

describe('digests of a file', () => {
  it('are computed over all chunks: the check values of CRC-64/XZ and of MD5', async () => {
    const expected = { crc64: '1', md5: '1', tag: '1' };
    expect(await digestsOf(inPieces('123456789'), expected)).toEqual({
      crc64: String(0x995dc9bbdf1939fan),
      md5: 'JfnnlDI7RTiF9RgfG2JNCw==',
      tag: '25f9e794323b453885f5181f1b624d0b',
    });
  });

  it('are only those that are expected', async () => {
    expect(await digestsOf(inPieces('123456789'), { ...noDigests, crc64: '1' })).toEqual({ ...noDigests, crc64: String(0x995dc9bbdf1939fan) });
  });

  it('are read from the headers of TOS, of OSS, and of RFC 1864 if the response is the whole file', () => {
    const read = (headers: Readonly<Record<string, string>>, isWhole = true) => digestsIn((name) => headers[name] ?? null, isWhole);
    expect(read({ 'x-tos-hash-crc64ecma': '5' })).toEqual({ ...noDigests, crc64: '5' });
    expect(read({ 'x-oss-hash-crc64ecma': '5' }, false)).toEqual({ ...noDigests, crc64: '5' });
    expect(read({ 'content-md5': 'JfnnlDI7RTiF9RgfG2JNCw==' })).toEqual({ ...noDigests, md5: 'JfnnlDI7RTiF9RgfG2JNCw==' });
    expect(read({ 'content-md5': 'JfnnlDI7RTiF9RgfG2JNCw==' }, false)).toEqual(noDigests);
  });

  it.each([
    ['"25F9E794323B453885F5181F1B624D0B"', '25f9e794323b453885f5181f1b624d0b'],
    ['W/"25f9e794323b453885f5181f1b624d0b"', null],
    ['25f9e794323b453885f5181f1b624d0b', null],
    ['"25f9e794323b453885f5181f1b624d0b-3"', null],
    ['"film"', null],
    [null, null],
  ])('may be an entity tag: %s', (etag, expected) => {
    expect(tagDigest(etag)).toBe(expected);
  });
});
