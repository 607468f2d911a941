import fc from 'fast-check';
import { isRight, right } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { parseWatchState } from '../../src/state/stored.js';
import { type WatchConfigOptions, watchConfig, type WatchConfig } from '../../src/state/watch-config.js';
import { applyResult, markSent, nextDelayMs, resumeWatch, shiftWatch, startWatch, timeLeftMs, type WatchState } from '../../src/state/watch-state.js';
import type { Provider } from '../../src/wire/provider.js';
import {
  anyResult,
  anyResponseHeaders,
  anyResults,
  anyBodyText,
  anyClockErrorMs,
  anyHttpStatus,
  anyInstantMs,
  anyPacing,
  anyPendingSnapshot,
  anyPolicy,
  anyRecordText,
  anyStatus,
} from '../support/arbitraries.js';
import { readingOf } from '../support/readings.js';
import { driven, noResponseInTime, withPacing, good, statusesIn, type Step, task, viaJson } from '../support/snapshots.js';

const minute = 60_000;
const hour = 60 * minute;

const anyGiveUpAfterMs = fc.option(fc.integer({ min: 1, max: hour }), { nil: undefined });
const anyDeadline = fc.option(fc.integer({ min: 1, max: 3 * hour }), { nil: undefined });

/** Configurations with the default policies: of ark, of a provider whose interval depends on the task, and of any other interval. */
const defaultRules = fc
  .tuple(fc.oneof(fc.constant(ark), fc.constant(kyyaipower), anyPacing.map(withPacing)), anyGiveUpAfterMs, anyDeadline)
  .map(([provider, giveUpAfterMs, deadlineMs]) => watchConfig(provider, { giveUpAfterMs, deadlineMs }));

/** Configurations with the user's own policies, which may stop. */
const ownRules = fc
  .tuple(anyPacing.map(withPacing), anyPolicy, anyPolicy, anyGiveUpAfterMs, anyDeadline)
  .map(([provider, interval, retry, giveUpAfterMs, deadlineMs]) => watchConfig(provider, { policy: { interval, retry }, giveUpAfterMs, deadlineMs }));

const anyRules: fc.Arbitrary<WatchConfig> = fc.oneof(defaultRules, ownRules);

/** What a counterexample shows of a configuration, which contains functions. */
const shown = ({ provider, hintsOf, deadlineMs, giveUpAfterMs }: WatchConfig): object => ({
  provider: provider.id,
  pacing: provider.pacing(hintsOf(null)),
  deadlineMs,
  giveUpAfterMs,
});

const readable = <A extends { readonly config: WatchConfig }>(run: A, rest: object): A =>
  Object.defineProperty(run, fc.toStringMethod, { value: () => fc.stringify({ ...rest, config: shown(run.config) }) });

const anyLatency = fc.oneof(fc.constant(0), fc.nat({ max: 30_000 }));

/** A run that polls on time: its configuration, its start, and every step. */
const anyRun = fc.tuple(anyRules, anyInstantMs, anyResults, anyLatency).map(([config, nowMs, results, latencyMs]) => {
  const begin = startWatch(task, config, nowMs);
  const steps = driven(begin, results, config, { nowMs, latencyMs });
  return readable({ config, nowMs, begin, results, latencyMs, steps }, { nowMs, results, latencyMs });
});

/** Results that arrive by a clock that jumps. */
const anyJumpyRun = fc
  .tuple(anyRules, anyInstantMs, fc.array(fc.tuple(anyResult, anyClockErrorMs, anyLatency), { maxLength: 30 }))
  .map(([config, nowMs, arrivals]) => {
    const begin = startWatch(task, config, nowMs);
    const steps: Step[] = [];
    let state = begin;
    for (const [result, errorMs, latencyMs] of arrivals) {
      const atMs = state.nextPollAtMs + latencyMs + errorMs;
      state = applyResult(state, result, config, atMs);
      steps.push({ state, atMs });
    }
    return readable({ config, begin, arrivals, steps }, { nowMs, arrivals });
  });

const statesOf = (begin: WatchState, steps: readonly Step[]): readonly WatchState[] => [begin, ...steps.map(({ state }) => state)];

/** Every state of a run with the one after it. */
const pairsIn = (states: readonly WatchState[]): readonly (readonly [WatchState, WatchState])[] =>
  states.slice(1).map((state, index) => [states[index] ?? state, state]);

const minIntervalOf = ({ provider, hintsOf }: WatchConfig, state: WatchState): number => provider.pacing(hintsOf(state.snapshot)).minIntervalMs;

