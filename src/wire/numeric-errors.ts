/**
 * The errors of APIs with an envelope `{ code, message, data }` whose `code` is a number like an HTTP status.
 */
import { PlainObject, textIn } from './codecs.js';
import { isSuccess } from './error-detail.js';
import { reasonOfStatus, type ResponseReason } from './error-response.js';

/**
 * The reason of an error with a numeric code and a message; null for any other body. Under an HTTP error the HTTP status gives the reason,
 * under 200 a code from 400 to 599.
 *
 * @param names where the message may be. Default: `message` and `msg`
 * @example numericErrorReason(200, { code: 404, msg: 'no such task', data: null }) // 'not-found'
 */
export const numericErrorReason = (status: number, body: unknown, names: readonly string[] = ['message', 'msg']): ResponseReason | null => {
  if (!PlainObject.is(body) || isSuccess(body)) return null;
  const code = textIn(body['code']) ?? '';
  if (!/^-?\d+$/.test(code) || names.every((name) => textIn(body[name]) === null)) return null;
  if (status >= 400) return reasonOfStatus(status);
  return Number(code) >= 400 && Number(code) < 600 ? reasonOfStatus(Number(code)) : null;
};
