/**
 * The layout of the help: wrapped at words to the width of the terminal, with colours where they are wanted.
 */
import type { Command, HelpConfiguration } from 'commander';
import type { Output } from './output.js';
import { noPaint, type Paint, type Style } from './paint.js';

/** How a help looks. */
export interface HelpLook {
  readonly columns: number;
  readonly paint: Paint;
}

/** For a pipe. */
export const plainLook: HelpLook = { columns: 80, paint: noPaint };

/** Longer lines are hard to read. */
const longestLine = 120;

/** The look that fits an output. */
export const lookFor = ({ isTerminal, size, paint }: Pick<Output, 'isTerminal' | 'size' | 'paint'>): HelpLook =>
  ({ columns: isTerminal ? Math.min(size().columns, longestLine) : plainLook.columns, paint });

/** Descriptions stand beside their terms if they have so many columns there, else below. */
const shortestDescription = 30;

/** A description in a few words. */
export const firstClause = (description: string): string => description.replace(/(?:[;:.,](?:\s|$)| \().*/s, '');

/** The layout of all commands, for commander. */
export const helpLayout = ({ columns, paint }: HelpLook): HelpConfiguration => {
  const styled = (style: Style) => (text: string): string => paint(style, text);
  return {
    helpWidth: columns,
    minWidthToWrap: 0,
    styleTitle: styled('bold'),
    styleCommandText: styled('bold'),
    styleSubcommandText: styled('cyan'),
    styleArgumentText: styled('green'),
    styleOptionText: styled('cyan'),
    subcommandTerm: (command) => [command.name(), ...command.usage().split(' ').filter((word) => word !== '[options]')].join(' '),
    subcommandDescription: (command) => command.description().replace(/\.(?:\s.*)?$/s, ''),
    optionTerm: ({ flags, short }) => (short === undefined ? `    ${flags}` : flags),
    optionDescription: ({ description }) => description,
    argumentDescription: ({ description }) => description,
    formatItem: (item, itemColumns, description, help) => {
      const isBeside = columns - itemColumns - 4 >= shortestDescription;
      const indent = ' '.repeat(isBeside ? itemColumns + 4 : 10);
      const gap = isBeside ? ' '.repeat(itemColumns + 2 - help.displayWidth(item)) : `\n${indent}`;
      return `  ${item}${gap}${help.boxWrap(description, columns - indent.length).replaceAll('\n', `\n${indent}`)}`;
    },
  };
};

/** The end of a command's help. Lines such as `  0  created` are items, unindented lines with a colon at the end are headings, other indented lines stay as they are. */
export const endingText = (command: Command, text: string, { columns }: HelpLook): string => {
  const help = command.createHelp();
  const lines = text.split('\n').map((line) => {
    const [, item, description] = /^ {2}(\S+ {2,})(\S.*)/.exec(line) ?? [];
    if (item !== undefined && description !== undefined) return help.formatItem(help.styleOptionTerm(item.trimEnd()), item.length - 2, description, help);
    if (/^\S.*:$/.test(line)) return help.styleTitle(line);
    return line.startsWith(' ') ? line : help.boxWrap(line, columns);
  });
  return ['', ...lines].join('\n');
};
