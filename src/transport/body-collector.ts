/**
 * A body that arrives in chunks, up to a limit. Knows no HTTP client and no platform: `TextDecoder` is everywhere.
 */
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

/** Takes chunks and gives their text. */
export interface BodyCollector {
  /** Whether the chunk still fitted. One that does not is dropped. */
  readonly add: (chunk: Uint8Array) => boolean;
  /** All chunks read as UTF-8: a character may be cut anywhere, and a byte order mark is no part of the text. */
  readonly text: () => string;
}

/** Without a stream it keeps nothing from one text to the next. */
const utf8 = /* @__PURE__ */ new TextDecoder();

/**
 * Collects the chunks of one body.
 *
 * @param maxBytes the largest body, in bytes after decoding
 */
export const createBodyCollector = (maxBytes: number): BodyCollector => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      if (size + chunk.byteLength > maxBytes) return false;
      size += chunk.byteLength;
      chunks.push(chunk);
      return true;
    },
    text: () => utf8.decode(joined(chunks, size)),
  };
};

/** Why a body above the limit is refused. */
export const bodyTooLarge = (maxBytes: number): Error =>
  new Error(`the body is larger than ${maxBytes} bytes (maxBodyBytes)`);

const joined = (chunks: readonly Uint8Array[], size: number): Uint8Array => {
  const [first = new Uint8Array(), ...others] = chunks;
  if (others.length === 0) return first;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
};
