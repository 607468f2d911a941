/**
 * Many tasks on one key that may send so much a minute: how often the key is refused, and how late the ends are seen. In virtual time.
 */
import { inChild } from '../contest.mjs';
import { digits, grid, row } from '../report.mjs';
import { mean } from '../statistics.mjs';

/** What each contender is told. */
export const setting = { tasks: 200, perMinute: 120, latencyMs: 100, ends: { minMs: 90_000, maxMs: 240_000 } };

const contenders = {
  singly: 'this library, polling singly',
  batched: 'this library as it comes, with list batching',
  unlimited: 'this library told no limit, polling singly',
  independent: 'a naive client for each task',
};

/** Each seed is another set of tasks. */
const seeds = [1, 2, 3, 4, 5];

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  /** @type {Record<string, { refusals: number, requests: number, lateMs: number, late95Ms: number }[]>} */
  const results = {};
  for (const contender of Object.keys(contenders)) {
    results[contender] = await Promise.all(seeds.map((seed) => inChild('virtual-key', { ...setting, contender, seed })));
  }
  const of = (/** @type {string} */ contender, /** @type {'refusals' | 'requests' | 'lateMs' | 'late95Ms'} */ what) =>
    (results[contender] ?? []).map((result) => result[what]);
  const secondsOf = (/** @type {string} */ contender, /** @type {'lateMs' | 'late95Ms'} */ what) => of(contender, what).map((ms) => ms / 1000);
  return {
    title: 'One key, and a limit',
    how: `${setting.tasks} tasks on a key that may send ${setting.perMinute} requests in any minute, all made and watched from the same moment, their ends log-normal around Ark's time for 5 s of video ` +
      `(one in twenty before ${setting.ends.minMs / 1000} s, one in twenty after ${setting.ends.maxMs / 1000} s); responses take ${setting.latencyMs} ms. What is refused gets a 429 with \`Retry-After\` and does not count against the limit. ` +
      `In virtual time, ${seeds.length} sets of tasks. The naive client polls after a tenth of the elapsed time, from 10 to 20 s, and after \`Retry-After\` when it is refused.`,
    rows: [
      row('429s of one told the limit, polling singly', of('singly', 'refusals'), { atMost: 0 }),
      row('429s of one told the limit, by lists', of('batched', 'refusals'), { atMost: 0 }),
      row('429s of one told no limit', of('unlimited', 'refusals')),
      row('429s of independent watchers', of('independent', 'refusals')),
      row('95 % of the ends are seen within: polling singly', secondsOf('singly', 'late95Ms'), { unit: 's' }),
      row('… with list batching', secondsOf('batched', 'late95Ms'), { unit: 's' }),
      row('… told no limit', secondsOf('unlimited', 'late95Ms'), { unit: 's' }),
      row('… by independent watchers', secondsOf('independent', 'late95Ms'), { unit: 's' }),
    ],
    notes: [
      grid(
        ['contender', 'requests', '429s', 'mean delay, s', '95 %, s'],
        Object.entries(contenders).map(([contender, name]) => [
          name,
          digits(mean(of(contender, 'requests'))),
          digits(mean(of(contender, 'refusals'))),
          digits(mean(secondsOf(contender, 'lateMs'))),
          digits(mean(secondsOf(contender, 'late95Ms'))),
        ]),
      ),
    ],
  };
};
