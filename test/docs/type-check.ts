/**
 * Type-checks programs against src, all in one go, as strictly as tsconfig.json says. Unused names are allowed.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Program } from './fences.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where a program is for the compiler: nowhere on disk, but in a folder from which imports are found. */
const pathOf = (index: number, program: Program): string => join(root, 'test', 'docs', `fence-${index}.${program.language}`);

/** @returns what is wrong, by the program's name; a program that compiles is not in it */
export const typeCheck = (programs: readonly Program[]): ReadonlyMap<string, readonly string[]> => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(config.compilerOptions, root).options,
    types: ['node'],
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  const byPath = new Map(programs.map((program, index) => [pathOf(index, program), program]));
  // A program without an import would be a script, and share its names with the others.
  const textOf = (path: string): string | undefined => {
    const program = byPath.get(path);
    return program && `${program.code}export {};\n`;
  };
  const host = ts.createCompilerHost(options);
  const compiled = ts.createProgram({
    rootNames: [...byPath.keys()],
    options,
    host: {
      ...host,
      fileExists: (path) => byPath.has(path) || host.fileExists(path),
      readFile: (path) => textOf(path) ?? host.readFile(path),
      getSourceFile: (path, languageVersion, ...rest) => {
        const text = textOf(path);
        return text === undefined ? host.getSourceFile(path, languageVersion, ...rest) : ts.createSourceFile(path, text, languageVersion);
      },
    },
  });
  const complaints = new Map<string, string[]>();
  for (const { file, start = 0, code, messageText } of ts.getPreEmitDiagnostics(compiled)) {
    const program = file && byPath.get(file.fileName);
    // What is wrong in src is the business of `npm run typecheck`.
    if (!program) continue;
    const at = program.lines[file.getLineAndCharacterOfPosition(start).line] ?? program.name;
    const list = complaints.get(program.name) ?? [];
    complaints.set(program.name, [...list, `${at} TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`]);
  }
  return complaints;
};
