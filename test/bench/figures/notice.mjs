/**
 * Time to notice: from a task's end to the moment its watcher reports it, beside loops that poll each task every 10 s. In virtual time.
 * `NOTICE=strays,limits npm run bench -- notice` measures those scenarios alone, and `NOTICE_SEEDS=1,2` those seeds.
 */
import { inChild } from '../contest.mjs';
import { forEachOf } from '../contenders/setting.mjs';
import { digits, grid, row } from '../report.mjs';
import { extent, mean, median, ratios } from '../statistics.mjs';

const ends = { minMs: 90_000, maxMs: 240_000 };
const setting = { latencyMs: 100, ends };

/** Each seed is another set of tasks and faults. */
const seeds = process.env['NOTICE_SEEDS']?.split(',').map(Number) ?? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** How many processes run at once. */
const atOnce = 2;

const strays = { rate: 0.06, kinds: ['rate-limited'] };

/**
 * @typedef {object} Result of one seed
 * @property {number} p50Ms
 * @property {number} p95Ms
 * @property {number} right
 * @property {number} wrong
 * @property {number} unseen
 * @property {number} requests
 * @property {number} limited 429s of the limit
 * @property {number} faulty429s 429s that are faults
 * @property {number} lateLimitedShare the share of the limit's 429s in the requests after the first minute
 * @property {number} below polls below the minimum interval
 *
 * @typedef {Readonly<Record<string, readonly Result[]>>} Results by contender
 *
 * @typedef {object} Part
 * @property {string} scenario
 * @property {string} title
 * @property {object} options
 * @property {Readonly<Record<string, string>>} contenders
 * @property {Readonly<Record<string, object>>} [own] what a contender is told besides
 * @property {(of: (contender: string, what: keyof Result) => readonly number[]) => readonly import('../report.mjs').Row[]} rows
 */

const singly = 'this library, polling singly';
const lists = 'this library with its defaults (lists)';

/**
 * The rows of one contender beside a loop.
 *
 * @param {Parameters<Part['rows']>[0]} of
 * @param {{ readonly contender: string, readonly loop: string, readonly name: string, readonly goals?: { readonly typical: number, readonly worst: number, readonly requests?: number } }} options
 */
const beside = (of, { contender, loop, name, goals }) => {
  const ratio = (/** @type {keyof Result} */ what) => ratios(of(contender, what), of(loop, what));
  return [
    row(`${name}: p50`, ratio('p50Ms'), { unit: '×', atMost: goals?.typical }),
    row('… of the worst seed', [extent(ratio('p50Ms'))[1]], { unit: '×', atMost: goals?.worst }),
    row('… p95', ratio('p95Ms'), { unit: '×' }),
    row('… requests', ratio('requests'), { unit: '×', atMost: goals?.requests }),
  ];
};

/** @type {readonly Part[]} */
const besideLoops = [
  {
    scenario: 'strays',
    title: '100 tasks, 6 % stray 429s',
    options: { tasks: 100, faults: strays },
    contenders: { naive: 'naive loop', singly, lists },
    rows: (of) => [
      ...beside(of, { contender: 'singly', loop: 'naive', name: '6 % stray 429s, singly beside the naive loop', goals: { typical: 2, worst: 3, requests: 0.65 } }),
      ...beside(of, { contender: 'lists', loop: 'naive', name: '6 % stray 429s, lists beside the naive loop', goals: { typical: 1.5, worst: 3 } }),
    ],
  },
  {
    scenario: 'faults',
    title: '24 tasks, every kind of fault at 30 %',
    options: { tasks: 24, faults: { rate: 0.3 }, endings: ['succeeded', 'failed', 'moderated', 'cancelled', 'expired'] },
    contenders: { careful: 'careful loop', lists },
    rows: (of) => [
      ...beside(of, { contender: 'lists', loop: 'careful', name: '30 % faults, lists beside the careful loop', goals: { typical: 1.5, worst: 3, requests: 0.5 } }),
      row('… ends not rightly reported, all seeds', [of('lists', 'right').reduce((left, right) => left - right, 24 * seeds.length)], { atMost: 0 }),
    ],
  },
  {
    scenario: 'calm',
    title: '100 tasks, no faults',
    options: { tasks: 100 },
    contenders: { naive: 'naive loop', singly, lists },
    rows: (of) => [
      ...beside(of, { contender: 'singly', loop: 'naive', name: 'no faults, singly beside the naive loop' }),
      ...beside(of, { contender: 'lists', loop: 'naive', name: 'no faults, lists beside the naive loop' }),
    ],
  },
];

const perMinute = 120;
const halvedAtMs = 150_000;

