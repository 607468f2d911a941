// @ts-check
/**
 * `npm run pictures`: takes the screenshots of the page for the documentation. Needs the built page and Chromium.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
mkdirSync(images, { recursive: true });

const server = spawn(process.execPath, ['server/main.mjs'], {
  cwd: fileURLToPath(new URL('../../docs/examples/angular/', import.meta.url)),
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
/** @type {string} */
const url = await new Promise((resolve, reject) => {
  server.once('exit', () => reject(new Error('the server ended')));
  createInterface({ input: server.stdout }).on('line', (line) => /^The page: /.test(line) && resolve(line.slice(10)));
});
process.on('exit', () => server.kill());
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** @type {readonly (readonly [name: string, options: import('playwright-core').BrowserContextOptions])[]} */
const looks = [
  ['page-wide', { viewport: { width: 1280, height: 860 }, colorScheme: 'light' }],
  ['page-dark', { viewport: { width: 1280, height: 860 }, colorScheme: 'dark' }],
  ['page-phone', { viewport: { width: 390, height: 780 }, colorScheme: 'light', deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
];
const pages = await Promise.all(looks.map(async ([name, options]) => {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(url);
  return { name, page };
}));
await Promise.all(pages.map(async ({ name, page }) => {
  // Most tasks have finished, and some run.
  await page.getByText(/^1[89] of 2\d finished$/).waitFor({ timeout: 120_000 });
  if (name === 'page-phone') await page.getByRole('radio', { name: 'List' }).click();
  if (name === 'page-dark') {
    await page.getByRole('button', { name: /^Play/ }).first().click();
    await page.getByRole('dialog').locator('video').evaluate((video) => new Promise((resolve) => video.addEventListener('timeupdate', resolve)));
  }
  await page.locator('app-thumbnail :is(img, video)').first().waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${images}${name}.png` });
  console.log(`docs/images/${name}.png`);
}));
await browser.close();
process.exit();
