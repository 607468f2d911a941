import { describe, expect, it } from 'vitest';
import { parseListLine, parseTaskList, parseTaskRef } from '../../src/cli/task-refs.js';
import { UsageError } from '../../src/cli/usage-error.js';

const known = 'anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale';

describe('a task', () => {
  it.each([
    ['ark:cgt-1', { provider: 'ark', id: 'cgt-1' }],
    ['anyfast:a:b:c', { provider: 'anyfast', id: 'a:b:c' }],
    ['ark : cgt-1 ', { provider: 'ark', id: 'cgt-1' }],
    ['ark:spaces within', { provider: 'ark', id: 'spaces within' }],
    ['ark:視频', { provider: 'ark', id: '視频' }],
  ])('is written %s', (text, task) => {
    expect(parseTaskRef(text)).toEqual(task);
  });

  it.each([
    ['cgt-1', "'cgt-1' is not a task: write provider:id, such as ark:cgt-20260427-abcde"],
    ['', "'' is not a task: write provider:id, such as ark:cgt-20260427-abcde"],
    ['Ark:cgt-1', `'Ark:cgt-1' has an unknown provider: must be one of ${known}`],
    [':cgt-1', `':cgt-1' has an unknown provider: must be one of ${known}`],
    ['ark:', "'ark:' has no valid id"],
    ['ark:..', "'ark:..' has no valid id"],
    ['ark:\ud800', "'ark:\ufffd' has no valid id"],
    ['\u001b[31mx', "'x' is not a task: write provider:id, such as ark:cgt-20260427-abcde"],
  ])('is rejected when it is %j', (text, message) => {
    expect(() => parseTaskRef(text)).toThrow(new UsageError(message));
  });
});

describe('a list', () => {
  it('has one task a line; blank lines and comments are ignored', () => {
    const text = '\uFEFF# tasks of today\n\nark:cgt-1\r\n  anyfast:a#b  \n   # end\nark:cgt-2';
    expect(parseTaskList('tasks.txt', text)).toEqual([
      { provider: 'ark', id: 'cgt-1' },
      { provider: 'anyfast', id: 'a#b' },
      { provider: 'ark', id: 'cgt-2' },
    ]);
  });

  it('may be the output of list and of watch: what follows a tab is ignored', () => {
    expect(parseTaskList('stdin', 'ark:cgt-1\tqueued\tseedance\nark:cgt-2\tsucceeded\thttp://x')).toEqual([{ provider: 'ark', id: 'cgt-1' }, { provider: 'ark', id: 'cgt-2' }]);
  });

  it('is rejected for one invalid line, by its name, the number and the line', () => {
    expect(() => parseTaskList('tasks.txt', 'ark:cgt-1\n\nnonsense')).toThrow(
      new UsageError("tasks.txt, line 3: 'nonsense' is not a task: write provider:id, such as ark:cgt-20260427-abcde"),
    );
  });

  it('does not show the keys of a .env file that is passed as a list', () => {
    const line = parseListLine('.env', 'export ARK_API_KEY=sk-very-secret', 1);
    expect(line).toEqual({ kind: 'refused', message: ".env, line 1: 'export ARK_API_KEY=…' is not a task: write provider:id, such as ark:cgt-20260427-abcde" });
    expect(parseListLine('.env', 'ARK_API_KEY=sk:very-secret', 1)).toMatchObject({ message: expect.not.stringContaining('secret') as string });
  });
});
