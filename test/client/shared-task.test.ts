/**
 * Tests of one task and its watchers: what each of them gets from a poll, and how they affect each other.
 */
import { left } from 'fp-ts/Either';
import { asyncScheduler, concat, defer, EMPTY, ignoreElements, map, NEVER, Observable, of, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Poll, PollSettings } from '../../src/client/requests.js';
import { SharedTask } from '../../src/client/shared-task.js';
import type { WatchState } from '../../src/state/watch-state.js';
import { clockOf } from '../../src/transport/clock.js';
import { arkTask, at, record, every, inVirtualTime, played, running, seconds, succeeded, to, recordedClient } from '../support/client.js';
import { marbles } from '../support/marbles.js';
import { type PollEvent, type RememberedTask, requestsFrom, type SharedEvent, sharedPoll } from '../support/polls.js';
import { good, task } from '../support/snapshots.js';

const own: PollSettings = { dueAtMs: 0, minIntervalMs: 3, serviceTier: null };

const shared = (request: (poll: Poll) => Observable<PollEvent>, before?: RememberedTask): SharedTask => new SharedTask(task, requestsFrom(request), clockOf(asyncScheduler), before);

const done = (status: 'queued' | 'running'): PollEvent => ({ kind: 'done', result: good(status) });
const leaving: PollEvent = { kind: 'leaving', waitUntil: () => undefined };

/** A poll as letters: `l` is `leaving`, `q` and `r` are results. */
const events = { l: leaving, q: done('queued'), r: done('running') };

/** The signals of a task to watchers that wait for its next poll. */
const signalsOf = (one: SharedTask): Observable<null> => new Observable((subscriber) => one.subscribe(subscriber));

/** An event as one of these letters. */
const letter = (event: SharedEvent): string => {
  if (event.kind === 'leaving') return 'l';
  return event.arrival.result._tag === 'Right' ? event.arrival.result.right.snapshot.status.charAt(0) : 'x';
};

