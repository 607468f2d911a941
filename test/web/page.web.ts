/**
 * The page of docs/examples/angular in Chromium, with its own server, over the simulator.
 */
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import axe from 'axe-core';
import { build } from 'esbuild';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TaskRef } from '../../src/index.js';
import { type Outcome, simulatedProviders, startSimulator, type Submission } from '../../src/simulator/index.js';
import { addTask, type Server, startBrowser, startServer, watchesDirectory } from './world.js';

const key = 'sk-the-key-that-no-page-may-see';
const keys = Object.fromEntries(simulatedProviders.map((id) => [id, key]));

/** What becomes of each provider's four tasks. */
const plans: readonly Submission[] = [{ outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'moderated' }, { outcome: 'cancelled' }];

/** What a page calls the end of each outcome. AnyFast and two more tell a cancellation as a failure. */
const ends: Partial<Record<Outcome, RegExp>> = { succeeds: /^succeeded$/, moderated: /^failed$/, cancelled: /^(?:cancelled|failed)$/ };

let browser: Browser;
beforeAll(async () => { browser = await startBrowser(); });
afterAll(async () => { await browser.close(); });

/** A simulator and the page's server, both stopped when the test is over. */
const startWorld = async ({ speed = 40, count = 0 }: { speed?: number; count?: number } = {}) => {
  const simulator = await startSimulator({ speed, seed: 5, keys });
  const watches = watchesDirectory();
  let server = await startServer(simulator, { speed, watches: watches.path });
  const port = Number(new URL(server.url).port);
  onTestFinished(async () => {
    await server.kill();
    await simulator.stop();
    watches.remove();
  });
  const tasks = plans.slice(0, count / simulatedProviders.length).flatMap((plan) => simulatedProviders.map((id) => simulator.submit(id, plan)));
  for (const task of tasks) await addTask(server, task);
  return {
    simulator,
    tasks,
    url: server.url,
    server: (): Server => server,
    /** Kills the server, and returns a function that restarts it at the same address. */
    crash: async () => {
      await server.kill();
      return async () => { server = await startServer(simulator, { speed, watches: watches.path, port }); };
    },
  };
};

/** The URL, the headers and the body of a request. */
const wordsOf = async (request: Request): Promise<string> => [request.url(), JSON.stringify(await request.allHeaders()), request.postData() ?? ''].join('\n');

