// @ts-check
/**
 * The runtimes that are tested, and what runs in each. `node test/runtimes.mjs NAME…` runs them; docs/runtimes.md has their table.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, freePort, openPage, postTo, printedBy, run, serving } from './tools.mjs';

/**
 * A row of the table. `run` returns what was wrong.
 * @typedef {object} Row
 * @property {string} name
 * @property {string} runtime
 * @property {string} version
 * @property {string} what
 * @property {boolean} [isSlow]  not in CI
 * @property {Readonly<Record<string, string>>} packages
 * @property {(run: Run) => Promise<readonly string[]>} run
 */

/**
 * A project with the package installed, and a simulator.
 * @typedef {object} Run
 * @property {string} project
 * @property {import('./program.mjs').Input} input
 * @property {string} simulatorUrl
 */

const undici = { undici: '7.30.2' };
const react = { react: '19.3.1', 'react-dom': '19.3.1' };

/** The environment of a program that reads `Input`. @param {import('./program.mjs').Input} input */
const inputIn = (input) => ({ RUNTIME_INPUT: JSON.stringify(input) });

/** Runs the command line with downloads. It must end with exit code 0, and have the video. @param {Run} run @param {readonly string[]} runtime */
const watchByProgram = async ({ project, input: { clock, accounts, tasks } }, [command = '', ...args]) => {
  const task = tasks.find(({ end }) => end === 'succeeded')?.task;
  const { apiKey = '', baseUrl = '' } = accounts[task?.provider ?? ''] ?? {};
  const name = task?.provider.toUpperCase() ?? '';
  const env = { [`${name}_API_KEY`]: apiKey, [`${name}_BASE_URL`]: baseUrl, RX_SEEDANCE_SPEED: String(clock[0]), RX_SEEDANCE_ORIGIN_MS: String(clock[1]) };
  const program = [...args, 'node_modules/rx-seedance/dist/cli.js', 'watch', `${task?.provider ?? ''}:${task?.id ?? ''}`, '--download', 'videos', '--json'];
  const lines = (await run(command, program, project, env)).trim().split('\n').map((line) => JSON.parse(line));
  const saved = lines.find(({ kind }) => kind === 'saved');
  return saved !== undefined && readFileSync(join(project, saved.path)).includes('ftyp') ? [] : [`the program saved no video: ${JSON.stringify(lines.at(-1))}`];
};

/** Runs the program with files as ESM, then the command line. @param {readonly [string, ...string[]]} runtime @returns {Row['run']} */
const onDisk = (...runtime) => async (context) => {
  const [command, ...args] = runtime;
  await bundle('on-disk.mjs', context.project, 'on-disk.mjs', { packages: 'external', format: 'esm' });
  const wrong = printedBy(await run(command, [...args, 'on-disk.mjs'], context.project, inputIn(context.input)));
  return [...wrong, ...(await watchByProgram(context, runtime))];
};

/** As `onDisk`, and as CommonJS too. @param {string} version @returns {Row} */
const node = (version) => ({
  name: `node-${version.split('.')[0] ?? ''}`,
  runtime: 'Node',
  version,
  what: 'ESM and CommonJS, both transports, a download, the program',
  packages: { ...undici, node: version },
  run: async (context) => {
    const command = 'node_modules/node/bin/node';
    const found = (await run(command, ['--version'], context.project)).trim();
    if (found !== `v${version}`) return [`it is ${found}`];
    await bundle('on-disk.mjs', context.project, 'on-disk.cjs', { packages: 'external', format: 'cjs' });
    const wrong = printedBy(await run(command, ['on-disk.cjs'], context.project, inputIn(context.input)));
    return [...wrong, ...(await onDisk(command)(context))];
  },
});

/** Opens the page with the program. @param {string} name @param {string} runtime @param {string} command @param {(profile: string) => readonly string[]} argsOf @returns {Row} */
const browser = (name, runtime, command, argsOf) => ({
  name,
  runtime,
  version: "Debian's",
  what: "a page, by esbuild, with a server's path to the providers",
  packages: {},
  run: async ({ project, input, simulatorUrl }) => {
    const profile = join(project, 'profile');
    mkdirSync(profile);
    console.log((await run(command, ['--version'], project)).trim());
    await bundle('in-page.mjs', project, 'page.js', { format: 'esm', platform: 'browser' });
    return openPage({ command, args: argsOf(profile), page: readFileSync(join(project, 'page.js'), 'utf8'), input, simulatorUrl });
  },
});

