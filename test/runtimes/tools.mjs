// @ts-check
/**
 * What the rows are made of: bundles, programs that run to their end or serve, and pages in browsers.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The longest that a program may take, in ms. A busy machine needs most of it. */
const longestMs = 180_000;

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Bundles a program of this folder in a project, with the project's own packages. Where there is no Node, `atSpeed` comes from its source: the
 * rest of the simulator is a server.
 * @param {string} program @param {string} project @param {string} outfile @param {import('esbuild').BuildOptions} options
 */
export const bundle = async (program, project, outfile, options) => {
  const sources = join(project, 'sources');
  cpSync(here('.'), sources, { recursive: true });
  const clock = join(sources, 'at-speed.mjs');
  await build({ entryPoints: [here('../../src/simulator/at-speed.ts')], outfile: clock, bundle: true, format: 'esm', packages: 'external' });
  const alias = options.platform === 'browser' ? { 'rx-seedance/simulator': clock } : {};
  await build({ entryPoints: [join(sources, program)], outfile: join(project, outfile), bundle: true, platform: 'node', target: 'es2022', logLevel: 'error', alias, ...options });
};

/**
 * Runs a program and returns its standard output. Throws what it printed if it fails.
 * @param {string} command @param {readonly string[]} args @param {string} cwd @param {Readonly<Record<string, string>>} env
 */
export const run = async (command, args, cwd, env = {}) => {
  const child = spawn(existsSync(join(cwd, command)) ? join(cwd, command) : command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: longestMs, killSignal: 'SIGKILL' });
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${String(code ?? signal)}\n${stdout}${stderr}`);
  return stdout;
};

/** The last line that a program printed, which is what was wrong. @param {string} stdout @returns {readonly string[]} */
export const printedBy = (stdout) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

/** A port that nothing listens on. */
export const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
};

/**
 * Runs a server while `use` uses it. A failure of `use` has what the server printed.
 * @template T @param {string} command @param {readonly string[]} args @param {string} cwd @param {Readonly<Record<string, string>>} env @param {() => Promise<T>} use
 */
export const serving = async (command, args, cwd, env, use) => {
  const child = spawn(existsSync(join(cwd, command)) ? join(cwd, command) : command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const closed = once(child, 'close');
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const kill = async () => {
    // The group: some of these are a program that starts another.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    await closed.catch(() => undefined);
  };
  try {
    const result = await Promise.race([use(), closed.then(([code]) => { throw new Error(`${command} ended: ${String(code)}`); })]);
    await kill();
    return result;
  } catch (error) {
    await kill();
    throw new Error(`${String(error)}\n${(await printed).join('\n')}`, { cause: error });
  }
};

/** Posts the input to a server that may still start, and returns its response. @param {number} port @param {string} path @param {unknown} input @returns {Promise<readonly string[]>} */
export const postTo = async (port, path, input) => {
  const body = JSON.stringify(input);
  for (const startedAtMs = Date.now(); ;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(longestMs) });
      const printed = await response.text();
      return response.ok ? JSON.parse(printed) : [`HTTP ${response.status}: ${printed}`];
    } catch (error) {
      if (Date.now() - startedAtMs > 30_000 || !(error instanceof TypeError)) throw error;
      await after(100);
    }
  }
};

/**
 * Opens a page in a browser and returns what it posts. Its server forwards all other paths to the simulator: a browser may ask no other origin.
 * @param {{ command: string, args: readonly string[], page: string, input: import('./program.mjs').Input, simulatorUrl: string }} options
 * @returns {Promise<readonly string[]>}
 */
export const openPage = async ({ command, args, page, input, simulatorUrl }) => {
  /** @type {(wrong: readonly string[]) => void} */
  let report = () => undefined;
  const result = new Promise((resolve) => (report = resolve));
  const own = () => `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
  const server = createServer(async (request, response) => {
    const url = request.url ?? '';
    if (url === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html><title>rx-seedance</title><script type="module" src="/page.js"></script>');
    if (url === '/page.js') return response.setHeader('content-type', 'text/javascript').end(page);
    if (url === '/input') return response.end(JSON.stringify(input).replaceAll(simulatorUrl, own()));
    if (url === '/favicon.ico') return response.writeHead(404).end();
    if (url === '/result') {
      response.end();
      return report(JSON.parse(await text(request)));
    }
    const headers = { authorization: request.headers.authorization ?? '' };
    const forwarded = await fetch(simulatorUrl + url, { headers }).catch(() => null);
    if (forwarded === null) return response.destroy();
    return response.writeHead(forwarded.status, { 'content-type': forwarded.headers.get('content-type') ?? '' }).end(await forwarded.text());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await serving(command, [...args, `${own()}/`], '.', {}, () => Promise.race([result, after(longestMs, ['the page posted no result'], { ref: false })]));
  } finally {
    server.closeAllConnections();
    server.close();
  }
};
