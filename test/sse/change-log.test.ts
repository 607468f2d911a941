import fc from 'fast-check';
import { lastValueFrom, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { constantDelay } from '../../src/poll/delay-policy.js';
import { type ChangeLog, createChangeLog, type Slice } from '../../src/sse/change-log.js';
import type { Incoming } from '../../src/sse/connection.js';
import { follow } from '../../src/sse/follow.js';
import { readerEvents, sharedUpdates } from '../../src/sse/reader.js';
import { decodeRows } from '../../src/sse/wire-form.js';
import type { Feed } from '../../src/feed/feed.js';
import { anyFeedEvent } from '../support/arbitraries.js';
import { brief, errored, feedAfter, feedsOf, removed, to } from './feeds.js';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const idsOf = (count: number, from = 0): readonly string[] => Array.from({ length: count }, (_, index) => `t${String(from + index)}`);

/** A log after each of some feeds. */
const logOf = (feeds: readonly Feed[]): ChangeLog => {
  const log = createChangeLog(() => 'epoch');
  for (const feed of feeds) log.take(feed);
  return log;
};

const allOf = (log: ChangeLog): readonly Slice[] => {
  const [slices, whole] = [[] as Slice[], log.whole()];
  for (let next = whole.next(); next.done !== true; next = whole.next()) slices.push(next.value);
  return slices;
};

/** Every slice of changes since an id. */
const changesSince = (log: ChangeLog, id: string): readonly Slice[] => {
  const slices: Slice[] = [];
  for (let next = log.since(id); next !== null && next !== 'all'; next = log.since(next.id)) slices.push(next);
  return slices;
};

const rowsOf = ({ data }: Slice): readonly string[] => decodeRows(textOf(data)).rows.map(brief);

describe('the whole feed', () => {
  it('comes in slices of at most 100 rows, and the last one has the id', () => {
    const slices = allOf(logOf([feedAfter(...idsOf(250).map((id) => to('queued', id)))]));
    expect(slices.map(({ name, id }) => [name, id])).toEqual([['first', null], ['part', null], ['last', 'epoch-250']]);
    expect(slices.map((slice) => rowsOf(slice).length)).toEqual([100, 100, 50]);
    expect(slices.flatMap(rowsOf)).toEqual(idsOf(250).map((id) => `${id}:queued`));
  });

  it('comes in slices of about 128 kB, and a longer row alone', () => {
    const long = (id: string, length: number) => errored(id, new Error('x'.repeat(length)));
    const slices = allOf(logOf([feedAfter(long('a', 60_000), long('b', 60_000), long('c', 60_000), long('d', 200_000), long('e', 1))]));
    expect(slices.map(rowsOf)).toEqual([['a:error', 'b:error'], ['c:error'], ['d:error'], ['e:error']]);
  });

  it('has one slice without rows when it is empty', () => {
    expect(allOf(logOf([feedAfter()])).map(({ name, data }) => [name, decodeRows(textOf(data))])).toEqual([['feed', { removed: [], rows: [] }]]);
  });

  it('is encoded once for all readers, and after a change only the slice of that task', () => {
    const feeds = feedsOf([...idsOf(250).map((id) => to('queued', id)), to('running', 't150')]);
    const log = logOf(feeds.slice(0, -1));
    const [first, again] = [allOf(log), allOf(log)];
    expect(again.map(({ data }, index) => data === first[index]?.data)).toEqual([true, true, true]);
    log.take(feeds.at(-1)!);
    expect(allOf(log).map(({ data }, index) => data === first[index]?.data)).toEqual([true, false, true]);
  });

  it('does not grow by tasks that come while it is read', () => {
    const feeds = feedsOf(idsOf(500).map((id) => to('queued', id)));
    const log = logOf([feeds[150]!]);
    const whole = log.whole();
    whole.next();
    for (const feed of feeds.slice(151)) log.take(feed);
    expect(whole.next().value).toMatchObject({ name: 'last', id: 'epoch-150' });
    expect(new Set(changesSince(log, 'epoch-150').flatMap(rowsOf)).size).toBe(350);
  });
});

describe('the changes since an id', () => {
  it('come in slices of at most 100 tasks, each with an id to resume from', () => {
    const log = logOf(feedsOf([...idsOf(250).map((id) => to('queued', id)), ...idsOf(250).map((id) => to('running', id)), removed('t0')]));
    const slices = changesSince(log, 'epoch-250');
    expect(slices.map(({ name, id }) => [name, id])).toEqual([['rows', 'epoch-350'], ['rows', 'epoch-450'], ['rows', 'epoch-501']]);
    expect(decodeRows(textOf(slices[0]!.data)).removed.map(({ id }) => id)).toEqual(['t0']);
    expect(slices.flatMap(rowsOf)).toEqual(idsOf(249, 1).map((id) => `${id}:running`));
  });

  it('are encoded once for all readers that have seen the same', () => {
    const log = logOf(feedsOf([to('queued', 'a'), to('running', 'a')]));
    expect(log.since('epoch-1')).toBe(log.since('epoch-1'));
  });

  it('are the whole feed for a reader that is more than 1,000 changes behind, and for an unknown id', () => {
    const log = logOf(feedsOf(Array.from({ length: 5_000 }, (_, index) => to(index % 2 === 0 ? 'queued' : 'running', `t${String(index % 7)}`))));
    expect([log.since('epoch-3999'), log.since('epoch-5001'), log.since('other-4999'), log.since('epoch-4999x'), log.since(null)]).toEqual(Array(5).fill('all'));
    expect(changesSince(log, 'epoch-4000').flatMap(rowsOf)).toHaveLength(7);
    expect(log.since('epoch-5000')).toBeNull();
  });
});

/** One event as a page gets it. */
const incoming = (event: Uint8Array): Incoming => {
  const field = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(textOf(event))?.[1] ?? null;
  const name = field('event');
  return name === null ? { kind: 'alive' } : { kind: 'event', name, id: field('id'), data: field('data') ?? '' };
};

it('whatever changes while a reader takes slice after slice, it ends up with the rows of the feed in their order', async () => {
  const anyStep = fc.oneof(fc.record({ event: anyFeedEvent, isShown: fc.boolean() }), fc.constantFrom('pull' as const, 'replace' as const));
  const anyLimits = fc.record({ mostRows: fc.integer({ min: 1, max: 3 }), mostCharacters: fc.constantFrom(1, 2_000), mostChanges: fc.integer({ min: 1, max: 8 }) });
  await fc.assert(fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), anyLimits, async (steps, limits) => {
    let epoch = 0;
    const source = new Subject<Feed>();
    const pulls = new Subject<void>();
    const updates = sharedUpdates(source, 0, () => createChangeLog(() => `e${String(epoch += 1)}`, limits));
    const received = new Subject<Incoming>();
    const page = lastValueFrom(follow({ connect: () => received, retry: constantDelay(0), idleTimeoutMs: 10_000, label: 'page' }));
    readerEvents(updates, null, 10_000, pulls).subscribe((event) => received.next(incoming(event)));

    let events = steps.flatMap((step) => (typeof step === 'object' ? [step.event] : []));
    let feeds = feedsOf(events);
    let at = 0;
    source.next(feeds[0]!);
    for (const step of steps) {
      if (step === 'pull') pulls.next();
      else if (step === 'replace') {
        events = events.slice(at);
        feeds = feedsOf(events);
        at = 0;
        source.next(feeds[0]!);
      } else {
        at += 1;
        if (step.isShown) source.next(feeds[at]!);
      }
    }
    const last = feeds.at(-1)!;
    source.next(last);
    source.complete();
    while (source.observed || received.observed) pulls.next();
    const shown = await page;
    expect([...shown.tasks].map(({ task, status, progress }) => [task, status, progress])).toEqual([...last.tasks].map(({ task, status, progress }) => [task, status, progress]));
    expect(shown.counts).toEqual(last.counts);
  }));
});
