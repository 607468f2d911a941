/**
 * `rx-seedance providers`: prints every provider with its base URL, its polling interval, its retention, and whether its key is set.
 */
import { noHints } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import type { ProvidersArguments } from './arguments.js';
import type { Console } from './console.js';
import { baseUrlIn, keyIn, keyVariable, readVariables, type Variables } from './environment.js';
import { knownProviders } from './known-providers.js';
import { daysOf, minIntervalOf, pollingIntervalOf } from './provider-facts.js';
import { table } from './table.js';
import { plainJson } from './terminal-text.js';

/** Prints the table. Gives the exit code. */
export const runProviders = ({ json, envFile }: ProvidersArguments, { env, stdout, redactor }: Console): number => {
  const variables = readVariables(env, envFile, redactor);
  if (json) stdout.line(plainJson(knownProviders.map((provider) => factsOf(provider, variables)), 2));
  else for (const line of providersTable(variables, stdout.isTerminal ? stdout.size().columns : Infinity)) stdout.line(line);
  return 0;
};

const addressOf = ({ id, baseUrl }: Provider, variables: Variables): string => baseUrlIn(variables, id) ?? baseUrl;

const factsOf = (provider: Provider, variables: Variables): Readonly<Record<string, unknown>> => {
  const { minIntervalMs, minMs, maxMs } = provider.pacing(noHints);
  return {
    id: provider.id,
    name: provider.name,
    baseUrl: addressOf(provider, variables),
    dialect: provider.dialect,
    documentation: provider.documentation,
    pacing: { minIntervalMs, minMs, maxMs },
    retention: provider.retention,
    keyVariable: keyVariable(provider.id),
    keyIsSet: keyIn(variables, provider.id) !== null,
  };
};

/** The table, in as many columns as fit. */
export const providersTable = (variables: Variables, columns: number): readonly string[] =>
  table(
    [
      { title: 'id', of: ({ id }: Provider) => id, keep: 9 },
      { title: 'name', of: ({ name }) => name, keep: 2 },
      { title: 'base URL', of: (provider) => addressOf(provider, variables), keep: 4 },
      { title: 'polled every', of: pollingIntervalOf, keep: 5 },
      { title: 'never below', of: minIntervalOf, keep: 3 },
      { title: 'task kept', of: ({ retention }) => daysOf(retention.recordMs), keep: 6 },
      { title: 'video kept', of: ({ retention }) => daysOf(retention.videoMs), keep: 7 },
      { title: 'key', of: ({ id }) => keyVariable(id), keep: 1 },
      { title: 'key is', of: ({ id }) => (keyIn(variables, id) === null ? 'not set' : 'set'), keep: 8 },
    ],
    knownProviders,
    columns,
  );
