import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentRange } from '../../src/node/content-range.js';

describe('a Content-Range', () => {
  it('gives the bytes in the body and the length of the file', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), fc.option(fc.nat()), (first, more, beyond) => {
      const last = first + more;
      const totalBytes = beyond === null ? null : last + 1 + beyond;
      expect(contentRange(`bytes ${String(first)}-${String(last)}/${totalBytes === null ? '*' : String(totalBytes)}`)).toEqual({ first, last, totalBytes });
    }));
  });

  it('of an unsatisfiable range gives the length of the file', () => {
    expect(contentRange('bytes */2000')).toEqual({ first: null, last: null, totalBytes: 2000 });
  });

  it.each([null, '', 'bytes', 'bytes 5-4/10', 'bytes 0-10/10', 'bytes -5/10', 'bytes 0-/10', 'bytes */*', 'items 0-1/2', 'bytes 0-1', `bytes 0-${'9'.repeat(40)}/*`])(
    'is null if it is missing or invalid: %s',
    (header) => {
      expect(contentRange(header)).toBeNull();
    },
  );
});
