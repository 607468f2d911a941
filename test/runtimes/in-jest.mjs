// @ts-check
/**
 * The program of Jest, as one of its tests. Its fetch is made of node:http, because Jest's jsdom has none.
 */
import { request } from 'node:http';
import { fetchTransport } from 'rx-seedance/fetch';
import { follow } from './program.mjs';

/** @type {import('rx-seedance/fetch').Fetch} */
const fetchOverHttp = (url, { method, headers }) =>
  new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
        resolve({ status: response.statusCode ?? 0, type: 'basic', headers: new Map(Object.entries(response.headersDistinct).map(([name, values]) => [name, String(values)])), text: async () => body });
      });
    }).on('error', reject).end();
  });

const jest = /** @type {{ test: (name: string, run: () => Promise<void>, timeoutMs: number) => void, expect: (value: unknown) => { toEqual: (value: unknown) => void } }} */ (/** @type {unknown} */ (globalThis));

jest.test('follows the tasks', async () => {
  const input = JSON.parse(process.env.RUNTIME_INPUT ?? '');
  jest.expect(await follow(input, fetchTransport({ fetch: fetchOverHttp }))).toEqual([]);
  // @ts-expect-error Jest's globals have no types here
  if (globalThis.document === undefined) jest.expect(await follow(input, fetchTransport())).toEqual([]);
}, 120_000);
