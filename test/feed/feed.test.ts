import fc from 'fast-check';
import { concat, defer, EMPTY, filter, from, map, merge, NEVER, type Observable, of, type OperatorFunction, scan, Subject, take, tap, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { constantDelay, limitAttempts } from '../../src/poll/delay-policy.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { taskKey, type TaskRef } from '../../src/task/snapshot.js';
import { isTerminal, taskStatuses, type TaskStatus } from '../../src/task/status.js';
import { scriptedTransport, type ScriptedStep, type ScriptedTransport } from '../../src/testing/index.js';
import type { Transport } from '../../src/transport/transport.js';
import { account } from '../../src/client/account.js';
import { isSeedanceError } from '../../src/state/errors.js';
import { afterRow, emptyTotals, type Feed, isNextAfter, type TaskRow, toFeed, withoutRow } from '../../src/feed/feed.js';
import { type FeedEvent, watchTasks, type WatchTasksOptions } from '../../src/feed/watch-tasks.js';
import { createTaskClient, type TaskClient, type TaskClientOptions } from '../../src/client/task-client.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { startWatch, type WatchState } from '../../src/state/watch-state.js';
import { anyFeedEvent } from '../support/arbitraries.js';
import { marbles } from '../support/marbles.js';
import { type Result, driven, good, noResponse, transition } from '../support/snapshots.js';

/** Ark with an interval that fits into a marble diagram, and without an estimate. */
const brisk = { ...ark, pacing: () => ({ minIntervalMs: 5, recommended: { minMs: 5, maxMs: 5 } }), expectedTimeMs: () => null };

/** Every 5 ms: marble diagrams cannot show the jitter of the default interval. */
const policy = { interval: constantDelay(5) };

const refOf = (id: string): TaskRef<'ark'> => ({ provider: 'ark', id });

const link = { content: { video_url: 'https://files.example/x.mp4' } };
const says = (status: string, more: object = {}): ScriptedStep => ({ body: { id: 'x', status, ...(status === 'succeeded' ? link : {}), ...more } });
const slowly = (step: ScriptedStep, afterMs: number): ScriptedStep => ({ ...step, afterMs });
const unavailable: ScriptedStep = { status: 503 };
const unauthorized: ScriptedStep = { status: 401, body: { error: { code: 'AuthenticationError', message: 'wrong key' } } };
const unknownTask: ScriptedStep = { status: 404, body: { error: { code: 'ResourceNotFound', message: 'no such task' } } };
const quota: ScriptedStep = { status: 429, body: { error: { code: 'AccountQuotaExceeded', message: 'no more' } } };

type Script = Readonly<Record<string, readonly ScriptedStep[]>>;

const clientOf = (transport: Transport, options: Partial<TaskClientOptions<'ark'>> = {}): TaskClient<'ark'> =>
  createTaskClient({ transport, accounts: [account(brisk, { apiKey: null, batch: false })], policy, ...options });

const setUp = (script: Script, options: Partial<TaskClientOptions<'ark'>> = {}): { transport: ScriptedTransport; client: TaskClient<'ark'> } => {
  const transport = scriptedTransport(script);
  return { transport, client: clientOf(transport, options) };
};

/** A saved watch of a task with its results so far. The last one arrived at the start of virtual time. */
const savedState = (id: string, ...responses: readonly Result[]): WatchState => {
  const config = watchConfig(brisk, { policy });
  const state = driven(startWatch(refOf(id), config, 0), responses, config, { nowMs: 0 }).at(-1)?.state ?? startWatch(refOf(id), config, 0);
  const named = state.snapshot && { ...state.snapshot, task: refOf(id) };
  return { ...state, snapshot: named };
};

/** One event as text. */
const inWords = (event: FeedEvent): string => {
  const { id } = event.task;
  switch (event.kind) {
    case 'added':
      return `${id} added`;
    case 'transition':
      return `${id} ${event.transition.to}`;
    case 'progress':
      return `${id} ${String(Math.round(event.progress * 100))}%${event.estimated ? ' or so' : ''}`;
    case 'retry':
      return `${id} retry: ${event.lastError.reason ?? event.lastError.kind}`;
    case 'error':
      return `${id} error: ${isSeedanceError(event.error) ? (event.error.reason ?? event.error.kind) : event.error.name}`;
    case 'removed':
      return `${id} removed`;
  }
};

/** The events of watched tasks, as text. */
const eventWords = (): OperatorFunction<FeedEvent, string> => (events) => events.pipe(filter(({ kind }) => kind !== 'added'), map(inWords));

const q = 'a queued';
const r = 'a running';
const s = 'a succeeded';
const Q = 'b queued';
const R = 'b running';
const S = 'b succeeded';
const words = { q, r, s, Q, R, S };

/** Runs refs of these ids to the end, and returns their events as text. */
const allWords = (client: TaskClient<'ark'>, ids: readonly string[], options?: WatchTasksOptions): readonly string[] => {
  const seen: string[] = [];
  marbles(({ flush }) => {
    from(ids.map(refOf)).pipe(watchTasks(client, options), eventWords()).subscribe((each) => seen.push(each));
    flush();
  })();
  return seen;
};

/** Runs refs of these ids to the end, and returns the last feed. */
const lastFeed = (events: Observable<FeedEvent>): Feed => {
  let last: Feed | null = null;
  marbles(({ flush }) => {
    events.pipe(toFeed()).subscribe((feed) => (last = feed));
    flush();
  })();
  if (last === null) throw new Error('no feed');
  return last;
};

describe('watchTasks', () => {
  it('watches every ref, from its arrival to the end of its task', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const { client } = setUp({ a: [says('queued'), says('running'), says('succeeded')], b: [says('running'), says('succeeded')] });
    const refs = cold('       a-b|', { a: refOf('a'), b: refOf('b') });
    const subs = '            ^--!';
    const result = refs.pipe(watchTasks(client), eventWords());
    expectObservable(result).toBe('q-R--r-S--(s|)', words);
    expectSubscriptions(refs.subscriptions).toBe(subs);
  }));

  it('emits `added` for every task before its first request', marbles(({ cold, expectObservable }) => {
    const { client } = setUp({ a: [slowly(says('succeeded'), 3)], b: [{ hang: true }] }, { concurrency: 1 });
    const refs = cold('                                             a-b-b', { a: refOf('a'), b: refOf('b') });
    const result = refs.pipe(watchTasks(client), map(inWords));
    expectObservable(result, '---------!').toBe('A-Bs--', { A: 'a added', B: 'b added', s });
  }));

  it('sends no request when it is unsubscribed on the first event', () => {
    const { client, transport } = setUp({ a: [says('succeeded')] });
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('-a-b', { a: refOf('a'), b: refOf('b') }).pipe(watchTasks(client), take(1), map(inWords))).toBe('-(A|)', { A: 'a added' });
    })();
    expect(transport.requests).toEqual([]);
  });

  it('stays open for refs that arrive while no task is watched', marbles(({ cold, expectObservable }) => {
    const { client } = setUp({ a: [says('succeeded')], b: [says('running'), says('succeeded')] });
    const refs = cold('  a----b--|', { a: refOf('a'), b: refOf('b') });
    expectObservable(refs.pipe(watchTasks(client), eventWords())).toBe('s----R----(S|)', words);
  }));

  it('completes when the refs and all tasks have ended', marbles(({ cold, expectObservable }) => {
    const { client } = setUp({ a: [says('succeeded')] });
    expectObservable(cold('a|', { a: refOf('a') }).pipe(watchTasks(client), eventWords())).toBe('    s|', words);
    expectObservable(cold('a------|', { a: refOf('a') }).pipe(watchTasks(client), eventWords())).toBe('s------|', words);
  }));

  it('watches each task once, also after its end', marbles(({ cold, expectObservable, flush }) => {
    const { client, transport } = setUp({ a: [says('running'), says('succeeded')] });
    const refs = cold('                       aa-a---a|', { a: refOf('a') });
    expectObservable(refs.pipe(watchTasks(client), eventWords())).toBe('r----s--|', words);
    flush();
    expect(transport.requests).toHaveLength(2);
  }));

  it('treats refs as the same task only if provider, id and account are equal', () => {
    const transport = scriptedTransport([says('succeeded')]);
    const client = createTaskClient({
      transport,
      accounts: [account(brisk, { apiKey: null, name: 'eu', batch: false }), account(brisk, { apiKey: null, name: 'us', batch: false }), account(anyfast, { apiKey: null })],
    });
    const seen: string[] = [];
    marbles(({ flush }) => {
      from([
        { provider: 'ark', id: '1', account: 'eu' },
        { provider: 'ark', id: '1', account: 'us' },
        { provider: 'anyfast', id: '1' },
        { provider: 'ark', id: '1', account: 'eu' },
      ] as const).pipe(watchTasks(client), filter(({ kind }) => kind === 'added')).subscribe(({ task }) => seen.push(taskKey(task)));
      flush();
    })();
    expect(seen).toHaveLength(3);
    expect(transport.requests).toHaveLength(3);
  });

  it('is silent and sends no request with silent refs', marbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
    const { client, transport } = setUp({});
    const refs = cold<TaskRef<'ark'>>('-');
    expectObservable(refs.pipe(watchTasks(client))).toBe('-');
    expectSubscriptions(refs.subscriptions).toBe('^');
    flush();
    expect(transport.requests).toEqual([]);
  }));

  it('completes without refs', marbles(({ cold, expectObservable }) => {
    const { client } = setUp({});
    expectObservable(cold<TaskRef<'ark'>>('--|').pipe(watchTasks(client))).toBe('--|');
    expectObservable(EMPTY.pipe(watchTasks(client))).toBe('|');
  }));

  it('emits the error of the refs, and stops every watch', marbles(({ cold, expectObservable, flush }) => {
    const { client, transport } = setUp({ a: [says('running')] });
    expectObservable(cold('a--#', { a: refOf('a') }, 'mine').pipe(watchTasks(client), eventWords())).toBe('r--#', words, 'mine');
    flush();
    expect(transport.requests).toHaveLength(1);
  }));

  it('leaves no request behind when it is unsubscribed', marbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
    const { client, transport } = setUp({ a: [slowly(says('running'), 2)], b: [{ hang: true }] });
    const refs = cold('      ab-', { a: refOf('a'), b: refOf('b') });
    const result = refs.pipe(watchTasks(client), eventWords());
    expectObservable(result, '---------------!').toBe('--r------------', words);
    expectSubscriptions(refs.subscriptions).toBe('    ^--------------!');
    flush();
    expect(transport.requests.map(({ atMs }) => atMs)).toEqual([0, 1, 7, 14]);
    expect(transport.pending()).toBe(0);
  }));

  it('sends no request after it is unsubscribed at any moment', () => {
    fc.assert(fc.property(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 4 }), (leaveAtMs, concurrency) => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
      const steps = [slowly(says('queued'), 3), unavailable, says('running'), { hang: true } as const];
      const { client, transport } = setUp(Object.fromEntries(ids.map((id, index) => [id, [...steps.slice(index % 4), ...steps]])), { concurrency });
      let requestsBefore = 0;
      marbles(({ flush }) => {
        const watching = from(ids.map(refOf)).pipe(watchTasks(client)).subscribe();
        timer(leaveAtMs).subscribe(() => {
          requestsBefore = transport.requests.length;
          watching.unsubscribe();
        });
        flush();
      })();
      expect(transport.requests).toHaveLength(requestsBefore);
      expect(transport.pending()).toBe(0);
    }));
  });

  it('gives each of two subscribers its own events, from shared requests', marbles(({ cold, expectObservable, flush }) => {
    const { client, transport } = setUp({ a: [says('queued'), says('running'), says('succeeded')] });
    const events = cold('            a|', { a: refOf('a') }).pipe(watchTasks(client), eventWords());
    expectObservable(events).toBe('  q----r----(s|)', words);
    expectObservable(events, '--^').toBe('--q--r----(s|)', words);
    flush();
    expect(transport.requests).toHaveLength(3);
  }));

  it('emits transitions, failed polls with the next poll, and the error of a task that could not be followed', () => {
    const { client } = setUp({ a: [says('queued'), unavailable, says('queued'), says('running'), quota] });
    const events: FeedEvent[] = [];
    marbles(({ flush }) => {
      of(refOf('a')).pipe(watchTasks(client), filter(({ kind }) => kind !== 'progress' && kind !== 'added')).subscribe((event) => events.push(event));
      flush();
    })();
    expect(events.map(inWords)).toEqual(['a queued', 'a retry: server', 'a running', 'a retry: quota', 'a error: quota']);
    expect(events[0]).toMatchObject({ task: refOf('a'), transition: { from: null, to: 'queued', atMs: 0, snapshot: { status: 'queued' }, raw: null } });
    expect(events[1]).toMatchObject({ lastError: { kind: 'response', reason: 'server', status: 503, sameFailureCount: 1 }, nextPollAtMs: 10 });
    expect(events[2]).toMatchObject({ transition: { from: 'queued', to: 'running', atMs: 15 } });
    expect(events[3]).toMatchObject({ lastError: { kind: 'response', reason: 'quota', status: 429, sameFailureCount: 1 }, nextPollAtMs: 25 });
    expect(events[4]).toMatchObject({ error: { kind: 'response', lastSnapshot: { status: 'running' }, state: { ended: 'response' } } });
  });

  it.each(['failed', 'cancelled', 'expired'] as const)('emits a transition, not an error, for a task that is %s', (status) => {
    const { client } = setUp({ a: [says('running'), says(status)] });
    expect(allWords(client, ['a'])).toEqual(['a running', `a ${status}`]);
  });

  it('emits the last transition before the error when a policy stops', () => {
    const { client } = setUp({ a: [says('queued'), says('running')] });
    const policy = { interval: limitAttempts(constantDelay(5), 1) };
    expect(allWords(client, ['a'], { watch: () => ({ policy }) })).toEqual(['a queued', 'a running', 'a error: timeout']);
  });

  it('keeps watching a task with an unknown status', () => {
    const { client } = setUp({ a: [says('PAUSED'), says('running'), says('succeeded')] });
    expect(allWords(client, ['a'])).toEqual(['a unknown', 'a running', 'a succeeded']);
  });

  it('ends a task at its deadline with an error', () => {
    const { client } = setUp({ a: [says('running')], b: [{ hang: true }], c: [says('succeeded')] }, { deadlineMs: 1_000 });
    expect(allWords(client, ['a', 'b', 'c'])).toEqual(['a running', 'c succeeded', 'a error: timeout', 'b error: timeout']);
  });

  const fates: readonly (readonly [string, readonly ScriptedStep[], string])[] = [
    ['always returns 503', [unavailable], 'server'],
    ['returns nothing readable', [{ body: '<html>busy</html>' }], 'decode'],
    ['is refused', [unauthorized], 'unauthorized'],
    ['has no quota left', [quota], 'quota'],
    ['is not found', [unknownTask], 'not-found'],
    ['is at no such address', [{ status: 404, body: '' }], 'server'],
    ['vanishes', [says('running'), unknownTask], 'not-found'],
    ['never gets a response', [{ error: 'connection reset' }], 'transport'],
    ['hangs', [{ hang: true }], 'timeout'],
  ];

  it.each(fates)('one task among fifty that %s does not affect the others', (_, steps, reason) => {
    const ids = Array.from({ length: 50 }, (__, index) => `t${String(index)}`);
    const well = [says('queued'), says('running'), says('succeeded')];
    const { client, transport } = setUp(Object.fromEntries(ids.map((id) => [id, id === 't7' ? steps : well])));
    const seen = allWords(client, ids);
    for (const id of ids.filter((other) => other !== 't7')) {
      expect(seen.filter((each) => each.startsWith(`${id} `))).toEqual([`${id} queued`, `${id} running`, `${id} succeeded`]);
    }
    expect(seen.filter((each) => each.startsWith('t7 ')).at(-1)).toBe(`t7 error: ${reason}`);
    expect(seen.filter((each) => each.includes('error:'))).toHaveLength(1);
    expect(transport.pending()).toBe(0);
  });

  it('a transport that throws for one task does not affect the others', () => {
    const scripted = scriptedTransport([says('succeeded')]);
    const transport: Transport = (request) => {
      if (request.url.endsWith('/bad')) throw new Error('broken');
      return scripted(request);
    };
    const seen = allWords(clientOf(transport), ['a', 'bad', 'b']);
    expect(seen.filter((each) => !each.startsWith('bad'))).toEqual(['a succeeded', 'b succeeded']);
    expect(seen.at(-1)).toBe('bad error: transport');
  });

  it('an invalid ref leads to an error that describes the value', () => {
    const { client } = setUp({ a: [says('succeeded')] });
    const bad = [{ provider: 'ark', id: '' }, { provider: 'ark', id: '..' }, { provider: 'nobody', id: '1' }, { provider: 'ark', id: '1', account: 'eu' }, { provider: 'ark', id: 5 }, {}];
    const events: FeedEvent[] = [];
    marbles(({ flush }) => {
      from([...bad, refOf('a')] as TaskRef<'ark'>[]).pipe(watchTasks(client)).subscribe((event) => events.push(event));
      flush();
    })();
    const errors = events.filter((event) => event.kind === 'error');
    expect(errors.map(({ task }) => task)).toEqual(bad);
    expect(errors.every(({ error }) => error instanceof TypeError && error.message.startsWith('task.'))).toBe(true);
    expect(events.at(-1)).toMatchObject({ kind: 'transition', transition: { to: 'succeeded' } });
  });

  it.each<readonly [string, unknown, RegExp]>([
    ['null', null, /^task must be a ref/],
    ['undefined', undefined, /^task must be a ref/],
    ['a bigint for an id', { provider: 'ark', id: 12n }, /^task\.id must be a string .* not 12$/],
    ['no id that can be read', { provider: 'ark', get id() { throw new Error('task.id'); } }, /^task\.id$/],
  ])('a ref that is or has %s leads to an error, and does not affect the others', (_, bad, message) => {
    const { client } = setUp({ 12: [slowly(says('succeeded'), 2)] });
    const events: FeedEvent[] = [];
    marbles(({ flush }) => {
      from([bad as never, refOf('12')]).pipe(watchTasks(client)).subscribe((event) => events.push(event));
      flush();
    })();
    expect(events.map(({ kind }) => kind)).toEqual(['added', 'error', 'added', 'transition']);
    expect(events[1]).toMatchObject({ error: { message: expect.stringMatching(message) } });
    expect(events[3]).toMatchObject({ task: refOf('12') });
  });
});

