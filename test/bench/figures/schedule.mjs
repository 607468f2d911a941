/**
 * When to poll: polls per task and delay from end to notice, by simulation. The ends are as far from certain as the providers'
 * documentation leaves them; no schedule but ours is told more than it would know in life.
 */
import { expectedTimeDelay, jittered, proportionalDelay, watchConfig } from 'rx-seedance';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { kyyaipower } from 'rx-seedance/providers/kyyaipower';
import { createRandom, logNormal } from '../random.mjs';
import { digits, grid, row } from '../report.mjs';
import { bestRatio, byRules, fixed, fixedIntervalFor, outcome, plain } from '../schedules.mjs';

const tasks = 10_000;

const cases = [
  { name: 'ark, 5 s of video', provider: ark, made: { model: null, durationMs: 5_000 } },
  { name: 'ark, 10 s', provider: ark, made: { model: null, durationMs: 10_000 } },
  { name: 'ark, 30 s', provider: ark, made: { model: null, durationMs: 30_000 } },
  { name: 'kyyaipower, 10 s', provider: kyyaipower, made: { model: 'seedance-2.0', durationMs: 10_000 } },
  { name: 'anyfast', provider: anyfast, made: { model: null, durationMs: 5_000 } },
];

/** @param {typeof cases[number]} given */
const simulate = ({ name, provider, made }) => {
  const hints = { serviceTier: null, resolution: null, ...made };
  const expected = provider.expectedTimeMs(hints);
  if (expected === null) throw new Error(`${name}: no time is expected`);
  const { minIntervalMs, recommended: { minMs, maxMs } } = provider.pacing(hints);
  const ends = logNormal(expected);
  const random = createRandom(1);
  const lives = Array.from({ length: tasks }, (_, index) => ({ index, startsAtMs: 2_000 + 6_000 * random(), endsAtMs: Math.max(9_000, ends.draw(random)) }));
  const ruled = (/** @type {import('rx-seedance').PollPolicy | undefined} */ policy) => byRules(watchConfig(provider, { policy }), made);
  const schedules = {
    'this library': ruled(undefined),
    '`expectedTimeDelay` alone': ruled({ interval: expectedTimeDelay({ fromMs: expected.minMs, toMs: expected.maxMs, minMs, maxMs }) }),
    'a tenth of the elapsed time': ruled({ interval: jittered(proportionalDelay({ minMs, maxMs })) }),
    ...Object.fromEntries([5, 10, 20, 30].map((seconds) => [`every ${seconds} s`, fixed(seconds * 1_000)])),
    '10 s, doubled up to 120 s': plain((index) => Math.min(10_000 * 2 ** index, 120_000)),
  };
  const outcomes = Object.entries(schedules).map(([schedule, follow]) => {
    const found = outcome(follow, lives);
    const equal = outcome(fixed(fixedIntervalFor(found.polls, lives)), lives);
    if (Math.abs(equal.polls - found.polls) > 0.05) throw new Error(`${name}, ${schedule}: no fixed interval costs ${found.polls} polls`);
    return { schedule, ...found, ratio: found.lateMs / equal.lateMs };
  });
  const [ours] = outcomes;
  if (ours === undefined) throw new Error('no schedule');
  return { name, minIntervalMs, outcomes, ours, best: bestRatio(ends) };
};

const seconds = (/** @type {number} */ ms) => digits(ms / 1000);

/** @returns {Promise<import('../report.mjs').Report>} */
export const measure = async () => {
  const results = cases.map(simulate);
  const belowFloor = results.filter(({ ours, minIntervalMs }) => ours.shortestMs < minIntervalMs).length;
  const details = results.flatMap(({ name, outcomes }) =>
    outcomes.map(({ schedule, polls, lateMs, late95Ms, ratio }, index) =>
      [index === 0 ? name : '', schedule, digits(polls), seconds(lateMs), seconds(late95Ms), digits(ratio)]));
  return {
    title: 'When to poll',
    how: `Simulation in virtual time: ${tasks.toLocaleString('en')} tasks a case, queued for 2 to 8 s, their ends log-normal with one in twenty below the provider's expected ` +
      'time and one in twenty above it. Each schedule polls at once and until it has seen the end. The figure is this library\'s mean delay from end to notice, ' +
      'as a share of that of the fixed interval which costs as many polls.',
    rows: [
      ...results.map(({ name, ours }) => row(`delay beside a fixed interval: ${name}`, [ours.ratio], { unit: '×', atMost: 0.5 })),
      row('cases with a wait below the provider\'s minimum interval', [belowFloor], { atMost: 0 }),
    ],
    notes: [
      'Who knows the distribution of the ends and nothing else can, at equally many polls, come down to about ' +
      `${results.map(({ name, best }) => `${digits(best)} (${name})`).join(', ')}: with f the density of the ends and S the share still running, polls × delay is at least ` +
      '½(∫√(fS)dt)² by Cauchy and Schwarz, and E[T]/2 for a fixed interval. ' +
      'Where polls are few, the one at the beginning and the fraction before the last move this by some hundredths.',
      grid(['case', 'schedule', 'polls', 'mean delay, s', '95 %, s', 'beside fixed, ×'], details),
      'This library sees the start of a task late by ' +
      `${results.map(({ name, ours }) => `${seconds(ours.startLateMs)} s, 95 % ${seconds(ours.startLate95Ms)} s (${name})`).join('; ')}.`,
    ],
  };
};
