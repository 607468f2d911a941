/**
 * Compiles the examples of docstrings. Names that an example does not declare, such as `task`, may be missing. Names of the package and of
 * rxjs are imported, so that a wrong name, option or argument is an error.
 */
import { join } from 'node:path';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { compilerOptions, type Entry, programOf, root } from './public-face.js';

/** One example of one name. */
export interface Example {
  readonly label: string;
  /** The entry point whose names take precedence. */
  readonly specifier: string;
  readonly text: string;
}

/** The compiler's codes for "cannot find name", which an example may cause. */
const unknownName = [2304, 2552, 2580, 2503, 18004];

/** The compiler errors of each example by its label, without the examples that compile. */
export const faultsOf = (examples: readonly Example[], entries: readonly Entry[]): Readonly<Record<string, readonly string[]>> => {
  const files = new Map(examples.map((example, index) => [join(root, 'test', 'api', `example-${index}.ts`), moduleOf(example, entries)]));
  const options = { ...compilerOptions(), noUnusedLocals: false, noUnusedParameters: false, noImplicitAny: false, types: ['node'] };
  const program = programOf(files, [...files.keys()], options);
  const faults = [...files.keys()].map((path, index) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    const messages = found
      .filter(({ code }) => !unknownName.includes(code))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    return [examples[index]?.label ?? '', messages] as const;
  });
  return Object.fromEntries(faults.filter(([, messages]) => messages.length > 0));
};

/** An example with its imports. An example of fields is wrapped in a class. */
const moduleOf = ({ specifier, text }: Example, entries: readonly Entry[]): string => {
  const own = entries.filter((entry) => entry.specifier === specifier);
  // `ark` is the provider, unless the example is one of the dialect of that name.
  const providers = entries.filter((entry) => entry.specifier.startsWith('rx-seedance/providers/'));
  const places = [...own, ...providers, ...entries].map((entry) => ({ specifier: entry.specifier, names: entry.names.map(({ name }) => name) }));
  // Without rxjs's `config`: in an example that is the config of a watch.
  places.push({ specifier: 'rxjs', names: Object.keys(rxjs).filter((name) => name !== 'config') });
  const words = new Set(text.replace(/'[^']*'/g, '').match(/(?<![\w.$])[A-Za-z]\w*/g));
  const imports = [...words].flatMap((word) => {
    const place = places.find(({ names }) => names.includes(word));
    return place === undefined || new RegExp(`\\bconst ${word}\\b`).test(text) ? [] : [`import { ${word} } from '${place.specifier}';`];
  });
  return [...imports, /^\s*readonly /.test(text) ? `class Example {\n${text}\n}` : text, 'export {};'].join('\n');
};
