/**
 * Checks the package as its users get it: packed, installed into an empty project, imported, required, type-checked and bundled.
 * Needs a build (`npm run build`). Every check runs; the exit code is 0 if all passed.
 *
 * The entry points are read from the packed files, so that a new provider is checked without a change here.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { entryPoints } from '../../entry-points.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);
const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(path, 'utf8'));

/** The entry points that may use Node and undici. All others run anywhere. */
const needsNode = entryPoints.filter(({ isPortable }) => !isPortable).map(({ name }) => name);

/** The entry points that need Angular, and run wherever it runs. */
const needsAngular = ['angular'];

/** The packages that a portable entry point may load, transitive dependencies included. */
const portablePackages = /\/node_modules\/(rxjs|tslib|fp-ts|eventsource-parser|rx-seedance)\//;
/** The same in Node, where fp-ts is built in. */
const loadedPackages = /\/node_modules\/(rxjs|tslib|eventsource-parser|rx-seedance)\//;

if (!existsSync(join(root, 'dist', 'index.d.ts'))) {
  console.error('dist holds no declarations: run `npm run build` first');
  process.exit(1);
}

const project = realpathSync(mkdtempSync(join(tmpdir(), 'rx-seedance-package-')));
process.on('exit', () => rmSync(project, { recursive: true, force: true }));

/**
 * Runs a program and returns its standard output. Throws its output when it fails.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
const run = (command, args, cwd) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${basename(command)} ${args.join(' ')}\n${stdout}${stderr}${error?.message ?? ''}`);
  return stdout;
};

let failures = 0;

/**
 * Runs one check and prints its result.
 *
 * @param {string} sentence the statement that the check verifies
 * @param {() => void | Promise<void>} body
 */
const check = async (sentence, body) => {
  try {
    await body();
    console.log(`ok      ${sentence}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED  ${sentence}`);
    const lines = (error instanceof Error ? error.message : String(error)).split('\n');
    console.log([...lines.slice(0, 40), ...(lines.length > 40 ? [`… ${lines.length - 40} lines more`] : [])].join('\n').replace(/^/gm, '        '));
  }
};

/**
 * @param {boolean} condition
 * @param {string} message
 */
const ensure = (condition, message) => {
  if (!condition) throw new Error(message);
};

// --- packed and installed ------------------------------------------------------------------------------------------------

const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root));
const tarball = join(project, packed.filename);
const packedFiles = /** @type {string[]} */ (packed.files.map((/** @type {{ path: string }} */ { path }) => path));

/**
 * The compilers that check the packed declarations, besides the library's own. They are installed in the consumer's project, because each
 * provides a `tsc`.
 */
const compilers = {
  'typescript-5.9': 'npm:typescript@5.9.3',
  'typescript-7.0': 'npm:typescript@7.0.2',
};

const locked = readJson(join(root, 'package-lock.json')).packages;
const versionOf = (/** @type {string} */ name) => locked[`node_modules/${name}`].version;
writeFileSync(join(project, 'package.json'), JSON.stringify({
  name: 'consumer',
  private: true,
  dependencies: {
    'rx-seedance': `file:${packed.filename}`,
    rxjs: versionOf('rxjs'),
    undici: versionOf('undici'),
    '@angular/common': versionOf('@angular/common'),
    '@angular/compiler': versionOf('@angular/compiler'),
    '@angular/core': versionOf('@angular/core'),
    '@types/node': versionOf('@types/node'),
    ...compilers,
  },
}));
run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], project);

const installed = join(project, 'node_modules', 'rx-seedance');
const manifest = readJson(join(installed, 'package.json'));

/** Every JavaScript entry point by its subpath, '' for the main one; a wildcard stands for the files in its folder. */
const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .flatMap((key) => {
    if (!key.endsWith('/*')) return [key.slice(2)];
    const folder = key.slice(2, -2);
    return readdirSync(join(installed, 'dist', folder))
      .filter((file) => file.endsWith('.d.ts'))
      .map((file) => `${folder}/${basename(file, '.d.ts')}`);
  });
const portable = entries.filter((entry) => !needsNode.includes(entry) && !needsAngular.includes(entry));
const specifier = (/** @type {string} */ entry) => (entry === '' ? 'rx-seedance' : `rx-seedance/${entry}`);
const fileOf = (/** @type {string} */ entry) => (entry === '' ? 'index' : entry);

// --- the manifest --------------------------------------------------------------------------------------------------------

