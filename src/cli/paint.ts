/**
 * Colours for a terminal that is not dumb, unless `NO_COLOR` is set (https://no-color.org), or for any output when `FORCE_COLOR` is
 * (https://force-color.org). `--color` overrides both.
 */
import { styleText } from 'node:util';

/** The styles in use. */
export type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'red' | 'yellow' | 'magenta' | 'blue';

/** Styles a string, or returns it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Values of `--color`. */
export const colorWords = ['auto', 'always', 'never'] as const;

export type ColorWhen = (typeof colorWords)[number];

/** Returns every string as it is. */
export const noPaint: Paint = (_style, text) => text;

/** The paint for an output stream. */
export const paintFor = (isTerminal: boolean, env: Readonly<Record<string, string | undefined>>, when: ColorWhen = 'auto'): Paint =>
  // Without validation: styleText would check stdout, not this stream.
  (when === 'auto' ? isColorful(isTerminal, env) : when === 'always') ? (style, text) => styleText(style, text, { validateStream: false }) : noPaint;

const isColorful = (isTerminal: boolean, { FORCE_COLOR = '', NO_COLOR = '', TERM }: Readonly<Record<string, string | undefined>>): boolean =>
  FORCE_COLOR === '' ? isTerminal && NO_COLOR === '' && TERM !== 'dumb' : !['0', 'false'].includes(FORCE_COLOR);
