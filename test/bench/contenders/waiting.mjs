/**
 * What the contenders without HTTP have in common: watches that have been answered once, from memory, and wait for their next question.
 */
import { arkHeaders, arkTask } from '../ark-answers.mjs';

/**
 * @typedef {(setting: { readonly intervalMs: number }) => {
 *   add: (ids: readonly string[]) => void,
 *   answered: () => number,
 * }} Waiting begins watches, and says how many of them have had an answer
 */

/** Ark's answer about a task that runs, from memory. */
export const runningAnswer = (/** @type {string} */ url, /** @type {number} */ createdAtMs = Date.now()) => ({
  status: 200,
  headers: arkHeaders,
  body: JSON.stringify(arkTask(url.split('/').at(-1) ?? '', 'running', createdAtMs)),
});
