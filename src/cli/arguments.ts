/**
 * Parses and checks all arguments before anything starts. Pure: reads no file and no variable.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { closestMatch } from 'leven';
import { outcomes, type SimulatorOptions } from '../simulator/index.js';
import { messageOf } from '../state/errors.js';
import type { TaskRef } from '../task/snapshot.js';
import { type TaskStatus, taskStatuses } from '../task/status.js';
import { flatVideoCreation } from '../wire/creation.js';
import type { Provider } from '../wire/provider.js';
import { parseDuration } from './duration.js';
import { knownProviders } from './known-providers.js';
import { parseTaskRef } from './task-refs.js';
import { orUsageError, UsageError } from './usage-error.js';

/** Every command, in the order of the help text. */
export const commandNames = ['create', 'watch', 'query', 'list', 'cancel', 'providers', 'simulate'] as const;

export type CommandName = (typeof commandNames)[number];

/** Another base URL for a provider. */
export interface BaseUrl {
  /** Null for the only provider in use. */
  readonly provider: string | null;
  readonly url: string;
}

/** How providers are reached. */
export interface AccessArguments {
  readonly baseUrls: readonly BaseUrl[];
  readonly envFile: string | null;
  /** The largest response, in bytes. Default: that of the transport. */
  readonly maxBodyBytes: number | undefined;
}

/** How tasks are watched, and what is kept of them. */
export interface RunArguments extends AccessArguments {
  readonly download: string | null;
  readonly lastFrame: boolean;
  readonly journal: string | null;
  readonly json: boolean;
  readonly deadlineMs: number | null;
}

export interface CreateArguments extends RunArguments {
  readonly kind: 'create';
  readonly provider: Provider;
  /** The body that was made of the options; null if a file has it. */
  readonly body: string | null;
  /** The file with the body: `-` is stdin. */
  readonly file: string;
  /** The name of the purchase; null for a random one. */
  readonly purchase: string | null;
  /** Whether to go on as `watch`. */
  readonly watch: boolean;
  /** Whether to create without a question. */
  readonly yes: boolean;
}

export interface WatchArguments extends RunArguments {
  readonly kind: 'watch';
  readonly tasks: readonly TaskRef[];
  /** The providers of which all tasks are watched. */
  readonly all: readonly Provider[];
  /** A file that lists more tasks. */
  readonly file: string | null;
  /** Whether stdin lists more tasks, one a line. */
  readonly fromStdin: boolean;
  readonly concurrency: number | null;
}

export interface QueryArguments extends AccessArguments {
  readonly kind: 'query';
  readonly task: TaskRef;
  readonly raw: boolean;
}

export interface ListArguments extends AccessArguments {
  readonly kind: 'list';
  readonly provider: Provider;
  /** Null for every status. */
  readonly statuses: readonly TaskStatus[] | null;
  readonly json: boolean;
}

export interface CancelArguments extends AccessArguments {
  readonly kind: 'cancel';
  readonly tasks: readonly TaskRef[];
  readonly json: boolean;
}

export interface ProvidersArguments {
  readonly kind: 'providers';
  /** Null for the table of all. */
  readonly provider: Provider | null;
  readonly json: boolean;
  readonly envFile: string | null;
}

export interface SimulateArguments {
  readonly kind: 'simulate';
  readonly options: SimulatorOptions;
  /** How many tasks the simulator starts with. */
  readonly tasks: number;
  readonly tasksFile: string | null;
}

/** A parsed command line. */
export type Command =
  | { readonly kind: 'help'; readonly about: CommandName | null }
  | { readonly kind: 'version' }
  | CreateArguments
  | WatchArguments
  | QueryArguments
  | ListArguments
  | CancelArguments
  | ProvidersArguments
  | SimulateArguments;

/**
 * Parses the arguments of the program.
 *
 * Errors: `UsageError` that names the option and its value.
 * @example parseCommand(['watch', 'ark:cgt-1', '--download', 'videos'])
 */
export const parseCommand = (args: readonly string[]): Command => {
  refuseKeys(args);
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageError(`no command: must be one of ${commandNames.join(', ')}`);
  if (name === '--help' || name === '-h') return { kind: 'help', about: null };
  if (name === '--version' || name === '-V') return { kind: 'version' };
  if (name === 'help') return { kind: 'help', about: rest[0] === undefined ? null : commandNamed(rest[0]) };
  const command = commandNamed(name);
  if (wantsHelp(rest)) return { kind: 'help', about: command };
  return parsers[command](rest);
};

