import { describe, expect, it } from 'vitest';
import { knownProviders } from '../../src/cli/known-providers.js';
import { expectedTimesOf, retryWaitsOf, schedulesOf } from '../../src/cli/polling-facts.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { applyResult, nextDelayMs, startWatch } from '../../src/state/watch-state.js';
import type { TaskHints, TimeRange } from '../../src/wire/facts.js';
import type { Provider } from '../../src/wire/provider.js';

const seconds = (min: number, max = min): TimeRange => ({ minMs: min * 1_000, maxMs: max * 1_000 });
const minutes = (min: number, max: number): TimeRange => seconds(min * 60, max * 60);

describe('the default schedule', () => {
  it('waits up to two minutes before the expected time, and polls within the recommended interval from then on', () => {
    expect(schedulesOf(ark)[0]).toEqual({
      ...{ kind: 'default', pacing: { minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 20_000 } }, queued: seconds(10, 20) },
      running: { beforeEnd: seconds(10, 120), aroundEnd: seconds(10), afterEnd: seconds(10, 20) },
    });
  });

  it('has no phases where the expected time is unknown', () => {
    expect(schedulesOf(ark)[1]).toMatchObject({ kind: 'flex', running: null });
  });

  it('is listed once for each kind of task that has another', () => {
    expect(schedulesOf(kyyaipower).map(({ kind, queued }) => [kind, queued])).toEqual([['default', seconds(30, 60)], ['flex', seconds(60, 120)], ['480p', seconds(10, 20)]]);
    const alike = { ...ark, tierFactors: {} };
    expect(schedulesOf(alike)).toHaveLength(1);
  });

  it('after a failed poll begins with the minimum interval', () => {
    expect(retryWaitsOf(ark)).toEqual(seconds(10, 120));
  });

  it.each(knownProviders.map((provider) => [provider.id, provider] as const))('holds for the watches of %s, by the functions that the client uses', (_, provider) => {
    const [own] = schedulesOf(provider);
    for (const id of ['task-1', 'task-2', 'task-3']) {
      expect(own?.queued).toSatisfy(contains(waitsIn(provider, id, 'queued', {})));
      for (const durationMs of [5_000, 15_000]) {
        const known = { model: 'seedance_2_0', durationMs, resolution: '720p' };
        const { beforeEnd, afterEnd } = own?.running ?? { beforeEnd: own?.queued, afterEnd: own?.queued };
        const all = { minMs: Math.min(beforeEnd?.minMs ?? 0, afterEnd?.minMs ?? 0), maxMs: Math.max(beforeEnd?.maxMs ?? 0, afterEnd?.maxMs ?? 0) };
        expect(all).toSatisfy(contains(waitsIn(provider, id, 'running', known)));
      }
    }
  });
});

const contains = (waits: readonly number[]) => ({ minMs, maxMs }: TimeRange): boolean =>
  waits.length > 5 && waits.every((ms) => ms >= minMs - 500 && ms <= maxMs + 500); // the facts are in whole seconds

/** The waits between the polls of a watch whose task keeps its status for an hour. */
const waitsIn = (provider: Provider, id: string, status: 'queued' | 'running', expected: Partial<TaskHints>): readonly number[] => {
  const config = watchConfig(provider, { expected });
  const task = { provider: provider.id, id };
  const word = Object.keys(provider.statuses).find((one) => provider.statuses[one] === status) ?? '';
  const result = provider.read(task, { status: 200, headers: {}, body: JSON.stringify({ status: word, state: word }) });
  let state = startWatch(task, config, 0);
  const waits: number[] = [];
  for (let nowMs = 0; nowMs < 3_600_000;) {
    state = applyResult(state, result, config, nowMs);
    const wait = nextDelayMs(state, nowMs);
    if (wait === 'done') throw new Error(`${provider.id} ended its watch`);
    waits.push(wait);
    nowMs += wait;
  }
  return waits;
};

describe('the expected times', () => {
  it('have a row for each length or resolution that differs', () => {
    expect(expectedTimesOf(ark).map(({ durationsMs, byTier }) => [durationsMs, byTier])).toEqual([
      [[5_000], { default: seconds(90, 240), flex: null }],
      [[10_000, 15_000], { default: seconds(170, 699), flex: null }],
      [[30_000], { default: seconds(330, 1057), flex: null }],
    ]);
  });

  it('depend on the resolution in series 1.5, and on the length in series 2.0', () => {
    const times = expectedTimesOf(kyyaipower);
    expect(times[0]).toEqual({ series: ['1.5'], resolutions: ['480p'], durationsMs: null, byTier: { default: minutes(0.5, 2), flex: minutes(1, 6) } });
    expect(times[3]).toEqual({ series: ['2.0'], resolutions: null, durationsMs: [5_000], byTier: { default: minutes(1, 3), flex: minutes(2, 9) } });
    expect(times.at(-1)).toEqual({ series: ['other'], resolutions: null, durationsMs: null, byTier: { default: null, flex: null } });
  });

  it('are a single row where nothing makes a difference', () => {
    expect(expectedTimesOf({ ...ark, tierFactors: {}, expectedTimeMs: () => null })).toEqual([{ series: null, resolutions: null, durationsMs: null, byTier: { default: null } }]);
  });
});
