/**
 * Collects a body that arrives in chunks, up to a limit.
 */
declare const TextDecoder: new () => { decode(bytes: Uint8Array): string };

/** Collects chunks, and decodes them as one text. */
export interface BodyCollector {
  /** Adds a chunk; returns false, and drops the chunk, when the limit is exceeded. */
  readonly add: (chunk: Uint8Array) => boolean;
  /** All chunks decoded as UTF-8, without a byte order mark. A chunk may end within a character. */
  readonly text: () => string;
}

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
    // A decoder for each body costs nothing, and a module that makes one does not load in Jest's jsdom, which has none.
    text: () => new TextDecoder().decode(joined(chunks, size)),
  };
};

/**
 * The body itself, if it arrived as one text and is within the limit. Throws `bodyTooLarge`.
 *
 * It counts bytes without `TextEncoder`: Jest's jsdom has none. Half a surrogate pair is 2 of its 4 bytes.
 */
export const limited = (text: string, maxBytes: number): string => {
  if (text.replace(/[\u0080-\u07ff\ud800-\udfff]/g, '..').replace(/[\u0800-\uffff]/g, '...').length > maxBytes) throw bodyTooLarge(maxBytes);
  return text;
};

/** The error for a body above the limit. */
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