describe('a poll of a task', () => {
  it('is shared by all pollers: each is notified that it is sent, also a later one, and gets its result', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const poll = cold<PollEvent>('    --l--(q|)', events);
    const polls = ['            ^----!   '];
    const one = shared(() => poll);
    const next = defer(() => sharedPoll(one, 0, own)).pipe(map(letter));
    expectObservable(next, '          ^        ').toBe('--l--(q|)');
    expectObservable(next, '          -^       ').toBe('--l--(q|)');
    expectObservable(next, '          ----^    ').toBe('----l(q|)');
    expectObservable(next, '          -^--!    ').toBe('--l      ');
    expectSubscriptions(poll.subscriptions).toBe(polls);
  }));

  it('passes its result at once to a poller that has not seen it, and that of a new poll to one that has', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const poll = cold<PollEvent>('  --l--(q|)', events);
    const polls = ['          ^----!', '         ---------^----!'];
    const one = shared(() => poll);
    const next = (seen: number): Observable<string> => defer(() => sharedPoll(one, seen, own)).pipe(map(letter));
    expectObservable(next(0), '     ^         ').toBe('--l--(q|)');
    expectObservable(next(0), '     -------^  ').toBe('-------(q|)');
    expectObservable(next(1), '     ---------^').toBe('-----------l--(q|)');
    expectSubscriptions(poll.subscriptions).toBe(polls);
  }));

  it('has a number and an instant, and all listeners are notified', marbles(({ cold, expectObservable }) => {
    const poll = cold<PollEvent>('         --(q|)', events);
    const one = shared(() => poll);
    const at2 = { number: 1, atMs: 2, result: good('queued') };
    const at7 = { ...at2, number: 2, atMs: 7 };
    const next = (seen: number): Observable<SharedEvent> => defer(() => sharedPoll(one, seen, own));
    expectObservable(signalsOf(one), '  ^       ').toBe('--x----x', { x: null });
    expectObservable(signalsOf(one), '  ----^   ').toBe('-------x', { x: null });
    expectObservable(next(0), '      ^       ').toBe('--(d|)', { d: { kind: 'done', arrival: at2 } });
    expectObservable(next(1), '      -----^  ').toBe('-------(d|)', { d: { kind: 'done', arrival: at7 } });
  }));

  it('keeps its result without the body, once all pollers have it', marbles(({ cold, flush }) => {
    const one = shared(() => cold<PollEvent>('-(q|)', events));
    const shown: unknown[] = [];
    const note = ({ result }: NonNullable<SharedTask['latest']>): void => void shown.push('right' in result && result.right.raw);
    signalsOf(one).subscribe(() => { if (one.latest !== null) note(one.latest); });
    sharedPoll(one, 0, own).subscribe((event) => { if (event.kind === 'done') note(event.arrival); });
    flush();
    expect(shown).toEqual([{ status: 'queued' }, { status: 'queued' }]);
    sharedPoll(one, 0, own).subscribe((event) => { if (event.kind === 'done') note(event.arrival); });
    expect(shown.at(-1)).toBeNull();
    expect(one.latest).toMatchObject({ number: 1, atMs: 1, result: { right: { snapshot: { status: 'queued' }, raw: null } } });
  }));

  it('keeps one snapshot while responses say the same, and the new one once they do not', marbles(({ cold, flush }) => {
    const responses = ['queued', 'queued', 'running'] as const;
    let index = 0;
    const one = shared(() => cold<PollEvent>('-(q|)', { ...events, q: done(responses[index++] ?? 'running') }));
    const seen: unknown[] = [];
    const next = (after: number): void => {
      sharedPoll(one, after, own).subscribe((event) => {
        if (event.kind !== 'done' || !('right' in event.arrival.result)) return;
        seen.push(event.arrival.result.right.snapshot);
        if (event.arrival.number < responses.length) next(event.arrival.number);
      });
    };
    next(0);
    flush();
    expect(seen).toMatchObject(responses.map((status) => ({ status })));
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).not.toBe(seen[0]);
  }));

  it('an error of a poll is that of all who wait for it, and the next is a new one', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const poll = cold<PollEvent>('   --#');
    const polls = ['           ^-!', '          ----^-!'];
    const one = shared(() => poll);
    const next = defer(() => sharedPoll(one, 0, own));
    expectObservable(next, '         ^       ').toBe('--#');
    expectObservable(next, '         -^      ').toBe('--#');
    expectObservable(next, '         ----^   ').toBe('------#');
    expectObservable(signalsOf(one), '  ^------!').toBe('');
    expectSubscriptions(poll.subscriptions).toBe(polls);
  }));

  it('ends when the last poller unsubscribes', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const poll = cold<PollEvent>('   -l', events);
    const polls = ['           ^----!', '       -------^-!'];
    const one = shared(() => poll);
    const next = defer(() => sharedPoll(one, 0, own)).pipe(map(letter));
    expectObservable(next, '         ^--!      ').toBe('-l');
    expectObservable(next, '         --^--!    ').toBe('--l');
    expectObservable(next, '         -------^-!').toBe('--------l');
    expectSubscriptions(poll.subscriptions).toBe(polls);
  }));

  it('ends when all unsubscribe in the callback before it is sent, and the next poll is a new one', () => {
    inVirtualTime(() => {
      let subscribed = 0;
      let open = 0;
      const one = shared(() => new Observable((subscriber) => {
        subscribed += 1;
        open += 1;
        subscriber.add(() => { open -= 1; });
        subscriber.next(leaving);
      }));
      sharedPoll(one, 0, own).pipe(take(1)).subscribe();
      expect([subscribed, open]).toEqual([1, 0]);
      const again = sharedPoll(one, 0, own).subscribe();
      expect([subscribed, open]).toEqual([2, 1]);
      again.unsubscribe();
      expect(open).toBe(0);
    });
  });

  it('a poller that unsubscribes in the callback before it is sent gets nothing more, and the others do', () => {
    inVirtualTime(() => {
      const poll = new Subject<PollEvent>();
      const one = shared(() => poll);
      const quitting = record(sharedPoll(one, 0, own).pipe(take(1)), letter);
      const staying = record(sharedPoll(one, 0, own), letter);
      poll.next(leaving);
      poll.next(done('running'));
      expect(quitting.lines).toEqual(['0s l', '0s |']);
      expect(staying.lines).toEqual(['0s l', '0s r', '0s |']);
    });
  });

  it('a poller that polls again when it gets the result gets the next one, not the same', marbles(({ cold, expectObservable }) => {
    const one = shared(() => cold<PollEvent>('--l-(q|)', events));
    const twice = concat(defer(() => sharedPoll(one, 0, own)), defer(() => sharedPoll(one, 1, own)));
    expectObservable(twice.pipe(map(letter))).toBe('--l-q-l-(q|)');
    expectObservable(twice.pipe(map(letter))).toBe('--l-q-l-(q|)');
  }));

  it('an unreadable result is a result like any other', marbles(({ cold, expectObservable }) => {
    const failed: PollEvent = { kind: 'done', result: left({ kind: 'decode', issues: ['no task'] }) };
    const one = shared(() => cold<PollEvent>('--(x|)', { x: failed }));
    expectObservable(defer(() => sharedPoll(one, 0, own)).pipe(map(letter))).toBe('--(x|)');
  }));

  it('has the settings of its first poller, and keeps the earlier state of the task', () => {
    const before: RememberedTask = { task, lastRequest: { sentAtMs: 5, minIntervalMs: 3 }, unlistedTier: 'flex' };
    const sent: Poll[] = [];
    const one = shared((poll) => {
      sent.push(poll);
      return NEVER;
    }, before);
    sharedPoll(one, 0, { dueAtMs: 7, minIntervalMs: 4, serviceTier: 'flex' }).subscribe();
    sharedPoll(one, 0, { dueAtMs: 1, minIntervalMs: 5, serviceTier: null }).subscribe();
    expect(sent).toMatchObject([{ dueAtMs: 7, minIntervalMs: 4, serviceTier: 'flex' }]);
    expect(sent[0]?.polled).toBe(one);
    expect(one).toMatchObject(before);
  });
});

