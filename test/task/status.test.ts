import { expect, it } from 'vitest';
import { isTerminal, taskStatuses } from '../../src/task/status.js';

it('the words stand in the order of a task\'s life', () => {
  expect(taskStatuses).toEqual(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown']);
});

it('a task has ended that has succeeded or failed, was cancelled or has expired; one of an unknown word has not', () => {
  expect(taskStatuses.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled', 'expired']);
});
