/**
 * `node site/pictures.mjs`: takes the screenshots of the built site (`npm run docs:site`). Needs Chromium.
 */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from 'vitepress';

const port = 4173;
await serve({ root: fileURLToPath(new URL('./', import.meta.url)), port });
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** @type {readonly (readonly [name: string, path: string, options: import('playwright-core').BrowserContextOptions])[]} */
const pictures = [
  ['site-light', '', { viewport: { width: 1280, height: 860 }, colorScheme: 'light' }],
  ['site-dark', 'reference/rx-seedance/functions/exponentialDelay.html', { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' }],
  ['site-phone', 'docs/concepts.html#the-life-of-a-watch', { viewport: { width: 390, height: 700 }, colorScheme: 'light', deviceScaleFactor: 2, isMobile: true }],
];
for (const [name, path, options] of pictures) {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(`http://localhost:${port}/${path}`, { waitUntil: 'networkidle' });
  await page.screenshot({ path: fileURLToPath(new URL(`../docs/images/${name}.png`, import.meta.url)) });
  console.log(`docs/images/${name}.png`);
}
await browser.close();
process.exit();
