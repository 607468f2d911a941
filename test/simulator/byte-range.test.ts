import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteRange } from '../../src/simulator/byte-range.js';

describe('byteRange', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=2-5', { first: 2, last: 5 }],
    ['bytes=2-', { first: 2, last: 9 }],
    ['bytes=2-999', { first: 2, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-999', { first: 0, last: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', null],
    ['bytes=-', null],
    ['bytes=0-1,4-5', null],
    ['bytes=a-b', null],
    ['lines=0-1', null],
    ['', null],
  ])('reads %j of ten bytes as %o', (header, expected) => {
    expect(byteRange(header, 10)).toEqual(expected);
  });

  it('stays within the file for any header', () => {
    const anyHeader = fc.oneof(fc.string(), fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`));
    fc.assert(
      fc.property(anyHeader, fc.integer({ min: 1 }), (header, size) => {
        const range = byteRange(header, size);
        if (range === null || range === 'unsatisfiable') return;
        expect(0 <= range.first && range.first <= range.last && range.last < size).toBe(true);
      }),
    );
  });
});
