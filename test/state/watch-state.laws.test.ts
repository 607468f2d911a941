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
  anyAnswer,
  anyAnswerHeaders,
  anyAnswers,
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
import { driven, noAnswerInTime, paced, good, statusesIn, type Step, task, viaJson } from '../support/snapshots.js';

const minute = 60_000;
const hour = 60 * minute;

const anyPatience = fc.option(fc.integer({ min: 1, max: hour }), { nil: undefined });
const anyDeadline = fc.option(fc.integer({ min: 1, max: 3 * hour }), { nil: undefined });

/** Rules with the default policies: of the origin, of a provider whose pace depends on the task, and of any other pace. */
const defaultRules = fc
  .tuple(fc.oneof(fc.constant(ark), fc.constant(kyyaipower), anyPacing.map(paced)), anyPatience, anyDeadline)
  .map(([provider, giveUpAfterMs, deadlineMs]) => watchConfig(provider, { giveUpAfterMs, deadlineMs }));

/** Rules with the user's own policies, which may stop. */
const ownRules = fc
  .tuple(anyPacing.map(paced), anyPolicy, anyPolicy, anyPatience, anyDeadline)
  .map(([provider, interval, retry, giveUpAfterMs, deadlineMs]) => watchConfig(provider, { policy: { interval, retry }, giveUpAfterMs, deadlineMs }));

const anyRules: fc.Arbitrary<WatchConfig> = fc.oneof(defaultRules, ownRules);

/** What a counterexample shows of rules: they hold functions. */
const shown = ({ provider, hintsOf, deadlineMs, giveUpAfterMs }: WatchConfig): object => ({
  provider: provider.id,
  pacing: provider.pacing(hintsOf(null)),
  deadlineMs,
  giveUpAfterMs,
});

const readable = <A extends { readonly rules: WatchConfig }>(run: A, rest: object): A =>
  Object.defineProperty(run, fc.toStringMethod, { value: () => fc.stringify({ ...rest, rules: shown(run.rules) }) });

const anyLatency = fc.oneof(fc.constant(0), fc.nat({ max: 30_000 }));

/** A run that asks on time: its rules, its beginning, and every step of it. */
const anyRun = fc.tuple(anyRules, anyInstantMs, anyAnswers, anyLatency).map(([rules, nowMs, answers, latencyMs]) => {
  const begin = startWatch(task, rules, nowMs);
  const steps = driven(begin, answers, rules, { nowMs, latencyMs });
  return readable({ rules, nowMs, begin, answers, latencyMs, steps }, { nowMs, answers, latencyMs });
});

/** Answers that come whenever a clock that jumps says so. */
const anyJumpyRun = fc
  .tuple(anyRules, anyInstantMs, fc.array(fc.tuple(anyAnswer, anyClockErrorMs, anyLatency), { maxLength: 30 }))
  .map(([rules, nowMs, arrivals]) => {
    const begin = startWatch(task, rules, nowMs);
    const steps: Step[] = [];
    let state = begin;
    for (const [answer, errorMs, latencyMs] of arrivals) {
      const atMs = state.nextPollAtMs + latencyMs + errorMs;
      state = applyResult(state, answer, rules, atMs);
      steps.push({ state, atMs });
    }
    return readable({ rules, begin, arrivals, steps }, { nowMs, arrivals });
  });

const statesOf = (begin: WatchState, steps: readonly Step[]): readonly WatchState[] => [begin, ...steps.map(({ state }) => state)];

/** Every state of a run with the one after it. */
const pairsIn = (states: readonly WatchState[]): readonly (readonly [WatchState, WatchState])[] =>
  states.slice(1).map((state, index) => [states[index] ?? state, state]);

const floorOf = ({ provider, hintsOf }: WatchConfig, state: WatchState): number => provider.pacing(hintsOf(state.snapshot)).minIntervalMs;