describe('watchTasks: the progress of a task', () => {
  it('is what the provider reports; a lower report moves the expected end alone', () => {
    const inEnvelope = (progress: string, status = 'IN_PROGRESS'): ScriptedStep => ({ body: { code: 'success', data: { task_id: 'a', status, progress } } });
    const reports = [inEnvelope('0%', 'QUEUED'), inEnvelope('30%'), inEnvelope('30%'), inEnvelope('20%'), inEnvelope('80%'), inEnvelope('100%', 'SUCCESS')];
    const client = createTaskClient({ transport: scriptedTransport(reports), accounts: [account(anyfast, { apiKey: null })] });
    const seen: string[] = [];
    marbles(({ flush }) => {
      of({ provider: 'anyfast', id: 'a' } as const).pipe(watchTasks(client), eventWords()).subscribe((each) => seen.push(each));
      flush();
    })();
    expect(seen.filter((each) => each !== 'a 0%')).toEqual(['a queued', 'a running', 'a 30%', 'a 30%', 'a 80%', 'a succeeded']);
  });

  it('is estimated if none is reported, never decreases, and is below 1 until the end', () => {
    const client = createTaskClient({
      transport: scriptedTransport([...Array.from({ length: 60 }, () => says('running')), says('succeeded')]),
      accounts: [account(ark, { apiKey: null, batch: false })],
    });
    const events: FeedEvent[] = [];
    marbles(({ flush }) => {
      of(refOf('a')).pipe(watchTasks(client)).subscribe((event) => events.push(event));
      flush();
    })();
    const progress = events.flatMap((event) => (event.kind === 'progress' ? [event.progress] : []));
    expect(events.every((event) => event.kind !== 'progress' || event.estimated)).toBe(true);
    expect(progress.length).toBeGreaterThan(10);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toSatisfy((share: number) => share > 0.5 && share < 1);
  });
});

