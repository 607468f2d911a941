import { expect, it } from 'vitest';
import { type ColorWhen, noPaint, paintFor } from '../../src/cli/paint.js';

it.each<[boolean, Readonly<Record<string, string>>, ColorWhen, boolean]>([
  [true, {}, 'auto', true],
  [false, {}, 'auto', false],
  [true, { NO_COLOR: '1' }, 'auto', false],
  [true, { NO_COLOR: '' }, 'auto', true],
  [true, { TERM: 'dumb' }, 'auto', false],
  [false, { FORCE_COLOR: '1' }, 'auto', true],
  [false, { FORCE_COLOR: '' }, 'auto', false],
  [true, { FORCE_COLOR: '0' }, 'auto', false],
  [true, { FORCE_COLOR: 'false' }, 'auto', false],
  [true, { FORCE_COLOR: '3', NO_COLOR: '1', TERM: 'dumb' }, 'auto', true],
  [false, { NO_COLOR: '1', TERM: 'dumb' }, 'always', true],
  [true, { FORCE_COLOR: '1' }, 'never', false],
])('a terminal: %j, variables: %j, --color %s: painted: %j', (isTerminal, env, when, isPainted) => {
  expect(paintFor(isTerminal, env, when)('red', 'text')).toBe(isPainted ? '\u001b[31mtext\u001b[39m' : noPaint('red', 'text'));
});
