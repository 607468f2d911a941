import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyTooLarge, createBodyCollector, limited } from '../../src/transport/body-collector.js';

const anyText = fc.string({ unit: 'binary' });
const anyBytes = fc.uint8Array({ maxLength: 64 });

describe('createBodyCollector', () => {
  it('decodes a text, wherever its bytes are cut', () => {
    fc.assert(fc.property(anyText, fc.array(fc.nat({ max: 40 })), (text, cuts) => {
      const bytes = new TextEncoder().encode(text);
      const body = createBodyCollector(bytes.length);
      const ends = [...cuts, bytes.length].filter((end) => end <= bytes.length).sort((a, b) => a - b);
      ends.forEach((end, index) => body.add(bytes.subarray(ends[index - 1] ?? 0, end)));
      expect(body.text()).toBe(text.replace(/^\uFEFF/, ''));
    }));
  });

  it('takes bytes up to its limit, and drops a chunk that exceeds it', () => {
    fc.assert(fc.property(fc.array(anyBytes), fc.nat({ max: 200 }), (chunks, maxBytes) => {
      const body = createBodyCollector(maxBytes);
      let size = 0;
      for (const chunk of chunks) {
        const fits = size + chunk.length <= maxBytes;
        expect(body.add(chunk)).toBe(fits);
        if (fits) size += chunk.length;
      }
    }));
  });

  it('gives an empty string before the first chunk', () => {
    expect(createBodyCollector(1).text()).toBe('');
  });

  it('the error for a large body names the limit', () => {
    expect(bodyTooLarge(7)).toEqual(new Error('the body is larger than 7 bytes (maxBodyBytes)'));
  });
});

it('limited returns a text whose bytes are within the limit, and refuses every other', () => {
  fc.assert(fc.property(anyText, fc.nat({ max: 60 }), (text, maxBytes) => {
    if (new TextEncoder().encode(text).length <= maxBytes) expect(limited(text, maxBytes)).toBe(text);
    else expect(() => limited(text, maxBytes)).toThrow(bodyTooLarge(maxBytes));
  }));
});
