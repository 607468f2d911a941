/**
 * Schedules in virtual time: what each costs in polls, and how late it notices an end. No HTTP and no clock; every schedule polls once at
 * the beginning, and a response takes no time.
 */
import { right } from 'fp-ts/lib/Either.js';
import { applyResult, startWatch, nextDelayMs } from 'rx-seedance';
import { noSettings } from 'rx-seedance/provider-kit';
import { mean, quantile } from './statistics.mjs';

/**
 * @typedef {object} Life one task, in ms since it was made
 * @property {number} index
 * @property {number} startsAtMs until then it is queued
 * @property {number} endsAtMs
 *
 * @typedef {object} Outcome what became of one task
 * @property {number} polls
 * @property {number} lateMs        from its end to the poll that saw it
 * @property {number | null} startLateMs from its start to the first poll that saw it run; null when none did
 * @property {number} shortestMs    the shortest time between two polls
 *
 * @typedef {(life: Life) => Outcome} Schedule
 */

/**
 * A schedule of nothing but waits.
 *
 * @param {(index: number) => number} waitOf number of the poll that has its response, from 0 → ms to the next one
 * @returns {Schedule}
 */
export const plain = (waitOf) => ({ startsAtMs, endsAtMs }) => {
  let atMs = 0;
  let polls = 1;
  let shortestMs = Infinity;
  let startLateMs = null;
  while (atMs < endsAtMs) {
    if (startLateMs === null && atMs >= startsAtMs) startLateMs = atMs - startsAtMs;
    const wait = waitOf(polls - 1);
    shortestMs = Math.min(shortestMs, wait);
    atMs += wait;
    polls += 1;
  }
  return { polls, lateMs: atMs - endsAtMs, startLateMs, shortestMs };
};

export const fixed = (/** @type {number} */ intervalMs) => plain(() => intervalMs);

/** An instant at which the tasks were made. */
const createdAtMs = Date.UTC(2026, 2, 1);

/**
 * The schedule of this library's watch state, by the same functions that the client and any job queue use.
 *
 * @param {import('rx-seedance').WatchConfig} rules
 * @param {{ readonly model: string | null, readonly durationMs: number | null }} made
 * @returns {Schedule}
 */
export const byRules = (rules, { model, durationMs }) => ({ index, startsAtMs, endsAtMs }) => {
  const task = { provider: rules.provider.id, id: `cgt-20260301101500-${index}` };
  const snapshotOf = (/** @type {'queued' | 'running' | 'succeeded'} */ status) =>
    right({ snapshot: /** @type {import('rx-seedance').TaskSnapshot} */ ({ ...blank, task, status, providerStatus: status, model, createdAtMs, settings: { ...noSettings, durationMs } }) });
  const [queued, running, succeeded] = [snapshotOf('queued'), snapshotOf('running'), snapshotOf('succeeded')];
  let nowMs = createdAtMs;
  let state = startWatch(task, rules, nowMs);
  let startLateMs = null;
  let shortestMs = Infinity;
  for (;;) {
    const age = nowMs - createdAtMs;
    if (startLateMs === null && age >= startsAtMs && age < endsAtMs) startLateMs = age - startsAtMs;
    state = applyResult(state, age < startsAtMs ? queued : age < endsAtMs ? running : succeeded, rules, nowMs);
    const wait = nextDelayMs(state, nowMs);
    if (wait === 'done') break;
    shortestMs = Math.min(shortestMs, wait);
    nowMs += wait;
  }
  if (state.ended !== 'terminal') throw new Error(`${task.provider}: a watch ended by ${state.ended} after ${state.polls} polls, at ${nowMs - createdAtMs} of ${endsAtMs} ms`);
  return { polls: state.polls, lateMs: nowMs - createdAtMs - endsAtMs, startLateMs, shortestMs };
};

const blank = {
  progress: null,
  startedAtMs: null,
  updatedAtMs: null,
  finishedAtMs: null,
  expiresAfterMs: null,
  providerDeadlineAtMs: null,
  recordExpiresAtMs: null,
  usage: null,
  requestId: null,
  objectType: null,
  notice: null,
  request: null,
  upstream: null,
  video: { url: 'https://files.example/video.mp4', lastFrameUrl: null, originalUrl: null, expiresAtMs: null },
};

/**
 * A schedule over many tasks.
 *
 * @param {Schedule} schedule
 * @param {readonly Life[]} lives
 */
export const outcome = (schedule, lives) => {
  const each = lives.map(schedule);
  const started = each.map(({ startLateMs }) => startLateMs).filter((ms) => ms !== null);
  return {
    polls: mean(each.map(({ polls }) => polls)),
    lateMs: mean(each.map(({ lateMs }) => lateMs)),
    late95Ms: quantile(each.map(({ lateMs }) => lateMs), 0.95),
    startLateMs: started.length === 0 ? NaN : mean(started),
    startLate95Ms: started.length === 0 ? NaN : quantile(started, 0.95),
    shortestMs: Math.min(...each.map(({ shortestMs }) => shortestMs)),
  };
};

/**
 * The fixed interval that costs so many polls for each task.
 *
 * @param {number} polls
 * @param {readonly Life[]} lives
 */
export const fixedIntervalFor = (polls, lives) => {
  let [low, high] = [100, 10_000_000];
  for (let step = 0; step < 50; step += 1) {
    const middle = Math.sqrt(low * high);
    const cost = mean(lives.map(({ endsAtMs }) => Math.ceil(endsAtMs / middle) + 1));
    if (cost > polls) low = middle;
    else high = middle;
  }
  return high;
};

/**
 * How much better than a fixed interval of equal polls any schedule can be that knows the distribution f of the ends and nothing else.
 * With polls of density a, and S the share that has not ended: polls N = ∫aS, mean delay D = ∫f/2a, so N·D ≥ ½(∫√(fS))² by Cauchy and
 * Schwarz. A fixed interval has N·D = ½E[T].
 *
 * @param {ReturnType<typeof import('./random.mjs').logNormal>} ends
 */
export const bestRatio = ({ meanMs, density }) => {
  const stepMs = meanMs / 10_000;
  let left = 1;
  let sum = 0;
  for (let ms = stepMs / 2; left > 1e-9 && ms < 100 * meanMs; ms += stepMs) {
    const part = density(ms) * stepMs;
    sum += Math.sqrt(density(ms) * Math.max(0, left - part / 2)) * stepMs;
    left -= part;
  }
  return sum ** 2 / meanMs;
};
