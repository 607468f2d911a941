/**
 * Parses bodies as JSON.
 */
import { type Either, left, right } from 'fp-ts/Either';
import { shortened } from './error-response.js';

/** The deepest nesting that is read: deeper bodies are not from an API, and would exhaust the stack. */
export const deepestNesting = 64;

/**
 * Parses a body. An empty body, with or without a byte order mark, is null.
 *
 * @param deepest the maximum number of levels of objects and arrays
 * @returns the JSON, or what is wrong with the text
 */
export const parseBody = (text: string, deepest: number): Either<string, unknown> => {
  const body = text.trim(); // removes a byte order mark too
  if (body === '') return right(null);
  try {
    const json: unknown = mayHoldProto(body) ? JSON.parse(body, withoutProto) : JSON.parse(body);
    return isDeeperThan(deepest, json) ? left(`nested deeper than ${String(deepest)}`) : right(json);
  } catch {
    return left(`not JSON: ${shortened(body)}`);
  }
};

/** Drops `__proto__`: it would become the prototype of a copy, and supply missing fields. */
const withoutProto = (name: string, value: unknown): unknown => (name === '__proto__' ? undefined : value);
const mayHoldProto = (body: string): boolean => body.includes('__proto__') || (body.includes('\\u') && escapeOfProto.test(body));

/** An escaped character of `__proto__`. Other escapes are common: many servers write `&` in links as `\u0026`. */
const escapeOfProto = /\\u00(?:5f|6f|7[024])/i;

const isDeeperThan = (depth: number, json: unknown): boolean => {
  if (typeof json !== 'object' || json === null) return false;
  if (depth === 0) return true;
  // `for…in` also visits an array's items, and creates no list of names or values.
  for (const name in json) if (isDeeperThan(depth - 1, (json as Readonly<Record<string, unknown>>)[name])) return true;
  return false;
};
