/**
 * Redacts the copies of a key in a string, also those escaped by JSON, a URL or HTML, in base64, in another case, or cut off. The rest of
 * the string stays readable.
 */
declare const btoa: (bytes: string) => string;

/**
 * Returns a function that replaces every copy of a key by `[key]`. The first 12 characters of a longer key are a copy, too.
 *
 * @param key ASCII, without white space, quote and backslash
 * @example redactorOf('sk-1234567890ab')('bad key sk-1234567890ab') // 'bad key [key]'
 */
export const redactorOf = (key: string): ((text: string) => string) => {
  const [start, rest] = [key.slice(0, longKey), key.slice(longKey)];
  const encoded = base64Of(start);
  const copy = new RegExp(
    key.length < longKey
      ? `${alone}${[...key].map(anyOf).join('')}(?![\\w-])|${encoded}`
      : `${[...start].map(inAnyCase).join('')}${rest === '' ? '' : `${inAnyCase(rest)}{0,${rest.length}}`}|(?:${encoded})${restOfBase64}`,
    'g',
  );
  return (text) => text.replace(copy, '[key]');
};

/** Keys from this length on are also redacted inside other words. Redacting shorter keys there would damage ordinary words. */
const longKey = 12;

/** Before a short key: no letter or digit, except at the end of an escape. */
const alone = '(?<=^|[^\\w-]|\\\\[bfnrt]|\\\\u[\\da-fA-F]{4}|%[\\da-fA-F]{2})';

const inAnyCase = (characters: string): string => anyOf(characters.toLowerCase() + characters.toUpperCase());

/** Matches one of some characters, as it is or escaped by JSON, a URL or HTML. */
const anyOf = (characters: string): string => {
  const all = [...new Set(characters)];
  const [decimal, hex] = [all.map((character) => character.charCodeAt(0)).join('|'), all.map(hexOf).join('|')];
  const plain = `[${all.map((character) => character.replace(/\W/, '\\$&')).join('')}]`;
  return `(?:${backslashes}u00(?:${hex})|%(?:25)*(?:${hex})|${ampersand}(?:#0*(?:${decimal})|#[xX]0*(?:${hex})|amp|lt|gt|apos);|${all.includes('/') ? `(?:${backslashes})?/|` : ''}${plain})`;
};

/** A run of them from its beginning: JSON in JSON has several. */
const backslashes = '(?<!\\\\)\\\\+';

/** As it is, or escaped by JSON, a URL or HTML itself. */
const ampersand = '(?:&|\\\\u0026|%26)(?:amp;)*';

/** A character's code in hexadecimal, in either case. */
const hexOf = (character: string): string =>
  character.charCodeAt(0).toString(16).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

/**
 * Matches a text inside a longer text that is in base64. Base64 encodes three bytes at once, so there are three encodings, one for each place
 * at which the text can begin. Each pattern has only the characters that no other byte changes. Patterns of fewer than six characters are
 * dropped, because pictures contain them by chance.
 */
const base64Of = (text: string): string =>
  [0, 1, 2].map((before) => btoa('\0'.repeat(before) + text).slice(before && before + 1, Math.floor((8 * (before + text.length)) / 6)))
    .filter(({ length }) => length >= 6)
    .map((encoded) => encoded.replace(/[+/]/g, (character) => anyOf(character === '+' ? '+-' : '/_')))
    .join('|') || '(?!)';

const restOfBase64 = '(?:[\\w+/=-]|\\\\/|%(?:25)*(?:2[BbFf]|3[Dd]))*';
