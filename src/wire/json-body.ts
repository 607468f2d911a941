/**
 * Parses bodies as JSON, and what some servers send for JSON.
 */
import { type Either, left, right } from 'fp-ts/Either';
import { shortened } from './error-response.js';

/** The deepest nesting that is read: deeper bodies are not from an API, and would exhaust the stack. */
export const deepestNesting = 64;

/**
 * Parses a body. An empty body, with or without a byte order mark, is null. An integer beyond 2^53 is read as its digits in a string, because
 * a number would be rounded to another id. `NaN`, `Infinity` and `undefined` are null; trailing commas and unescaped control characters in
 * strings are accepted; JSON inside a JSON string is parsed.
 *
 * @param deepest the maximum number of levels of objects and arrays
 * @returns the JSON, or what is wrong with the text
 */
export const parseBody = (text: string, deepest: number): Either<string, unknown> => {
  const body = text.trim(); // removes a byte order mark too
  if (body === '') return right(null);
  try {
    return jsonIn(body, deepest);
  } catch {
    return left(`not JSON: ${shortened(body)}`);
  }
};

const jsonIn = (body: string, deepest: number): Either<string, unknown> => {
  const json = parsed(body);
  if (typeof json === 'string' && json.startsWith('{')) return jsonIn(json, deepest);
  switch (flawIn(json, deepest)) {
    case 'deep':
      return left(`nested deeper than ${String(deepest)}`);
    case 'rounded':
      return right(parsed(body.replace(tokens, withExactInteger)));
    case null:
      return right(json);
  }
};

const parsed = (body: string): unknown => {
  const parse = (text: string): unknown => (mayHoldProto(text) ? JSON.parse(text, withoutProto) : JSON.parse(text));
  try {
    return parse(body);
  } catch (error) {
    if (!/^[{[]/.test(body)) throw error;
    return parse(body.replace(tokens, repaired));
  }
};

/** Strings, numbers, words that are not JSON, trailing commas. A string without an end matches too: searching it again would take long. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"?|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|-?\b(?:NaN|Infinity|undefined)\b|,(?=\s*[\]}])/gis;

/** Whether a value is nested deeper than `depth` levels; if not, whether it has a number beyond the safe integers, which may have lost digits. */
const flawIn = (json: unknown, depth: number): 'deep' | 'rounded' | null => {
  if (typeof json === 'number') return Math.abs(json) > Number.MAX_SAFE_INTEGER ? 'rounded' : null;
  if (typeof json !== 'object' || json === null) return null;
  if (depth === 0) return 'deep';
  let found: 'rounded' | null = null;
  // `for…in` also visits an array's items, and creates no list of names or values.
  for (const name in json) {
    const flaw = flawIn((json as Readonly<Record<string, unknown>>)[name], depth - 1); // an array has its items by name, too
    if (flaw === 'deep') return flaw;
    found ??= flaw;
  }
  return found;
};

const withExactInteger = (token: string): string => (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token);

const repaired = (token: string): string => {
  // eslint-disable-next-line no-control-regex -- JSON allows no control characters in strings
  if (token.startsWith('"')) return token.replace(/[\0-\x1f]/g, (character) => JSON.stringify(character).slice(1, -1));
  if (token === ',') return '';
  return /\d/.test(token) ? token : 'null';
};

/** Drops `__proto__`: it would become the prototype of a copy, and supply missing fields. */
const withoutProto = (name: string, value: unknown): unknown => (name === '__proto__' ? undefined : value);
const mayHoldProto = (body: string): boolean => body.includes('__proto__') || (body.includes('\\u') && escapeOfProto.test(body));

/** An escaped character of `__proto__`. Other escapes are common: many servers write `&` in links as `\u0026`. */
const escapeOfProto = /\\u00(?:5f|6f|7[024])/i;