/** Every process can read a key in an argument. The error message does not repeat its value. */
const refuseKeys = (args: readonly string[]): void => {
  const end = args.indexOf('--');
  const option = args.slice(0, end < 0 ? undefined : end).find((arg) => /^--?[\w-]*(?:key|token|secret|password)[\w-]*(?:=|$)/i.test(arg));
  if (option === undefined) return;
  throw new UsageError(
    `${option.replace(/=.*/s, '')} is not an option: every process on this machine can read arguments. ` +
    'Put the key in a variable such as ANYFAST_API_KEY, or in a file named with --env',
  );
};

/** Whether a word is a command. */
export const isCommandName = (name: string | undefined): name is CommandName => commandNames.some((command) => command === name);

const commandNamed = (name: string): CommandName => {
  if (!isCommandName(name)) throw new UsageError(`unknown command '${name}': must be one of ${commandNames.join(', ')}`);
  return name;
};

const wantsHelp = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h');
};

const accessOptions = {
  'base-url': { type: 'string', multiple: true },
  env: { type: 'string' },
  'max-body': { type: 'string' },
} as const;

const runOptions = {
  ...accessOptions,
  download: { type: 'string' },
  'last-frame': { type: 'boolean' },
  journal: { type: 'string' },
  json: { type: 'boolean' },
  deadline: { type: 'string' },
} as const;

const parseCreate = (args: readonly string[]): CreateArguments => {
  const { values, positionals } = parsed(args, {
    ...runOptions,
    prompt: { type: 'string' },
    body: { type: 'string' },
    model: { type: 'string' },
    resolution: { type: 'string' },
    duration: { type: 'string' },
    purchase: { type: 'string' },
    watch: { type: 'boolean' },
    yes: { type: 'boolean' },
  });
  const { prompt, purchase = null, yes = false } = values;
  const provider = providerThat('create', ({ create }) => create !== null, onlyProvider('create', positionals));
  const file = path('--body', values.body);
  if ((prompt === undefined) === (file === null)) throw new UsageError('create needs either --prompt TEXT or --body FILE');
  const setting = promptOptions.find((option) => values[option] !== undefined);
  if (file !== null && setting !== undefined) throw new UsageError(`--body FILE is sent as it is: write the ${setting} in the file, not as --${setting}`);
  const run = runIn(values);
  const watch = values.watch === true || run.download !== null;
  if (run.deadlineMs !== null && !watch) throw new UsageError('--deadline needs --watch');
  if (purchase === '') throw new UsageError('--purchase needs a non-empty name');
  if (purchase !== null && run.journal === null) throw new UsageError('--purchase needs --journal DIR or --download DIR, where the purchase is remembered');
  return { kind: 'create', provider, body: prompt === undefined ? null : bodyOf(provider, prompt, values), file: file ?? '', purchase, watch, yes, ...run };
};

const promptOptions = ['model', 'resolution', 'duration'] as const;

/** The body for a prompt. The flat dialect has the resolution in the names of its models. */
const bodyOf = (provider: Provider, prompt: string, { model, resolution, duration }: Partial<Record<(typeof promptOptions)[number], string>>): string => {
  if (model === undefined) throw new UsageError('--prompt needs --model MODEL');
  const seconds = duration === undefined ? undefined : integer('--duration', duration, 1);
  if (provider.create !== flatVideoCreation) return JSON.stringify({ model, content: [{ type: 'text', text: prompt }], resolution, duration: seconds });
  if (resolution !== undefined) throw new UsageError(`--resolution does not support ${provider.id}: its models have it in their names, such as seedance_1_5_pro_${resolution}`);
  return JSON.stringify({ model, prompt, duration: seconds });
};

const parseWatch = (args: readonly string[]): WatchArguments => {
  const { values, positionals } = parsed(args, {
    ...runOptions,
    all: { type: 'string', multiple: true },
    file: { type: 'string' },
    concurrency: { type: 'string' },
  });
  const { all = [], concurrency } = values;
  const file = path('--file', values.file);
  const run = runIn(values);
  const tasks = positionals.filter((text) => text !== '-').map(parseTaskRef);
  const fromStdin = positionals.includes('-') || file === '-';
  if (tasks.length + all.length === 0 && file === null && !fromStdin && run.journal === null) {
    throw new UsageError('no task to watch: name tasks as provider:id, or use --all PROVIDER, --file FILE, - for stdin, or the --journal DIR of an earlier run');
  }
  return {
    kind: 'watch',
    tasks,
    all: all.map((id) => providerThat('--all', hasList, id)),
    file: file === '-' ? null : file,
    fromStdin,
    concurrency: concurrency === undefined ? null : integer('--concurrency', concurrency, 1),
    ...run,
  };
};

