// @ts-check
/**
 * The program of a Next route: it follows the tasks of a POST over undici, and responds with what was wrong.
 */
import { undiciTransport } from 'rx-seedance/undici';
import { follow } from './program.mjs';

/** @param {Request} request */
export const POST = async (request) => Response.json(await follow(/** @type {import('./program.mjs').Input} */ (await request.json()), undiciTransport()));
