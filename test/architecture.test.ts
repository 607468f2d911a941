/**
 * Enforces the layers of .dependency-cruiser.mjs over src, and writes their table into docs/architecture.md.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import rules, { layers } from '../.dependency-cruiser.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The violations of the rules, as `rule: from → to`. */
const violationsIn = async (baseDir: string): Promise<readonly string[]> => {
  const { forbidden = [], options } = rules;
  const { output } = await cruise(['src'], { ...options, baseDir, validate: true, ruleSet: { forbidden } }, options?.enhancedResolveOptions);
  if (typeof output === 'string') throw new Error(output);
  return output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to.replace(/^.*node_modules/, 'node_modules')}`);
};

it('every import in src follows the layers', async () => {
  expect(await violationsIn(root)).toEqual([]);
});

describe('the layers', () => {
  const tree = mkdtempSync(join(tmpdir(), 'rx-seedance-layers-'));
  let violations: readonly string[];

  const allowed: Readonly<Record<string, string>> = {
    'task/status.ts': '',
    'task/b.ts': "import type { A } from './a.js';",
    'index.ts': "export type { TaskStatus } from './task/status.js';",
    'wire/codec.ts': "import { isLeft } from 'fp-ts/Either';\nimport type * as t from 'io-ts';",
    'state/state.ts': "import type { timer } from '../poll/timers.js';\nimport { delay } from '../poll/delay-policy.js';",
    'poll/timers.ts': "import { timer } from 'rxjs';",
    'poll/delay-policy.ts': '',
    'providers/ark.ts': "import { isLink } from '../wire/codec.js';",
    'adapters/undici.ts': "import { Agent } from 'undici';",
    'angular/signals.ts': "import { signal } from '@angular/core';\nimport { HttpClient } from '@angular/common/http';",
    'node/file.ts': "import { stat } from 'node:fs/promises';\nimport { serve } from '../simulator/index.js';",
    'simulator/index.ts': "export { serve } from './server.js';",
    'simulator/server.ts': "import { createServer } from 'node:http';",
  };
  const forbidden: readonly (readonly [what: string, file: string, text: string, violation: string])[] = [
    ['a value of a layer above', 'poll/a.ts', "import { isTerminal } from '../task/status.js';", 'poll: src/poll/a.ts → src/task/status.ts'],
    ['a type of a layer above', 'poll/b.ts', "import type { TaskStatus } from '../task/status.js';", 'poll: src/poll/b.ts → src/task/status.ts'],
    ['a re-export', 'poll/c.ts', "export { isTerminal } from '../task/status.js';", 'poll: src/poll/c.ts → src/task/status.ts'],
    ['a type in place', 'poll/d.ts', "export type Status = import('../task/status.js').TaskStatus;", 'poll: src/poll/d.ts → src/task/status.ts'],
    ['a dynamic import', 'poll/e.ts', "export const status = import('../task/status.js');", 'poll: src/poll/e.ts → src/task/status.ts'],
    ['another provider', 'providers/b.ts', "import { ark } from './ark.js';", 'providers: src/providers/b.ts → src/providers/ark.ts'],
    ['a package', 'feed/a.ts', "import { isLeft } from 'fp-ts/Either';", 'feed: src/feed/a.ts → node_modules/fp-ts/lib/Either.js'],
    ['another HTTP client', 'adapters/fetch.ts', "import { Agent } from 'undici';", 'adapters: src/adapters/fetch.ts → node_modules/undici/index.js'],
    ['Node', 'client/a.ts', "import { createServer } from 'node:http';", 'client: src/client/a.ts → http'],
    ['a codec of io-ts as a value', 'wire/a.ts', "import * as t from 'io-ts';\nexport const text = t.string;", 'wire, types: src/wire/a.ts → node_modules/io-ts/lib/index.js'],
    ['the inside of the simulator', 'node/a.ts', "import { serve } from '../simulator/server.js';", 'node: src/node/a.ts → src/simulator/server.ts'],
    ['RxJS in the state', 'state/a.ts', "import type { Observable } from 'rxjs';", 'state: src/state/a.ts → node_modules/rxjs/dist/types/index.d.ts'],
    ['a file that loads RxJS, in the state', 'state/b.ts', "import { timer } from '../poll/timers.js';", 'without RxJS: src/state/b.ts → src/poll/timers.ts'],
    ['a cycle of types', 'task/a.ts', "import type { B } from './b.js';", 'cycle: src/task/a.ts → src/task/b.ts'],
    ['a file that does not exist', 'poll/f.ts', "import './gone.js';", 'unresolved: src/poll/f.ts → ./gone.js'],
    ['a file of no layer', 'utils/a.ts', "import '../task/status.js';", 'no layer: src/utils/a.ts → src/task/status.ts'],
    ['a file outside every import', 'utils/b.ts', '', 'unused: src/utils/b.ts → src/utils/b.ts'],
  ];

  beforeAll(async () => {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'), 'dir');
    writeFileSync(join(tree, 'tsconfig.json'), '{}');
    for (const [file, text] of [...Object.entries(allowed), ...forbidden.map(([, file, text]) => [file, text] as const)]) {
      mkdirSync(dirname(join(tree, 'src', file)), { recursive: true });
      writeFileSync(join(tree, 'src', file), text);
    }
    violations = await violationsIn(tree);
  });
  afterAll(() => { rmSync(tree, { recursive: true }); });

  it.each(forbidden)('forbid %s: %s', (_, __, ___, violation) => {
    expect(violations).toContain(violation);
  });

  it('forbid nothing else', () => {
    const files = Object.keys(allowed).map((file) => `: src/${file} →`);
    expect(violations.filter((violation) => files.some((file) => violation.includes(file)))).toEqual([]);
  });
});

it('docs/architecture.md has the table of layers', async () => {
  const path = join(root, 'docs/architecture.md');
  const listOf = (names: readonly string[], none: string) => names.join(', ') || none;
  const rows = Object.entries(layers).map(([name, { purpose, imports, packages, types = [] }]) =>
    `| \`${name}\` | ${purpose} | ${listOf(imports, 'nothing')} | ${listOf([...packages, ...types.map((one) => `${one} (types)`)], 'none')} |\n`);
  const page = readFileSync(path, 'utf8').replace(/(?<=<!-- layers -->\n)[^]*(?=<!-- \/layers -->)/, `| layer | purpose | may import | packages |\n|---|---|---|---|\n${rows.join('')}`);
  expect(page).toContain('| packages |');
  await expect(page).toMatchFileSnapshot(path);
});
