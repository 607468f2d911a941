import { configure } from './test-bed.js';
import { ApplicationRef, computed, createEnvironmentInjector, EnvironmentInjector, PendingTasks, provideZonelessChangeDetection, runInInjectionContext } from '@angular/core';
import { concat, defer, finalize, NEVER, of, Subject } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TaskRef } from '../../src/task/snapshot.js';
import { feedSignals, injectTaskFeed, provideSeedance, type TaskFeed } from '../../src/angular/index.js';
import { ark } from '../../src/providers/ark.js';
import { scriptedTransport } from '../../src/testing/index.js';
import { account } from '../../src/client/account.js';
import { emptyTotals, type Feed, toFeed } from '../../src/feed/feed.js';
import type { FeedEvent, WatchTasksOptions } from '../../src/feed/watch-tasks.js';
import { arkTask, busy, every, failed, inVirtualTime, queued, running, seconds, succeeded } from '../support/client.js';
import { transition } from '../support/snapshots.js';

afterEach(() => configure());

/** Creates a feed with an owner, and counts the pending tasks that keep the app from being stable, without those of rendering. */
const owned = <T>(make: () => T, app = configure(provideZonelessChangeDetection())) => {
  const injector = createEnvironmentInjector([], app.inject(EnvironmentInjector));
  const held = countHeld(app.inject(PendingTasks));
  return { app, held, made: runInInjectionContext(injector, make), destroy: () => injector.destroy() };
};

const countHeld = (pendingTasks: PendingTasks): (() => number) => {
  const add = pendingTasks.add.bind(pendingTasks);
  const held = new Set<symbol>();
  vi.spyOn(pendingTasks, 'add').mockImplementation(() => {
    const [task, release] = [Symbol(), add()];
    held.add(task);
    return () => {
      held.delete(task);
      release();
    };
  });
  return () => held.size;
};

const tracked = (script: Parameters<typeof scriptedTransport>[0], options?: WatchTasksOptions, concurrency?: number) => {
  const transport = scriptedTransport(script);
  const accounts = [account(ark, { apiKey: null, batch: false })];
  const app = configure(provideZonelessChangeDetection(), provideSeedance({ accounts, transport: () => transport, policy: every(seconds(10)), concurrency }));
  return { transport, ...owned(() => injectTaskFeed(options), app) };
};

const arkRef = (id: string) => ({ ...arkTask, id });
const statuses = ({ tasks }: Pick<TaskFeed, 'tasks'>): readonly unknown[] => tasks().map(({ task, status }) => `${task.id} ${status}`);

/** The feed after these events. */
const feedOf = (...events: readonly FeedEvent[]): Feed => {
  let feed = emptyTotals().feed as Feed;
  of(...events).pipe(toFeed()).subscribe((latest) => (feed = latest));
  return feed;
};
const progress = (id: string, value: number): FeedEvent => ({ kind: 'progress', atMs: 0, forecast: null, task: arkRef(id), progress: value, estimated: false });

