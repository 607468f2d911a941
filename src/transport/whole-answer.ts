/**
 * The rim of every transport: a whole answer in time, or an error that holds nothing of what the request carried.
 * Knows no HTTP client: it reads `message`, `code` and `cause` off whatever one throws.
 */
import { catchError, type MonoTypeOperatorFunction, throwError, timeout } from 'rxjs';
import type { HttpRequest, HttpResponse } from './transport.js';

type ErrorLike = Readonly<Partial<Record<'message' | 'code' | 'name' | 'cause', unknown>>>;

/**
 * Ends an exchange that takes too long, and makes every error safe to log.
 *
 *     answer       ----(r|)     -----...     --#
 *     limit 3      ---#         ---#         --#
 *
 * @param timeoutMs from subscribing to the whole answer
 * Errors: `Error` without `cause`, its message free of every word of the request's headers. HTTP clients quote them: a mock that
 * found no match does, and so does a platform that refuses a header.
 */
export const wholeAnswer =
  (request: HttpRequest, timeoutMs: number): MonoTypeOperatorFunction<HttpResponse> =>
  (answer) =>
    answer.pipe(
      timeout({ first: timeoutMs, with: () => throwError(() => new Error(`none within ${timeoutMs} ms (timeoutMs)`)) }),
      catchError((error: unknown) => throwError(() => new Error(`No whole answer: ${innermostReason(error, Object.values(request.headers))}`))),
    );

/**
 * The innermost words of an error that are safe: `other side closed (UND_ERR_SOCKET)`.
 *
 * @param secrets a text that holds a word of one of them is not shown
 */
export const innermostReason = (error: unknown, secrets: readonly string[]): string => {
  const words = secrets.flatMap((secret) => secret.split(/\s+/)).filter((word) => word !== '');
  const isSafe = (text: unknown): text is string =>
    typeof text === 'string' && text !== '' && !words.some((word) => text.includes(word));
  const { message, code, name } = rootOf(error);
  if (!isSafe(message)) return [code, name].find(isSafe) ?? 'for a reason that cannot be shown';
  return isSafe(code) && !message.includes(code) ? `${message} (${code})` : message;
};

/** `fetch failed` says nothing; its cause does. */
const rootOf = (error: unknown): ErrorLike => {
  const outer = asErrorLike(error);
  return typeof outer.cause === 'object' && outer.cause !== null ? outer.cause : outer;
};

/** Anything may be thrown: what is no object has none of the four. */
const asErrorLike = (error: unknown): ErrorLike => (typeof error === 'object' && error !== null ? error : {});
