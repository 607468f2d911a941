/**
 * Two builds of the same sources: `dist` for Node (ESM, CommonJS, declarations) and `dist/browser` (ESM alone).
 *
 * Each build is one graph with shared chunks, in CommonJS too, so that a class has one identity whichever entry it is seen through.
 * `tsup --no-dts` builds the JavaScript alone, in about a second.
 */
import { defineConfig, type Options } from 'tsup';
import { type EntryPoint, entryPoints } from './entry-points.mjs';

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number];

/** Entry points as tsup takes them: name → source. */
const entry = (points: readonly EntryPoint[]): Record<string, string> => Object.fromEntries(points.map(({ name, source }) => [name, source]));

/**
 * fp-ts has no `exports` map: `fp-ts/Either` type-checks and then dies in Node. So the sources say `fp-ts/Either`, and each
 * build says where that is: `lib/*.js` works everywhere, `es6/*.js` is what a bundler can shake. In declarations
 * `fp-ts/Either` is found by every resolution.
 */
const fpTs = (folder: 'lib' | 'es6'): EsbuildPlugin => ({
  name: `fp-ts-${folder}`,
  setup({ onResolve }) {
    onResolve({ filter: /^fp-ts\/\w+$/ }, ({ path }) => ({
      path: `${path.replace('/', `/${folder}/`)}.js`,
      external: true,
      sideEffects: false,
    }));
  },
});

const shared: Options = {
  splitting: true,
  treeshake: true,
  removeNodeProtocol: false,
  // Seen before the plugin above otherwise, as a dependency to leave alone.
  noExternal: [/^fp-ts\/\w+$/],
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
    esbuildPlugins: [fpTs('lib')],
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
    esbuildPlugins: [fpTs('es6')],
    clean: true,
  },
]);
