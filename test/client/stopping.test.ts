import fc from 'fast-check';
import { asyncScheduler, concat, firstValueFrom, from, map, merge, mergeMap, NEVER, Observable, of, Subscription, take, takeUntil, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { ScriptedStep } from '../../src/testing/index.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  arkTask,
  busy,
  days,
  record,
  every,
  html,
  inVirtualTime,
  minutes,
  missing,
  played,
  queued,
  quick,
  reset,
  running,
  scripted,
  seconds,
  succeeded,
  taskOf,
  to,
  recordedClient,
} from '../support/client.js';

const afterTwo = (step: ScriptedStep): ScriptedStep => ('afterMs' in step || 'hang' in step ? step : { ...step, afterMs: 2 });
const script = [
  queued, { hang: true } as const, busy, running, { ...reset, afterMs: 1 }, running, html(200), missing, running, succeeded,
].map(afterTwo);

/** A client of the quick provider that goes through everything within 100 ms. */
const eventful = () => {
  const { client, requests, pending } = recordedClient(script, { accounts: [accountOf(quick)], requestTimeoutMs: 8, concurrency: 2 });
  return { client, requests, pending };
};

const task = taskOf(quick);
const lastInstant = 90;

/** Runs a stream, stops it at an instant, and returns what was left behind. */
const stoppedAt = (ms: number, turns: number, streamOf: (client: ReturnType<typeof eventful>['client']) => Observable<unknown>) =>
  inVirtualTime(({ flush, interrupt, timers }) => {
    const { client, requests, pending } = eventful();
    const seen = record(streamOf(client), () => 'x');
    const left = { timers: -1, pending: -1, sent: -1, events: -1, isOver: false };
    interrupt(ms, () => {
      seen.stop();
      Object.assign(left, { pending: pending(), sent: requests.length, events: seen.lines.length, isOver: seen.isOver });
      // The queue takes one more turn, in which it starts no request.
      interrupt(ms, () => { left.timers = timers(); }, 2);
    }, turns);
    flush();
    return { ...left, laterRequests: requests.length - left.sent, laterEvents: seen.lines.length - left.events, unended: requests.filter(({ end }) => end === null).length };
  });

const nothing = { timers: 0, pending: 0, laterRequests: 0, laterEvents: 0, unended: 0 };

