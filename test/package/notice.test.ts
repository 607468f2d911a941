/** That NOTICE.md names every package of which code is built into the published files. */
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { entryPoints } from '../../entry-points.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { dependencies, peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Readonly<Record<'dependencies' | 'peerDependencies', object>>;

it('NOTICE.md names each package that is built into the files, and no other', async () => {
  const { metafile } = await build({
    entryPoints: [...entryPoints.map(({ source }) => source), 'src/cli/main.ts'],
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outdir: 'unwritten',
    write: false,
    metafile: true,
    external: [...Object.keys({ ...dependencies, ...peerDependencies })].flatMap((name) => [name, `${name}/*`]),
  });
  const names = Object.keys(metafile.inputs).map((path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const [, table = ''] = /\n\|---[^\n]*\n([^]*?)\n\n/.exec(readFileSync(`${root}NOTICE.md`, 'utf8')) ?? [];
  const named = table.split('\n').flatMap((row) => row.split('|')[1]?.trim().split(', ') ?? []);
  // A part of fp-ts is built in as well: see tsup.config.ts.
  expect(named.toSorted()).toEqual([...new Set(['fp-ts', ...names])].filter((name) => name !== undefined).toSorted());
});
