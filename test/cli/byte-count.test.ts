import { expect, it } from 'vitest';
import { bytesForPeople } from '../../src/cli/byte-count.js';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [31_900, '31 kB'],
  [999_999, '999 kB'],
  [4_200_000, '4.2 MB'],
  [250_000_000, '250 MB'],
  [3_400_000_000, '3.4 GB'],
  [5e16, '50000 TB'],
])('formats %d bytes as %s', (bytes, text) => {
  expect(bytesForPeople(bytes)).toBe(text);
});
