import { expect, it } from 'vitest';
import { journalError } from '../../src/cli/journal-error.js';
import { UsageError } from '../../src/cli/usage-error.js';

it('a journal on a full disk is not an error of usage', () => {
  const error = journalError('videos', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  expect(error).not.toBeInstanceOf(UsageError);
  expect(error.message).toBe('videos: the disk is full (ENOSPC)');
});

it('a journal that another process uses is an error of usage', () => {
  const error = journalError('videos', new Error('videos is in use by process 7'));
  expect(error).toBeInstanceOf(UsageError);
  expect(error.message).toBe('videos is in use by process 7');
});
