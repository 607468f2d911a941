import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { daysOf, type Fact, factsOf, pollingIntervalOf } from '../../src/cli/provider-facts.js';
import type { Provider } from '../../src/wire/provider.js';
import { providerFiles, providerOf, providers } from '../providers/fixtures.js';

const ids = [...providerFiles].sort();

const table = [
  '| `rx-seedance/providers/…` | provider | base URL | dialect | polled every | task kept | video kept |',
  '|---|---|---|---|---|---|---|',
  ...ids.map(providerOf).map((provider) =>
    [
      '',
      ` \`${provider.id}\` `,
      ` [${provider.name}](${provider.documentation}) `,
      ` \`${provider.baseUrl}\` `,
      ` ${provider.dialect} `,
      ` ${pollingIntervalOf(provider)} `,
      ` ${daysOf(provider.retention.recordMs)} `,
      ` ${daysOf(provider.retention.videoMs)} `,
      '',
    ].join('|'),
  ),
].join('\n');

const factTable = (facts: readonly Fact[]): string =>
  ['| fact | |', '|---|---|', ...facts.map(({ name, lines }) => `| ${name} | ${lines.join('<br>')} |`)].join('\n');

/** The facts of a variant that are not those of the provider. */
const differences = (variant: Provider, provider: Provider): readonly Fact[] => {
  const own = factsOf(provider).map(({ lines }) => lines.join());
  return factsOf(variant).filter(({ lines }, index) => lines.join() !== own[index]);
};

const sections = ids.flatMap((id) => {
  const provider = providerOf(id);
  const variants = providers.filter((one) => one.file === id && one.provider !== provider);
  return [
    `## ${id}`,
    factTable(factsOf(provider)),
    ...variants.flatMap((variant) => [`\`${variant.name}\` of the same entry point differs in:`, factTable(differences(variant.provider, provider))]),
  ];
});

const page = `# Providers

\`npm test -- -u\` generates this page from \`src/providers\`; do not edit it. The source of each fact is at the top of the provider's file.

${table}

- "polled every" is what the [default policy](polling.md) does: the recommended interval, and where it may wait longer before the expected end of a task.
- The expiry in a link's signature overrides "video kept".
- \`npx rx-seedance providers ID\` prints the facts below, \`--json\` prints them for programs.
- The six providers that [the simulator](simulator.md) plays were read from documentation, public clients and responses that those recorded. The others,
  and the gateways among the base URLs of \`ark\`, were read from documentation alone, and were not tried live.
- Which field of a response becomes which field of a snapshot: [your provider's field → ours](fields.md).

${sections.join('\n\n')}
`;

describe('the table of providers', () => {
  it('stands in docs/providers.md as the providers say it, with a section for each provider', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/providers.md');
  });

  it('stands in the README, between its marks', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const marked = /(?<=<!-- providers -->\n)[^]*?(?=<!-- \/providers -->)/;
    expect(readme).toMatch(marked);
    await expect(readme.replace(marked, `${table}\n`)).toMatchFileSnapshot('../../README.md');
  });
});
