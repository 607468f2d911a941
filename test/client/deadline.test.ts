import { asyncScheduler, defer, delay, map, NEVER, type Observable, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ScriptedStep } from '../../src/testing/index.js';
import type { HttpResponse } from '../../src/transport/transport.js';
import { isSeedanceError, type SeedanceError } from '../../src/state/errors.js';
import type { WatchOptions } from '../../src/client/task-client.js';
import { marbles } from '../support/marbles.js';
import {
  arkResponse,
  arkTask,
  sentAtS,
  at,
  brief,
  busy,
  cancelled,
  days,
  given,
  record,
  every,
  expired,
  failed,
  hours,
  inVirtualTime,
  minutes,
  played,
  queued,
  responseOf,
  running,
  scripted,
  seconds,
  succeeded,
  to,
  tooMany,
  recordedClient,
} from '../support/client.js';

/** A client whose responses depend on the time of the request. */
const byTheClock = (responseAt: (nowMs: number) => ScriptedStep) =>
  recordedClient(() => defer(() => played(responseAt(asyncScheduler.now()))));

describe('the deadline', () => {
  it('ends a watch exactly on time, with the task, its last snapshot and a state on the error', marbles(({ flush }) => {
    const { seen } = given([queued, running], { policy: every(seconds(25)), watch: { deadlineMs: seconds(60) } });
    flush();
    expect(seen.lines).toEqual(['0s queued', '25s running', '60s #']);
    expect(isSeedanceError(seen.error, 'timeout')).toBe(true);
    expect(seen.error).toMatchObject({
      task: arkTask, lastSnapshot: { status: 'running' }, state: { task: arkTask, startedAtMs: 0, deadlineAtMs: 60_000, ended: 'timeout', snapshot: { status: 'running' } },
    });
  }));

  it.each([11, 15, 25, 40, 49, 55, 100, 5000])('shortens the last wait so that a final poll fits before it: every %i s', (intervalS) => {
    inVirtualTime(({ flush }) => {
      const { transport, seen } = given([running], { policy: every(seconds(intervalS)), watch: { deadlineMs: seconds(100) } });
      flush();
      const times = sentAtS(transport);
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect(seen.lines.at(-1)).toBe('100s #');
      expect(times.at(-1), 'the final poll').toBeLessThan(100);
      expect(times.at(-1), 'the final poll').toBeGreaterThan(80);
      expect(Math.min(...gaps), 'the minimum interval').toBeGreaterThanOrEqual(10);
    });
  });

  it('the final poll sees what happened before the deadline', marbles(({ flush }) => {
    const { client } = byTheClock((nowMs) => (nowMs < seconds(85) ? running : succeeded));
    const seen = record(client.watch(arkTask, { deadlineMs: seconds(100), policy: every(hours(1)) }), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
  }));

  it('is an error of its own kind, with its own message', marbles(({ flush }) => {
    const { client } = scripted([running, { hang: true }], { policy: every(seconds(25)) });
    const seen = record(client.states(arkTask, { deadlineMs: seconds(40) }), brief);
    flush();
    expect(seen.lines).toEqual(['0s running', '40s timeout x1 (timeout)', '40s #']);
    expect(seen.values.at(-1)?.lastError).toEqual({ kind: 'timeout', reason: null, status: null, message: 'the deadline has passed', sameFailureCount: 1, sinceMs: seconds(40) });
  }));

  it('counts from the start of the watch, not from the first response', marbles(({ flush }) => {
    const { seen } = given([busy, busy, running], { policy: every(seconds(20)), watch: { deadlineMs: seconds(60) } });
    flush();
    expect(seen.lines).toEqual(['30s running', '60s #']);
  }));

  it('ends a watch that never got a response', marbles(({ flush }) => {
    const { seen } = given([busy], { watch: { deadlineMs: seconds(60) } });
    flush();
    expect(seen.lines).toEqual(['60s #']);
    expect(seen.error).toMatchObject({ kind: 'timeout', task: arkTask, lastSnapshot: null, state: { snapshot: null, ended: 'timeout' } });
  }));

  it('may be shorter than the minimum interval: one poll, then the end at the deadline', marbles(({ flush }) => {
    const { transport, seen } = given([running], { watch: { deadlineMs: seconds(5) } });
    flush();
    expect(seen.lines).toEqual(['0s running', '5s #']);
    expect(transport.requests).toHaveLength(1);
  }));

  it('ends the watch during Retry-After, without another poll', marbles(({ flush }) => {
    const { transport, seen } = given([running, tooMany({ 'retry-after': '300' })], { policy: every(seconds(20)), watch: { deadlineMs: seconds(100) } });
    flush();
    expect(seen.lines).toEqual(['0s running', '100s #']);
    expect(sentAtS(transport)).toEqual([0, 20]);
  }));

  it('a Retry-After that ends shortly before it is followed by a poll', marbles(({ flush }) => {
    const { transport, seen } = given([running, tooMany({ 'retry-after': '75' }), succeeded], { policy: every(seconds(20)), watch: { deadlineMs: seconds(100) } });
    flush();
    expect(sentAtS(transport)).toEqual([0, 20, 95]);
    expect(seen.lines.at(-1)).toBe('95s |');
  }));

  it('the last state before the error has ended', marbles(({ flush }) => {
    const { client } = scripted([running], { policy: every(seconds(20)) });
    const seen = record(client.states(arkTask, { deadlineMs: seconds(60) }));
    flush();
    expect(seen.values.at(-1)).toMatchObject({ ended: 'timeout', snapshot: { status: 'running' } });
    expect(seen.lines.slice(-2).map((line) => line.split(' ')[0])).toEqual(['60s', '60s']);
    expect((seen.error as SeedanceError).state).toEqual(seen.values.at(-1));
  }));
});

describe('a hung request', () => {
  it('ends at the request timeout with an error, is aborted, and the watch continues', marbles(({ flush }) => {
    const { client, requests } = recordedClient((index) => played([queued, { hang: true } as const, succeeded][index] ?? queued), { policy: every(seconds(15)) });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines).toEqual(['0s queued', '45s timeout x1', '55s succeeded', '55s |']);
    expect(requests[1]).toMatchObject({ atMs: 15_000, end: 'aborted', endedAtMs: 45_000 });
  }));

  it('the request timeout is an option of the client', marbles(({ flush }) => {
    const { client } = scripted([queued, { hang: true }, succeeded], { policy: every(seconds(15)), requestTimeoutMs: 400 });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines).toEqual(['0s queued', '15.4s timeout x1', '25.4s succeeded', '25.4s |']);
  }));

  it.each([{}, { requestTimeoutMs: hours(5) }])('is aborted at the deadline if that is earlier: %o', (options) => {
    inVirtualTime(({ flush, timers }) => {
      const { client, requests } = recordedClient((index) => (index === 0 ? played(running) : NEVER), { policy: every(seconds(15)), ...options });
      const seen = record(client.watch(arkTask, { deadlineMs: seconds(25) }), to);
      flush();
      expect(seen.lines).toEqual(['0s running', '25s #']);
      expect(seen.error).toMatchObject({ kind: 'timeout', task: arkTask, lastSnapshot: { status: 'running' }, state: { ended: 'timeout', deadlineAtMs: 25_000 } });
      expect(requests[1]).toMatchObject({ atMs: 15_000, end: 'aborted', endedAtMs: 25_000 });
      expect(timers()).toBe(0);
    });
  });

  it('also the first request', marbles(({ flush }) => {
    const { client, requests } = recordedClient(() => NEVER);
    const seen = record(client.watch(arkTask, { deadlineMs: seconds(12) }), to);
    flush();
    expect(seen.lines).toEqual(['12s #']);
    expect(seen.error).toMatchObject({ kind: 'timeout', lastSnapshot: null });
    expect(requests).toMatchObject([{ end: 'aborted', endedAtMs: 12_000 }]);
  }));

  it('a request timeout in the same turn as the deadline ends the watch there', marbles(({ flush }) => {
    const { seen } = given([{ hang: true }], { watch: { deadlineMs: seconds(30) } });
    flush();
    expect(seen.lines).toEqual(['30s #']);
    expect(isSeedanceError(seen.error, 'timeout')).toBe(true);
  }));
});

