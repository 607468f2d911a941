import { map, type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { constantDelay, exponentialDelay, limitAttempts } from '../../src/poll/delay-policy.js';
import { fromServerSentEvents, type FromServerSentEventsOptions } from '../../src/sse/client.js';
import { ConnectionLost, type Incoming } from '../../src/sse/connection.js';
import { follow, type FollowOptions } from '../../src/sse/follow.js';
import { encodeFailure } from '../../src/sse/wire-form.js';
import type { Feed, TaskRow } from '../../src/feed/feed.js';
import { inVirtualTime } from '../support/client.js';
import { marbles } from '../support/marbles.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { brief, dataOf, feedAfter, refOf, to } from './feeds.js';

const rowOf = (status: 'queued' | 'running' | 'succeeded', id: string): TaskRow => {
  const row = feedAfter(to(status, id)).changed;
  if (row === null) throw new Error('no row');
  return row;
};

let number = 0;
const event = (name: string, data: string, id: string | null = `e-${String((number += 1))}`): Incoming => ({ kind: 'event', name, id, data });
const feed = (rows: readonly TaskRow[], id?: string): Incoming => event('feed', dataOf(rows), id);
const rows = (changed: readonly TaskRow[], id?: string, removed: readonly TaskRef[] = []): Incoming => event('rows', dataOf(changed, removed), id);

/** A, B: the whole feed, of `a` queued and of both queued; r, s: `a` and `b` run; t: both run. */
const sent: Readonly<Record<string, Incoming>> = {
  A: feed([rowOf('queued', 'a')], 'id-A'),
  B: feed([rowOf('queued', 'a'), rowOf('queued', 'b')], 'id-B'),
  r: rows([rowOf('running', 'a')], 'id-r'),
  s: rows([rowOf('running', 'b')], 'id-s'),
  t: rows([rowOf('running', 'a'), rowOf('running', 'b')], 'id-t'),
  h: { kind: 'alive' },
  w: { kind: 'retry', retryMs: 7 },
  z: event('end', '{}', null),
  x: event('fail', encodeFailure(new Error('it broke'))),
  n: event('novelty', '?', null),
  y: event('rows', '{"version":1,"rows":[{"task":{"provider":"ark","id":"a"},"progress":2}]}'),
};

const options = { retry: constantDelay(3), idleTimeoutMs: 1_000, label: 'http://here/feed' };
const gone = new ConnectionLost('http://here/feed: reset');

/** The connections, one after another, and the ids from which they resume. */
const inTurn = (...connections: readonly Observable<Incoming>[]): Pick<FollowOptions, 'connect'> & { readonly ids: readonly (string | null)[] } => {
  const ids: (string | null)[] = [];
  return {
    ids,
    connect: (id) => {
      const next = connections[Math.min(ids.length, connections.length - 1)];
      ids.push(id);
      return next ?? of();
    },
  };
};

const inWords = ({ tasks, changed }: Feed): string => `${[...tasks].map(brief).join(' ')}${changed === null ? '' : ` after ${brief(changed)}`}`;

const words = {
  e: '',
  a: 'a:queued after a:queued',
  b: 'a:queued b:queued',
  r: 'a:running b:queued after a:running',
  s: 'a:running b:running after b:running',
  t: 'a:running b:running after b:running',
};

describe('following a server', () => {
  it('emits one feed for each event, the empty one first', marbles(({ cold, expectObservable }) => {
    const connection = cold('         -B-r--s--z', sent);
    expectObservable(follow({ ...options, ...inTurn(connection) }).pipe(map(inWords))).toBe('eb-r--s--|', words);
  }));

  it('shows the rows of one event together; changed is the last of them', marbles(({ cold, expectObservable }) => {
    const connection = cold('-B-t-', sent);
    expectObservable(follow({ ...options, ...inTurn(connection) }).pipe(map(inWords)), '^----!').toBe('eb-t-', words);
  }));

  it('reconnects when the connection is lost or closed, and resumes after the last event', marbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
    const first = cold(' -B#', sent, gone);
    const second = cold('     -r|', sent);
    const third = cold('           -sz', sent);
    const connections = inTurn(first, second, third);
    expectObservable(follow({ ...options, ...connections }).pipe(map(inWords))).toBe('eb----r----s|', words);
    expectSubscriptions(first.subscriptions).toBe(' ^-!');
    expectSubscriptions(second.subscriptions).toBe('-----^-!');
    expectSubscriptions(third.subscriptions).toBe(' ----------^-!');
    flush();
    expect(connections.ids).toEqual([null, 'id-B', 'id-r']);
  }));

  it('waits longer after each failure, and restarts the backoff when data arrives', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const dead = cold('           #', sent, gone);
    const well = cold('           B#', sent, gone);
    const retry = exponentialDelay({ initialMs: 1, maxMs: 8 });
    expectObservable(follow({ ...options, retry, ...inTurn(dead, dead, dead, well, dead) }), '^----------------!');
    expectSubscriptions(dead.subscriptions).toBe(['(^!)', '-(^!)', '---(^!)', '---------(^!)', '-----------(^!)', '---------------(^!)']);
    expectSubscriptions(well.subscriptions).toBe('   -------^!');
  }));

  it('restarts the backoff after a connection with heartbeats only', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const dead = cold('           #', sent, gone);
    const quiet = cold('          h#', sent, gone);
    const retry = limitAttempts(exponentialDelay({ initialMs: 1, maxMs: 8 }), 3);
    expectObservable(follow({ ...options, retry, ...inTurn(dead, dead, quiet, quiet, quiet, quiet) }), '^------------!');
    expectSubscriptions(dead.subscriptions).toBe(['(^!)', '-(^!)']);
    expectSubscriptions(quiet.subscriptions).toBe(['---^!', '-----^!', '-------^!', '---------^!', '-----------^!']);
  }));

  it('calls onConnection when a connection receives data, and when a new one is due', () => {
    const seen: string[] = [];
    const onConnection = (state: string): void => { seen.push(state); };
    marbles(({ cold, flush }) => {
      const connections = inTurn(cold('-h-B#', sent, gone), cold('#', sent, gone), cold('-Bz', sent));
      follow({ ...options, ...connections, onConnection }).subscribe((feed) => seen.push(inWords(feed)));
      flush();
    })();
    expect(seen).toEqual(['', 'open', 'a:queued b:queued', 'waiting', 'waiting', 'open', 'a:queued b:queued']);
  });

  it('waits as long as the server says, and 10 minutes at most', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const busy = cold('           #', sent, new ConnectionLost('busy', 5));
    const waiting = cold('        (w#)', sent, gone);
    const absurd = cold('         #', sent, new ConnectionLost('busy', 1e12));
    const last = cold('-', sent);
    expectObservable(follow({ ...options, idleTimeoutMs: 1_000_000, ...inTurn(busy, waiting, absurd, last) }), '^ 699999ms !');
    expectSubscriptions(waiting.subscriptions).toBe('-----(^!)');
    expectSubscriptions(absurd.subscriptions).toBe(' ------------(^!)');
    expectSubscriptions(last.subscriptions).toBe('  12ms 600s ^ 99987ms !');
  }));

  it('drops a connection without data, and counts heartbeats as data', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const first = cold('  -B---h---h-----', sent);
    const second = cold('                  --z', sent);
    expectObservable(follow({ ...options, idleTimeoutMs: 5, ...inTurn(first, second) }).pipe(map(inWords))).toBe('eb-----------------|', words);
    expectSubscriptions(first.subscriptions).toBe(' ^-------------!');
    expectSubscriptions(second.subscriptions).toBe('-----------------^-!');
  }));

  it('ends with the last connection error when the policy stops', marbles(({ cold, expectObservable }) => {
    const dead = cold('#', sent, gone);
    const retry = limitAttempts(constantDelay(3), 2);
    expectObservable(follow({ ...options, retry, ...inTurn(dead) }).pipe(map(inWords))).toBe(
      'e-----#', words, new Error('http://here/feed: reset; gave up after attempt 3'),
    );
  }));

  it.each([
    ['the feed failed', 'x', 'http://here/feed: the feed failed: it broke'],
    ['an event cannot be read', 'y', "http://here/feed: the event 'rows' cannot be read: rows[0].progress must be a number from 0 to 1, not 2"],
  ])('ends when %s', (_, name, message) => {
    const errors: unknown[] = [];
    marbles(({ cold, flush }) => {
      follow({ ...options, ...inTurn(cold(`-B-${name}`, sent)) }).subscribe({ error: (error) => errors.push(error) });
      flush();
    })();
    expect(errors).toMatchObject([{ message }]);
  });

  it('ends with any other error of a connection', marbles(({ cold, expectObservable }) => {
    expectObservable(follow({ ...options, ...inTurn(cold('-#', sent, 'mine')) }).pipe(map(inWords))).toBe('e#', words, 'mine');
  }));

  it('ignores unknown events', marbles(({ cold, expectObservable }) => {
    expectObservable(follow({ ...options, ...inTurn(cold('-Bnz', sent)) }).pipe(map(inWords))).toBe('eb-|', words);
  }));

  it('does not resume from an id that a header cannot hold', marbles(({ cold, flush }) => {
    const connections = inTurn(cold('(a#)', { a: feed([], 'a\u0444') }, gone), cold('-'));
    const following = follow({ ...options, ...connections }).subscribe();
    cold('----x').subscribe(() => following.unsubscribe());
    flush();
    expect(connections.ids).toEqual([null, null]);
  }));

  it('gives each subscriber connections of its own', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const connection = cold('-B-r-z', sent);
    const result = follow({ ...options, ...inTurn(connection) }).pipe(map(inWords));
    expectObservable(result).toBe('      eb-r-|', words);
    expectObservable(result, '--^').toBe('--eb-r-|', words);
    expectSubscriptions(connection.subscriptions).toBe(['^----!', '--^----!']);
  }));

  it('leaves no timer and no connection behind, whenever it is unsubscribed', () => {
    for (let leaveAtMs = 0; leaveAtMs < 12; leaveAtMs += 1) {
      inVirtualTime(({ cold, timers, interrupt, flush }) => {
        const following = follow({ ...options, idleTimeoutMs: 4, ...inTurn(cold('-B-------', sent)) }).subscribe();
        interrupt(leaveAtMs, () => {
          expect(timers()).toBeGreaterThan(0); // else there was nothing to leave
          following.unsubscribe();
          expect(timers()).toBe(0);
        });
        flush();
      });
    }
  });
});

