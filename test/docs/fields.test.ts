/**
 * docs/fields.md, written by what the providers' readers do with each documented field. A field that is read no longer, one that is read and
 * not listed, and one that a fixture has and the list lacks, each fail.
 */
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../src/wire/provider.js';
import { fixtures, providerFiles, providerOf, providers } from '../providers/fixtures.js';
import { isBefore, type Landing, landingsOf, leavesOf, pathsIn, read, spied } from './field-probe.js';
import { type DialectFields, dialects, type Field } from './fields.js';

const files = [...providerFiles].sort();
const providersOf = ({ dialect }: DialectFields): readonly Provider[] => files.map(providerOf).filter((provider) => provider.dialect === dialect.name);
const documenting = (dialect: DialectFields, { only }: Field): readonly Provider[] =>
  providersOf(dialect).filter(({ id }) => only === undefined || only.includes(id));

/** Bodies with a task, of the fixtures of a dialect. */
const bodiesOf = (dialect: DialectFields): readonly unknown[] =>
  fixtures
    .filter(({ provider, expected }) => providerOf(provider).dialect === dialect.dialect.name && expected['kind'] === undefined)
    .map(({ response }): unknown => JSON.parse(response.body));

/** Whether a path is in the list: itself, an object around a listed field, or a part of one. */
const isListed = ({ fields, otherForms, withoutEnvelope }: DialectFields, path: string): boolean => {
  const bare = withoutEnvelope(path);
  if (bare === '' || otherForms.test(bare)) return true;
  return fields.map((field) => withoutEnvelope(field.path)).some((own) => own === bare || own.startsWith(`${bare}.`) || bare.startsWith(`${own}.`) || bare.startsWith(`${own}[]`));
};

const isDirect = ({ conversion }: Landing): boolean => conversion !== null;

/** What a field becomes with any provider that documents it. The retention differs between providers, and with it what is computed from it. */
const landings = new Map(dialects.flatMap((dialect) => dialect.fields.map((field): readonly [Field, readonly Landing[]] => {
  const all = documenting(dialect, field).flatMap((provider) => landingsOf(provider, dialect, field));
  return [field, [...new Map(all.map((landing) => [landing.leaf, landing])).values()]];
})));

const code = (text: string): string => `\`${text}\``;

it('there is a list of fields for the dialect of every provider', () => {
  const listed = dialects.map(({ dialect }) => dialect.name);
  for (const { provider } of providers) expect(listed, `${provider.id}: list the fields of its dialect in test/docs/fields.ts`).toContain(provider.dialect);
});

describe.each(dialects.map((dialect) => [dialect.dialect.name, dialect] as const))('the fields of %s', (_, dialect) => {
  it.each(dialect.fields.map((field) => [[field.path, field.when, field.only].filter((part) => part !== undefined).join(', '), field] as const))('%s', (_name, field) => {
    const found = landings.get(field) ?? [];
    expect(documenting(dialect, field)).not.toEqual([]);
    for (const provider of documenting(dialect, field)) expect(landingsOf(provider, dialect, field).filter(isDirect), provider.id).toEqual(found.filter(isDirect));
    if (field.isRaw) expect(found).toEqual([]);
    else expect(found.filter(isDirect)).not.toEqual([]);
  });

  it('are all that the reader reads', () => {
    const paths = new Set<string>();
    for (const body of [...bodiesOf(dialect), ...Object.values(dialect.bodies)]) dialect.dialect.read(spied(body, (path) => paths.add(path)));
    expect(paths.size).toBeGreaterThan(5);
    expect([...paths].filter((path) => !isListed(dialect, path))).toEqual([]);
  });

  it('are all that the fixtures have', () => {
    const paths = new Set(bodiesOf(dialect).flatMap((body) => pathsIn(body)));
    expect(paths.size).toBeGreaterThan(5);
    expect([...paths].filter((path) => !isListed(dialect, path))).toEqual([]);
  });
});

const tableOf = (dialect: DialectFields): string => {
  const rows = dialect.fields.filter(({ isRaw }) => !isRaw).map((field) => {
    const found = landings.get(field) ?? [];
    const direct = found.filter(isDirect);
    const conversions = [...new Set(direct.map(({ conversion }) => conversion).filter((text) => text !== ''))];
    const remarks = [
      field.only === undefined ? '' : `${field.only.join(', ')} only`,
      field.isUndocumented ? 'undocumented' : '',
      field.when ?? '',
      ...conversions,
    ].filter((text) => text !== '' && text !== null);
    return [
      code(field.path), field.type, direct.map(({ leaf }) => code(leaf)).join(', '), remarks.join('; '),
      found.filter((one) => !isDirect(one)).map(({ leaf }) => code(leaf)).join(', '),
    ];
  });
  const raw = dialect.fields.filter(({ isRaw }) => isRaw).map(({ path, note }) => code(path) + (note === undefined ? '' : ` (${note})`));
  return [
    `## ${dialect.dialect.name} (${providersOf(dialect).map(({ id }) => id).join(', ')})`,
    '',
    table(['their field', 'type', 'our field', 'note', 'used to compute'], rows),
    '',
    `In \`raw\` alone: ${raw.join(', ')}.`,
  ].join('\n');
};