describe('properties of the watch state', () => {
  it('it is plain JSON: parsing its JSON gives the same state', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps }) => {
      for (const state of statesOf(begin, steps)) {
        expect(viaJson(state)).toEqual(state);
        expect(parseWatchState(JSON.stringify(state))).toEqual(state);
      }
    }));
  });

  it('it contains no response body', () => {
    fc.assert(fc.property(anyRules, anyStatus, anyInstantMs, (config, status, nowMs) => {
      const result = good(status, {}, { echoed: 'sk-secret' });
      expect(JSON.stringify(applyResult(startWatch(task, config, nowMs), result, config, nowMs))).not.toContain('sk-secret');
    }));
  });

  it('for any response, parsing the JSON of the state gives the same state', () => {
    const providers = { ark, anyfast, kyyaipower, powertokens, xingchao, yescale };
    const anyProvider = fc.constantFrom('ark', 'anyfast', 'kyyaipower', 'powertokens', 'xingchao', 'yescale');
    const anyResponse = fc.record({ status: anyHttpStatus, headers: anyResponseHeaders, body: fc.oneof(anyRecordText, anyBodyText) });
    fc.assert(fc.property(anyProvider, fc.array(anyResponse, { maxLength: 5 }), anyInstantMs, (id, responses, nowMs) => {
      const provider: Provider = providers[id];
      const config = watchConfig(provider);
      const begin = startWatch({ provider: provider.id, id: '1' }, config, nowMs);
      const results = responses.map((response) => provider.read(begin.task, response));
      for (const { state } of driven(begin, results, config, { nowMs })) expect(parseWatchState(JSON.stringify(state))).toEqual(state);
    }));
  });

  it('the same state, result and time give the same state', () => {
    fc.assert(fc.property(anyRun, anyResult, ({ config, begin, steps, nowMs }, result) => {
      const { state, atMs } = steps.at(-1) ?? { state: begin, atMs: nowMs };
      expect(applyResult(state, result, config, atMs)).toEqual(applyResult(parseWatchState(viaJson(state)), result, config, atMs));
    }));
  });

  it('saved and restored at once at any step, it behaves as if it had never stopped', () => {
    fc.assert(fc.property(anyRun, fc.nat(), ({ config, begin, steps, results, nowMs, latencyMs }, cut) => {
      const at = cut % (steps.length + 1);
      const { state: saved, atMs } = steps[at - 1] ?? { state: begin, atMs: nowMs };
      const restored = resumeWatch(parseWatchState(JSON.stringify(saved)), config, atMs);
      if (saved.ended !== null && saved.ended !== 'terminal') return; // a watch that ended in an error restarts: another property
      // Except for a request in flight at its deadline: after a restart one more result counts.
      expect(driven({ ...restored, pollsBeforeDeadline: 0 }, results.slice(at), config, { nowMs: atMs, latencyMs })).toEqual(steps.slice(at));
    }));
  });

  it('saved and restored later at any step, it makes the same transitions and ends in the same way at the same deadline', () => {
    const anyOptions: fc.Arbitrary<WatchConfigOptions> = fc.record({ giveUpAfterMs: anyGiveUpAfterMs, deadlineMs: fc.constant(10_000 * hour) });
    fc.assert(fc.property(
      anyOptions, anyPacing, anyInstantMs, anyResults, anyLatency, fc.nat(), fc.nat({ max: 100 * hour }),
      (options, pacing, nowMs, results, latencyMs, cut, pauseMs) => {
        const config = watchConfig(withPacing(pacing), options);
        const begin = startWatch(task, config, nowMs);
        const unbroken = driven(begin, results, config, { nowMs, latencyMs });
        const at = cut % (unbroken.length + 1);
        const { state: saved, atMs } = unbroken[at - 1] ?? { state: begin, atMs: nowMs };
        if (saved.ended !== null && saved.ended !== 'terminal') return; // as above
        const restored = resumeWatch(parseWatchState(JSON.stringify(saved)), config, atMs + pauseMs);
        const rest = driven(restored, results.slice(at), config, { nowMs: atMs + pauseMs, latencyMs });
        const tail = unbroken.slice(at);
        expect(rest).toHaveLength(tail.length);
        expect(statusesIn(saved, rest.map(({ state }) => state))).toEqual(statusesIn(saved, tail.map(({ state }) => state)));
        for (const [index, { state }] of rest.entries()) {
          const { ended, deadlineAtMs, polls, failureCount, snapshot: known } = tail[index]?.state ?? saved;
          expect(state).toMatchObject({ ended, deadlineAtMs, polls, failureCount });
          expect(state.snapshot).toEqual(known);
        }
      },
    ));
  });

  it('restoring twice is the same as restoring once', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.nat({ max: 100 * hour }), ({ config, begin, steps }, cut, pauseMs) => {
      const states = statesOf(begin, steps);
      const saved = states[cut % states.length] ?? begin;
      const nowMs = saved.nextPollAtMs + pauseMs;
      const once = resumeWatch(saved, config, nowMs);
      const twice = resumeWatch(once, config, nowMs);
      expect({ ...twice, nextPollAtMs: null }).toEqual({ ...once, nextPollAtMs: null });
      expect(nextDelayMs(twice, nowMs)).toBe(nextDelayMs(once, nowMs));
    }));
  });

  it('restored at any time, it waits no longer than before, even if the clock is set back afterwards', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.nat({ max: 100 * hour }), fc.nat({ max: 100 * hour }), ({ config, begin, steps, nowMs }, cut, pauseMs, backMs) => {
      const states = [{ state: begin, atMs: nowMs }, ...steps];
      const { state: saved, atMs } = states[cut % states.length] ?? { state: begin, atMs: nowMs };
      const wait = nextDelayMs(resumeWatch(saved, config, atMs + pauseMs), atMs + pauseMs - backMs);
      if (wait !== 'done') expect(wait).toBeLessThanOrEqual(saved.nextPollAtMs - atMs);
    }));
  });

  it('restored with a request in flight, it polls at the minimum interval after that request at the earliest, and no later than necessary', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.nat({ max: hour }), fc.nat({ max: hour }), fc.nat({ max: 100 * hour }), ({ config, begin, steps }, cut, lateMs, pauseMs, backMs) => {
      const states = statesOf(begin, steps);
      const saved = states[cut % states.length] ?? begin;
      if (saved.ended !== null) return;
      const sentAtMs = saved.nextPollAtMs + lateMs;
      const sent = parseWatchState(JSON.stringify(markSent(saved, sentAtMs)));
      const { minIntervalMs } = config.provider.pacing(config.hintsOf(saved.snapshot));
      const nowMs = sentAtMs + pauseMs;
      const restored = resumeWatch(sent, config, nowMs);
      // It may have been sent up to 10 s after its mark.
      const leftByMs = Math.min(nowMs, sentAtMs + 10_000);
      expect(restored.nextPollAtMs).toBe(Math.max(leftByMs + minIntervalMs, nowMs));
      expect(nextDelayMs(restored, nowMs)).toBe(Math.max(0, leftByMs + minIntervalMs - nowMs));
      // After a clock set back it waits one minimum interval at most.
      const early = sentAtMs - backMs;
      expect(nextDelayMs(resumeWatch(sent, config, early), early)).toBeLessThanOrEqual(Math.max(minIntervalMs, saved.nextPollAtMs - early));
    }));
  });

  it('a mark of a sent request does not change the state after its result', () => {
    fc.assert(fc.property(anyRun, anyResult, fc.nat({ max: hour }), ({ config, begin, steps }, result, earlyMs) => {
      for (const state of statesOf(begin, steps)) {
        if (state.ended !== null) return;
        const sentAtMs = state.nextPollAtMs - earlyMs;
        const responded = applyResult(markSent(state, sentAtMs), result, config, sentAtMs + 1);
        expect(responded).toEqual(applyResult(state, result, config, sentAtMs + 1));
        expect(responded.sentAtMs).toBeNull();
      }
    }));
  });

  it('a request sent late does not make its failures last longer than one sent when due', () => {
    fc.assert(fc.property(anyRun, anyResult, fc.nat({ max: 10 * hour }), ({ config, begin, steps }, result, lateMs) => {
      for (const state of statesOf(begin, steps)) {
        if (state.ended !== null) return;
        const [dueAtMs, lateAtMs] = [state.nextPollAtMs, state.nextPollAtMs + lateMs];
        const [onTime, late] = [dueAtMs, lateAtMs].map((atMs) => applyResult(markSent(state, atMs), result, config, atMs)) as [WatchState, WatchState];
        expect(late.failingSinceMs && lateAtMs - late.failingSinceMs).toBe(onTime.failingSinceMs && dueAtMs - onTime.failingSinceMs);
        expect(late.lastError && lateAtMs - late.lastError.sinceMs).toBe(onTime.lastError && dueAtMs - onTime.lastError.sinceMs);
        expect(late.polls).toBe(onTime.polls);
      }
    }));
  });

  it('restored at any time, its failures do not begin in the future', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.array(fc.nat({ max: 10 * hour }), { maxLength: 4 }), ({ config, begin, steps, nowMs }, cut, pauses) => {
      const states = [{ state: begin, atMs: nowMs }, ...steps];
      let { state, atMs } = states[cut % states.length] ?? { state: begin, atMs: nowMs };
      for (const pauseMs of pauses) {
        atMs += pauseMs;
        state = resumeWatch(state, config, atMs);
        expect(state.failingSinceMs ?? -Infinity).toBeLessThanOrEqual(atMs);
        expect(state.lastError?.sinceMs ?? -Infinity).toBeLessThanOrEqual(atMs);
      }
    }));
  });

  it('a failed poll never changes what is known of the task', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps, arrivals }) => {
      for (const [index, [before, after]] of pairsIn(statesOf(begin, steps)).entries()) {
        const result = arrivals[index]?.[0];
        if (result !== undefined && isRight(result)) continue;
        expect(after.snapshot).toBe(before.snapshot);
        expect(after.previousStatus).toBe(before.previousStatus);
        if (after.ended === null) expect([after.progress, after.estimated]).toEqual([before.progress, before.estimated]);
      }
    }));
  });

  it('the snapshot is that of the latest good response', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps, arrivals }) => {
      for (const [index, [before, after]] of pairsIn(statesOf(begin, steps)).entries()) {
        const result = arrivals[index]?.[0];
        if (result === undefined || !isRight(result) || before.ended !== null) continue;
        const stored = result.right.snapshot;
        expect(after.snapshot).toEqual(stored);
        expect(after).toMatchObject({ lastError: null, failureCount: 0 });
      }
    }));
  });

  it('a given deadline never moves; any other is between 2 h and 75 h after the first good response', () => {
    fc.assert(fc.property(anyJumpyRun, ({ config, begin, steps }) => {
      for (const state of statesOf(begin, steps)) {
        expect(state.deadlineKind === 'given').toBe(config.deadlineMs !== null);
        expect(state.deadlineAtMs === null).toBe(config.deadlineMs === null && state.snapshot === null);
        if (state.deadlineKind === 'given') expect(state.deadlineAtMs).toBe(begin.startedAtMs + (config.deadlineMs ?? 0));
        else if (state.firstSeenAtMs !== null) {
          expect((state.deadlineAtMs ?? 0) - state.firstSeenAtMs).toBeGreaterThanOrEqual(2 * hour);
          expect((state.deadlineAtMs ?? 0) - state.firstSeenAtMs).toBeLessThanOrEqual(75 * hour);
        }
      }
    }));
  });

  it('a clock jump alone never ends a watch, and a watch polls at most once after a given deadline', () => {
    const year = 365 * 24 * hour;
    const anyEvent = fc.oneof(
      fc.record({ kind: fc.constant('result' as const), result: anyResult, latencyMs: anyLatency }),
      fc.record({ kind: fc.constant('jump' as const), ms: fc.oneof(fc.integer({ min: -12 * hour, max: 12 * hour }), fc.constantFrom(-year, year, 50 * year)) }),
      fc.record({ kind: fc.constant('restart' as const), downMs: fc.oneof(fc.nat({ max: hour }), fc.nat({ max: 400 * hour })) }),
    );
    const anyOptions = fc.record({ deadlineMs: anyDeadline, giveUpAfterMs: fc.constant(10_000 * year) });
    fc.assert(fc.property(anyOptions, anyInstantMs, fc.array(anyEvent, { maxLength: 30 }), (options, startMs, events) => {
      const config = watchConfig(ark, options);
      let nowMs = startMs + 60 * year;
      let state = startWatch(task, config, nowMs);
      let livedMs = 0;
      let latePolls = 0;
      let isWarned = false;
      for (const event of events) {
        if (state.ended !== null) break;
        if (event.kind === 'jump') {
          nowMs += event.ms;
          state = shiftWatch(state, event.ms);
          isWarned = true;
        } else if (event.kind === 'restart') {
          nowMs += event.downMs;
          state = resumeWatch(parseWatchState(JSON.stringify(state)), config, nowMs);
          isWarned = true;
        } else {
          const wait = nextDelayMs(state, nowMs);
          if (wait === 'done') break;
          nowMs += wait;
          livedMs += wait;
          const left = timeLeftMs(state, nowMs);
          if (left <= 0) {
            // The deadline ends the watch without a poll: never right after a jump or a restart, nor too early.
            expect(isWarned).toBe(false);
            if (state.deadlineKind !== 'given') expect(livedMs).toBeGreaterThanOrEqual(2 * hour - hour);
            state = applyResult(state, noResponseInTime, config, nowMs);
            expect(state.ended === 'timeout' || state.ended === 'terminal').toBe(true);
            break;
          }
          latePolls = state.deadlineKind === 'given' && nowMs >= (state.deadlineAtMs ?? Infinity) ? latePolls + 1 : 0;
          expect(latePolls).toBeLessThanOrEqual(1);
          state = markSent(state, nowMs);
          nowMs += event.latencyMs;
          livedMs += event.latencyMs;
          state = applyResult(state, event.result, config, nowMs);
          isWarned = false;
        }
        if (event.kind !== 'result') latePolls = 0;
      }
    }));
  });

  it('it counts every poll, and the consecutive failures', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps, arrivals }) => {
      for (const [index, [before, after]] of pairsIn(statesOf(begin, steps)).entries()) {
        if (before.ended !== null) continue;
        const result = arrivals[index]?.[0];
        expect(after.polls).toBe(before.polls + 1);
        expect(after.failureCount).toBe(result !== undefined && isRight(result) ? 0 : before.failureCount + 1);
        expect(after.lastError?.sameFailureCount ?? 0).toBeLessThanOrEqual(after.failureCount);
        expect(after.lastError === null).toBe(after.failureCount === 0);
      }
    }));
  });

  it('its progress never decreases, is below 1 until the task finishes, and 1 then', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps }) => {
      for (const [before, after] of pairsIn(statesOf(begin, steps))) {
        expect(after.progress).toBeGreaterThanOrEqual(before.progress);
        if (after.ended === 'terminal') expect([after.progress, after.estimated]).toEqual([1, false]);
        else expect(after.progress).toBeLessThan(1);
      }
    }));
  });

  it('no poll follows after the end', () => {
    fc.assert(fc.property(anyJumpyRun, anyResult, anyInstantMs, ({ config, begin, steps }, result, nowMs) => {
      for (const state of statesOf(begin, steps)) {
        if (state.ended === null) continue;
        expect(applyResult(state, result, config, nowMs)).toBe(state);
        expect(nextDelayMs(state, nowMs)).toBe('done');
      }
    }));
  });

  it('it ends as terminal exactly when the task has finished', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps }) => {
      for (const { ended, snapshot: known } of statesOf(begin, steps)) {
        const isOver = ['succeeded', 'failed', 'cancelled', 'expired'].includes(known?.status ?? 'none');
        expect(ended === 'terminal').toBe(isOver);
      }
    }));
  });

  it('the next poll is due at the minimum interval after the result at the earliest, for any policy', () => {
    fc.assert(fc.property(anyJumpyRun, ({ config, begin, steps }) => {
      for (const [before, { state, atMs }] of steps.map((step, index) => [steps[index - 1]?.state ?? begin, step] as const)) {
        if (before.ended === null) expect(state.nextPollAtMs).toBeGreaterThanOrEqual(atMs + minIntervalOf(config, state));
      }
    }));
  });

  it('a watch with the default policies waits between 0 and the larger of 10 minutes and its own interval, at any time', () => {
    fc.assert(fc.property(defaultRules, anyInstantMs, fc.array(fc.tuple(anyResult, anyClockErrorMs)), anyInstantMs, (config, nowMs, arrivals, anyNowMs) => {
      let state = startWatch(task, config, nowMs);
      for (const [result, errorMs] of arrivals) {
        const atMs = state.nextPollAtMs + errorMs;
        state = applyResult(state, result, config, atMs);
        const { recommended: { maxMs }, minIntervalMs } = config.provider.pacing(config.hintsOf(state.snapshot));
        const longest = Math.max(10 * minute, maxMs, minIntervalMs);
        for (const at of [atMs, anyNowMs, atMs - 8 * hour, atMs + 8 * hour, 0, -anyNowMs]) {
          const wait = nextDelayMs(state, at);
          if (state.ended !== null) expect(wait).toBe('done');
          else expect(wait).toSatisfy((ms: number) => ms >= 0 && ms <= longest);
        }
      }
    }));
  });

  it('no wait ends after the deadline', () => {
    fc.assert(fc.property(anyRun, ({ begin, steps, nowMs }) => {
      for (const { state, atMs } of [{ state: begin, atMs: nowMs }, ...steps]) {
        const wait = nextDelayMs(state, atMs);
        if (wait === 'done' || state.deadlineAtMs === null) continue;
        expect(atMs + wait).toBeLessThanOrEqual(Math.max(state.deadlineAtMs, atMs));
      }
    }));
  });

  it('a task that never finishes is polled a last time within the minimum interval before its deadline, and then times out', () => {
    const anyLength = fc.integer({ min: 1, max: 2 * hour });
    fc.assert(fc.property(anyPacing, anyPendingSnapshot, anyLength, anyInstantMs, (pacing, pending, deadlineMs, nowMs) => {
      const config = watchConfig(withPacing({ ...pacing, minIntervalMs: pacing.minIntervalMs + 5_000, recommended: { minMs: pacing.recommended.minMs + 5_000, maxMs: pacing.recommended.maxMs + 5_000 } }), { deadlineMs });
      const results = Array.from({ length: 1 + Math.ceil(deadlineMs / 5_000) }, () => right(readingOf(pending)));
      const steps = driven(startWatch(task, config, nowMs), results, config, { nowMs });
      const end = steps.at(-1);
      expect(end?.state.ended).toBe('timeout');
      expect(end?.atMs).toBe(nowMs + deadlineMs);
      const lastGood = steps.findLast(({ state }) => state.lastError === null);
      expect(nowMs + deadlineMs - (lastGood?.atMs ?? 0)).toBeLessThanOrEqual(pacing.minIntervalMs + 5_000);
    }));
  });

  it('a watch whose polls always fail gives up: after at least five polls, unless refused, and soon after giveUpAfterMs', () => {
    fc.assert(fc.property(anyPacing, anyInstantMs, fc.integer({ min: 1, max: hour }), (pacing, nowMs, giveUpAfterMs) => {
      const config = watchConfig(withPacing(pacing), { giveUpAfterMs });
      const results = Array.from({ length: 100 }, () => noResponseInTime);
      const steps = driven(startWatch(task, config, nowMs), results, config, { nowMs });
      const end = steps.at(-1);
      expect(end?.state.ended).toBe('timeout');
      expect(steps.length).toBeGreaterThanOrEqual(5);
      const longestWaitMs = Math.max(2 * minute, pacing.minIntervalMs);
      expect((end?.atMs ?? Infinity) - nowMs).toBeLessThan(Math.max(giveUpAfterMs + longestWaitMs, 5 * longestWaitMs));
      if (steps.length > 5) expect((steps.at(-2)?.atMs ?? Infinity) - nowMs).toBeLessThan(giveUpAfterMs);
    }));
  });

  it('no error, snapshot or time makes the default policies throw', () => {
    const anyTime = fc.oneof(anyInstantMs, fc.integer(), fc.constantFrom(0, -1, 8.64e15, -8.64e15, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER));
    fc.assert(fc.property(defaultRules, anyTime, fc.array(fc.tuple(anyResult, anyTime)), (config, nowMs, arrivals) => {
      let state = startWatch(task, config, nowMs);
      for (const [result, atMs] of arrivals) {
        state = applyResult(resumeWatch(state, config, atMs), result, config, atMs);
        expect(nextDelayMs(state, nowMs)).toSatisfy((wait: unknown) => wait === 'done' || (Number.isFinite(wait) && Number(wait) >= 0));
      }
    }));
  });

  it('a policy never gets an index or a time below 0, or a jitter outside 0 ≤ jitter < 1', () => {
    fc.assert(fc.property(anyInstantMs, fc.array(fc.tuple(anyResult, anyClockErrorMs, anyClockErrorMs)), (nowMs, arrivals) => {
      const shown: number[] = [];
      const policy = ({ index, elapsedMs, jitter }: { index: number; elapsedMs: number; jitter: number }): number => {
        shown.push(index, elapsedMs, jitter, 1 - jitter);
        return 0;
      };
      const config = watchConfig(ark, { policy: { interval: policy, retry: policy } });
      let state = startWatch(task, config, nowMs);
      for (const [result, pauseMs, errorMs] of arrivals) {
        state = resumeWatch(state, config, state.nextPollAtMs + pauseMs);
        state = applyResult(state, result, config, state.nextPollAtMs + pauseMs + errorMs);
      }
      expect(shown.filter((value) => !(value >= 0 && value < Infinity))).toEqual([]);
    }));
  });
});