it('removes tasks, and adds those that return at the end', () => {
  const events = [feed([rowOf('queued', 'a'), rowOf('queued', 'b')]), rows([], 'id-1', [refOf('a'), refOf('unknown')]), rows([rowOf('running', 'a')], 'id-2', [refOf('b')])];
  const feeds: Feed[] = [];
  follow({ ...options, ...inTurn(of(...events, sent.z!)) }).subscribe((each) => feeds.push(each));
  expect(feeds.slice(1).map(({ tasks }) => [...tasks].map(brief))).toEqual([['a:queued', 'b:queued'], ['b:queued'], ['a:running']]);
  expect(feeds[2]?.removed?.task).toEqual(refOf('a'));
});

describe('a whole feed after another', () => {
  /** The feeds after the empty one. */
  const after = (...events: readonly Incoming[]): readonly Feed[] => {
    const feeds: Feed[] = [];
    follow({ ...options, ...inTurn(of(...events, sent.z!)) }).subscribe((each) => feeds.push(each));
    return feeds.slice(1);
  };

  it('keeps the rows that did not change, and reports none as changed', () => {
    const [before, next] = after(feed([rowOf('queued', 'a'), rowOf('queued', 'b')]), feed([rowOf('queued', 'a'), rowOf('running', 'b')])) as [Feed, Feed];
    expect(next.tasks.get(refOf('a'))).toBe(before.tasks.get(refOf('a')));
    expect(next.tasks.get(refOf('b'))).not.toBe(before.tasks.get(refOf('b')));
    expect(next.changed).toBeNull();
  });

  it('in parts is shown when its last part arrives, and drops the parts of a feed that was cut', () => {
    const part = (name: string, ...parts: readonly TaskRow[]) => event(name, dataOf(parts));
    const feeds = after(
      feed([rowOf('queued', 'a'), rowOf('queued', 'b')]),
      part('first', rowOf('queued', 'x')), part('part', rowOf('queued', 'y')),
      part('first', rowOf('queued', 'a')), part('part', rowOf('running', 'b')), part('last', rowOf('queued', 'c')),
      part('first', rowOf('queued', 'z')), feed([rowOf('queued', 'a')]),
    );
    expect(feeds.map(({ tasks }) => [...tasks].map(brief))).toEqual([['a:queued', 'b:queued'], ['a:queued', 'b:running', 'c:queued'], ['a:queued']]);
    expect(feeds[1]?.tasks.get(refOf('a'))).toBe(feeds[0]?.tasks.get(refOf('a')));
  });

  it('removes the missing tasks', () => {
    const [, next] = after(feed([rowOf('queued', 'a'), rowOf('running', 'b')]), feed([rowOf('running', 'b')])) as [Feed, Feed];
    expect(next.tasks.get(refOf('a'))).toBeUndefined();
    expect(next.counts).toMatchObject({ queued: 0, running: 1 });
  });
});

describe('fromServerSentEvents', () => {
  it('is a stream of feeds', () => {
    expectTypeOf(fromServerSentEvents('/feed')).toEqualTypeOf<Observable<Feed>>();
  });

  const bad: readonly (readonly [string, FromServerSentEventsOptions, string])[] = [
    ['idleTimeoutMs', { idleTimeoutMs: 0 }, 'idleTimeoutMs must be a number of ms above 0, at most 2147483647, not 0'],
    // what a caller without types may pass
    ['headers', { headers: 'x' as never }, 'headers must be a record or a function, not x'],
    ['fetch', { fetch: 1 as never }, 'fetch must be a function, not 1'],
    ['retry', { retry: 5 as never }, 'retry must be a function, not 5'],
  ];

  it.each(bad)('refuses a bad option at once: %s', (_, given, message) => {
    expect(() => fromServerSentEvents('/feed', given)).toThrow(message);
  });
});
