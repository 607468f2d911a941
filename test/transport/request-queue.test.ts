import fc from 'fast-check';
import {
  asyncScheduler, BehaviorSubject, concat, defer, EMPTY, finalize, map, merge, mergeMap, NEVER, Observable, of, range, Subject, take, tap, throwError, timer, toArray,
} from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTaskClient } from '../../src/client/task-client.js';
import { type Clock, clockOf } from '../../src/transport/clock.js';
import { createRequestQueue, type Lane, type LaneStatus, type QueueStatus, type RateLimitOptions, type RequestQueue } from '../../src/transport/request-queue.js';
import { accountOf, at, record, hours, inVirtualTime, recordingTransport, minutes, played, queued, quick, running, seconds, succeeded, taskOf, to } from '../support/client.js';
import { marbles } from '../support/marbles.js';
import { inTurn } from '../support/turns.js';

const minIntervalMs = seconds(10);

/** The queue of one lane. */
const oneLane = (limits?: RateLimitOptions, concurrency: number | Observable<number> = 64): Lane =>
  createRequestQueue(concurrency, clockOf(asyncScheduler)).lane('one', minIntervalMs, limits);

/** One request's life. */
interface Life {
  readonly name: string;
  readonly atMs: number;
  endedAtMs: number | null;
}

/** Requests by name, and when each started and ended. */
const createLog = () => {
  const lives: Life[] = [];
  return {
    lives,
    /** `15s a` */
    sent: () => lives.map(({ name, atMs }) => `${String(atMs / 1000)}s ${name}`),
    names: () => lives.map(({ name }) => name).join(''),
    inFlight: () => lives.filter(({ endedAtMs }) => endedAtMs === null).map(({ name }) => name).join(''),
    request: (name: string, response: Observable<unknown> = of(name)): Observable<string> =>
      defer(() => {
        const life: Life = { name, atMs: asyncScheduler.now(), endedAtMs: null };
        lives.push(life);
        return response.pipe(map(() => name), finalize(() => { life.endedAtMs = asyncScheduler.now(); }));
      }),
  };
};

/** A response for the lane's limiter. */
const arriving = (lane: Lane, isRefused: boolean, { afterMs = 0, retryAfterMs = null }: { readonly afterMs?: number; readonly retryAfterMs?: number | null } = {}) =>
  defer(() => {
    const { elapsedMs } = clockOf(asyncScheduler);
    const sentAtMs = elapsedMs();
    const response = afterMs === 0 ? of(isRefused) : timer(afterMs).pipe(map(() => isRefused));
    return response.pipe(tap(() => { lane.arrived({ isRefused, sentAtMs, retryAfterMs }); }));
  });

const ignored = { error: () => undefined };

