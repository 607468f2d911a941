/**
 * `rx-seedance watch`: follows tasks to their ends, saves their videos, and shows their progress.
 */
import { concat, connect, EMPTY, filter, from, last, lastValueFrom, map, merge, mergeMap, type Observable, type SchedulerLike, takeUntil, tap } from 'rxjs';
import type { TaskRef } from '../task/snapshot.js';
import type { TaskHints } from '../wire/facts.js';
import { listTasks } from '../client/list-tasks.js';
import type { WatchOptions } from '../client/task-client.js';
import { type Journal, openJournal } from '../node/index.js';
import { type Access, keyMissing, openAccess } from './access.js';
import type { RunArguments, WatchArguments } from './arguments.js';
import { type Console, type Stop, stopCode } from './console.js';
import { readText, readVariables } from './environment.js';
import { journalError } from './journal-error.js';
import { jsonLines } from './json-events.js';
import { linesOf } from './lines.js';
import { liveBoard } from './live-board.js';
import { lookOf } from './look.js';
import { changeLines, endLines, toLines } from './plain-lines.js';
import { ProxyAgent } from './proxy-agent.js';
import { problemSummary, recapLines, summaryLines } from './recap.js';
import { type RunEvent, toRunEvents } from './run-events.js';
import { type Run, tallyOf, toRun } from './run.js';
import { schedulerFor } from './simulator-clock.js';
import { type ListLine, parseListLine, parseTaskList } from './task-refs.js';
import { UsageError } from './usage-error.js';

/** Watches the tasks that the arguments name. Gives the exit code. */
export const runWatch = async (command: WatchArguments, console: Console): Promise<number> => {
  const { env, redactor } = console;
  const variables = readVariables(env, command.envFile, redactor);
  const named = namedTasks(command);
  const journal = command.journal === null ? null : openedJournal(command.journal, schedulerFor(variables));
  try {
    const tasks = named ?? (journal?.states() ?? []).map(({ task }) => task);
    if (tasks.length + command.all.length === 0 && !command.fromStdin) throw new UsageError(`no task to watch: ${command.file ?? `the journal in ${command.journal ?? ''}`} has no tasks`);
    const used = { ids: [...tasks.map(({ provider }) => provider), ...command.all.map(({ id }) => id)], allKeyed: command.fromStdin };
    const access = openAccess(used, command, variables);
    const listed = from(access.accounts).pipe(
      filter(({ provider }) => command.all.includes(provider)),
      mergeMap((account) => listTasks(access.client, account, { status: ['queued', 'running'] })),
      map(({ task }) => task),
    );
    const lines = concat(concat(from(tasks), listed).pipe(map(lineOf)), command.fromStdin ? linesOf(console.stdin).pipe(asList(access)) : EMPTY);
    const resume = journal === null ? 'To make a run resumable, add --journal DIR.' : 'Run the same command again to resume.';
    return await watch(command, { lines, access, journal, resume }, console);
  } finally {
    journal?.close();
  }
};

/** The tasks of the arguments and of the file; null if the arguments name no task and no list. */
const namedTasks = ({ tasks, all, file, fromStdin }: WatchArguments): readonly TaskRef[] | null => {
  if (tasks.length + all.length === 0 && file === null && !fromStdin) return null;
  return file === null ? tasks : [...tasks, ...parseTaskList(file, readText('--file', file))];
};

/** Opens the journal. Its errors are one sentence each, such as that another process uses the directory. */
export const openedJournal = (directory: string, scheduler: SchedulerLike): Journal => {
  try {
    return openJournal(directory, { scheduler });
  } catch (error) {
    throw journalError(directory, error);
  }
};

/** A task as the line of a list. */
export const lineOf = (task: TaskRef): ListLine => ({ kind: 'task', task });

/** What is watched, and how. */
export interface Watched {
  readonly lines: Observable<ListLine>;
  /** What is known about every task before its first poll. */
  readonly expected?: TaskHints;
  readonly access: Access;
  readonly journal: Journal | null;
  /** What a person does after an interruption. */
  readonly resume: string;
}

/** Watches tasks to their ends. Gives the exit code. */
export const watch = async (command: RunArguments, { lines, expected, access, journal, resume }: Watched, console: Console): Promise<number> => {
  const { stdout, stderr, stopped } = console;
  const { download, lastFrame, deadlineMs } = command;
  // An option of each watch, not of the client, so that --deadline in a later run moves a deadline that the journal has stored.
  const watchOptions = (task: TaskRef): WatchOptions => ({ ...journal?.watch(task), expected, deadlineMs: deadlineMs ?? undefined });
  const end: { stop: Stop | null } = { stop: null };
  const events = lines.pipe(
    toRunEvents(access.client, { download, lastFrame, agent: new ProxyAgent(), watch: watchOptions }),
    takeUntil(stopped.pipe(tap((stop) => (end.stop = stop)))),
  );
  const run = await lastValueFrom(events.pipe(shownOn(console, command, access)));

  if (end.stop !== null) {
    if (end.stop.kind === 'signal' && !command.quiet) stderr.line(`${progressOf(run)}. ${resume}`);
    return stopCode(end.stop);
  }
  const tally = tallyOf(run);
  const options = { directory: download, hasLinks: stdout.isTerminal && !command.json };
  const summary = summaryLines(tally, options);
  (command.quiet ? problemSummary(tally) : hasBoard(console, command) ? recapLines(tally, options, stderr.size().columns, lookOf(stderr)) : summary).forEach(stderr.line);
  if (stdout.isTerminal && !stderr.isTerminal && !command.json) summary.forEach(stdout.line);
  return run.refused > 0 ? 2 : tally.problems.length > 0 ? 1 : 0;
};

/** Parses lines as they arrive. An invalid line becomes an error message and does not stop the others. */
const asList =
  ({ accounts }: Access) =>
    (lines: Observable<string>): Observable<ListLine> =>
      lines.pipe(
        map((text, index) => {
          const line = parseListLine('stdin', text, index + 1);
          if (line.kind !== 'task' || accounts.some(({ provider }) => provider.id === line.task.provider)) return line;
          return { kind: 'refused', message: `stdin, line ${index + 1}: ${keyMissing(line.task.provider)}` };
        }),
      );

/** A board and JSON lines on one terminal would overwrite each other. */
const hasBoard = ({ stdout, stderr }: Console, { json, quiet }: RunArguments): boolean => stderr.canRedraw && !(json && stdout.isTerminal) && !quiet;

/** Prints events as they come: for programs on stdout, for people on stderr. Emits the final state of the run. */
const shownOn = (console: Console, command: RunArguments, { scheduler: clock }: Access): ((events: Observable<RunEvent>) => Observable<Run>) => {
  const { stdout, stderr } = console;
  const { json, quiet } = command;
  return connect((events) =>
    merge(
      json ? events.pipe(jsonLines(), toLines(stdout)) : stdout.isTerminal ? EMPTY : events.pipe(endLines(), toLines(stdout)),
      hasBoard(console, command) ? events.pipe(liveBoard(stderr, clock)) : events.pipe(filter(({ kind }) => !quiet || kind === 'refused'), changeLines(clock), toLines(stderr)),
      events.pipe(toRun(), last()),
    ),
  );
};

const progressOf = (run: Run): string => {
  const { finished, tasks } = tallyOf(run);
  return `interrupted: ${finished} of ${tasks} tasks finished`;
};
