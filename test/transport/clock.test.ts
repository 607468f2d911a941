import { asyncScheduler, type SchedulerLike, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { clockOf } from '../../src/transport/clock.js';
import { at, hours, inVirtualTime, seconds } from '../support/client.js';

describe('clockOf(asyncScheduler)', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it.each([['back', -hours(8)], ['ahead', hours(8)]])('elapsed time is right when the system clock is set %s', (_, jumpMs) => {
    vi.useFakeTimers({ now: hours(300_000) });
    const { elapsedMs, now } = clockOf(asyncScheduler);
    const [began, beganAtMs] = [elapsedMs(), now()];
    vi.advanceTimersByTime(seconds(3));
    expect(elapsedMs() - began).toBe(seconds(3));
    vi.setSystemTime(Date.now() + jumpMs);
    expect(elapsedMs() - began).toBe(seconds(3));
    vi.advanceTimersByTime(seconds(4));
    expect(elapsedMs() - began).toBe(seconds(7));
    expect(now() - beganAtMs).toBe(seconds(7) + jumpMs);
  });

  it.each([['back', -hours(8)], ['ahead', hours(8)]])('elapsed time does not jump when the clock is set %s during a reading', (_, jumpMs) => {
    vi.useFakeTimers({ now: hours(300_000) });
    const { elapsedMs } = clockOf(asyncScheduler);
    const began = elapsedMs();
    const setAtMs = Date.now();
    vi.spyOn(Date, 'now').mockReturnValueOnce(setAtMs).mockReturnValue(setAtMs + jumpMs);
    expect(elapsedMs()).toBe(began);
  });

  it('schedules on asyncScheduler itself', () => {
    expect(clockOf(asyncScheduler).scheduler).toBe(asyncScheduler);
  });

  it('both times are virtual in virtual time, and real again after it', () => {
    const clock = clockOf(asyncScheduler);
    const read: (readonly number[])[] = [];
    inVirtualTime(({ flush }) => {
      for (const atMs of [0, 5, hours(1)]) at(atMs, () => read.push([clock.now(), clock.elapsedMs()]));
      flush();
    });
    expect(read).toEqual([[0, 0], [5, 5], [hours(1), hours(1)]]);
    vi.useFakeTimers({ now: hours(300_000) });
    expect(clock.now()).toBe(hours(300_000));
    expect(clock.elapsedMs()).toBe(performance.now());
  });
});

describe('clockOf of any other scheduler', () => {
  it('measures by that scheduler', () => {
    const scheduler = new VirtualTimeScheduler();
    const clock = clockOf(scheduler);
    const read: (readonly number[])[] = [];
    for (const afterMs of [0, 7, 40]) clock.scheduler.schedule(() => read.push([clock.now(), clock.elapsedMs()]), afterMs);
    scheduler.flush();
    expect(read).toEqual([[0, 0], [7, 7], [40, 40]]);
  });

  it('does so even if the scheduler reads the wall clock', () => {
    const scheduler: SchedulerLike = { now: () => Date.now(), schedule: asyncScheduler.schedule.bind(asyncScheduler) };
    vi.useFakeTimers({ now: hours(300_000) });
    try {
      expect(clockOf(scheduler).elapsedMs()).toBe(hours(300_000));
    } finally {
      vi.useRealTimers();
    }
  });
});
