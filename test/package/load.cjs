'use strict';
/**
 * Requires every entry point of the installed package and prints its findings as JSON. modules.package.ts copies it into a consumer's project.
 * Arguments: the portable entry points, which are loaded first to see what they load by themselves; then all entry points.
 */

/**
 * @typedef {object} Loaded
 * @property {Record<string, string[]>} names        what each entry point exports
 * @property {{ differing: string[] }} shared        classes and functions that differ between entry points
 * @property {string[]} modules                      Node's network modules that the portable entries loaded
 * @property {string[]} packages                     CommonJS files of packages that the portable entries loaded
 */

/** Built-in modules that reach the network. */
const network = /^NativeModule (?:https?2?|net|tls|dns|_http_\w+|_tls_\w+|internal\/deps\/undici\/undici)$/;

/** @returns {string[]} */
const loadedModules = () => /** @type {any} */ (process).moduleLoadList.filter((/** @type {string} */ name) => network.test(name));

/**
 * @param {(specifier: string) => unknown} load
 * @returns {Promise<Loaded>}
 */
const loadAll = async (load) => {
  const [portable, all] = process.argv.slice(2, 4).map((text) => /** @type {string[]} */ (JSON.parse(text)));
  if (!portable || !all) throw new Error('two lists of entries are needed');
  const before = new Set(loadedModules());
  for (const specifier of portable) await load(specifier);
  const modules = loadedModules().filter((name) => !before.has(name));
  const packages = Object.keys(require.cache).filter((path) => path.replaceAll('\\', '/').includes('/node_modules/')).map((path) => path.replaceAll('\\', '/'));

  /** @type {Record<string, string[]>} */
  const names = {};
  /** @type {Map<string, unknown>} */
  const seen = new Map();
  /** @type {string[]} */
  const differing = [];
  // An app's build compiles Angular's packages; elsewhere they need this compiler.
  await load('@angular/compiler');
  for (const specifier of all) {
    const entry = /** @type {Record<string, unknown>} */ (await load(specifier));
    names[specifier] = Object.keys(entry).filter((name) => name !== '__esModule').sort();
    for (const [name, value] of Object.entries(entry)) {
      // Plain data may share a name: the dialect `ark` and the provider `ark`.
      if (typeof value !== 'function') continue;
      if (seen.has(name) && seen.get(name) !== value) differing.push(`${name} (${specifier})`);
      seen.set(name, value);
    }
  }
  return { names, shared: { differing }, modules, packages };
};

module.exports = { loadAll };

if (require.main === module) {
  void loadAll(require).then((loaded) => {
    console.log(JSON.stringify(loaded));
  });
}
