/**
 * Enforces the layers of docs/architecture.md over src: the layers and packages that each layer may import. Types count like values.
 * One function returns the violations of a set of sources; it is tested first.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Rule {
  /** Other layers. A layer may import itself, unless its files are isolated. */
  readonly imports: readonly string[];
  /** Packages, each with its subpaths; `node:` stands for all of Node. */
  readonly packages: readonly string[];
  /** Its files do not import each other. */
  readonly isolated?: boolean;
  /** An entry point: may use the clock, random numbers and promises. */
  readonly entryPoint?: boolean;
}

/** `main` is src/index.ts. */
const layers: Readonly<Record<string, Rule>> = {
  main: { imports: ['task', 'poll', 'transport', 'wire', 'state', 'client', 'feed'], packages: [] },
  checks: { imports: [], packages: [] },
  task: { imports: [], packages: [] },
  poll: { imports: ['checks'], packages: ['rxjs'] },
  transport: { imports: ['checks'], packages: ['rxjs'] },
  wire: { imports: ['task', 'transport'], packages: ['io-ts', 'fp-ts'] },
  providers: { imports: ['task', 'wire'], packages: ['io-ts'], isolated: true },
  state: { imports: ['checks', 'task', 'poll', 'transport', 'wire'], packages: ['fp-ts'] },
  client: { imports: ['checks', 'task', 'poll', 'transport', 'wire', 'state'], packages: ['rxjs', 'fp-ts'] },
  feed: { imports: ['checks', 'task', 'state', 'client'], packages: ['rxjs'] },
  adapters: { imports: ['transport'], packages: ['rxjs'], entryPoint: true },
  angular: { imports: ['task', 'transport', 'client', 'feed'], packages: ['rxjs', '@angular'], entryPoint: true },
  sse: { imports: ['checks', 'task', 'poll', 'transport', 'state', 'client', 'feed'], packages: ['rxjs', 'eventsource-parser'], entryPoint: true },
  testing: { imports: ['task', 'transport'], packages: ['rxjs'] },
  simulator: {
    imports: ['checks', 'task', 'poll', 'transport', 'wire', 'providers', 'state', 'client', 'feed', 'adapters', 'testing', 'node'],
    packages: ['node:', 'undici', 'rxjs'],
    entryPoint: true,
  },
  node: {
    imports: ['checks', 'task', 'poll', 'transport', 'wire', 'providers', 'state', 'client', 'feed', 'adapters', 'testing', 'simulator', 'main'],
    packages: ['node:', 'rxjs'],
    entryPoint: true,
  },
  cli: {
    imports: ['checks', 'task', 'poll', 'transport', 'wire', 'providers', 'state', 'client', 'feed', 'adapters', 'node', 'simulator'],
    packages: ['node:', 'rxjs', 'leven', 'log-update', 'string-width', 'wrap-ansi'],
    entryPoint: true,
  },
};

/** Layers that import only each other's index.ts. */
const behindTheirIndex = ['simulator', 'node'];

/** Packages that only one file of a layer may import. With several names, only one of them exists. */
const exceptions = [
  { files: ['src/adapters/undici.ts'], package: 'undici' },
  // The codec of the saved state.
  { files: ['src/state/watch-state.ts', 'src/state/saved-state.ts'], package: 'io-ts' },
];

/** The only file outside the entry points that reads the platform's clock. */
const theClock = 'src/transport/clock.ts';

const clocks = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];

type Sources = Readonly<Record<string, string>>;

const layerOf = (path: string): string => (path === 'src/index.ts' ? 'main' : (path.split('/')[1] ?? '').replace(/\.ts$/, ''));
const isIn = (name: string, packages: readonly string[]): boolean =>
  packages.some((one) => name === one || name.startsWith(one.endsWith(':') ? one : `${one}/`));

const parse = (path: string, text: string): ts.SourceFile => ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);

const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
};

