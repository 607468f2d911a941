/**
 * The installed declarations, as programs of users compile against them. Libraries are checked too.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entries, here, needsAngular, portable, project, root, specifierOf } from './installed.js';
import { run } from './run.js';

const consumer = readFileSync(join(here, 'consumer.ts'), 'utf8');
const angularConsumer = readFileSync(join(here, 'consumer-angular.ts'), 'utf8');
const importing = (names: readonly string[]): string => names.map((entry, index) => `import * as entry${index} from '${specifierOf(entry)}';\nvoid entry${index};\n`).join('');
const every = importing(entries.filter((entry) => !needsAngular.includes(entry)));

const bundler = { module: 'esnext', moduleResolution: 'bundler' };
const browser = { ...bundler, customConditions: ['browser'], types: [], lib: ['es2022', 'dom', 'dom.iterable'] };

const programs: readonly (readonly [name: string, folder: string, files: Readonly<Record<string, string>>, options: object])[] = [
  ...['node16', 'nodenext'].map((module) =>
    [`under ${module}, as ESM and as CommonJS`, module, { 'consumer.mts': consumer, 'consumer.cts': consumer, 'entries.mts': every, 'entries.cts': every }, { module, moduleResolution: module }] as const),
  ['under bundler', 'bundler', { 'consumer.ts': consumer, 'entries.ts': every }, bundler],
  ['for a browser, with no types of Node, by the portable entries', 'portable', { 'entries.ts': importing(portable) }, { ...browser, lib: ['es2022', 'dom'] }],
  ['for a browser, as an Angular app', 'angular', { 'consumer.ts': angularConsumer }, browser],
];

/** The library's own compiler, then the consumer's. */
describe.each([
  ['6.0', join(root, 'node_modules', 'typescript')],
  ['5.9', join(project, 'node_modules', 'typescript-5.9')],
  ['7.0', join(project, 'node_modules', 'typescript-7.0')],
])('TypeScript %s', (version, compiler) => {
  const compile = (...args: readonly string[]): Promise<string> => run(process.execPath, [join(compiler, 'bin', 'tsc'), ...args], project);

  it('is the compiler', async () => {
    expect(await compile('--version')).toContain(`Version ${version}`);
  });

  it.each(programs)('compiles a consumer %s', async (_, name, files, options) => {
    const folder = join(project, `${name}-${version}`);
    mkdirSync(folder);
    const compilerOptions = { target: 'es2022', lib: ['es2022'], types: ['node'], strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, ...options };
    const all = { ...files, 'package.json': '{ "type": "module" }', 'tsconfig.json': JSON.stringify({ compilerOptions, files: Object.keys(files) }) };
    for (const [file, text] of Object.entries(all)) writeFileSync(join(folder, file), text);
    expect(await compile('-p', folder)).toBe('');
  });
});