const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [`| ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length)}`, ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');

/** The fields that a leaf comes from, in the order in which they count. */
const sourcesOf = (dialect: DialectFields, leaf: string): string => {
  const fields = dialect.fields.filter((field) => landings.get(field)?.some((one) => one.leaf === leaf && isDirect(one)));
  const rank = (field: Field): number => fields.filter((other) => other !== field && other.into === field.into).filter((other) => {
    const [provider] = documenting(dialect, field).filter((one) => documenting(dialect, other).includes(one));
    return provider !== undefined && isBefore(provider, dialect, leaf, [other, field]);
  }).length;
  const ordered = fields.toSorted((one, other) => rank(one) - rank(other));
  const computed = dialect.fields.filter((field) => landings.get(field)?.some((one) => one.leaf === leaf && !isDirect(one)) && !field.isUndocumented);
  const direct = [...new Set(ordered.map(({ path }) => code(path)))].join(', else ');
  if (computed.length === 0) return direct;
  return `${direct}${direct === '' ? '' : ', else '}computed from ${[...new Set(computed.map(({ path }) => code(path)))].join(', ')}`;
};

const typeOf = (leaf: string, value: unknown): string => {
  if (leaf.endsWith('AtMs')) return 'number, ms since 1970';
  if (leaf.endsWith('Ms')) return 'number, ms';
  return Array.isArray(value) ? 'array' : typeof value;
};

const order = ['status', 'providerStatus', 'progress', 'model', 'video', 'failure', 'createdAtMs', 'startedAtMs', 'updatedAtMs', 'finishedAtMs'];
const placeOf = ([leaf]: readonly [string, unknown]): number => {
  const place = order.indexOf(leaf.replace(/\..*/, ''));
  return place < 0 ? order.length : place;
};

/** Every leaf of a snapshot with an example of its value. */
const leaves = new Map([...landings.values()].flatMap((found) => found.map(({ leaf, value }) => [leaf, value] as const)).toSorted((one, other) => placeOf(one) - placeOf(other)));

const page = `# Your provider's field → ours

\`npm test -- -u\` generates this page. A test puts a value into each field of a response, reads it with the provider, and looks for it in the
\`TaskSnapshot\`. "Used to compute" names further fields of ours that depend on the value. Whatever the library does not read stays in \`raw\`, the
parsed body, which every transition has. A missing, null or empty field is \`null\`. The library reads numbers in strings as numbers,
and an integer beyond 2^53 as a string of its digits.

What a dialect does not find in its fields is searched in the whole body, under the names that relays and gateways use: the link of a finished
video (\`metadata.url\`, \`output\`, \`videos\` and more; an object or a list as well as a string) and the reason of a failure (\`errorMessage\`,
\`failMsg\`, \`detail\` and more; also as JSON text).

\`snapshot.task\` is always the ref that was polled. Facts of the providers: [providers](providers.md).

${dialects.map(tableOf).join('\n\n')}

## Ours → theirs

${table(
  ['`TaskSnapshot`', 'type', ...dialects.map(({ dialect }) => dialect.name)],
  [...leaves].map(([leaf, value]) => [code(leaf), typeOf(leaf, value), ...dialects.map((dialect) => sourcesOf(dialect, leaf) || '–')]),
)}
`;

describe('the page', () => {
  it('stands in docs/fields.md, as the readers say it', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/fields.md');
  });

  it('names every field of a snapshot', () => {
    const named = new Set(leaves.keys());
    const all = dialects.flatMap((dialect) => providersOf(dialect).flatMap((provider) => [...read(provider, dialect, []).keys()]));
    expect(all.filter((leaf) => !named.has(leaf))).toEqual([]);
    for (const { response, task, provider, expected } of fixtures.filter(({ expected: { kind } }) => kind === undefined)) {
      const result = providerOf(provider).read(task, response);
      if (result._tag === 'Left') throw new Error(`${provider} does not read ${JSON.stringify(expected)}`);
      expect([...leavesOf(result.right.snapshot).keys()].filter((leaf) => !named.has(leaf))).toEqual([]);
    }
  });
});