/** The specifiers that a file imports or re-exports, including types and `import()`. */
const specifiersOf = (file: ts.SourceFile): readonly string[] => {
  const found: string[] = [];
  walk(file, (node) => {
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')
            ? node.arguments[0]
            : undefined;
    if (specifier && ts.isStringLiteralLike(specifier)) found.push(specifier.text);
  });
  return found;
};

/** The specifiers that a file imports at run time: without statements that import only types. */
const valueSpecifiersOf = (file: ts.SourceFile): readonly string[] =>
  file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteralLike(statement.moduleSpecifier)) return [];
    const { importClause } = statement;
    const names = importClause?.namedBindings;
    const isTypeOnly = importClause !== undefined && (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword ||
      (importClause.name === undefined && names !== undefined && ts.isNamedImports(names) && names.elements.every((name) => name.isTypeOnly)));
    return isTypeOnly ? [] : [statement.moduleSpecifier.text];
  });

/** The uses of clocks, promises and random numbers in a file. */
const impuritiesOf = (file: ts.SourceFile): readonly string[] => {
  const found: string[] = [];
  walk(file, (node) => {
    const text = node.getText(file);
    if (ts.isPropertyAccessExpression(node) && ['Date.now', 'Math.random', 'performance.now'].includes(text)) found.push(text);
    if (ts.isNewExpression(node) && node.expression.getText(file) === 'Date' && !node.arguments?.length) found.push('new Date()');
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) found.push('await');
    if (ts.isIdentifier(node) && clocks.includes(text) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node && node.parent.expression.getText(file) !== 'globalThis')) {
      found.push(text);
    }
  });
  return [...new Set(found)];
};

const reexportsByName = (file: ts.SourceFile): boolean =>
  file.statements.every((one) => ts.isExportDeclaration(one) && one.moduleSpecifier && one.exportClause && ts.isNamedExports(one.exportClause));

/** The first import cycle of each group of files that import each other. */
const cyclesIn = (graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] => {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen >= 0) cycles.push([...trail.slice(seen), path]);
    if (seen >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
};

