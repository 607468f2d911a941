/**
 * The code fences of a page, and the programs that they make. Pure: knows no files and no compiler.
 *
 * A fence is a whole program, unless a comment on the line before it says otherwise:
 *
 *     <!-- fence: run -->            compile and run it; what a ts, js or mjs fence is without a comment
 *     <!-- fence: compile -->        compile it only: it has no end, or belongs into another program
 *     <!-- fence: skip because … --> neither, for the reason given
 *     <!-- fence: continue -->       it goes on from the program before it on this page, imports included
 *     <!-- fence: continue compile -->
 *     <!-- fence: output -->         on a fence of text: what the program before it prints; `…` stands for anything within a line
 *     <!-- fence: output in any order -->
 */

export interface Fence {
  readonly page: string;
  /** The line of its first line of code, from 1. */
  readonly line: number;
  /** The first word after the backticks, in lower case. */
  readonly language: string;
  readonly code: string;
  /** The words of the comment before it; empty without a comment. */
  readonly directive: string;
}

export interface Program {
  /** Such as `README.md:42`. */
  readonly name: string;
  readonly language: 'ts' | 'mjs';
  readonly code: string;
  readonly runs: boolean;
  /** What it must print; null when the page does not show it. */
  readonly output: string | null;
  /** Whether it may print these lines in any order, because they depend on requests that run at the same time. */
  readonly inAnyOrder: boolean;
  /** Where each line of `code` stands on the page. */
  readonly lines: readonly string[];
}

const opening = /^(\s*)(`{3,}|~{3,})\s*(\S*)/;
const comment = /^\s*<!--\s*fence:\s*(.*?)\s*-->\s*$/;

/** Every fence of a page, in order. Errors: a fence comment with no fence behind it. */
export const readFences = (page: string, markdown: string): readonly Fence[] => {
  const lines = markdown.split(/\r?\n/);
  const fences: Fence[] = [];
  let directive: string | null = null;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const [, indent = '', ticks, language = ''] = opening.exec(line) ?? [];
    if (ticks !== undefined) {
      const first = index + 1;
      const closing = new RegExp(`^\\s*${ticks}${ticks[0]}*\\s*$`);
      const found = lines.findIndex((text, at) => at >= first && closing.test(text));
      index = found < 0 ? lines.length : found;
      const code = lines.slice(first, index).map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text));
      fences.push({ page, line: first + 1, language: language.toLowerCase(), code: code.join('\n'), directive: directive ?? '' });
      directive = null;
    } else if (directive !== null && line.trim() !== '') {
      throw new Error(`${page}:${index}: a fence comment with no fence behind it`);
    }
    directive = comment.exec(line)?.[1] ?? directive;
  }
  return fences;
};

const languages: Readonly<Record<string, Program['language']>> = { ts: 'ts', typescript: 'ts', mts: 'ts', js: 'mjs', javascript: 'mjs', mjs: 'mjs' };

/**
 * The programs that a page's fences make. A fence that goes on from another gives a longer program; the first stays one of its own.
 *
 * Errors: a comment that says nothing, a skip without a reason, and `continue` or `output` with no program before it.
 */
export const programsIn = (fences: readonly Fence[]): readonly Program[] => {
  const programs: Program[] = [];
  /** The fences of the last program on each page. */
  const chains = new Map<string, readonly Fence[]>();
  for (const fence of fences) {
    const name = `${fence.page}:${fence.line}`;
    const language = languages[fence.language];
    const [word = '', ...rest] = fence.directive.split(/\s+/);
    const before = chains.get(fence.page);
    if (word === 'output') {
      const shown = programs.pop();
      if (!shown || !before) throw new Error(`${name}: an output with no program before it`);
      const order = rest.join(' ');
      if (order !== '' && order !== 'in any order') throw new Error(`${name}: no such comment for ${fence.language}: "${fence.directive}"`);
      programs.push({ ...shown, output: fence.code, inAnyOrder: order !== '' });
      continue;
    }
    if (word === 'skip') {
      if (rest.length === 0) throw new Error(`${name}: a skip without a reason`);
      continue;
    }
    if (!language && word === '') continue;
    const mode = word === 'continue' ? (rest[0] ?? 'run') : word || 'run';
    if (!language || (mode !== 'run' && mode !== 'compile')) throw new Error(`${name}: no such comment for ${fence.language}: "${fence.directive}"`);
    if (word === 'continue' && !before) throw new Error(`${name}: nothing before it to go on from`);
    const parts = [...(word === 'continue' ? (before ?? []) : []), fence];
    chains.set(fence.page, parts);
    programs.push({
      name,
      language,
      code: parts.map(({ code }) => `${code}\n`).join(''),
      runs: mode === 'run',
      output: null,
      inAnyOrder: false,
      lines: parts.flatMap((part) => part.code.split('\n').map((_, at) => `${part.page}:${part.line + at}`)),
    });
  }
  return programs;
};
