import { PassThrough, Readable } from 'node:stream';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../src/cli/lines.js';
import { run } from './console.js';

describe('the lines of a text stream', () => {
  it('do not depend on chunks and line endings', async () => {
    const input = Readable.from(['a\nb', 'c\r', '\nd\n\n', 'e']);
    expect(await lastValueFrom(linesOf(input).pipe(toArray()))).toEqual(['a', 'bc', 'd', '', 'e']);
  });

  it('end with an error of the stream', async () => {
    const input = new PassThrough();
    input.write('a\nb');
    const lines: string[] = [];
    const ended = new Promise<unknown>((resolve) => linesOf(input).subscribe({ next: (line) => lines.push(line), error: resolve, complete: () => resolve('no error') }));
    setImmediate(() => input.destroy(new Error('read EIO')));
    expect(await ended).toEqual(new Error('read EIO'));
    expect(lines).toEqual(['a']);
  });

  it('destroy the stream on unsubscribe', () => {
    const input = new PassThrough();
    linesOf(input).subscribe().unsubscribe();
    expect(input.destroyed).toBe(true);
  });
});

it('a stdin that cannot be read is an error with exit code 1', async () => {
  const stdin = new Readable({ read() { this.destroy(new Error('read EIO')); } });
  expect(await run(['watch', '-'], { env: { ARK_API_KEY: 'k' }, stdin })).toMatchObject({ code: 1, err: 'rx-seedance: read EIO\n' });
});
