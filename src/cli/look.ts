/**
 * How text looks on a terminal: its colours, its links and its characters. A pure function of the text, but for what the terminal knows.
 */
import isUnicodeSupported from 'is-unicode-supported';
import { createSupportsHyperlinks } from 'supports-hyperlinks';
import type { Output } from './output.js';
import type { Paint } from './paint.js';

/** Three ways to change how a string looks. None of them changes its width. */
export interface Look {
  readonly paint: Paint;
  /** Makes a string a link, where the terminal knows links. */
  readonly link: (url: string, text: string) => string;
  /** Replaces symbols that the terminal cannot show. */
  readonly symbols: (text: string) => string;
}

/** ASCII for each symbol in use, one column wide like the symbol. */
const ascii: Readonly<Record<string, string>> = {
  '✔': '+', '✖': 'x', '⊘': '-', '↓': 'v', '◌': 'o', '·': '.', '█': '#', '░': '.', '…': '~', '–': '-', '≤': '<', '→': '>',
  '⠋': '|', '⠙': '/', '⠹': '-', '⠸': '\\', '⠼': '|', '⠴': '/', '⠦': '-', '⠧': '\\', '⠇': '|', '⠏': '/',
};

/** For a terminal without Unicode, such as the Linux console. */
export const asciiSymbols: Look['symbols'] = (text) => text.replace(/[✔✖⊘↓◌·█░…–≤→⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/gu, (symbol) => ascii[symbol] ?? symbol);

/** A link by the escape sequence OSC 8. A URL that cannot be parsed is no link. */
export const hyperlink: Look['link'] = (url, text) =>
  // The parsed URL is printable ASCII, so that no escape sequence can hide in it.
  URL.canParse(url) ? `\u001b]8;;${new URL(url).href}\u0007${text}\u001b]8;;\u0007` : text;

/** The look of plain text. */
export const plainLook: Look = { paint: (_style, text) => text, link: (_url, text) => text, symbols: (text) => text };

/** The look of an output stream. */
export const lookOf = ({ isTerminal, canRedraw, paint }: Pick<Output, 'isTerminal' | 'canRedraw' | 'paint'>): Look => ({
  paint,
  link: canRedraw && createSupportsHyperlinks({ isTTY: isTerminal }) ? hyperlink : plainLook.link,
  symbols: isUnicodeSupported() ? plainLook.symbols : asciiSymbols,
});
