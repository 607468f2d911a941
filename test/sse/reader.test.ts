import { map, NEVER, type Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createChangeLog } from '../../src/sse/change-log.js';
import { readerEvents, sharedUpdates } from '../../src/sse/reader.js';
import type { Feed } from '../../src/feed/feed.js';
import { inVirtualTime } from '../support/client.js';
import { marbles } from '../support/marbles.js';
import { feedAfter, feedsOf, inWords, removed, to } from './feeds.js';

/** e: empty; then a is queued, b is queued, a runs, b runs. */
const [e, a, b, c, d] = feedsOf([to('queued', 'a'), to('queued', 'b'), to('running', 'a'), to('running', 'b')]) as readonly [Feed, Feed, Feed, Feed, Feed];
const feedOf = { e, a, b, c, d };

const updatesOf = (feeds: Observable<Feed>, idleGraceMs = 5) => sharedUpdates(feeds, idleGraceMs, () => createChangeLog(() => 'epoch'));

const read = (updates: ReturnType<typeof updatesOf>, pulls: Observable<unknown>, { lastEventId = null as string | null, heartbeatMs = 100 } = {}) =>
  readerEvents(updates, lastEventId, heartbeatMs, pulls).pipe(map(inWords));

const words = {
  ':': ':',
  E: 'feed',
  A: 'feed a:queued',
  B: 'feed a:queued b:queued',
  D: 'feed a:running b:running',
  p: 'rows a:queued',
  q: 'rows b:queued',
  r: 'rows a:running',
  s: 'rows b:running',
  t: 'rows b:queued a:running',
  x: 'fail it broke',
  z: 'end',
};

