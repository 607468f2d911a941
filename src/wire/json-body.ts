/**
 * Bodies as JSON: what is parsed, and what is not.
 */
import { type Either, left, right } from 'fp-ts/Either';
import { shortened } from './error-response.js';

/** The deepest nesting that is read: deeper ones come from no API, and would exhaust the stack. */
export const deepestNesting = 64;

/**
 * Parses a body. An empty one, of which a byte order mark is no part, is null.
 *
 * @param deepest how many levels of objects and arrays it may have
 * @returns the JSON, or what is wrong with the text
 */
export const parseBody = (text: string, deepest: number): Either<string, unknown> => {
  const body = text.trim(); // of a byte order mark as well
  if (body === '') return right(null);
  try {
    const json: unknown = mayHoldProto(body) ? JSON.parse(body, withoutProto) : JSON.parse(body);
    return isDeeperThan(deepest, json) ? left(`nested deeper than ${String(deepest)}`) : right(json);
  } catch {
    return left(`no JSON: ${shortened(body)}`);
  }
};

/** A field of this name would become the prototype of a copy, and be read for fields that are not there. */
const withoutProto = (name: string, value: unknown): unknown => (name === '__proto__' ? undefined : value);
const mayHoldProto = (body: string): boolean => body.includes('__proto__') || (body.includes('\\u') && escapeOfProto.test(body));

/** One of its characters, escaped. Links are full of other escapes: many servers write their `&` as `\u0026`. */
const escapeOfProto = /\\u00(?:5f|6f|7[024])/i;

const isDeeperThan = (depth: number, json: unknown): boolean => {
  if (typeof json !== 'object' || json === null) return false;
  if (depth === 0) return true;
  // An array's items have names as well. No list of names or values is made: most of a response is leaves.
  for (const name in json) if (isDeeperThan(depth - 1, (json as Readonly<Record<string, unknown>>)[name])) return true;
  return false;
};
