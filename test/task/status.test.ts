import { expect, it } from 'vitest';
import { isTerminal, taskStatuses } from '../../src/task/status.js';

it('the statuses are in the order in which a task passes through them', () => {
  expect(taskStatuses).toEqual(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown']);
});

it('succeeded, failed, cancelled and expired are terminal; unknown is not', () => {
  expect(taskStatuses.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled', 'expired']);
});