const parseQuery = (args: readonly string[]): QueryArguments => {
  const { values, positionals } = parsed(args, { ...accessOptions, raw: { type: 'boolean' } });
  const [text, ...others] = positionals;
  if (text === undefined || others.length > 0) {
    throw new UsageError(`query takes one task, written provider:id, not ${positionals.length}`);
  }
  return { kind: 'query', task: parseTaskRef(text), raw: values.raw ?? false, ...accessIn(values) };
};

const parseList = (args: readonly string[]): ListArguments => {
  const { values, positionals } = parsed(args, { ...accessOptions, status: { type: 'string' }, json: { type: 'boolean' } });
  const { status, json = false } = values;
  const statuses = status?.split(',').map((word) => {
    const known = taskStatuses.find((one) => one === word.trim());
    if (known === undefined) throw new UsageError(`--status must be some of ${taskStatuses.join(', ')}, such as queued,running, not '${status}'`);
    return known;
  });
  return { kind: 'list', provider: providerThat('list', hasList, onlyProvider('list', positionals)), statuses: statuses ?? null, json, ...accessIn(values) };
};

const parseCancel = (args: readonly string[]): CancelArguments => {
  const { values, positionals } = parsed(args, { ...accessOptions, json: { type: 'boolean' } });
  if (positionals.length === 0) throw new UsageError('cancel needs a task, written provider:id');
  return { kind: 'cancel', tasks: [...new Set(positionals)].map(parseTaskRef), json: values.json ?? false, ...accessIn(values) };
};

const hasList = ({ list }: Provider): boolean => list?.pageOf !== undefined;

const parseProviders = (args: readonly string[]): ProvidersArguments => {
  const { values, positionals } = parsed(args, { json: { type: 'boolean' }, env: { type: 'string' } });
  const [id, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`providers takes at most one provider, not ${positionals.length}`);
  return { kind: 'providers', provider: id === undefined ? null : providerNamed(id), json: values.json ?? false, envFile: path('--env', values.env) };
};

const providerNamed = (id: string): Provider => {
  const provider = knownProviders.find((one) => one.id === id.toLowerCase());
  if (provider !== undefined) return provider;
  const ids = knownProviders.map((one) => one.id);
  const closest = closestMatch(id.toLowerCase(), ids, { maxDistance: 3 });
  throw new UsageError(`unknown provider '${id}'${closest === undefined ? '' : ` (did you mean ${closest}?)`}: must be one of ${ids.join(', ')}`);
};

const onlyProvider = (command: CommandName, positionals: readonly string[]): string => {
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new UsageError(`${command} takes one provider, not ${positionals.length}`);
  return id;
};

/** A provider that supports what a command or an option does. */
const providerThat = (what: string, supports: (provider: Provider) => boolean, id: string): Provider => {
  const provider = providerNamed(id);
  if (supports(provider)) return provider;
  throw new UsageError(`${what} does not support ${provider.id}: must be one of ${knownProviders.filter(supports).map((one) => one.id).join(', ')}`);
};

const parseSimulate = (args: readonly string[]): SimulateArguments => {
  const { values, positionals } = parsed(args, {
    port: { type: 'string' },
    speed: { type: 'string' },
    seed: { type: 'string' },
    'fault-rate': { type: 'string' },
    tasks: { type: 'string' },
    'tasks-file': { type: 'string' },
    outcomes: { type: 'string' },
  });
  noPositionals('simulate', positionals);
  const { port, speed, seed, tasks, outcomes: weights, 'fault-rate': rate, 'tasks-file': tasksFile } = values;
  if (tasksFile !== undefined && tasks === undefined) throw new UsageError('--tasks-file needs --tasks N, the number of tasks to write');
  return {
    kind: 'simulate',
    options: {
      speed: speed === undefined ? 1 : numeric('--speed', speed, 'a number ≥ 1', (value) => value >= 1),
      ...(port === undefined ? {} : { port: integer('--port', port, 0, 65_535) }),
      ...(seed === undefined ? {} : { seed: integer('--seed', seed, 0) }),
      ...(rate === undefined ? {} : { faults: { rate: numeric('--fault-rate', rate, 'a number from 0 to 1', (value) => value >= 0 && value <= 1) } }),
      ...(weights === undefined ? {} : { outcomes: outcomesIn(weights) }),
    },
    tasks: tasks === undefined ? 0 : integer('--tasks', tasks, 1, 100_000),
    tasksFile: path('--tasks-file', tasksFile),
  };
};