describe('a lane', () => {
  it('starts a request in the turn in which it is subscribed, while there is room', () => {
    const lane = oneLane({ maxInFlight: 1 });
    const values: number[] = [];
    for (const value of [1, 2]) inTurn(lane, 0, of(value)).subscribe((passed) => { values.push(passed); });
    inTurn(lane, -Infinity, of(3)).subscribe((passed) => { values.push(passed); });
    expect(values).toEqual([1, 2, 3]);
  });

  it('limits the requests in flight; the next starts when one has ended', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const a = cold('---(a|)');
    const aSent = ' ^--!';
    const b = cold('--b--|');
    const bSent = ' ^-!';
    const c = cold('  --(c|)');
    const cSent = ' --^-!';
    const d = cold('   -(d|)');
    const dSent = ' ---^!';
    const lane = oneLane({ maxInFlight: 2 });
    expectObservable(merge(inTurn(lane, 0, a), inTurn(lane, 0, b), inTurn(lane, 0, c), inTurn(lane, 0, d))).toBe('--ba(cd|)');
    for (const [request, sent] of [[a, aSent], [b, bSent], [c, cSent], [d, dSent]] as const) {
      expectSubscriptions(request.subscriptions).toBe(sent.trim());
    }
  }));

  it('has 16 in flight by default', () => {
    inVirtualTime(() => {
      const lane = oneLane();
      const { request, lives } = createLog();
      for (let index = 0; index < 20; index += 1) inTurn(lane, 0, request(String(index), NEVER)).subscribe();
      expect(lives).toHaveLength(16);
    });
  });

  it('sends requests that are due at the same time first in, first out', marbles(({ cold, expectObservable }) => {
    const lane = oneLane({ maxInFlight: 1 });
    const responses = ['a', 'b', 'c'].map((name) => inTurn(lane, 0, cold('--(x|)').pipe(map(() => name))));
    expectObservable(merge(...responses)).toBe('--a-b-(c|)');
  }));

  it('sends the earliest due first', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 1 });
      const { request, lives } = createLog();
      inTurn(lane, 6, request('first', timer(10))).subscribe();
      for (const [name, due] of Object.entries({ late: 9, early: 1, middle: 5, middleToo: 5, last: 30 })) inTurn(lane, due, request(name, timer(10))).subscribe();
      at(15, () => inTurn(lane, 7, request('between', timer(10))).subscribe());
      flush();
      expect(lives.map(({ name }) => name)).toEqual(['first', 'early', 'middle', 'middleToo', 'between', 'late', 'last']);
    });
  });

  it('ends a request at its first value', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const lane = oneLane({ maxInFlight: 1 });
    const first = cold('-a-b-|');
    expectObservable(inTurn(lane, 0, first)).toBe('                -(a|)');
    expectObservable(inTurn(lane, 0, cold('--(b|)'))).toBe('       ---(b|)');
    expectSubscriptions(first.subscriptions).toBe('             ^!');
  }));

  it('passes on an empty and a silent stream', marbles(({ expectObservable }) => {
    const lane = oneLane({ maxInFlight: 1 });
    expectObservable(inTurn(lane, 0, EMPTY)).toBe('|');
    expectObservable(inTurn(lane, 0, NEVER), '^---------!').toBe('-');
  }));

  it('passes on an error unchanged, and frees its place', marbles(({ cold, expectObservable }) => {
    const lane = oneLane({ maxInFlight: 1 });
    const reset = new Error('reset');
    expectObservable(inTurn(lane, 0, cold('--#', undefined, reset))).toBe('--#', undefined, reset);
    expectObservable(inTurn(lane, 0, cold('-(a|)'))).toBe('               ---(a|)');
  }));

  it('frees the place of a request that throws', marbles(({ cold, expectObservable }) => {
    const lane = oneLane({ maxInFlight: 1 });
    expectObservable(inTurn(lane, 0, defer(() => { throw new Error('thrown'); }))).toBe('#', undefined, new Error('thrown'));
    expectObservable(inTurn(lane, 0, new Observable(() => { throw new Error('thrown'); }))).toBe('#', undefined, new Error('thrown'));
    expectObservable(inTurn(lane, 0, cold('-(a|)'))).toBe('-(a|)');
  }));

  it('frees the place of a request that is unsubscribed in flight', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const lane = oneLane({ maxInFlight: 1 });
    const first = cold('-');
    expectObservable(inTurn(lane, 0, first), '^---!').toBe('-');
    expectObservable(inTurn(lane, 0, cold('-(a|)'))).toBe('-----(a|)');
    expectSubscriptions(first.subscriptions).toBe('     ^---!');
  }));

  it('forgets a request that is unsubscribed while it waits, and never sends it', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const lane = oneLane({ maxInFlight: 1 });
    const second = cold('-(b|)');
    expectObservable(inTurn(lane, 0, cold('------(a|)'))).toBe('------(a|)');
    expectObservable(inTurn(lane, 0, second), '^--!').toBe('-');
    expectObservable(inTurn(lane, 0, cold('-(c|)'))).toBe('-------(c|)');
    expectSubscriptions(second.subscriptions).toBe([]);
  }));

  it('sends a request once per subscription, each by itself', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const request = cold('--(a|)');
    const passing = inTurn(oneLane({ maxInFlight: 1 }), 0, request);
    expectObservable(merge(passing, passing)).toBe('--a-(a|)');
    expectSubscriptions(request.subscriptions).toBe(['^-!', '--^-!']);
  }));

  it('sends nothing before it is subscribed', () => {
    const { request, lives } = createLog();
    const lane = oneLane();
    inTurn(lane, 0, request('a'));
    inTurn(lane, -Infinity, request('b'));
    expect(lives).toEqual([]);
  });

  it('loses no request that ends inside the end of another', marbles(({ cold, expectObservable }) => {
    const lane = oneLane({ maxInFlight: 1 });
    expectObservable(concat(inTurn(lane, 0, cold('--(a|)')), inTurn(lane, 0, cold('--(b|)')))).toBe('--a---(b|)');
    expectObservable(inTurn(lane, 0, cold('--(c|)').pipe(take(1)))).toBe('                         ----(c|)');
  }));

  it('starts a request that is subscribed inside the value of another in its place', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 1 });
      const { request, sent } = createLog();
      inTurn(lane, 0, request('a', timer(10))).subscribe(() => {
        inTurn(lane, 0, request('b', timer(10))).subscribe();
        expect(sent()).toHaveLength(2);
      });
      flush();
      expect(sent()).toEqual(['0s a', '0.01s b']);
    });
  });

  it('starts none of those that are unsubscribed one right after another', () => {
    inVirtualTime(({ flush, interrupt, timers }) => {
      const lane = oneLane({ maxInFlight: 2 });
      const { request, names, sent } = createLog();
      const subscriptions = [...'abcdefgh'].map((name) => inTurn(lane, 0, request(name, NEVER)).subscribe());
      interrupt(seconds(1), () => { for (const subscription of subscriptions.slice(0, 6)) subscription.unsubscribe(); });
      flush();
      expect(sent()).toEqual(['0s a', '0s b', '1s g', '1s h']);
      for (const subscription of subscriptions) subscription.unsubscribe();
      flush();
      expect(names()).toBe('abgh');
      expect(timers()).toBe(0);
    });
  });

  it('starts none of those that one value unsubscribes', () => {
    inVirtualTime(({ flush, timers }) => {
      const lane = oneLane({ maxInFlight: 2 });
      const { request, names } = createLog();
      const race = record(merge(...[...'abcdef'].map((name, index) => inTurn(lane, 0, request(name, timer(10 + index))))).pipe(take(1)));
      flush();
      expect(names()).toBe('ab');
      expect(race.lines).toEqual(['0.01s a', '0.01s |']);
      expect(timers()).toBe(0);
    });
  });

  it('never assigns a place twice, whatever ends in the same turn', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 3 });
      let [inFlight, most, ended] = [0, 0, 0];
      const request = (ms: number) => new Observable<number>((subscriber) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        const subscription = timer(ms).subscribe(subscriber);
        return () => { inFlight -= 1; subscription.unsubscribe(); };
      });
      for (let index = 0; index < 60; index += 1) {
        const subscription = inTurn(lane, 0, request(index % 4)).subscribe({ complete: () => { ended += 1; } });
        if (index % 5 === 0) at(index % 7, () => { subscription.unsubscribe(); });
      }
      flush();
      expect(most).toBe(3);
      expect(inFlight).toBe(0);
      expect(ended).toBeGreaterThan(45);
    });
  });

  it('sends many waiting requests with synchronous responses without a deep stack', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 1 });
      let passed = 0;
      const first = record(inTurn(lane, 0, timer(5)));
      range(0, 20_000).subscribe((index) => {
        inTurn(lane, 0, of(index)).subscribe({ next: () => { passed += 1; }, ...ignored });
      });
      expect(passed).toBe(0);
      flush();
      expect(first.isOver).toBe(true);
      expect(passed).toBe(20_000);
    });
  });

  it('lets each response subscribe the next request without a deep stack', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 1 });
      let left = 20_000;
      const next = (): void => {
        if (left > 0) inTurn(lane, 0, of(0)).subscribe({ next: () => { left -= 1; next(); }, ...ignored });
      };
      next();
      flush();
      expect(left).toBe(0);
    });
  });
});

describe('perMinute', () => {
  const send = (limits: RateLimitOptions, requests: readonly (readonly [atMs: number, name: string, untilMs?: number])[]) =>
    inVirtualTime(({ flush, timers }) => {
      const lane = oneLane(limits);
      const log = createLog();
      for (const [atMs, name, untilMs = Infinity] of requests) {
        at(atMs, () => {
          const subscription = inTurn(lane, atMs, log.request(name)).subscribe();
          if (untilMs < Infinity) at(untilMs, () => { subscription.unsubscribe(); });
        });
      }
      flush();
      return { sent: log.sent(), timers: timers() };
    });

  it('spaces requests evenly, with a second to spare', () => {
    expect(send({ perMinute: 6 }, [[0, 'a'], [0, 'b'], [0, 'c']]).sent).toEqual(['0s a', '10.167s b', '20.334s c']);
  });

  it('delays no request that comes after the spacing', () => {
    expect(send({ perMinute: 6 }, [[0, 'a'], [seconds(15), 'b'], [seconds(20), 'c']]).sent).toEqual(['0s a', '15s b', '25.167s c']);
  });

  it('counts no request that is unsubscribed while it waits', () => {
    expect(send({ perMinute: 6 }, [[0, 'a'], [0, 'b', seconds(5)], [0, 'c']])).toEqual({ sent: ['0s a', '10.167s c'], timers: 0 });
  });

  it('leaves no timer behind when the last that waits is unsubscribed', () => {
    inVirtualTime(({ timers }) => {
      const lane = oneLane({ perMinute: 1 });
      inTurn(lane, 0, of(0)).subscribe();
      expect(timers()).toBe(0);
      const waiting = inTurn(lane, 0, of(0)).subscribe();
      expect(timers()).toBe(1);
      waiting.unsubscribe();
      expect(timers()).toBe(0);
    });
  });

  it('sets one timer for all lanes and requests', () => {
    inVirtualTime(({ timers }) => {
      const queue = createRequestQueue(64, clockOf(asyncScheduler));
      for (const name of 'abc') {
        const lane = queue.lane(name, minIntervalMs, { perMinute: 6 });
        for (let index = 0; index < 20; index += 1) inTurn(lane, index, of(index)).subscribe();
      }
      expect(timers()).toBe(1);
    });
  });

  it('limits each lane separately', () => {
    inVirtualTime(({ flush }) => {
      const queue = createRequestQueue(64, clockOf(asyncScheduler));
      const { request, sent } = createLog();
      const [slow, fast] = [queue.lane('slow', minIntervalMs, { perMinute: 6 }), queue.lane('fast', minIntervalMs)];
      for (const name of 'ab') inTurn(slow, 0, request(name)).subscribe();
      for (const name of 'cd') inTurn(fast, 0, request(name)).subscribe();
      flush();
      expect(sent()).toEqual(['0s a', '0s c', '0s d', '10.167s b']);
    });
  });
});