/** @type {readonly Part[]} */
const behindLimits = /** @type {const} */ (['sliding', 'token-bucket']).flatMap((window) =>
  [
    { name: '', limit: {}, faults: null, toldPerMinute: perMinute, share: 0.07 },
    { name: ' and 6 % strays', limit: {}, faults: strays, toldPerMinute: perMinute, share: 0.07 },
    { name: ', halved midway', limit: { halvedAtMs }, faults: null, toldPerMinute: perMinute / 2, share: 0.15 },
  ].map(({ name, limit, faults, toldPerMinute, share }) => ({
    scenario: 'limits',
    title: `200 tasks behind a ${window} limit${name}`,
    options: { tasks: 200, limit: { perMinute, window, retryAfter: false, ...limit }, faults, toldPerMinute },
    contenders: {
      singly: 'this library, told no limit',
      told: `this library, told ${toldPerMinute} a minute`,
      ...(faults === null ? {} : { toldCalm: `this library, told ${toldPerMinute} a minute, without the strays` }),
    },
    own: { toldCalm: { contender: 'told', faults: null } },
    rows: (/** @type {Parameters<Part['rows']>[0]} */ of) => [
      row(`${window} limit${name}: 429s of the limit after 1 min`, of('singly', 'lateLimitedShare').map((each) => 100 * each), { unit: '%', atMost: 100 * share }),
      row('… p50 beside one told the limit', ratios(of('singly', 'p50Ms'), of('told', 'p50Ms')), { unit: '×', atMost: 1.3 }),
      row('… p95 beside one told the limit', ratios(of('singly', 'p95Ms'), of('told', 'p95Ms')), { unit: '×', atMost: 1.3 }),
      ...(faults === null ? [] : [
        row('… p50 beside one told the limit and spared the strays', ratios(of('singly', 'p50Ms'), of('toldCalm', 'p50Ms')), { unit: '×' }),
      ]),
    ],
  })),
);

const seconds = (/** @type {readonly number[]} */ allMs) => digits(median(allMs) / 1000);
const sum = (/** @type {readonly number[]} */ values) => values.reduce((total, value) => total + value, 0);

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const wanted = process.env['NOTICE']?.split(',');
  const parts = [...besideLoops, ...behindLimits].filter(({ scenario }) => wanted?.includes(scenario) ?? true);
  if (parts.length === 0) throw new RangeError(`NOTICE names no scenario; there are: ${[...new Set([...besideLoops, ...behindLimits].map(({ scenario }) => scenario))].join(', ')}`);
  /** @type {Map<Part, Record<string, readonly Result[]>>} */
  const results = new Map(parts.map((part) => [part, {}]));
  const runs = parts.flatMap((part) => Object.keys(part.contenders).map((contender) => ({ part, contender })));
  await forEachOf(runs, atOnce, async ({ part, contender }) => {
    const all = await inChild('virtual-notice', { ...setting, ...part.options, contender, seeds, ...part.own?.[contender] });
    Object.assign(results.get(part) ?? {}, { [contender]: all });
  });
  const ofPart = (/** @type {Part} */ part) => (/** @type {string} */ contender, /** @type {keyof Result} */ what) =>
    (results.get(part)?.[contender] ?? []).map((result) => result[what]);
  const isLoop = (/** @type {string} */ contender) => contender === 'naive' || contender === 'careful';
  const below = parts.flatMap((part) => Object.keys(part.contenders).filter((each) => !isLoop(each)).flatMap((contender) => ofPart(part)(contender, 'below')));
  return {
    title: 'Time to notice, and requests',
    how: `From a task's end to the moment its watcher reports it. All tasks belong to one key and are made and watched from the same moment; their ends are log-normal around Ark's time for 5 s of video ` +
      `(one in twenty before ${ends.minMs / 1000} s, one in twenty after ${ends.maxMs / 1000} s); responses take ${setting.latencyMs} ms. In virtual time, ${seeds.length} sets of tasks and faults, the same for every contender. ` +
      'The naive loop polls each task 10 s after each response and ignores failures; the careful loop also gives a request 30 s and obeys `Retry-After`. ' +
      `The limits accept ${perMinute} requests a minute, in a sliding window or by a token bucket of 20, and send no \`Retry-After\`; halved means ${perMinute / 2} a minute from ${halvedAtMs / 1000} s on. ` +
      'Figures are the median of the seeds; an end that is never rightly reported counts as noticed after two hours.',
    rows: [
      ...parts.flatMap((part) => part.rows(ofPart(part))),
      row('polls of this library below the minimum interval, all runs', [sum(below)], { atMost: 0 }),
    ],
    notes: [
      grid(
        ['scenario', 'contender', 'p50, s', 'worst seed, s', 'p95, s', 'requests', '429s: limit', 'faults', 'below 10 s', 'wrong', 'never seen'],
        parts.flatMap((part) => Object.entries(part.contenders).map(([contender, name]) => {
          const of = (/** @type {keyof Result} */ what) => ofPart(part)(contender, what);
          return [
            part.title,
            name,
            seconds(of('p50Ms')),
            digits(extent(of('p50Ms'))[1] / 1000),
            seconds(of('p95Ms')),
            digits(Math.round(median(of('requests')))),
            digits(mean(of('limited'))),
            digits(mean(of('faulty429s'))),
            digits(sum(of('below'))),
            digits(sum(of('wrong'))),
            digits(sum(of('unseen'))),
          ];
        })),
      ),
      '429s are the mean of the seeds; polls below the minimum interval, wrong ends (a watch that errors is one) and ends never seen are sums over all seeds.',
    ],
  };
};
