/**
 * The arguments and the help of `rx-seedance create` and `watch`.
 */
import { Argument } from 'commander';
import { flatVideoCreation } from '../wire/creation.js';
import type { Provider } from '../wire/provider.js';
import type { CreateArguments, WatchArguments } from './arguments.js';
import { anyText, integerFrom, nonEmpty, providerIds, providerThat } from './option-values.js';
import { accessOptions, deadlineOption, type Definition, flag, hasList, jsonOption, path, providerArgument, quietOption, repeated, runIn, saveOptions, valued } from './options.js';
import { parseTaskRef } from './task-refs.js';
import { UsageError } from './usage-error.js';

/** What the body for a prompt is made of. */
type Prompt = Readonly<Record<'prompt' | 'model' | 'resolution', string | null>> & { readonly duration: number | null };

const created = (provider: Provider, { prompt, model, resolution, duration, file, ...options }: Prompt & Omit<CreateArguments, 'kind' | 'provider' | 'body' | 'file'> & { readonly file: string | null }): CreateArguments => {
  if ((prompt === null) === (file === null)) throw new UsageError('create needs either --prompt TEXT or --body FILE');
  const [setting] = Object.entries({ model, resolution, duration }).find(([, value]) => value !== null) ?? [];
  if (file !== null && setting !== undefined) throw new UsageError(`--body FILE is sent as it is: write the ${setting} in the file, not as --${setting}`);
  const run = runIn({ ...options, watch: options.watch || options.download !== null });
  if (run.deadlineMs !== null && !run.watch) throw new UsageError('--deadline needs --watch');
  if (run.purchase !== null && run.journal === null) throw new UsageError('--purchase needs --journal DIR or --download DIR, where the purchase is remembered');
  return { kind: 'create', provider, body: prompt === null ? null : bodyOf(provider, { prompt, model, resolution, duration }), file: file ?? '', ...run };
};

/** The body for a prompt. The flat dialect has the resolution in the names of its models. */
const bodyOf = ({ id, create }: Provider, { prompt, model, resolution, duration }: Prompt): string => {
  if (model === null) throw new UsageError('--prompt needs --model MODEL');
  const settings = { resolution: resolution ?? undefined, duration: duration ?? undefined };
  if (create !== flatVideoCreation) return JSON.stringify({ model, content: [{ type: 'text', text: prompt }], ...settings });
  if (resolution !== null) throw new UsageError(`--resolution does not support ${id}: its models have it in their names, such as seedance_1_5_pro_${resolution}`);
  return JSON.stringify({ model, prompt, ...settings });
};

export const createDefinition: Definition = {
  name: 'create',
  description: `Creates one task, which costs money, and prints it as provider:id on stdout. The request is sent once, whatever happens to the connection. If stdin and stderr are terminals, asks before; otherwise creates at once.`,
  argument: providerArgument('create', ({ create }) => create !== null),
  options: {
    'What is created:': [
      valued('prompt', '-p, --prompt <text>', 'what the video shows', anyText),
      valued('model', '-m, --model <model>', 'a model, as the provider names it', anyText),
      valued('resolution', '--resolution <name>', 'such as 720p; the models of kyyaipower and xingchao have it in their names', anyText),
      valued('duration', '--duration <seconds>', 'of the video', integerFrom(1)),
      valued('file', '--body <file>', 'the provider\'s own JSON instead of these, sent as it is; - is stdin', path),
      valued('purchase', '--purchase <name>', 'what this purchase is for, such as the number of an order: the same command with the same journal never creates a second task. Default: a random name, printed on stderr', nonEmpty('name')),
      flag('yes', '-y, --yes', 'do not ask'),
    ],
    'What becomes of it:': [
      flag('watch', '-w, --watch', 'go on as watch, until the task has finished'),
      ...saveOptions(),
      deadlineOption(),
    ],
    'Providers:': accessOptions(),
    'Output:': [jsonOption('print the outcome as one line of JSON on stdout, and the events of --watch after it'), quietOption()],
  },
  ending: `--download goes on as --watch does. The journal remembers the purchase, too.

Exit codes:
  0    created; with --watch it also succeeded, and with --download it is saved
  1    the task did not succeed, or is not saved
  2    wrong usage
  3    no task was created: the provider refused, or the answer was not y
  4    the outcome is unknown: a task may exist and be billed
  130  interrupted

Example:
  rx-seedance create ark --env .env \\
    --model doubao-seedance-1-5-pro-251215 \\
    --prompt 'a paper boat' --download videos`,
  parsed: created,
};

const watched = (refs: readonly string[], { file, ...options }: Omit<WatchArguments, 'kind' | 'tasks' | 'fromStdin'>): WatchArguments => {
  const tasks = refs.filter((text) => text !== '-').map(parseTaskRef);
  const fromStdin = refs.includes('-') || file === '-';
  const run = runIn(options);
  if (tasks.length + run.all.length === 0 && file === null && !fromStdin && run.journal === null) {
    throw new UsageError('no task to watch: name tasks as provider:id, or use --all PROVIDER, --file FILE, - for stdin, or the --journal DIR of an earlier run');
  }
  return { kind: 'watch', tasks, file: file === '-' ? null : file, fromStdin, ...run };
};

export const watchDefinition: Definition = {
  name: 'watch',
  description: 'Follows tasks until each has finished, and with --download saves every video as soon as it is ready. After an interruption, run the same command again: it does not poll finished tasks or download saved videos again.',
  argument: new Argument('[task...]', 'written provider:id; - is stdin, whose tasks are watched as soon as their lines arrive'),
  options: {
    'Tasks:': [
      valued('file', '-f, --file <file>', 'more tasks, one provider:id a line; a tab and # begin comments; - is stdin', path),
      repeated('all', '-a, --all <provider>', 'every task that is queued or running on the account now. Repeatable', providerThat('--all', hasList), providerIds(hasList)),
    ],
    'Files:': saveOptions(),
    'Polling:': [
      deadlineOption(),
      valued('concurrency', '--concurrency <n>', 'requests in flight at once; default: 64', integerFrom(1)),
    ],
    'Providers:': accessOptions(),
    'Output:': [jsonOption('print one event a line on stdout'), quietOption()],
  },
  ending: `Without any task, --journal resumes all tasks of the journal, and shows again those that have finished.

Draws a live board on stderr if that is a terminal, else prints one line for each change. If stdout is not a terminal, it gets one line for each finished task: provider:id, tab, how it ended, tab, the saved file (or the link, or the reason).

Exit codes: 0 all succeeded (and are saved), 1 some did not, 2 wrong usage, 130 interrupted.

Examples:
  rx-seedance watch ark:cgt-2026-ab12c --env .env
  rx-seedance watch --file tasks.txt \\
    --env .env --download videos`,
  parsed: watched,
};
