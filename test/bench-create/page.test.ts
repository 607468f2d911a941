/** What the page says of the runs. */
import { expect, it } from 'vitest';
import { better, own, type Row, table, withoutEnd } from './page.mjs';

const result = { bought: 24, twice: 0, without: 0, right: 24, wrong: 0, unseen: 0, requests: 90, delaysMs: [1_000, 2_000, 3_000, 4_000, 60_000], reports: [] };
const row = (name: string, ...changes: readonly Partial<typeof result>[]): Row => ({ name, lines: 17, results: changes.map((each) => ({ ...result, ...each })) });

it('shows the figure of each seed, and one delay of all of them', () => {
  expect(table([row(own, { bought: 24 }, { bought: 23 }), row('a loop', { right: 1, delaysMs: [1_000] }, { delaysMs: [] })]).split('\n')).toEqual([
    '| contender    | bought | bought twice | no task | right  | wrong | end unknown | requests | notice p50, s | p95, s | lines |',
    '|--------------|--------|--------------|---------|--------|-------|-------------|----------|---------------|--------|-------|',
    '| this library | 24, 23 | 0, 0         | 0, 0    | 24, 24 | 0, 0  | 0, 0        | 90, 90   | 3             | 60     | 17    |',
    '| a loop       | 24, 24 | 0, 0         | 0, 0    | 1, 24  | 0, 0  | 0, 0        | 90, 90   | –             | –      | 17    |',
  ]);
});

it('names every contender that does better than this library, column by column', () => {
  const rows = [row(own, { right: 20, unseen: 4 }), row('a loop', { right: 21, unseen: 3, requests: 300 }), row('another', { right: 21, unseen: 4, delaysMs: [10, 10, 10, 10, 10] })];
  expect(better(rows)).toBe('Better than this library with its defaults:\n\n- right: a loop, another\n- end unknown: a loop\n- notice p50, s: another\n- p95, s: another');
});

it('says so if no contender does better', () => {
  expect(better([row(own, {}), row('a loop', { requests: 91 })])).toBe('No contender does better than this library in any column.');
});

it('counts what this library said instead of an end', () => {
  const report = { user: 'user-1', atMs: 0 };
  const reports = [
    { ...report, status: null, message: 'unknown: HTTP 502' },
    { ...report, status: null, message: 'rejected: Too many requests.' },
    { ...report, status: null, message: 'unknown: read ECONNRESET' },
    { ...report, status: null, message: 'ark/cgt-1: error response after 4 polls' },
    { ...report, status: 'succeeded' },
  ];
  expect(withoutEnd({ ...row(own, {}), results: [{ ...result, reports }] })).toBe('Prompts without an end from this library: 2 unknown, 1 rejected, 1 error of the watch.');
  expect(withoutEnd(row(own, {}))).toBe('There is an end from this library for each prompt.');
});