describe('watchTasks: the concurrency of its client', () => {
  /** Counts the requests in flight at each response. */
  const counted = (scripted: ScriptedTransport): { transport: Transport; counts: number[] } => {
    const counts: number[] = [];
    return { counts, transport: (request) => scripted(request).pipe(tap(() => counts.push(scripted.pending()))) };
  };

  const many = Array.from({ length: 20 }, (_, index) => `t${String(index)}`);

  it.each([[undefined, 16], [1, 1], [3, 3], [100, 16]] as const)('%s: limits the requests in flight, with 16 for an account', (concurrency, most) => {
    const scripted = scriptedTransport([slowly(says('running'), 3), slowly(says('succeeded'), 3)]);
    const { transport, counts } = counted(scripted);
    allWords(clientOf(transport, concurrency === undefined ? {} : { concurrency }), many);
    expect(Math.max(...counts)).toBe(most);
  });

  it('limits requests, not watches: a place is free again after its response', () => {
    const { client, transport } = setUp({ a: [slowly(says('running'), 2)], b: [slowly(says('running'), 2)], c: [slowly(says('running'), 2)] }, { concurrency: 1 });
    marbles(({ flush }) => {
      const watching = from(['a', 'b', 'c'].map(refOf)).pipe(watchTasks(client)).subscribe();
      timer(30).subscribe(() => { watching.unsubscribe(); });
      flush();
    })();
    const sent = transport.requests.map(({ url, atMs }) => `${url.slice(-1)}${String(atMs)}`);
    expect(sent.slice(0, 6)).toEqual(['a0', 'b2', 'c4', 'a7', 'b9', 'c11']);
  });

  it('sends requests in the order in which they were queued', () => {
    const { client, transport } = setUp(Object.fromEntries(many.map((id) => [id, [slowly(says('succeeded'), 2)]])), { concurrency: 2 });
    allWords(client, many);
    expect(transport.requests.map(({ url }) => url.split('/').at(-1))).toEqual(many);
  });

  it('is not used up by requests that hang, fail or throw', () => {
    const { client } = setUp(
      { a: [{ hang: true }, says('succeeded')], b: [{ error: 'reset' }, says('succeeded')], c: [says('succeeded')] },
      { requestTimeoutMs: 50, concurrency: 1 },
    );
    const seen = allWords(client, ['a', 'b', 'c']);
    expect(seen).toEqual(expect.arrayContaining(['a succeeded', 'b succeeded', 'c succeeded']));
  });

  it('is freed by a task that ends in an error while it waits', () => {
    const { client, transport } = setUp({ a: [slowly(says('succeeded'), 100)], b: [says('succeeded')], c: [says('succeeded')] }, { concurrency: 1 });
    const seen = allWords(client, ['a', 'b', 'c'], { watch: ({ id }) => (id === 'b' ? { deadlineMs: 20 } : {}) });
    expect([...seen].sort()).toEqual(['a succeeded', 'b error: timeout', 'c succeeded']);
    expect(seen[0]).toBe('b error: timeout');
    expect(transport.requests).toHaveLength(2);
  });

  it('sends no request after the feed is unsubscribed', () => {
    const { client, transport } = setUp({ a: [{ hang: true }], b: [says('succeeded')] }, { concurrency: 1 });
    marbles(({ cold, expectObservable }) => {
      const refs = cold('ab', { a: refOf('a'), b: refOf('b') });
      expectObservable(refs.pipe(watchTasks(client), eventWords()), '-----!').toBe('------');
    })();
    expect(transport.requests).toHaveLength(1);
    expect(transport.pending()).toBe(0);
  });

  it('is shared by all feeds of a client', () => {
    const { transport, counts } = counted(scriptedTransport([slowly(says('succeeded'), 3)]));
    const client = clientOf(transport, { concurrency: 4 });
    marbles(({ flush }) => {
      const watched = (ids: readonly string[]): Observable<FeedEvent> => from(ids.map(refOf)).pipe(watchTasks(client));
      merge(watched(many.slice(0, 10)), watched(many.slice(10))).subscribe();
      flush();
    })();
    expect(Math.max(...counts)).toBe(4);
  });

  it('sends no request of an account during its Retry-After', () => {
    const tooMany: ScriptedStep = { status: 429, headers: { 'retry-after': '60' }, afterMs: 500 };
    const { client, transport } = setUp(Object.fromEntries(many.map((id, index) => [id, index < 8 ? [tooMany, says('succeeded')] : [says('succeeded')]])), { concurrency: 8 });
    expect(allWords(client, many).filter((each) => each.endsWith(' succeeded'))).toHaveLength(many.length);
    expect(transport.requests.filter(({ atMs }) => atMs < 60_000)).toHaveLength(8);
  });
});

