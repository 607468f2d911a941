/**
 * The documentation as a site. Its pages are the Markdown files of the repository, where they are; the sidebar is the index of
 * docs/README.md. `npm run docs:site` writes the pages under reference/ first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slug } from 'github-slugger';
import { createLogger } from 'vite';
import { defineConfig } from 'vitepress';
import { repository } from '../repository.mjs';
import { checkLinks } from './check-links.mjs';
import { introduction, landingPage } from './landing.mjs';
import { links, root, siteOf } from './links.mjs';

const refuse = (/** @type {string} */ warning) => { throw new Error(warning); };
/** With it, a warning fails the build. */
const strict = { ...createLogger(), warn: refuse, warnOnce: refuse };

/** The pages become Vue components outside of the folder that Vue is installed in, where the server build does not find it. @type {import('vite').Plugin} */
const vueOfSite = {
  name: 'vue-of-site',
  enforce: 'pre',
  resolveId: (id, _, { ssr }) => (ssr && /^vue(?:\/|$)/.test(id) ? { id, external: true } : null),
};

const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');
const titleOf = (/** @type {string} */ path) => /^# (.+)/m.exec(read(path))?.[1]?.replaceAll('`', '') ?? path;

/** A group for each section of docs/README.md, with the pages that it links to. */
const guide = read('docs/README.md').split(/^## /m).slice(1).map((section) => ({
  text: section.slice(0, section.indexOf('\n')),
  items: [...section.matchAll(/\]\(([^)#:]+\.md)\)/g)].map(([, link = '']) => {
    const path = join('docs', link);
    return { text: titleOf(path), link: `/${siteOf(path)}` };
  }),
}));

/** @typedef {{ readonly title: string, readonly path?: string, readonly children?: readonly Name[] }} Name */
/**
 * @param {Name} name
 * @returns {import('vitepress').DefaultTheme.SidebarItem}
 */
const referenceItem = ({ title, path, children }) => ({
  text: title.replace('rx-seedance/', ''),
  ...(path && { link: `/reference/${path}` }),
  ...(children && { items: children.map(referenceItem), collapsed: true }),
});
const reference = JSON.parse(read('site/reference/navigation.json')).map(referenceItem);

/** Headings of the reference that are no results by themselves: their text belongs to the name above them. */
const partsOfMembers = /<h([2-6]) [^>]*>(Example|Extended by|Extends|Inherited from|Overrides|Parameters|Returns|Type Parameters) <a class="header-anchor".*?<\/h\1>/g;

export default defineConfig({
  title: 'rx-seedance',
  description: introduction,
  lang: 'en',
  srcDir: root,
  srcExclude: ['{.github,coverage,dist,reference,src,test}/**', 'site/*.md'],
  outDir: join(root, 'site/dist'),
  rewrites: siteOf,
  head: [['link', { rel: 'icon', href: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="%233451b2"/><path d="M6 4.5v7l6-3.5z" fill="white"/></svg>' }]],
  markdown: {
    anchor: { slugify: slug },
    languageAlias: { mjs: 'js' },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    config: (md) => md.use(links).use(landingPage),
  },
  transformPageData: (page) => {
    if (page.relativePath === 'index.md') {
      page.titleTemplate = false;
      page.frontmatter = {
        layout: 'home',
        hero: {
          name: 'rx-seedance',
          tagline: introduction,
          actions: [
            { text: 'Get started', link: '/docs/getting-started' },
            { text: 'All pages', link: '/docs/', theme: 'alt' },
            { text: 'Reference', link: '/reference/', theme: 'alt' },
          ],
        },
      };
    }
    if (page.relativePath.startsWith('reference/')) Object.assign(page.frontmatter, { editLink: false, pageClass: 'reference', prev: false, next: false });
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/docs/', activeMatch: '^/docs/(?!recipes/|providers)' },
      { text: 'Recipes', link: '/docs/#recipes', activeMatch: '^/docs/recipes/' },
      { text: 'Providers', link: '/docs/providers', activeMatch: '^/docs/providers' },
      { text: 'Reference', link: '/reference/', activeMatch: '^/reference/' },
    ],
    sidebar: { '/reference/': [{ text: 'Reference', link: '/reference/', items: reference }], '/': guide },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        _render: (source, env, md) => md.render(source, env).replace(partsOfMembers, '<p>$2</p>'),
        // Pages first, then the reference.
        miniSearch: { searchOptions: { boostDocument: (id) => (/\/reference\//.test(id) ? 1 : 4) } },
      },
    },
    editLink: { pattern: `${repository}/edit/main/:path`, text: 'Edit this page' },
    socialLinks: [{ icon: 'github', link: repository }],
    externalLinkIcon: true,
  },
  buildEnd: ({ outDir, site }) => checkLinks(outDir, site.base),
  vite: {
    plugins: [vueOfSite],
    ...(process.env.NODE_ENV === 'production' && { customLogger: strict }),
    build: { chunkSizeWarningLimit: 4000 },
  },
});