describe('clocks', () => {
  afterEach(() => { vi.useRealTimers(); });

  it.each([['back', -hours(8)], ['ahead', hours(8)]])('set %s while requests wait change no wait', (_, jumpMs) => {
    vi.useFakeTimers({ now: hours(300_000) });
    const lane = oneLane({ perMinute: 6 });
    const began = performance.now();
    const seen: number[] = [];
    for (let count = 0; count < 4; count += 1) inTurn(lane, 0, of(0)).subscribe(() => seen.push(performance.now() - began));
    vi.advanceTimersByTime(seconds(5));
    vi.setSystemTime(Date.now() + jumpMs);
    vi.advanceTimersByTime(seconds(10));
    vi.setSystemTime(Date.now() - 2 * jumpMs);
    inTurn(lane, 0, of(0)).subscribe(() => seen.push(performance.now() - began));
    vi.advanceTimersByTime(hours(1));
    expect(seen).toEqual([0, 10_167, 20_334, 30_501, 40_668]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([['back', -hours(8)], ['ahead', hours(8)]])('set %s while a lane backs off change no back-off', (_, jumpMs) => {
    vi.useFakeTimers({ now: hours(300_000) });
    const lane = oneLane();
    const began = performance.now();
    const seen: number[] = [];
    inTurn(lane, 0, arriving(lane, true, { retryAfterMs: seconds(30) })).subscribe();
    inTurn(lane, 0, of(0)).subscribe(() => seen.push(performance.now() - began));
    vi.setSystemTime(Date.now() + jumpMs);
    vi.advanceTimersByTime(hours(1));
    expect(seen).toEqual([seconds(30)]);
  });

  it('that move on while they are read lose no request', () => {
    inVirtualTime(({ flush }) => {
      // Each reading is a little later than the previous one, as on every real clock.
      for (const stepMs of [0.1, 0.25, 0.4, 1]) {
        for (const laterMs of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
          let driftMs = 0;
          const clock: Clock = { ...clockOf(asyncScheduler), elapsedMs: () => asyncScheduler.now() + (driftMs += stepMs) };
          const lane = createRequestQueue(64, clock).lane('one', minIntervalMs, { perMinute: 10_000 });
          const seen = record(concat(inTurn(lane, 0, of(1)), timer(laterMs).pipe(mergeMap(() => inTurn(lane, 0, of(2))))));
          flush();
          expect(seen.values, `readings ${String(stepMs)} ms apart, ${String(laterMs)} ms after the first request`).toEqual([1, 2]);
        }
      }
    });
  });
});

describe('a lane that is refused', () => {
  const refuseFirst = (count: number, retryAfterMs: number | null, names: string) =>
    inVirtualTime(({ flush, timers }) => {
      const lane = oneLane({ maxInFlight: 1 });
      const { request, sent } = createLog();
      [...names].forEach((name, index) => { inTurn(lane, index, request(name, arriving(lane, index < count, { retryAfterMs, afterMs: 100 }))).subscribe(); });
      flush();
      expect(timers()).toBe(0);
      return sent();
    });

  it('continues at once after a single refusal', () => {
    expect(refuseFirst(1, null, 'abc')).toEqual(['0s a', '0.1s b', '0.2s c']);
  });

  it('sends nothing for as long as Retry-After says', () => {
    expect(refuseFirst(1, seconds(30), 'abc')).toEqual(['0s a', '30.1s b', '30.2s c']);
  });

  it('waits for 10 minutes at most', () => {
    expect(refuseFirst(1, hours(24), 'ab')).toEqual(['0s a', '600.1s b']);
  });

  it('backs off after the second refusal in a row', () => {
    expect(refuseFirst(2, null, 'abc')).toEqual(['0s a', '0.1s b', '1.2s c']);
  });

  it('slows no other lane', () => {
    inVirtualTime(({ flush }) => {
      const queue = createRequestQueue(64, clockOf(asyncScheduler));
      const { request, sent } = createLog();
      const [refused, other] = [queue.lane('refused', minIntervalMs), queue.lane('other', minIntervalMs)];
      inTurn(refused, 0, request('a', arriving(refused, true, { retryAfterMs: seconds(30) }))).subscribe();
      inTurn(refused, 0, request('b')).subscribe();
      inTurn(other, 0, request('c')).subscribe();
      flush();
      expect(sent()).toEqual(['0s a', '0s c', '30s b']);
    });
  });

  it('gets a response before the place of its request is reused', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 2 });
      const { request, sent } = createLog();
      inTurn(lane, 0, request('a', arriving(lane, true, { retryAfterMs: seconds(5), afterMs: 100 }))).subscribe();
      inTurn(lane, 0, request('b', timer(200))).subscribe();
      inTurn(lane, 0, request('c')).subscribe();
      flush();
      expect(sent()).toEqual(['0s a', '0s b', '5.1s c']);
    });
  });
});

