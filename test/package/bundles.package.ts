/**
 * The installed package in the bundles of browser applications.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { describe, expect, it } from 'vitest';
import webpack, { type Stats } from 'webpack';
import { needsAngular, portable, project, specifierOf } from './installed.js';

/** Bundles a program and returns its code, and the files that contribute to it. */
const bundle = async (contents: string): Promise<{ readonly code: string; readonly files: readonly string[] }> => {
  const { outputFiles, metafile } = await esbuild({
    stdin: { contents, resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const files = inputs.filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path !== '<stdin>').map(([path]) => path);
  return { code: outputFiles.map(({ text }) => text).join('\n'), files };
};

/** A program with all names of every entry point for browsers. */
const everything = (): string => {
  const browser = [...portable, ...needsAngular];
  const imports = browser.map((entry, index) => `import * as entry${index} from '${specifierOf(entry)}';`);
  return `${imports.join('\n')}\nglobalThis.entries = [${browser.map((_, index) => `entry${index}`).join(', ')}];`;
};

/** Writes that program into a folder of its own. */
const writeProgram = (name: string): { readonly folder: string; readonly main: string } => {
  const folder = join(project, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'main.js'), everything());
  return { folder, main: join(folder, 'main.js') };
};

const expectNoNode = (code: string): void => {
  expect(code).toContain('createTaskClient');
  expect(/.*(?:\bundici\b|["'`]node:\w+).*/.exec(code.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, ''))?.[0] ?? null).toBeNull();
};

describe('a browser bundle', () => {
  it('by esbuild holds the browser build, no undici and nothing of Node', async () => {
    const { code, files } = await bundle(everything());
    const own = files.filter((path) => path.startsWith('node_modules/rx-seedance/'));
    expect(own).not.toEqual([]);
    expect(own.filter((path) => !path.includes('/dist/browser/'))).toEqual([]);
    expect(files.filter((path) => !/^node_modules\/(rxjs|tslib|fp-ts|eventsource-parser|rx-seedance|@angular)\//.test(path))).toEqual([]);
    expect(files.filter((path) => path.includes('/fp-ts/lib/')), 'fp-ts as CommonJS').toEqual([]);
    expectNoNode(code);
  });

  it('by Vite holds no undici and nothing of Node', async () => {
    const { folder, main } = writeProgram('vite');
    const built = await vite({ root: folder, configFile: false, logLevel: 'error', build: { write: false, minify: false, rolldownOptions: { input: main } } });
    const chunks = [built].flat().flatMap((part) => ('output' in part ? part.output : []));
    expectNoNode(chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n'));
  });

  it('by webpack holds no undici and nothing of Node', async () => {
    const { folder, main } = writeProgram('webpack');
    const compilation = webpack({
      context: project,
      entry: main,
      mode: 'production',
      target: ['web', 'es2022'],
      devtool: false,
      optimization: { minimize: false },
      output: { path: folder, filename: 'bundle.js' },
      performance: false,
    });
    const stats = await new Promise<Stats | undefined>((resolve, reject) => {
      compilation.run((error, result) => { if (error) reject(error); else resolve(result); });
    });
    expect(stats?.toJson({ all: false, errors: true, warnings: true })).toEqual({ errors: [], warnings: [] });
    expectNoNode(readFileSync(join(folder, 'bundle.js'), 'utf8'));
  });

  it('of an application that uses the error guard alone holds no codec', async () => {
    const { files } = await bundle("import { isSeedanceError } from 'rx-seedance';\nglobalThis.guard = isSeedanceError;");
    expect(files.filter((path) => /\/(io-ts|fp-ts)\//.test(path)), 'a codec, or an argument of one, is not marked as pure').toEqual([]);
  });
});
