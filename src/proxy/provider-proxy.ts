/**
 * Forwards the polls of a page to a provider and adds the key, which the page never sees.
 */
import { firstValueFrom, fromEvent, type Observable, of, takeUntil } from 'rxjs';
import { fetchTransport } from '../adapters/fetch.js';
import { checkFunction, isRecord } from '../checks.js';
import type { Account } from '../client/account.js';
import { serverWaitMs } from '../transport/retry-after.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import { allowedPath } from './allowed-path.js';

/** A function from a request to a response, as frameworks and edge runtimes take it. */
export type RequestHandler = (request: Request) => Promise<Response>;

/** Options of `providerProxy`. */
export interface ProviderProxyOptions {
  /** The path of this proxy on your server, such as `/api/ark`. The account of the page has it as its `baseUrl`, after your origin. */
  readonly path: string;
  /** Its limits of time and size are those of the proxy. Default: `fetchTransport` with 30 s and 8 MiB. */
  readonly transport?: Transport | undefined;
}

/**
 * Creates a proxy for pages that poll by themselves. It adds the key of an account to each request, and forwards only GET requests for tasks by
 * their ids: one task, or a list where the provider has one. Any other path, a dot segment, another query or method is refused.
 *
 * The response has the provider's status and body, as JSON or plain text that no browser runs. Copies of the key are redacted. Of its headers
 * only the wait and the request id are kept. A redirect, a response that is too long or too late, and none at all become a 502.
 *
 * The handler never rejects. It does not know your users: check the session before you call it. Aborting the page's request aborts the
 * provider's. Throws `TypeError` for an invalid account, path or transport.
 * @example const handle = providerProxy(account(ark, { apiKey: process.env.ARK_API_KEY ?? '' }), { path: '/api/ark' })
 */
export const providerProxy = (account: Account, { path, transport = fetchTransport({ timeoutMs: 30_000, maxBodyBytes: 8 * 1_048_576 }) }: ProviderProxyOptions): RequestHandler => {
  if (!isRecord(account) || typeof account.credentials !== 'function') throw new TypeError('account must be a result of account()');
  if (typeof path !== 'string' || !/^(?:\/[\w.~-]+)*$/.test(path)) throw new TypeError(`path must begin with a slash and end without one, not ${String(path)}`);
  checkFunction('transport', transport);
  const { provider, baseUrl } = account;
  return async (request) => {
    try {
      const { pathname, search } = new URL(request.url);
      const allowed = pathname.startsWith(`${path}/`) ? allowedPath(provider, pathname.slice(path.length) + search) : null;
      if (allowed === null) return refusal(404, 'only tasks by their ids can be requested');
      if (request.method !== 'GET') return refusal(405, 'only GET is allowed', { allow: 'GET' });
      const { headers, redact } = account.credentials();
      const response = transport({ method: 'GET', url: baseUrl + allowed, headers }).pipe(takeUntil(abortOf(request.signal)));
      return forwarded(await firstValueFrom(response), redact);
    } catch {
      return refusal(502, `no complete response from ${provider.id}`);
    }
  };
};

const abortOf = (signal: AbortSignal): Observable<unknown> => (signal.aborted ? of(null) : fromEvent(signal, 'abort'));

/** A browser shows or runs nothing of a response with these, whatever its body is, and keeps no copy. */
const safety = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
};

/** A response of the proxy itself. */
const refusal = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify({ error: { message } }), { status, headers: { ...safety, 'content-type': 'application/json', ...headers } });

/** The provider's response, as far as a page may have it. */
const forwarded = (response: HttpResponse, redact: (text: string) => string): Response => {
  const { status, headers } = response;
  if (status < 200 || (status >= 300 && status < 400) || status > 599) return refusal(502, `the provider responded with status ${status}`);
  const body = redact(response.body);
  const waitMs = serverWaitMs(response);
  const requestId = redact(headers['x-request-id'] ?? '');
  return new Response(status === 204 || status === 205 ? null : body, {
    status,
    headers: {
      ...safety,
      'content-type': isJson(body) ? 'application/json' : 'text/plain; charset=utf-8',
      ...(waitMs === null ? {} : { 'retry-after': String(Math.ceil(waitMs / 1000)) }),
      ...(/^[\w.:-]{1,100}$/.test(requestId) ? { 'x-request-id': requestId } : {}),
    },
  });
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
