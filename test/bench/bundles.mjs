/**
 * What an app ships of this library: the browser build, bundled and minified as an app would, RxJS left out. An app that polls has one
 * provider and fetch; a page that holds no key has the feed of its server.
 */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One import statement of the main entry for each size of app. */
export const imports = {
  client: '{ account, createTaskClient }',
  feed: '{ account, createTaskClient, watchTasks, toFeed }',
  everything: '*',
};

/** fp-ts as the browser build has it. @type {import('esbuild').Plugin} */
const fpTs = {
  name: 'fp-ts',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^fp-ts\/\w+$/ }, ({ path, ...rest }) =>
      resolve(`${path.replace('/', '/es6/')}.js`, { resolveDir: rest.resolveDir, kind: rest.kind, importer: rest.importer }));
  },
};

const polling = (/** @type {string} */ names, /** @type {{ main: string, provider: string, fetch: string }} */ { main, provider, fetch }) =>
  `export ${names === '*' ? '* ' : names} from './${main}'; export { ark } from './${provider}'; export { fetchTransport } from './${fetch}';`;

const bundle = async (/** @type {string} */ contents) => {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['rxjs'],
    plugins: [fpTs],
    metafile: true,
    write: false,
    logLevel: 'error',
    outfile: 'bundle.js',
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error('esbuild made no bundle');
  return { file, output };
};

/** A bundle's size after gzip at its best, in bytes. Throws for a bundle without one of the texts that it must hold. */
const gzipped = async (/** @type {string} */ contents, /** @type {readonly string[]} */ signs) => {
  const { file } = await bundle(contents);
  for (const sign of signs) {
    if (!file.text.includes(sign)) throw new Error(`the bundle of ${contents} lacks ${sign}`);
  }
  return gzipSync(file.contents, { level: 9 }).length;
};

/**
 * The size of an app that polls.
 *
 * @param {string} names what it imports of the main entry
 */
export const gzippedBytes = (names) =>
  gzipped(
    polling(names, { main: 'dist/browser/index.js', provider: 'dist/browser/providers/ark.js', fetch: 'dist/browser/fetch.js' }),
    ['createTaskClient', 'fetchTransport', '/contents/generations/tasks/{id}'],
  );

/** The size of a page that holds no key. */
export const gzippedBytesOfPage = () => gzipped("export { fromServerSentEvents } from './dist/browser/sse.js';", ['fromServerSentEvents', 'text/event-stream']);

/**
 * Where the minified bytes come from: by ring of `src`, and by package. Of the same sources, because the build's chunks have no names.
 *
 * @param {string} names
 * @returns {Promise<readonly (readonly [origin: string, share: number])[]>} the largest first
 */
export const originsOf = async (names) => {
  const { output } = await bundle(polling(names, { main: 'src/index.ts', provider: 'src/providers/ark.ts', fetch: 'src/adapters/fetch.ts' }));
  /** @type {Map<string, number>} */
  const origins = new Map();
  let whole = 0;
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const origin = /(?:^|\/)node_modules\/([^/]+)\//.exec(path)?.[1] ?? /^src\/(\w+)\//.exec(path)?.[1] ?? 'exports';
    origins.set(origin, (origins.get(origin) ?? 0) + bytesInOutput);
    whole += bytesInOutput;
  }
  return [...origins].map(([origin, bytes]) => /** @type {const} */ ([origin, bytes / whole])).toSorted(([, a], [, b]) => b - a);
};
