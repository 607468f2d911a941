/**
 * Takes the echoes of a key out of a text, however JSON or a URL has escaped them, and leaves the text as readable as it was.
 */

/**
 * What replaces every echo of a key by `[key]`.
 *
 * @param key ASCII, without white space, quote and backslash
 * @example redactorOf('sk-1234567890ab')('bad key sk-1234567890ab') // 'bad key [key]'
 */
export const redactorOf = (key: string): ((text: string) => string) => {
  const echo = new RegExp(echoOf(key), 'g');
  // Every echo is the key itself, or has one of its characters escaped: most texts have neither.
  const codes = [...new Set(key)].map(codeOf).join('|');
  const escape = new RegExp(`(?:\\\\u00|%(?:25)*)(?:${codes})${key.includes('/') ? '|\\\\/' : ''}`);
  return (text) => (text.includes(key) || escape.test(text) ? text.replace(echo, '[key]') : text);
};

/** The shortest key that is looked for inside other words; a shorter one must stand alone, or plain words would be torn. */
const longWord = 12;

/** What may stand before a short key: no letter or digit, save as the end of an escape. */
const alone = '(?<=^|[^\\w-]|\\\\[bfnrt]|\\\\u[\\da-fA-F]{4}|%[\\da-fA-F]{2})';

/** The key as itself, and with any of its characters written as JSON or a URL may escape them. */
const echoOf = (key: string): string => {
  const characters = [...key].map((character) => {
    const code = codeOf(character);
    return `(?:${character === '/' ? '(?:(?<!\\\\)\\\\+)?' : ''}${character.replace(/[^\w]/g, '\\$&')}|\\\\u00${code}|%(?:25)*${code})`;
  });
  return key.length < longWord ? `${alone}${characters.join('')}(?![\\w-])` : characters.join('');
};

/** A character's code in hexadecimal, in either case. */
const codeOf = (character: string): string =>
  character.charCodeAt(0).toString(16).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
