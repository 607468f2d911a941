// @ts-check
/** Watches, creates, cancels and removes tasks, and saves their videos. All of it survives a restart. */
import { join } from 'node:path';
import { concat, connectable, firstValueFrom, from, merge, ReplaySubject, share, Subject } from 'rxjs';
import { cancelTask, createTask, createTaskClient, taskKey, toFeed, watchTasks } from 'rx-seedance';
import { openJournal, saveVideos } from 'rx-seedance/node';
import { createHistory } from './history.mjs';
import { openNotes } from './notes.mjs';

/** @typedef {import('rx-seedance').TaskRef} TaskRef */

/**
 * @param {object} options
 * @param {readonly import('rx-seedance').Account[]} options.accounts
 * @param {import('rx-seedance').Transport} options.transport
 * @param {import('rxjs').SchedulerLike} options.scheduler
 * @param {string} options.directory
 */
export const followTasks = ({ accounts, transport, scheduler, directory }) => {
  const client = createTaskClient({ transport, accounts, scheduler });
  const journal = openJournal(directory, { scheduler });
  const notes = openNotes(join(directory, 'notes.jsonl'));
  const history = createHistory();
  /** @type {Map<string, import('rx-seedance/node').SavedVideo>} */
  const saved = new Map();
  /** @type {Subject<TaskRef>} */
  const added = new Subject();
  /** @type {Subject<TaskRef>} */
  const removed = new Subject();

  const events = concat(from(notes.tasks()), added).pipe(watchTasks(client, { watch: journal.watch, remove: removed }), share());
  const saves = events.pipe(saveVideos({ directory: join(directory, 'videos'), client, lastFrame: true }));
  const feed$ = connectable(events.pipe(toFeed()), { connector: () => new ReplaySubject(1) });
  let feed = /** @type {import('rx-seedance').Feed | null} */ (null);

  const running = feed$.subscribe((latest) => { feed = latest; });
  running.add(merge(saves, events).subscribe((event) => {
    history.add(event, scheduler.now());
    if (event.kind === 'saved') saved.set(taskKey(event.task), event);
    if (event.kind === 'removed') saved.delete(taskKey(event.task));
  }));
  running.add(feed$.connect());

  /** @param {TaskRef} task @param {string} [prompt] */
  const add = (task, prompt) => {
    notes.add({ task, prompt });
    added.next(task);
  };

  /** @param {TaskRef} task */
  const remove = (task) => {
    notes.add({ task, isRemoved: true });
    removed.next(task);
  };

  return {
    feed$,
    add,
    remove,
    removeAll: () => { [...(feed?.tasks ?? [])].forEach(({ task }) => { remove(task); }); },
    /** The row of a task; undefined if it is not in the feed. @param {TaskRef} task */
    row: (task) => feed?.tasks.get(task),
    /** The files of a task's saved video. @param {TaskRef} task */
    saved: (task) => saved.get(taskKey(task)),
    history: history.of,
    promptsAfter: notes.promptsAfter,
    /**
     * Creates a task, once for each key, and watches it.
     *
     * @param {import('rx-seedance').Account} account
     * @param {{ readonly key: string, readonly body: string, readonly prompt: string }} creation
     */
    create: async (account, { key, body, prompt }) => {
      const outcome = await firstValueFrom(createTask(client, account, body, { key, store: journal.creations }));
      if (outcome.outcome === 'created') add(outcome.task, prompt);
      return outcome;
    },
    /** @param {TaskRef} task */
    cancel: (task) => firstValueFrom(cancelTask(client, task)),
    /** Ends every watch. The tasks continue at their providers; the next start resumes the watches. */
    stop: () => {
      running.unsubscribe();
      journal.close();
    },
  };
};
