/**
 * What the package shows to its users, as the compiler sees it: every entry of package.json, and every name that it exports with its
 * declaration. Made from the sources, as the build makes its declarations: nothing has to be built.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { entryPoints } from '../../entry-points.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** One way into the package. */
export interface Entry {
  /** As users write it: `rx-seedance/node`. */
  readonly specifier: string;
  /** Its source, as an absolute path. */
  readonly source: string;
  /** In the order of their names. */
  readonly names: readonly PublicName[];
}

/** One name of an entry. */
export interface PublicName {
  readonly name: string;
  /** What the name stands for, whichever entry it is seen through. */
  readonly symbol: ts.Symbol;
  readonly declarations: readonly ts.Node[];
  /** Whether it can be called. */
  readonly isFunction: boolean;
  /** Its docstring without the tags. */
  readonly docs: string;
  /** The texts of its `@example` tags. */
  readonly examples: readonly string[];
}

/** The whole face. */
export interface PublicFace {
  readonly entries: readonly Entry[];
  /** Declarations that no entry exports, and that the exported ones speak of. */
  readonly unnamed: readonly { readonly name: string; readonly declarations: readonly ts.Node[] }[];
}

/** The options that the sources are compiled with. */
export const compilerOptions = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
};

/** Every entry point with its source. The main one first, then in the order of names. */
export const entrySources = (): readonly Omit<Entry, 'names'>[] =>
  entryPoints
    .map(({ specifier, source }) => ({ specifier, source: join(root, source) }))
    .sort((a, b) => (a.specifier < b.specifier ? -1 : 1));

/** Where the declarations stand: in memory, beside the sources, so that packages are found from there too. */
const declared = join(root, '.declarations');

/** The declarations of some sources, by their paths in `declared`. */
const declarationsOf = (sources: readonly string[]): ReadonlyMap<string, string> => {
  const options = { ...compilerOptions(), noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: declared };
  const files = new Map<string, string>();
  const { diagnostics } = programOf(new Map(), sources, options).emit(undefined, (path, text) => files.set(path, text), undefined, true);
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost(options)));
  return files;
};

/** The files of the disk, parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** A program over files that are in memory, and over the disk for all the others. */
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

/** Reads the face off the sources. Takes some seconds: once for all of a file's tests. */
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

  /** Of the package's own declarations, those that a declaration speaks of. */
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
  // A set that grows while it is gone through is gone through to its end.
  for (const { declarations = [] } of met) declarations.flatMap(spokenOf).forEach((symbol) => met.add(symbol));
  const unnamed = [...met].filter((symbol) => !named.has(symbol)).map(({ name, declarations = [] }) => ({ name, declarations }));

  return { entries, unnamed: unnamed.sort(byName) };
};

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

/** Whether it stands in a file, and is not the whole of it: that has no parent. */
const isTopLevel = (declaration: ts.Node): boolean =>
  !ts.isSourceFile(declaration) && ts.isSourceFile(statementOf(declaration).parent);

/** A constant's declaration is a part of its statement. */
const statementOf = (declaration: ts.Node): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

/** Declarations as text, without comments and without the words that each of them begins with. */
export const printed = (declarations: readonly ts.Node[]): string =>
  declarations
    .map((declaration) => printer.printNode(ts.EmitHint.Unspecified, statementOf(declaration), declaration.getSourceFile()))
    .map((text) => text.replace(/^export /, '').replace(/^declare /, ''))
    .join('\n');
