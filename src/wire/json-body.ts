/**
 * Bodies as JSON: what is parsed, and what is not. Knows no dialect, no provider and no HTTP status.
 */
import { type Either, left, right } from 'fp-ts/Either';
import { shortened } from './refusal.js';

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
    const json: unknown = mayHoldProto.test(body) ? JSON.parse(body, withoutProto) : JSON.parse(body);
    return isDeeperThan(deepest, json) ? left(`nested deeper than ${String(deepest)}`) : right(json);
  } catch {
    return left(`no JSON: ${shortened(body)}`);
  }
};

/** A field of this name would become the prototype of a copy, and be read for fields that are not there. */
const withoutProto = (name: string, value: unknown): unknown => (name === '__proto__' ? undefined : value);
const mayHoldProto = /__proto__|\\u/i;

const isDeeperThan = (depth: number, json: unknown): boolean =>
  typeof json === 'object' && json !== null && (depth === 0 || Object.values(json).some((value) => isDeeperThan(depth - 1, value)));
