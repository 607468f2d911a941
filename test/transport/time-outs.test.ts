/**
 * Timeouts that share a timer: each ends on time, whatever happens to the others and to the clocks.
 */
import fc from 'fast-check';
import { asyncScheduler, type SchedulerLike, Subscription } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type Clock, clockOf } from '../../src/transport/clock.js';
import { type Timed, TimeOuts } from '../../src/transport/time-outs.js';
import { at, inVirtualTime } from '../support/client.js';
import { marbles } from '../support/marbles.js';

/** Records when its timeout ends, in ms since the start of the test. */
const noting = (log: string[], name: string, then: () => void = () => undefined): Timed => {
  const beganAtMs = asyncScheduler.now();
  return {
    timedOut: () => {
      log.push(`${String(asyncScheduler.now() - beganAtMs)} ${name}`);
      then();
    },
  };
};

/** A clock whose scheduler counts the timers that are set. */
const countingClock = () => {
  const clock = clockOf(asyncScheduler);
  const count = { timers: 0 };
  const scheduler: SchedulerLike = {
    now: () => asyncScheduler.now(),
    schedule: <T>(work: (this: never, state?: T) => void, delay = 0, state?: T): Subscription => {
      count.timers += 1;
      const timer = asyncScheduler.schedule(work as never, delay, state);
      return new Subscription(() => { timer.unsubscribe(); });
    },
  };
  return { clock: { ...clock, scheduler } satisfies Clock, count };
};

describe('timeouts of one length', () => {
  it('end each after their time, in the order in which they began', marbles(({ flush }) => {
    const log: string[] = [];
    const timeOuts = new TimeOuts(10, clockOf(asyncScheduler));
    const [a, b, c] = ['a', 'b', 'c'].map((name) => noting(log, name));
    for (const [atMs, timed] of [[0, a], [4, b], [4, c]] as const) at(atMs, () => { timeOuts.begin(timed as Timed); });
    flush();
    expect(log).toEqual(['10 a', '14 b', '14 c']);
  }));

  it('do not end what was stopped, even in the turn of its end', marbles(({ flush }) => {
    const log: string[] = [];
    const timeOuts = new TimeOuts(10, clockOf(asyncScheduler));
    const [early, last, goesOn] = ['early', 'last', 'goes on'].map((name) => noting(log, name)) as [Timed, Timed, Timed];
    for (const timed of [early, last, goesOn]) timeOuts.begin(timed);
    at(3, () => { timeOuts.stop(early); });
    at(10, () => { timeOuts.stop(last); });
    timeOuts.stop(noting(log, 'never begun'));
    flush();
    expect(log).toEqual(['10 goes on']);
  }));

  it('end in the turn of their timer when a program fires it, without the clock', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const log: string[] = [];
      const timeOuts = new TimeOuts(5_000, clockOf(asyncScheduler), true);
      timeOuts.begin({ timedOut: () => void log.push('over') });
      vi.advanceTimersByTime(4_999);
      expect(log).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(log).toEqual(['over']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leave no timer behind once all are stopped', () => {
    inVirtualTime(({ flush, timers }) => {
      const timeOuts = new TimeOuts(10, clockOf(asyncScheduler));
      const timed = noting([], 'a');
      timeOuts.begin(timed);
      expect(timers()).toBe(1);
      timeOuts.stop(timed);
      expect(timers()).toBe(0);
      flush();
    });
  });

  it('can be restarted, also while others end', marbles(({ flush }) => {
    const log: string[] = [];
    const timeOuts = new TimeOuts(10, clockOf(asyncScheduler));
    const again = noting(log, 'again');
    const twice: Timed = noting(log, 'twice', () => { if (log.length < 3) timeOuts.begin(twice); });
    timeOuts.begin(again);
    timeOuts.begin(twice);
    at(5, () => { timeOuts.begin(again); });
    flush();
    expect(log).toEqual(['10 twice', '15 again', '20 twice']);
  }));

  it('may be longer than the platform\'s longest timer', marbles(({ flush }) => {
    const log: string[] = [];
    const month = 30 * 86_400_000;
    new TimeOuts(month, clockOf(asyncScheduler)).begin(noting(log, 'a'));
    flush();
    expect(log).toEqual([`${String(month)} a`]);
  }));

  it('share one timer, however many there are', marbles(({ flush }) => {
    const { clock, count } = countingClock();
    const timeOuts = new TimeOuts(10, clock);
    const log: string[] = [];
    for (let index = 0; index < 1_000; index += 1) timeOuts.begin(noting(log, String(index)));
    flush();
    expect(log).toHaveLength(1_000);
    // One for the end, and one for the turn after it.
    expect(count.timers).toBe(2);
  }));

  it('continue in a new virtual time, without the timers of the old one', () => {
    const timeOuts = new TimeOuts(10, clockOf(asyncScheduler));
    const log: string[] = [];
    const hanging = noting(log, 'hanging');
    // A run that ends before its timer leaves it behind.
    inVirtualTime(({ flush }) => {
      at(5, () => { timeOuts.begin(hanging); });
      flush();
    });
    timeOuts.stop(hanging);
    log.length = 0;
    inVirtualTime(({ flush }) => {
      timeOuts.begin(noting(log, 'next'));
      flush();
    });
    expect(log).toEqual(['10 next']);
  });

  it('end neither early nor more than one length late, whatever begins, stops and ends, and however the wall clock jumps', () => {
    const anyAct = fc.record({ atMs: fc.nat({ max: 300 }), lastsMs: fc.option(fc.nat({ max: 60 })), jumpMs: fc.integer({ min: -10_000_000, max: 10_000_000 }) });
    fc.assert(fc.property(fc.array(anyAct, { maxLength: 25 }), fc.integer({ min: 1, max: 40 }), (acts, lengthMs) => {
      inVirtualTime(({ flush }) => {
        let wallMs = 0;
        const virtual = clockOf(asyncScheduler);
        // Elapsed time is the platform's; the wall clock of the scheduler jumps.
        const clock: Clock = { ...virtual, now: () => virtual.now() + wallMs };
        const timeOuts = new TimeOuts(lengthMs, clock);
        const beganMs = asyncScheduler.now();
        const lives = acts.map(({ atMs, lastsMs, jumpMs }) => {
          const life = { atMs, stoppedMs: null as number | null, endedMs: [] as number[] };
          const timed: Timed = { timedOut: () => void life.endedMs.push(asyncScheduler.now() - beganMs) };
          at(atMs, () => {
            wallMs += jumpMs;
            timeOuts.begin(timed);
          });
          if (lastsMs !== null) {
            life.stoppedMs = atMs + lastsMs;
            at(life.stoppedMs, () => { timeOuts.stop(timed); });
          }
          return life;
        });
        flush();
        for (const { atMs, stoppedMs, endedMs } of lives) {
          const isInTime = stoppedMs !== null && stoppedMs <= atMs + lengthMs;
          expect(endedMs).toEqual(isInTime ? [] : [atMs + lengthMs]);
        }
      });
    }));
  });
});
