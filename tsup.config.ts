/**
 * Two builds of the same sources: `dist` for Node (ESM, CommonJS, declarations) and `dist/browser` (ESM alone).
 *
 * Each build is one graph with shared chunks, in CommonJS too, so that a class has one identity whichever entry it is seen through.
 * `tsup --no-dts` builds the JavaScript alone, in about a second.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Options } from 'tsup';
import { type EntryPoint, entryPoints } from './entry-points.mjs';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

/** Entry points as tsup takes them: name → source. */
const entry = (points: readonly EntryPoint[]): Record<string, string> => Object.fromEntries(points.map(({ name, source }) => [name, source]));

/**
 * fp-ts has no `exports` map: `fp-ts/Either` type-checks and then dies in Node. So the sources say `fp-ts/Either`, and each build says
 * where that is. In declarations `fp-ts/Either` is found by every resolution.
 *
 * For Node the little that is used of fp-ts is built in: Node is slow to load CommonJS packages out of ESM. An `Either` is told by its
 * shape, so that a program's own copy fits. Bundlers get the package: a program that has it ships it once. Of io-ts only types are used.
 */
const builtIn: EsbuildPlugin = {
  name: 'fp-ts-built-in',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^fp-ts\/\w+$/ }, ({ path, resolveDir }) =>
      resolve(`${path.replace('/', '/es6/')}.js`, { kind: 'import-statement', resolveDir }));
  },
};

const asPackages: EsbuildPlugin = {
  name: 'fp-ts-as-package',
  setup({ onResolve }) {
    onResolve({ filter: /^fp-ts\/\w+$/ }, ({ path }) => ({ path: `${path.replace('/', '/es6/')}.js`, external: true, sideEffects: false }));
  },
};

/** A built-in CommonJS package calls `require` for Node's modules, which ES modules do not have: it gets them as imports. */
const nodeImports: EsbuildPlugin = {
  name: 'node-imports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) => (kind === 'require-call' ? { path, namespace: 'node-import' } : undefined));
    onLoad({ filter: /^/, namespace: 'node-import' }, ({ path }) => ({ contents: `export * from '${path}'` }));
  },
};

const main = fileURLToPath(new URL('src/index.ts', import.meta.url));

/**
 * For Node, every entry point imports the main one, so that all they share is one file. esbuild makes a chunk for each set of entry points, and Node
 * takes half a millisecond to load each: there were twenty-one for the main entry point, which every program loads.
 */
const mainInAll: EsbuildPlugin = {
  name: 'main-in-all',
  setup({ onLoad, onResolve }) {
    const sources = new Set(entryPoints.map(({ source }) => fileURLToPath(new URL(source, import.meta.url))));
    onResolve({ filter: /^main$/ }, () => ({ path: main, sideEffects: true }));
    onLoad({ filter: /\.ts$/ }, ({ path }) =>
      (sources.has(path) && path !== main ? { contents: `${readFileSync(path, 'utf8')}\nimport 'main';`, loader: 'ts' } : undefined));
  },
};

/** Packages of one entry point alone, the program or `sse`: apps that use the others need not install them. */
const builtInPackages = ['commander', 'eventsource-parser', 'is-unicode-supported', 'leven', 'log-update', 'proxy-from-env', 'string-width', 'supports-hyperlinks', 'wrap-ansi'];

const shared: Options = {
  splitting: true,
  treeshake: true,
  removeNodeProtocol: false,
  sourcemap: true,
};

/** The program. Nobody imports it: it has no declarations, and its CommonJS twin is not packed. */
const program = {
  cli: 'src/cli/main.ts',
};

export default defineConfig([
  {
    ...shared,
    name: 'node',
    entry: { ...entry(entryPoints), ...program },
    format: ['esm', 'cjs'],
    target: 'node20.19',
    platform: 'node',
    // Seen before the plugin otherwise, as dependencies to leave alone.
    noExternal: [/^fp-ts\//, ...builtInPackages],
    esbuildPlugins: [builtIn, nodeImports, mainInAll],
    // The declarations are cleaned by their own build, the browser's files by theirs.
    clean: ['!**/*.d.{ts,cts}', '!browser/**'],
    dts: { entry: entry(entryPoints), compilerOptions: { ignoreDeprecations: '6.0', types: ['node'] } },
  },
  {
    ...shared,
    name: 'browser',
    entry: entry(entryPoints.filter(({ isPortable }) => isPortable)),
    outDir: 'dist/browser',
    format: ['esm'],
    target: 'es2022',
    platform: 'browser',
    noExternal: [/^fp-ts\/\w+$/, ...builtInPackages],
    esbuildPlugins: [asPackages],
    clean: true,
  },
]);