describe('a response in the turn of the deadline', () => {
  const options: WatchOptions = { deadlineMs: seconds(60), policy: every(seconds(50)) };

  it.each([['succeeded', succeeded], ['failed', failed], ['cancelled', cancelled], ['expired', expired]] as const)('counts: %s', (status, step) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([running, { ...step, afterMs: seconds(10) }]);
      const seen = record(client.watch(arkTask, options), to);
      flush();
      expect(sentAtS(transport)).toEqual([0, 50]);
      expect(seen.lines).toEqual(['0s running', `60s ${status}`, '60s |']);
    });
  });

  it('also counts one turn of the scheduler later at the same instant', marbles(({ flush }) => {
    const { client } = recordedClient((index) => (index === 0 ? played(running) : timer(seconds(10)).pipe(delay(0), map(() => responseOf(succeeded)))));
    const seen = record(client.watch(arkTask, options), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '60s succeeded', '60s |']);
  }));

  it('counts with a status that is not terminal: it is the last snapshot of the timeout', marbles(({ flush }) => {
    const { client } = scripted([queued, { ...running, afterMs: seconds(10) }]);
    const seen = record(client.watch(arkTask, options), to);
    flush();
    expect(seen.lines).toEqual(['0s queued', '60s running', '60s #']);
    expect(seen.error).toMatchObject({ kind: 'timeout', lastSnapshot: { status: 'running' } });
  }));

  it('does not count one millisecond later', marbles(({ flush }) => {
    const { client } = scripted([running, { ...succeeded, afterMs: seconds(10) + 1 }]);
    const seen = record(client.watch(arkTask, options), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '60s #']);
  }));
});