describe('a reader', () => {
  it('gets the whole feed first, then the changes', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('  xxxxxxxxxxx');
    const feeds = cold('           e--a--b--c-', feedOf);
    expectObservable(read(updatesOf(feeds), pulls), '^----------!').toBe('E--p--q--r-', words);
  }));

  it('that is slow gets all changes since its last pull together', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('  x-------x---x');
    const feeds = cold('           a-b-c-------d', feedOf);
    expectObservable(read(updatesOf(feeds), pulls), '^-------------!').toBe('A-------t---s', words);
  }));

  it('that pulls late gets the feed of that moment', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('  -------x-');
    const feeds = cold('           e-a-b-cd-', feedOf);
    expectObservable(read(updatesOf(feeds), pulls), '^--------!').toBe('-------D-', words);
  }));

  it('gets one event for each pull, and nothing without one', marbles(({ cold, expectObservable }) => {
    const feeds = cold('           a-b-c-d|', feedOf);
    expectObservable(read(updatesOf(feeds), cold<unknown>('x---------'))).toBe('A', words);
    expectObservable(read(updatesOf(feeds), cold<unknown>('x--------x'))).toBe('A--------(y)', { ...words, y: 'rows b:running a:running' });
  }));

  it('gets a comment at once before there is a feed', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('  -xx--x--');
    expectObservable(read(updatesOf(NEVER), pulls), '^-------!').toBe('-:', words);
    expectObservable(read(updatesOf(cold('------e', feedOf)), pulls), '^-------!').toBe('-:----E', words);
  }));

  it('gets a heartbeat when nothing was sent for heartbeatMs since the last event', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('                                         xxxxxxxxxxxxxxxx');
    const feeds = cold('                                                  e--a-----------', feedOf);
    expectObservable(read(updatesOf(feeds), pulls, { heartbeatMs: 5 }), ' ^--------------!').toBe('E--p----:----:', words);
  }));

  it('that is slow does not get several heartbeats at once', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('                                         x------------------x----');
    const feeds = cold('                                                  e-----------------------', feedOf);
    expectObservable(read(updatesOf(feeds), pulls, { heartbeatMs: 5 }), ' ^-----------------------!').toBe('E------------------:', words);
  }));

  it('gets the pending changes, then the end', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('  x-----x--x');
    const feeds = cold('           a-b-c|', feedOf);
    expectObservable(read(updatesOf(feeds), pulls)).toBe('A-----t--(z|)', words);
  }));

  it('gets the pending changes, then the failure with its message', marbles(({ cold, expectObservable }) => {
    const pulls = cold<unknown>('  x-----x--x');
    const feeds = cold('           a-b-c#', feedOf, new Error('it broke'));
    expectObservable(read(updatesOf(feeds), pulls)).toBe('A-----t--(x|)', words);
  }));

  it('that returns gets the changes it missed', marbles(({ cold, expectObservable }) => {
    const feeds = cold('           ab-c--d--', feedOf);
    const updates = updatesOf(feeds);
    const pulls = () => cold<unknown>('xxxxxxxxx');
    expectObservable(read(updates, pulls()), '                              ^-!').toBe('      Aq', words);
    expectObservable(read(updates, pulls(), { lastEventId: 'epoch-2' }), '  -----^---!').toBe('     -----rs', words);
    expectObservable(read(updates, pulls(), { lastEventId: 'epoch-4' }), '  -------^-!').toBe('     -------:', words);
    expectObservable(read(updates, pulls(), { lastEventId: 'epoch-5' }), '  -------^-!').toBe('     -------D', words);
    expectObservable(read(updates, pulls(), { lastEventId: 'other-2' }), '  -------^-!').toBe('     -------D', words);
    expectObservable(read(updates, pulls(), { lastEventId: 'epoch-2x' }), ' -------^-!').toBe('     -------D', words);
    expectObservable(read(updates, pulls()), '                              -------^-!').toBe('     -------D', words);
  }));

  it('gets a whole feed when the tasks are different', marbles(({ cold, expectObservable }) => {
    const other = feedAfter(to('queued', 'z'));
    let epoch = 0;
    const updates = sharedUpdates(cold('a--z--', { ...feedOf, z: other }), 5, () => createChangeLog(() => `epoch ${String(epoch += 1)}`));
    expectObservable(read(updates, cold<unknown>('xxxxxx')), '^-----!').toBe('A--Z', { ...words, Z: 'feed z:queued' });
  }));

  it('gets every change of a feed with skipped values', marbles(({ cold, expectObservable }) => {
    const feeds = cold('                                   a--d--', feedOf);
    expectObservable(read(updatesOf(feeds), cold<unknown>('xxxxxx')), '^-----!').toBe('A--y', { ...words, y: 'rows a:running b:running' });
  }));

  it('is told of removed tasks, also when it was away, and when a task has returned', marbles(({ cold, expectObservable }) => {
    const [, , both, without, again] = feedsOf([to('queued', 'a'), to('queued', 'b'), removed('a'), to('running', 'a')]);
    const feeds = cold('                                                                        2--3--4--', { 2: both!, 3: without!, 4: again! });
    const updates = updatesOf(feeds);
    const kinds = { ...words, g: 'rows -a', n: 'rows a:running', h: 'rows -a a:running' };
    expectObservable(read(updates, cold<unknown>('xxxxxxxxx')), '                              ^--------!').toBe('B--g--n', kinds);
    expectObservable(read(updates, cold<unknown>('x------x')), '                               ^--------!').toBe('B------h', kinds);
    expectObservable(read(updates, cold<unknown>('xxxxxxxxx'), { lastEventId: 'epoch-2' }), '  ----^---!').toBe('----g-n', kinds);
    expectObservable(read(updates, cold<unknown>('xxxxxxxxx'), { lastEventId: 'epoch-2' }), '  -------^!').toBe('       -------h', kinds);
  }));

  it('gets the removals of a feed with skipped values', marbles(({ cold, expectObservable }) => {
    const feeds = feedsOf([to('queued', 'a'), to('queued', 'b'), removed('a'), to('running', 'b')]);
    const source = cold('                           2--4--', { 2: feeds[2]!, 4: feeds[4]! });
    expectObservable(read(updatesOf(source), cold<unknown>('xxxxxx')), '^-----!').toBe('B--y', { ...words, y: 'rows -a b:running' });
  }));

  it('gets a large feed in several events, and then the changes meanwhile', marbles(({ cold, expectObservable }) => {
    const ids = Array.from({ length: 250 }, (_, index) => `t${String(index)}`);
    const [large, after] = feedsOf([...ids.map((id) => to('queued', id)), to('running', 't0')]).slice(-2);
    const feeds = cold('                                  L-M-----', { L: large!, M: after! });
    const events = readerEvents(updatesOf(feeds), null, 100, cold<unknown>('xx--xx')).pipe(map((event) => inWords(event).split(' ', 2).join(' ')));
    expectObservable(events, '^------!').toBe('pq--rs', { p: 'first t0:queued', q: 'part t100:queued', r: 'last t200:queued', s: 'rows t0:running' });
  }));

  it('starts over when the feed is replaced while it gets the parts', marbles(({ cold, expectObservable }) => {
    const large = feedAfter(...Array.from({ length: 101 }, (_, index) => to('queued', `t${String(index)}`)));
    const feeds = cold('                                  L-a-----', { ...feedOf, L: large });
    const events = readerEvents(updatesOf(feeds), null, 100, cold<unknown>('x--xx')).pipe(map((event) => inWords(event).split(' ', 2).join(' ')));
    expectObservable(events, '^------!').toBe('p--A', { ...words, p: 'first t0:queued' });
  }));

  it('gets a row that cannot be encoded as a failure of its own, and the other readers go on', () => {
    const row = a.changed!;
    let isBroken = true;
    const trap = { ...row, snapshot: { ...row.snapshot!, toJSON: () => { if (isBroken) throw new Error('no JSON'); return row.snapshot; } } };
    const source = new Subject<Feed>();
    const updates = updatesOf(source);
    const lines: string[] = [];
    const open = (name: string) => readerEvents(updates, null, 1_000, of(null)).subscribe({
      next: (event) => lines.push(`${name} ${inWords(event)}`),
      complete: () => lines.push(`${name} |`),
    });
    open('one');
    source.next({ ...a, changed: trap as never, tasks: { size: 1, get: () => trap as never, [Symbol.iterator]: () => [trap as never][Symbol.iterator]() } });
    open('two');
    isBroken = false;
    const three = open('three');
    three.unsubscribe();
    expect(lines).toEqual(['one :', 'two fail no JSON', 'two |', 'three feed a:queued']);
  });

  it('that never reads has no backlog', () => {
    const feeds = feedsOf(Array.from({ length: 10_000 }, (_, index) => to(index % 2 === 0 ? 'queued' : 'running', `t${String(index % 7)}`)));
    const source = new Subject<Feed>();
    const pulls = new Subject<void>();
    const texts: Uint8Array[] = [];
    const reading = readerEvents(updatesOf(source), null, 1_000, pulls).subscribe((text) => texts.push(text));
    source.next(feeds[0]!);
    pulls.next();
    for (const feed of feeds.slice(1)) source.next(feed);
    expect(texts).toHaveLength(1);
    pulls.next();
    expect(inWords(texts[1]!).split(' ')).toHaveLength(1 + 7);
    pulls.next();
    expect(texts).toHaveLength(2);
    reading.unsubscribe();
  });
});

