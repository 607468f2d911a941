/**
 * What the library costs before it does anything: bytes over the wire in a browser, and time to load in Node.
 */
import { gzippedBytes, gzippedBytesOfPage, imports, originsOf } from '../bundles.mjs';
import { inChild, inTurn } from '../contest.mjs';
import { digits, row } from '../report.mjs';
import { median, ratios } from '../statistics.mjs';

const rounds = 15;

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const kiloBytes = async (/** @type {string} */ names) => [(await gzippedBytes(names)) / 1000];
  const [client, feed, everything] = [await kiloBytes(imports.client), await kiloBytes(imports.feed), await kiloBytes(imports.everything)];
  const page = [(await gzippedBytesOfPage()) / 1000];
  const percent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;
  const origins = (await originsOf(imports.client)).filter(([, share]) => share >= 0.01).map(([origin, share]) => `${origin} ${percent(share)}`);
  const load = async (/** @type {string} */ name) => /** @type {number} */ ((await inChild('load', { name })).tookMs);
  const tookMs = await inTurn(/** @type {const} */ (['rx-seedance', 'rxjs', 'io-ts']), load, rounds);
  return {
    title: 'Bytes, and time to load',
    how: 'The browser build with one provider (ark) and fetch, bundled and minified by esbuild, gzipped at level 9, RxJS left out. One kB is 1,000 bytes. ' +
      'A page that holds no key follows the feed of a server by `fromServerSentEvents` alone. `npm run size` holds the first, the third and the fourth of these. ' +
      `Time to load: \`import('rx-seedance')\` in a Node that has loaded nothing, beside \`import('rxjs')\`, which is part of it; ${rounds} processes each.`,
    rows: [
      row('`account`, `createTaskClient`', client, { unit: 'kB', atMost: 17.5 }),
      row('… and `watchTasks`, `toFeed`', feed, { unit: 'kB' }),
      row('everything that the main entry exports', everything, { unit: 'kB' }),
      row('a page that holds no key: `fromServerSentEvents`', page, { unit: 'kB', atMost: 6.5 }),
      row('time to load, beside that of RxJS', ratios(tookMs['rx-seedance'], tookMs.rxjs), { unit: '×', atMost: 1.2 }),
    ],
    notes: [
      `Where the minified bytes of the first row come from, by folder of \`src\` and by package: ${origins.join(', ')}.`,
      `In ms: ${Object.entries(tookMs).map(([name, values]) => `${name} ${digits(median(values))}`).join(', ')}.`,
    ],
  };
};