describe('write', () => {
  it('goes before polls, whatever their due time, and after earlier writes', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 1 });
      const { request, names } = createLog();
      inTurn(lane, 0, request('a', timer(10))).subscribe();
      inTurn(lane, -hours(1), request('b', timer(10))).subscribe();
      inTurn(lane, 5, request('c', timer(10))).subscribe();
      inTurn(lane, -Infinity, request('d', timer(10))).subscribe();
      inTurn(lane, -Infinity, request('e', timer(10))).subscribe();
      flush();
      expect(names()).toBe('adebc');
    });
  });

  it('goes before the polls of other lanes too', () => {
    inVirtualTime(({ flush }) => {
      const queue = createRequestQueue(1, clockOf(asyncScheduler));
      const { request, names } = createLog();
      const [one, two] = [queue.lane('one', minIntervalMs), queue.lane('two', minIntervalMs)];
      for (const name of 'abc') inTurn(one, 0, request(name, timer(10))).subscribe();
      inTurn(two, -Infinity, request('d', timer(10))).subscribe();
      flush();
      expect(names()).toBe('adbc');
    });
  });

  it('obeys the back-off of its lane', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane();
      const { request, sent } = createLog();
      inTurn(lane, 0, request('a', arriving(lane, true, { retryAfterMs: seconds(30) }))).subscribe();
      inTurn(lane, 0, request('b')).subscribe();
      inTurn(lane, -Infinity, request('c')).subscribe();
      flush();
      expect(sent()).toEqual(['0s a', '30s c', '30s b']);
    });
  });

  it('counts among the requests in flight and in a minute', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane({ maxInFlight: 1 });
      const paced = oneLane({ perMinute: 6 });
      const { request, sent } = createLog();
      inTurn(lane, -Infinity, request('a', timer(seconds(3)))).subscribe();
      inTurn(lane, -Infinity, request('b', timer(seconds(3)))).subscribe();
      inTurn(paced, -Infinity, request('c')).subscribe();
      inTurn(paced, 0, request('d')).subscribe();
      flush();
      expect(sent()).toEqual(['0s a', '0s c', '3s b', '10.167s d']);
    });
  });

  it('is sent once: it is not retried after an error', () => {
    inVirtualTime(({ flush }) => {
      const lane = oneLane();
      const { request, sent } = createLog();
      const seen = record(inTurn(lane, -Infinity, request('a', throwError(() => new Error('reset')))));
      flush();
      expect(sent()).toEqual(['0s a']);
      expect(seen.error).toEqual(new Error('reset'));
    });
  });
});

describe('concurrency', () => {
  /** Lanes of one queue. */
  const lanesOf = (concurrency: number | Observable<number>, ...names: readonly string[]): readonly Lane[] => {
    const queue = createRequestQueue(concurrency, clockOf(asyncScheduler));
    return names.map((name) => queue.lane(name, minIntervalMs));
  };

  it('limits the requests in flight over all lanes, the earliest due first', () => {
    inVirtualTime(({ flush }) => {
      const { request, sent } = createLog();
      const lanes = lanesOf(2, 'one', 'two', 'three');
      lanes.forEach((lane, index) => {
        inTurn(lane, 10 - index, request(`early${String(index)}`, timer(seconds(1)))).subscribe();
        inTurn(lane, 20 - index, request(`late${String(index)}`, timer(seconds(1)))).subscribe();
      });
      flush();
      expect(sent()).toEqual(['0s early0', '0s late0', '1s early2', '1s early1', '2s late2', '2s late1']);
    });
  });

  it.each([-1, 1.5, Number.NaN, Infinity, '2' as never, null as never])('of %s is refused', (concurrency) => {
    const create = () => createRequestQueue(concurrency, clockOf(asyncScheduler));
    expect(create).toThrow(RangeError);
    expect(create).toThrow(`concurrency must be an integer ≥ 0, not ${String(concurrency)}`);
  });

  it('of 0 pauses', () => {
    inVirtualTime(({ flush, timers }) => {
      const { request, lives } = createLog();
      const lane = oneLane({}, 0);
      inTurn(lane, 0, request('a')).subscribe();
      inTurn(lane, -Infinity, request('b')).subscribe();
      flush();
      expect([lives, timers()]).toEqual([[], 0]);
    });
  });

  it('may be an Observable: nothing starts before its first value', () => {
    inVirtualTime(({ flush }) => {
      const { request, sent } = createLog();
      const lane = oneLane({}, timer(seconds(3)).pipe(map(() => 2)));
      for (const name of 'abc') inTurn(lane, 0, request(name, timer(seconds(1)))).subscribe();
      flush();
      expect(sent()).toEqual(['3s a', '3s b', '4s c']);
    });
  });

  it('that emits synchronously lets a request start in the turn in which it is subscribed', () => {
    const { request, names } = createLog();
    inTurn(oneLane({}, of(1)), 0, request('a')).subscribe();
    expect(names()).toBe('a');
  });

  it('can be raised and lowered: requests in flight continue', () => {
    inVirtualTime(({ flush }) => {
      const concurrency = new BehaviorSubject(1);
      const { request, sent, lives } = createLog();
      const lane = oneLane({}, concurrency);
      for (const name of 'abcdefg') inTurn(lane, 0, request(name, timer(seconds(10)))).subscribe();
      at(seconds(2), () => concurrency.next(3));
      at(seconds(5), () => concurrency.next(1));
      at(seconds(13), () => concurrency.next(0));
      at(seconds(50), () => concurrency.next(2));
      flush();
      expect(sent()).toEqual(['0s a', '2s b', '2s c', '12s d', '50s e', '50s f', '60s g']);
      expect(lives.map(({ atMs, endedAtMs }) => (endedAtMs ?? 0) - atMs)).toEqual(Array.from({ length: 7 }, () => seconds(10)));
    });
  });

  it('keeps its last value after the Observable has completed', () => {
    inVirtualTime(({ flush }) => {
      const { request, sent } = createLog();
      const lane = oneLane({}, of(1, 2));
      for (const name of 'abcd') inTurn(lane, 0, request(name, timer(seconds(1)))).subscribe();
      flush();
      expect(sent()).toEqual(['0s a', '0s b', '1s c', '1s d']);
    });
  });

  it('is subscribed once while requests wait or are in flight, and only then', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const concurrency = cold('a', { a: 1 });
    const lane = oneLane({}, concurrency);
    const response = cold('--(x|)');
    expectObservable(inTurn(lane, 0, response)).toBe('--(x|)');
    expectObservable(inTurn(lane, 0, response)).toBe('----(x|)');
    expectObservable(inTurn(lane, 0, NEVER), '--------^--!').toBe('-');
    expectObservable(inTurn(lane, 0, NEVER), '---------^---!').toBe('-');
    expectSubscriptions(concurrency.subscriptions).toBe(['^---!', '--------^----!']);
  }));

  it('is unsubscribed when the last waiting request is unsubscribed', () => {
    inVirtualTime(() => {
      const concurrency = new Subject<number>();
      const waiting = inTurn(oneLane({}, concurrency), 0, of(0)).subscribe();
      expect(concurrency.observed).toBe(true);
      waiting.unsubscribe();
      expect(concurrency.observed).toBe(false);
    });
  });

  describe('that fails', () => {
    const bad = [-1, 1.5, Number.NaN, Infinity, '2' as never, null as never];

    it('at once is the error of the request', () => {
      const seen = record(inTurn(oneLane({}, throwError(() => new Error('no number'))), 0, of(0)));
      expect(seen.error).toEqual(new Error('no number'));
    });

    it('is the error of the waiting requests, in every lane; requests in flight continue', () => {
      inVirtualTime(({ flush, timers }) => {
        const concurrency = new BehaviorSubject(2);
        const { request, names } = createLog();
        const [one, two] = lanesOf(concurrency, 'one', 'two') as readonly [Lane, Lane];
        const flying = [one, two].map((lane) => record(inTurn(lane, 0, request('a', timer(seconds(10))))));
        const waiting = [inTurn(one, 0, request('b')), inTurn(one, -Infinity, request('c')), inTurn(two, 0, request('d'))].map((each) => record(each));
        at(seconds(2), () => concurrency.error(new Error('no number')));
        flush();
        expect(names()).toBe('aa');
        expect(flying.map(({ lines }) => lines)).toEqual([['10s a', '10s |'], ['10s a', '10s |']]);
        expect(waiting.map(({ lines, error }) => [lines, error])).toEqual(waiting.map(() => [['2s #'], new Error('no number')]));
        expect(timers()).toBe(0);
      });
    });

    it.each(bad)('by the value %s is an error of the waiting requests', (count) => {
      inVirtualTime(({ flush }) => {
        const concurrency = new BehaviorSubject(1);
        const lane = oneLane({}, concurrency);
        const [flying, waiting] = [record(inTurn(lane, 0, timer(10))), record(inTurn(lane, 0, of(0)))];
        at(5, () => concurrency.next(count));
        flush();
        expect(flying.error).toBeNull();
        expect(waiting.error).toBeInstanceOf(RangeError);
        expect(waiting.error).toMatchObject({ message: `concurrency must be an integer ≥ 0, not ${String(count)}` });
      });
    });

    it('by a bad first value is an error too', () => {
      expect(record(inTurn(oneLane({}, of(-1)), 0, of(0))).error).toBeInstanceOf(RangeError);
    });

    it('by an invalid value continues with the next valid one', () => {
      inVirtualTime(({ flush }) => {
        const concurrency = new BehaviorSubject(1);
        const { request, sent } = createLog();
        const lane = oneLane({}, concurrency);
        inTurn(lane, 0, request('a', timer(seconds(10)))).subscribe();
        inTurn(lane, 0, request('b')).subscribe(ignored);
        at(seconds(1), () => concurrency.next(-1));
        at(seconds(2), () => inTurn(lane, 0, request('c')).subscribe());
        at(seconds(3), () => concurrency.next(2));
        flush();
        expect(sent()).toEqual(['0s a', '3s c']);
      });
    });

    it('is subscribed again by a later request', () => {
      inVirtualTime(({ flush }) => {
        let tries = 0;
        const concurrency = defer(() => ((tries += 1) === 1 ? concat(of(0), timer(10).pipe(mergeMap(() => throwError(() => new Error('no number'))))) : of(1)));
        const { request, sent } = createLog();
        const lane = oneLane({}, concurrency);
        const first = record(inTurn(lane, 0, request('a')));
        at(20, () => inTurn(lane, 0, request('b')).subscribe());
        flush();
        expect(first.lines).toEqual(['0.01s #']);
        expect(sent()).toEqual(['0.02s b']);
      });
    });

    it('is unsubscribed after its invalid value has ended the last request', () => {
      inVirtualTime(() => {
        const concurrency = new BehaviorSubject(0);
        inTurn(oneLane({}, concurrency), 0, of(0)).subscribe(ignored);
        expect(concurrency.observed).toBe(true);
        concurrency.next(-1);
        expect(concurrency.observed).toBe(false);
      });
    });
  });
});

