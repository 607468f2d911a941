/**
 * Finds the code and the message of an error in any shape that APIs, gateways, frameworks and proxies share: `{ error: { code, message } }`,
 * `{ code, message }`, `{ error: true, message }`, RFC 9457 (`{ title, detail }`), Spring (`{ error, path }`), JSend (`{ status, data }`), lists of
 * errors, and any of these as JSON text inside a message.
 */
import { firstOf, objectIn, PlainObject, textIn } from './codecs.js';

/** A provider's own error code and message. */
export interface ErrorDetail {
  readonly code: string | null;
  readonly message: string | null;
}

const successCodes: ReadonlySet<string> = new Set(['success', 'ok', '0', '200']);

const isSuccessCode = (code: unknown): boolean =>
  code === undefined || code === null || code === '' || successCodes.has(textIn(code)?.toLowerCase() ?? '');

/** Whether an envelope reports success: its `code` is missing, 0, 200, `success` or `ok`, and its `success` is not false. */
export const isSuccess = ({ code, success }: Readonly<Record<string, unknown>>): boolean => isSuccessCode(code) && success !== false;

type Body = Readonly<Record<string, unknown>>;

const codeNames = ['code', 'error_code', 'errorCode', 'fail_code', 'failCode'];

/** The names of messages, the most telling first. */
const messageNames = [
  ...['message', 'msg', 'error_message', 'errorMessage', 'error_msg', 'err_msg', 'error_description'],
  ...['fail_reason', 'failReason', 'failure_reason', 'fail_msg', 'failMsg', 'reason'],
];

const codeIn = (body: Body): string | null => firstOf(codeNames, (name) => (isSuccessCode(body[name]) ? null : textIn(body[name])));

/** RFC 9457: the detail with its title. Other servers have a list, or an object, for a detail. */
const problemIn = ({ title, detail }: Body): unknown => (textIn(title) !== null && typeof detail === 'string' && detail.trim() !== '' ? `${String(title)}: ${detail}` : detail);

/** How many objects, lists and JSON texts are searched inside one another. */
const deepest = 5;

/**
 * The innermost error in a value: in an object with codes and messages, in the first item of a list that has one, in JSON text, or the text
 * itself. Null for any other value, for code 0 without a message, and for an empty string.
 *
 * @example errorDetailIn('upstream: {"error":{"code":"InvalidParameter","msg":"no such ratio"}}') // { code: 'InvalidParameter', message: 'no such ratio' }
 */
export const errorDetailIn = (error: unknown): ErrorDetail | null => detailIn(error, deepest);

const detailIn = (error: unknown, depth: number): ErrorDetail | null => {
  const within = (value: unknown): ErrorDetail | null => detailIn(value, depth - 1);
  if (depth === 0) return null;
  if (Array.isArray(error)) return firstOf(error, within);
  const body = objectIn(error);
  const message = body === null ? textIn(error) : null;
  if (body === null) return message === null ? null : { code: null, message };
  // A framework puts the reason phrase into a text `error`, and the message beside it.
  const { error: inner, errors, details, data, title } = body;
  const stated = objectIn(inner) === null ? null : within(inner);
  const found = stated ?? firstOf(messageNames, (name) => within(body[name])) ?? firstOf([problemIn(body), inner, errors, details, PlainObject.is(data) ? data : null, title], within);
  const code = found?.code ?? codeIn(body);
  return code === null && found === null ? null : { code, message: found?.message ?? null };
};

/** A `type` that calls the body an error, such as `new_api_error`. */
const errorType = /error$/i;

/**
 * The error in a body that calls itself one: by its `error` or `errors`, by an envelope whose `code` or `success` reports a failure, or by
 * its `type`. Null for other bodies.
 *
 * @example errorResponseIn({ code: 'task_not_exist', message: 'no such task' }) // { code: 'task_not_exist', message: 'no such task' }
 */
export const errorResponseIn = (body: unknown): ErrorDetail | null => {
  if (!PlainObject.is(body)) return null;
  const { error, errors, type } = body;
  const isError = error === true || !isSuccess(body) || errorType.test(textIn(type) ?? '') || errorDetailIn([error, errors]) !== null;
  return isError ? errorDetailIn(body) : null;
};

/**
 * The error in the body of an HTTP error; null without one.
 *
 * @example httpErrorIn({ title: 'Not Found', detail: 'no route' }) // { code: null, message: 'Not Found: no route' }
 */
export const httpErrorIn = (body: unknown): ErrorDetail | null => (typeof body === 'object' ? errorDetailIn(body) : null);