describe('without a given deadline', () => {
  const clip = { created_at: 1, execution_expires_after: 3600 };

  it('a task that its provider expires ends as expired, not as a timeout', marbles(({ flush }) => {
    const { client } = byTheClock((nowMs) => (nowMs < seconds(3601) ? arkResponse('running', clip) : arkResponse('expired', clip)));
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'expired', '|']);
    expect(seen.values[1]?.atMs).toBeLessThanOrEqual(seconds(3601 + 20));
  }));

  it('it is 10 minutes after the deadline of the provider', marbles(({ flush }) => {
    const { seen } = given([arkResponse('running', { ...clip, execution_expires_after: 10_800 })]);
    flush();
    expect(seen.lines).toEqual(['0s running', '11401s #']);
    expect(isSeedanceError(seen.error, 'timeout')).toBe(true);
  }));

  it.each<[string, ScriptedStep, WatchOptions, number]>([
    ['2 hours', running, {}, hours(2)],
    ['50 hours for flex', arkResponse('running', { service_tier: 'flex' }), {}, hours(50)],
    ['50 hours where flex is expected', running, { expected: { serviceTier: 'flex' } }, hours(50)],
    ['2 hours where the response knows better', arkResponse('running', { service_tier: 'default' }), { expected: { serviceTier: 'flex' } }, hours(2)],
  ])('it is %s if the provider has none', (_, step, options, endMs) => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([step], { policy: every(minutes(5)) });
      const seen = record(client.watch(arkTask, options), to);
      flush();
      expect(seen.lines).toEqual(['0s running', `${String(endMs / 1000)}s #`]);
    });
  });

  it('follows the deadline of the provider, at least 2 h after the first good response', marbles(({ flush }) => {
    const { client } = scripted([busy, busy, arkResponse('queued', clip), arkResponse('running', { ...clip, execution_expires_after: 7200 }), running]);
    const seen = record(client.states(arkTask, { policy: every(minutes(5)) }));
    flush();
    expect(seen.values.slice(0, 6).map(({ deadlineAtMs }) => deadlineAtMs)).toEqual([null, null, seconds(30) + hours(2), ...Array(3).fill(seconds(7801))]);
    expect(seen.lines.at(-1)).toBe('7801s #');
  }));
});

