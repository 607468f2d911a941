/**
 * Follows the links of the built pages, navigation included, to their pages and headings. VitePress checks less: the pages of links in texts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Throws the links that lead nowhere.
 *
 * @param {string} folder the built pages
 * @param {string} base   the path of the site on its host, from `/` to `/`
 */
export const checkLinks = (folder, base) => {
  const pages = new Map(readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .map((file) => [base + file, readFileSync(join(folder, file), 'utf8')]));
  const dead = [...pages].flatMap(([page, html]) =>
    [...html.matchAll(/<a [^>]*?href="(?!\w+:)([^"#]*)#?([^"]*)"/g)]
      .map(([, path = '', id = '']) => ({ to: path === '' ? page : path.replace(/\/$/, '/index.html'), id: decodeURIComponent(id) }))
      .filter(({ to, id }) => !pages.get(to)?.includes(id && ` id="${id}"`))
      .map(({ to, id }) => `${page} links to ${to}${id && `#${id}`}`));
  if (dead.length > 0) throw new Error(`links that lead nowhere:\n${[...new Set(dead)].slice(0, 40).join('\n')}`);
};