describe('laws of the watch state', () => {
  it('it is plain JSON: it comes back from a text as it was, and is read as it was', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps }) => {
      for (const state of statesOf(begin, steps)) {
        expect(viaJson(state)).toEqual(state);
        expect(parseWatchState(JSON.stringify(state))).toEqual(state);
      }
    }));
  });

  it('it holds no body of an answer', () => {
    fc.assert(fc.property(anyRules, anyStatus, anyInstantMs, (rules, status, nowMs) => {
      const answer = good(status, {}, { echoed: 'sk-secret' });
      expect(JSON.stringify(applyResult(startWatch(task, rules, nowMs), answer, rules, nowMs))).not.toContain('sk-secret');
    }));
  });

  it('whatever a provider answers, the state is read back from its text as it was', () => {
    const providers = { ark, anyfast, kyyaipower, powertokens, xingchao, yescale };
    const anyProvider = fc.constantFrom('ark', 'anyfast', 'kyyaipower', 'powertokens', 'xingchao', 'yescale');
    const anyResponse = fc.record({ status: anyHttpStatus, headers: anyAnswerHeaders, body: fc.oneof(anyRecordText, anyBodyText) });
    fc.assert(fc.property(anyProvider, fc.array(anyResponse, { maxLength: 5 }), anyInstantMs, (id, responses, nowMs) => {
      const provider: Provider = providers[id];
      const rules = watchConfig(provider);
      const begin = startWatch({ provider: provider.id, id: '1' }, rules, nowMs);
      const answers = responses.map((response) => provider.read(begin.task, response));
      for (const { state } of driven(begin, answers, rules, { nowMs })) expect(parseWatchState(JSON.stringify(state))).toEqual(state);
    }));
  });

  it('the same state, answer and time give the same state', () => {
    fc.assert(fc.property(anyRun, anyAnswer, ({ rules, begin, steps, nowMs }, answer) => {
      const { state, atMs } = steps.at(-1) ?? { state: begin, atMs: nowMs };
      expect(applyResult(state, answer, rules, atMs)).toEqual(applyResult(parseWatchState(viaJson(state)), answer, rules, atMs));
    }));
  });

  it('saved and restored at once at any step, it goes on as if nothing had been', () => {
    fc.assert(fc.property(anyRun, fc.nat(), ({ rules, begin, steps, answers, nowMs, latencyMs }, cut) => {
      const at = cut % (steps.length + 1);
      const { state: saved, atMs } = steps[at - 1] ?? { state: begin, atMs: nowMs };
      const restored = resumeWatch(parseWatchState(JSON.stringify(saved)), rules, atMs);
      if (saved.ended !== null && saved.ended !== 'terminal') return; // a lost watch begins anew: another law
      // But for a request that is under way at its deadline: after a restart one more result counts.
      expect(driven({ ...restored, pollsBeforeDeadline: 0 }, answers.slice(at), rules, { nowMs: atMs, latencyMs })).toEqual(steps.slice(at));
    }));
  });

  it('saved and restored later at any step, it makes the same transitions and comes to the same end at the same deadline', () => {
    const anyOptions: fc.Arbitrary<WatchConfigOptions> = fc.record({ giveUpAfterMs: anyPatience, deadlineMs: fc.constant(10_000 * hour) });
    fc.assert(fc.property(
      anyOptions, anyPacing, anyInstantMs, anyAnswers, anyLatency, fc.nat(), fc.nat({ max: 100 * hour }),
      (options, pacing, nowMs, answers, latencyMs, cut, pauseMs) => {
        const rules = watchConfig(paced(pacing), options);
        const begin = startWatch(task, rules, nowMs);
        const unbroken = driven(begin, answers, rules, { nowMs, latencyMs });
        const at = cut % (unbroken.length + 1);
        const { state: saved, atMs } = unbroken[at - 1] ?? { state: begin, atMs: nowMs };
        if (saved.ended !== null && saved.ended !== 'terminal') return; // as above
        const restored = resumeWatch(parseWatchState(JSON.stringify(saved)), rules, atMs + pauseMs);
        const rest = driven(restored, answers.slice(at), rules, { nowMs: atMs + pauseMs, latencyMs });
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

  it('restored twice it is as restored once', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.nat({ max: 100 * hour }), ({ rules, begin, steps }, cut, pauseMs) => {
      const states = statesOf(begin, steps);
      const saved = states[cut % states.length] ?? begin;
      const nowMs = saved.nextPollAtMs + pauseMs;
      const once = resumeWatch(saved, rules, nowMs);
      const twice = resumeWatch(once, rules, nowMs);
      expect({ ...twice, nextPollAtMs: null }).toEqual({ ...once, nextPollAtMs: null });
      expect(nextDelayMs(twice, nowMs)).toBe(nextDelayMs(once, nowMs));
    }));
  });

  it('restored at any time, it waits no longer than it would have waited, however far the clock goes back then', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.nat({ max: 100 * hour }), fc.nat({ max: 100 * hour }), ({ rules, begin, steps, nowMs }, cut, pauseMs, backMs) => {
      const states = [{ state: begin, atMs: nowMs }, ...steps];
      const { state: saved, atMs } = states[cut % states.length] ?? { state: begin, atMs: nowMs };
      const wait = nextDelayMs(resumeWatch(saved, rules, atMs + pauseMs), atMs + pauseMs - backMs);
      if (wait !== 'done') expect(wait).toBeLessThanOrEqual(saved.nextPollAtMs - atMs);
    }));
  });

  it('restored while a question is under way, it asks no earlier than the floor after it, and then not later than it must', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.nat({ max: hour }), fc.nat({ max: hour }), fc.nat({ max: 100 * hour }), ({ rules, begin, steps }, cut, lateMs, pauseMs, backMs) => {
      const states = statesOf(begin, steps);
      const saved = states[cut % states.length] ?? begin;
      if (saved.ended !== null) return;
      const sentAtMs = saved.nextPollAtMs + lateMs;
      const asked = parseWatchState(JSON.stringify(markSent(saved, sentAtMs)));
      const { minIntervalMs } = rules.provider.pacing(rules.hintsOf(saved.snapshot));
      const nowMs = sentAtMs + pauseMs;
      const restored = resumeWatch(asked, rules, nowMs);
      // It may have left up to 10 s after its mark.
      const leftByMs = Math.min(nowMs, sentAtMs + 10_000);
      expect(restored.nextPollAtMs).toBe(Math.max(leftByMs + minIntervalMs, nowMs));
      expect(nextDelayMs(restored, nowMs)).toBe(Math.max(0, leftByMs + minIntervalMs - nowMs));
      // A clock that went back makes it wait one floor, not all of the way.
      const early = sentAtMs - backMs;
      expect(nextDelayMs(resumeWatch(asked, rules, early), early)).toBeLessThanOrEqual(Math.max(minIntervalMs, saved.nextPollAtMs - early));
    }));
  });

  it('that a question was under way changes nothing of what its answer makes of the state', () => {
    fc.assert(fc.property(anyRun, anyAnswer, fc.nat({ max: hour }), ({ rules, begin, steps }, answer, earlyMs) => {
      for (const state of statesOf(begin, steps)) {
        if (state.ended !== null) return;
        const sentAtMs = state.nextPollAtMs - earlyMs;
        const answered = applyResult(markSent(state, sentAtMs), answer, rules, sentAtMs + 1);
        expect(answered).toEqual(applyResult(state, answer, rules, sentAtMs + 1));
        expect(answered.sentAtMs).toBeNull();
      }
    }));
  });

  it('however late a question leaves, its troubles have lasted as long as if it had left when it was due', () => {
    fc.assert(fc.property(anyRun, anyAnswer, fc.nat({ max: 10 * hour }), ({ rules, begin, steps }, answer, lateMs) => {
      for (const state of statesOf(begin, steps)) {
        if (state.ended !== null) return;
        const [dueAtMs, lateAtMs] = [state.nextPollAtMs, state.nextPollAtMs + lateMs];
        const [onTime, late] = [dueAtMs, lateAtMs].map((atMs) => applyResult(markSent(state, atMs), answer, rules, atMs)) as [WatchState, WatchState];
        expect(late.failingSinceMs && lateAtMs - late.failingSinceMs).toBe(onTime.failingSinceMs && dueAtMs - onTime.failingSinceMs);
        expect(late.lastError && lateAtMs - late.lastError.sinceMs).toBe(onTime.lastError && dueAtMs - onTime.lastError.sinceMs);
        expect(late.polls).toBe(onTime.polls);
      }
    }));
  });

  it('restored at any time, its troubles began no later than now', () => {
    fc.assert(fc.property(anyRun, fc.nat(), fc.array(fc.nat({ max: 10 * hour }), { maxLength: 4 }), ({ rules, begin, steps, nowMs }, cut, pauses) => {
      const states = [{ state: begin, atMs: nowMs }, ...steps];
      let { state, atMs } = states[cut % states.length] ?? { state: begin, atMs: nowMs };
      for (const pauseMs of pauses) {
        atMs += pauseMs;
        state = resumeWatch(state, rules, atMs);
        expect(state.failingSinceMs ?? -Infinity).toBeLessThanOrEqual(atMs);
        expect(state.lastError?.sinceMs ?? -Infinity).toBeLessThanOrEqual(atMs);
      }
    }));
  });

  it('a failed question never changes what is known of the task', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps, arrivals }) => {
      for (const [index, [before, after]] of pairsIn(statesOf(begin, steps)).entries()) {
        const answer = arrivals[index]?.[0];
        if (answer !== undefined && isRight(answer)) continue;
        expect(after.snapshot).toBe(before.snapshot);
        expect([after.progress, after.estimated, after.previousStatus]).toEqual([before.progress, before.estimated, before.previousStatus]);
      }
    }));
  });

  it('the latest good answer is what is known of the task', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps, arrivals }) => {
      for (const [index, [before, after]] of pairsIn(statesOf(begin, steps)).entries()) {
        const answer = arrivals[index]?.[0];
        if (answer === undefined || !isRight(answer) || before.ended !== null) continue;
        const stored = answer.right.snapshot;
        expect(after.snapshot).toEqual(stored);
        expect(after).toMatchObject({ lastError: null, failureCount: 0 });
      }
    }));
  });

  it('a deadline that is given never moves; any other lies between 2 h and 75 h after the first good response', () => {
    fc.assert(fc.property(anyJumpyRun, ({ rules, begin, steps }) => {
      for (const state of statesOf(begin, steps)) {
        expect(state.deadlineKind === 'given').toBe(rules.deadlineMs !== null);
        expect(state.deadlineAtMs === null).toBe(rules.deadlineMs === null && state.snapshot === null);
        if (state.deadlineKind === 'given') expect(state.deadlineAtMs).toBe(begin.startedAtMs + (rules.deadlineMs ?? 0));
        else if (state.firstSeenAtMs !== null) {
          expect((state.deadlineAtMs ?? 0) - state.firstSeenAtMs).toBeGreaterThanOrEqual(2 * hour);
          expect((state.deadlineAtMs ?? 0) - state.firstSeenAtMs).toBeLessThanOrEqual(75 * hour);
        }
      }
    }));
  });

  it('no watch ends on the clock’s word alone, and none polls more than once after a given deadline', () => {
    const year = 365 * 24 * hour;
    const anyEvent = fc.oneof(
      fc.record({ kind: fc.constant('result' as const), result: anyAnswer, latencyMs: anyLatency }),
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
            // The deadline ends the watch without a poll: never right after a jump or a restart, nor before it has come.
            expect(isWarned).toBe(false);
            if (state.deadlineKind !== 'given') expect(livedMs).toBeGreaterThanOrEqual(2 * hour - hour);
            state = applyResult(state, noAnswerInTime, config, nowMs);
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

  it('it counts every ask, and the failures in a row', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps, arrivals }) => {
      for (const [index, [before, after]] of pairsIn(statesOf(begin, steps)).entries()) {
        if (before.ended !== null) continue;
        const answer = arrivals[index]?.[0];
        expect(after.polls).toBe(before.polls + 1);
        expect(after.failureCount).toBe(answer !== undefined && isRight(answer) ? 0 : before.failureCount + 1);
        expect(after.lastError?.sameFailureCount ?? 0).toBeLessThanOrEqual(after.failureCount);
        expect(after.lastError === null).toBe(after.failureCount === 0);
      }
    }));
  });

  it('its progress never goes back, is below 1 while the task goes on, and 1 at its end', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps }) => {
      for (const [before, after] of pairsIn(statesOf(begin, steps))) {
        expect(after.progress).toBeGreaterThanOrEqual(before.progress);
        if (after.ended === 'terminal') expect([after.progress, after.estimated]).toEqual([1, false]);
        else expect(after.progress).toBeLessThan(1);
      }
    }));
  });

  it('nothing is asked after an end', () => {
    fc.assert(fc.property(anyJumpyRun, anyAnswer, anyInstantMs, ({ rules, begin, steps }, answer, nowMs) => {
      for (const state of statesOf(begin, steps)) {
        if (state.ended === null) continue;
        expect(applyResult(state, answer, rules, nowMs)).toBe(state);
        expect(nextDelayMs(state, nowMs)).toBe('done');
      }
    }));
  });

  it('it ends as terminal exactly when the task has ended', () => {
    fc.assert(fc.property(anyJumpyRun, ({ begin, steps }) => {
      for (const { ended, snapshot: known } of statesOf(begin, steps)) {
        const isOver = ['succeeded', 'failed', 'cancelled', 'expired'].includes(known?.status ?? 'none');
        expect(ended === 'terminal').toBe(isOver);
      }
    }));
  });

  it('the next ask leaves no earlier than the floor after the answer, whatever the policy', () => {
    fc.assert(fc.property(anyJumpyRun, ({ rules, begin, steps }) => {
      for (const [before, { state, atMs }] of steps.map((step, index) => [steps[index - 1]?.state ?? begin, step] as const)) {
        if (before.ended === null) expect(state.nextPollAtMs).toBeGreaterThanOrEqual(atMs + floorOf(rules, state));
      }
    }));
  });

  it('a watch with the default policies waits a finite number of ms from 0, at most 10 minutes or its own pace, at any time', () => {
    fc.assert(fc.property(defaultRules, anyInstantMs, fc.array(fc.tuple(anyAnswer, anyClockErrorMs)), anyInstantMs, (rules, nowMs, arrivals, anyNowMs) => {
      let state = startWatch(task, rules, nowMs);
      for (const [answer, errorMs] of arrivals) {
        const atMs = state.nextPollAtMs + errorMs;
        state = applyResult(state, answer, rules, atMs);
        const { maxMs, minIntervalMs } = rules.provider.pacing(rules.hintsOf(state.snapshot));
        const longest = Math.max(10 * minute, maxMs, minIntervalMs);
        for (const at of [atMs, anyNowMs, atMs - 8 * hour, atMs + 8 * hour, 0, -anyNowMs]) {
          const wait = nextDelayMs(state, at);
          if (state.ended !== null) expect(wait).toBe('done');
          else expect(wait).toSatisfy((ms: number) => ms >= 0 && ms <= longest);
        }
      }
    }));
  });

  it('no wait leads beyond the deadline', () => {
    fc.assert(fc.property(anyRun, ({ begin, steps, nowMs }) => {
      for (const { state, atMs } of [{ state: begin, atMs: nowMs }, ...steps]) {
        const wait = nextDelayMs(state, atMs);
        if (wait === 'done' || state.deadlineAtMs === null) continue;
        expect(atMs + wait).toBeLessThanOrEqual(Math.max(state.deadlineAtMs, atMs));
      }
    }));
  });

  it('a task that goes on and on is asked about a last time within the floor of its deadline, and then times out', () => {
    const anyLength = fc.integer({ min: 1, max: 2 * hour });
    fc.assert(fc.property(anyPacing, anyPendingSnapshot, anyLength, anyInstantMs, (pacing, pending, deadlineMs, nowMs) => {
      const rules = watchConfig(paced({ ...pacing, minIntervalMs: pacing.minIntervalMs + 5_000, minMs: pacing.minMs + 5_000, maxMs: pacing.maxMs + 5_000 }), { deadlineMs });
      const answers = Array.from({ length: 1 + Math.ceil(deadlineMs / 5_000) }, () => right(readingOf(pending)));
      const steps = driven(startWatch(task, rules, nowMs), answers, rules, { nowMs });
      const end = steps.at(-1);
      expect(end?.state.ended).toBe('timeout');
      expect(end?.atMs).toBe(nowMs + deadlineMs);
      const lastGood = steps.findLast(({ state }) => state.lastError === null);
      expect(nowMs + deadlineMs - (lastGood?.atMs ?? 0)).toBeLessThanOrEqual(pacing.minIntervalMs + 5_000);
    }));
  });

  it('whoever always fails is given up: after at least five asks, save for refusals, and not long after the patience', () => {
    fc.assert(fc.property(anyPacing, anyInstantMs, fc.integer({ min: 1, max: hour }), (pacing, nowMs, giveUpAfterMs) => {
      const rules = watchConfig(paced(pacing), { giveUpAfterMs });
      const answers = Array.from({ length: 100 }, () => noAnswerInTime);
      const steps = driven(startWatch(task, rules, nowMs), answers, rules, { nowMs });
      const end = steps.at(-1);
      expect(end?.state.ended).toBe('timeout');
      expect(steps.length).toBeGreaterThanOrEqual(5);
      const longestWaitMs = Math.max(2 * minute, pacing.minIntervalMs);
      expect((end?.atMs ?? Infinity) - nowMs).toBeLessThan(Math.max(giveUpAfterMs + longestWaitMs, 5 * longestWaitMs));
      if (steps.length > 5) expect((steps.at(-2)?.atMs ?? Infinity) - nowMs).toBeLessThan(giveUpAfterMs);
    }));
  });

  it('no trouble, no snapshot and no time makes the default policies throw', () => {
    const anyTime = fc.oneof(anyInstantMs, fc.integer(), fc.constantFrom(0, -1, 8.64e15, -8.64e15, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER));
    fc.assert(fc.property(defaultRules, anyTime, fc.array(fc.tuple(anyAnswer, anyTime)), (rules, nowMs, arrivals) => {
      let state = startWatch(task, rules, nowMs);
      for (const [answer, atMs] of arrivals) {
        state = applyResult(resumeWatch(state, rules, atMs), answer, rules, atMs);
        expect(nextDelayMs(state, nowMs)).toSatisfy((wait: unknown) => wait === 'done' || (Number.isFinite(wait) && Number(wait) >= 0));
      }
    }));
  });

  it('no policy is ever told of an index or a time below 0, nor of a jitter outside 0 up to 1', () => {
    fc.assert(fc.property(anyInstantMs, fc.array(fc.tuple(anyAnswer, anyClockErrorMs, anyClockErrorMs)), (nowMs, arrivals) => {
      const told: number[] = [];
      const policy = ({ index, elapsedMs, jitter }: { index: number; elapsedMs: number; jitter: number }): number => {
        told.push(index, elapsedMs, jitter, 1 - jitter);
        return 0;
      };
      const rules = watchConfig(ark, { policy: { interval: policy, retry: policy } });
      let state = startWatch(task, rules, nowMs);
      for (const [answer, pauseMs, errorMs] of arrivals) {
        state = resumeWatch(state, rules, state.nextPollAtMs + pauseMs);
        state = applyResult(state, answer, rules, state.nextPollAtMs + pauseMs + errorMs);
      }
      expect(told.filter((value) => !(value >= 0 && value < Infinity))).toEqual([]);
    }));
  });
});
