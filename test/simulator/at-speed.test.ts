import fc from 'fast-check';
import { asyncScheduler, concat, debounceTime, delay, interval, map, NEVER, of, take, timeout, TimeoutError, timer } from 'rxjs';
import type { Observable, SchedulerAction } from 'rxjs';
import { atSpeed } from 'rx-seedance/simulator';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The events of a stream so far, each with the real ms since the subscription. */
const record = (stream: Observable<unknown>) => {
  const startedAtMs = performance.now();
  const events: (readonly [ms: number, event: unknown])[] = [];
  const note = (event: unknown) => void events.push([performance.now() - startedAtMs, event]);
  const subscription = stream.subscribe({ next: note, error: (error: Error) => note(error.constructor), complete: () => note('|') });
  return { events, subscription };
};

describe('the clock of atSpeed', () => {
  it.each([0.5, 1, 60])('runs %d times as fast as real time', (speed) => {
    const { now } = atSpeed(speed);
    const startMs = now();
    vi.advanceTimersByTime(10_000);
    expect(now() - startMs).toBe(10_000 * speed);
  });

  it('is the same for all schedulers of one speed', () => {
    const first = atSpeed(60);
    vi.advanceTimersByTime(1234);
    expect(atSpeed(60).now()).toBe(first.now());
  });

  it('starts with the real time at the start of the process', () => {
    vi.useRealTimers();
    const expectedMs = Date.now() + 59 * performance.now();
    expect(Math.abs(atSpeed(60).now() - expectedMs)).toBeLessThan(10_000);
  });

  it('can share the origin of another process', () => {
    const originMs = performance.timeOrigin - 5_000;
    expect(atSpeed(60, originMs).now()).toBe(originMs + 60 * 5_000);
    vi.advanceTimersByTime(1000);
    expect(atSpeed(60, originMs).now()).toBe(originMs + 60 * 6_000);
  });

  it('shows whole milliseconds and never goes back', () => {
    vi.useRealTimers();
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 10_000, noNaN: true }), (speed) => {
        const { now } = atSpeed(speed);
        const seen = [now(), now(), now()];
        expect(seen.every(Number.isInteger)).toBe(true);
        expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
      }),
    );
  });

  it('does not follow changes of the system clock', () => {
    const { now } = atSpeed(60);
    const startMs = now();
    vi.setSystemTime(0);
    expect(now()).toBe(startMs);
    const { events } = record(timer(60_000, atSpeed(60)));
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([[1000, 0], [1000, '|']]);
  });
});