describe('the places of a queue', () => {
  /** Subscribes the requests of all lanes before the first may start; returns the lanes of those in flight then. */
  const holders = (places: number, demands: Readonly<Record<string, number>>, prepare: (lanes: Readonly<Record<string, Lane>>) => void = () => undefined, limits: Readonly<Record<string, RateLimitOptions>> = {}) =>
    inVirtualTime(({ flush }) => {
      const concurrency = new BehaviorSubject(places);
      const queue = createRequestQueue(concurrency, clockOf(asyncScheduler));
      const log = createLog();
      const lanes = Object.fromEntries(Object.keys(demands).map((name) => [name, queue.lane(name, minIntervalMs, limits[name])]));
      prepare(lanes);
      flush();
      concurrency.next(0);
      let due = 0;
      for (const [name, demand] of Object.entries(demands)) {
        for (let index = 0; index < demand; index += 1) { const lane = lanes[name]; if (lane !== undefined) inTurn(lane, (due += 1), log.request(name, NEVER)).subscribe(); }
      }
      concurrency.next(places);
      return [...log.inFlight()].sort().join('');
    });

  it('all go to the only lane', () => {
    expect(holders(4, { a: 9 })).toBe('aaaa');
    expect(holders(4, { a: 9, b: 0 })).toBe('aaaa');
  });

  it('go to a lane up to half while another could send, even if its requests are due first', () => {
    expect(holders(4, { a: 9, b: 9 })).toBe('aabb');
    expect(holders(4, { b: 9, a: 9 })).toBe('aabb');
    expect(holders(8, { a: 9, b: 9, c: 9 })).toBe('aaaabbbb');
  });

  it('go to a lane when the others do not need them', () => {
    expect(holders(6, { a: 9, b: 1 })).toBe('aaaaab');
    expect(holders(6, { a: 1, b: 9 })).toBe('abbbbb');
    expect(holders(8, { a: 9, b: 1, c: 2 })).toBe('aaaaabcc');
  });

  it('are at least one for each lane', () => {
    expect(holders(1, { a: 3, b: 3 })).toBe('a');
    expect(holders(2, { a: 3, b: 3 })).toBe('ab');
    expect(holders(3, { a: 3, b: 3 })).toBe('aab');
  });

  it('are not reserved for a lane that has its maximum in flight', () => {
    expect(holders(8, { a: 9, b: 9 }, undefined, { b: { maxInFlight: 1 } })).toBe('aaaaaaab');
  });

  it('are not reserved for a lane that backs off', () => {
    const backsOff = ({ b }: Readonly<Record<string, Lane>>) => { if (b !== undefined) inTurn(b, 0, arriving(b, true, { retryAfterMs: minutes(5) })).subscribe(); };
    expect(holders(4, { a: 9, b: 9 }, backsOff)).toBe('aaaa');
  });

  it('are not reserved for a lane that is at its rate limit', () => {
    expect(holders(6, { a: 9, b: 9 }, undefined, { b: { perMinute: 6 } })).toBe('aaaaab');
  });

  it('go to a later lane as the first lane frees them, until it has half', () => {
    inVirtualTime(({ flush }) => {
      const queue = createRequestQueue(4, clockOf(asyncScheduler));
      const { request, sent } = createLog();
      const [one, two] = [queue.lane('one', minIntervalMs), queue.lane('two', minIntervalMs)];
      for (let index = 0; index < 8; index += 1) inTurn(one, 0, request('a', timer(seconds(10 + index)))).subscribe();
      at(seconds(1), () => { for (let index = 0; index < 3; index += 1) inTurn(two, 9, request('b', timer(seconds(10)))).subscribe(); });
      flush();
      expect(sent().slice(0, 8)).toEqual(['0s a', '0s a', '0s a', '0s a', '10s b', '11s b', '12s a', '13s a']);
    });
  });
});

