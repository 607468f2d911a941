import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactorOf } from '../../src/client/redaction.js';

const longKeys = [
  'sk-0123456789abcdef-ABCDEF', '1b671a64-40d5-491e-99b0-da01ff1f3341', 'sk-back/slash/0123456789', 'sk-a+b/c=d&e%f?g#h;i,j', 'sk-(a|b)*[c]^$.{2}+?', 'Ark_Key_1a2b', `eyJ${'hbGciOiJIUzI1NiJ9'.repeat(60)}`,
];
const shortKeys = ['Zq7x', 'zq-7x', 'q/$7+', 'k<&>8\''];

const codes = (text: string): readonly number[] => [...text].map((character) => character.charCodeAt(0));
const hex = (code: number): string => code.toString(16).padStart(2, '0');
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const unicode = (text: string): string => codes(text).map((code) => `\\u00${hex(code)}`).join('');
const html = (text: string): string => text.replace(/[&<>'/=`]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? `&#x${hex(character.charCodeAt(0)).toUpperCase()};`);
const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '');

const spellings: readonly (readonly [string, (key: string) => string])[] = [
  ['as it is', (key) => key],
  ['in JSON', json],
  ['in JSON with escaped slashes', (key) => json(key).replaceAll('/', '\\/')],
  ['in JSON with escapes only', unicode],
  ['in JSON in JSON with escapes only', (key) => json(unicode(key))],
  ['in JSON of Go', (key) => json(key).replace(/[&<>]/g, unicode)],
  ['in a URL', encodeURIComponent],
  ['in a URL in a URL', (key) => encodeURIComponent(encodeURIComponent(key))],
  ['in a URL with escapes only', (key) => codes(key).map((code) => `%${hex(code)}`).join('')],
  ['in HTML', html],
  ['in HTML in HTML', (key) => html(html(key))],
  ['in HTML with decimal entities only', (key) => codes(key).map((code) => `&#${String(code)};`).join('')],
  ['in HTML with hexadecimal entities only', (key) => codes(key).map((code) => `&#x00${hex(code)};`).join('')],
  ['in HTML in JSON of Go', (key) => html(key).replaceAll('&', '\\u0026')],
];

/** Spellings that are recognized for keys of 12 characters or more. */
const spellingsOfLong: typeof spellings = [
  ['in upper case', (key) => key.toUpperCase()],
  ['in lower case', (key) => key.toLowerCase()],
  ['in upper case in a URL with escapes only', (key) => codes(key.toUpperCase()).map((code) => `%${hex(code)}`).join('')],
  ['cut after 12 characters', (key) => key.slice(0, 12)],
  ['cut after three quarters', (key) => key.slice(0, Math.max(12, key.length * 0.75))],
  ['cut and in HTML', (key) => html(key.slice(0, 14))],
];

describe.each(longKeys)('the key %s', (key) => {
  it.each([...spellings, ...spellingsOfLong])('is redacted %s', (_, spell) => {
    expect(redactorOf(key)(`no "${spell(key)}" here`)).toBe('no "[key]" here');
    expect(redactorOf(key)(`x${spell(key)}`)).toBe('x[key]');
  });

  const prefixes = ['', ':', 'u:', 'Bearer ', 'user:'];
  it.each(prefixes)('is redacted in base64 after "%s", also for URLs, in JSON and cut off', (prefix) => {
    for (const encoded of [base64(prefix + key), base64(prefix + key.slice(0, 12)), Buffer.from(prefix + key).toString('base64url')]) {
      for (const echo of [encoded, encoded.replaceAll('/', '\\/'), encodeURIComponent(encoded)]) {
        // Some bits of the character before and after may show.
        const shown = /^no "([\w+/-]*)\[key\]([\w+/=-]?)" here$/.exec(redactorOf(key)(`no "${echo}" here`));
        expect(shown, echo).not.toBeNull();
        expect(shown?.[1]?.length).toBeLessThanOrEqual(Math.ceil((8 * prefix.length) / 6) + 1);
      }
    }
  });
});

describe.each(shortKeys)('the short key %s', (key) => {
  it.each(spellings)('is redacted %s', (_, spell) => {
    expect(redactorOf(key)(`no "${spell(key)}" here`)).toBe('no "[key]" here');
  });

  it('is left inside other words', () => {
    expect(redactorOf(key)(`x${key}y`)).toBe(`x${key}y`);
  });
});

it('a key of one character leaves other text unchanged', () => {
  expect(redactorOf('k')('bake a cake, k?')).toBe('bake a cake, [key]?');
});

it('JSON stays JSON', () => {
  const anyKey = fc.constantFrom(...longKeys, ...shortKeys);
  fc.assert(fc.property(anyKey, fc.array(fc.oneof(fc.constantFrom('\\', '"', '/', '\n', ' ', 'a', '&', '%'), fc.nat({ max: 20 })), { maxLength: 12 }), fc.nat({ max: 2 }), (key, pieces, depth) => {
    const all = [...spellings, ...spellingsOfLong];
    const text = pieces.map((piece) => (typeof piece === 'string' ? piece : (all[piece % all.length]?.[1](key) ?? ''))).join('');
    let body = JSON.stringify({ [text]: text });
    for (let level = 0; level < depth; level += 1) body = JSON.stringify({ body });
    expect(() => JSON.parse(redactorOf(key)(body)) as unknown).not.toThrow();
  }));
});

it.each([...longKeys, ...shortKeys, '/abcdefghijklmnop', '//'])('megabytes of text without %s are searched quickly', (key) => {
  for (const piece of ['\\', '&amp;', '%25', 'sk-', '&#0', '\\u00', 'c2st']) {
    const text = piece.repeat(100_000);
    const started = performance.now();
    redactorOf(key)(text);
    expect(performance.now() - started, piece).toBeLessThan(2_000);
  }
});
