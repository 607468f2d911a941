/**
 * Ark's own errors: `{ error: { code, message, param, type } }` with a code of its documentation.
 * Source: docs 82379/1299023 (errors); public clients have met `TaskNotFound` and `NotFound.`.
 */
import { PlainObject, textIn } from './codecs.js';
import { reasonOfStatus, type ResponseReason } from './error-response.js';

const missing = /^(?:ResourceNotFound|NotFound|TaskNotFound)\b/;
const denied = /^(?:AccessDenied|OperationDenied|AccountOverdueError)\b/;
const refusedKey = /^(?:AuthenticationError|InvalidAccountStatus)\b/;
const documented =
  /^(?:InvalidParameter|MissingParameter|InvalidEndpoint|InvalidEndpointOrModel|InvalidAction|InvalidArgumentError|InvalidSubscription|InvalidImageURL|ModelNotOpen|UnsupportedModel|\w*SensitiveContentDetected|\w*RiskDetection)/;

/**
 * The reason of an error in Ark's own shape; null for any other body, and for a code that Ark does not document.
 *
 * @param status the HTTP status, which decides for general codes: 404 means `not-found`, 403 `forbidden`
 * @example arkErrorReason(404, { error: { code: 'ResourceNotFound', message: 'no such task' } }) // 'not-found'
 */
export const arkErrorReason = (status: number, body: unknown): ResponseReason | null => {
  const error = PlainObject.is(body) ? body['error'] : null;
  const code = (PlainObject.is(error) ? textIn(error['code']) : null) ?? '';
  if (missing.test(code)) return 'not-found';
  if (denied.test(code)) return 'forbidden';
  if (refusedKey.test(code)) return 'unauthorized';
  return documented.test(code) ? (reasonOfStatus(status) ?? 'rejected') : null;
};