await check('the tarball holds the build, the documents and nothing else', () => {
  const strangers = packedFiles.filter((path) => !/^(dist\/|docs\/|README\.md$|CHANGELOG\.md$|CONTRIBUTING\.md$|LICENSE$|NOTICE\.md$|SECURITY\.md$|package\.json$)/.test(path));
  ensure(strangers.length === 0, `not expected: ${strangers.join(', ')}`);
  for (const path of ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE.md', 'dist/index.js']) ensure(packedFiles.includes(path), `missing: ${path}`);
});

await check('every link of the packed README leads to a packed file', () => {
  const links = [...readFileSync(join(installed, 'README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path = '']) => path);
  const dead = links.filter((path) => !packedFiles.includes(path));
  ensure(links.length > 0 && dead.length === 0, `not packed: ${dead.join(', ')}`);
});

await check('every entry point is packed', () => {
  const missing = entryPoints.map(({ name }) => name).filter((name) => !entries.includes(name === 'index' ? '' : name));
  ensure(entryPoints.length > 0 && missing.length === 0, `not packed: ${missing.join(', ')}`);
});

await check('publint --strict has nothing to say', () => {
  run(bin('publint'), [tarball, '--strict'], root);
});

await check('attw finds every entry right, from ESM, from CommonJS and by node10 resolution', () => {
  const named = entries.filter((entry) => entry !== '');
  run(bin('attw'), [tarball, '--profile', 'strict', '--no-emoji', '--no-color', '--entrypoints', '.', ...named], root);
});

// --- what is imported is what is typed -----------------------------------------------------------------------------------

const compiler = ts.createProgram({
  rootNames: entries.map((entry) => join(installed, 'dist', `${fileOf(entry)}.d.ts`)),
  options: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, target: ts.ScriptTarget.ES2022, types: ['node'], noEmit: true },
});
const types = compiler.getTypeChecker();

/** The names that an entry point declares as values. @param {string} entry */
const promisedBy = (entry) => {
  const source = compiler.getSourceFile(join(installed, 'dist', `${fileOf(entry)}.d.ts`));
  const symbol = source && types.getSymbolAtLocation(source);
  if (!symbol) throw new Error(`${specifier(entry)} has no declarations`);
  return types
    .getExportsOfModule(symbol)
    .map((one) => (one.flags & ts.SymbolFlags.Alias ? types.getAliasedSymbol(one) : one).flags & ts.SymbolFlags.Value ? one.name : '')
    .filter((name) => name !== '')
    .sort();
};

for (const script of ['load.mjs', 'load.cjs']) copyFileSync(join(here, script), join(project, script));

for (const [script, words] of /** @type {const} */ ([['load.mjs', 'imported'], ['load.cjs', 'required']])) {
  /** @type {import('./load.cjs').Loaded | undefined} */
  let loaded;
  await check(`every entry can be ${words}`, () => {
    loaded = JSON.parse(run(process.execPath, [script, JSON.stringify(portable.map(specifier)), JSON.stringify(entries.map(specifier))], project));
  });
  if (!loaded) continue;
  const { names, shared, modules, packages } = loaded;

  await check(`${words}, every entry has the names that its types promise, and no other`, () => {
    for (const entry of entries) {
      const [promised, found] = [promisedBy(entry).join(' '), names[specifier(entry)]?.join(' ')];
      ensure(promised === found, `${specifier(entry)}\ndeclared: ${promised}\nfound:    ${found}`);
      ensure(found !== '', `${specifier(entry)} exports nothing`);
    }
  });

  await check(`${words}, a class or function seen through two entries is one thing`, () => {
    ensure(shared.differing.length === 0, `differing: ${shared.differing.join(', ')}`);
  });

  await check(`${words}, the portable entries load no undici, no node:http and no other package than rxjs and the parser of events`, () => {
    ensure(modules.length === 0, `built-in modules loaded: ${modules.join(', ')}`);
    const others = packages.filter((path) => !loadedPackages.test(path));
    ensure(others.length === 0, `files loaded: ${others.join(', ')}`);
  });
}

for (const [extension, folder] of /** @type {const} */ ([['.js', 'dist'], ['.cjs', 'dist'], ['.js', 'dist/browser']])) {
  await check(`${folder}/*${extension} defines every class once`, () => {
    /** @type {Map<string, string>} */
    const seen = new Map();
    const browser = join('dist', 'browser');
    for (const file of readdirSync(join(installed, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, file);
      if (!path.endsWith(extension) || (folder === 'dist' && path.startsWith(browser))) continue;
      for (const [, name = ''] of readFileSync(join(installed, path), 'utf8').matchAll(/^(?:var |let |const |class )(\w+)(?= = class\b| extends | \{)/gm)) {
        ensure(!seen.has(name), `${name} is in ${seen.get(name)} and in ${path}`);
        seen.set(name, path);
      }
    }
    ensure(seen.size > 0, 'no class was found: does this check still read the output right?');
  });
}

await check('the program runs from the package, where undici is not installed', () => {
  const [undici, aside] = ['undici', 'undici-aside'].map((name) => join(project, 'node_modules', name));
  renameSync(undici ?? '', aside ?? '');
  try {
    const program = join(project, 'node_modules', '.bin', 'rx-seedance');
    ensure(run(program, ['--version'], project).trim() === manifest.version, 'it prints another version');
    const listed = JSON.parse(run(program, ['providers', '--json'], project)).map((/** @type {{ id: string }} */ { id }) => `providers/${id}`);
    const packedProviders = entries.filter((entry) => entry.startsWith('providers/'));
    ensure(listed.sort().join() === packedProviders.sort().join(), `it lists ${listed.join(', ')}`);
    const { status, stderr } = spawnSync(program, ['watch', 'ark:cgt-1'], { cwd: project, encoding: 'utf8', env: { PATH: process.env.PATH } });
    ensure(status === 2 && stderr.includes('ARK_API_KEY'), `without a key it prints: ${stderr}`);
  } finally {
    renameSync(aside ?? '', undici ?? '');
  }
});

// --- types ---------------------------------------------------------------------------------------------------------------

/** The library's own compiler, then the consumer's. */
const compilerFolders = [join(root, 'node_modules', 'typescript'), ...Object.keys(compilers).map((name) => join(project, 'node_modules', name))];

/**
 * Type-checks the consumer's files and all libraries with every compiler.
 *
 * @param {string} name
 * @param {Record<string, string>} files
 * @param {object} options
 */
const typeCheck = (name, files, options) => {
  const folder = join(project, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const compilerOptions = { target: 'es2022', lib: ['es2022'], types: ['node'], strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, ...options };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  for (const compiler of compilerFolders) {
    try {
      run(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', folder], project);
    } catch (error) {
      throw new Error(`TypeScript ${readJson(join(compiler, 'package.json')).version}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
};

const consumer = readFileSync(join(here, 'consumer.ts'), 'utf8');
const everyEntry = (/** @type {string[]} */ list) =>
  list.map((entry, index) => `import * as entry${index} from '${specifier(entry)}';\nvoid entry${index};\n`).join('');

const withoutDom = entries.filter((entry) => !needsAngular.includes(entry));

await check('the compilers are of TypeScript 5.9, 6.0 and 7.0', () => {
  const versions = compilerFolders.map((compiler) => run(process.execPath, [join(compiler, 'bin', 'tsc'), '--version'], project).trim());
  const found = versions.map((version) => /\d+\.\d+/.exec(version)?.[0]).sort().join();
  ensure(found === '5.9,6.0,7.0', `found: ${versions.join(', ')}`);
});
await check('a consumer compiles under node16, as ESM and as CommonJS', () => {
  const every = everyEntry(withoutDom);
  const files = { 'consumer.mts': consumer, 'consumer.cts': consumer, 'entries.mts': every, 'entries.cts': every };
  typeCheck('node16', files, { module: 'node16', moduleResolution: 'node16' });
});
await check('a consumer compiles under bundler', () => {
  typeCheck('bundler', { 'consumer.ts': consumer, 'entries.ts': everyEntry(withoutDom) }, { module: 'esnext', moduleResolution: 'bundler' });
});
await check('the portable entries compile for a browser, with no type of Node', () => {
  const options = { module: 'esnext', moduleResolution: 'bundler', customConditions: ['browser'], types: [], lib: ['es2022', 'dom'] };
  typeCheck('portable', { 'entries.ts': everyEntry(portable) }, options);
});
await check("an Angular app's use of the package compiles for a browser", () => {
  const options = { module: 'esnext', moduleResolution: 'bundler', customConditions: ['browser'], types: [], lib: ['es2022', 'dom', 'dom.iterable'] };
  typeCheck('angular', { 'consumer.ts': readFileSync(join(here, 'consumer-angular.ts'), 'utf8') }, options);
});

// --- bundles -------------------------------------------------------------------------------------------------------------

/** The bundler of tsup and of Angular. @type {typeof import('esbuild')} */
const esbuild = createRequire(createRequire(import.meta.url).resolve('tsup'))('esbuild');

/**
 * Bundles a source text as a browser application would.
 *
 * @param {string} text
 * @returns the code, and the files that contribute to it
 */
const bundle = async (text) => {
  const { outputFiles, metafile } = await esbuild.build({
    stdin: { contents: text, resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  const kept = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0));
  return { code: outputFiles.map((file) => file.text).join('\n'), files: kept.map(([path]) => path).filter((path) => path !== '<stdin>') };
};

/** A program with the main names of every entry point for browsers. */
const everything = () => {
  const browser = [...portable, ...needsAngular];
  const imports = browser.map((entry, index) => `import * as entry${index} from '${specifier(entry)}';`);
  return `${imports.join('\n')}\nglobalThis.entries = [${browser.map((_, index) => `entry${index}`).join(', ')}];`;
};

/** @param {string} code a browser bundle */
const ensureNoNode = (code) => {
  const word = /.*(?:\bundici\b|["'`]node:\w+).*/.exec(code.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, ''));
  ensure(word === null, `in the bundle: ${word?.[0].trim().slice(0, 200)}`);
};

await check('a browser bundle by esbuild of every portable entry holds no undici and nothing of Node', async () => {
  const { code, files } = await bundle(everything());
  const own = files.filter((path) => path.startsWith('node_modules/rx-seedance/'));
  ensure(own.length > 0 && own.every((path) => path.includes('/dist/browser/')), `the bundle does not use the browser build:\n${own.join('\n')}`);
  const strangers = files.filter((path) => !portablePackages.test(`/${path}`) && !path.startsWith('node_modules/@angular/'));
  ensure(strangers.length === 0, `bundled: ${strangers.join(', ')}`);
  ensure(!files.some((path) => path.includes('/fp-ts/lib/')), 'fp-ts is bundled as CommonJS');
  ensureNoNode(code);
});

await check('a browser bundle by Vite holds no undici and nothing of Node', async () => {
  const folder = join(project, 'vite');
  mkdirSync(folder);
  writeFileSync(join(folder, 'main.js'), everything());
  const { build } = await import('vite');
  const built = await build({ root: folder, configFile: false, logLevel: 'error', build: { write: false, minify: false, rollupOptions: { input: join(folder, 'main.js') } } });
  const chunks = [built].flat().flatMap((part) => ('output' in part ? part.output : []));
  const code = chunks.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n');
  ensure(code.includes('createTaskClient'), 'the bundle is empty: does this check still build the right thing?');
  ensureNoNode(code);
});

await check('a browser bundle by webpack holds no undici and nothing of Node', async () => {
  const folder = join(project, 'webpack');
  mkdirSync(folder);
  writeFileSync(join(folder, 'main.js'), everything());
  const { default: webpack } = await import('webpack');
  const compilation = webpack({
    context: project,
    entry: join(folder, 'main.js'),
    mode: 'production',
    target: ['web', 'es2022'],
    devtool: false,
    optimization: { minimize: false },
    output: { path: join(folder, 'dist'), filename: 'main.js' },
    performance: false,
  });
  /** @type {import('webpack').Stats} */
  const stats = await new Promise((resolve, reject) => {
    compilation.run((error, result) => (result ? resolve(result) : reject(error ?? new Error('webpack gave no result'))));
  });
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  ensure(errors.length + warnings.length === 0, [...errors, ...warnings].map(({ message }) => message).join('\n'));
  const code = readFileSync(join(folder, 'dist', 'main.js'), 'utf8');
  ensure(code.includes('createTaskClient'), 'the bundle is empty: does this check still build the right thing?');
  ensureNoNode(code);
});

await check('an application that uses the error guard alone bundles no codec', async () => {
  const { files } = await bundle(`import { isSeedanceError } from 'rx-seedance';\nglobalThis.guard = isSeedanceError;`);
  const codecs = files.filter((path) => /\/(io-ts|fp-ts)\//.test(path));
  ensure(codecs.length === 0, `a codec is not marked as pure, or its arguments are not (a spread never is); bundled too: ${codecs.join(', ')}`);
});

console.log(failures === 0 ? `all checks passed: ${entries.length} entry points` : `${failures} of the package's checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
