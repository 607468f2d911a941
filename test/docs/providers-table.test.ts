import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Hints } from '../../src/wire/facts.js';
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

const anything: Hints = { serviceTier: null, model: null, resolution: null, durationMs: null };

const seconds = (minMs: number, maxMs: number): string =>
  minMs === maxMs ? `${String(minMs / 1000)} s` : `${String(minMs / 1000)}–${String(maxMs / 1000)} s`;

const pace = (provider: Provider): string => {
  const { floorMs, minMs, maxMs } = provider.pacing(anything);
  const kinds = [
    ['flex', { ...anything, serviceTier: 'flex' }],
    ['480p', { ...anything, resolution: '480p' }],
  ] as const;
  const others = kinds.flatMap(([kind, hints]) => {
    const other = provider.pacing(hints);
    return other.minMs === minMs ? [] : [`${kind} ${seconds(other.minMs, other.maxMs)}`];
  });
  return `${[seconds(minMs, maxMs), ...others].join('; ')}; never below ${seconds(floorMs, floorMs)}`;
};

const days = (ms: number | null): string => (ms === null ? 'not said' : ms === 86_400_000 ? '1 day' : `${String(ms / 86_400_000)} days`);

const table = [
  '| `rx-seedance/providers/…` | provider | base URL | dialect | asked every | task kept | video kept |',
  '|---|---|---|---|---|---|---|',
  ...providers.map((provider) =>
    [
      '',
      ` \`${provider.id}\` `,
      ` [${provider.name}](${provider.documentation}) `,
      ` \`${provider.baseUrl}\` `,
      ` ${provider.dialect} `,
      ` ${pace(provider)} `,
      ` ${days(provider.retention.recordMs)} `,
      ` ${days(provider.retention.videoMs)} `,
      '',
    ].join('|'),
  ),
].join('\n');

describe('the table of providers', () => {
  it('stands in docs/providers.md as the providers say it', async () => {
    const page = `# Providers\n\nWritten from \`src/providers\` by \`npm test -- -u\`; do not edit. A link's own signature goes before "video kept".\n\n${table}\n`;
    await expect(page).toMatchFileSnapshot('../../docs/providers.md');
  });

  it('stands in the README, between its marks', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const marked = /(?<=<!-- providers -->\n)[^]*?(?=<!-- \/providers -->)/;
    expect(readme).toMatch(marked);
    await expect(readme.replace(marked, `${table}\n`)).toMatchFileSnapshot('../../README.md');
  });
});
