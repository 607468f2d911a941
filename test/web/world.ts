/**
 * Helpers of the browser tests: the page's server as a separate process, and Chromium.
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
  if (!existsSync(executablePath)) throw new Error(`Chromium not found at ${executablePath}; set CHROMIUM to its path`);
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
};

/** The page's server in a separate process. */
export interface Server {
  readonly url: string;
  /** Kills it with SIGKILL, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Stops it with SIGTERM. */
  readonly stop: () => Promise<void>;
}

/** A temporary directory for the states of watches. */
export const watchesDirectory = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), 'rx-seedance-web-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

/** Starts the page's server with the accounts of a simulator, as for real ones. */
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

/** Adds a task as the page does. */
export const addTask = async ({ url }: Server, { provider, id }: TaskRef): Promise<void> => {
  const response = await fetch(`${url}tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task: `${provider}:${id}` }),
  });
  if (response.status !== 202) throw new Error(`${String(response.status)} ${await response.text()}`);
};
