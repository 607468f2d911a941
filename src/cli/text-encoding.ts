/**
 * Decodes text in UTF-8 or UTF-16. PowerShell 5 writes UTF-16 with `>`.
 */
import { Transform } from 'node:stream';
import { TextDecoder } from 'node:util';

/** Decodes bytes as UTF-16 if they begin with its byte order mark, else as UTF-8. The result has no byte order mark. */
export const decodeText = (bytes: Uint8Array): string => new TextDecoder(encodingOf(bytes)).decode(bytes);

/** Decodes a stream of text. */
export const textDecoder = (): Transform => {
  let start = Buffer.alloc(0);
  let decoder: TextDecoder | null = null;
  const decode = (bytes: Buffer, isEnd: boolean): string => {
    if (decoder === null) {
      start = Buffer.concat([start, bytes]);
      if (start.length < 2 && !isEnd) return '';
      decoder = new TextDecoder(encodingOf(start));
      return decoder.decode(start, { stream: !isEnd });
    }
    return decoder.decode(bytes, { stream: !isEnd });
  };
  return new Transform({
    transform: (chunk: Buffer, _, done) => { done(null, decode(chunk, false)); },
    flush: (done) => { done(null, decode(Buffer.alloc(0), true)); },
  });
};

const encodingOf = ([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' => {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
};