describe('watchTasks: removing tasks', () => {
  const runs = Array.from({ length: 20 }, () => says('running'));

  it('stops the watch of a removed task, and emits `removed` as its last event', marbles(({ cold, hot, expectObservable }) => {
    const { client } = setUp({ a: runs, b: [says('running'), says('succeeded')] });
    const refs = cold('                a-b|', { a: refOf('a'), b: refOf('b') });
    const remove = hot('               ----x', { x: refOf('a') });
    expectObservable(refs.pipe(watchTasks(client, { remove }), eventWords())).toBe('r-R-x--(S|)', { ...words, r: 'a running', x: 'a removed' });
  }));

  it('sends no request for a removed task, and frees what waits for it', () => {
    const { client, transport } = setUp({ a: [{ hang: true }] });
    marbles(({ cold, hot, expectObservable }) => {
      const remove = hot('--x', { x: refOf('a') });
      expectObservable(cold('a|', { a: refOf('a') }).pipe(watchTasks(client, { remove }), map(inWords))).toBe('a-(x|)', { a: 'a added', x: 'a removed' });
    })();
    expect(transport.requests).toHaveLength(1);
    expect(transport.pending()).toBe(0);
  });

  it('watches a removed task again when it is added again, and ignores tasks that are not there', marbles(({ hot, expectObservable }) => {
    const { client } = setUp({ a: runs });
    const refs = hot('  a-----a---a', { a: refOf('a') });
    const remove = hot('--xx-------', { x: refOf('a') });
    const comings = refs.pipe(watchTasks(client, { remove }), filter(({ kind }) => kind === 'added' || kind === 'removed'), map(inWords));
    expectObservable(comings, '-----------------!').toBe('a-x---a', { a: 'a added', x: 'a removed' });
  }));

  it('removes finished tasks after a time, and no others', marbles(({ hot, expectObservable }) => {
    const { client } = setUp({ a: [says('succeeded')], b: runs, c: [unauthorized] });
    const refs = hot('   ab', { a: refOf('a'), b: refOf('b') });
    const finished = (event: FeedEvent): boolean => event.kind === 'removed' || (event.kind === 'transition' && isTerminal(event.transition.to));
    expectObservable(refs.pipe(watchTasks(client, { removeEndedAfterMs: 20 }), filter(finished), map(inWords)), '------------------------------!').toBe('s-------------------x', { s, x: 'a removed' });
  }));

  it('does not remove a task that was added again since its end', marbles(({ hot, expectObservable }) => {
    const { client } = setUp({ a: [says('succeeded'), ...runs] });
    const refs = hot('   a---a', { a: refOf('a') });
    const remove = hot(' --x--', { x: refOf('a') });
    const removals = refs.pipe(watchTasks(client, { remove, removeEndedAfterMs: 10 }), filter(({ kind }) => kind === 'removed'), map(inWords));
    expectObservable(removals, '------------------------------!').toBe('--x', { x: 'a removed' });
  }));

  it('completes when the refs and all tasks have ended, whatever could still be removed', marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const { client } = setUp({ a: [says('succeeded')] });
    const remove = hot<TaskRef>('---------');
    expectObservable(cold('a|', { a: refOf('a') }).pipe(watchTasks(client, { remove, removeEndedAfterMs: 20 }), eventWords())).toBe('s|', words);
    expectSubscriptions(remove.subscriptions).toBe('^!');
    expectObservable(of(refOf('a')).pipe(watchTasks(clientOf(() => NEVER), { remove: of(refOf('a')) }), map(inWords))).toBe('(ax|)', { a: 'a added', x: 'a removed' });
  }));

  it('fails with `remove`', marbles(({ cold, expectObservable }) => {
    const { client } = setUp({ a: runs });
    expectObservable(cold('a|', { a: refOf('a') }).pipe(watchTasks(client, { remove: cold('--#') }), eventWords())).toBe('r-#', words);
  }));

  it('rejects options that are none of these', () => {
    const { client } = setUp({});
    expect(() => EMPTY.pipe(watchTasks(client, { removeEndedAfterMs: -1 }))).toThrow(new RangeError('removeEndedAfterMs must be a number of ms above 0, at most 2147483647, not -1'));
    expect(() => EMPTY.pipe(watchTasks(client, { remove: [] as never }))).toThrow(new TypeError('remove must be an Observable of tasks, not '));
  });

  it('leaves the feed without the row, its count and its progress', () => {
    const { client } = setUp({ a: runs, b: [says('succeeded')] });
    const remove = timer(7).pipe(map(() => refOf('a')));
    const feed = lastFeed(from(['a', 'b'].map(refOf)).pipe(watchTasks(client, { remove })));
    expect(feed).toMatchObject({ progress: 1, counts: { running: 0, succeeded: 1 }, changed: null, removed: { task: refOf('a'), status: 'running' } });
    expect([...feed.tasks].map(({ task }) => task.id)).toEqual(['b']);
    const empty = lastFeed(of(refOf('a')).pipe(watchTasks(client, { remove })));
    expect(empty).toMatchObject({ progress: 0, estimated: false, tasks: { size: 0 } });
  });
});