/** Opens a page, and records its requests and errors. */
const openPage = async (url: string, options: BrowserContextOptions = {}) => {
  const context: BrowserContext = await browser.newContext(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const requests: Request[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors, requests: () => Promise.all(requests.map(wordsOf)) };
};

const rowOf = (page: Page, { provider, id }: TaskRef) => page.locator('app-task-row').filter({ has: page.getByTitle(id, { exact: true }), hasText: provider });

const allFinished = (page: Page, count: number) => page.getByText(`${String(count)} of ${String(count)} finished`, { exact: true }).waitFor({ timeout: 60_000 });

describe('the page', () => {
  it('shows two dozen tasks of six providers to their ends, and sends no key', async () => {
    const { url, tasks, simulator } = await startWorld({ count: 24 });
    const { page, errors, requests } = await openPage(url);
    await allFinished(page, 24);
    for (const task of tasks) {
      await expect(rowOf(page, task).locator('.status').innerText()).resolves.toMatch(ends[simulator.scenario(task).outcome] ?? /$^/);
    }
    await page.getByText('100%', { exact: true }).waitFor();

    const [film] = tasks;
    await rowOf(page, film!).getByRole('button', { name: /^Play/ }).click();
    const video = rowOf(page, film!).locator('video');
    await expect.poll(() => video.evaluate((element) => (element as any).readyState as number), { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    await expect(rowOf(page, film!).locator('.expiry').innerText()).resolves.toMatch(/^link expires in \d+ h \d\d min$/);

    const sent = await requests();
    expect(sent.filter((words) => words.includes(key) || /authorization/i.test(words))).toEqual([]);
    expect(sent.some((words) => words.includes('/feed'))).toBe(true);
    expect(errors).toEqual([]);
  });

  it('survives a crash and a restart of the server without a reload', async () => {
    const { url, crash } = await startWorld({ count: 12, speed: 12 });
    const { page, errors } = await openPage(url);
    await page.locator('app-task-row').nth(11).waitFor();
    await page.evaluate(() => { (globalThis as { mark?: string }).mark = 'the same page'; });
    const revive = await crash();
    await page.getByText(/^The connection is lost/).waitFor({ timeout: 30_000 });
    expect(await page.locator('app-task-row').count()).toBe(12);
    await revive();
    await allFinished(page, 12);
    await expect.poll(() => page.getByText(/^The connection is lost/).count()).toBe(0);
    expect(await page.evaluate(() => (globalThis as { mark?: string }).mark)).toBe('the same page');
    expect(errors).toEqual([]);
  });

  it('adds a task by provider:id, explains invalid input, and filters by status', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(url);
    await page.getByRole('heading', { name: 'No task yet' }).waitFor();
    const field = page.getByLabel('Add a task');
    const task = simulator.submit('kyyaipower');

    await field.fill('nonsense');
    await field.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Enter a task as provider:id' }).waitFor();
    await field.fill('unknown:42');
    await field.press('Enter');
    await page.getByRole('alert').filter({ hasText: "no account for 'unknown'" }).waitFor();
    await field.fill(`${task.provider}:${task.id}`);
    await field.press('Enter');
    await allFinished(page, 1);
    await expect(rowOf(page, task).locator('.status').innerText()).resolves.toBe('succeeded');
    expect(await page.getByRole('alert').filter({ hasText: /./ }).count()).toBe(0);

    const filters = page.getByRole('group', { name: 'Which tasks are shown' });
    await filters.getByRole('button', { name: /^succeeded/ }).click();
    await filters.getByRole('button', { name: /^succeeded/, pressed: true }).waitFor();
    expect(await page.locator('app-task-row').count()).toBe(1);
  });

  it('shows the failed polls of a task as they happen, and that it recovers', async () => {
    const { url, simulator, server } = await startWorld();
    const { page } = await openPage(url);
    const task = simulator.submit('anyfast', { queueMs: 0, runMs: 120_000 });
    simulator.fault(task, 'bad-gateway-html', 4);
    await addTask(server(), task);
    await rowOf(page, task).locator('.last-error').filter({ hasText: /^Poll failed: .*\(\d in a row\), (?:next in \d+ s|polling again)$/ }).waitFor();
    await allFinished(page, 1);
    expect(await rowOf(page, task).locator('.last-error').count()).toBe(0);
  });
});

describe('the form that creates tasks', () => {
  /** Opens the form, enters a prompt and confirms the cost. */
  const buy = async (page: Page, provider: string, prompt: string): Promise<void> => {
    await page.getByText('Create a task').click();
    await page.getByLabel('Provider').selectOption(provider);
    await page.getByLabel('Prompt').fill(prompt);
    await page.getByLabel('Resolution').selectOption('480p');
    await page.getByLabel('Length in seconds').fill('6');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('button', { name: 'Buy it' }).click();
  };

  it('warns of the cost, creates a task with the key of the server, and shows it to its end', async () => {
    const { url, simulator } = await startWorld();
    const { page, errors, requests } = await openPage(url);
    await page.getByText('Create a task').click();
    await page.getByLabel('Prompt').fill('a boat');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'This buys one video of 5 s in 480p from ark, with the model doubao-seedance-2-0-260128.' }).waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    expect(simulator.tasks()).toEqual([]);
    await page.getByText('Create a task').click();

    await buy(page, 'kyyaipower', 'a boat in the rain');
    await allFinished(page, 1);
    const [task, ...others] = simulator.tasks();
    expect(others).toEqual([]);
    expect(task).toMatchObject({ provider: 'kyyaipower', request: { model: 'seedance_1_5_pro_480p', prompt: 'a boat in the rain', duration: 6 } });
    await page.getByText(`Created kyyaipower ${task!.id}.`).waitFor();
    await expect(rowOf(page, task!).locator('.status').innerText()).resolves.toBe('succeeded');
    expect((await requests()).filter((words) => words.includes(key) || /authorization/i.test(words))).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('does not buy twice when the first try had no response', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(url);
    simulator.fault('anyfast', 'reset-after-creation');
    await buy(page, 'anyfast', 'a boat');
    await page.getByRole('alert').filter({ hasText: 'It is unknown whether the task was created' }).waitFor();
    await page.getByRole('button', { name: 'Buy it' }).click();
    await page.getByRole('button', { name: 'Buy it', disabled: false }).waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('button', { name: 'Buy it' }).click();
    await page.getByRole('alert').filter({ hasText: 'It is unknown whether the task was created' }).waitFor();
    expect(simulator.tasks()).toHaveLength(1);
  });

  it('cancels a task while it is queued, and offers that for no other', async () => {
    const { url, simulator } = await startWorld({ speed: 12 });
    const { page, errors } = await openPage(url);
    await buy(page, 'ark', 'a boat');
    await expect.poll(() => simulator.tasks('ark'), { interval: 10 }).toHaveLength(1);
    const [task] = simulator.tasks('ark');
    simulator.reschedule(task!, { queueMs: 3_600_000 });
    const cancel = rowOf(page, task!).getByRole('button', { name: /^Cancel/ });
    await cancel.click();
    await allFinished(page, 1);
    await expect(rowOf(page, task!).locator('.status').innerText()).resolves.toBe('cancelled');
    expect(await cancel.count()).toBe(0);
    expect(simulator.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('has a server that creates only what the form offers, and cancels only what its feed shows', async () => {
    const { url, simulator } = await startWorld();
    const wish = { key: '0123456789abcdef', provider: 'ark', model: 'doubao-seedance-2-0-260128', prompt: 'a boat', resolution: '720p', seconds: 5 };
    const post = async (path: string, body: object): Promise<string> => {
      const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      return `${String(response.status)} ${((await response.json()) as { error?: string }).error ?? ''}`;
    };
    expect(await post('creations', { ...wish, key: 'short' })).toMatch(/^400 key must be/);
    expect(await post('creations', { ...wish, provider: 'toString' })).toMatch(/^400 no account for 'toString'/);
    expect(await post('creations', { ...wish, model: 'dear-model' })).toMatch(/^400 model must be one of/);
    expect(await post('creations', { ...wish, prompt: 'x'.repeat(2001) })).toMatch(/^400 prompt must have 1 to 2000 characters/);
    expect(await post('creations', { ...wish, prompt: 'x'.repeat(10_000) })).toMatch(/^400 the body must be shorter/);
    expect(await post('creations', { ...wish, resolution: '2160p' })).toMatch(/^400 resolution must be one of/);
    expect(await post('creations', { ...wish, seconds: 60 })).toMatch(/^400 seconds must be an integer from 4 to 12/);
    const stranger = simulator.submit('ark', { queueMs: 3_600_000 });
    expect(await post('cancellations', { task: `ark:${stranger.id}` })).toBe('400 only tasks of the feed can be cancelled');
    expect((await fetch(`${url}creations`, { method: 'POST', body: JSON.stringify(wish) })).status).toBe(400);
    expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('the page with a screen reader, on a phone and in dark mode', () => {
  const looks: readonly (readonly [string, BrowserContextOptions])[] = [
    ['wide and light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
    ['wide and dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 360, height: 740 }, colorScheme: 'light', hasTouch: true, isMobile: true }],
  ];

  it.each(looks)('has no serious accessibility fault: %s', async (_, look) => {
    const { url, tasks } = await startWorld({ count: 24 });
    const { page } = await openPage(url, { ...look, bypassCSP: true });
    const faults = async (): Promise<readonly string[]> => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    };
    expect(await faults()).toEqual([]);
    await page.getByText('Create a task').click();
    await page.getByLabel('Prompt').fill('a boat');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('button', { name: 'Buy it' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.locator('app-task-row').nth(23).waitFor();
    expect(await faults()).toEqual([]);
    await allFinished(page, 24);
    await rowOf(page, tasks[0]!).getByRole('button', { name: /^Play/ }).click();
    await page.getByLabel('Add a task').fill('nonsense');
    await page.getByLabel('Add a task').press('Enter');
    expect(await faults()).toEqual([]);
    // Nothing is wider than the page.
    expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(true);
  });

  it('can be used with the keyboard only', async () => {
    const { url, simulator } = await startWorld();
    const { page } = await openPage(url);
    const task = simulator.submit('anyfast');
    await page.getByRole('heading', { name: 'No task yet' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type(`anyfast:${task.id}`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await allFinished(page, 1);
    const play = rowOf(page, task).getByRole('button', { name: /^Play/ });
    for (let presses = 0; presses < 8 && !(await play.evaluate((button) => button === (globalThis as any).document.activeElement)); presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await rowOf(page, task).locator('video').waitFor();
  });
});

describe('the library itself in a page', () => {
  /** Bundles the library and the fetch transport as one script. */
  const bundled = async (): Promise<string> => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { account, createTaskClient } from './src/index.ts';
          import { fetchTransport } from './src/adapters/fetch.ts';
          import { anyfast } from './src/providers/anyfast.ts';
          import { atSpeed } from './src/simulator/at-speed.ts';
          globalThis.clientOf = (baseUrl, speed, originMs) =>
            createTaskClient({ transport: fetchTransport(), accounts: [account(anyfast, { apiKey: null, baseUrl })], scheduler: atSpeed(speed, originMs) });`,
        resolveDir: process.cwd(),
      },
      alias: { 'fp-ts/Either': createRequire(import.meta.url).resolve('fp-ts/lib/Either') },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
    });
    return outputFiles[0]!.text;
  };

  it('polls through its server, and aborts when it is unsubscribed', async () => {
    const speed = 40;
    const { url, simulator } = await startWorld({ speed });
    const { page, requests } = await openPage(url, { bypassCSP: true });
    await page.evaluate(await bundled());
    const statuses = (task: TaskRef) =>
      page.evaluate(
        ([baseUrl, id, ...clock]) =>
          new Promise<string[]>((resolve, reject) => {
            const seen: string[] = [];
            (globalThis as any).clientOf(baseUrl, ...clock).watch({ provider: 'anyfast', id }).subscribe({
              next: ({ to }: { to: string }) => seen.push(to),
              error: reject,
              complete: () => resolve(seen),
            });
          }),
        [`${url}poll/anyfast`, task.id, speed, performance.timeOrigin] as const,
      );
    expect((await statuses(simulator.submit('anyfast', { queueMs: 0, runMs: 60_000 }))).at(-1)).toBe('succeeded');

    const hanging = simulator.submit('anyfast');
    simulator.fault(hanging, 'hang');
    const aborted = page.waitForEvent('requestfailed', (request) => request.url().includes(hanging.id));
    const sent = page.waitForRequest((request) => request.url().includes(hanging.id));
    await page.evaluate(
      ([baseUrl, id, ...clock]) => { (globalThis as any).watching = (globalThis as any).clientOf(baseUrl, ...clock).watch({ provider: 'anyfast', id }).subscribe(); },
      [`${url}poll/anyfast`, hanging.id, speed, performance.timeOrigin] as const,
    );
    await sent;
    await page.evaluate(() => (globalThis as any).watching.unsubscribe());
    expect((await aborted).failure()?.errorText).toBe('net::ERR_ABORTED');
    // The request to the provider is aborted too.
    await expect.poll(() => simulator.requests.filter(({ id, fault }) => id === hanging.id && fault === 'hang').length).toBe(1);
    expect((await requests()).filter((words) => words.includes(key) || /authorization/i.test(words))).toEqual([]);
  });

  it('can request only tasks by their ids', async () => {
    const { url, simulator } = await startWorld();
    const statusOf = async (path: string): Promise<number> => (await fetch(url + path)).status;
    const before = simulator.requests.length;
    expect(await statusOf('poll/ark/contents/generations/tasks?page_size=100')).toBe(404);
    expect(await statusOf('poll/anyfast/../../v1/models')).toBe(404);
    expect(await statusOf('poll/unknown/v1/tasks/1')).toBe(404);
    expect(simulator.requests).toHaveLength(before);
  });

  it.each(['GET //', 'GET ///', 'GET http://elsewhere.example//', 'OPTIONS *', 'GET /%', 'GET /poll/ark/contents/generations/tasks/%2e%2e'])('cannot end the server by %s', async (firstLine) => {
    const { url, simulator } = await startWorld();
    const before = simulator.requests.length;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`${firstLine} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 [234]/);
    expect((await fetch(url)).status).toBe(200);
    expect(simulator.requests).toHaveLength(before);
  });
});
