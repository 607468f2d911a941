/**
 * Links of Markdown files, which lead from file to file in the repository, lead from page to page on the site. A link to a file that is
 * no page leads to the repository, and one to a file that does not exist fails the build.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceOf } from '../repository.mjs';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const isPage = (/** @type {string} */ path) => /^(?:[^/]+|docs\/.+|site\/reference\/.+)\.md$/.test(path);

/** Where the page of a file is: `docs/README.md` → `docs/index.md`. */
export const siteOf = (/** @type {string} */ path) => path.replace(/^site\/reference\//, 'reference/').replace(/(^|\/)README\.md$/, '$1index.md');

/** @param {import('vitepress').MarkdownRenderer} md */
export const links = (md) => {
  md.core.ruler.push('links', ({ tokens, env }) => {
    const file = env.realPath ?? env.path;
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.attrGet('href');
      if (token.type !== 'link_open' || href === null || /^(?:\w+:|#|\/)/.test(href)) continue;
      const [, target = '', hash = ''] = /^([^#]*)(.*)$/.exec(href) ?? [];
      const path = relative(root, join(dirname(file), decodeURI(target)));
      if (!existsSync(join(root, path))) throw new Error(`${relative(root, file)} links to ${path}, which does not exist`);
      token.attrSet('href', (isPage(path) ? `/${siteOf(path)}` : sourceOf(path)) + hash);
    }
  });
};