describe('watchTasks: the times of a row', () => {
  it('are those of its arrival, of its status and of its end', () => {
    const { client } = setUp({ a: [says('queued'), says('queued'), says('running'), says('succeeded')], b: [unknownTask] }, { deadlineMs: 100 });
    const refs = concat(of(refOf('a')), timer(3).pipe(map(() => refOf('b'))));
    const seen: (readonly (number | null)[])[] = [];
    marbles(({ flush }) => {
      refs.pipe(watchTasks(client), toFeed()).subscribe(({ changed }) => {
        if (changed?.task.id === 'a') seen.push([changed.addedAtMs, changed.statusSinceMs, changed.endedAtMs]);
      });
      flush();
    })();
    expect(seen).toEqual([[0, 0, null], [0, 0, null], [0, 10, null], [0, 15, 15]]);
    const { tasks } = lastFeed(refs.pipe(watchTasks(client)));
    expect(tasks.get(refOf('b'))).toMatchObject({ addedAtMs: 3, statusSinceMs: 3, endedAtMs: 103, error: { kind: 'timeout', state: { ended: 'timeout' } } });
  });

  it('are those of the earlier run when a task is resumed', () => {
    const { client } = setUp({ a: [says('running'), says('succeeded')] });
    const resumeFrom = { ...savedState('a', good('running')), startedAtMs: -90_000, statusSinceMs: -60_000 };
    const rows: (TaskRow | null)[] = [];
    marbles(({ flush }) => {
      of(refOf('a')).pipe(watchTasks(client, { watch: () => ({ resumeFrom }) }), toFeed()).subscribe(({ changed }) => rows.push(changed));
      flush();
    })();
    for (const row of rows.slice(1, -1)) expect(row).toMatchObject({ status: 'running', addedAtMs: -90_000, statusSinceMs: -60_000, endedAtMs: null });
    expect(rows.at(-1)).toMatchObject({ status: 'succeeded', addedAtMs: -90_000, endedAtMs: expect.any(Number) as number });
    expect(rows.at(-1)?.endedAtMs).toBe(rows.at(-1)?.statusSinceMs);
  });

  it('and all else in a row come back from JSON, errors included', () => {
    const { client } = setUp({ a: [says('running'), says('succeeded')], b: [quota] });
    const rows = [...lastFeed(from(['a', 'b'].map(refOf)).pipe(watchTasks(client))).tasks];
    expect(rows.map(({ error }) => error?.reason ?? null)).toEqual([null, 'quota']);
    expect(structuredClone(rows)).toEqual(rows);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });
});

describe('watchTasks: options of each watch', () => {
  it('calls `watch` once for each task, with its ref', () => {
    const { client } = setUp({ a: [says('running'), says('succeeded')], b: [says('succeeded')] });
    const watch = vi.fn(() => ({}));
    allWords(client, ['a', 'b', 'a'], { watch });
    expect(watch.mock.calls).toEqual([[refOf('a')], [refOf('b')]]);
  });

  it('applies them to that task only', () => {
    const { client, transport } = setUp({ a: [says('running'), says('succeeded')], b: [says('running'), says('succeeded')] });
    allWords(client, ['a', 'b'], { watch: ({ id }) => (id === 'a' ? { policy: { interval: constantDelay(30) } } : {}) });
    expect(transport.requests.map(({ url, atMs }) => `${url.slice(-1)}${String(atMs)}`)).toEqual(['a0', 'b0', 'b5', 'a30']);
  });

  it('emits an error for that task only when `watch` throws or returns invalid options', () => {
    const { client } = setUp({ a: [says('succeeded')] });
    const watch = ({ id }: TaskRef) => {
      if (id === 'thrown') throw new Error('no options');
      return id === 'wrong' ? { deadlineMs: -1 } : {};
    };
    expect(allWords(client, ['thrown', 'wrong', 'a'], { watch })).toEqual(['thrown error: Error', 'wrong error: RangeError', 'a succeeded']);
  });

  it('emits an error for a task with the saved state of another one', () => {
    const { client, transport } = setUp({ a: [says('succeeded')] });
    expect(allWords(client, ['a'], { watch: () => ({ resumeFrom: savedState('b', good('running')) }) })).toEqual(['a error: TypeError']);
    expect(transport.requests).toEqual([]);
  });

  const restored = (saved: WatchState, ...steps: readonly ScriptedStep[]): { seen: readonly string[]; requests: number; feed: Feed } => {
    const run = (): { client: TaskClient<'ark'>; transport: ScriptedTransport } => setUp({ a: steps.length === 0 ? [quota] : steps });
    const { client, transport } = run();
    const seen = allWords(client, ['a'], { watch: () => ({ resumeFrom: saved }) });
    return { seen, requests: transport.requests.length, feed: lastFeed(of(refOf('a')).pipe(watchTasks(run().client, { watch: () => ({ resumeFrom: saved }) }))) };
  };

  it('resumes from a saved state: emits only the later transitions', () => {
    const { seen } = restored(savedState('a', good('queued'), good('running')), says('running'), says('succeeded'));
    expect(seen.filter((each) => each !== 'a running' && !each.includes('%'))).toEqual(['a succeeded']);
    const events: FeedEvent[] = [];
    marbles(({ flush }) => {
      const { client } = setUp({ a: [says('succeeded')] });
      of(refOf('a')).pipe(watchTasks(client, { watch: () => ({ resumeFrom: savedState('a', good('running')) }) })).subscribe((event) => events.push(event));
      flush();
    })();
    expect(events).toMatchObject([{ kind: 'added' }, { kind: 'transition', transition: { from: 'running', to: 'succeeded' } }]);
  });

  it('emits the end of a finished task again, without a poll', () => {
    const { seen, requests, feed } = restored(savedState('a', good('running'), good('succeeded')));
    expect(seen).toEqual(['a succeeded']);
    expect(requests).toBe(0);
    expect(feed).toMatchObject({ counts: { succeeded: 1 }, progress: 1 });
  });

  it('keeps polling a task that had ended in an error', () => {
    const { seen } = restored(savedState('a', good('running'), noResponse, good('expired')), says('succeeded'));
    expect(seen).toEqual(['a expired']);
    const gone = { ...savedState('a', good('running')), ended: 'gone' as const };
    expect(restored(gone, says('succeeded')).seen).toEqual(['a succeeded']);
  });

  it('shows a resumed task as it was saved, before its first response', marbles(({ flush }) => {
    const { client } = setUp({ a: [says('succeeded')], b: [says('running')] });
    const unconfirmed = savedState('b', good('running'), good('succeeded', { video: null }));
    const watch = ({ id }: TaskRef) => ({ resumeFrom: id === 'a' ? savedState('a', good('running', { progress: 0.4 })) : unconfirmed });
    const rows: unknown[] = [];
    const watching = from(['a', 'b'].map(refOf)).pipe(watchTasks(client, { watch }), toFeed()).subscribe(({ counts, changed }) => {
      rows.push(changed && [changed.task.id, changed.status, changed.progress, changed.snapshot?.status ?? null, counts.running]);
    });
    timer(20).subscribe(() => { watching.unsubscribe(); });
    flush();
    expect(rows.slice(0, 2)).toEqual([null, ['a', 'running', 0.4, 'running', 1]]);
    // An unconfirmed terminal status is not reported.
    expect(rows[2]).toEqual(['b', null, 0, null, 1]);
  }));

  it('shows a resumed task in the feed from its first response on, in the status that it has', () => {
    const feeds: Feed[] = [];
    marbles(({ flush }) => {
      const { client } = setUp({ a: [says('running')], b: [says('running')] });
      const watch = ({ id }: TaskRef) => (id === 'a' ? { resumeFrom: savedState('a', good('queued'), good('running')) } : {});
      const watching = from(['a', 'b'].map(refOf)).pipe(watchTasks(client, { watch }), toFeed()).subscribe((feed) => feeds.push(feed));
      timer(20).subscribe(() => { watching.unsubscribe(); });
      flush();
    })();
    expect(feeds.at(-1)?.counts).toMatchObject({ running: 2 });
    expect(feeds.at(-1)?.tasks.get(refOf('a'))).toMatchObject({ status: 'running', snapshot: { status: 'running' } });
  });

  it('shows a resumed task in the feed with its saved progress', () => {
    const feeds: Feed[] = [];
    marbles(({ flush }) => {
      const { client } = setUp({ a: [unavailable] });
      const watch = () => ({ resumeFrom: savedState('a', good('running', { progress: 0.4 })) });
      const watching = of(refOf('a')).pipe(watchTasks(client, { watch }), toFeed()).subscribe((feed) => feeds.push(feed));
      timer(20).subscribe(() => { watching.unsubscribe(); });
      flush();
    })();
    expect(feeds.at(-1)?.tasks.get(refOf('a'))).toMatchObject({ status: 'running', progress: 0.4, estimated: false, lastError: { reason: 'server' } });
  });
});