/** Jest, with its environments. @param {'cjs' | 'esm'} format @returns {Row} */
const jest = (format) => ({
  name: `jest-${format}`,
  runtime: format === 'cjs' ? 'Jest, CommonJS' : 'Jest, ESM',
  version: '30.5.2',
  what: 'a test in the environments node and jsdom, the latter with a given `fetch`',
  packages: { jest: '30.5.2', 'jest-environment-jsdom': '30.5.2' },
  run: async ({ project, input }) => {
    const extension = format === 'cjs' ? 'cjs' : 'mjs';
    for (const environment of ['node', 'jsdom']) {
      await bundle('in-jest.mjs', project, `${environment}.test.${extension}`, { packages: 'external', format, banner: { js: `/** @jest-environment ${environment} */` } });
    }
    const config = { testMatch: [`**/*.test.${extension}`], transform: {}, moduleFileExtensions: ['mjs', 'cjs', 'js', 'json'] };
    writeFileSync(join(project, 'jest.config.json'), JSON.stringify(config));
    const flags = format === 'esm' ? ['--experimental-vm-modules'] : [];
    await run(process.execPath, [...flags, 'node_modules/jest/bin/jest.js', '--config', 'jest.config.json', '--ci', '--forceExit'], project, inputIn(input));
    return [];
  },
});

/** Compiles the consumer of test/package. @param {string} version @returns {Row} */
const typescript = (version) => ({
  name: `typescript-${version.split('.')[0] ?? ''}`,
  runtime: 'TypeScript',
  version,
  what: 'a strict program with every entry point, under `nodenext`',
  packages: { ...undici, typescript: version, '@types/node': '20.19.43' },
  run: async ({ project }) => {
    const compilerOptions = { target: 'es2022', lib: ['es2022'], types: ['node'], module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
    writeFileSync(join(project, 'consumer.mts'), readFileSync(new URL('../package/consumer.ts', import.meta.url)));
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.mts'] }));
    const printed = await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], project);
    return printed === '' ? [] : [printed];
  },
});

/** @type {readonly Row[]} */
export const rows = [
  ...['20.19.0', '22.23.3', '24.21.0', '26.10.0'].map(node),
  {
    name: 'bun',
    runtime: 'Bun',
    version: '1.4.5',
    what: '`fetchTransport`, a download, the program; `undiciTransport` refuses it',
    packages: { bun: '1.4.5' },
    run: onDisk('node_modules/.bin/bun'),
  },
  {
    name: 'deno',
    runtime: 'Deno',
    version: '2.9.6',
    what: 'both transports, a download, the program',
    packages: { ...undici, deno: '2.9.6' },
    run: onDisk('node_modules/.bin/deno', 'run', '-A'),
  },
  {
    name: 'workerd',
    runtime: 'workerd (Cloudflare Workers)',
    version: '1.20261117.1',
    what: 'a worker, by esbuild',
    packages: { workerd: '1.20261117.1' },
    run: async ({ project, input }) => {
      await bundle('in-worker.mjs', project, 'worker.mjs', { format: 'esm', platform: 'browser' });
      const port = await freePort();
      writeFileSync(join(project, 'config.capnp'), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [(name = "worker.mjs", esModule = embed "worker.mjs")], compatibilityDate = "2026-11-01")),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`);
      return serving('node_modules/.bin/workerd', ['serve', 'config.capnp'], project, {}, () => postTo(port, '/', input));
    },
  },
  browser('firefox', 'Firefox ESR', 'firefox-esr', (profile) => ['--headless', '--no-remote', '--profile', profile]),
  browser('chromium', 'Chromium', 'chromium', (profile) => ['--headless', '--no-sandbox', '--no-first-run', `--user-data-dir=${profile}`]),
  {
    name: 'next',
    runtime: 'Next',
    version: '16.4.6',
    what: 'a route on Node over undici, built and started',
    isSlow: true,
    packages: { ...undici, ...react, next: '16.4.6' },
    run: async ({ project, input }) => {
      await bundle('in-next.mjs', project, 'app/run/route.js', { packages: 'external', format: 'esm' });
      writeFileSync(join(project, 'app/layout.js'), 'export default function Layout({ children }) { return <html><body>{children}</body></html>; }');
      await run('node_modules/.bin/next', ['build'], project, { NEXT_TELEMETRY_DISABLED: '1' });
      const port = await freePort();
      return serving('node_modules/.bin/next', ['start', '-p', `${port}`, '-H', '127.0.0.1'], project, {}, () => postTo(port, '/run', input));
    },
  },
  {
    name: 'nitro',
    runtime: 'Nitro (Nuxt)',
    version: '2.13.6',
    what: 'a route on Node over undici, built and started',
    isSlow: true,
    packages: { ...undici, nitropack: '2.13.6' },
    run: async ({ project, input }) => {
      await bundle('in-nitro.mjs', project, 'routes/run.post.mjs', { packages: 'external', format: 'esm' });
      await run('node_modules/.bin/nitropack', ['build'], project);
      const port = await freePort();
      return serving(process.execPath, ['.output/server/index.mjs'], project, { PORT: `${port}`, HOST: '127.0.0.1' }, () => postTo(port, '/run', input));
    },
  },
  jest('cjs'),
  jest('esm'),
  ...['5.9.3', '6.0.3', '7.0.2'].map(typescript),
];
