/**
 * Finds the code and the message of an error in any shape that APIs, gateways, frameworks and proxies share: `{ error: { code, message } }`,
 * `{ code, message }`, `{ error: true, message }`, RFC 9457 (`{ title, detail }`), Spring (`{ error, path }`), JSend (`{ status, data }`), lists of
 * errors, and any of these as JSON text inside a message.
 */
import { firstOf, objectIn, PlainObject, textIn, valuesOf } from './codecs.js';

/** A provider's own error code and message. */
export interface ErrorDetail {
  readonly code: string | null;
  readonly message: string | null;
}

const successCode = /^(?:success|ok|0|200)$/i;

const isSuccessCode = (code: unknown): boolean => code == null || code === '' || successCode.test(textIn(code) ?? '');

/** Whether an envelope reports success: its `code` is missing, 0, 200, `success` or `ok`, and its `success` is not false. */
export const isSuccess = ({ code, success }: Readonly<Record<string, unknown>>): boolean => isSuccessCode(code) && success !== false;

type Body = Readonly<Record<string, unknown>>;

const codeName = /^(?:err|error|fail|failure)?_?code$/i;
const errorName = /^(?:errors?|failure)$/i;
const messageName = /^(?:message|msg)$/i;
const longMessageName = /^(?:err|error|fail|failure|failed|(?:task_)?status)_?(?:message|msg|reason|description|detail|info)$/i;
const reasonName = /^(?:reason|details?)$/i;

const codeIn = (body: Body): string | null => firstOf(valuesOf(body, codeName), (code) => (isSuccessCode(code) ? null : textIn(code)));

/** RFC 9457: the detail with its title. Other servers have a list, or an object, for a detail. */
const problemIn = ({ title, detail }: Body): string | null =>
  typeof title === 'string' && title !== '' && typeof detail === 'string' && detail !== '' ? `${title}: ${detail}` : null;

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
  if (body === null) {
    const message = textIn(error);
    return message === null ? null : { code: null, message };
  }
  const { error: inner, data, title } = body;
  const stated = objectIn(inner) === null ? null : inner;
  // A framework puts the reason phrase into a text `error`, and the message beside it.
  const messages = [stated, ...valuesOf(body, messageName), ...valuesOf(body, longMessageName), problemIn(body), ...valuesOf(body, reasonName), ...valuesOf(body, errorName)];
  const found = firstOf([...messages, PlainObject.is(data) ? data : null, title], within);
  const code = found?.code ?? codeIn(body);
  return code === null && found === null ? null : { code, message: found?.message ?? null };
};

/**
 * The errors in the body of a failed task, the innermost first: by every name under which a reason has been met, at every level of `data`.
 * The message of an envelope is not one.
 *
 * @example failuresIn({ status: 'fail', failCode: '500', failMsg: 'no frames' }) // [{ code: '500', message: 'no frames' }]
 */
export const failuresIn = (body: unknown, depth = deepest): readonly ErrorDetail[] => {
  const task = depth === 0 ? null : objectIn(body);
  if (task === null) return [];
  const code = codeIn(task);
  const isEnvelope = objectIn(task['data']) !== null;
  const own = [errorName, longMessageName, reasonName, ...(isEnvelope ? [] : [messageName])].flatMap((name) => valuesOf(task, name)).map(errorDetailIn).filter((detail) => detail !== null);
  return [...failuresIn(task['data'], depth - 1), ...own.map((detail) => ({ code: detail.code ?? code, message: detail.message })), ...(code === null ? [] : [{ code, message: null }])];
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
