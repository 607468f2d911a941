import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cutEnd, cutMiddle, padEnd, plain, plainJson, widthOf } from '../../src/cli/terminal-text.js';
import { anyText } from './any-text.js';

const anyColumns = fc.nat({ max: 40 });

describe('plain', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007after', 'after'],
    ['two\nlines\r\n\tand a tab', 'two lines and a tab'],
    ['\u001b[2J', ''],
    ['\u202egnp.exe', 'gnp.exe'],
    ['half a \ud800 character', 'half a \ufffd character'],
    ['視频 👩‍👩‍👧', '視频 👩‍👩‍👧'],
  ])('makes %j safe', (text, safe) => {
    expect(plain(text)).toBe(safe);
  });

  it('leaves no control character in any string', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(plain(text)).not.toMatch(/\p{Cc}|\p{Zl}|\p{Zp}|[\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('plainJson', () => {
  it('parses to the same value, and has no control characters but line breaks', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(0, 2), (text, indent) => {
        const value = { [text]: [text, 1, null], 'two\nlines': text };
        const json = plainJson(value, indent);
        expect(JSON.parse(json)).toEqual(value);
        expect(json).not.toMatch(/(?!\n)\p{Cc}|\p{Zl}|\p{Zp}|[\u202a-\u202e\u2066-\u2069]/u);
        if (indent === 0) expect(json).not.toContain('\n');
      }),
    );
  });

  it('does not change safe characters', () => {
    expect(plainJson({ prompt: '視频 👩‍👩‍👧', at: '\u009b2J\u202e' })).toBe('{"prompt":"視频 👩‍👩‍👧","at":"\\u009b2J\\u202e"}');
  });
});

describe('the width of a string', () => {
  it('is that of string-width', () => {
    const symbols = [...'·–…→↓≤⊘█░◌✔✖⠁⠋⣿'];
    for (const symbol of symbols) expect([symbol, widthOf(symbol)]).toEqual([symbol, stringWidth(symbol)]);
    fc.assert(
      fc.property(fc.array(fc.oneof(anyText, fc.constantFrom(...symbols))), (texts) => {
        const text = plain(texts.join(''));
        expect(widthOf(text)).toBe(stringWidth(text));
      }),
    );
  });
});

describe('cutting', () => {
  it.each([
    [cutEnd, 'rate-limited', 6, 'rate-…'],
    [cutEnd, 'short', 6, 'short'],
    [cutEnd, '視频視频', 6, '視频…'],
    [cutEnd, '👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
    [cutEnd, 'text', 1, '…'],
    [cutEnd, 'text', 0, ''],
    [cutMiddle, 'anyfast:asyntask_9f3a', 11, 'anyfa…_9f3a'],
    [cutMiddle, 'text', 2, 't…'],
  ] as const)('%o of %s to %d columns', (cut, text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected);
  });

  it('never leaves more columns than the limit', () => {
    fc.assert(
      fc.property(anyText, anyColumns, (text, columns) => {
        expect(widthOf(cutEnd(plain(text), columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(cutMiddle(plain(text), columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it.each([['in the middle', cutMiddle], ['at the end', cutEnd]] as const)('takes a short time for a long string, cut %s', (_, cut) => {
    const text = '視'.repeat(60_000);
    const started = performance.now();
    expect(widthOf(text)).toBeGreaterThan(1_000);
    expect(widthOf(cut(text, 80))).toBe(79);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('is padded to exactly its columns', () => {
    fc.assert(
      fc.property(anyText, anyColumns, (text, columns) => {
        expect(widthOf(padEnd(cutEnd(plain(text), columns), columns))).toBe(columns);
      }),
    );
  });
});
