/**
 * The parsed command line: one record for each command.
 */
import type { SimulatorOptions } from '../simulator/index.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TaskStatus } from '../task/status.js';
import type { Provider } from '../wire/provider.js';
import type { ColorWhen } from './paint.js';

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
  /** Whether only errors and problems are printed on stderr. */
  readonly quiet: boolean;
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
  /** Whether the response body is printed, too. */
  readonly raw: boolean;
  /** Whether fields that are null are printed, too. */
  readonly full: boolean;
  /** Whether the snapshot is printed on one line, with all its fields. */
  readonly json: boolean;
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

/** The shells that have a completion script. */
export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/** A parsed command. */
export type Command =
  /** `about` is null for the program. It is an error if there is no command. */
  | { readonly kind: 'help'; readonly about: string | null; readonly isError: boolean }
  | { readonly kind: 'completion'; readonly shell: Shell }
  | { readonly kind: 'version' }
  | CreateArguments
  | WatchArguments
  | QueryArguments
  | ListArguments
  | CancelArguments
  | ProvidersArguments
  | SimulateArguments;

/** A parsed command line. */
export interface ParsedArguments {
  readonly command: Command;
  readonly color: ColorWhen;
}
