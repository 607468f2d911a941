/**
 * Formats events as JSON lines for other programs, without response bodies, keys and stacks.
 */
import { asyncScheduler, defer, map, mergeMap, type OperatorFunction } from 'rxjs';
import { taskKey } from '../task/snapshot.js';
import type { FeedEvent } from '../feed/watch-tasks.js';
import type { SaveEvent } from '../node/index.js';
import { publicEvents, type RunEvent } from './run-events.js';
import { plainJson } from './terminal-text.js';

type PublicEvent = FeedEvent | SaveEvent;

/** The minimum interval between two `download` events of a file. */
const downloadMs = 250;

/** Formats each event of the feed and of the files as one line of JSON. */
export const jsonLines = (): OperatorFunction<RunEvent, string> => (events) => events.pipe(publicEvents(), throttleDownloads(downloadMs), map(jsonOf));

/** Formats an event: a transition without the response body, an error as its public fields. */
const jsonOf = (event: PublicEvent): string => {
  switch (event.kind) {
    case 'transition': {
      const { task: _, raw: __, ...transition } = event.transition;
      return plainJson({ ...event, transition });
    }
    case 'error':
    case 'saved':
    case 'not-saved':
      return plainJson({ ...event, error: event.error && publicFieldsOf(event.error) });
    case 'added':
      return plainJson({ kind: event.kind, task: event.task, atMs: event.atMs });
    case 'progress':
    case 'removed':
    case 'retry':
    case 'download':
      return plainJson(event);
  }
};

/** The public fields of an error, without the state and the snapshot that it may hold. */
export const publicFieldsOf = (error: Error): Readonly<Record<string, unknown>> => {
  const fields = new Map<string, unknown>(Object.entries(error));
  const details = ['kind', 'reason', 'status'].filter((field) => ['string', 'number'].includes(typeof fields.get(field)));
  return { name: error.name, ...Object.fromEntries(details.map((field) => [field, fields.get(field)])), message: error.message };
};

/**
 * Throttles `download` events to one in `everyMs` for each task. The last one is always emitted, before the next other event of the task.
 *
 *     every 3    d1-d2-d3-d4-done-saved
 *                d1----d3----done-saved
 */
export const throttleDownloads = (everyMs: number): OperatorFunction<PublicEvent, PublicEvent> => (events) =>
  defer(() => {
    const emittedAtMs = new Map<string, number>();
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
        if (!event.progress.done && nowMs - (emittedAtMs.get(key) ?? -Infinity) < everyMs) {
          held.set(key, event);
          return [];
        }
        held.delete(key);
        emittedAtMs.set(key, nowMs);
        return [event];
      }),
    );
  });
