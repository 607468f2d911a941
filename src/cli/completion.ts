/**
 * Scripts that complete the command line in a shell, written from the program, so that a new option is completed by itself.
 */
import { type Command as Program, Option } from 'commander';
import type { Shell } from './arguments.js';
import { firstClause } from './help.js';
import { createProgram } from './program.js';

/** The script for a shell. */
export const completionScript = (shell: Shell): string => scripts[shell](createProgram());

const helpOption = new Option('-h, --help', 'show this help');

/** The options that may stand behind a command, or before one. */
const optionsOf = (command: Program): readonly Option[] => [
  ...command.options,
  ...(command.parent?.options ?? []).filter(({ long }) => long !== '--version'),
  helpOption,
].filter(({ hidden }) => !hidden);

const flagsOf = ({ short, long }: Option): readonly string[] => [short, long].filter((flag) => flag !== undefined);
const takesPath = ({ flags }: Option): boolean => /<(?:file|dir)>/.test(flags);
const choicesOf = ({ argChoices = [] }: Pick<Option, 'argChoices'>): string => argChoices.join(' ');
const argumentChoices = ({ registeredArguments: [argument] }: Program): string => choicesOf(argument ?? {});
const namesOf = (program: Program): readonly string[] => program.commands.map((command) => command.name());

/** A description that is safe in quotes and brackets. */
const brief = (description: string): string => firstClause(description).replace(/[[\]'"\\]/g, '');

const bash = (program: Program): string => {
  const words = (command: Program, first: string): string => [first, ...optionsOf(command).flatMap(flagsOf)].join(' ').trim();
  const values = [program, ...program.commands].flatMap((command) =>
    optionsOf(command).filter(({ required }) => required).map((option) => {
      const places = flagsOf(option).map((flag) => `'${command.parent === null ? '' : command.name()} ${flag}'`);
      return `    ${places.join('|')}) ${takesPath(option) ? 'compopt -o default; return' : `words='${choicesOf(option)}'`} ;;`;
    }));
  return `_rx_seedance() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' word
  COMPREPLY=()
  if [[ $current == '=' ]]; then current=''; elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${namesOf(program).join('|')}) command=$word; break ;; esac
  done
  case "$command $previous" in
${values.join('\n')}
    ' '*) words='${words(program, namesOf(program).join(' '))}' ;;
${program.commands.map((command) => `    '${command.name()} '*) words='${words(command, argumentChoices(command))}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _rx_seedance rx-seedance`;
};

const zsh = (program: Program): string => {
  const optionSpec = (option: Option): string => {
    const flags = flagsOf(option);
    const forms = option.required ? flags.map((flag) => flag + (flag.startsWith('--') ? '=' : '+')) : flags;
    const isRepeated = Array.isArray(option.defaultValue);
    const names = `${isRepeated ? "'*'" : `'(${flags.join(' ')})'`}${forms.length > 1 ? `{${forms.join(',')}}` : forms.join('')}`;
    return `${names}'[${brief(option.description)}]${option.required ? `:${option.name()}:${takesPath(option) ? '_files' : `(${choicesOf(option)})`}` : ''}'`;
  };
  const specs = (command: Program, ...more: readonly string[]): string => [...optionsOf(command).map(optionSpec), ...more].join(' \\\n      ');
  return `#compdef rx-seedance
_rx_seedance() {
  local curcontext=$curcontext state line
  _arguments -C ${specs(program)} \\
      '1:command:((${program.commands.map((command) => `${command.name()}\\:"${brief(command.description())}"`).join(' ')}))' '*::argument:->rest'
  [[ $state == rest ]] && case $words[1] in
${program.commands.map((command) => `    ${command.name()}) _arguments -s ${specs(command, `'*:${command.name()}:(${argumentChoices(command)})'`)} ;;`).join('\n')}
  esac
}
if [[ $funcstack[1] == _rx_seedance ]]; then _rx_seedance "$@"; else compdef _rx_seedance rx-seedance; fi`;
};

const fish = (program: Program): string => {
  const line = (condition: string, rest: string): string => `complete -c rx-seedance -n '${condition}' ${rest}`;
  const optionLine = (condition: string) => (option: Option): string => {
    const names = flagsOf(option).map((flag) => flag.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s '));
    const value = takesPath(option) ? ['-r -F'] : option.required ? [`-x -a '${choicesOf(option)}'`] : [];
    return line(condition, [...names, ...value, `-d '${brief(option.description)}'`].join(' '));
  };
  const first = '__fish_use_subcommand';
  return [
    'complete -c rx-seedance -f',
    ...optionsOf(program).map(optionLine(first)),
    ...program.commands.flatMap((command) => {
      const after = `__fish_seen_subcommand_from ${command.name()}`;
      return [
        line(first, `-a ${command.name()} -d '${brief(command.description())}'`),
        ...(argumentChoices(command) === '' ? [] : [line(after, `-a '${argumentChoices(command)}'`)]),
        ...optionsOf(command).map(optionLine(after)),
      ];
    }),
  ].join('\n');
};

const scripts: Readonly<Record<Shell, (program: Program) => string>> = { bash, zsh, fish };
