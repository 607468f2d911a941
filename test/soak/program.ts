/**
 * A program as the recipes build it: a journal, a feed of watched tasks, their videos as files, and a page that reads the feed over
 * server-sent events. It can restart: then the journal, the directory and the page stay, and everything else is new.
 */
import { once } from 'node:events';
import { type Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { connect, merge, ReplaySubject, type SchedulerLike, Subject, tap, timer } from 'rxjs';
import { constantDelay, type Feed, type FeedEvent, isSeedanceError, isTerminal, type TaskClient, taskKey, type TaskRef, toFeed, watchTasks, type WatchState } from '../../src/index.js';
import { openJournal, type SaveEvent, saveVideos } from '../../src/node/index.js';
import { fromServerSentEvents, toServerSentEvents } from '../../src/sse/index.js';
import { endOf, isNeverKnown } from './follower.js';
import { newWatch, type WatchRecord } from './records.js';
import { leakIn } from './secrets.js';

export interface ProgramOptions {
  /** Of the journal and the videos. */
  readonly directory: string;
  readonly newClient: () => TaskClient;
  readonly scheduler: SchedulerLike;
  readonly deadlineMs: number;
  /** The pause after a watch gives up. */
  readonly restMs: number;
  readonly agent: Agent;
  /** The number of exchanges about a task so far. */
  readonly exchanges: (task: TaskRef) => number;
}

export interface Program {
  /** Follows a task. `ended` is called after its end. */
  readonly add: (task: TaskRef, ended: () => void) => WatchRecord;
  readonly restart: () => void;
  /** The last event about the video of a task. */
  readonly videoOf: (task: TaskRef) => SaveEvent | undefined;
  /** The tasks whose row on the page differs from the row of the program. */
  readonly pageDifferences: () => readonly string[];
  /** The places in which a key was found: events of the feed, and the bytes for the page. */
  readonly leaks: readonly string[];
  readonly stop: () => void;
}

interface Followed {
  readonly record: WatchRecord;
  readonly ended: () => void;
  exchangesAtEnd: number;
}

export const startProgram = async ({ directory, newClient, scheduler, deadlineMs, restMs, agent, exchanges }: ProgramOptions): Promise<Program> => {
  const now = (): number => scheduler.now();
  const followed = new Map<string, Followed>();
  const videos = new Map<string, SaveEvent>();
  const leaks: string[] = [];
  const search = (what: string, value: unknown): void => {
    const leak = leakIn(value);
    if (leak !== null) leaks.push(`${what}: ${leak}`);
  };
  const refs = new ReplaySubject<TaskRef>();
  const given = new Subject<TaskRef>();
  let feed: Feed | null = null;
  let page: Feed | null = null;

  const end = (one: Followed, task: TaskRef, how: string): void => {
    one.record.end = how;
    one.record.endedAtMs = now();
    one.exchangesAtEnd = exchanges(task);
    one.ended();
  };

  const onEvent = (event: FeedEvent): void => {
    const one = followed.get(taskKey(event.task));
    if (one === undefined) throw new Error(`an event of another task: ${JSON.stringify(event)}`);
    search(event.kind, event);
    const { record } = one;
    switch (event.kind) {
      case 'added': {
        const away = record.away.at(-1);
        if (away !== undefined) away.toMs = now();
        if (record.end === null) record.resumedAtMs = now();
        break;
      }
      case 'transition': {
        const { from, to, snapshot } = event.transition;
        const last = record.seen.at(-1);
        // After a restart, each watch tells its last status once more.
        if (record.end !== null) {
          if (last?.isTerminal === true) record.again = { seen: [{ from, to }], requests: exchanges(event.task) - one.exchangesAtEnd };
        } else if (last?.from !== from || last.to !== to) record.seen.push({ from, to, isTerminal: isTerminal(to), atMs: now(), snapshot });
        if (isTerminal(to) && record.end === null) end(one, event.task, endOf(event.task, event.transition));
        break;
      }
      case 'error': {
        const { error, task } = event;
        search('error', error.stack);
        if (record.end !== null) break;
        if (!isSeedanceError(error)) return end(one, task, `the error ${String(error)}`);
        record.errors.push({ kind: error.kind, reason: error.reason, atMs: now(), exchanges: exchanges(task) });
        if (error.kind === 'gone') return end(one, task, 'gone');
        if (isNeverKnown(error)) return end(one, task, 'never known');
        record.away.push({ fromMs: now(), toMs: Infinity });
        timer(restMs, scheduler).subscribe(() => {
          given.next(task);
          refs.next(task);
        });
        break;
      }
      case 'progress':
      case 'retry':
      case 'removed':
    }
  };

  /** One life of the program. */
  const run = () => {
    const client = newClient();
    const journal = openJournal(directory);
    const feeds = new ReplaySubject<Feed>(1);
    const watch = (task: TaskRef) => {
      const { resumeFrom, save } = journal.watch(task);
      const saveAndRecord = (state: WatchState): unknown => {
        const record = followed.get(taskKey(task))?.record;
        if (record?.end === null) record.states.push({ atMs: now(), state });
        return save?.(state);
      };
      return { resumeFrom, deadlineMs, save: saveAndRecord };
    };
    const running = refs.pipe(
      watchTasks(client, { watch, remove: given }),
      tap(onEvent),
      connect((events) => merge(
        events.pipe(saveVideos({ directory, client, agent, retry: constantDelay(200) }), tap((event) => void videos.set(taskKey(event.task), event))),
        events.pipe(toFeed(), tap((next) => {
          feed = next;
          feeds.next(next);
        })),
      )),
    ).subscribe();
    const stop = (): void => {
      running.unsubscribe();
      journal.close();
    };
    return { stop, events: toServerSentEvents(feeds, { idleGraceMs: 0 }) };
  };

  let life = run();
  const server = createServer((request, response) => {
    const lastEventId = request.headers['last-event-id'];
    response.writeHead(200, life.events.headers);
    const bytes = Readable.fromWeb(life.events.stream(lastEventId ?? null));
    response.once('close', () => bytes.destroy());
    bytes.on('data', (data: Uint8Array) => search('bytes for the page', Buffer.from(data).toString()));
    bytes.pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reading = fromServerSentEvents(`http://127.0.0.1:${port}`, { retry: constantDelay(50) }).subscribe((next) => { page = next; });

  return {
    add: (task, ended) => {
      const record = newWatch(now(), deadlineMs);
      followed.set(taskKey(task), { record, ended, exchangesAtEnd: 0 });
      refs.next(task);
      return record;
    },
    restart: () => {
      life.stop();
      for (const { record } of followed.values()) {
        if (record.end !== null || record.away.at(-1)?.toMs === Infinity) continue;
        record.away.push({ fromMs: now(), toMs: Infinity });
        record.resumeCount += 1;
      }
      life = run();
      server.closeAllConnections();
    },
    videoOf: (task) => videos.get(taskKey(task)),
    pageDifferences: () => {
      const rows = [...feed?.tasks ?? []];
      const differences = rows.filter((row) => !isDeepStrictEqual(shown(page?.tasks.get(row.task)), shown(row))).map(({ task }) => taskKey(task));
      return page?.tasks.size === rows.length ? differences : [`${page?.tasks.size} rows instead of ${rows.length}`, ...differences];
    },
    leaks,
    stop: () => {
      reading.unsubscribe();
      life.stop();
      server.close();
      server.closeAllConnections();
    },
  };
};

/** A row as JSON. A page gets no saved states and no requests. */
const shown = (row: unknown): unknown => JSON.parse(JSON.stringify(row ?? null, (name, value: unknown) => (name === 'state' || name === 'request' ? null : value)));
