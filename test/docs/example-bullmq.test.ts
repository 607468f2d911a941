/**
 * The recipe for job queues shows the core of docs/examples/bullmq as it is.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readFences } from './fences.js';

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');

it('the recipe shows what the example with BullMQ does', () => {
  const shown = readFences('job-queue.md', read('recipes/job-queue.md')).find(({ code }) => code.includes('new Queue('))?.code ?? 'no fence';
  expect(read('examples/bullmq/sweeps.mjs').replaceAll(/^ {2}/gm, '')).toContain(shown);
});