/** The violations in the sources, one sentence each. */
const violationsIn = (sources: Sources): readonly string[] => {
  const violations: string[] = [];
  const graph = new Map<string, string[]>();
  const owners = new Map<string, string>();

  for (const [path, text] of Object.entries(sources)) {
    const report = (text: string): unknown => violations.push(`${path} ${text}`);
    const file = parse(path, text);
    const layer = layerOf(path);
    const rule = layers[layer];
    const neighbours: string[] = [];
    graph.set(path, neighbours);

    if (!/^(?:#!.*\n|\/\/.*\n)*\/\*\*/.test(text)) report('opens without a header comment');
    if (posix.basename(path) === 'index.ts' && !reexportsByName(file)) report('does more than re-export by name');
    if (!rule) {
      report('belongs to no layer');
      continue;
    }
    if (!rule.entryPoint && path !== theClock) for (const impurity of impuritiesOf(file)) report(`uses ${impurity}, which belongs in the entry points`);

    for (const specifier of specifiersOf(file)) {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
        const to = layerOf(target);
        neighbours.push(target);
        if (!(target in sources)) report(`imports ${target}, which does not exist`);
        else if (to === layer) {
          if (rule.isolated) report(`imports ${target}: files of ${layer} do not import each other`);
        } else if (!rule.imports.includes(to)) report(`imports ${target}: ${layer} may not import ${to}`);
        else if (behindTheirIndex.includes(layer) && behindTheirIndex.includes(to) && posix.basename(target) !== 'index.ts') {
          report(`imports ${target}: ${layer} may import only the index.ts of ${to}`);
        }
      } else if (specifier === 'rx-seedance' || specifier.startsWith('rx-seedance/')) {
        report(`imports ${specifier}: sources import each other by path`);
      } else if (!isIn(specifier, rule.packages)) {
        const exception = exceptions.find((one) => one.files.includes(path) && isIn(specifier, [one.package]));
        if (!exception) {
          report(`imports ${specifier}: ${layer} may not import that package`);
          continue;
        }
        const key = exception.files.join(' ');
        const owner = owners.get(key) ?? path;
        owners.set(key, owner);
        if (owner !== path) report(`imports ${specifier}, which only ${owner} may import`);
      }
    }
  }
  return [...violations, ...cyclesIn(graph).map((cycle) => `a cycle: ${cycle.join(' → ')}`)];
};

describe('the check', () => {
  const header = '/** A file. */\n';
  const check = (sources: Sources): readonly string[] =>
    violationsIn(Object.fromEntries(Object.entries(sources).map(([path, text]) => [path, header + text])));

  it('finds nothing in a tree that follows the table', () => {
    const clean = {
      'src/index.ts': "export { isTerminal } from './task/status.js';\nexport type { Provider } from './wire/provider.js';",
      'src/task/status.ts': 'export const isTerminal = () => true;',
      'src/wire/provider.ts': "import type { Either } from 'fp-ts/Either';\nimport * as t from 'io-ts';\nimport { isTerminal } from '../task/status.js';",
      'src/providers/ark.ts': "import { Provider } from '../wire/provider.js';",
      'src/adapters/undici.ts': "import { Agent } from 'undici';\nimport { Observable } from 'rxjs';",
      'src/angular/index.ts': "export { feedSignals } from './feed-signals.js';",
      'src/angular/feed-signals.ts': "import { signal } from '@angular/core';\nimport { toFeed } from '../feed/feed.js';",
      'src/feed/feed.ts': '',
      'src/state/watch-state.ts': "import * as t from 'io-ts';\nconst at = new Date(0);",
      'src/simulator/server.ts': "import { createServer } from 'node:http';\nimport { ark } from '../providers/ark.js';\nawait 0; setTimeout(() => Date.now());",
    };
    expect(check(clean)).toEqual([]);
  });

  it.each([
    ['a value', "import { isTerminal } from '../task/status.js';"],
    ['a type', "import type { TaskStatus } from '../task/status.js';"],
    ['a re-export', "export { isTerminal } from '../task/status.js';"],
    ['a type in place', "type Status = import('../task/status.js').TaskStatus;"],
    ['a dynamic import', "const status = import('../task/status.js');"],
  ])('finds an illegal import between layers: %s', (_, text) => {
    expect(check({ 'src/task/status.ts': '', 'src/poll/poll.ts': text })).toEqual([
      'src/poll/poll.ts imports src/task/status.ts: poll may not import task',
    ]);
  });

  it('finds a provider that imports another', () => {
    expect(check({ 'src/providers/a.ts': '', 'src/providers/b.ts': "import { a } from './a.js';" })).toEqual([
      'src/providers/b.ts imports src/providers/a.ts: files of providers do not import each other',
    ]);
  });

  it.each([
    ['src/task/status.ts', 'rxjs'],
    ['src/poll/poll.ts', 'fp-ts/Either'],
    ['src/wire/codecs.ts', 'rxjs'],
    ['src/providers/ark.ts', 'rxjs'],
    ['src/feed/feed.ts', 'undici'],
    ['src/feed/feed.ts', 'io-ts'],
    ['src/adapters/fetch.ts', 'undici'],
    ['src/adapters/fetch.ts', 'node:http'],
    ['src/adapters/undici.ts', '@angular/core'],
    ['src/state/watch-state.ts', 'rxjs'],
    ['src/testing/script.ts', 'vitest'],
    ['src/transport/transport.ts', 'rxjs-something'],
  ])('finds a package where it is not allowed: %s, %s', (path, name) => {
    const layer = path.split('/')[1] ?? '';
    expect(check({ [path]: `import '${name}';` })).toEqual([`${path} imports ${name}: ${layer} may not import that package`]);
  });

  it('finds a second file that reads saved states', () => {
    const text = "import * as t from 'io-ts';";
    expect(check({ 'src/state/watch-state.ts': text, 'src/state/saved-state.ts': text })).toEqual([
      'src/state/saved-state.ts imports io-ts, which only src/state/watch-state.ts may import',
    ]);
  });

  it('finds an adapter that imports more than its layer allows', () => {
    const tree = { 'src/feed/feed.ts': '' };
    expect(check({ ...tree, 'src/adapters/fetch.ts': "import { toFeed } from '../feed/feed.js';" })).toEqual([
      'src/adapters/fetch.ts imports src/feed/feed.ts: adapters may not import feed',
    ]);
  });

  it('finds a cycle of files, of types too', () => {
    const cycle = { 'src/poll/a.ts': "import type { B } from './b.js';", 'src/poll/b.ts': "import './c.js';", 'src/poll/c.ts': "import './a.js';" };
    expect(check(cycle)).toEqual(['a cycle: src/poll/a.ts → src/poll/b.ts → src/poll/c.ts → src/poll/a.ts']);
  });

  it('finds the main entry reaching for an HTTP client', () => {
    expect(check({ 'src/index.ts': "export { fetchTransport } from './adapters/fetch.js';", 'src/adapters/fetch.ts': '' })).toEqual([
      'src/index.ts imports src/adapters/fetch.ts: main may not import adapters',
    ]);
  });

  it.each([
    ['a star', "export * from '../task/status.js';"],
    ['a declaration', 'export const one = 1;'],
    ['an import', "import '../task/status.js';"],
    ['a default', 'export default 1;'],
  ])('finds an index.ts that does more than re-export: %s', (_, text) => {
    expect(check({ 'src/wire/index.ts': text, 'src/task/status.ts': '' })).toEqual(['src/wire/index.ts does more than re-export by name']);
  });

  it.each([
    ['Date.now', 'const at = Date.now();'],
    ['new Date()', 'const at = new Date();'],
    ['setTimeout', 'setTimeout(() => 0);'],
    ['setTimeout', 'globalThis.setTimeout(() => 0);'],
    ['await', 'const f = async () => await 0;'],
    ['Math.random', 'const jitter = Math.random();'],
  ])('finds %s in a pure layer', (impurity, text) => {
    expect(check({ 'src/feed/feed.ts': text })).toEqual([`src/feed/feed.ts uses ${impurity}, which belongs in the entry points`]);
  });

  it('finds an entry point that imports the inside of another, and allows its index', () => {
    const tree = { 'src/simulator/server.ts': '', 'src/simulator/index.ts': '', 'src/node/cli.ts': "import '../simulator/server.js';\nimport '../simulator/index.js';" };
    expect(check(tree)).toEqual(['src/node/cli.ts imports src/simulator/server.ts: node may import only the index.ts of simulator']);
  });

  it('finds a file outside every layer, one that does not exist, and the package importing itself', () => {
    expect(check({ 'src/utils/x.ts': '', 'src/poll/poll.ts': "import './gone.js';\nimport 'rx-seedance/provider-kit';" })).toEqual([
      'src/utils/x.ts belongs to no layer',
      'src/poll/poll.ts imports src/poll/gone.ts, which does not exist',
      'src/poll/poll.ts imports rx-seedance/provider-kit: sources import each other by path',
    ]);
  });

  it('finds a file without a header', () => {
    expect(violationsIn({ 'src/poll/poll.ts': "import 'rxjs';" })).toEqual(['src/poll/poll.ts opens without a header comment']);
  });
});

describe('src', () => {
  const root = fileURLToPath(new URL('../src/', import.meta.url));
  const sources = Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => [`src/${file.replaceAll('\\', '/')}`, readFileSync(root + file, 'utf8')]),
  );

  it('state/ does not import RxJS, not even indirectly', () => {
    const reached = new Set(Object.keys(sources).filter((path) => path.startsWith('src/state/')));
    for (const path of reached) {
      for (const specifier of valueSpecifiersOf(parse(path, sources[path] ?? ''))) {
        expect(specifier, `imported by ${path}`).not.toMatch(/^rxjs/);
        if (specifier.startsWith('.')) reached.add(posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'));
      }
    }
    expect(reached).toContain('src/poll/delay-policy.ts');
  });

  it('follows the layers', () => {
    expect(violationsIn(sources)).toEqual([]);
  }, 30_000);
});
