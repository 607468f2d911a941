/**
 * The most important promise: for all responses, all watches, stops and saves, and any wall clock,
 * no task is polled sooner than its minimum interval after its last request.
 */
import fc from 'fast-check';
import { asyncScheduler, defer, EMPTY, NEVER, type Observable, of, type Subscription, switchMap, throwError, timer } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTaskClient, type TaskClient, type WatchOptions } from '../../src/client/task-client.js';
import { ark } from '../../src/providers/ark.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { accountOf, at, days, hours, inVirtualTime, minutes, played, refusal, responseOf, seconds } from '../support/client.js';

const minIntervalMs = seconds(10);

/** The tasks of a request. */
const tasksOf = ({ url }: HttpRequest): readonly string[] => {
  const { pathname, searchParams } = new URL(url);
  const listed = searchParams.getAll('filter.task_ids');
  return listed.length > 0 ? listed : [pathname.split('/').at(-1) ?? ''];
};

const isList = ({ url }: HttpRequest): boolean => url.includes('filter.task_ids=');

const statuses = [...Array<'running'>(9).fill('running'), 'queued', 'succeeded', 'failed'] as const;

/** The outcome of a request. */
const outcomes = ['good', 'good', 'good', 'missing', 'missing', 'cut', 'empty', 'Retry-After', '429', '503', '404', 'quota', 'reset', 'hang'] as const;

interface Outcome {
  readonly kind: (typeof outcomes)[number];
  readonly afterMs: number;
  readonly status: (typeof statuses)[number];
  /** The tasks that a list omits, one bit each. */
  readonly missing: number;
}

const anyOutcome: fc.Arbitrary<Outcome> = fc.record({
  kind: fc.constantFrom(...outcomes),
  afterMs: fc.oneof(fc.constant(0), fc.nat({ max: seconds(14) })),
  status: fc.constantFrom(...statuses),
  missing: fc.nat({ max: 63 }),
});

const good = (request: HttpRequest, { kind, status, missing }: Outcome): HttpResponse => {
  const item = (id: string): object => ({ id, model: 'doubao', status });
  const headers = kind === 'Retry-After' ? { 'retry-after': '15' } : {};
  const [only] = tasksOf(request);
  if (!isList(request)) return responseOf({ headers, body: item(only ?? '') });
  const items = tasksOf(request).filter((_, index) => kind !== 'missing' || (missing & (1 << index)) === 0).map(item);
  return responseOf({ headers, body: { total: items.length, items } });
};

const responded = (request: HttpRequest, outcome: Outcome): Observable<HttpResponse> => {
  const response = good(request, outcome);
  switch (outcome.kind) {
    case 'good':
    case 'missing':
    case 'Retry-After':
      return of(response);
    case 'cut':
      return of({ ...response, body: response.body.slice(0, -3) });
    case 'empty':
      return of({ ...response, body: '{}' });
    case '429':
      return played(refusal(429, 'RateLimitExceeded'));
    case '503':
      return played(refusal(503, 'ServiceUnavailable'));
    case '404':
      return played(refusal(404, 'ResourceNotFound'));
    case 'quota':
      return played(refusal(429, 'QuotaExceeded'));
    case 'reset':
      return played({ error: 'read ECONNRESET' });
    case 'hang':
      return NEVER;
  }
};

/** An action on one of the tasks. */
const anyAction = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.nat({ max: seconds(4) }), fc.nat({ max: seconds(40) })),
  task: fc.nat({ max: 5 }),
  what: fc.oneof({ weight: 20, arbitrary: fc.constantFrom('watch', 'watch', 'query', 'stop') }, { weight: 1, arbitrary: fc.constant('stop all') }),
  everyMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: seconds(40) })),
  save: fc.oneof(fc.constant('none'), fc.constantFrom('at once', 'throws', 'errs', 'takes', 'never', 'third throws')),
  saveMs: fc.nat({ max: seconds(12) }),
});

type Action = typeof anyAction extends fc.Arbitrary<infer A> ? A : never;

