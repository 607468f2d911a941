/**
 * `rx-seedance providers`: prints every provider with its base URL, its polling interval, its retention, and whether its key is set; or
 * every documented fact of one provider.
 */
import wrapAnsi from 'wrap-ansi';
import { noHints } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import type { ProvidersArguments } from './arguments.js';
import type { Console } from './console.js';
import { baseUrlIn, baseUrlVariable, keyIn, keyVariable, readVariables, type Variables } from './environment.js';
import { knownProviders } from './known-providers.js';
import { expectedTimesOf, retryWaitsOf, schedulesOf } from './polling-facts.js';
import { daysOf, type Fact, factsOf, isByTier, minIntervalOf, pollingIntervalOf } from './provider-facts.js';
import { table } from './table.js';
import { padEnd, plain, plainJson, widthOf } from './terminal-text.js';

/** Prints the table, or the page of one provider. Gives the exit code. */
export const runProviders = ({ provider, json, envFile }: ProvidersArguments, { env, stdout, redactor }: Console): number => {
  const variables = readVariables(env, envFile, redactor);
  const columns = stdout.isTerminal ? stdout.size().columns : Infinity;
  if (json) stdout.line(plainJson(provider === null ? knownProviders.map((one) => jsonOf(one, variables)) : jsonOf(provider, variables), 2));
  else for (const line of provider === null ? providersTable(variables, columns) : providerPage(provider, variables, columns)) stdout.line(line);
  return 0;
};

const addressOf = ({ id, baseUrl }: Provider, variables: Variables): string => baseUrlIn(variables, id) ?? baseUrl;

const keyState = ({ id }: Provider, variables: Variables): string => (keyIn(variables, id) === null ? 'not set' : 'set');

/** Every fact for programs. Null means undocumented. */
const jsonOf = (provider: Provider, variables: Variables): Readonly<Record<string, unknown>> => {
  const { id, list } = provider;
  return {
    id,
    name: provider.name,
    documentation: provider.documentation,
    baseUrl: addressOf(provider, variables),
    otherBaseUrls: provider.otherBaseUrls,
    path: provider.path,
    list: list && { path: list.pathOf([], null).split('?')[0], maxTasks: list.maxTasks ?? null, windowMs: list.windowMs ?? null, isByServiceTier: isByTier(list) },
    dialect: provider.dialect,
    statuses: provider.statuses,
    pacing: provider.pacing(noHints),
    defaultPolling: schedulesOf(provider),
    retryWait: retryWaitsOf(provider),
    expectedTimes: expectedTimesOf(provider),
    tierFactors: provider.tierFactors,
    refundsFailures: provider.refundsFailures,
    retention: provider.retention,
    assumed: provider.assumed,
    keyVariable: keyVariable(id),
    keyIsSet: keyIn(variables, id) !== null,
  };
};

/** The table, in as many columns as fit. */
export const providersTable = (variables: Variables, columns: number): readonly string[] =>
  table(
    [
      { title: 'id', of: ({ id }: Provider) => id, keep: 9 },
      { title: 'name', of: ({ name }) => name, keep: 2 },
      { title: 'base URL', of: (provider) => addressOf(provider, variables), keep: 1 },
      { title: 'polled every', of: pollingIntervalOf, keep: 4 },
      { title: 'never below', of: minIntervalOf, keep: 3 },
      { title: 'task kept', of: ({ retention }) => daysOf(retention.recordMs), keep: 5 },
      { title: 'video kept', of: ({ retention }) => daysOf(retention.videoMs), keep: 6 },
      { title: 'key', of: ({ id }) => keyVariable(id), keep: 7 },
      { title: 'key is', of: (provider) => keyState(provider, variables), keep: 8 },
    ],
    knownProviders,
    columns,
  );

/** The minimum width of a terminal for names and facts side by side. */
const twoColumns = 60;

/** The facts of one provider: a name, and its lines beside it, or below it on a narrow terminal. Words longer than a line stay whole. */
export const providerPage = (provider: Provider, variables: Variables, columns: number): readonly string[] => {
  const override = baseUrlIn(variables, provider.id);
  const facts: readonly Fact[] = [
    ...factsOf(provider),
    { name: 'key is', lines: [keyState(provider, variables)] },
    ...(override === null ? [] : [{ name: baseUrlVariable(provider.id), lines: [override] }]),
  ];
  const indent = columns < twoColumns ? 2 : 2 + Math.max(...facts.map(({ name }) => widthOf(name)));
  return facts.flatMap(({ name, lines }) => {
    const wrapped = lines.flatMap((line) => wrapAnsi(plain(line.replaceAll('`', '')), columns - indent).split('\n'));
    const beside = columns < twoColumns ? ['', ...wrapped] : wrapped;
    return beside.map((line, index) => (padEnd(index === 0 ? name : '', indent) + line).trimEnd());
  });
};
