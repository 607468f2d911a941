/**
 * The own errors of new-api and its forks: `{ error: { code, message, type } }` of the server, the same without
 * `error`, and task errors `{ code, message, data | status_code }`.
 * Source: `relay_task.go`, `dto.TaskError` and the middleware of QuantumNous/new-api; docs.newapi.pro (query video); docs.anyfast.ai.
 */
import { PlainObject, textIn } from './codecs.js';
import { reasonOfStatus, type ResponseReason } from './error-response.js';

const missing = /^task_not_(?:exist|found)$/i;
const taskCode =
  /^(?:task_\w+|fail_to_\w+|invalid_(?:request|api_platform)|query_data_error|channel_\w+|model_\w+|quota_not_enough|insufficient_\w+|(?:get|gen|do|read|marshal|unmarshal|build|insert|update|copy|convert)_\w+)$/;
const ownType = /^(?:new_api_error|one_api_error|authentication_error|invalid_request_error|permission_error)$/;

/** The server's message for an unknown path. */
const wrongPath = /^Invalid URL \(/;

/**
 * The reason of an error in new-api's own shape; null for any other body, and for a wrong path, which does not concern a task.
 *
 * @param status the HTTP status, which decides for general codes: 404 means `not-found`, 403 `forbidden`
 * @example newApiErrorReason(400, { code: 'task_not_exist', message: 'task_not_exist', data: null }) // 'not-found'
 */
export const newApiErrorReason = (status: number, body: unknown): ResponseReason | null => {
  if (!PlainObject.is(body)) return null;
  const error = PlainObject.is(body['error']) ? body['error'] : body['type'] === 'new_api_error' ? body : null;
  const code = textIn(error?.['code']) ?? (typeof body['code'] === 'string' ? textIn(body['code']) : null) ?? '';
  if (missing.test(code)) return 'not-found';
  if (error !== null ? !ownType.test(textIn(error['type']) ?? '') : !isTaskError(body, code)) return null;
  if (wrongPath.test(textIn(error?.['message']) ?? '')) return null;
  const reason = reasonOfStatus(status);
  // A task error under 404 without a code for a missing task concerns something else, such as a channel.
  if (error === null && reason === 'not-found') return 'rejected';
  // Under 200 the codes of the server's own errors give no reason.
  return reason ?? (error === null ? 'rejected' : null);
};

const isTaskError = (body: Readonly<Record<string, unknown>>, code: string): boolean =>
  taskCode.test(code) && textIn(body['message']) !== null && ('data' in body || 'status_code' in body);
