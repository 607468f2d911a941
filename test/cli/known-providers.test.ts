import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { knownProviders } from '../../src/cli/known-providers.js';

const ids = (await readdir(new URL('../../src/providers/', import.meta.url))).map((file) => file.replace(/\.ts$/, '')).sort();

it('lists every file in src/providers, and is written by this test', async () => {
  const source = `/**
 * Every provider of src/providers. Written by \`npm test -- -u\`; do not edit.
 */
${ids.map((id) => `import { ${id} } from '../providers/${id}.js';`).join('\n')}
import type { Provider } from '../wire/provider.js';

export const knownProviders: readonly Provider[] = [${ids.join(', ')}];
`;
  await expect(source).toMatchFileSnapshot('../../src/cli/known-providers.ts');
});

it('names each provider like its file', () => {
  expect(knownProviders.map(({ id }) => id)).toEqual(ids);
});

it('has the version of package.json, and is written by this test', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  const source = `/**
 * The package's version. Written by \`npm test -- -u\` from package.json; do not edit.
 */
export const version = '${version}';

/** What Node's transports and downloads call themselves. Hosts behind filters refuse requests without a name. */
export const userAgent: string = \`rx-seedance/\${version}\`;
`;
  await expect(source).toMatchFileSnapshot('../../src/version.ts');
});