describe('injectTaskFeed', () => {
  it('shows every task that is tracked, as it changes', () => {
    const { made: feed, destroy } = tracked({ a: [queued, running, succeeded], b: [running, failed] });
    inVirtualTime(({ flush, interrupt }) => {
      expect(feed.tasks()).toEqual([]);
      feed.track(arkRef('a'));
      interrupt(seconds(5), () => {
        expect(statuses(feed)).toEqual(['a queued']);
        expect([feed.progress(), feed.estimated()]).toEqual([expect.any(Number), true]);
        feed.track(arkRef('b'));
      });
      interrupt(seconds(12), () => {
        expect(statuses(feed)).toEqual(['a running', 'b running']);
        expect(feed.counts()).toMatchObject({ running: 2, succeeded: 0 });
      });
      flush();
      expect(statuses(feed)).toEqual(['a succeeded', 'b failed']);
      expect([feed.progress(), feed.estimated(), feed.counts().failed, feed.error()]).toEqual([1, false, 1, null]);
      expect(feed.feed().tasks.get(arkRef('a'))?.snapshot).toMatchObject({ video: { url: expect.any(String) } });
      destroy();
    });
  });

  it('removes a task that is untracked: its request is aborted, its row leaves, and it can be tracked again', () => {
    const { made: feed, transport, destroy } = tracked({ a: [{ hang: true }, running], b: [running, succeeded] });
    inVirtualTime(({ flush, interrupt }) => {
      feed.untrack(arkRef('a'));
      feed.track(arkRef('a'));
      feed.track(arkRef('b'));
      interrupt(seconds(5), () => {
        feed.untrack(arkRef('a'));
        expect(statuses(feed)).toEqual(['b running']);
        expect([feed.feed().removed?.task, transport.pending()]).toEqual([arkRef('a'), 0]);
        feed.track(arkRef('a'));
      });
      interrupt(seconds(16), () => {
        expect(statuses(feed)).toEqual(['b succeeded', 'a running']);
        destroy();
      });
      flush();
    });
  });

  it('watches a task once, however often it is tracked', () => {
    const { made: feed, transport } = tracked([running, succeeded]);
    inVirtualTime(({ flush }) => {
      feed.track(arkTask);
      feed.track({ ...arkTask });
      flush();
      feed.track(arkTask);
      flush();
      expect(transport.requests).toHaveLength(2);
      expect(statuses(feed)).toEqual(['cgt-1 succeeded']);
    });
  });

  it('shows the errors of a task in its row, and continues', () => {
    const { made: feed } = tracked([busy, succeeded]);
    inVirtualTime(({ flush, interrupt }) => {
      feed.track(arkTask);
      feed.track({ provider: 'unknown', id: 'x' });
      interrupt(seconds(1), () => expect(feed.tasks()).toMatchObject([{ lastError: { status: 503 } }, { error: { kind: 'invalid', state: null } }]));
      flush();
      expect(feed.counts()).toMatchObject({ succeeded: 1, errored: 1 });
      expect(feed.error()).toBeNull();
    });
  });

  it('passes on its options and those of the client, and refuses an invalid one at once', () => {
    expect(() => tracked([running], {}, -1)).toThrow(RangeError);
    const watched: string[] = [];
    const watch = ({ id }: TaskRef) => {
      watched.push(id);
      return {};
    };
    const { made: feed, transport } = tracked([{ ...succeeded, afterMs: 1000 }], { watch }, 1);
    inVirtualTime(({ flush }) => {
      feed.track(arkRef('a'));
      feed.track(arkRef('b'));
      flush();
      expect(transport.requests.map(({ atMs }) => atMs)).toEqual([0, 1000]);
      expect(watched).toEqual(['a', 'b']);
    });
  });

  it('stops with its owner: requests are aborted, timers are cleared, and tracking does nothing', () => {
    const { made: feed, transport, destroy, held } = tracked({ a: [running], b: [{ hang: true }] });
    inVirtualTime(({ flush, interrupt, timers }) => {
      feed.track(arkRef('a'));
      feed.track(arkRef('b'));
      interrupt(seconds(15), () => {
        expect(transport.pending()).toBe(1);
        destroy();
        expect([transport.pending(), timers()]).toEqual([0, 0]);
        feed.track(arkRef('c'));
        expect([transport.pending(), timers(), held()]).toEqual([0, 0, 0]);
      });
      flush();
      expect(statuses(feed)).toEqual(['a running', 'b null']);
    });
  });

  it('does nothing when its owner is destroyed before anything is tracked', () => {
    const { made: feed, transport, destroy, held } = tracked([running]);
    destroy();
    inVirtualTime(({ flush }) => {
      feed.track(arkTask);
      flush();
      expect(held()).toBe(0);
      expect(transport.requests).toEqual([]);
    });
  });
});

describe('injectTaskFeed keeps the app from being stable', () => {
  it('from the first tracked task to the first response', () => {
    const { made: feed, held } = tracked({ a: [{ ...running, afterMs: 2000 }, succeeded], b: [{ ...running, afterMs: 3000 }, succeeded], c: [succeeded] });
    const counts: number[] = [held()];
    inVirtualTime(({ flush, interrupt }) => {
      feed.track(arkRef('a'));
      feed.track(arkRef('b'));
      interrupt(1999, () => counts.push(held()));
      interrupt(2001, () => {
        feed.track(arkRef('c'));
        counts.push(held());
      });
      flush();
    });
    expect(counts).toEqual([0, 1, 0]);
  });

  it.each<readonly [string, Parameters<typeof scriptedTransport>[0], number]>([
    ['a poll that fails', [{ status: 503 }], 1],
    ['a refusal that ends the watch', [{ status: 429, body: { error: { code: 'AccountQuotaExceeded', message: 'no' } } }], 1],
    ['no response in time', [{ hang: true }], seconds(30) + 1],
  ])('until %s, too', (_case, script, atMs) => {
    const { made: feed, held, destroy } = tracked(script);
    const counts: number[] = [];
    inVirtualTime(({ flush, interrupt }) => {
      feed.track(arkTask);
      counts.push(held());
      interrupt(atMs, () => {
        counts.push(held());
        destroy();
      });
      flush();
    });
    expect(counts).toEqual([1, 0]);
    expect(feed.tasks()).toHaveLength(1);
  });

  it('until its owner is destroyed', async () => {
    const { made: feed, held, destroy, app } = tracked([{ hang: true }]);
    feed.track(arkTask);
    expect(held()).toBe(1);
    destroy();
    expect(held()).toBe(0);
    await app.inject(ApplicationRef).whenStable();
  });
});

