/**
 * Reads the public API with the compiler: every entry point of package.json, and every name that it exports with its declaration. It works on
 * the sources and needs no build.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { entryPoints } from '../../entry-points.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** One entry point of the package. */
export interface Entry {
  /** The specifier that users import: `rx-seedance/node`. */
  readonly specifier: string;
  /** The absolute path of its source. */
  readonly source: string;
  /** Sorted by name. */
  readonly names: readonly PublicName[];
}

/** One name of an entry point. */
export interface PublicName {
  readonly name: string;
  /** The symbol of the name, the same for every entry point that exports it. */
  readonly symbol: ts.Symbol;
  readonly declarations: readonly ts.Node[];
  /** Whether it can be called. */
  readonly isFunction: boolean;
  /** Its docstring without the tags. */
  readonly docs: string;
  /** The texts of its `@example` tags. */
  readonly examples: readonly string[];
}

/** The public API. */
export interface PublicFace {
  readonly entries: readonly Entry[];
  /** Declarations that the exported ones use and no entry point exports. */
  readonly unnamed: readonly { readonly name: string; readonly declarations: readonly ts.Node[] }[];
}

/** The compiler options of the sources. */
export const compilerOptions = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
};

/** Every entry point with its source, the main one first, then sorted by name. */
export const entrySources = (): readonly Omit<Entry, 'names'>[] =>
  entryPoints
    .map(({ specifier, source }) => ({ specifier, source: join(root, source) }))
    .sort((a, b) => (a.specifier < b.specifier ? -1 : 1));

/** The folder of the declarations, which exist in memory only. It is in the project, so that packages can be resolved. */
const declared = join(root, '.declarations');

/** The declarations of some sources, by their paths in `declared`. */
const declarationsOf = (sources: readonly string[]): ReadonlyMap<string, string> => {
  const options = { ...compilerOptions(), noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: declared };
  const files = new Map<string, string>();
  const { diagnostics } = programOf(new Map(), sources, options).emit(undefined, (path, text) => files.set(path, text), undefined, true);
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options)));
  return files;
};

/** The parsed files of the disk, shared by all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** A program with some files in memory and all others on disk. */
export const programOf = (files: ReadonlyMap<string, string>, roots: readonly string[], options: ts.CompilerOptions): ts.Program => {
  const disk = ts.createCompilerHost(options);
  const folders = new Set([...files.keys()].map((path) => dirname(path)));
  return ts.createProgram(roots, options, {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    directoryExists: (path) => folders.has(path) || path === declared || disk.directoryExists?.(path) === true,
    getSourceFile: (path, ...rest) => {
      const text = files.get(path);
      if (text !== undefined) return ts.createSourceFile(path, text, rest[0], true);
      if (!parsed.has(path)) parsed.set(path, disk.getSourceFile(path, ...rest));
      return parsed.get(path);
    },
  });
};

/** Reads the public API from the sources. This takes some seconds, so call it once per test file. */
export const readPublicFace = (): PublicFace => {
  const sources = entrySources();
  const files = declarationsOf(sources.map(({ source }) => source));
  const declarationOf = (source: string): string => source.replace(root, declared).replace(/\.ts$/, '.d.ts');
  const program = programOf(files, sources.map(({ source }) => declarationOf(source)), { ...compilerOptions(), types: ['node'] });
  const checker = program.getTypeChecker();
  const resolved = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);

  const nameOf = (exported: ts.Symbol): PublicName => {
    const symbol = resolved(exported);
    const tags = symbol.getJsDocTags(checker).filter(({ name }) => name === 'example');
    return {
      name: exported.name,
      symbol,
      declarations: symbol.declarations ?? [],
      isFunction: (symbol.flags & ts.SymbolFlags.Value) !== 0 && checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0,
      docs: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      examples: tags.map(({ text }) => ts.displayPartsToString(text)),
    };
  };

  const entries = sources.map(({ specifier, source }): Entry => {
    const file = program.getSourceFile(declarationOf(source));
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${specifier} exports nothing`);
    return { specifier, source, names: checker.getExportsOfModule(module).map(nameOf).sort(byName) };
  });

  /** The declarations of the package that a declaration uses. */
  const spokenOf = (declaration: ts.Node): readonly ts.Symbol[] => {
    const symbols: ts.Symbol[] = [];
    const visit = (node: ts.Node): void => {
      const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
      if (symbol !== undefined) symbols.push(resolved(symbol));
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    return symbols.filter(({ declarations = [] }) => declarations.some((one) => isTopLevel(one) && files.has(one.getSourceFile().fileName)));
  };
  const named = new Set(entries.flatMap(({ names }) => names.map(({ symbol }) => symbol)));
  const met = new Set(named);
  // The loop also visits the symbols that are added during the loop.
  for (const { declarations = [] } of met) declarations.flatMap(spokenOf).forEach((symbol) => met.add(symbol));
  const unnamed = [...met].filter((symbol) => !named.has(symbol)).map(({ name, declarations = [] }) => ({ name, declarations }));

  return { entries, unnamed: unnamed.sort(byName) };
};

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

/** Whether a declaration is at the top level of a file. */
const isTopLevel = (declaration: ts.Node): boolean =>
  !ts.isSourceFile(declaration) && ts.isSourceFile(statementOf(declaration).parent);

/** The statement of a declaration: for a constant, its enclosing statement. */
const statementOf = (declaration: ts.Node): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/** Declarations as text, without comments, `export` and `declare`. */
export const printed = (declarations: readonly ts.Node[]): string =>
  declarations
    .map((declaration) => printer.printNode(ts.EmitHint.Unspecified, statementOf(declaration), declaration.getSourceFile()))
    .map((text) => text.replace(/^export /, '').replace(/^declare /, ''))
    .join('\n');
