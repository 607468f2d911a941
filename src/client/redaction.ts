/**
 * Redacts the copies of a key in a string, also those escaped by JSON or a URL. The rest of the string stays readable.
 */

/**
 * Returns a function that replaces every copy of a key by `[key]`.
 *
 * @param key ASCII, without white space, quote and backslash
 * @example redactorOf('sk-1234567890ab')('bad key sk-1234567890ab') // 'bad key [key]'
 */
export const redactorOf = (key: string): ((text: string) => string) => {
  const echo = new RegExp(echoOf(key), 'g');
  // A copy is the key itself, or has an escaped character of the key. Most strings have neither.
  const codes = [...new Set(key)].map(codeOf).join('|');
  const escape = new RegExp(`(?:\\\\u00|%(?:25)*)(?:${codes})${key.includes('/') ? '|\\\\/' : ''}`);
  return (text) => (text.includes(key) || escape.test(text) ? text.replace(echo, '[key]') : text);
};

/** Keys from this length on are also redacted inside other words. Redacting shorter keys there would damage ordinary words. */
const longWord = 12;

/** Before a short key: no letter or digit, except at the end of an escape. */
const alone = '(?<=^|[^\\w-]|\\\\[bfnrt]|\\\\u[\\da-fA-F]{4}|%[\\da-fA-F]{2})';

/** Matches the key, with each character as it is or escaped by JSON or a URL. */
const echoOf = (key: string): string => {
  const characters = [...key].map((character) => {
    const code = codeOf(character);
    return `(?:${character === '/' ? '(?:(?<!\\\\)\\\\+)?' : ''}${character.replace(/[^\w]/g, '\\$&')}|\\\\u00${code}|%(?:25)*${code})`;
  });
  return key.length < longWord ? `${alone}${characters.join('')}(?![\\w-])` : characters.join('');
};

/** Matches a character's code in hexadecimal, in either case. */
const codeOf = (character: string): string =>
  character.charCodeAt(0).toString(16).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
