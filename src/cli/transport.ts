/**
 * The transport of the program: `fetchTransport` over Node's HTTP client, because only that takes an agent for a proxy.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { createUnzip } from 'node:zlib';
import { type Fetch, type FetchResponse, fetchTransport } from '../adapters/fetch.js';
import type { Transport } from '../transport/transport.js';
import { userAgent } from '../version.js';
import { ProxyAgent } from './proxy-agent.js';

/** A transport that uses the proxy of the environment. */
export const programTransport = (maxBodyBytes?: number): Transport => {
  const agent = new ProxyAgent({ keepAlive: true, timeout: 5000 });
  const fetch: Fetch = (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const [send, defaultPort] = url.startsWith('https:') ? [requestHttps, 443] : [requestHttp, 80];
      send(url, { method, headers: { 'user-agent': userAgent, 'accept-encoding': 'gzip', ...headers }, agent, signal, defaultPort }, (response) => resolve(responseOf(response)))
        .on('error', reject)
        .end(body);
    });
  return fetchTransport({ fetch, ...(maxBodyBytes !== undefined && { maxBodyBytes }) });
};

const responseOf = (response: IncomingMessage): FetchResponse => {
  // `pipeline` forwards the errors of the connection to the decoded body.
  const decoded = response.headers['content-encoding'] === 'gzip' ? pipeline(response, createUnzip(), () => undefined) : response;
  const body = Readable.toWeb(decoded) as NonNullable<FetchResponse['body']>; // Node types its chunks as any
  return {
    status: response.statusCode ?? 0,
    type: 'default',
    headers: {
      forEach: (each) => {
        for (const [name, value = []] of Object.entries(response.headers)) each([value].flat().join(', '), name);
      },
    },
    body,
    text: () => Promise.reject(new Error('read the body instead')),
  };
};
