/** Strings with wide, joined, combining and unsafe characters. */
import fc from 'fast-check';

const pieces = [
  ...['視', '频', '👩‍👩‍👧', '🇦🇹', '1️⃣', 'é', 'a', ' ', '\u0301', '\u200d', '\ufe0f', '\u20e3', '\ud800'],
  ...['\u001b[31m', '\u001b]0;x\u0007', '\u001b', '\u009b2J', '\n', '\t', '\r', '\u202e'],
];

export const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
);
