/**
 * `rx-seedance create`: creates a task, once, and can go on to watch it.
 */
import { randomUUID } from 'node:crypto';
import { catchError, ignoreElements, lastValueFrom, map, type Observable, of, takeUntil, tap, toArray } from 'rxjs';
import type { Account } from '../client/account.js';
import { createTask } from '../client/create-task.js';
import type { CreateOutcome } from '../client/creation-record.js';
import { messageOf } from '../state/errors.js';
import { noHints } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import { openAccess } from './access.js';
import type { CreateArguments } from './arguments.js';
import { type Console, type Stop, stopCode, untilStopped } from './console.js';
import { forPeople } from './duration.js';
import { readText, readVariables } from './environment.js';
import { linesOf } from './lines.js';
import { asksFor, canAsk } from './question.js';
import { refText } from './task-refs.js';
import { plain, plainJson } from './terminal-text.js';
import { UsageError } from './usage-error.js';
import { lineOf, openedJournal, watch } from './watch-command.js';

/** The exit codes of a creation without a task, and of one that may have created a task. */
const [notCreated, unknown] = [3, 4] as const;

/** Creates a task, and watches it if the arguments say so. Gives the exit code. */
export const runCreate = async (command: CreateArguments, console: Console): Promise<number> => {
  const { env, redactor, stderr } = console;
  const { provider } = command;
  const access = openAccess({ ids: [provider.id], allKeyed: false }, command, readVariables(env, command.envFile, redactor));
  const account = access.client.accountOf(provider.task(''));
  const mustAsk = !command.yes && canAsk(console);
  if (mustAsk && command.body === null && command.file === '-') throw new UsageError('--body - reads stdin to its end, so nobody can be asked: add --yes');
  const text = await textOf(command, console);
  const journal = command.journal === null ? null : openedJournal(command.journal, access.scheduler);
  try {
    const key = command.purchase ?? randomUUID();
    const creation = withUsageErrors(where(command), () => createTask(access.client, account, text, { key, ...(journal && { store: journal.creations }) }));
    if (mustAsk && !(await untilStopped(asksFor(questionFor(account, text), console), console))) {
      stderr.line('no task was created');
      return notCreated;
    }
    if (journal !== null && command.purchase === null && !command.quiet) stderr.line(`purchase ${key}`);
    const { outcome, stop } = await uninterrupted(creation.pipe(tap((each) => { report(each, command, console); })), account, console);
    if (outcome.outcome === 'created' && (await console.stdout.settled()) !== null) stderr.line(plain(`created ${refText(outcome.task)}`));
    if (stop !== null) return stopCode(stop);
    if (outcome.outcome !== 'created') return outcome.outcome === 'rejected' ? notCreated : unknown;
    if (!command.watch) return 0;
    const { task, expected } = outcome;
    const resume = `The task goes on: rx-seedance watch ${refText(task)}${command.download === null ? '' : ` --download ${command.download}`}`;
    return await watch(command, { lines: of(lineOf(task)), expected, access, journal, resume }, console);
  } finally {
    journal?.close();
  }
};

/** The text of the body. */
const textOf = async ({ body, file }: CreateArguments, console: Console): Promise<string> => {
  if (body !== null) return body;
  if (file !== '-') return readText('--body', file);
  return untilStopped(linesOf(console.stdin).pipe(toArray(), map((lines) => lines.join('\n'))), console);
};

const where = ({ body, file }: CreateArguments): string => (body === null ? `--body ${file}` : '--prompt');

/** Makes a `TypeError` a usage error: the body is invalid, or the purchase is another one. */
const withUsageErrors = (place: string, create: () => Observable<CreateOutcome>): Observable<CreateOutcome> => {
  const rethrow = (what: string) => (error: unknown): never => {
    throw error instanceof TypeError ? new UsageError(`${what}: ${messageOf(error).replace(/^createTask: /, '')}`) : error;
  };
  try {
    return create().pipe(catchError(rethrow('--purchase')));
  } catch (error) {
    return rethrow(place)(error);
  }
};

const questionFor = ({ provider, baseUrl }: Account, text: string): string => {
  const creation = provider.create?.read(JSON.parse(text));
  const { model, resolution, durationMs } = creation !== undefined && 'right' in creation ? creation.right.expected : noHints;
  const settings = [model, resolution, durationMs === null ? null : forPeople(durationMs)].filter((setting) => setting !== null);
  return plain(`This costs money: create a task (${settings.join(', ')}) at ${provider.id}, ${baseUrl}?`);
};

/** The outcome of a creation. A command that must stop waits for it, because the task may be bought already. */
const uninterrupted = async (
  creation: Observable<CreateOutcome>,
  { provider }: Account,
  { stopped, stderr }: Console,
): Promise<{ readonly outcome: CreateOutcome; readonly stop: Stop | null }> => {
  const end: { stop: Stop | null } = { stop: null };
  const waiting = stopped.pipe(
    tap((stop) => {
      end.stop = stop;
      stderr.line(`waiting for the outcome, because a task may be bought already. After a second interrupt look for it: ${placeOfTasks(provider)}`);
    }),
    ignoreElements(),
  );
  return { outcome: await lastValueFrom(creation.pipe(takeUntil(waiting))), ...end };
};

/** Prints an outcome: for programs on stdout, for people on stderr. */
const report = (outcome: CreateOutcome, { provider, journal, json }: CreateArguments, { stdout, stderr }: Console): void => {
  if (json) stdout.line(plainJson(outcome));
  switch (outcome.outcome) {
    case 'created':
      if (!json) stdout.line(plain(refText(outcome.task)));
      return;
    case 'rejected': {
      const again = outcome.retryAfterMs === null ? '' : ` (try again in ${forPeople(outcome.retryAfterMs)})`;
      stderr.line(plain(`no task was created: ${outcome.reason}: ${outcome.message}${again}`));
      return;
    }
    case 'unknown':
      unknownLines(outcome, provider, journal).map(plain).forEach(stderr.line);
  }
};

const unknownLines = ({ key, message, candidates }: Extract<CreateOutcome, { outcome: 'unknown' }>, provider: Provider, journal: string | null): readonly string[] => [
  `a task may have been created, and is billed then: ${message}`,
  ...(candidates === null ? [] : [candidates.length === 0 ? 'the list of tasks has no new task yet' : `it may be one of these: ${candidates.map(refText).join(' ')}`]),
  `look for it: ${placeOfTasks(provider)}`,
  journal === null ? 'the same command would create another task' : `the same command with --purchase ${key} creates no other task: it looks for this one again`,
];

/** Where a person finds the tasks of an account. */
const placeOfTasks = ({ id, name, list }: Provider): string => (list?.pageOf === undefined ? `on the website of ${name}` : `rx-seedance list ${id}`);
