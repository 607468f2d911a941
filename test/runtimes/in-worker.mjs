// @ts-check
/**
 * The program of workerd: it follows the tasks of a POST and responds with what was wrong.
 */
import { fetchTransport } from 'rx-seedance/fetch';
import { follow } from './program.mjs';

export default {
  /** @param {Request} request */
  fetch: async (request) => Response.json(await follow(/** @type {import('./program.mjs').Input} */ (await request.json()), fetchTransport()).catch((error) => [String(error?.stack ?? error)])),
};