describe('the feed behind the readers', () => {
  it('is subscribed once by the first reader, and unsubscribed some time after the last', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const feeds = cold('   e-----------------', feedOf);
    const updates = updatesOf(feeds);
    expectObservable(updates.pipe(map(() => 'm')), ' --^---!          ').toBe('--m');
    expectObservable(updates.pipe(map(() => 'm')), ' ----^----!       ').toBe('----m');
    expectObservable(updates.pipe(map(() => 'm')), ' -----------^-!   ').toBe('-----------m');
    expectSubscriptions(feeds.subscriptions).toBe('  --^---------------!');
  }));

  it('is subscribed again after it was unsubscribed', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const feeds = cold('   e-----------------', feedOf);
    const updates = updatesOf(feeds);
    expectObservable(updates.pipe(map(() => 'm')), ' ^--!             ').toBe('m');
    expectObservable(updates.pipe(map(() => 'm')), ' ----------^--!   ').toBe('----------m');
    expectSubscriptions(feeds.subscriptions).toBe(['^-------!', '----------^-------!']);
  }));

  it('is not subscribed again for a reader that comes shortly after its end', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const feeds = cold('             a-b|', feedOf);
    const updates = updatesOf(feeds);
    const pulls = () => cold<unknown>('xxxxxxxxxx');
    expectObservable(read(updates, pulls())).toBe('A-q(z|)', words);
    expectObservable(read(updates, pulls(), { lastEventId: 'epoch-1' }), '-----^').toBe('-----q(z|)', words);
    expectSubscriptions(feeds.subscriptions).toBe('^--!');
  }));

  it('is subscribed again after an error', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const feeds = cold('             a-#', feedOf, new Error('it broke'));
    const updates = updatesOf(feeds);
    const pulls = () => cold<unknown>('xxxxxx');
    expectObservable(read(updates, pulls())).toBe('A-(x|)', words);
    expectObservable(read(updates, pulls()), '---^').toBe('---A-(x|)', words);
    expectSubscriptions(feeds.subscriptions).toBe(['^-!', '---^-!']);
  }));

  it('leaves no timer behind after the last reader', () => {
    inVirtualTime(({ cold, timers, interrupt, flush }) => {
      const updates = updatesOf(cold('a', feedOf));
      const reading = readerEvents(updates, null, 3, of(null)).subscribe();
      interrupt(10, () => { reading.unsubscribe(); });
      interrupt(16, () => { expect(timers()).toBe(0); });
      flush();
    });
  });
});
