/**
 * What commands are made of: options, arguments and their help.
 */
import { Argument, Option } from 'commander';
import type { Provider } from '../wire/provider.js';
import type { Command, RunArguments } from './arguments.js';
import { baseUrl, duration, integerFrom, nonEmpty, providerIds, providerThat, type Read } from './option-values.js';
import { UsageError } from './usage-error.js';

/** What the program knows of a command before it runs. */
export interface Definition {
  readonly name: string;
  /** Its first sentence stands in the help of the program. */
  readonly description: string;
  readonly argument?: Argument;
  /** By heading. */
  readonly options?: Readonly<Record<string, readonly Option[]>>;
  /** The end of the help: notes, exit codes, examples. See `endingText`. */
  readonly ending: string;
  /** The parsed record of the argument, if there is one, and the options. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- commander's own type of what it passes
  readonly parsed: (...args: any[]) => Command;
}

/** An option whose value has a name of its own in the record. */
class NamedOption extends Option {
  readonly #field: string;

  constructor(field: string, flags: string, description: string) {
    super(flags, description);
    this.#field = field;
  }

  override attributeName(): string {
    return this.#field;
  }
}

/** An option without a value. */
export const flag = (field: string, flags: string, description: string): Option => new NamedOption(field, flags, description).default(false);

/**
 * An option with a value; null without it.
 *
 * @param choices the values that a shell completes
 */
export const valued = (field: string, flags: string, description: string, read: Read<unknown>, choices: readonly string[] = []): Option => {
  const option = new NamedOption(field, flags, description).default(null).choices(choices);
  return option.argParser((text) => read(text, option.long ?? flags));
};

/** An option that may be given several times. */
export const repeated = (field: string, flags: string, description: string, read: Read<unknown>, choices: readonly string[] = []): Option => {
  const option = new NamedOption(field, flags, description).default([]).choices(choices);
  return option.argParser((text, previous: readonly unknown[]) => [...previous, read(text, option.long ?? flags)]);
};

export const path = nonEmpty('path');

export const envOption = (): Option =>
  valued('envFile', '-e, --env <file>', 'a .env file with keys (ANYFAST_API_KEY=…) and base URLs (ANYFAST_BASE_URL=…); environment variables override it. No .env file is read without this option', path);

/** How providers are reached. */
export const accessOptions = (): readonly Option[] => [
  envOption(),
  repeated('baseUrls', '--base-url <url>', 'another base URL; provider=URL when there are several providers. Repeatable', baseUrl),
  valued('maxBodyBytes', '--max-body <mib>', 'the largest response of a provider, in MiB', (text, option) => integerFrom(1, 1024)(text, option) * 1_048_576).default(undefined),
];

export const jsonOption = (what: string): Option => flag('json', '-j, --json', what);
export const quietOption = (): Option => flag('quiet', '-q, --quiet', 'print only errors and problems on stderr');

/** What is kept of watched tasks. */
export const saveOptions = (): readonly Option[] => [
  valued('download', '-d, --download <dir>', 'save the videos in this directory', path),
  flag('lastFrame', '--last-frame', 'save the last frame of each video, too, if its task has one'),
  valued('journal', '--journal <dir>', 'keep the state of each task in this directory; default: the --download directory', path),
];

export const deadlineOption = (): Option =>
  valued('deadlineMs', '--deadline <duration>', 'stop watching a task after this time, such as 90s, 30m or 1h30m; default: the provider\'s own deadline for it, else 2 h (flex: 50 h). With a simulator at --speed 60 it is simulated time: 60m take 1 min', duration);

/** What is the same for all commands that watch. */
export const runIn = <Run extends RunArguments>(run: Run): Run => {
  if (run.lastFrame && run.download === null) throw new UsageError('--last-frame needs --download DIR');
  return { ...run, journal: run.journal ?? run.download };
};

/** Whether a provider lists the tasks of an account. */
export const hasList = ({ list }: Provider): boolean => list?.pageOf !== undefined;

/** The one provider of a command. */
export const providerArgument = (command: string, supports: (provider: Provider) => boolean): Argument =>
  new Argument('<provider>', `one of ${providerIds(supports).join(', ')}`).choices(providerIds(supports)).argParser((text) => providerThat(command, supports)(text, command));
