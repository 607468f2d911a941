/**
 * Events as JSON, one a line, for other programs. Never a provider's whole body, never a key, never a stack.
 */
import { asyncScheduler, defer, map, mergeMap, type OperatorFunction } from 'rxjs';
import { taskKey } from '../task/snapshot.js';
import type { FeedEvent } from '../feed/feed.js';
import type { SaveEvent } from '../node/index.js';
import { type News, publicEvents } from './news.js';
import { plainJson } from './terminal-text.js';

type PublicEvent = FeedEvent | SaveEvent;

/** At most about four a second for each file. */
const downloadMs = 250;

/** Each event of the feed and of the files as one line of JSON. */
export const jsonLines = (): OperatorFunction<News, string> => (news) => news.pipe(publicEvents(), calmDownloads(downloadMs), map(jsonOf));

/** An event as JSON: transitions without the provider's body, errors as what can be told of them. */
const jsonOf = (event: PublicEvent): string => {
  switch (event.kind) {
    case 'transition': {
      const { task: _, raw: __, ...transition } = event.transition;
      return plainJson({ ...event, transition });
    }
    case 'error':
    case 'not-saved':
      return plainJson({ ...event, error: event.error && toldOf(event.error) });
    case 'added':
      return plainJson({ kind: event.kind, task: event.task });
    case 'progress':
    case 'retry':
    case 'download':
    case 'saved':
      return plainJson(event);
  }
};

/** What can be told of an error: the state and the snapshot that it may carry are left out. */
const toldOf = (error: Error): Readonly<Record<string, unknown>> => {
  const fields = new Map<string, unknown>(Object.entries(error));
  const details = ['kind', 'reason', 'status'].filter((field) => ['string', 'number'].includes(typeof fields.get(field)));
  return { name: error.name, ...Object.fromEntries(details.map((field) => [field, fields.get(field)])), message: error.message };
};

/**
 * Fewer `download` events: one in `everyMs` for each task, and always the last of them, before anything else is said of the task.
 *
 *     every 3    d1-d2-d3-d4-done-saved
 *                d1----d3----done-saved
 */
export const calmDownloads = (everyMs: number): OperatorFunction<PublicEvent, PublicEvent> => (events) =>
  defer(() => {
    const toldAtMs = new Map<string, number>();
    const held = new Map<string, PublicEvent>();
    return events.pipe(
      mergeMap((event) => {
        const key = taskKey(event.task);
        if (event.kind !== 'download') {
          const last = held.get(key);
          held.delete(key);
          return last === undefined ? [event] : [last, event];
        }
        const nowMs = asyncScheduler.now();
        if (!event.progress.done && nowMs - (toldAtMs.get(key) ?? -Infinity) < everyMs) {
          held.set(key, event);
          return [];
        }
        held.delete(key);
        toldAtMs.set(key, nowMs);
        return [event];
      }),
    );
  });
