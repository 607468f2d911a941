/**
 * The installed package in Node: every entry point imported, then required.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { entries, here, installed, portable, project, specifierOf } from './installed.js';
import type { Loaded } from './load.cjs';
import { run } from './run.js';

const compiler = ts.createProgram({
  rootNames: entries.map((entry) => join(installed, 'dist', `${entry}.d.ts`)),
  options: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, target: ts.ScriptTarget.ES2022, types: ['node'], noEmit: true },
});
const types = compiler.getTypeChecker();

/** The names that an entry point declares as values. */
const declaredBy = (entry: string): readonly string[] => {
  const source = compiler.getSourceFile(join(installed, 'dist', `${entry}.d.ts`));
  const symbol = source && types.getSymbolAtLocation(source);
  if (!symbol) throw new Error(`${specifierOf(entry)} has no declarations`);
  return types
    .getExportsOfModule(symbol)
    .filter((one) => (one.flags & ts.SymbolFlags.Alias ? types.getAliasedSymbol(one) : one).flags & ts.SymbolFlags.Value)
    .map(({ name }) => name)
    .sort();
};

beforeAll(() => {
  for (const script of ['load.mjs', 'load.cjs']) copyFileSync(join(here, script), join(project, script));
});

describe.each([['imported', 'load.mjs'], ['required', 'load.cjs']])('the package, %s,', (_, script) => {
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = JSON.parse(await run(process.execPath, [script, JSON.stringify(portable.map(specifierOf)), JSON.stringify(entries.map(specifierOf))], project));
  });

  it.each(entries)('exports the values that its types declare: %s', (entry) => {
    expect(loaded.names[specifierOf(entry)]).toEqual(declaredBy(entry));
    expect(declaredBy(entry)).not.toEqual([]);
  });

  it('has each class and function once, whichever entry it comes from', () => {
    expect(loaded.shared.differing).toEqual([]);
  });

  it("loads neither Node's HTTP modules nor packages other than rxjs and the parser of events, by its portable entries", () => {
    expect(loaded.modules).toEqual([]);
    expect(loaded.packages.filter((path) => !/\/node_modules\/(rxjs|tslib|eventsource-parser|rx-seedance)\//.test(path))).toEqual([]);
  });
});