describe('status', () => {
  const idle: LaneStatus = { name: 'one', waiting: 0, inFlight: 0, waitingFor: null, waitMs: 0, perMinute: null };

  /** The latest status of a queue. */
  const latest = ({ status }: RequestQueue): QueueStatus => {
    let seen: QueueStatus | null = null;
    status.subscribe((each) => { seen = each; }).unsubscribe();
    if (seen === null) throw new Error('status emits nothing at once');
    return seen;
  };

  const queueOf = (concurrency: number | Observable<number>, limits?: RateLimitOptions) => {
    const queue = createRequestQueue(concurrency, clockOf(asyncScheduler));
    return { queue, lane: queue.lane('one', minIntervalMs, limits) };
  };

  it('emits on subscription, and holds only names, counts and reasons', () => {
    inVirtualTime(() => {
      expect(latest(createRequestQueue(64, clockOf(asyncScheduler)))).toStrictEqual({ concurrency: 64, inFlight: 0, lanes: [] });
      const { queue, lane } = queueOf(1);
      expect(latest(queue)).toStrictEqual({ concurrency: 1, inFlight: 0, lanes: [idle] });
      for (let index = 0; index < 3; index += 1) inTurn(lane, 0, NEVER).subscribe();
      expect(latest(queue)).toStrictEqual({ concurrency: 1, inFlight: 1, lanes: [{ ...idle, inFlight: 1, waiting: 2, waitingFor: 'concurrency' }] });
    });
  });

  it('emits after each change', () => {
    inVirtualTime(({ flush }) => {
      const { queue, lane } = queueOf(1);
      const counts = ({ concurrency, inFlight, lanes }: QueueStatus) => `${String(inFlight)} of ${String(concurrency)}, waiting ${lanes.map(({ waiting }) => waiting).join()}`;
      const seen = record(queue.status, counts);
      inTurn(lane, 0, timer(10)).subscribe();
      inTurn(lane, 0, timer(10)).subscribe();
      const third = inTurn(lane, 0, timer(10)).subscribe();
      at(5, () => third.unsubscribe());
      flush();
      expect(seen.lines).toEqual([
        '0s 0 of 1, waiting 0', '0s 1 of 1, waiting 0', '0s 1 of 1, waiting 1', '0s 1 of 1, waiting 2',
        '0.005s 1 of 1, waiting 1', ...seen.lines.slice(5, -2), '0.01s 1 of 1, waiting 0', '0.02s 0 of 1, waiting 0',
      ]);
      expect(new Set(seen.lines.slice(5, -2))).toEqual(seen.lines.length > 7 ? new Set(['0.005s 1 of 1, waiting 1']) : new Set());
      expect(seen.isOver).toBe(false);
    });
  });

  it('emits when a request in flight is unsubscribed, when one errs and when the concurrency changes', () => {
    inVirtualTime(({ flush }) => {
      const concurrency = new BehaviorSubject(0);
      const { queue, lane } = queueOf(concurrency);
      const seen = record(queue.status, ({ concurrency: places, inFlight }) => `${String(inFlight)} of ${String(places)}`);
      const flying = inTurn(lane, 0, NEVER).subscribe();
      at(5, () => concurrency.next(2));
      at(10, () => inTurn(lane, 0, timer(10).pipe(mergeMap(() => throwError(() => new Error('reset'))))).subscribe(ignored));
      at(30, () => flying.unsubscribe());
      flush();
      for (const line of ['0s 0 of 0', '0.005s 1 of 2', '0.01s 2 of 2', '0.02s 1 of 2', '0.03s 0 of 2']) expect(seen.lines).toContain(line);
    });
  });

  it('reports that nothing waits after the concurrency has failed', () => {
    inVirtualTime(() => {
      const concurrency = new BehaviorSubject(0);
      const { queue, lane } = queueOf(concurrency);
      const waiting: (number | undefined)[] = [];
      queue.status.subscribe(({ lanes }) => waiting.push(lanes[0]?.waiting));
      inTurn(lane, 0, of(0)).subscribe(ignored);
      expect(waiting.at(-1)).toBe(1);
      concurrency.error(new Error('no number'));
      expect(waiting.at(-1)).toBe(0);
    });
  });

  it("gives 'concurrency' when all places of the client are taken, and when it is paused", () => {
    inVirtualTime(() => {
      for (const concurrency of [0, 1]) {
        const { queue, lane } = queueOf(concurrency);
        for (let index = 0; index < 2; index += 1) inTurn(lane, 0, NEVER).subscribe();
        expect(latest(queue).lanes).toMatchObject([{ waiting: 2 - concurrency, waitingFor: 'concurrency', waitMs: 0 }]);
      }
    });
  });

  it("gives 'max-in-flight' when a lane has its maximum in flight", () => {
    inVirtualTime(() => {
      const { queue, lane } = queueOf(64, { maxInFlight: 1 });
      for (let index = 0; index < 3; index += 1) inTurn(lane, 0, NEVER).subscribe();
      expect(latest(queue).lanes).toEqual([{ ...idle, inFlight: 1, waiting: 2, waitingFor: 'max-in-flight' }]);
    });
  });

  it("gives 'rate-limit' and the remaining wait when the next request may not start yet", () => {
    inVirtualTime(({ flush, interrupt }) => {
      const { queue, lane } = queueOf(64, { perMinute: 6 });
      for (let index = 0; index < 3; index += 1) inTurn(lane, 0, of(0)).subscribe();
      interrupt(seconds(4), () => {
        expect(latest(queue).lanes).toEqual([{ ...idle, waiting: 2, waitingFor: 'rate-limit', waitMs: 6_167, perMinute: 6 }]);
      });
      flush();
      expect(latest(queue).lanes).toEqual([{ ...idle, waitMs: 10_167, perMinute: 6 }]);
    });
  });

  it("gives 'back-off' and the remaining wait after the server has refused", () => {
    inVirtualTime(({ flush, interrupt }) => {
      const { queue, lane } = queueOf(64);
      inTurn(lane, 0, arriving(lane, true, { retryAfterMs: seconds(30) })).subscribe();
      inTurn(lane, 0, of(0)).subscribe();
      interrupt(seconds(10), () => {
        expect(latest(queue).lanes).toEqual([{ ...idle, waiting: 1, waitingFor: 'back-off', waitMs: seconds(20) }]);
      });
      flush();
      expect(latest(queue).lanes).toEqual([idle]);
    });
  });

  it('gives no reason when nothing waits', () => {
    inVirtualTime(() => {
      const { queue, lane } = queueOf(1);
      inTurn(lane, 0, arriving(lane, true, { retryAfterMs: seconds(30) })).subscribe();
      expect(latest(queue).lanes).toMatchObject([{ waiting: 0, waitingFor: null, waitMs: seconds(30) }]);
    });
  });

  it('shows the lower of the given and the found limit', () => {
    inVirtualTime(({ flush }) => {
      const { queue, lane } = queueOf(64, { perMinute: 100 });
      expect(latest(queue).lanes[0]?.perMinute).toBe(100);
      for (let index = 0; index < 3; index += 1) inTurn(lane, 0, arriving(lane, true, { afterMs: 10 })).subscribe();
      flush();
      expect(latest(queue).lanes[0]?.perMinute).toBe(minutes(1) / minIntervalMs);
      const free = queueOf(64);
      for (let index = 0; index < 3; index += 1) inTurn(free.lane, 0, arriving(free.lane, true)).subscribe();
      flush();
      expect(latest(free.queue).lanes[0]?.perMinute).toBe(minutes(1) / minIntervalMs);
    });
  });

  it('lists the lanes in the order of their creation', () => {
    const queue = createRequestQueue(64, clockOf(asyncScheduler));
    for (const name of ['b', 'a', 'b']) queue.lane(name, minIntervalMs);
    expect(latest(queue).lanes.map(({ name }) => name)).toEqual(['b', 'a', 'b']);
  });

  it('goes to each observer until it is unsubscribed, and sends nothing by itself', () => {
    inVirtualTime(() => {
      const concurrency = new BehaviorSubject(1);
      const { queue, lane } = queueOf(concurrency);
      const seen = [0, 0];
      const [first] = [0, 1].map((index) => queue.status.subscribe(() => { seen[index]! += 1; }));
      expect([seen, concurrency.observed]).toEqual([[1, 1], false]);
      first?.unsubscribe();
      inTurn(lane, 0, NEVER).subscribe();
      expect(seen[0]).toBe(1);
      expect(seen[1]).toBeGreaterThan(1);
    });
  });

  it('shows the next status to an observer that subscribes a request', () => {
    inVirtualTime(() => {
      const { queue, lane } = queueOf(64);
      const seen: number[] = [];
      queue.status.pipe(take(1)).subscribe(() => inTurn(lane, 0, NEVER).subscribe());
      queue.status.subscribe(({ inFlight }) => seen.push(inFlight));
      inTurn(lane, 0, NEVER).subscribe();
      expect(seen).toEqual([1, 2]);
    });
  });
});

