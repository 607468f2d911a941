/**
 * `rx-seedance list`: prints the tasks that a provider still lists.
 */
import { endWith, from, ignoreElements, map, mergeMap, type OperatorFunction, tap, toArray } from 'rxjs';
import { listTasks } from '../client/list-tasks.js';
import type { TaskSnapshot } from '../task/snapshot.js';
import { openAccess } from './access.js';
import type { ListArguments } from './arguments.js';
import { type Console, untilStopped } from './console.js';
import { readVariables } from './environment.js';
import { type Column, table } from './table.js';
import { refText } from './task-refs.js';
import { plain, plainJson } from './terminal-text.js';

/** Prints one line for each task. Gives the exit code. */
export const runList = ({ provider, statuses, json, ...access }: ListArguments, console: Console): Promise<number> => {
  const { env, stdout, redactor } = console;
  const { client, accounts } = openAccess({ ids: [provider.id], allKeyed: false }, access, readVariables(env, access.envFile, redactor));
  const lines = json ? map((snapshot: TaskSnapshot) => plainJson(snapshot)) : stdout.isTerminal ? tableLines(stdout.size().columns) : tabLines;
  const listed = from(accounts).pipe(
    mergeMap((account) => listTasks(client, account, statuses === null ? {} : { status: statuses })),
    lines,
    tap(stdout.line),
    ignoreElements(),
    endWith(0),
  );
  return untilStopped(listed, console);
};

const columns: readonly Column<TaskSnapshot>[] = [
  { title: 'task', of: ({ task }) => refText(task), keep: 4 },
  { title: 'status', of: ({ status }) => status, keep: 3 },
  { title: 'model', of: ({ model }) => model ?? '', keep: 1 },
  { title: 'created', of: ({ createdAtMs }) => (createdAtMs === null ? '' : new Date(createdAtMs).toISOString()), keep: 2 },
];

/** For other programs: without titles, as soon as the tasks arrive. */
const tabLines: OperatorFunction<TaskSnapshot, string> = map((snapshot) => columns.map(({ of }) => plain(of(snapshot))).join('\t'));

const tableLines = (width: number): OperatorFunction<TaskSnapshot, string> => (snapshots) =>
  snapshots.pipe(toArray(), mergeMap((rows) => table(columns, rows, width)));
