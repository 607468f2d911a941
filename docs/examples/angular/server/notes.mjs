// @ts-check
/** Which tasks the page shows, and the prompts they were created with: one line of JSON for each change. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { taskKey } from 'rx-seedance';

/** @typedef {import('rx-seedance').TaskRef} TaskRef */
/** @typedef {{ readonly task: TaskRef, readonly prompt?: string, readonly isRemoved?: true }} Note */

/** @param {string} path */
export const openNotes = (path) => {
  /** @type {Map<string, TaskRef>} */
  const tasks = new Map();
  /** @type {{ readonly task: TaskRef, readonly prompt: string }[]} */
  const prompts = [];

  /** @param {Note} note */
  const apply = ({ task, prompt, isRemoved }) => {
    if (prompt !== undefined) prompts.push({ task, prompt });
    if (isRemoved === true) tasks.delete(taskKey(task));
    else tasks.set(taskKey(task), task);
  };

  // A crash can leave the last line incomplete. The next one then starts after it.
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      apply(JSON.parse(line));
    } catch (error) {
      console.warn(`${path}: a line is skipped: ${String(error)}`);
    }
  }
  if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');

  return {
    /** The tasks that were added and not removed. */
    tasks: () => [...tasks.values()],
    /** The prompts that were noted after the first `count`. @param {number} count */
    promptsAfter: (count) => prompts.slice(count),
    /** @param {Note} note */
    add: (note) => {
      appendFileSync(path, `${JSON.stringify(note)}\n`);
      apply(note);
    },
  };
};
