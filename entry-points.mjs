/**
 * The entry points of the package. `package.json` lists them under `exports`; this reads that list and finds the source of each, so
 * that the build, the tests and the package check share it. A new file in `src/providers` is an entry point through the wildcard.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} EntryPoint
 * @property {string} name       its file in `dist`, without extension: `index`, `undici`, `providers/ark`
 * @property {string} specifier  what users import: `rx-seedance`, `rx-seedance/undici`
 * @property {string} source     its source, relative to the project's root
 * @property {boolean} isPortable runs in browsers too
 */

const root = new URL('./', import.meta.url);

/** @type {{ readonly exports: Readonly<Record<string, any>> }} */
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

/** The folders of entries that have another name. @type {Readonly<Record<string, string>>} */
const folders = { 'provider-kit': 'wire' };

/** The source of one entry: a folder with an index, a file of `adapters`, or a store of `queue`. */
const sourceOf = (/** @type {string} */ name) => {
  const candidates = name === '' ? ['src/index.ts'] : [`src/${folders[name] ?? name}/index.ts`, `src/adapters/${name}.ts`, `src/${name}-store.ts`];
  const source = candidates.find((path) => existsSync(new URL(path, root)));
  if (source === undefined) throw new Error(`package.json exports ./${name}, but no source exists: ${candidates.join(', ')}`);
  return source;
};

/** The names that a key of `exports` stands for, each with its source. */
const expanded = (/** @type {string} */ key) => {
  const name = key.slice(2);
  if (!name.endsWith('/*')) return [{ name, source: sourceOf(name) }];
  const folder = name.slice(0, -2);
  const files = readdirSync(new URL(`src/${folder}/`, root)).filter((file) => file.endsWith('.ts'));
  return files.map((file) => ({ name: `${folder}/${file.slice(0, -3)}`, source: `src/${folder}/${file}` }));
};

/** Every entry point, in the order of `exports`. @type {readonly EntryPoint[]} */
export const entryPoints = Object.entries(exports)
  .filter(([key]) => key !== './package.json')
  .flatMap(([key, conditions]) =>
    expanded(key).map(({ name, source }) => ({
      name: name || 'index',
      specifier: name === '' ? 'rx-seedance' : `rx-seedance/${name}`,
      source,
      isPortable: 'browser' in conditions.import,
    })));
