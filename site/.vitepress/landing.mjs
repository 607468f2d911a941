/**
 * The landing page is README.md. Its title and its first paragraph are the hero.
 */
import { readFileSync } from 'node:fs';
import { root } from './links.mjs';

/** The first paragraph of README.md as plain text. */
export const introduction = /^# .+\n\n([^]+?)\n\n/.exec(readFileSync(`${root}README.md`, 'utf8'))?.[1]?.replace(/\s+/g, ' ').replaceAll('`', '') ?? '';
if (introduction === '') throw new Error('README.md does not begin with a title and a paragraph');

/** @param {import('vitepress').MarkdownRenderer} md */
export const landingPage = (md) => {
  md.core.ruler.push('landing-page', ({ tokens, env }) => {
    if (env.relativePath === 'index.md') tokens.splice(0, tokens.findIndex(({ type }) => type === 'paragraph_close') + 1);
  });
};