describe('toFeed', () => {
  const at = (progress: number, id = 'a', estimated = false): FeedEvent => ({ kind: 'progress', atMs: 0, forecast: null, task: refOf(id), progress, estimated });
  const to = (status: TaskStatus, id = 'a'): FeedEvent => ({ kind: 'transition', atMs: 0, task: refOf(id), transition: transition(status, null, { task: refOf(id) }) });
  const added = (id = 'a'): FeedEvent => ({ kind: 'added', atMs: 0, resumedFrom: null, task: refOf(id) });
  const errored = (id = 'a'): FeedEvent => ({ kind: 'error', atMs: 0, task: refOf(id), error: new Error('failed') });
  const retry = (id = 'a'): FeedEvent => ({
    kind: 'retry',
    atMs: 0,
    task: refOf(id),
    lastError: { kind: 'transport', reason: null, status: null, message: 'reset', sameFailureCount: 1, sinceMs: 0 },
    nextPollAtMs: 10_000,
  });

  const feedsOf = (events: readonly FeedEvent[]): readonly Feed[] => {
    const feeds: Feed[] = [];
    from(events).pipe(toFeed()).subscribe((feed) => feeds.push(feed));
    return feeds;
  };

  const feedAfter = (...events: readonly FeedEvent[]): Feed => {
    const feed = feedsOf(events).at(-1);
    if (feed === undefined) throw new Error('no feed');
    return feed;
  };

  const none = { notPolled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0, unknown: 0, errored: 0 };

  /** A feed as plain data, to compare later. */
  const plain = ({ tasks, counts, ...rest }: Feed): object => structuredCloneOf({ ...rest, counts, size: tasks.size, rows: [...tasks] });
  const structuredCloneOf = (value: object): object => JSON.parse(JSON.stringify(value)) as object;

  it('begins with the empty feed, at once', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const events = cold('--a-b|', { a: to('queued'), b: to('succeeded') });
    const sizes = events.pipe(toFeed(), map(({ tasks, counts }) => `${String(tasks.size)} ${String(counts.queued)} ${String(counts.succeeded)}`));
    expectObservable(sizes).toBe('x-y-z|', { x: '0 0 0', y: '1 1 0', z: '1 0 1' });
    expectSubscriptions(events.subscriptions).toBe('^----!');
  }));

  it('has no tasks in the empty feed', () => {
    const [empty] = feedsOf([]);
    expect(empty).toMatchObject({ counts: none, progress: 0, estimated: false, changed: null, removed: null, tasks: { size: 0 } });
    expect([...(empty?.tasks ?? [])]).toEqual([]);
    expect(empty?.tasks.get(refOf('a'))).toBeUndefined();
  });

  it('emits only the empty feed while its source is silent, and completes or fails with it', marbles(({ cold, expectObservable }) => {
    const sizes = (events: Observable<FeedEvent>): Observable<number> => events.pipe(toFeed(), map(({ tasks }) => tasks.size));
    expectObservable(sizes(NEVER)).toBe('                              x', { x: 0 });
    expectObservable(sizes(EMPTY)).toBe('                              (x|)', { x: 0 });
    expectObservable(sizes(cold('--a-#', { a: to('queued') }, 'mine'))).toBe('x-y-#', { x: 0, y: 1 }, 'mine');
    expectObservable(sizes(throwError(() => 'mine'))).toBe('                (x#)', { x: 0 }, 'mine');
  }));

  it('unsubscribes from its source', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const events = cold('-a-b-c|', { a: to('queued', 'a'), b: to('queued', 'b'), c: to('queued', 'c') });
    expectObservable(events.pipe(toFeed(), map(({ tasks }) => tasks.size)), '----!').toBe('0a-b-', { 0: 0, a: 1, b: 2 });
    expectSubscriptions(events.subscriptions).toBe('^---!');
  }));

  it('starts from the empty feed for each subscriber', () => {
    const events = new Subject<FeedEvent>();
    const feeds = events.pipe(toFeed());
    const sizes: Record<'first' | 'late', number[]> = { first: [], late: [] };
    feeds.subscribe(({ tasks }) => sizes.first.push(tasks.size));
    events.next(to('queued', 'a'));
    feeds.subscribe(({ tasks }) => sizes.late.push(tasks.size));
    events.next(to('queued', 'b'));
    events.next(to('queued', 'a'));
    expect(sizes).toEqual({ first: [0, 1, 2, 2], late: [0, 1, 2] });
  });

  it('counts every status, and the errors', () => {
    const ids = [...taskStatuses, 'gone'];
    const feed = feedAfter(...taskStatuses.map((status) => to(status, status)), errored('gone'));
    expect(feed.counts).toEqual({ notPolled: 0, queued: 1, running: 1, succeeded: 1, failed: 1, cancelled: 1, expired: 1, unknown: 1, errored: 1 });
    expect([...feed.tasks].map(({ task }) => task.id)).toEqual(ids);
  });

  it('counts a task once, by its current status', () => {
    expect(feedAfter(to('queued'), to('running'), to('running')).counts).toEqual({ ...none, running: 1 });
    expect(feedAfter(to('queued'), to('running'), to('failed')).counts).toEqual({ ...none, failed: 1 });
    expect(feedAfter(to('running'), errored()).counts).toEqual({ ...none, errored: 1 });
  });

  it('has a row for a task as soon as it is watched, and counts it as not polled until its first response', () => {
    const feed = feedAfter(added('a'), added('b'), retry('b'), to('running', 'c'), at(0.6, 'c'));
    expect(feed.counts).toEqual({ ...none, notPolled: 2, running: 1 });
    expect(feed.tasks.size).toBe(3);
    expect(feed.progress).toBeCloseTo(0.2, 9);
    expect(feed.tasks.get(refOf('a'))).toEqual({
      task: refOf('a'),
      status: null,
      snapshot: null,
      progress: 0,
      estimated: true,
      forecast: null,
      addedAtMs: 0,
      statusSinceMs: 0,
      endedAtMs: null,
      lastError: null,
      nextPollAtMs: null,
      error: null,
    });
    expect(feed.tasks.get(refOf('b'))).toMatchObject({ status: null, snapshot: null, progress: 0, lastError: { message: 'reset' } });
  });

  it('keeps what is known of a task that another stream adds again', () => {
    expect(feedAfter(to('running'), at(0.5), added()).tasks.get(refOf('a'))).toMatchObject({ status: 'running', progress: 0.5 });
    expect(feedAfter(retry(), added()).tasks.get(refOf('a'))).toMatchObject({ lastError: { message: 'reset' }, nextPollAtMs: 10_000 });
  });

  it('has the row that the last event changed', () => {
    const feeds = feedsOf([to('queued', 'a'), to('running', 'b'), at(0.5, 'a')]);
    expect(feeds.map(({ changed }) => changed && `${changed.task.id} ${String(changed.status)} ${String(changed.progress)}`)).toEqual([
      null,
      'a queued 0',
      'b running 0',
      'a queued 0.5',
    ]);
    expect(feeds.at(-1)?.changed).toBe(feeds.at(-1)?.tasks.get(refOf('a')));
  });

  it('keeps the latest snapshot in the row, without a body', () => {
    const { snapshot } = feedAfter(to('queued'), to('running')).tasks.get(refOf('a')) ?? {};
    expect(snapshot).toMatchObject({ status: 'running', task: refOf('a') });
    expect(snapshot).not.toHaveProperty('raw');
  });

  it('shows an error until a good response', () => {
    const rowAfter = (...events: readonly FeedEvent[]): TaskRow | undefined => feedAfter(...events).tasks.get(refOf('a'));
    expect(rowAfter(to('running'), retry())).toMatchObject({ status: 'running', lastError: { message: 'reset' }, nextPollAtMs: 10_000 });
    for (const good of [at(0), at(0.4), to('running'), to('succeeded')]) {
      expect(rowAfter(to('running'), retry(), good)).toMatchObject({ lastError: null, nextPollAtMs: null });
    }
    expect(rowAfter(to('running'), retry(), errored())).toMatchObject({ error: { message: 'failed' }, nextPollAtMs: null });
  });

  it('clears the error of a task whose response is the same as before', () => {
    const { client } = setUp({ a: [says('running'), unavailable, says('running'), { hang: true }] }, { deadlineMs: 100, requestTimeoutMs: 1_000 });
    const reasons: (string | null)[] = [];
    marbles(({ flush }) => {
      of(refOf('a')).pipe(watchTasks(client), toFeed()).subscribe(({ tasks }) => {
        const row = tasks.get(refOf('a'));
        if (row?.error === null) reasons.push(row.lastError?.reason ?? null);
      });
      flush();
    })();
    expect(reasons).toEqual([null, null, 'server', null]);
  });

  it('averages the progress of all tasks, with finished and failed watches as 1', () => {
    expect(feedAfter(to('running', 'a'), at(0.5, 'a')).progress).toBeCloseTo(0.5, 9);
    expect(feedAfter(to('running', 'a'), at(0.5, 'a'), to('queued', 'b')).progress).toBeCloseTo(0.25, 9);
    for (const end of [to('succeeded', 'b'), to('failed', 'b'), to('cancelled', 'b'), to('expired', 'b'), errored('b')]) {
      expect(feedAfter(at(0.5, 'a'), end).progress).toBeCloseTo(0.75, 9);
    }
    expect(feedAfter(to('unknown', 'a'), retry('b')).progress).toBe(0);
  });

  it('reaches exactly 1 when all have ended', () => {
    const ids = Array.from({ length: 997 }, (_, index) => `t${String(index)}`);
    const events = [...ids.map((id, index) => at(index / 1_000, id)), ...ids.map((id, index) => (index % 3 === 0 ? errored(id) : to('succeeded', id)))];
    expect(feedAfter(...events)).toMatchObject({ progress: 1, estimated: false });
  });

  it('has `estimated` if the progress of any task is estimated', () => {
    expect(feedAfter(to('running', 'a'), at(0.2, 'a', false)).estimated).toBe(false);
    expect(feedAfter(at(0.2, 'a', false), at(0.1, 'b', true)).estimated).toBe(true);
    expect(feedAfter(at(0.2, 'a', false), at(0.1, 'b', true), to('failed', 'b')).estimated).toBe(false);
    expect(feedAfter(at(0.2, 'a', false), at(0.1, 'b', true), errored('b')).estimated).toBe(false);
    expect(feedAfter(at(0.2, 'a', true), at(0.3, 'a', false)).estimated).toBe(false);
  });

  it('never decreases the progress of a task', () => {
    expect(feedAfter(at(0.5), at(0.2)).progress).toBeCloseTo(0.5, 9);
    expect(feedAfter(to('succeeded'), at(0.2)).progress).toBe(1);
  });

  it('its totals equal a recount of its rows, for any events', () => {
    fc.assert(fc.property(fc.array(anyFeedEvent, { maxLength: 60 }), (events) => {
      for (const { counts, progress, estimated, tasks } of feedsOf(events)) {
        const rows = [...tasks];
        const recount: Record<TaskStatus | 'notPolled' | 'errored', number> = { ...none };
        for (const { status, error } of rows) recount[error === null ? (status ?? 'notPolled') : 'errored'] += 1;
        expect(counts).toEqual(recount);
        expect(tasks.size).toBe(rows.length);
        const mean = rows.reduce((sum, row) => sum + row.progress, 0) / Math.max(1, rows.length);
        expect(Math.abs(progress - mean)).toBeLessThan(1e-9);
        expect(estimated).toBe(rows.some((row) => row.estimated));
        expect(progress).toSatisfy((share: number) => share >= 0 && share <= 1);
      }
    }));
  });

  it('its rows are what the events make of each task', () => {
    interface Known {
      status: TaskStatus | null;
      progress: number;
      estimated: boolean;
      hasError: boolean;
      hasEnded: boolean;
    }
    fc.assert(fc.property(fc.array(anyFeedEvent, { maxLength: 60 }), (events) => {
      const model = new Map<string, Known>();
      for (const event of events) {
        if (event.kind === 'removed') {
          model.delete(event.task.id);
          continue;
        }
        const known = model.get(event.task.id) ?? { status: null, progress: 0, estimated: true, hasError: false, hasEnded: false };
        model.set(event.task.id, known);
        if (event.kind === 'retry') known.hasError = true;
        if (event.kind === 'transition' || event.kind === 'progress') known.hasError = false;
        if (event.kind === 'transition') known.status = event.transition.to;
        if (event.kind === 'error') known.hasEnded = true;
        if (event.kind === 'error' || (event.kind === 'transition' && isTerminal(event.transition.to))) Object.assign(known, { progress: 1, estimated: false });
        if (event.kind === 'progress' && event.progress >= known.progress) Object.assign(known, { progress: event.progress, estimated: event.estimated });
      }
      const rows = [...feedAfter(...events).tasks].map(({ task, status, progress, estimated, lastError: own, error }) => [
        task.id,
        { status, progress, estimated, hasError: own !== null, hasEnded: error !== null },
      ]);
      expect(rows).toEqual([...model]);
    }));
  });

  it('its mean decreases only when a task is added or removed', () => {
    fc.assert(fc.property(fc.array(anyFeedEvent, { maxLength: 100 }), (events) => {
      const feeds = feedsOf(events);
      for (const [index, feed] of feeds.slice(1).entries()) {
        const before = feeds[index];
        if (before !== undefined && feed.tasks.size === before.tasks.size && feed.removed === null) expect(feed.progress).toBeGreaterThanOrEqual(before.progress);
      }
    }));
  });

  it('is the same when it is built from rows instead of events', () => {
    fc.assert(fc.property(fc.array(anyFeedEvent, { maxLength: 60 }), (events) => {
      const feeds = feedsOf(events);
      const folded = feeds.reduce(
        (totals, { changed, removed }) => (changed === null ? (removed === null ? totals : withoutRow(totals, removed.task)) : afterRow(totals, changed)),
        emptyTotals(),
      ).feed;
      expect(plain(folded)).toEqual(plain(feeds.at(-1) ?? folded));
    }));
  });

  it('can be distinguished from a feed with others in between', () => {
    fc.assert(fc.property(fc.array(anyFeedEvent, { minLength: 3, maxLength: 30 }), fc.nat(), fc.nat(), (events, one, other) => {
      // Removing an unknown task changes nothing.
      const feeds = feedsOf(events).filter((feed, index, all) => feed !== all[index - 1]).slice(1);
      if (feeds.length === 0) return;
      const [from, to] = [one % feeds.length, other % feeds.length];
      expect(isNextAfter(feeds[from]!, feeds[to]!)).toBe(to === from + 1);
      expect(isNextAfter(feeds[from]!, feedsOf(events).at(-1)!)).toBe(false);
    }));
  });

  it('older feeds stay as they were', () => {
    fc.assert(fc.property(fc.array(anyFeedEvent, { maxLength: 40 }), (events) => {
      const kept: { feed: Feed; was: object }[] = [];
      from(events).pipe(toFeed()).subscribe((feed) => kept.push({ feed, was: plain(feed) }));
      for (const { feed, was } of kept) expect(plain(feed)).toEqual(was);
      for (const { feed } of kept) {
        for (const { task } of events) expect(feed.tasks.get(task)).toBe([...feed.tasks].find((row) => row.task.id === task.id));
      }
    }));
  });

  it('agrees with a map of thousands of tasks', () => {
    const ids = Array.from({ length: 4_000 }, (_, index) => `t${String(index)}`);
    const events = [...ids.map((id) => to('queued', id)), ...ids.filter((_, index) => index % 3 === 0).map((id) => to('running', id))];
    const { tasks, counts } = feedAfter(...events);
    const model = new Map(ids.map((id, index) => [id, index % 3 === 0 ? 'running' : 'queued']));
    expect(tasks.size).toBe(4_000);
    expect([...tasks].map(({ task, status }) => [task.id, status])).toEqual([...model]);
    expect(ids.filter((id) => tasks.get(refOf(id))?.status !== model.get(id))).toEqual([]);
    expect(counts).toMatchObject({ running: 1_334, queued: 2_666 });
    expect(tasks.get({ provider: 'anyfast', id: 't0' })).toBeUndefined();
  });

  it('copies O(log n) slots for each event, not all rows', () => {
    const slice = Array.prototype.slice;
    const costs = [100, 20_000].map((count) => {
      const events = new Subject<FeedEvent>();
      events.pipe(toFeed()).subscribe();
      for (let index = 0; index < count; index += 1) events.next(to('queued', `t${String(index)}`));
      let slots = 0;
      const spy = vi.spyOn(Array.prototype, 'slice').mockImplementation(function copy(this: unknown[], ...range) {
        const copied = slice.apply(this, range);
        slots += copied.length;
        return copied;
      });
      for (const event of [to('running', 't50'), at(0.4, 't50'), retry('t50'), errored('t50')]) events.next(event);
      spy.mockRestore();
      return slots / 4;
    });
    expect(costs[0]).toBeGreaterThan(0); // otherwise rows are copied in another way, and this test proves nothing
    expect(costs[1]).toBeLessThanOrEqual(3 * 32 + 32);
  });

  it('reduces the events of watchTasks, to the end of all tasks', () => {
    const { client } = setUp({
      a: [says('queued'), unavailable, says('running'), says('succeeded')],
      b: [says('running'), says('failed', { error: { code: 'InternalServiceError', message: 'it broke' } })],
      c: [quota],
    });
    const refs = concat(from(['a', 'b'].map(refOf)), timer(12).pipe(map(() => refOf('c'))));
    const feed = lastFeed(refs.pipe(watchTasks(client)));
    expect(feed).toMatchObject({ counts: { ...none, succeeded: 1, failed: 1, errored: 1 }, progress: 1, estimated: false });
    expect(feed.tasks.get(refOf('b'))?.snapshot).toMatchObject({ status: 'failed', failure: { message: 'it broke' } });
    expect(feed.tasks.get(refOf('c'))?.error).toMatchObject({ kind: 'response', reason: 'quota', state: { ended: 'response' } });
  });

  it('shows progress that never decreases while no task is added', () => {
    const { client } = setUp({ a: [...Array.from({ length: 30 }, () => says('running')), says('succeeded')], b: [says('queued'), unavailable, quota] });
    const falls: number[] = [];
    marbles(({ flush }) => {
      defer(() => from(['a', 'b'].map(refOf)))
        .pipe(
          watchTasks(client),
          toFeed(),
          scan((before: Feed | null, feed) => {
            if (before !== null && before.tasks.size === feed.tasks.size && feed.progress < before.progress) falls.push(feed.progress);
            return feed;
          }, null),
        )
        .subscribe();
      flush();
    })();
    expect(falls).toEqual([]);
  });
});
