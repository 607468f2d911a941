/** What the table says of a figure: met or missed, and never met when it is not. */
import { describe, expect, it } from 'vitest';
import { digits, row, table } from './report.mjs';

describe('row', () => {
  it('shows the median, the spread, the goal and whether it is met', () => {
    expect(row('a', [1.2, 1, 1.06], { unit: '×', atMost: 1.1 })).toEqual({ what: 'a', figure: '1.06 ×', spread: '1 – 1.2', goal: '≤ 1.1 ×', verdict: 'met' });
  });

  it.each([
    [{ atMost: 2 }, 'met'],
    [{ below: 2 }, 'missed'],
    [{ atMost: 1.999 }, 'missed'],
    [{ below: 2.001 }, 'met'],
    [{ atMost: 0 }, 'missed'],
    [{}, ''],
  ] as const)('judges 2 by %j as "%s"', (goal, verdict) => {
    expect(row('a', [2], goal).verdict).toBe(verdict);
  });

  it('is judged by the figure, not by what is shown of it', () => {
    expect(row('a', [1.1004], { atMost: 1.1 })).toMatchObject({ figure: '1.1', verdict: 'missed' });
  });
});

it.each([[0, '0'], [0.123456, '0.123'], [1.5, '1.5'], [19.672, '19.7'], [99.96, '100'], [36_000, '36,000'], [-0.708, '-0.708']])(
  'shows %d as %s',
  (value, text) => {
    expect(digits(value)).toBe(text);
  },
);

it('draws a table whose columns stand in line', () => {
  expect(table([row('first', [1], { atMost: 2 }), row('the second', [3000])]).split('\n')).toEqual([
    '| what       | figure | spread | goal |     |',
    '|------------|--------|--------|------|-----|',
    '| first      | 1      |        | ≤ 2  | met |',
    '| the second | 3,000  |        |      |     |',
  ]);
});