describe('the concurrency of a client', () => {
  it('limits the requests in flight, not the watches', marbles(({ flush }) => {
    const { transport, requests: lives } = recordingTransport(() => played({ ...succeeded, afterMs: 2 }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], concurrency: 2 });
    const all = record(merge(...Array.from({ length: 6 }, (_, index) => client.watch(taskOf(quick, String(index))))).pipe(toArray()), ({ length }) => length);
    flush();
    expect(lives.map(({ atMs }) => atMs)).toEqual([0, 0, 2, 2, 4, 4]);
    expect(all.lines).toEqual(['0.006s 6', '0.006s |']);
  }));

  it('ends a watch whose deadline comes while it waits, and sends nothing for it', marbles(({ flush }) => {
    const { transport, requests: lives } = recordingTransport(() => played({ ...running, afterMs: 50 }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], concurrency: 1 });
    record(client.watch(taskOf(quick, 'first')), to, 60);
    const second = record(client.watch(taskOf(quick, 'second'), { deadlineMs: 20 }), to);
    flush();
    expect(second.lines).toEqual(['0.02s #']);
    expect(second.error).toMatchObject({ kind: 'timeout' });
    expect(lives.every(({ url }) => url.endsWith('/first'))).toBe(true);
  }));

  it('does not count the time in the queue against a timeout', marbles(({ flush }) => {
    const { transport } = recordingTransport(() => played({ ...succeeded, afterMs: 6 }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], requestTimeoutMs: 8, concurrency: 1 });
    const records = ['a', 'b', 'c'].map((id) => record(client.states(taskOf(quick, id)), ({ snapshot }) => snapshot?.status));
    flush();
    expect(records.map(({ lines }) => lines[0])).toEqual(['0.006s succeeded', '0.012s succeeded', '0.018s succeeded']);
  }));

  it('assigns no place to a watch that waits for its interval', marbles(({ flush }) => {
    const { transport } = recordingTransport((index) => played(index < 4 ? queued : succeeded));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], concurrency: 1 });
    const records = ['a', 'b'].map((id) => record(client.watch(taskOf(quick, id), { policy: { interval: () => 10 } }), to));
    flush();
    expect(records.map(({ lines }) => lines[0])).toEqual(['0s queued', '0s queued']);
  }));

  it('frees the place of a request that errs, times out or is unsubscribed', marbles(({ flush }) => {
    const responses = [throwError(() => new Error('reset')), NEVER, NEVER];
    const { transport, requests: lives } = recordingTransport((index) => responses[index] ?? played(succeeded));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], requestTimeoutMs: 8, concurrency: 1 });
    record(client.watch(taskOf(quick, 'errs')), to, 1);
    record(client.watch(taskOf(quick, 'hangs')), to, 5);
    const timesOut = record(client.watch(taskOf(quick, 'times-out')), to, 14);
    const last = record(client.watch(taskOf(quick, 'answers')), to);
    flush();
    expect(lives.map(({ url, atMs }) => `${String(atMs)} ${url.slice(url.lastIndexOf('/') + 1)}`)).toEqual(['0 errs', '0 hangs', '5 times-out', '13 answers']);
    expect(timesOut.lines).toEqual([]);
    expect(last.lines).toEqual(['0.013s succeeded', '0.013s |']);
  }));
});

