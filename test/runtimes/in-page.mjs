// @ts-check
/**
 * The program of a browser: it follows the tasks through its own server, and posts what was wrong there.
 */
import { fetchTransport } from 'rx-seedance/fetch';
import { follow } from './program.mjs';

const main = async () => {
  const input = /** @type {import('./program.mjs').Input} */ (await (await fetch('/input')).json());
  return follow(input, fetchTransport());
};

main().catch((error) => [String(error?.stack ?? error)]).then((wrong) => fetch('/result', { method: 'POST', body: JSON.stringify(wrong) }));
