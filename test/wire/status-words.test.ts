import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../src/wire/status-words.js';
import { anySpelling, plainWord, sharedWords } from '../support/status-words.js';

const rows = Object.entries(sharedWords).flatMap(([status, words]) => words.map((word) => [word, status] as const));

describe('statusOf', () => {
  it.each(rows)('%s is %s, in any letter case and with any separators', (word, status) => {
    fc.assert(fc.property(anySpelling(word), (written) => {
      expect(statusOf(written, {})).toBe(status);
    }));
  });

  it.each([
    ['TASK_STATUS_SUCCEED', 'succeeded'],
    ['TASK_STATUS_QUEUED', 'queued'],
    ['VIDEO_STATE_FAILED', 'failed'],
    ['job-status-canceled', 'cancelled'],
    ['InQueue', 'queued'],
    ['InProgress', 'running'],
    ['TimedOut', 'expired'],
    ['Content Moderated', 'failed'],
    ['task', 'unknown'],
    ['taskfailed', 'unknown'],
  ])('%s of a gateway is %s', (word, status) => {
    expect(statusOf(word, {})).toBe(status);
  });

  it("reads the dialect's own table first", () => {
    expect(statusOf('done', { done: 'running' })).toBe('running');
    expect(statusOf('halted', { halted: 'cancelled' })).toBe('cancelled');
    expect(statusOf('Task-Aborted', { aborted: 'expired' })).toBe('expired');
    expect(statusOf('Done', { Done: 'running', done: 'failed' })).toBe('running');
  });

  it('reads every other word as unknown', () => {
    fc.assert(fc.property(fc.string().filter((word) => !rows.some(([known]) => plainWord(known) === plainWord(word))), (word) => {
      expect(statusOf(word, {})).toBe('unknown');
    }));
  });

  it('reads a long word in a short time', () => {
    for (const part of ['task_', ' ', '_', 'status-', 'x']) expect(statusOf(part.repeat(1_000_000), {})).toBe('unknown');
  });

  it.each(['', ' ', '_', 'UNKNOWN', 'success!', 'unsuccessful', 'not running', 'not_succeeded', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'takes %j for unknown, also when a table has words of its own',
    (word) => {
      expect(statusOf(word, {})).toBe('unknown');
      expect(statusOf(word, { queued: 'queued' })).toBe('unknown');
    },
  );
});
