// @ts-check
/**
 * Forwards a page's poll to a provider: `/poll/<provider>/<path of one task>`. It adds the key, which the page never sees, and allows only
 * requests for one task. When the page aborts its request, the request to the provider is aborted too.
 */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

/**
 * @param {readonly import('rx-seedance').Account[]} accounts
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
export const pollProvider = async (accounts, request, response) => {
  const path = request.url?.replace(/^\/poll\/[^/]+/, '') ?? '';
  const account = accounts.find(({ provider }) => request.url?.startsWith(`/poll/${provider.id}/`));
  if (account === undefined || !isOneTask(path, account.provider.path)) {
    response.writeHead(404).end();
    return;
  }
  const aborted = new AbortController();
  response.once('close', () => aborted.abort());
  try {
    const { headers } = account.credentials();
    const result = await fetch(account.baseUrl + path, { headers, redirect: 'manual', signal: aborted.signal });
    response.writeHead(result.status, { 'content-type': result.headers.get('content-type') ?? 'application/json' });
    if (result.body === null) response.end();
    else await pipeline(Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (result.body)), response);
  } catch {
    if (!response.headersSent && !response.destroyed) response.writeHead(502).end();
    else response.destroy();
  }
};

/** @param {string} path @param {string} template such as `/tasks/{id}` */
const isOneTask = (path, template) => {
  const [before = '', after = ''] = template.split('{id}');
  const id = path.slice(before.length, path.length - after.length);
  return path.startsWith(before) && path.endsWith(after) && /^[\w.~!*'()%-]+$/.test(id) && id !== '.' && id !== '..';
};