/** How a watcher saves the mark of a request. Its use of results does not matter here. */
const marking = (keep: (state: WatchState) => unknown) => (state: WatchState): unknown => (state.sentAtMs === null ? undefined : keep(state));

describe('watchers of one task that save', () => {
  const full = new Error('full');

  const two = (save: (state: WatchState) => unknown) =>
    inVirtualTime(({ flush, timers }) => {
      const { client, requests } = recordedClient((index) => played({ ...(index === 0 ? running : succeeded), afterMs: seconds(2) }), { policy: every(seconds(20)) });
      const saving = record(client.watch(arkTask, { save: marking(save) }), to);
      const other = record(client.watch(arkTask), to);
      flush();
      expect(timers()).toBe(0);
      return { saving, other, sentAt: requests.map(({ atMs }) => atMs / 1000), ends: requests.map(({ end }) => end) };
    });

  it.each<readonly [string, (state: WatchState) => unknown, number]>([
    ['throws', () => { throw full; }, 0],
    ['errs at once', () => throwError(() => full), 0],
    ['errs later', () => concat(timer(500).pipe(ignoreElements()), throwError(() => full)), 0.5],
  ])('one whose save %s drops out, the request is sent for the other, and both get its result', (_, save, atS) => {
    const { saving, other, sentAt, ends } = two(save);
    expect(saving.lines).toEqual(other.lines);
    expect(other.error).toBeNull();
    expect(other.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
    expect(sentAt).toEqual([atS, atS + 22]);
    expect(ends).toEqual(['responded', 'responded']);
  });

  it('one whose save never ends drops out after 10 s, and the request is sent for the other', () => {
    const { saving, other, sentAt } = two(() => NEVER);
    expect(saving.lines).toEqual(['12s running', '34s succeeded', '914s #']);
    expect(saving.error).toMatchObject({ kind: 'save', state: { ended: 'terminal' } });
    expect(other.lines).toEqual(['12s running', '34s succeeded', '34s |']);
    expect(sentAt).toEqual([10, 32]);
  });

  it('the request is sent once the slowest save has ended', () => {
    const { saving, other, sentAt } = two(() => timer(seconds(3)));
    expect(sentAt).toEqual([3, 28]);
    expect(saving.lines).toEqual(['5s running', '30s succeeded', '30s |']);
    expect(other.lines).toEqual(saving.lines);
  });

  it('one that unsubscribes during its save does not delay the other', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([succeeded]);
      record(client.watch(arkTask, { save: () => NEVER }), to, seconds(1));
      const other = record(client.watch(arkTask), to);
      flush();
      expect(other.lines).toEqual(['1s succeeded', '1s |']);
      expect(requests.map(({ atMs }) => atMs)).toEqual([seconds(1)]);
    });
  });

  it('one that joins during a save saves its own mark before the request is sent', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([succeeded]);
      record(client.watch(arkTask, { save: marking(() => timer(seconds(2))) }), to);
      const marks: (readonly [number | null, number])[] = [];
      at(seconds(1), () => {
        record(client.watch(arkTask, { save: marking(({ sentAtMs }) => {
          marks.push([sentAtMs, requests.length]);
          return timer(seconds(4));
        }) }), to);
      });
      flush();
      expect(marks).toEqual([[seconds(1), 0]]);
      expect(requests.map(({ atMs }) => atMs)).toEqual([seconds(5)]);
    });
  });

  it('no request is sent when no save succeeds, and the next watch sends one at once', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([succeeded], { concurrency: 1 });
      for (const ms of [300, 500]) record(client.watch(arkTask, { save: () => concat(timer(ms).pipe(ignoreElements()), throwError(() => full)) }), to);
      at(800, () => {
        expect(requests).toEqual([]);
        record(client.watch(arkTask, { save: () => EMPTY }), to);
        expect(requests).toHaveLength(0);
      });
      flush();
      expect(requests.map(({ atMs }) => atMs)).toEqual([800]);
    });
  });

  it('one that joined a request and unsubscribes does not abort it for the other, also if it started it', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([running, succeeded], { policy: every(seconds(10)) });
      record(client.watch(arkTask, { save: () => timer(seconds(4)) }), to, seconds(3));
      const other: { record?: ReturnType<typeof record> } = {};
      at(seconds(1), () => { other.record = record(client.watch(arkTask, { save: () => of(0) }), to); });
      flush();
      expect(other.record?.lines).toEqual(['3s running', '13s succeeded', '13s |']);
      expect(requests).toHaveLength(2);
    });
  });
});
