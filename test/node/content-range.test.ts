import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentRange } from '../../src/node/content-range.js';

describe('a Content-Range', () => {
  it('says which bytes of how many follow', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), fc.option(fc.nat()), (first, more, beyond) => {
      const last = first + more;
      const totalBytes = beyond === null ? null : last + 1 + beyond;
      expect(contentRange(`bytes ${String(first)}-${String(last)}/${totalBytes === null ? '*' : String(totalBytes)}`)).toEqual({ first, last, totalBytes });
    }));
  });

  it('of a range that cannot be had says how many bytes there are', () => {
    expect(contentRange('bytes */2000')).toEqual({ first: null, last: null, totalBytes: 2000 });
  });

  it.each([null, '', 'bytes', 'bytes 5-4/10', 'bytes 0-10/10', 'bytes -5/10', 'bytes 0-/10', 'bytes */*', 'items 0-1/2', 'bytes 0-1', `bytes 0-${'9'.repeat(40)}/*`])(
    'that makes no sense is none: %s',
    (header) => {
      expect(contentRange(header)).toBeNull();
    },
  );
});
