/**
 * What the browser tests need: the simulator, the page's server as a process of its own, and Chromium.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import type { TaskRef } from '../../src/index.js';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { simulatedProviders, type Simulator } from '../../src/simulator/index.js';

export const application = fileURLToPath(new URL('../../docs/examples/angular/', import.meta.url));

/** Starts Chromium: the system's, or the one that `CHROMIUM` names. */
export const startBrowser = async (): Promise<Browser> => {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`there is no Chromium at ${executablePath}; CHROMIUM may name another`);
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
};

/** The page's server, in a process of its own. */
export interface Server {
  readonly url: string;
  /** Kills it without a word, as a crash does. */
  readonly kill: () => Promise<void>;
  /** Asks it to stop. */
  readonly stop: () => Promise<void>;
}

/** A directory for the states of watches, until the test is over. */
export const watchesDirectory = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'rx-seedance-web-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

/** Starts the page's server on the accounts of a simulator, as it would be started on real ones. */
export const startServer = async (simulator: Simulator, { speed, watches, port = 0 }: { speed: number; watches: string; port?: number }): Promise<Server> => {
  const accounts = simulatedProviders.flatMap((id) => [
    [`${id.toUpperCase()}_API_KEY`, simulator.apiKey(id)],
    [`${id.toUpperCase()}_BASE_URL`, simulator.baseUrl(id)],
  ]);
  const child = spawn(process.execPath, ['server/main.mjs'], {
    cwd: application,
    env: { ...process.env, ...Object.fromEntries(accounts), ...clockVariables(speed), WATCHES: watches, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}: ${said.join('\n')}`)));
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

/** Adds a task as the page does. */
export const addTask = async ({ url }: Server, { provider, id }: TaskRef): Promise<void> => {
  const response = await fetch(`${url}tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task: `${provider}:${id}` }),
  });
  if (response.status !== 202) throw new Error(`${String(response.status)} ${await response.text()}`);
};
