/**
 * What is left to say when a run is over: its problems with their reasons, and where the videos are. Pure.
 */
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import wrapAnsi from 'wrap-ansi';
import { bytesForPeople } from './byte-count.js';
import { type Look, plainLook } from './look.js';
import { type Ending, reasonToShow } from './run-events.js';
import type { Tally } from './run.js';
import { painted, type Span } from './spans.js';
import { endStanding, standings } from './standing.js';
import { refText } from './task-refs.js';
import { plain } from './terminal-text.js';

/** What a recap says beside the tally. */
export interface RecapOptions {
  /** The directory of the videos; null to save none. */
  readonly directory: string | null;
  /** Whether to print the links of videos that are not saved, because nothing else prints them. */
  readonly hasLinks: boolean;
}

/** A line of a recap: what continues a line is indented. */
type Line = readonly Span[];

/** The recap for a log: one line for each problem, the counts, the links and the directory. */
export const summaryLines = (tally: Tally, options: RecapOptions): readonly string[] =>
  [...problemLines(tally, Infinity, false), countsLine(tally), ...videoLines(tally, options)].map((line) => painted(line, Infinity, plainLook));

/** Only the problems. */
export const problemSummary = (tally: Tally): readonly string[] => problemLines(tally, Infinity, false).map((line) => painted(line, Infinity, plainLook));

/**
 * The recap below a board, which shows the counts: an empty line, the problems, the links and the directory. It is wrapped at words;
 * ids and links stay whole.
 */
export const recapLines = (tally: Tally, options: RecapOptions, columns: number, look: Look): readonly string[] => {
  const lines = [...problemLines(tally, columns, true), ...videoLines(tally, options)];
  return lines.length === 0 ? [] : ['', ...lines.map((line) => painted(line, Infinity, look))];
};

/** One line for a problem of one task; for a problem that several tasks share, one line and the tasks below it. */
const problemLines = ({ problems }: Tally, columns: number, hasSymbols: boolean): readonly Line[] =>
  [...groupedByProblem(problems)].flatMap(([problem, [first, ...others]]) => {
    const { symbol, style } = standings[endStanding(first)];
    const refs = [first, ...others].map(({ task }) => plain(refText(task)));
    const text = others.length === 0 ? `${refs.join()}  ${problem}` : `${refs.length} ${problem}`;
    const [head = '', ...rest] = wrapped(text, columns - indent.length);
    const below = others.length === 0 ? [] : wrapped(refs.join('  '), columns - 2 * indent.length).map((line) => `${indent}${line}`);
    return [
      [...(hasSymbols ? [{ text: `${symbol ?? ''} `, style }] : []), { text: head }],
      ...[...rest, ...below].map((line) => [{ text: `${indent}${line}` }]),
    ];
  });

const indent = '  ';

/** In the order of the counts. */
const groupedByProblem = (problems: readonly Ending[]): ReadonlyMap<string, readonly [Ending, ...Ending[]]> => {
  const groups = new Map<string, [Ending, ...Ending[]]>();
  const order = Object.keys(standings);
  const place = (ending: Ending): number => order.indexOf(endStanding(ending));
  for (const ending of problems.toSorted((one, other) => place(one) - place(other))) {
    const reason = reasonToShow(ending);
    const problem = plain(`${endStanding(ending)}${reason === null ? '' : `: ${reason}`}`);
    const group = groups.get(problem);
    if (group === undefined) groups.set(problem, [ending]);
    else group.push(ending);
  }
  return groups;
};

/** Wraps at words. A word that is wider than the terminal stays whole. */
const wrapped = (text: string, columns: number): readonly string[] => (columns === Infinity ? [text] : wrapAnsi(text, Math.max(1, columns)).split('\n'));

const countsLine = ({ tasks, finished, counts }: Tally): Line => {
  const parts = [...counts, ...(finished < tasks ? [{ count: tasks - finished, word: 'not finished' }] : [])];
  return [{ text: `${tasks} ${tasks === 1 ? 'task' : 'tasks'}${parts.length === 0 ? '' : ': '}${parts.map(({ count, word }) => `${count} ${word}`).join(', ')}` }];
};

/** More links than this are of use only to a program, which reads them from stdout. */
const mostLinks = 20;

const videoLines = ({ saved, savedBytes, unsaved }: Tally, { directory, hasLinks }: RecapOptions): readonly Line[] => {
  const linked = hasLinks ? unsaved.filter(({ link }) => link !== null) : [];
  const links = linked.slice(0, mostLinks).map(({ task, link }): Line => [{ text: `${plain(refText(task))}  ` }, { text: plain(link ?? ''), link }]);
  const more = linked.length - links.length;
  const path = directory === null || isAbsolute(directory) || directory.startsWith('.') ? directory : `./${directory}`;
  return [
    ...links,
    ...(more === 0 ? [] : [[{ text: `… ${more} more links: redirect stdout to get all` }]]),
    ...(path === null || saved === 0
      ? []
      : [[{ text: 'videos → ' }, { text: plain(path), link: pathToFileURL(resolve(path)).href }, { text: ` (${saved} ${saved === 1 ? 'file' : 'files'}, ${bytesForPeople(savedBytes)})`, style: 'dim' as const }]]),
  ];
};