const parsers = { create: parseCreate, watch: parseWatch, query: parseQuery, list: parseList, cancel: parseCancel, providers: parseProviders, simulate: parseSimulate } as const;

type OptionTable = NonNullable<ParseArgsConfig['options']>;
type Parsed<Options extends OptionTable> = ReturnType<
  typeof parseArgs<{ readonly args: string[]; readonly options: Options; readonly strict: true; readonly allowPositionals: true }>
>;

const parsed = <const Options extends OptionTable>(args: readonly string[], options: Options): Parsed<Options> => {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(parseErrorOf(error));
  }
};

/** Node's own message without its advice. An unknown option is named without its value, which may be a key. */
const parseErrorOf = (error: unknown): string => {
  const message = messageOf(error);
  const [, unknown] = /^Unknown option '(-[^'=]*)/.exec(message) ?? [];
  if (unknown === '--env-file') return '--env-file is an option of Node, which reads the file as its own before this program starts: use --env FILE';
  if (unknown !== undefined) return `unknown option ${unknown}`;
  const [, option = '', detail = ''] = /^Option '([^' ]+)[^']*' ([^\n]*?)\.?(?:\n|$)/.exec(message) ?? [];
  if (detail.startsWith('argument')) return `${option} needs a value${detail.includes('ambiguous') ? `; write a value that begins with - as ${option}=-…` : ''}`;
  return detail === '' ? message : `${option} ${detail}`;
};

const accessIn = (values: { readonly env?: string; readonly 'base-url'?: readonly string[]; readonly 'max-body'?: string }): AccessArguments => ({
  baseUrls: (values['base-url'] ?? []).map(baseUrlIn),
  envFile: path('--env', values.env),
  maxBodyBytes: values['max-body'] === undefined ? undefined : integer('--max-body', values['max-body'], 1, 1024) * 1_048_576,
});

const runIn = (
  values: Parameters<typeof accessIn>[0] & { readonly download?: string; readonly 'last-frame'?: boolean; readonly journal?: string; readonly json?: boolean; readonly deadline?: string },
): RunArguments => {
  const { json = false, deadline, 'last-frame': lastFrame = false } = values;
  const download = path('--download', values.download);
  if (lastFrame && download === null) throw new UsageError('--last-frame needs --download DIR');
  return {
    download,
    lastFrame,
    journal: path('--journal', values.journal) ?? download,
    json,
    deadlineMs: deadline === undefined ? null : orUsageError(() => parseDuration('--deadline', deadline)),
    ...accessIn(values),
  };
};

const baseUrlIn = (text: string): BaseUrl => {
  const [, provider, url] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
  if (provider === undefined || url === undefined) return { provider: null, url: text };
  if (knownProviders.some(({ id }) => id === provider)) return { provider, url };
  throw new UsageError(`--base-url: unknown provider '${provider}': must be one of ${knownProviders.map(({ id }) => id).join(', ')}`);
};

const outcomesIn = (text: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [, outcome, weight] = /^\s*([\w-]+)(?:=([\d.]+))?\s*$/.exec(part) ?? [];
      if (outcome === undefined || !outcomes.some((known) => known === outcome)) {
        throw new UsageError(`--outcomes must be some of ${outcomes.join(', ')}, each with its weight, such as succeeds=9,fails=1, not '${text}'`);
      }
      return [outcome, numeric(`--outcomes ${outcome}`, weight ?? '1', 'a number ≥ 0', (value) => value >= 0)];
    }),
  );

const noPositionals = (command: CommandName, positionals: readonly string[]): void => {
  if (positionals[0] !== undefined) throw new UsageError(`${command} takes only options, not '${positionals[0]}'`);
};

const path = (option: string, value: string | undefined): string | null => {
  if (value === '') throw new UsageError(`${option} needs a non-empty path`);
  return value ?? null;
};

const integer = (option: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number =>
  numeric(
    option,
    text,
    max === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${min}` : `an integer from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  );

const numeric = (option: string, text: string, rule: string, isGood: (value: number) => boolean): number => {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value) || !isGood(value)) throw new UsageError(`${option} must be ${rule}, not '${text}'`);
  return value;
};
