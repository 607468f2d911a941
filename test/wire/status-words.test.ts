import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../src/wire/status-words.js';

const shared = {
  queued: ['queued', 'pending', 'submitted', 'created', 'accepted', 'queueing', 'queuing', 'not_start'],
  running: ['running', 'processing', 'in_progress', 'generating'],
  succeeded: ['succeeded', 'succeed', 'success', 'completed', 'complete', 'done', 'finished', 'finish'],
  failed: ['failed', 'failure', 'error', 'fail', 'rejected'],
  cancelled: ['cancelled', 'canceled', 'cancel'],
  expired: ['expired', 'timeout'],
} as const;

const rows = Object.entries(shared).flatMap(([status, words]) => words.map((word) => [word, status] as const));

describe('statusOf', () => {
  it.each(rows)('%s is %s, in any letter case', (word, status) => {
    fc.assert(fc.property(fc.mixedCase(fc.constant(word)), (written) => {
      expect(statusOf(written, {})).toBe(status);
    }));
  });

  it('ignores white space around a word', () => {
    expect(statusOf(' succeeded\n', {})).toBe('succeeded');
  });

  it("reads the dialect's own table first", () => {
    expect(statusOf('done', { done: 'running' })).toBe('running');
    expect(statusOf('halted', { halted: 'cancelled' })).toBe('cancelled');
  });

  it('reads every other word as unknown', () => {
    fc.assert(fc.property(fc.string().filter((word) => !rows.some(([known]) => known === word.trim().toLowerCase())), (word) => {
      expect(statusOf(word, {})).toBe('unknown');
    }));
  });

  it.each(['', ' ', 'UNKNOWN', 'in progress', 'in-progress', 'success!', 'unsuccessful', 'not running', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'takes %j for unknown, also when a table has words of its own',
    (word) => {
      expect(statusOf(word, {})).toBe('unknown');
      expect(statusOf(word, { queued: 'queued' })).toBe('unknown');
    },
  );
});