const saveOf = ({ save, saveMs }: Action): WatchOptions['save'] => {
  let count = 0;
  const full = new Error('full');
  switch (save) {
    case 'at once':
      return () => EMPTY;
    case 'throws':
      return ({ polls }) => { if (polls > 0) throw full; };
    case 'errs':
      return () => timer(saveMs).pipe(switchMap(() => throwError(() => full)));
    case 'takes':
      return () => timer(saveMs);
    case 'never':
      return () => NEVER;
    case 'third throws':
      return () => {
        count += 1;
        if (count % 3 === 0) throw full;
        return timer(saveMs % 1_000);
      };
    default:
      return undefined;
  }
};

/** A transport that responds to the n-th request with the n-th outcome, and records when each task was polled. */
const recording = (script: readonly Outcome[], nowMs: () => number) => {
  const sentAtMs = new Map<string, number[]>();
  const counts = { lists: 0, singles: 0 };
  let index = -1;
  const transport: Transport = (request) =>
    defer(() => {
      index += 1;
      counts[isList(request) ? 'lists' : 'singles'] += 1;
      for (const id of tasksOf(request)) sentAtMs.set(id, [...(sentAtMs.get(id) ?? []), nowMs()]);
      const outcome = script[index % script.length];
      if (outcome === undefined) return NEVER;
      return outcome.afterMs === 0 ? responded(request, outcome) : timer(outcome.afterMs).pipe(switchMap(() => responded(request, outcome)));
    });
  return {
    transport,
    counts,
    /** Pairs of requests for the same task that are too close together: empty if the promise is kept. */
    tooSoon: () => [...sentAtMs].flatMap(([id, times]) => times.slice(1).flatMap((ms, place) => {
      const before = times[place] ?? -Infinity;
      // Fractions of milliseconds may add up to slightly less.
      return ms - before < minIntervalMs - 0.01 ? [`${id} at ${String(before)} and ${String(ms)}`] : [];
    })),
  };
};

/** Runs an action; `open` has the subscriptions by task. */
const perform = (client: TaskClient<'ark'>, open: Map<number, Subscription[]>, action: Action): void => {
  const { task, what, everyMs } = action;
  const ref = { provider: 'ark', id: `cgt-${String(task)}` } as const;
  const mine = open.get(task) ?? [];
  open.set(task, mine);
  const ignored = { error: () => undefined };
  if (what === 'watch') mine.push(client.watch(ref, { policy: { interval: () => everyMs }, save: saveOf(action) }).subscribe(ignored));
  if (what === 'query') mine.push(client.query(ref).subscribe(ignored));
  if (what === 'stop') mine.shift()?.unsubscribe();
  if (what === 'stop all') for (const subscriptions of open.values()) for (const each of subscriptions.splice(0)) each.unsubscribe();
};

const stopAll = (open: Map<number, Subscription[]>): void => { for (const subscriptions of open.values()) for (const each of subscriptions) each.unsubscribe(); };

const anyScript = fc.array(anyOutcome, { minLength: 1, maxLength: 12 });
/** Starts simple watches of some tasks. */
const anyCount = fc.nat({ max: 6 });
const plainWatch = (task: number): Action => ({ afterMs: 0, task, what: 'watch', everyMs: 0, save: 'none', saveMs: 0 });
const anyActions = fc.tuple(anyCount, fc.array(anyAction, { maxLength: 25 })).map(([count, actions]) => [...Array.from({ length: count }, (_, task) => plainWatch(task)), ...actions]);
const anyLimits = fc.record({
  concurrency: fc.constantFrom(1, 2, 64),
  maxInFlight: fc.constantFrom(undefined, 1),
  perMinute: fc.constantFrom(undefined, undefined, 20),
  requestTimeoutMs: fc.constantFrom(seconds(5), seconds(30)),
});

