import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it, vi } from 'vitest';
import { asciiSymbols, hyperlink, lookOf } from '../../src/cli/look.js';
import { noPaint } from '../../src/cli/paint.js';
import { anyText } from './any-text.js';

describe('a link on a terminal', () => {
  it('is the escape sequence OSC 8 around the text', () => {
    expect(hyperlink('https://cdn.example/v.mp4?a=1', 'video')).toBe('\u001b]8;;https://cdn.example/v.mp4?a=1\u0007video\u001b]8;;\u0007');
  });

  it('holds no control characters of the URL', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const url of [text, `https://cdn.example/${text}`, `x:${text}`]) {
          const [, opened = ''] = /^\u001b\]8;;([^]*)\u0007video\u001b\]8;;\u0007$/.exec(hyperlink(url, 'video')) ?? []; // eslint-disable-line no-control-regex
          expect(opened).toMatch(/^[ -~]*$/);
        }
      }),
    );
  });

  it('is left out where the terminal knows none, or is none', () => {
    const outputs = [{ isTerminal: true, canRedraw: true }, { isTerminal: true, canRedraw: false }, { isTerminal: false, canRedraw: false }];
    const linked = (): readonly boolean[] => outputs.map((output) => lookOf({ ...output, paint: noPaint }).link('https://cdn.example', 'video') !== 'video');
    vi.stubEnv('FORCE_HYPERLINK', '1');
    expect(linked()).toEqual([true, false, false]);
    vi.stubEnv('FORCE_HYPERLINK', '0');
    expect(linked()).toEqual([false, false, false]);
    vi.unstubAllEnvs();
  });
});

it('symbols in ASCII are as wide as the symbols', () => {
  const symbols = '✔✖⊘↓◌·█░…–≤→⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
  expect(asciiSymbols(symbols)).toMatch(/^[ -~]+$/);
  for (const symbol of symbols) expect([stringWidth(symbol), asciiSymbols(symbol).length]).toEqual([1, 1]);
});
