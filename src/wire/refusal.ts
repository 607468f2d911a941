/**
 * Answers that hold no task: what they say, and what can be done about them. Knows the error shapes that the dialects share
 * (`{ error: { code, message } }`, `{ code, message | msg }`), and no provider by name.
 */
import { serverWaitMs } from '../transport/retry-after.js';
import type { HttpResponse } from '../transport/transport.js';
import { Fields, textIn } from './codecs.js';

/** Why an answer is no snapshot, by what can be done about it. */
export type ResponseReason =
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'rate-limited'
  | 'quota'
  | 'server'
  | 'rejected'
  | 'empty';

/** An answer that is no snapshot: unreadable (`decode`), or readable and saying so (`response`). */
export type ReadFailure =
  | {
      readonly kind: 'decode';
      /** What was expected where, one text each. */
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
      /** How long the server asks to wait, in ms. */
      readonly retryAfterMs: number | null;
    };

/** What went wrong, in a provider's own words. */
export interface Complaint {
  readonly code: string | null;
  readonly message: string | null;
}

const wellCodes: ReadonlySet<string> = new Set(['success', 'ok', '0', '200']);

const isWellCode = (code: unknown): boolean =>
  code === undefined || code === null || code === '' || wellCodes.has(textIn(code)?.toLowerCase() ?? '');

/** Whether an envelope says that all is well: by its `code`, by its `success`, or by saying neither. */
export const isWell = ({ code, success }: Readonly<Record<string, unknown>>): boolean => isWellCode(code) && success !== false;

const complaint = (code: unknown, message: unknown): Complaint | null => {
  const complained = { code: isWellCode(code) ? null : textIn(code), message: textIn(message) };
  return complained.code === null && complained.message === null ? null : complained;
};

/**
 * A complaint in an `error` field: an object with `code` and `message` or `msg`, or a bare text. Code 0 and an empty text are none.
 *
 * @example complaintIn({ code: 'InvalidParameter', message: 'no such ratio' }) // itself
 */
export const complaintIn = (error: unknown): Complaint | null =>
  Fields.is(error) ? complaint(error['code'], error['message'] ?? error['msg']) : complaint(null, error);

/**
 * The complaint that a body is, as a whole; null when it has none of the shared error shapes.
 *
 * @example refusalIn({ code: 'task_not_exist', message: 'no such task' }) // { code: 'task_not_exist', message: 'no such task' }
 */
export const refusalIn = (body: unknown): Complaint | null => {
  if (!Fields.is(body)) return null;
  const { code, error, message, msg } = body;
  return complaintIn(error) ?? (isWell(body) ? null : complaint(code, message ?? msg));
};

const quotaCode = /^(?:SetLimitExceeded|AccountQuotaExceeded|QuotaExceeded)\b/;
const missingCode = /^(?:task_not_exist|task_not_found|TaskNotFound|ResourceNotFound|NotFound)\b/i;
const httpCode = /^[45]\d\d$/;
const busyCode = /^(?:\w*RateLimit|RequestBurstTooFast)/;
const overloadCode = /^(?:ServerOverloaded|InflightBatchsizeExceeded)\b/;
const brokenCode = /^(?:Internal|ServiceUnavailable|ServerOverloaded)/;

/** What a status says by itself: of 4xx, 408 and 425 pass as the server's own troubles do. Null where it says nothing. */
export const reasonOfStatus = (status: number): ResponseReason | null => {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  if (status === 408 || status === 425 || status >= 500) return 'server';
  return status >= 400 ? 'rejected' : null;
};

const reasonOf = (status: number, refusal: Complaint | null): ResponseReason => {
  const code = refusal?.code ?? '';
  if (quotaCode.test(code)) return 'quota';
  if (missingCode.test(code)) return 'not-found';
  // The server's own trouble, which says nothing of the account's pace.
  if (status === 429 && overloadCode.test(code)) return 'server';
  if (status >= 200 && status < 300) {
    if (busyCode.test(code)) return 'rate-limited';
    if (brokenCode.test(code)) return 'server';
    return (httpCode.test(code) ? reasonOfStatus(Number(code)) : null) ?? 'rejected';
  }
  const reason = reasonOfStatus(status) ?? 'server';
  // Some gateway in between: only the API itself may say that a key or a request is wrong.
  return refusal === null && reason !== 'not-found' && reason !== 'rate-limited' ? 'server' : reason;
};

/** The longest text of a provider that goes into a message. */
const longestMessage = 300;

/** One line of a text, short enough for a message; of URLs without the query, which may be signed. */
export const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  const start = line.slice(0, longestMessage).replace(/(https?:[^\s"'<>?]*)\?[^\s"'<>]*/gi, '$1?…');
  return line.length > longestMessage && !start.endsWith('…') ? `${start}…` : start;
};

/** An answer that says why there is no task in it, or that says nothing readable under an HTTP error. */
export const refused = (response: HttpResponse, refusal: Complaint | null): Extract<ReadFailure, { kind: 'response' }> => ({
  kind: 'response',
  reason: reasonOf(response.status, refusal),
  status: response.status,
  code: refusal?.code ?? null,
  message: shortened(refusal?.message ?? refusal?.code ?? `HTTP ${String(response.status)} ${response.body}`),
  retryAfterMs: serverWaitMs(response),
});
