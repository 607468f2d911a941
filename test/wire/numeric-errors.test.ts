import { expect, it } from 'vitest';
import { numericErrorReason } from '../../src/wire/numeric-errors.js';

it.each([
  [200, { code: 404, msg: 'no such task', data: null }, 'not-found'],
  [200, { code: '402', message: 'no credits' }, 'quota'],
  [200, { code: 422, message: 'validation failed' }, 'rejected'],
  [404, { code: 404, message: 'no such task' }, 'not-found'],
  [403, { code: 1, msg: 'denied' }, 'forbidden'],
] as const)('HTTP %d with %j is %s', (status, body, reason) => {
  expect(numericErrorReason(status, body)).toBe(reason);
});

it.each([
  ['success', { code: 200, message: 'success', data: null }],
  ['a code that is a word', { code: 'task_not_exist', message: 'no such task' }],
  ['a code outside 400 to 599', { code: 1402, message: 'no such picture' }],
  ['no message', { code: 404 }],
  ['no object', '<html>'],
] as const)('gives no reason for %s under HTTP 200', (_, body) => {
  expect(numericErrorReason(200, body)).toBeNull();
});

it('reads the message under the given names only', () => {
  expect(numericErrorReason(200, { code: 404, message: 'no such task' }, ['msg'])).toBeNull();
});
