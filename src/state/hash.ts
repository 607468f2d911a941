/**
 * The FNV-1a hash of a text, for decisions that must repeat: not for secrets.
 */

/** An integer from 0 to 2^32 - 1. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
};
