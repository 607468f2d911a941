/** The plot shows the figures of the page, and the docs hold the plot of the page that they hold. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { grid } from '../bench/report.mjs';
import { figures, plot } from './plot.mjs';

const head = ['contender', 'bought', 'right', 'requests', 'notice p50, s'];
const page = (...rows: readonly (readonly string[])[]): string => `# Side by side\n\n## No faults\n\n${grid(head, rows)}\n\n## The columns\n`;
const rows = [['a loop', '24, 24', '1, 2', '1,395, 90', '–'], ['this library', '24, 24', '24, 23', '92, 112', '6.21'], ['this library with `isMarked`', '24, 24', '24, 24', '99, 114', '6.14']];

it('reads the figures of each seed from the table', () => {
  expect(figures(page(...rows)).map(({ heading, contender, measure, values }) => [heading, contender, measure, values])).toEqual([
    ['No faults', 'a loop', 'right ends', [1, 2]],
    ['No faults', 'a loop', 'requests', [1395, 90]],
    ['No faults', 'a loop', 'median notice', []],
    ['No faults', 'this library', 'right ends', [24, 23]],
    ['No faults', 'this library', 'requests', [92, 112]],
    ['No faults', 'this library', 'median notice', [6.21]],
  ]);
});

it('describes the means in words', () => {
  expect(/<desc>(.*)<\/desc>/.exec(plot(page(...rows)))?.[1]).toBe(
    'No faults, a loop: right ends 1.5, requests 743, median notice –. No faults, this library: right ends 23.5, requests 102, median notice 6.21 s.');
});

it('refuses a table without one of its columns', () => {
  expect(() => figures(page(...rows).replace('right', 'wrong'))).toThrow('the table below "No faults" has no column "right"');
});

// `npm run pictures:plot` writes it, and so does a run of this file with -u.
it('is drawn from the page that the docs hold', async () => {
  await expect(plot(await readFile(new URL('../../docs/side-by-side.md', import.meta.url), 'utf8'))).toMatchFileSnapshot('../../docs/images/side-by-side.svg');
});
