/**
 * Classifies responses without a task by what can be done about them. Only the API itself can report that a task does not exist, that a
 * request is invalid or that a key lacks rights: `Dialect.errorReason` recognises such errors. The HTTP status decides all others.
 */
import { serverWaitMs } from '../transport/retry-after.js';
import type { HttpResponse } from '../transport/transport.js';
import { PlainObject, textIn } from './codecs.js';
import { errorMessageIn, httpErrorText, redirectTargetOf } from './error-message.js';

/**
 * Why a response holds no snapshot. Only an error in the API's own shape gives `not-found`, `forbidden` or `rejected`; only the client gives
 * `wrong-url`.
 */
export type ResponseReason =
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'wrong-url'
  | 'rate-limited'
  | 'quota'
  | 'server'
  | 'rejected'
  | 'empty';

/** Why a response holds no snapshot: it cannot be read (`decode`), or it is an error (`response`). */
export type ReadFailure =
  | {
    readonly kind: 'decode';
    /** What was expected, one sentence for each issue. */
    readonly issues: readonly string[];
  }
  | {
    readonly kind: 'response';
    readonly reason: ResponseReason;
    /** The HTTP status. */
    readonly status: number;
    readonly code: string | null;
    /** Never empty. */
    readonly message: string;
    /** The wait that the server demands, in ms. */
    readonly retryAfterMs: number | null;
  };

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

const detailOf = (code: unknown, message: unknown): ErrorDetail | null => {
  const detail = { code: isSuccessCode(code) ? null : textIn(code), message: textIn(message) };
  return detail.code === null && detail.message === null ? null : detail;
};

/**
 * Reads an `error` field: an object with `code` and `message` or `msg`, or a string. Null for any other value, for code 0 without a
 * message, and for an empty string.
 *
 * @example errorDetailIn({ code: 'InvalidParameter', message: 'no such ratio' }) // itself
 */
export const errorDetailIn = (error: unknown): ErrorDetail | null =>
  PlainObject.is(error) ? detailOf(error['code'], error['message'] ?? error['msg']) : detailOf(null, error);

/**
 * The error in a body: its `error` field, else an envelope whose `code` or `success` reports a failure. Null for other bodies.
 *
 * @example errorResponseIn({ code: 'task_not_exist', message: 'no such task' }) // { code: 'task_not_exist', message: 'no such task' }
 */
export const errorResponseIn = (body: unknown): ErrorDetail | null => {
  if (!PlainObject.is(body)) return null;
  const { code, error, message, msg } = body;
  return errorDetailIn(error) ?? (isSuccess(body) ? null : detailOf(code, message ?? msg));
};

/**
 * The error in the body of an HTTP error, in any shape that servers share; null without an error.
 *
 * @example httpErrorIn({ title: 'Not Found', detail: 'no route' }) // { code: null, message: 'Not Found: no route' }
 */
export const httpErrorIn = (body: unknown): ErrorDetail | null => {
  const detail = errorResponseIn(body);
  const message = errorMessageIn(body);
  // Spring puts the reason phrase in `error`, and the message in `message`.
  if (detail !== null) return PlainObject.is(body) && typeof body['error'] === 'string' ? { ...detail, message } : detail;
  return message === null ? null : { code: null, message };
};

const quotaCode = /^(?:SetLimitExceeded|AccountQuotaExceeded|QuotaExceeded)\b/;
const httpCode = /^[45]\d\d$/;
const busyCode = /^(?:\w*RateLimit|RequestBurstTooFast)/;
const overloadCode = /^(?:ServerOverloaded|InflightBatchsizeExceeded)\b/;
const brokenCode = /^(?:Internal|ServiceUnavailable|ServerOverloaded)/;

/**
 * The reason that an HTTP status gives in a response of the API itself; null below 400.
 *
 * @example reasonOfStatus(408) // 'server': 408 and 425 are transient
 */
export const reasonOfStatus = (status: number): ResponseReason | null => {
  if (status === 401) return 'unauthorized';
  if (status === 402) return 'quota';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  if (status === 408 || status === 425 || status >= 500) return 'server';
  return status >= 400 ? 'rejected' : null;
};

/** The reasons that an HTTP-like code may give under HTTP 200 in a body of any shape. */
const sharedReasons: ReadonlySet<ResponseReason | null> = new Set(['unauthorized', 'quota', 'rate-limited']);

const reasonOf = (status: number, code: string, own: ResponseReason | null): ResponseReason => {
  if (status === 401) return 'unauthorized';
  if (status === 402 || quotaCode.test(code)) return 'quota';
  // An overload is a server error, unrelated to the account's rate limit.
  if (status === 429) return overloadCode.test(code) ? 'server' : 'rate-limited';
  if (status >= 200 && status < 300) {
    if (busyCode.test(code)) return 'rate-limited';
    if (brokenCode.test(code)) return 'server';
    const byCode = httpCode.test(code) ? reasonOfStatus(Number(code)) : null;
    return own ?? (sharedReasons.has(byCode) && byCode !== null ? byCode : 'server');
  }
  return reasonOfStatus(status) === 'server' || status < 400 ? 'server' : (own ?? 'server');
};

/** The maximum length of a provider's text in a message, in characters. */
const longestMessage = 300;

/** A string as one line of at most 301 characters, its URLs without their query, which may hold a signature. */
export const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  const start = line.slice(0, longestMessage).replace(/(https?:[^\s"'<>?]*)\?[^\s"'<>]*/gi, '$1?…');
  return line.length > longestMessage && !start.endsWith('…') ? `${start}…` : start;
};

/**
 * The failure of a response with an error. Its message is one line of at most 301 characters: the detail's message, else its code, else the
 * HTTP status with the page's title. For a redirect it names the target's host.
 *
 * @param detail the error in the body, or null
 * @param own the result of the dialect's `errorReason`
 */
export const refused = (
  response: HttpResponse,
  detail: ErrorDetail | null,
  own: ResponseReason | null = null,
): Extract<ReadFailure, { kind: 'response' }> => ({
  kind: 'response',
  reason: reasonOf(response.status, detail?.code ?? '', own),
  status: response.status,
  code: detail?.code ?? null,
  message: shortened((redirectTargetOf(response) === null ? (detail?.message ?? detail?.code) : null) ?? httpErrorText(response)),
  retryAfterMs: serverWaitMs(response),
});
