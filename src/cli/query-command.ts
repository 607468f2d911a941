/**
 * `rx-seedance query`: polls a task once and prints the result.
 */
import { isSeedanceError } from '../state/errors.js';
import { openAccess } from './access.js';
import type { QueryArguments } from './arguments.js';
import { type Console, untilStopped } from './console.js';
import { readVariables } from './environment.js';
import { plain, plainJson } from './terminal-text.js';

/** Prints the snapshot. Gives the exit code. */
export const runQuery = async ({ task, raw, full, json, ...access }: QueryArguments, console: Console): Promise<number> => {
  const { env, stdout, stderr, redactor } = console;
  const { client } = openAccess({ ids: [task.provider], allKeyed: false }, access, readVariables(env, access.envFile, redactor));
  try {
    const { raw: body, ...snapshot } = await untilStopped(client.query(task), console);
    stdout.line(plainJson({ ...(full || json ? snapshot : withoutNulls(snapshot)), ...(raw && { raw: body }) }, json ? 0 : 2));
    return 0;
  } catch (error) {
    if (!isSeedanceError(error)) throw error;
    stderr.line(plain(error.message));
    return 1;
  }
};

/** The fields that the provider has filled, for people. */
const withoutNulls = (snapshot: object): object =>
  JSON.parse(JSON.stringify(snapshot), (_, value: unknown) => value ?? undefined) as object; // an object stays one
