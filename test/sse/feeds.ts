/** Helpers of these tests: feeds, events as short strings, and `until`. */
import { setImmediate as turn } from 'node:timers/promises';
import { from } from 'rxjs';
import type { TaskRef } from '../../src/task/snapshot.js';
import { taskStatuses, type TaskStatus } from '../../src/task/status.js';
import { type Feed, type TaskRow, toFeed } from '../../src/feed/feed.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import { encodeRef, encodeRow, encodeRows } from '../../src/sse/wire-form.js';
import { transition } from '../support/snapshots.js';

export const refOf = (id: string): TaskRef<'ark'> => ({ provider: 'ark', id });

export const to = (status: TaskStatus, id: string): FeedEvent => ({
  kind: 'transition',
  atMs: 0,
  task: refOf(id),
  transition: transition(status, null, { task: refOf(id) }),
});

export const removed = (id: string): FeedEvent => ({ kind: 'removed', atMs: 0, task: refOf(id) });

export const errored = (id: string, error: Error): FeedEvent => ({ kind: 'error', atMs: 0, task: refOf(id), error });

/** The empty feed, and the one after each event. */
export const feedsOf = (events: readonly FeedEvent[]): readonly Feed[] => {
  const feeds: Feed[] = [];
  from(events).pipe(toFeed()).subscribe((feed) => feeds.push(feed));
  return feeds;
};

export const feedAfter = (...events: readonly FeedEvent[]): Feed => {
  const feed = feedsOf(events).at(-1);
  if (feed === undefined) throw new Error('no feed');
  return feed;
};

/** The data of an event. */
export const dataOf = (rows: readonly TaskRow[], removedTasks: readonly TaskRef[] = []): string => encodeRows(removedTasks.map(encodeRef), rows.map(encodeRow));

/** A row by its task and status. */
export const brief = ({ task, status, error }: TaskRow): string => `${task.id}:${error === null ? String(status) : 'error'}`;

/** One event in words: `feed a:queued b:running`, `rows -b a:running`, `:`, `end`, `fail it broke`. */
export const inWords = (event: Uint8Array): string => {
  const text = new TextDecoder().decode(event);
  if (text === ':\n\n') return ':';
  const fields = new Map(text.trimEnd().split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
  const { removed = [], rows = [], message } = JSON.parse(fields.get('data') ?? '{}') as { removed?: readonly TaskRef[]; rows?: readonly TaskRow[]; message?: string };
  return [fields.get('event'), ...(message === undefined ? [] : [message]), ...removed.map(({ id }) => `-${id}`), ...rows.map(brief)].join(' ');
};

/** The rows of a feed, and its totals counted from scratch. */
export const recounted = (rows: readonly TaskRow[]): Pick<Feed, 'counts' | 'progress' | 'estimated'> => {
  const count = (is: (row: TaskRow) => boolean): number => rows.filter(is).length;
  const counts = taskStatuses.map((status) => [status, count(({ error, status: own }) => error === null && own === status)]);
  return {
    // the entries are all statuses, tasks that were not polled, and errors
    counts: Object.fromEntries([...counts, ['notPolled', count(({ error, status }) => error === null && status === null)], ['errored', count(({ error }) => error !== null)]]) as Feed['counts'],
    progress: rows.length === 0 ? 0 : rows.reduce((sum, { progress }) => sum + progress, 0) / rows.length,
    estimated: rows.some(({ estimated }) => estimated),
  };
};

/** Waits, turn by turn of the event loop, until a condition is true. */
export const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await turn();
};
