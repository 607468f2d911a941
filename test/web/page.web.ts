/**
 * The page of docs/examples/angular in Chromium and Firefox, with its own server, over the simulator.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/simulator/index.js';
import { addTask, allFinished, browserNames, cardOf, choose, openPage, post, requestsWithKey, startBrowser, startServer, startWorld } from './world.js';

/** The status in which each outcome ends. AnyFast and two more tell a cancellation as a failure. */
const ends: Partial<Record<Outcome, RegExp>> = { succeeds: /^succeeded$/, moderated: /^failed$/, cancelled: /^(?:cancelled|failed)$/ };

describe.each(browserNames)('the page in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => { browser = await startBrowser(name); });
  afterAll(async () => { await browser.close(); });

  it('shows two dozen tasks of six providers to their ends, plays and downloads a video, and sends no key', async () => {
    const { url, tasks, simulator } = await startWorld({ count: 24 });
    const { page, errors, requests } = await openPage(browser, url);
    await allFinished(page, 24);
    await page.getByText('100%', { exact: true }).waitFor();
    const search = page.getByLabel('Search by prompt or ID');
    for (const task of tasks) {
      await search.fill(task.id);
      await expect.poll(() => page.locator('app-task-card').count()).toBe(1);
      expect(await cardOf(page, task).getAttribute('data-status')).toMatch(ends[simulator.scenario(task).outcome] ?? /$^/);
    }

    const film = tasks[0]!;
    await search.fill(film.id);
    const card = cardOf(page, film);
    await card.hover();
    await card.getByRole('button', { name: /^Play/ }).click();
    const details = page.getByRole('dialog');
    await expect.poll(() => details.locator('video').evaluate((video) => (video as any).currentTime as number), { timeout: 20_000 }).toBeGreaterThan(0);
    await details.getByText('Link expires', { exact: true }).waitFor();
    await details.getByText('running → succeeded').waitFor();
    const file = await fetch(new URL((await details.getByRole('link', { name: 'Download' }).getAttribute('href'))!, url));
    expect([file.headers.get('content-type'), file.headers.get('content-disposition')]).toEqual(['video/mp4', `attachment; filename="${film.provider}-${film.id}.mp4"`]);

    const sent = await requests();
    expect(requestsWithKey(sent)).toEqual([]);
    expect(sent.some((words) => words.includes('/feed'))).toBe(true);
    expect(errors).toEqual([]);
  });

  it('creates a video after a warning of its cost and plays it, and cancels another while that is queued', async () => {
    const { url, simulator } = await startWorld({ speed: 20 });
    const { page, errors, requests } = await openPage(browser, url);
    const create = async (provider: string, prompt: string): Promise<void> => {
      await page.getByRole('button', { name: 'New video' }).first().click();
      await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
      await choose(page, 'Provider', provider);
      await choose(page, 'Resolution', '480p');
      // Playwright's fill adds to a number in Firefox.
      await page.getByLabel('Length in seconds').press('Control+a');
      await page.getByLabel('Length in seconds').pressSequentially('6');
      await page.getByText(`${provider} charges your account for this video: 6 s in 480p.`).waitFor();
      await page.getByRole('button', { name: 'Create and pay' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    };

    await create('kyyaipower', 'a boat in the rain');
    const [boat, ...others] = simulator.tasks();
    expect(others).toEqual([]);
    expect(boat).toMatchObject({ provider: 'kyyaipower', request: { model: 'seedance_1_5_pro_480p', prompt: 'a boat in the rain', duration: 6 } });
    await allFinished(page, 1);
    const card = cardOf(page, boat!);
    await card.getByRole('button', { name: 'a boat in the rain: details' }).click();
    const video = page.getByRole('dialog').locator('video');
    await video.evaluate((element) => (element as any).play() as Promise<void>);
    await expect.poll(() => video.evaluate((element) => (element as any).currentTime as number)).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Close' }).click();

    const creating = create('ark', 'a kite');
    await expect.poll(() => simulator.tasks('ark'), { interval: 10, timeout: 20_000 }).toHaveLength(1);
    const [kite] = simulator.tasks('ark');
    simulator.reschedule(kite!, { queueMs: 3_600_000 });
    await creating;
    await cardOf(page, kite!).getByRole('button', { name: /^Cancel/ }).click();
    await allFinished(page, 2);
    await expect.poll(() => cardOf(page, kite!).getAttribute('data-status')).toBe('cancelled');
    expect(simulator.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    expect(requestsWithKey(await requests())).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('survives a crash and a restart of the server without a reload', async () => {
    const { url, tasks, crash } = await startWorld({ count: 12, speed: 12 });
    const { page, errors } = await openPage(browser, url, { viewport: { width: 1280, height: 1600 } });
    await page.locator('app-task-card').nth(11).waitFor();
    await post(url, 'removals', { task: `${tasks[0]!.provider}:${tasks[0]!.id}` });
    await cardOf(page, tasks[0]!).waitFor({ state: 'detached' });
    await page.evaluate(() => { (globalThis as { mark?: string }).mark = 'the same page'; });
    const revive = await crash();
    await page.getByText('The connection to the server is lost').waitFor({ timeout: 30_000 });
    await page.getByText('Reconnecting').waitFor();
    expect(await page.locator('app-task-card').count()).toBe(11);
    await revive();
    await allFinished(page, 11);
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByText('The connection to the server is lost').count()).toBe(0);
    expect(await page.evaluate(() => (globalThis as { mark?: string }).mark)).toBe('the same page');
    expect(errors).toEqual([]);
  });

  it('scrolls through 5,000 videos, of which it renders only those on the screen', async ({ annotate }) => {
    const { url } = await startWorld({ speed: 1, queued: 5000 });
    const { page, errors } = await openPage(browser, url, { viewport: { width: 1280, height: 800 } });
    await page.getByText('0 of 5000 finished').waitFor({ timeout: 30_000 });
    const times = await page.evaluate(() => new Promise<readonly number[]>((resolve) => {
      const page = globalThis as any;
      const frames: number[] = [];
      let before = performance.now();
      const frame = (now: number): void => {
        frames.push(now - before);
        before = now;
        page.scrollBy(0, 80);
        if (frames.length < 240) page.requestAnimationFrame(frame);
        else resolve(frames.slice(1));
      };
      page.requestAnimationFrame(frame);
    }));
    const sorted = times.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? NaN;
    await annotate(`${name}: at 80 px a frame, a frame takes ${at(0.5).toFixed(1)} ms in the median, ${at(0.95).toFixed(1)} ms at the 95th percentile`);
    expect(at(0.5)).toBeLessThan(34);
    expect(at(0.95)).toBeLessThan(150);
    expect(await page.locator('app-task-card').count()).toBeLessThan(100);
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await page.locator('app-task-card[aria-posinset="5000"]').waitFor();
    expect(errors).toEqual([]);
  });

  it('begins the simulated tasks with the first reader, and starts them again', async () => {
    const server = await startServer({ PORT: '0' });
    try {
      const { page, errors } = await openPage(browser, server.url);
      await page.getByText('of 24 finished').waitFor();
      await page.getByText(/^[5-9] of 24 finished$/).waitFor({ timeout: 30_000 });
      await page.getByRole('button', { name: 'More', exact: true }).click();
      await page.getByRole('menuitem', { name: 'Start again' }).click();
      await page.getByText(/^0 of \d+ finished$/).waitFor();
      await page.getByText('of 24 finished').waitFor();
      expect(errors).toEqual([]);
    } finally {
      await server.kill();
    }
  });
});

describe('what a visitor does on the page', () => {
  let browser: Browser;
  beforeAll(async () => { browser = await startBrowser('Chromium'); });
  afterAll(async () => { await browser.close(); });

  it('adds a task by provider:id, and explains invalid input', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(browser, url);
    await page.getByRole('heading', { name: 'No videos yet' }).waitFor();
    await page.getByRole('button', { name: 'Add a task' }).click();
    const field = page.getByRole('textbox', { name: 'Task' });
    const task = simulator.submit('kyyaipower');
    await field.fill('nonsense');
    await field.press('Enter');
    await page.getByText('Enter a task as provider:id').waitFor();
    await field.fill('unknown:42');
    await field.press('Enter');
    await page.getByRole('alert').filter({ hasText: "no account for 'unknown'" }).waitFor();
    await field.fill(`${task.provider}:${task.id}`);
    await field.press('Enter');
    await allFinished(page, 1);
    expect(await cardOf(page, task).getAttribute('data-status')).toBe('succeeded');
  });

  it('filters by status, provider and text, and shows all again', async () => {
    const { url, tasks } = await startWorld({ count: 12 });
    const { page } = await openPage(browser, url, { viewport: { width: 1280, height: 1600 } });
    await allFinished(page, 12);
    const shown = () => page.locator('app-task-card').count();
    await page.getByRole('option', { name: 'Failed' }).or(page.getByRole('option', { name: 'Succeeded 12' })).first().click();
    expect(await shown()).toBe(12);
    await choose(page, 'Provider', 'ark');
    await expect.poll(shown).toBe(2);
    await page.getByLabel('Search by prompt or ID').fill(tasks[1]!.id);
    await page.getByRole('heading', { name: 'No video matches' }).waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(shown).toBe(12);
  });

  it('copies, removes and brings back a task from its menu', async () => {
    const { url, tasks } = await startWorld({ count: 6 });
    const { page, context } = await openPage(browser, url);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await allFinished(page, 6);
    const [task] = tasks;
    const menu = async (item: string): Promise<void> => {
      await cardOf(page, task!).getByRole('button', { name: /^Actions for/ }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await menu('Copy ID');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(task!.id);
    await menu('Copy link');
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^http:\/\/127\.0\.0\.1/);
    await menu('Remove');
    await allFinished(page, 5);
    await page.getByRole('button', { name: 'Undo' }).click();
    await allFinished(page, 6);
  });

  it('does not buy twice when the first try had no response', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(browser, url);
    simulator.fault('anyfast', 'reset-after-creation');
    const create = page.getByRole('button', { name: 'Create and pay' });
    await page.getByRole('button', { name: 'New video' }).first().click();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('a boat');
    await choose(page, 'Provider', 'anyfast');
    await create.click();
    await page.getByRole('alert').filter({ hasText: 'It is unknown whether the task was created' }).waitFor();
    await create.click();
    await create.and(page.locator(':enabled')).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'New video' }).first().click();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('a boat');
    await choose(page, 'Provider', 'anyfast');
    await create.click();
    await page.getByRole('alert').filter({ hasText: 'It is unknown whether the task was created' }).waitFor();
    expect(simulator.tasks()).toHaveLength(1);
  });

  it('sees the failed polls of a task as they happen, and that it recovers', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(browser, url);
    const task = simulator.submit('anyfast', { queueMs: 0, runMs: 120_000 });
    simulator.fault(task, 'bad-gateway-html', 4);
    await addTask(url, task);
    await cardOf(page, task).getByText(/^Retrying/).waitFor();
    await cardOf(page, task).getByRole('button', { name: /: details$/ }).click();
    await page.getByText(/^Poll failed: .*\(\d in a row\), (?:next in \d+ s|polling again)$/).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await allFinished(page, 1);
    expect(await cardOf(page, task).getByText(/^Retrying/).count()).toBe(0);
  });

  it('can be done with the keyboard only', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(browser, url);
    await page.getByRole('heading', { name: 'No videos yet' }).waitFor();
    const isFocused = (label: RegExp) => page.evaluate((source) => {
      const { document } = globalThis as any;
      return document.activeElement.matches('button, a') && new RegExp(source).test(document.activeElement.ariaLabel ?? document.activeElement.textContent);
    }, label.source);
    const tabTo = async (label: RegExp): Promise<void> => {
      for (let presses = 0; presses < 20 && !(await isFocused(label)); presses += 1) await page.keyboard.press('Tab');
      expect(await isFocused(label)).toBe(true);
    };
    await tabTo(/Add a task/);
    await page.keyboard.press('Enter');
    await page.locator('input:focus').and(page.getByRole('textbox', { name: 'Task' })).waitFor();
    await page.keyboard.type(`anyfast:${simulator.submit('anyfast').id}`);
    await page.keyboard.press('Enter');
    await allFinished(page, 1);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await tabTo(/^Play anyfast/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').locator('video').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await isFocused(/^Play anyfast/)).toBe(true);
  });
});