describe('feedSignals', () => {
  it('shows the empty feed, and then the latest', () => {
    const feed = new Subject<Feed>();
    const { made: signals } = owned(() => feedSignals(feed));
    expect([signals.tasks(), signals.progress(), signals.estimated(), signals.counts().running, signals.feed().changed]).toEqual([[], 0, false, 0, null]);
    const latest = feedOf(progress('a', 0.25), progress('b', 0.75));
    feed.next(latest);
    expect(signals.feed()).toBe(latest);
    expect(signals.tasks().map(({ task, progress }) => [task.id, progress])).toEqual([['a', 0.25], ['b', 0.75]]);
    expect([signals.progress(), signals.counts()]).toEqual([0.5, latest.counts]);
  });

  it('copies rows when they are read, not for each event', () => {
    const source = new Subject<Feed>();
    const { made: signals } = owned(() => feedSignals(source));
    const full = feedOf(progress('a', 0.25));
    let copies = 0;
    const tasks = { ...full.tasks, [Symbol.iterator]: () => ((copies += 1), full.tasks[Symbol.iterator]()) };
    for (let event = 0; event < 1000; event += 1) source.next({ ...full, tasks: { ...tasks } });
    expect(copies).toBe(0);
    expect(signals.tasks()).toBe(signals.tasks());
    expect(copies).toBe(1);
  });

  it('notifies readers of one signal only of its own changes', () => {
    const source = new Subject<Feed>();
    const { made: signals } = owned(() => feedSignals(source));
    let reads = 0;
    const running = computed(() => ((reads += 1), signals.counts().running));
    const [before, after] = [feedOf(progress('a', 0.25)), feedOf(progress('a', 0.75))];
    source.next(before);
    running();
    source.next({ ...after, counts: before.counts });
    expect([running(), reads, signals.progress()]).toEqual([0, 1, 0.75]);
  });

  it('subscribes once, at once, and until its owner is destroyed', () => {
    const log: string[] = [];
    const feed = defer(() => {
      log.push('subscribed');
      return NEVER;
    }).pipe(finalize(() => log.push('unsubscribed')));
    const { made: signals, destroy } = owned(() => feedSignals(feed));
    signals.tasks();
    expect(log).toEqual(['subscribed']);
    destroy();
    expect(log).toEqual(['subscribed', 'unsubscribed']);
  });

  it('shows the error of the feed, and keeps the last feed', () => {
    const feed = new Subject<Feed>();
    const { made: signals } = owned(() => feedSignals(feed));
    const latest = feedOf(progress('a', 0.25));
    feed.next(latest);
    expect(signals.error()).toBeNull();
    const reason = new Error('the stream failed');
    feed.error(reason);
    expect([signals.error(), signals.feed()]).toEqual([reason, latest]);
  });

  const empty = feedOf();
  const added: FeedEvent = { kind: 'added', atMs: 0, resumedFrom: null, task: arkTask };
  const waiting = feedOf(added);
  const lastError = { kind: 'transport', reason: null, status: null, message: 'reset', sameFailureCount: 1, sinceMs: 0 } as const;
  /** A feed that arrived as a whole, without a changed row. */
  const whole: Feed = { ...feedOf(added, { kind: 'retry', atMs: 0, task: arkTask, lastError, nextPollAtMs: 10_000 }), changed: null };
  const first = feedOf(added, { kind: 'transition', atMs: 0, task: arkTask, transition: transition('queued', null) });
  it.each([
    ['the first feed with a response', '-w-a-b'],
    ['a whole feed with a failed poll', '-w-t'],
    ['an empty feed that arrives late', '---e'],
    ['an error', '---#'],
    ['completion', '---|'],
  ])('keeps the app from being stable until %s', (_case, marble) => {
    inVirtualTime(({ cold, flush, interrupt }) => {
      const { held } = owned(() => feedSignals(concat(of(empty), cold(marble, { a: first, b: first, e: empty, t: whole, w: waiting }))));
      const counts: number[] = [];
      interrupt(2, () => counts.push(held()));
      interrupt(3, () => counts.push(held()), 1);
      flush();
      expect(counts).toEqual([1, 0]);
    });
  });

  it('does not keep the app from being stable when the feed emits synchronously', () => {
    expect(owned(() => feedSignals(of(first))).held()).toBe(0);
    expect(owned(() => feedSignals(concat(of(first), NEVER))).held()).toBe(0);
  });
});