describe('stopping at any instant leaves no request, no timer and no later event', () => {
  const streams: readonly (readonly [string, (client: ReturnType<typeof eventful>['client']) => Observable<unknown>])[] = [
    ['watch', (client) => client.watch(task)],
    ['states', (client) => client.states(task)],
    ['query', (client) => client.query(task)],
    ['two watchers', (client) => merge(client.watch(task), client.states(task, { deadlineMs: 40 }))],
    ['a watcher and a late one', (client) => merge(client.watch(task), timer(13).pipe(mergeMap(() => client.watch(task))))],
    ['a watch with a deadline', (client) => client.watch(task, { deadlineMs: 17 })],
    ['a feed of more tasks than may be polled at once', (client) =>
      from(['a', 'b', 'c', 'd', 'e']).pipe(map((id) => taskOf(quick, id)), watchTasks(client))],
  ];

  it.each(streams)('%s', (_, streamOf) => {
    let [stopped, over] = [0, 0];
    for (let ms = 0; ms <= lastInstant; ms += 1) {
      for (const turns of [0, 2]) {
        const { sent, events, isOver, ...left } = stoppedAt(ms, turns, streamOf);
        expect(left, `at ${String(ms)} ms and ${String(turns)} turns, after ${String(sent)} requests and ${String(events)} events`).toEqual(nothing);
        if (isOver) over += 1;
        else stopped += 1;
      }
    }
    expect(stopped, 'instants before its end').toBeGreaterThan(3);
    expect(over, 'instants after its end').toBeGreaterThan(3);
  });

  it('at any instant of a watch with real intervals', () => {
    fc.assert(fc.property(fc.nat({ max: minutes(5) }), fc.nat({ max: 3 }), fc.array(fc.constantFrom(...script), { maxLength: 8 }), (ms, turns, steps) => {
      const left = inVirtualTime(({ flush, interrupt, timers }) => {
        const { client, requests, pending } = recordedClient((index) => played(steps[index] ?? running));
        const seen = record(client.watch(arkTask), to);
        const found = { timers: -1, pending: -1, sent: 0 };
        interrupt(ms, () => {
          seen.stop();
          Object.assign(found, { timers: timers(), pending: pending(), sent: requests.length });
        }, turns);
        flush();
        return { ...found, sent: requests.length - found.sent };
      });
      expect(left).toEqual({ timers: 0, pending: 0, sent: 0 });
    }));
  });

  it('by takeUntil, take and firstValueFrom', async () => {
    inVirtualTime(({ flush, timers }) => {
      const { client, requests, pending } = eventful();
      record(client.watch(task).pipe(takeUntil(timer(5))), to);
      flush();
      record(client.watch(task).pipe(take(1)), to);
      flush();
      record(client.states(task).pipe(take(3)), () => 'x');
      flush();
      expect([pending(), timers()]).toEqual([0, 0]);
      expect(requests.length).toBeGreaterThan(3);
    });
    vi.useFakeTimers();
    try {
      const { client, transport } = scripted([{ ...queued, afterMs: 20 }]);
      const first = firstValueFrom(client.watch(arkTask));
      await vi.advanceTimersByTimeAsync(100);
      expect(await first).toMatchObject({ to: 'queued' });
      expect([transport.pending(), vi.getTimerCount()]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('stopping inside a callback', () => {
  it.each([0, 2])('in `next`, with responses after %i ms', (afterMs) => {
    for (const count of [1, 2, 3, 4]) {
      inVirtualTime(({ flush, timers }) => {
        const { client, requests, pending } = recordedClient((index) => played({ ...([queued, running, busy, succeeded][index] ?? running), afterMs }), { accounts: [accountOf(quick)] });
        const subscription = new Subscription();
        let values = 0;
        subscription.add(client.states(task).subscribe(() => {
          values += 1;
          if (values === count) subscription.unsubscribe();
        }));
        flush();
        expect([values, requests.length, pending(), timers()]).toEqual([count, count, 0, 0]);
      });
    }
  });

  it('while the request is being sent', marbles(({ flush }) => {
    let [left, aborted] = [0, 0];
    const subscription = new Subscription();
    const transport = () =>
      new Observable<never>(() => {
        left += 1;
        subscription.unsubscribe();
        return () => { aborted += 1; };
      });
    subscription.add(createTaskClient({ transport, accounts: [accountOf(quick)] }).watch(task).subscribe());
    flush();
    expect([left, aborted]).toEqual([1, 1]);
  }));

  it('in the turn in which it started: no request is sent', marbles(({ flush }) => {
    const { client, requests } = eventful();
    client.watch(task).subscribe().unsubscribe();
    client.states(task).subscribe().unsubscribe();
    flush();
    expect(requests).toEqual([]);
  }));

  it('a request that waits in a queue of the transport is never sent', marbles(({ flush }) => {
    let sent = 0;
    const transport = () => timer(10).pipe(map(() => { sent += 1; return { status: 200, headers: {}, body: '' }; }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)] });
    record(client.watch(task), to, 5);
    flush();
    expect(sent).toBe(0);
  }));

  it('a subscriber that throws does not stop another watcher', async () => {
    vi.useFakeTimers();
    try {
      const { client } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
      const thrown = vi.fn();
      const { config } = await import('rxjs');
      config.onUnhandledError = thrown;
      client.watch(arkTask).subscribe(() => { throw new Error('the subscriber is broken'); });
      const other = record(client.watch(arkTask), to);
      await vi.advanceTimersByTimeAsync(minutes(1));
      config.onUnhandledError = null;
      expect(other.lines).toHaveLength(4);
      expect(thrown).toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a long run', () => {
  /** Every subscription below one. */
  const sizeOf = (subscription: unknown, met = new Set<unknown>()): number => {
    if (typeof subscription !== 'object' || subscription === null || met.has(subscription)) return met.size;
    met.add(subscription);
    for (const child of (subscription as { _finalizers?: readonly unknown[] | null })._finalizers ?? []) sizeOf(child, met);
    return met.size;
  };

  it.each([0, 1])('five thousand polls hold no more memory than the first ones: responses after %i ms', (afterMs) => {
    inVirtualTime(({ flush, timers }) => {
      const sizes: number[] = [];
      let subscription = new Subscription();
      const { client, requests, pending } = recordedClient((index) => {
        if (index % 100 === 99) sizes.push(sizeOf(subscription) + timers() + pending());
        return played(index === 5000 ? succeeded : { ...(index % 7 === 3 ? busy : running), ...(afterMs === 0 ? {} : { afterMs }) });
      }, { accounts: [accountOf(quick)], deadlineMs: days(1) });
      let last = '';
      subscription = client.watch(task).subscribe((transition) => { last = transition.to; });
      flush();
      expect(last).toBe('succeeded');
      expect(requests).toHaveLength(5001);
      expect(sizes).toHaveLength(50);
      expect(Math.max(...sizes)).toBe(Math.max(...sizes.slice(0, 5)));
      expect([pending(), timers()]).toEqual([0, 0]);
    });
  });

  it('a thousand watches that were stopped leave nothing behind', () => {
    inVirtualTime(({ flush, timers, interrupt }) => {
      const { client, requests, pending } = eventful();
      const watches = Array.from({ length: 1000 }, (_, index) => record(client.watch(taskOf(quick, `cgt-${String(index)}`)), to));
      interrupt(10, () => {
        for (const { stop } of watches) stop();
        expect([pending(), timers()]).toEqual([0, 0]);
      });
      flush();
      expect(requests.every(({ end }) => end !== null)).toBe(true);
    });
  });

  it('the state does not grow with the number of polls', () => {
    inVirtualTime(({ flush }) => {
      const { client } = recordedClient((index) => played(index % 2 === 0 ? busy : running), { accounts: [accountOf(quick)], deadlineMs: days(1) });
      const sizes: number[] = [];
      record(client.states(task).pipe(take(1000)), (state) => sizes.push(JSON.stringify(state).length));
      flush();
      expect(Math.max(...sizes)).toBeLessThan(2 * (sizes[1] ?? 0));
    });
  });

  it('a client without watches has no timer', () => {
    vi.useFakeTimers();
    try {
      const { client } = scripted([running]);
      const watches = concat(of(1), NEVER).pipe(mergeMap(() => client.watch(arkTask)));
      const seen = record(watches, to);
      vi.advanceTimersByTime(seconds(35));
      expect(vi.getTimerCount()).toBeGreaterThan(0);
      seen.stop();
      expect(vi.getTimerCount()).toBe(0);
      expect(asyncScheduler.now()).toBe(Date.now());
    } finally {
      vi.useRealTimers();
    }
  });
});
