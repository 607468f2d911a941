import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { daysOf, minIntervalOf, pollingIntervalOf } from '../../src/cli/provider-facts.js';
import type { Provider } from '../../src/wire/provider.js';

const folder = new URL('../../src/providers/', import.meta.url);

const ids = (await readdir(folder)).map((file) => file.replace(/\.ts$/, '')).sort();

const providers = await Promise.all(
  ids.map(async (id) => {
    const module = (await import(/* @vite-ignore */ new URL(`${id}.ts`, folder).href)) as Readonly<Record<string, Provider | undefined>>;
    const provider = module[id];
    if (provider === undefined) throw new Error(`src/providers/${id}.ts exports no ${id}`);
    return provider;
  }),
);

const table = [
  '| `rx-seedance/providers/…` | provider | base URL | dialect | polled every | task kept | video kept |',
  '|---|---|---|---|---|---|---|',
  ...providers.map((provider) =>
    [
      '',
      ` \`${provider.id}\` `,
      ` [${provider.name}](${provider.documentation}) `,
      ` \`${provider.baseUrl}\` `,
      ` ${provider.dialect} `,
      ` ${pollingIntervalOf(provider)}; never below ${minIntervalOf(provider)} `,
      ` ${daysOf(provider.retention.recordMs)} `,
      ` ${daysOf(provider.retention.videoMs)} `,
      '',
    ].join('|'),
  ),
].join('\n');

describe('the table of providers', () => {
  it('stands in docs/providers.md as the providers say it', async () => {
    const page = `# Providers\n\n\`npm test -- -u\` generates this page from \`src/providers\`; do not edit it. The expiry in a link's signature overrides "video kept".\n\nThe source of each fact is at the top of the provider's file.\n\n${table}\n`;
    await expect(page).toMatchFileSnapshot('../../docs/providers.md');
  });

  it('stands in the README, between its marks', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const marked = /(?<=<!-- providers -->\n)[^]*?(?=<!-- \/providers -->)/;
    expect(readme).toMatch(marked);
    await expect(readme.replace(marked, `${table}\n`)).toMatchFileSnapshot('../../README.md');
  });
});