describe.each([['by lists', true], ['singly', false]] as const)('tasks that are polled %s', (_, batch) => {
  it('are polled at the minimum interval after the last request at the earliest, whatever happens', () => {
    const total = { lists: 0, singles: 0 };
    fc.assert(fc.property(anyScript, anyActions, anyLimits, (script, actions, { concurrency, requestTimeoutMs, ...rateLimit }) => {
      const { tooSoon, counts } = inVirtualTime(({ flush, timers }) => {
        const recorded = recording(script, () => asyncScheduler.now());
        const client = createTaskClient({ transport: recorded.transport, accounts: [accountOf(ark, { batch, rateLimit })], concurrency, requestTimeoutMs, deadlineMs: days(99) });
        const open = new Map<number, Subscription[]>();
        let atMs = 0;
        for (const action of actions) {
          atMs += action.afterMs;
          at(atMs, () => { perform(client, open, action); });
        }
        at(atMs + minutes(3), () => { stopAll(open); });
        flush();
        expect(timers()).toBe(0);
        return recorded;
      });
      expect(tooSoon()).toEqual([]);
      total.lists += counts.lists;
      total.singles += counts.singles;
    }));
    // A client that never polls would also keep the promise.
    expect(total.singles).toBeGreaterThan(50);
    if (batch) expect(total.lists).toBeGreaterThan(50);
    else expect(total.lists).toBe(0);
  });

  describe('on a clock that is set', () => {
    afterEach(() => { vi.useRealTimers(); });

    const anyJumpMs = fc.oneof(fc.constant(0), fc.integer({ min: -hours(30), max: hours(30) }), fc.integer({ min: -seconds(30), max: seconds(30) }));
    const anyJumps = fc.array(anyJumpMs, { minLength: 1, maxLength: 12 });

    it('are polled at the minimum interval after the last request at the earliest, whatever happens', () => {
      let sent = 0;
      fc.assert(fc.property(anyScript, anyActions, anyJumps, anyLimits, (script, actions, jumps, { concurrency, requestTimeoutMs, ...rateLimit }) => {
        vi.useFakeTimers({ now: hours(480_000) });
        const { transport, tooSoon, counts } = recording(script, () => performance.now());
        const client = createTaskClient({ transport, accounts: [accountOf(ark, { batch, rateLimit })], concurrency, requestTimeoutMs, deadlineMs: days(99) });
        const open = new Map<number, Subscription[]>();
        const jump = (index: number): unknown => vi.setSystemTime(Date.now() + (jumps[index % jumps.length] ?? 0));
        actions.forEach((action, index) => {
          vi.advanceTimersByTime(action.afterMs);
          jump(index);
          perform(client, open, action);
        });
        for (let index = 0; index < 12; index += 1) {
          vi.advanceTimersByTime(seconds(10) + index * 997);
          jump(index);
        }
        stopAll(open);
        vi.advanceTimersByTime(1);
        expect(vi.getTimerCount()).toBe(0);
        vi.useRealTimers();
        expect(tooSoon()).toEqual([]);
        sent += counts.lists + counts.singles;
      }));
      expect(sent).toBeGreaterThan(100);
    });

    it.each([hours(5), -hours(5), seconds(11), -seconds(11)])('by %i ms: watching again within the interval waits for the rest of it', (jumpMs) => {
      vi.useFakeTimers({ now: hours(480_000) });
      const script: Outcome = { kind: 'good', afterMs: 0, status: 'running', missing: 0 };
      const sentAt: number[] = [];
      const startMs = performance.now();
      const transport: Transport = (request) => defer(() => {
        sentAt.push(performance.now() - startMs);
        return responded(request, script);
      });
      const client = createTaskClient({ transport, accounts: [accountOf(ark, { batch })], deadlineMs: days(9) });
      const watch = (): Subscription => client.watch({ provider: 'ark', id: 'cgt-1' }, { policy: { interval: () => 0 } }).subscribe();
      const first = watch();
      vi.advanceTimersByTime(seconds(4));
      first.unsubscribe();
      vi.setSystemTime(Date.now() + jumpMs);
      const second = watch();
      vi.advanceTimersByTime(seconds(8));
      vi.setSystemTime(Date.now() - jumpMs);
      vi.advanceTimersByTime(seconds(9));
      second.unsubscribe();
      expect(sentAt).toEqual([0, seconds(10), seconds(20)]);
    });
  });
});