describe('the properties of a queue', () => {
  const anyRequest = fc.record({
    atMs: fc.nat({ max: minutes(3) }),
    early: fc.nat({ max: minutes(5) }),
    takesMs: fc.nat({ max: seconds(40) }),
    staysMs: fc.option(fc.nat({ max: minutes(10) }), { freq: 3 }),
  });

  /** No request started before another that waited at the same time and was due earlier. */
  const expectOrder = (left: readonly { readonly atMs: number; readonly due: number; readonly cameAtMs: number; readonly leavesAtMs: number }[]): void => {
    left.forEach(({ atMs, due }, order) => {
      for (const later of left.slice(order + 1)) {
        if (later.cameAtMs < atMs && later.leavesAtMs > atMs) expect(later.due).toBeGreaterThanOrEqual(due);
      }
    });
  };

  it('starts at most perMinute in any minute, keeps the maximum in flight, starts the earliest due first, and forgets none', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 6 }), (requests, perMinute, maxInFlight) => {
        inVirtualTime(({ flush, timers }) => {
          const lane = oneLane({ perMinute, maxInFlight });
          const { request, lives } = createLog();
          requests.forEach(({ atMs, early, takesMs, staysMs }, index) => {
            at(atMs, () => {
              const subscription = inTurn(lane, atMs - early, request(String(index), timer(takesMs))).subscribe();
              if (staysMs !== null) at(atMs + staysMs, () => { subscription.unsubscribe(); });
            });
          });
          flush();
          const sentAt = lives.map(({ atMs }) => atMs);
          for (const from of sentAt) {
            expect(sentAt.filter((atMs) => atMs >= from && atMs < from + minutes(1)).length).toBeLessThanOrEqual(perMinute);
            expect(lives.filter(({ atMs, endedAtMs }) => atMs <= from && (endedAtMs ?? Infinity) > from).length).toBeLessThanOrEqual(maxInFlight);
          }
          expectOrder(lives.map(({ name, atMs }) => {
            const { atMs: cameAtMs, early, staysMs } = requests[Number(name)]!;
            return { atMs, due: cameAtMs - early, cameAtMs, leavesAtMs: cameAtMs + (staysMs ?? Infinity) };
          }));
          const names = lives.map(({ name }) => name);
          expect(names).toEqual(expect.arrayContaining(requests.flatMap(({ staysMs }, index) => (staysMs === null ? [String(index)] : []))));
          expect(new Set(names).size).toBe(names.length);
          expect(timers()).toBe(0);
        });
      }),
    );
  });

  it('over lanes, writes and a changing concurrency: no limit is exceeded, each request is subscribed once, and its end is that of the request', () => {
    const lanesCount = 3;
    const anyCall = fc.record({ lane: fc.nat({ max: lanesCount - 1 }), isWrite: fc.boolean(), errs: fc.boolean() });
    const anyLimits = fc.record({ perMinute: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }), maxInFlight: fc.integer({ min: 1, max: 6 }) });
    const anyChange = fc.record({ atMs: fc.nat({ max: minutes(4) }), places: fc.integer({ min: 0, max: 8 }) });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyRequest, anyCall), { minLength: 1, maxLength: 60 }),
        fc.array(anyLimits, { minLength: lanesCount, maxLength: lanesCount }),
        fc.array(anyChange, { maxLength: 6 }),
        (requests, limits, changes) => {
          inVirtualTime(({ flush, timers }) => {
            const concurrency = new BehaviorSubject(4);
            const queue = createRequestQueue(concurrency, clockOf(asyncScheduler));
            const lanes = limits.map((each, index) => queue.lane(String(index), minIntervalMs, each));
            const { request, lives, inFlight } = createLog();
            const laneOf = (name: string): number => requests[Number(name)]![1].lane;
            const ends = new Map<string, string>();
            for (const { atMs, places } of changes) at(atMs, () => concurrency.next(places));
            at(minutes(5), () => concurrency.next(3));
            requests.forEach(([{ atMs, early, takesMs, staysMs }, { lane: number, isWrite, errs }], index) => {
              const name = String(index);
              const lane = lanes[number]!;
              const response = defer(() => {
                // As it starts.
                const flying = lives.filter(({ endedAtMs }) => endedAtMs === null);
                expect(flying.length).toBeLessThanOrEqual(concurrency.value);
                expect(flying.filter((life) => laneOf(life.name) === number).length).toBeLessThanOrEqual(limits[number]!.maxInFlight);
                return timer(takesMs).pipe(map(() => { if (errs) throw new Error(name); return name; }));
              });
              at(atMs, () => {
                const sent = request(name, response);
                const subscription = (isWrite ? inTurn(lane, -Infinity, sent) : inTurn(lane, atMs - early, sent)).subscribe({
                  next: (value) => ends.set(name, value),
                  error: (error: unknown) => ends.set(name, String(error)),
                });
                if (staysMs !== null) at(atMs + staysMs, () => { subscription.unsubscribe(); });
              });
            });
            flush();
            limits.forEach(({ perMinute = Infinity }, number) => {
              const own = lives.filter(({ name }) => laneOf(name) === number);
              for (const { atMs: from } of own) expect(own.filter(({ atMs }) => atMs >= from && atMs < from + minutes(1)).length).toBeLessThanOrEqual(perMinute);
              expectOrder(own.map(({ name, atMs }) => {
                const [{ atMs: cameAtMs, early, staysMs }, { isWrite }] = requests[Number(name)]!;
                return { atMs, due: isWrite ? -Infinity : cameAtMs - early, cameAtMs, leavesAtMs: cameAtMs + (staysMs ?? Infinity) };
              }));
            });
            const names = lives.map(({ name }) => name);
            expect(new Set(names).size).toBe(names.length);
            requests.forEach(([{ staysMs }, { errs }], index) => {
              if (staysMs === null) expect(ends.get(String(index))).toBe(errs ? `Error: ${String(index)}` : String(index));
            });
            expect([inFlight(), timers(), concurrency.observed]).toEqual(['', 0, false]);
          });
        },
      ),
    );
  });

  it('whatever is refused, all requests of the lane obey Retry-After', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 40 }), fc.array(fc.option(fc.integer({ min: 1, max: 30 })), { minLength: 1, maxLength: 40 }), (requests, refusals) => {
        inVirtualTime(({ flush }) => {
          const lane = oneLane({ perMinute: 120 });
          const { request, lives } = createLog();
          requests.forEach(({ atMs }, index) => {
            const response = defer(() => {
              const inSeconds = refusals[lives.length - 1] ?? null;
              return arriving(lane, inSeconds !== null, { retryAfterMs: inSeconds === null ? null : seconds(inSeconds) });
            });
            at(atMs, () => inTurn(lane, atMs, request(String(index), response)).subscribe());
          });
          flush();
          expect(lives).toHaveLength(requests.length);
          lives.slice(1).forEach(({ atMs }, index) => {
            expect(atMs - (lives[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(seconds(refusals[index] ?? 0));
          });
        });
      }),
    );
  });

  it('while every lane could send, none holds more than half of the places, rounded up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 4 }), (places, demands) => {
        inVirtualTime(() => {
          const concurrency = new BehaviorSubject(0);
          const queue = createRequestQueue(concurrency, clockOf(asyncScheduler));
          const { request, lives } = createLog();
          let due = 0;
          demands.forEach((demand, index) => {
            const lane = queue.lane(String(index), minIntervalMs);
            for (let count = 0; count < demand; count += 1) inTurn(lane, (due += 1), request(String(index), NEVER)).subscribe();
          });
          concurrency.next(places);
          const total = demands.reduce((sum, demand) => sum + demand, 0);
          expect(lives).toHaveLength(Math.min(places, total));
          const held = demands.map((_, index) => lives.filter(({ name }) => name === String(index)).length);
          held.forEach((own, index) => {
            const othersWait = demands.some((demand, other) => other !== index && demand > held[other]!);
            if (othersWait) expect(own).toBeLessThanOrEqual(Math.max(1, Math.ceil(places / 2)));
          });
        });
      }),
    );
  });
});
