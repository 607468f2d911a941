/**
 * Every state of the page in both browsers: no serious finding of axe, and nothing wider than the window.
 */
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTask, allFinished, type BrowserName, browserNames, cardOf, openPage, startBrowser, startWorld } from './world.js';

/** Waits until nothing fades in or out. Half-faded text has too little contrast. */
const settled = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { document, requestAnimationFrame } = globalThis as any;
    for (let frames = 0; frames < 2; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    const ending: any[] = document.getAnimations().filter((animation: any) => animation.effect.getComputedTiming().endTime !== Infinity);
    await Promise.all(ending.map(({ finished }) => (finished as Promise<unknown>).catch(() => undefined)));
  });

const faults = async (page: Page): Promise<readonly string[]> => {
  await settled(page);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
};

/** The controls that are not fully within the width of the window, but for the chips, which scroll. */
const cutOff = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const page = globalThis as any;
    const innerWidth = Number(page.innerWidth);
    const cut = [...page.document.querySelectorAll('button, input, select, a, textarea, h1, h2')].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      return width > 0 && element.closest('mat-chip-listbox, .cdk-visually-hidden') === null && (left < -1 || right > innerWidth + 1);
    });
    return [...cut.map((element) => element.outerHTML.slice(0, 200)), ...(page.document.documentElement.scrollWidth > innerWidth ? ['the page'] : [])];
  });

const widths = [390, 768, 1280, 1920];

/** Goes through every state of the page. `see` gets each one by its name. */
const throughStates = async (browser: Browser, options: BrowserContextOptions, see: (state: string, page: Page) => Promise<void>): Promise<void> => {
  const empty = await startWorld();
  const waiting = await openPage(browser, empty.url, options, (page) => page.route('**/feed', () => undefined));
  await waiting.page.locator('.skeleton').waitFor();
  await see('connecting', waiting.page);
  const refused = await openPage(browser, empty.url, options, (page) => page.route('**/feed', (route) => route.fulfill({ status: 403, body: 'no' })));
  await refused.page.getByRole('heading', { name: 'The page gets no more news' }).waitFor();
  await see('failed', refused.page);
  const nothing = await openPage(browser, empty.url, options);
  await nothing.page.getByRole('heading', { name: 'No videos yet' }).waitFor();
  await see('no videos', nothing.page);

  const { url, simulator, tasks, crash } = await startWorld({ count: 18, speed: 20 });
  const { page } = await openPage(browser, url, options);
  const close = async (): Promise<void> => {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await page.locator('app-task-card[data-status=running]').first().waitFor();
  await see('running', page);
  const slow = simulator.submit('ark', { queueMs: 3_600_000 });
  await addTask(url, slow);
  await cardOf(page, slow).getByRole('button', { name: /^Cancel/ }).waitFor();
  await page.getByText('18 of 19 finished').waitFor({ timeout: 60_000 });
  await cardOf(page, slow).getByRole('button', { name: /: details$/ }).click();
  await page.getByRole('button', { name: 'Cancel the task' }).waitFor();
  await see('details of a queued task', page);
  await page.getByRole('button', { name: 'Cancel the task' }).click();
  await close();
  await allFinished(page, 19);
  await page.evaluate('scrollTo(0, 0)');
  await see('finished', page);
  const search = page.getByLabel('Search by prompt or ID');
  for (const [state, task] of [['details of a video', tasks[0]], ['details of a failed task', tasks[12]]] as const) {
    await search.fill(task!.id);
    await cardOf(page, task!).getByRole('button', { name: /: details$/ }).click();
    await page.getByText('What happened').waitFor();
    await see(state, page);
    await close();
  }
  await search.fill('nothing has this name');
  await page.getByRole('heading', { name: 'No video matches' }).waitFor();
  await see('no match', page);
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.getByRole('radio', { name: 'List' }).click();
  await page.locator('.list app-task-card').first().waitFor();
  await see('list', page);
  await page.getByRole('button', { name: /^Actions for/ }).first().click();
  await page.getByRole('menuitem', { name: 'Copy ID' }).waitFor();
  await see('menu', page);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'New video' }).click();
  await page.getByRole('button', { name: 'Create and pay' }).click();
  await page.getByText('Describe the video.').waitFor();
  await see('form with an error', page);
  await close();
  await crash();
  await page.getByText('The connection to the server is lost').waitFor({ timeout: 30_000 });
  await see('server lost', page);
};

describe.each(browserNames)('every state of the page in %s', (name: BrowserName) => {
  let browser: Browser;
  beforeAll(async () => { browser = await startBrowser(name); });
  afterAll(async () => { await browser.close(); });

  it('has no serious accessibility fault, and fits into a phone, a tablet and a wide screen', async () => {
    const found: string[] = [];
    await throughStates(browser, {}, async (state, page) => {
      found.push(...(await faults(page)).map((fault) => `${state}: ${fault}`));
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        await expect.poll(() => page.evaluate('innerWidth')).toBe(width);
        found.push(...(await cutOff(page)).map((element) => `${state} at ${width} px: ${element}`));
      }
      await page.setViewportSize({ width: 1280, height: 800 });
    });
    expect(found).toEqual([]);
  });
});

it('has no serious accessibility fault in dark mode and on a phone', async () => {
  const browser = await startBrowser('Chromium');
  try {
    const found: string[] = [];
    await throughStates(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true, reducedMotion: 'reduce' }, async (state, page) => {
      found.push(...(await faults(page)).map((fault) => `${state}: ${fault}`));
    });
    expect(found).toEqual([]);
  } finally {
    await browser.close();
  }
});

it('says when the browser is offline, and goes on when it is back', async () => {
  const browser = await startBrowser('Chromium');
  try {
    const { url } = await startWorld({ count: 6, speed: 12 });
    const { page, context } = await openPage(browser, url);
    await page.getByText('of 6 finished').waitFor();
    await context.setOffline(true);
    await page.getByText('You are offline').waitFor();
    expect(await faults(page)).toEqual([]);
    await context.setOffline(false);
    await page.getByText('Live', { exact: true }).waitFor();
  } finally {
    await browser.close();
  }
});
