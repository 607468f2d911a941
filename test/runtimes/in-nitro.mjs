// @ts-check
/**
 * The program of a Nitro route: it follows the tasks of a POST over undici, and responds with what was wrong.
 */
// @ts-expect-error a package of Nitro, which is not installed here
import { defineEventHandler, readBody } from 'h3';
import { undiciTransport } from 'rx-seedance/undici';
import { follow } from './program.mjs';

export default defineEventHandler(async (/** @type {unknown} */ event) => follow(await readBody(event), undiciTransport()));
