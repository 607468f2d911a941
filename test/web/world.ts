/**
 * Helpers of the browser tests: a simulator, the page's server as a separate process, and the browsers.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, firefox, type Page, type Request } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import type { TaskRef } from '../../src/index.js';
import { simulatedProviders, type Simulator, startSimulator, type Submission } from '../../src/simulator/index.js';

export const application = fileURLToPath(new URL('../../docs/examples/angular/', import.meta.url));

export type BrowserName = 'Chromium' | 'Firefox';

export const browserNames: readonly BrowserName[] = ['Chromium', 'Firefox'];

const programs = {
  Chromium: { variable: 'CHROMIUM', path: '/usr/bin/chromium', launch: (executablePath: string) => chromium.launch({ executablePath, args: ['--no-sandbox'] }) },
  // Over WebDriver BiDi. Later versions of Playwright send commands that Firefox ESR does not know.
  Firefox: { variable: 'FIREFOX', path: '/usr/bin/firefox-esr', launch: (executablePath: string) => firefox.launch({ executablePath, channel: 'moz-firefox' }) },
} as const;

/** Starts a browser: the system's, or the one that `CHROMIUM` or `FIREFOX` names. */
export const startBrowser = async (name: BrowserName): Promise<Browser> => {
  const { variable, path, launch } = programs[name];
  const executablePath = process.env[variable] ?? path;
  if (!existsSync(executablePath)) throw new Error(`${name} not found at ${executablePath}; set ${variable} to its path`);
  return launch(executablePath);
};

/** The page's server in a separate process. */
export interface Server {
  readonly url: string;
  /** Kills it with SIGKILL, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Stops it with SIGTERM. */
  readonly stop: () => Promise<void>;
}

/** Starts the page's server with some variables. */
export const startServer = async (variables: Readonly<Record<string, string>>): Promise<Server> => {
  const child = spawn(process.execPath, ['server/main.mjs'], { cwd: application, env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}: ${errors.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^The page: (\S+)$/.exec(line);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
  });
  return { url, kill: () => ended(child, 'SIGKILL'), stop: () => ended(child, 'SIGTERM') };
};

const ended = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });

/** The variables of a server that reaches a simulator as it would reach the real providers. */
const variablesFor = (simulator: Simulator, { speed, data, port = 0 }: { readonly speed: number; readonly data: string; readonly port?: number }): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(simulatedProviders.flatMap((id) => [
    [`${id.toUpperCase()}_API_KEY`, simulator.apiKey(id)],
    [`${id.toUpperCase()}_BASE_URL`, simulator.baseUrl(id)],
  ])),
  ...clockVariables(speed),
  DATA: data,
  PORT: String(port),
});

export const key = 'sk-the-key-that-no-page-may-see';
const keys = Object.fromEntries(simulatedProviders.map((id) => [id, key]));

/** What becomes of each provider's four tasks. */
const plans: readonly Submission[] = [{ outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'moderated' }, { outcome: 'cancelled' }];

/** Posts to the server as the page does. Gives the status and the error. */
export const post = async (url: string, path: string, body: object): Promise<string> => {
  const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return `${String(response.status)} ${((await response.json()) as { error?: string }).error ?? ''}`.trim();
};

/** Adds a task as the page does. */
export const addTask = async (url: string, { provider, id }: TaskRef): Promise<void> => {
  const answer = await post(url, 'tasks', { task: `${provider}:${id}` });
  if (answer !== '202') throw new Error(answer);
};

/**
 * A simulator and the page's server, both stopped when the test is over.
 *
 * @param options.count  how many tasks with several outcomes are added, in sixes
 * @param options.queued how many queued tasks the server knows from an earlier run
 */
export const startWorld = async ({ speed = 40, count = 0, queued = 0 }: { speed?: number; count?: number; queued?: number } = {}) => {
  const simulator = await startSimulator({ speed, seed: 5, keys });
  const data = mkdtempSync(join(tmpdir(), 'rx-seedance-web-'));
  const known = Array.from({ length: queued }, () => simulator.submit('ark', { queueMs: 3_600_000 }));
  writeFileSync(join(data, 'notes.jsonl'), known.map((task) => `${JSON.stringify({ task })}\n`).join(''));
  let server = await startServer(variablesFor(simulator, { speed, data }));
  const { url } = server;
  onTestFinished(async () => {
    await server.kill();
    await simulator.stop();
    rmSync(data, { recursive: true, force: true });
  });
  const tasks = plans.slice(0, count / simulatedProviders.length).flatMap((plan) => simulatedProviders.map((id) => simulator.submit(id, plan)));
  for (const task of tasks) await addTask(url, task);
  return {
    simulator,
    tasks,
    url,
    /** Kills the server, and returns a function that restarts it at the same address. */
    crash: async () => {
      await server.kill();
      return async () => { server = await startServer(variablesFor(simulator, { speed, data, port: Number(new URL(url).port) })); };
    },
  };
};

/** The URL, the headers and the body of a request. */
const wordsOf = async (request: Request): Promise<string> => [request.url(), JSON.stringify(await request.allHeaders()), request.postData() ?? ''].join('\n');

/** Opens a page, and records its requests and errors. */
export const openPage = async (browser: Browser, url: string, options: BrowserContextOptions = {}, prepare: (page: Page) => Promise<unknown> = async () => undefined) => {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const requests: Request[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request));
  page.on('pageerror', (error) => errors.push(error.message));
  await prepare(page);
  await page.goto(url);
  return { page, context, errors, requests: () => Promise.all(requests.map(wordsOf)) };
};

/** The requests that hold a key. */
export const requestsWithKey = (requests: readonly string[]): readonly string[] => requests.filter((words) => words.includes(key) || /authorization/i.test(words));

/** The card of a task, if it is rendered. */
export const cardOf = (page: Page, { id }: TaskRef) => page.locator('app-task-card').filter({ has: page.getByTitle(id, { exact: true }) });

/** Waits until the page says that all tasks have ended. */
export const allFinished = (page: Page, count: number) => page.getByText(`${String(count)} of ${String(count)} finished`, { exact: true }).waitFor({ timeout: 60_000 });

/** Chooses an option of one of the kit's selects. */
export const choose = async (page: Page, label: string, option: string): Promise<void> => {
  await page.getByRole('combobox', { name: label }).last().click();
  await page.getByRole('option', { name: option, exact: true }).click();
};
