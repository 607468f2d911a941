/**
 * docs/images/side-by-side.svg, from the tables of docs/side-by-side.md: what is rightly reported, with how many requests, and how soon.
 */
import * as Plot from '@observablehq/plot';
import { DOMParser } from 'linkedom';
import { digits } from '../bench/report.mjs';
import { mix } from './contest.mjs';
import { fewest, own } from './page.mjs';

/** A column of the tables, its name in the plot, and the unit of its figures. */
const measures = [
  { column: 'right', measure: 'right ends', unit: '' },
  { column: 'requests', measure: 'requests', unit: '' },
  { column: 'notice p50, s', measure: 'median notice', unit: ' s' },
];
const names = measures.map(({ measure }) => measure);

const [width, height] = [400, 398];
const margins = { marginTop: 38, marginRight: 8, marginBottom: 60, marginLeft: 100 };
/** From the left edge of the bars to that of all text. */
const toText = 16 - margins.marginLeft;

const colours = `
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; }
  .note text { fill: #57606a; }
  .peer { fill: #8c959f; }
  .own { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #161b22; stroke: #444c56; }
    text { fill: #e6edf3; }
    .note text { fill: #a9b3be; }
    .peer { fill: #656e79; }
    .own { fill: #4493f8; }
  }
`;

const cellsOf = (/** @type {string} */ line) => line.split('|').slice(1, -1).map((cell) => cell.trim());
const sum = (/** @type {readonly number[]} */ values) => values.reduce((total, value) => total + value, 0);

/** One cell of a table: a figure for each seed, none for "–". */
const valuesOf = (/** @type {string} */ cell) => (cell === '–' ? [] : cell.split(', ').map((figure) => Number(figure.replaceAll(',', ''))));

/**
 * The measures of each contender, table by table. Of this library, the row with its defaults.
 *
 * @param {string} page docs/side-by-side.md
 */
export const figures = (page) =>
  page.split(/^## /m).flatMap((section) => {
    const [heading = ''] = section.split('\n');
    const [head = [], , ...rows] = section.split('\n').filter((line) => line.startsWith('|')).map(cellsOf);
    const missing = measures.find(({ column }) => head.length > 0 && !head.includes(column));
    if (missing !== undefined) throw new Error(`the table below "${heading}" has no column "${missing.column}"`);
    return rows.filter(([name = '']) => name === own || !name.startsWith(own)).flatMap(([contender = '', ...cells]) =>
      measures.map(({ column, measure, unit }) => ({ heading, contender, measure, unit, values: valuesOf(cells[head.indexOf(column) - 1] ?? '') })));
  });

/** The plot as SVG. Each measure has a scale of its own, the same in all tables. @param {string} page docs/side-by-side.md */
export const plot = (page) => {
  const bars = figures(page).map((one) => ({
    ...one,
    mean: one.values.length === 0 ? 0 : sum(one.values) / one.values.length,
    isOwn: one.contender === own,
  })).map((one, _, all) => ({
    ...one,
    share: one.mean / Math.max(...all.filter(({ measure }) => measure === one.measure).map(({ mean }) => mean)),
    label: one.values.length === 0 ? '–' : `${digits(one.mean)}${one.unit}`,
  }));
  const [headings, contenders] = [[...new Set(bars.map(({ heading }) => heading))].reverse(), [...new Set(bars.map(({ contender }) => contender))]];
  const runs = Math.max(...bars.map(({ values }) => values.length));
  const [first, last] = [headings[0], headings.at(-1)];
  const [left] = names;
  const note = `${sum(Object.values(mix))} videos on a simulator, mean of ${runs} runs.\n–: fewer than ${fewest} right ends.`;
  const place = /** @type {const} */ ({ fx: 'measure', fy: 'heading', y: 'contender', x: 'share' });

  const svg = Plot.plot({
    document: /** @type {any} */ (new DOMParser().parseFromString('<html></html>', 'text/html')),
    width,
    height,
    ...margins,
    style: { fontFamily: "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif", fontSize: '12.5px' },
    x: { axis: null, domain: [0, 1.95] },
    y: { axis: null, domain: contenders, padding: 0.35 },
    fx: { axis: null, domain: names, padding: 0.02 },
    fy: { axis: null, domain: headings, padding: 0.24 },
    marks: [
      Plot.text(names, { fx: (one) => one, fy: () => first, text: (one) => one, frameAnchor: 'top-left', dy: -20, className: 'note' }),
      Plot.text(headings, { fx: () => left, fy: (one) => one, text: (one) => one, frameAnchor: 'top-left', dx: toText, dy: -20, fontWeight: 600 }),
      Plot.text(bars.filter(({ measure }) => measure === left), { ...place, x: null, text: 'contender', frameAnchor: 'left', dx: toText }),
      Plot.barX(bars, { ...place, filter: 'isOwn', className: 'own' }),
      Plot.barX(bars, { ...place, filter: ({ isOwn }) => !isOwn, className: 'peer' }),
      Plot.text(bars, { ...place, text: 'label', textAnchor: 'start', dx: 5 }),
      Plot.text([note], { fx: () => left, fy: () => last, frameAnchor: 'bottom-left', dx: toText, dy: 42, lineHeight: 1.3, className: 'note' }),
    ],
  });
  const description = bars.filter(({ measure }) => measure === left).map(({ heading, contender }) =>
    `${heading}, ${contender}: ${bars.filter((one) => one.heading === heading && one.contender === contender).map(({ measure, label }) => `${measure} ${label}`).join(', ')}.`);
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.insertAdjacentHTML('afterbegin', `
<title>Right ends, requests and median notice of other clients and this library</title>
<desc>${description.join(' ')}</desc>
<style>${colours}</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`);
  // Coordinates to a tenth of a pixel; no label has as many digits.
  return `${svg.outerHTML.replace(/\d+\.\d{4,}/g, (/** @type {string} */ length) => String(Number(Number(length).toFixed(1)))).replaceAll('<g', '\n<g')}\n`;
};
