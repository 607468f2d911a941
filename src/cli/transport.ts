/**
 * The transport of the program: `fetchTransport` over Node's HTTP client, because only that takes an agent for a proxy.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { type Fetch, type FetchResponse, fetchTransport } from '../adapters/fetch.js';
import { codingsIn, decoded } from '../node/content-coding.js';
import type { TransportLimits } from '../transport/limits.js';
import type { Transport } from '../transport/transport.js';
import { userAgent } from '../version.js';
import { ProxyAgent } from './proxy-agent.js';

/** A transport that uses the proxy of the environment. */
export const programTransport = ({ timeoutMs, maxBodyBytes }: TransportLimits = {}): Transport => {
  const agent = new ProxyAgent({ keepAlive: true, timeout: 5000 });
  const fetch: Fetch = (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const [send, defaultPort] = url.startsWith('https:') ? [requestHttps, 443] : [requestHttp, 80];
      send(url, { method, headers: { 'user-agent': userAgent, 'accept-encoding': 'gzip', ...headers }, agent, signal, defaultPort }, (response) => resolve(responseOf(response)))
        .on('error', reject)
        .end(body);
    });
  return fetchTransport({ fetch, timeoutMs, maxBodyBytes });
};

const responseOf = (response: IncomingMessage): FetchResponse => {
  const codings = codingsIn(response.headers['content-encoding'] ?? null);
  if (codings === null) throw new Error(`the body has the content-encoding ${response.headers['content-encoding'] ?? ''}, which cannot be decoded`);
  const body = Readable.toWeb(Readable.from(decoded(response, codings))) as NonNullable<FetchResponse['body']>; // Node types its chunks as any
  return {
    status: response.statusCode ?? 0,
    type: 'default',
    headers: {
      // The pairs as they were received: an object of headers loses one that is named like a property of objects.
      forEach: (each) => {
        for (let at = 0; at < response.rawHeaders.length; at += 2) each(response.rawHeaders[at + 1] ?? '', response.rawHeaders[at] ?? '');
      },
    },
    body,
    text: () => Promise.reject(new Error('read the body instead')),
  };
};
