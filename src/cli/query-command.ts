/**
 * `rx-seedance query`: polls a task once and prints the result.
 */
import { lastValueFrom, map, merge, take } from 'rxjs';
import { isSeedanceError } from '../state/errors.js';
import { createTaskClient } from '../client/task-client.js';
import { openAccess } from './access.js';
import type { QueryArguments } from './arguments.js';
import type { Console } from './console.js';
import { readVariables } from './environment.js';
import { exitCodeOf } from './signals.js';
import { plain, plainJson } from './terminal-text.js';
import { programTransport } from './transport.js';

/** Prints the snapshot. Gives the exit code. */
export const runQuery = async ({ task, raw, ...access }: QueryArguments, { env, stdout, stderr, redactor, stopped }: Console): Promise<number> => {
  const client = createTaskClient({
    transport: programTransport(access),
    ...openAccess({ ids: [task.provider], allKeyed: false }, access, readVariables(env, access.envFile, redactor)),
  });
  const printed = client.query(task).pipe(
    map(({ raw: body, ...snapshot }) => {
      stdout.line(plainJson(raw ? { ...snapshot, raw: body } : snapshot, 2));
      return 0;
    }),
  );
  const ended = stopped.pipe(map((stop) => (stop.kind === 'signal' ? exitCodeOf(stop.signal) : 0)));
  try {
    return await lastValueFrom(merge(printed, ended).pipe(take(1)));
  } catch (error) {
    if (!isSeedanceError(error)) throw error;
    stderr.line(plain(error.message));
    return 1;
  }
};
