/**
 * Classifies responses without a task by what can be done about them. Only the API itself can report that a task does not exist, that a
 * request is invalid or that a key lacks rights: `Dialect.errorReason` recognises such errors. The HTTP status decides all others.
 */
import { serverWaitMs } from '../transport/retry-after.js';
import type { HttpResponse } from '../transport/transport.js';
import { keptText, Text } from './codecs.js';
import type { ErrorDetail } from './error-detail.js';
import { httpErrorText, redirectTargetOf } from './http-error-text.js';

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

const quotaCode = /^(?:SetLimitExceeded|AccountQuotaExceeded|QuotaExceeded|402)\b/;

/** Words for too little money, in a code or a message. A lack of rights or of capacity is something else. */
export const insufficient =
  /insufficient(?![\s_-]{0,3}[a-z]{0,12}[\s_-]{0,3}(?:scope|permission|privilege|right|access|capacity|resource|memory))|(?:not[ _]enough|out[ _]of)[ _](?:quota|balance|credit)|(?:quota|balance|credits?)[ _](?:(?:is|are)[ _])?not[ _]enough|(?:余额|额度|积分)不足|欠费/i;
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

/** Whether the request itself may be the cause: not under 3xx and 5xx. */
const isOfRequest = (status: number): boolean => (status >= 200 && status < 300) || (status >= 400 && status < 500);

/** The reasons that an HTTP-like code may give under HTTP 200 in a body of any shape. */
const sharedReasons: ReadonlySet<ResponseReason | null> = new Set(['unauthorized', 'quota', 'rate-limited']);

const reasonOf = (status: number, code: string, message: string, own: ResponseReason | null): ResponseReason => {
  if (status === 401) return 'unauthorized';
  if (status === 402 || quotaCode.test(code) || (isOfRequest(status) && insufficient.test(`${code} ${message}`))) return 'quota';
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
  return keptText(line, longestMessage).replace(/(https?:[^\s"'<>?]*)\?[^\s"'<>]*/gi, '$1?…');
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
): Extract<ReadFailure, { kind: 'response' }> => {
  const code = Text.read(detail?.code);
  const message = shortened((redirectTargetOf(response) === null ? (detail?.message ?? code) : null) ?? httpErrorText(response));
  return { kind: 'response', reason: reasonOf(response.status, code ?? '', message, own), status: response.status, code, message, retryAfterMs: serverWaitMs(response) };
};