describe('long waits', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('a deadline of 60 days and an interval of 40 days are kept', marbles(({ flush }) => {
    const { transport, seen } = given([running], { watch: { deadlineMs: days(60), policy: every(days(40)) } });
    flush();
    expect(seen.lines).toEqual(['0s running', `${String(days(60) / 1000)}s #`]);
    const [first, second, final = 0, ...more] = transport.requests.map(({ atMs }) => atMs);
    expect([first, second, more]).toEqual([0, days(40), []]);
    expect(final).toBeGreaterThan(days(59.9));
  }));

  it.each<[string, ScriptedStep, WatchOptions & { requestTimeoutMs?: number }]>([
    ['an interval', running, { deadlineMs: days(60), policy: every(days(40)) }],
    ['a wait after an error', busy, { deadlineMs: days(60), policy: { retry: () => days(40) } }],
    ['a request without an response', { hang: true }, { deadlineMs: days(60), requestTimeoutMs: days(50) }],
  ])('%s longer than 2^31 ms does not end early on the timers of a platform', async (_, step, { requestTimeoutMs, ...options }) => {
    vi.useFakeTimers({ now: 0 });
    const { client, transport } = scripted([step], requestTimeoutMs === undefined ? {} : { requestTimeoutMs });
    const seen = record(client.states(arkTask, options), brief);
    await vi.advanceTimersByTimeAsync(days(39));
    expect(transport.requests).toHaveLength(1);
    expect(transport.pending()).toBe('hang' in step ? 1 : 0);
    expect(seen.isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(days(22));
    expect(seen.isOver).toBe(true);
    expect(seen.lines.at(-1)).toMatch(/#$/);
    expect(Number.parseFloat(seen.lines.at(-1) ?? '')).toBeCloseTo(days(60) / 1000, 1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a deadline longer than 2^31 ms does not end a request early on the timers of a platform', async () => {
    vi.useFakeTimers({ now: 0 });
    const { transport, seen } = given([{ hang: true }], { requestTimeoutMs: 2 ** 31 - 1, watch: { deadlineMs: days(40) } });
    await vi.advanceTimersByTimeAsync(days(24));
    expect([transport.requests.length, transport.pending(), seen.isOver]).toEqual([1, 1, false]);
    await vi.advanceTimersByTimeAsync(days(16) + 10);
    expect(seen.lines).toHaveLength(1);
    expect(Number.parseFloat(seen.lines[0] ?? '')).toBeCloseTo(days(40) / 1000, 1);
    expect([transport.pending(), vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('a forward clock jump, as after a sleep, leads to one poll, not to a burst', async () => {
    vi.useFakeTimers({ now: 0 });
    const { transport, seen } = given([running], { policy: every(seconds(20)), deadlineMs: days(3) });
    await vi.advanceTimersByTimeAsync(seconds(30));
    expect(sentAtS(transport)).toEqual([0, 20]);
    vi.setSystemTime(hours(8));
    await vi.advanceTimersByTimeAsync(seconds(15));
    expect(transport.requests).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(seconds(60));
    expect(transport.requests).toHaveLength(6);
    seen.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a clock jump past the deadline leads to one poll, and a terminal status counts', async () => {
    vi.useFakeTimers({ now: 0 });
    const { transport, seen } = given([running, running, succeeded], { policy: every(seconds(20)) });
    await vi.advanceTimersByTimeAsync(seconds(30));
    vi.setSystemTime(hours(8));
    await vi.advanceTimersByTimeAsync(seconds(15));
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
    expect(transport.requests).toHaveLength(3);
  });

  it('a clock set back lengthens no wait', async () => {
    vi.useFakeTimers({ now: hours(8) });
    const { transport, seen } = given([running], { policy: every(seconds(20)), deadlineMs: days(3) });
    await vi.advanceTimersByTimeAsync(seconds(30));
    vi.setSystemTime(0);
    await vi.advanceTimersByTimeAsync(seconds(60));
    expect(transport.requests).toHaveLength(5);
    seen.stop();
  });
});

it('a response to another watcher in the ms of the deadline counts', marbles(({ flush }) => {
  const { client } = recordedClient([running, succeeded]);
  record(client.watch(arkTask, { policy: every(seconds(20)) }), to);
  const hasty: { record?: ReturnType<typeof record> } = {};
  at(seconds(15), () => { hasty.record = record(client.watch(arkTask, { deadlineMs: seconds(5) }), to); });
  flush();
  expect(hasty.record?.lines).toEqual(['15s running', '20s succeeded', '20s |']);
}));

describe('a deadline on a clock that timers do not share', () => {
  beforeEach(() => { vi.useFakeTimers({ now: hours(300_000) }); });
  afterEach(() => { vi.restoreAllMocks(); vi.useRealTimers(); });

  it.each([
    ['a good response', running],
    ['a refusal with a Retry-After', tooMany({ 'retry-after': '600' })],
  ])('that passes while %s is saved ends the watch there', (_, response) => {
    const { client } = recordedClient([{ ...response, afterMs: seconds(20) - 2 }]);
    const began = Date.now();
    let endedAtMs = 0;
    const save = ({ polls, sentAtMs }: { readonly polls: number; readonly sentAtMs: number | null }): void => {
      if (polls === 1 && sentAtMs === null) vi.setSystemTime(Date.now() + 5);
    };
    const seen = record(client.states(arkTask, { deadlineMs: seconds(20), save }), (state) => { endedAtMs = Date.now(); return brief(state); });
    vi.advanceTimersByTime(minutes(30));
    expect(seen.error).toMatchObject({ kind: 'timeout' });
    expect(endedAtMs - began).toBeLessThan(seconds(20) + 50);
  });

  it('ends the watch once if the timer is ahead of the clock', () => {
    const { client, requests } = recordedClient(() => NEVER);
    const seen = record(client.states(arkTask, { deadlineMs: seconds(20) }), brief);
    vi.advanceTimersByTime(seconds(10));
    vi.setSystemTime(Date.now() - 3);
    vi.advanceTimersByTime(minutes(5));
    expect(seen.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['timeout x1 (timeout)', '#']);
    expect(requests).toHaveLength(1);
  });

  it.each<readonly [string, (index: number) => Observable<HttpResponse>, number]>([
    ['a request in flight', (index) => (index === 0 ? NEVER : played(succeeded)), seconds(10)],
    ['a poll to come', (index) => played(index === 0 ? running : succeeded), seconds(12)],
    ['no poll left', (index) => played(index === 2 ? succeeded : running), seconds(55)],
  ])('that passes during a computer\'s sleep, with %s, does not end a watch before one more poll', (_, response, sleepsAtMs) => {
    const { client } = recordedClient(response, { policy: every(seconds(45)) });
    const seen = record(client.watch(arkTask, { deadlineMs: minutes(1) }), to);
    vi.advanceTimersByTime(sleepsAtMs);
    vi.setSystemTime(Date.now() + hours(8));
    vi.advanceTimersByTime(minutes(5));
    expect(seen.error).toBeNull();
    expect(seen.lines.map((line) => line.split(' ')[1]).slice(-2)).toEqual(['succeeded', '|']);
  });

  it('that passes during a computer\'s sleep ends the watch after one more poll without a response', () => {
    const { client, requests } = recordedClient(() => NEVER);
    const seen = record(client.watch(arkTask, { deadlineMs: minutes(1) }), to);
    vi.advanceTimersByTime(seconds(10));
    vi.setSystemTime(Date.now() + hours(8));
    vi.advanceTimersByTime(minutes(5));
    expect(seen.error).toMatchObject({ kind: 'timeout', state: { polls: 2 } });
    expect(requests).toHaveLength(2);
  });
});

describe('a clock that is set', () => {
  afterEach(() => { vi.useRealTimers(); });

  it.each([['three hours ahead', hours(300_000), hours(3)], ['from 1970 to today', 0, hours(495_000)], ['eight hours back', hours(300_000), hours(-8)]])('a clock set %s ends no watch: the default deadline of 2 hours counts elapsed time', (_, now, jumpMs) => {
    vi.useFakeTimers({ now });
    const { client, requests } = recordedClient([running], { policy: every(minutes(1)) });
    const seen = record(client.watch(arkTask), to);
    vi.advanceTimersByTime(minutes(30.5));
    vi.setSystemTime(Date.now() + jumpMs);
    vi.advanceTimersByTime(minutes(89));
    expect(seen.isOver).toBe(false);
    vi.advanceTimersByTime(minutes(1.5));
    expect(seen.error).toMatchObject({ kind: 'timeout' });
    expect(requests.length).toBeGreaterThan(115);
  });
});
