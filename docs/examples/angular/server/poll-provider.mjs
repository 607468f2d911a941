// @ts-check
/**
 * The page's way to a provider: `/ask/<provider>/<path of one task>`. The key is added here; the page never has it. Nothing but the
 * question about one task gets through, and whoever hangs up on us is hung up on at the provider.
 */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

/**
 * @param {readonly import('rx-seedance').Account[]} accounts
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
export const askProvider = async (accounts, request, response) => {
  const path = request.url?.replace(/^\/ask\/[^/]+/, '') ?? '';
  const account = accounts.find(({ provider }) => request.url?.startsWith(`/ask/${provider.id}/`));
  if (account === undefined || !isAboutOneTask(path, account.provider.path)) {
    response.writeHead(404).end();
    return;
  }
  const hungUp = new AbortController();
  response.once('close', () => hungUp.abort());
  try {
    const { headers } = account.credentials();
    const answer = await fetch(account.baseUrl + path, { headers, redirect: 'manual', signal: hungUp.signal });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    if (answer.body === null) response.end();
    else await pipeline(Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (answer.body)), response);
  } catch {
    if (!response.headersSent && !response.destroyed) response.writeHead(502).end();
    else response.destroy();
  }
};

/** @param {string} path @param {string} template such as `/tasks/{id}` */
const isAboutOneTask = (path, template) => {
  const [before = '', after = ''] = template.split('{id}');
  const id = path.slice(before.length, path.length - after.length);
  return path.startsWith(before) && path.endsWith(after) && /^[\w.~!*'()%-]+$/.test(id) && id !== '.' && id !== '..';
};