describe('a delay under atSpeed', () => {
  const scheduler = atSpeed(60);
  const minuteMs = 60_000;

  it.each<[string, () => Observable<unknown>, readonly (readonly [number, unknown])[]]>([
    ['timer', () => timer(minuteMs, scheduler), [[1000, 0], [1000, '|']]],
    ['timer with a period', () => timer(minuteMs, 2 * minuteMs, scheduler).pipe(take(3)), [[1000, 0], [3000, 1], [5000, 2], [5000, '|']]],
    ['timer with a date', () => timer(new Date(scheduler.now() + minuteMs), scheduler), [[1000, 0], [1000, '|']]],
    ['interval', () => interval(minuteMs, scheduler).pipe(take(3)), [[1000, 0], [2000, 1], [3000, 2], [3000, '|']]],
    ['delay', () => of('a').pipe(delay(minuteMs, scheduler)), [[1000, 'a'], [1000, '|']]],
    ['debounceTime', () => concat(of('a', 'b'), NEVER).pipe(debounceTime(minuteMs, scheduler)), [[1000, 'b']]],
    ['timeout', () => NEVER.pipe(timeout({ first: minuteMs, scheduler })), [[1000, TimeoutError]]],
    [
      'timeout between values',
      () => interval(minuteMs, scheduler).pipe(take(2), (source) => concat(source, NEVER), timeout({ each: 1.5 * minuteMs, scheduler })),
      [[1000, 0], [2000, 1], [3500, TimeoutError]],
    ],
  ])('is divided by the speed: %s', (_, stream, expected) => {
    const { events } = record(stream());
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual(expected);
  });

  it('of 0 is asynchronous, as with asyncScheduler', () => {
    const order: string[] = [];
    scheduler.schedule(() => void order.push('fast'));
    asyncScheduler.schedule(() => void order.push('real'));
    order.push('now');
    vi.advanceTimersByTime(1);
    expect(order).toEqual(['now', 'fast', 'real']);
  });

  it('is divided when work reschedules itself, and passes on its state', () => {
    const seen: (readonly [ms: number, state: number | undefined])[] = [];
    const startedAtMs = performance.now();
    scheduler.schedule(
      function (this: SchedulerAction<number>, state?: number) {
        seen.push([performance.now() - startedAtMs, state]);
        if (state !== undefined && state < 3) this.schedule(state + 1, state * minuteMs);
      },
      minuteMs,
      1,
    );
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual([[1000, 1], [2000, 2], [4000, 3]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends in the first real millisecond in which the clock has reached the due time', () => {
    const anySpeed = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.1, max: 1000, noNaN: true }));
    fc.assert(
      fc.property(anySpeed, fc.integer({ min: 1, max: 3_600_000 }), (speed, delayMs) => {
        const fast = atSpeed(speed);
        const dueAtMs = fast.now() + delayMs;
        let ranAtMs: number | null = null;
        fast.schedule(() => {
          ranAtMs = fast.now();
        }, delayMs);
        while (ranAtMs === null) vi.advanceTimersToNextTimer();
        expect(ranAtMs).toBeGreaterThanOrEqual(dueAtMs);
        expect(ranAtMs).toBeLessThanOrEqual(dueAtMs + speed + 1);
        expect(vi.getTimerCount()).toBe(0);
      }),
    );
  });

  it('does not end early when the platform timer fires early', () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    const { events } = record(timer(minuteMs, scheduler));
    clock.mockReturnValue(999);
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([]);
    clock.mockReturnValue(1000);
    vi.advanceTimersByTime(1);
    expect(events).toEqual([[1000, 0], [1000, '|']]);
  });

  it.each([2 ** 31, 5 * 2 ** 31])('may exceed the maximum of platform timers: %d real ms', (realMs) => {
    const { events } = record(timer(realMs * 60, scheduler));
    vi.advanceTimersByTime(realMs - 1);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(events).toEqual([[realMs, 0], [realMs, '|']]);
  });

  it('leaves no timer behind when it is unsubscribed', () => {
    const subscriptions = [timer(minuteMs, scheduler), interval(minuteMs, scheduler), NEVER.pipe(timeout({ first: minuteMs, scheduler }))].map(
      (stream) => record(stream),
    );
    vi.advanceTimersByTime(500);
    expect(vi.getTimerCount()).toBe(3);
    for (const { subscription } of subscriptions) subscription.unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(subscriptions.flatMap(({ events }) => events)).toEqual([]);
  });

  it('throws the error of its work, as with asyncScheduler', () => {
    const subscription = scheduler.schedule(() => {
      throw new Error('broken');
    }, minuteMs);
    expect(() => vi.advanceTimersByTime(1000)).toThrow('broken');
    expect([subscription.closed, vi.getTimerCount()]).toEqual([true, 0]);
  });

  it('serves several subscribers of one stream, each from its own start', () => {
    const stream = timer(minuteMs, scheduler).pipe(map(() => 'a'));
    const first = record(stream);
    vi.advanceTimersByTime(400);
    const second = record(stream);
    vi.advanceTimersByTime(2000);
    const once = [[1000, 'a'], [1000, '|']];
    expect([first.events, second.events]).toEqual([once, once]);
  });
});

describe('atSpeed', () => {
  it.each([0, -1, Number.NaN, Infinity])('rejects the speed %d', (speed) => {
    expect(() => atSpeed(speed)).toThrow(new RangeError(`speed must be finite and > 0; it is ${speed}`));
  });

  it.each([Number.NaN, -Infinity])('rejects the origin %d', (originMs) => {
    expect(() => atSpeed(60, originMs)).toThrow(new RangeError(`originMs must be finite; it is ${originMs}`));
  });
});
