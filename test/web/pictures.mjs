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
  ['page-wide', { viewport: { width: 1100, height: 860 }, colorScheme: 'light' }],
  ['page-dark', { viewport: { width: 1100, height: 860 }, colorScheme: 'dark' }],
  ['page-phone', { viewport: { width: 380, height: 780 }, colorScheme: 'light', deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
];
const pages = await Promise.all(looks.map(async ([name, options]) => {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(url);
  return { name, page };
}));
await Promise.all(pages.map(async ({ name, page }) => {
  // Some tasks have finished, some run, and one video plays.
  await page.getByText(/^(?:9|1\d|2\d) of 24 finished$/).waitFor({ timeout: 120_000 });
  const id = await page.locator('app-task-row.succeeded .id').first().innerText();
  const row = page.locator('app-task-row').filter({ has: page.getByTitle(id, { exact: true }) });
  await row.getByRole('button', { name: /^Play/ }).click();
  await row.locator('video').evaluate((video) => new Promise((resolve) => video.addEventListener('timeupdate', resolve)));
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: `${images}${name}.png` });
  console.log(`docs/images/${name}.png`);
}));
await browser.close();
process.exit();
