/**
 * The arguments and the help of `rx-seedance query`, `list`, `cancel` and `providers`.
 */
import { Argument } from 'commander';
import { taskStatuses } from '../task/status.js';
import type { Provider } from '../wire/provider.js';
import type { CancelArguments, ListArguments, ProvidersArguments, QueryArguments } from './arguments.js';
import { provider, providerIds, statusList } from './option-values.js';
import { accessOptions, type Definition, envOption, flag, hasList, jsonOption, providerArgument, valued } from './options.js';
import { parseTaskRef } from './task-refs.js';

export const accountDefinitions: readonly Definition[] = [
  {
    name: 'query',
    description: 'Polls once and prints the result as JSON, without the fields that are null.',
    argument: new Argument('<task>', 'written provider:id').argParser(parseTaskRef),
    options: {
      'Output:': [
        jsonOption('print the snapshot as one line of JSON with all its fields, as list and watch do'),
        flag('full', '--full', 'include the fields that are null'),
        flag('raw', '--raw', 'include the provider\'s response body, as "raw"'),
      ],
      'Providers:': accessOptions(),
    },
    ending: `Exit codes: 0 printed, 1 the poll failed, 2 wrong usage, 130 interrupted.

Example:
  rx-seedance query ark:cgt-2026-ab12c --env .env`,
    parsed: (task: QueryArguments['task'], options: Omit<QueryArguments, 'kind' | 'task'>) => ({ kind: 'query', task, ...options }),
  },
  {
    name: 'list',
    description: 'Prints the tasks that an account still lists, one a line. Ark lists those of the last 7 days. If stdout is not a terminal, its fields are separated by tabs: provider:id, status, model, time of creation. watch reads these lines.',
    argument: providerArgument('list', hasList),
    options: {
      'Output:': [
        valued('statuses', '-s, --status <list>', 'only tasks with one of these statuses, such as queued,running', statusList, taskStatuses),
        jsonOption('print the snapshot of each task as one line of JSON'),
      ],
      'Providers:': accessOptions(),
    },
    ending: `Exit codes: 0 listed, 1 the list failed, 2 wrong usage, 130 interrupted.

Example:
  rx-seedance list ark -s succeeded --env .env |
    rx-seedance watch - --env .env -d videos`,
    parsed: (provider: Provider, options: Omit<ListArguments, 'kind' | 'provider'>) => ({ kind: 'list', provider, ...options }),
  },
  {
    name: 'cancel',
    description: 'Cancels tasks that are still queued, and never deletes the record of a task that has ended. Prints one line for each task, separated by tabs: provider:id, its outcome, and why it is not cancelled.',
    argument: new Argument('<task...>', 'written provider:id'),
    options: {
      'Output:': [jsonOption('print one outcome a line, with the snapshot of the task, as JSON')],
      'Providers:': accessOptions(),
    },
    ending: `Outcomes:
  cancelled      the provider has cancelled the task
  already-ended  it had ended before, and with which status
  running        it runs, and no provider cancels a running task
  unsupported    the provider documents no way to cancel, and nothing was sent
  errored        its state could not be found out: it may be cancelled or not

Exit codes: 0 all are cancelled, now or before, 1 some are not, 2 wrong usage, 130 interrupted.

Example:
  rx-seedance cancel ark:cgt-2026-ab12c --env .env`,
    parsed: (refs: readonly string[], options: Omit<CancelArguments, 'kind' | 'tasks'>) => ({ kind: 'cancel', tasks: [...new Set(refs)].map(parseTaskRef), ...options }),
  },
  {
    name: 'providers',
    description: 'Prints every provider, and whether its key is set. The table has its base URL, its polling interval, and how long it keeps tasks and videos. With an id, prints every documented fact of that provider: addresses, status words, the default polling, expected times, tiers, refunds, retention and lists.',
    argument: new Argument('[provider]', 'its id').choices(providerIds()).default(null).argParser((text) => provider(text, 'providers')),
    options: { 'Options:': [jsonOption('print JSON: all facts of every provider, or of one. Times are in ms; null is undocumented'), envOption()] },
    ending: `Examples:
  rx-seedance providers --env .env
  rx-seedance providers kyyaipower`,
    parsed: (provider: Provider | null, options: Omit<ProvidersArguments, 'kind' | 'provider'>) => ({ kind: 'providers', provider, ...options }),
  },
];
