import { expect, it } from 'vitest';
import { taskStatuses } from '../../src/task/status.js';
import { transitionTo } from '../../src/task/transition.js';
import { snapshot, task } from '../support/snapshots.js';

it.each([null, ...taskStatuses])('a transition from %s has the status and the task of its snapshot', (from) => {
  for (const to of taskStatuses) {
    const seen = snapshot(to);
    expect(transitionTo({ snapshot: seen, raw: { id: 'cgt-1' } }, from, 5)).toStrictEqual({ task, from, to, snapshot: seen, atMs: 5, raw: { id: 'cgt-1' } });
  }
});
