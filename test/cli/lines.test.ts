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

  it.each<[string, Buffer]>([
    ['UTF-8', Buffer.from('ark:é\nark:b\n')],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFark:é\nark:b\n')],
    ['UTF-16, as PowerShell writes it', Buffer.from('\uFEFFark:é\r\nark:b\r\n', 'utf16le')],
    ['UTF-16 in the other order', Buffer.from('\uFEFFark:é\r\nark:b\r\n', 'utf16le').swap16()],
  ])('may be in %s, whatever the chunks', async (_, bytes) => {
    for (const size of [1, 2, 3, 100]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (__, index) => bytes.subarray(index * size, (index + 1) * size));
      expect(await lastValueFrom(linesOf(Readable.from(chunks)).pipe(toArray()))).toEqual(['ark:é', 'ark:b']);
    }
    expect(await lastValueFrom(linesOf(Readable.from([])).pipe(toArray()))).toEqual([]);
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
