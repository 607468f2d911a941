/**
 * Colours for a terminal that is not dumb, unless `NO_COLOR` is set (https://no-color.org).
 */
import { styleText } from 'node:util';

/** The styles in use. */
export type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'red' | 'yellow' | 'magenta' | 'blue';

/** Styles a string, or returns it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Returns every string as it is. */
export const noPaint: Paint = (_style, text) => text;

/** The paint for an output stream. */
export const paintFor = (isTerminal: boolean, { NO_COLOR = '', TERM }: Readonly<Record<string, string | undefined>>): Paint =>
  // Without validation: styleText would check stdout, not this stream.
  isTerminal && NO_COLOR === '' && TERM !== 'dumb' ? (style, text) => styleText(style, text, { validateStream: false }) : noPaint;
