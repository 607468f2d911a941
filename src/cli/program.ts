/**
 * The program as commander knows it. The parser, the help and the completion are derived from it.
 */
import { Argument, Command as Program, CommanderError, Option } from 'commander';
import { accountDefinitions } from './account-definitions.js';
import type { Command } from './arguments.js';
import { endingText, helpLayout, type HelpLook, plainLook } from './help.js';
import { localDefinitions } from './local-definitions.js';
import { providerIds } from './option-values.js';
import { colorWords } from './paint.js';
import { createDefinition, watchDefinition } from './run-definitions.js';

/** In the order of the help. */
const definitions = [createDefinition, watchDefinition, ...accountDefinitions, ...localDefinitions];

const ending = `Providers: ${providerIds().join(', ')}

Keys come from variables such as ANYFAST_API_KEY, or from a file named with --env. They cannot be arguments.

Example:
  export ANYFAST_API_KEY=…
  rx-seedance watch anyfast:asyntask_9f3a \\
    --download videos`;

/**
 * The program as commander knows it. It writes nothing and never exits.
 *
 * @param accept gets the parsed command. After help and version, commander throws a `CommanderError`
 */
export const createProgram = ({ look = plainLook, accept = () => undefined }: { readonly look?: HelpLook; readonly accept?: (command: Command) => void } = {}): Program => {
  const silent = (): undefined => undefined;
  const printVersion = (): never => {
    accept({ kind: 'version' });
    throw new CommanderError(0, 'commander.version', '');
  };
  const program = new Program('rx-seedance')
    .exitOverride()
    .configureOutput({ writeOut: silent, writeErr: silent, getOutHasColors: () => true, getErrHasColors: () => true })
    .configureHelp({ ...helpLayout(look), showGlobalOptions: true })
    .description('Creates Seedance video-generation tasks, follows them to their ends, and saves their videos before the links expire.')
    .helpCommand(false)
    .helpOption('-h, --help', 'show this help, or the help of a command')
    .addOption(new Option('--color <when>', 'when to print colours: auto, always or never; overrides NO_COLOR and FORCE_COLOR').choices(colorWords))
    .addOption(new Option('--no-color', 'the same as --color never'))
    .option('-V, --version', 'print the version')
    .addOption(new Option('-v').hideHelp())
    .on('option:version', printVersion)
    .on('option:v', printVersion)
    .addHelpText('beforeAll', ({ command, error }) => {
      accept({ kind: 'help', about: command.parent === null ? null : command.name(), isError: error });
      return '';
    })
    .addHelpText('after', ({ command }) => endingText(command, ending, look));
  for (const { name, description, argument, options = {}, parsed, ending: ownEnding } of definitions) {
    const command: Program = program.command(name).description(description)
      .addHelpText('after', () => endingText(command, ownEnding, look))
      .action((...args: unknown[]) => accept(parsed(...args)));
    if (argument !== undefined) command.addArgument(argument);
    for (const [heading, group] of Object.entries(options)) for (const option of group) command.addOption(option.helpGroup(heading));
  }
  program.command('help').description('Prints the help of a command.').addArgument(new Argument('[command]').choices(definitions.map(({ name }) => name)))
    .action((about: string | undefined) => accept({ kind: 'help', about: about ?? null, isError: false }));
  return program;
};

/** The help of a command; null for that of the program. */
export const helpText = (about: string | null, look: HelpLook): string => {
  const program = createProgram({ look });
  const parts: string[] = [];
  (program.commands.find((command) => command.name() === about) ?? program).configureOutput({ writeOut: (part) => parts.push(part) }).outputHelp();
  return parts.join('').trimEnd();
};
