/**
 * Content codings of a response: which ones its `Content-Encoding` names, and how to undo them. Some object stores keep words in this header
 * that are no compression, such as `aws-chunked` of an upload, and send plain bytes.
 * Source: RFC 9110, section 8.4; RFC 8878 (zstd).
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';

/** Words of the header that change no byte. */
const plainWords = new Set(['', 'identity', 'none', 'aws-chunked', 'binary', '7bit', '8bit', 'utf-8', 'utf8']);

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  // Node 22.15 and later.
  ...('createZstdDecompress' in zlib && { zstd: zlib.createZstdDecompress as () => Transform }),
};

/** The most codings of one response: each needs a decoder's memory, and a header has room for thousands. */
const maxCodings = 5;

/**
 * The codings that change bytes, in the order in which they were applied.
 *
 * @param header the value of `Content-Encoding`
 * @returns null if Node cannot undo one of them, and for more than five
 */
export const codingsIn = (header: string | null): readonly string[] | null => {
  const codings = (header ?? '').toLowerCase().split(',').map((word) => word.trim()).filter((word) => !plainWords.has(word));
  return codings.length <= maxCodings && codings.every((coding) => Object.hasOwn(decoders, coding)) ? codings : null;
};

/** Undoes codings that `codingsIn` has returned. Errors: those of `bytes`; bytes that are cut or are not in this coding. */
export const decoded = (bytes: AsyncIterable<Uint8Array>, codings: readonly string[]): AsyncIterable<Uint8Array> =>
  (codings.length === 0 ? bytes : decodedBy(codings.toReversed().flatMap((coding) => decoders[coding]?.() ?? []), bytes));

async function *decodedBy(transforms: readonly Transform[], bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const chunks = bytes[Symbol.asyncIterator]();
  const first = await chunks.next();
  // A response without a body may name a coding all the same.
  if (first.done === true) return;
  const all = (async function *() {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  })();
  // The reader gets the error of the last stream.
  yield* pipeline([Readable.from(all), ...transforms], () => undefined) as Transform;
}
