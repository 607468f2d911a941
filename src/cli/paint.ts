/**
 * Colours, where they are wanted: on a terminal that is not dumb, unless `NO_COLOR` holds anything (https://no-color.org).
 */
import { styleText } from 'node:util';

/** The styles that are used at all. */
export type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'red' | 'yellow' | 'magenta' | 'blue';

/** Gives a text a style, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Leaves every text as it is. */
export const noPaint: Paint = (_style, text) => text;

/** The paint for a stream that is a terminal or not, in an environment. */
export const paintFor = (isTerminal: boolean, { NO_COLOR = '', TERM }: Readonly<Record<string, string | undefined>>): Paint =>
  // The stream was looked at here: styleText would look at stdout.
  isTerminal && NO_COLOR === '' && TERM !== 'dumb' ? (style, text) => styleText(style, text, { validateStream: false }) : noPaint;
