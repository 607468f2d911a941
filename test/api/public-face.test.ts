/**
 * Tests of the public API: every change of it shows in `report.md`, and every name has a docstring.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Example, faultsOf } from './examples.js';
import { entrySources, printed, type PublicFace, readPublicFace } from './public-face.js';

let face: PublicFace;
beforeAll(() => {
  face = readPublicFace();
});

/** Every name once, at its first entry point. */
const everyName = () => {
  const met = new Set<unknown>();
  return face.entries.flatMap(({ specifier, names }) =>
    names.flatMap((name) => {
      if (met.has(name.symbol)) return [];
      met.add(name.symbol);
      return [{ ...name, specifier, label: `${specifier}: ${name.name}` }];
    }),
  );
};

const fence = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

/** The report: one section for each entry point. */
const report = (): string => {
  const firstPlaces = new Map(everyName().map(({ symbol, specifier }) => [symbol, specifier]));
  const sections = face.entries.map(({ specifier, names }) => {
    const own = names.filter(({ symbol }) => firstPlaces.get(symbol) === specifier);
    const others = names.filter((name) => !own.includes(name)).map(({ name, symbol }) => `\`${name}\` of \`${firstPlaces.get(symbol)}\``);
    return [
      `## ${specifier}`,
      ...(own.length > 0 ? [fence(own.map(({ declarations }) => printed(declarations)).join('\n\n'))] : []),
      ...(others.length > 0 ? [`Also ${others.join(', ')}.`] : []),
    ].join('\n\n');
  });
  const hidden = face.unnamed.map(({ declarations }) => printed(declarations)).join('\n\n');
  return `${[
    '# The public API',
    'Every name of every entry point, with its declaration. Written by `npx vitest run test/api -u`; a change here is a change for users.',
    ...sections,
    '## Not exported',
    'Types that the declarations above use and no entry point exports.',
    fence(hidden),
  ].join('\n\n')}\n`;
};

describe('the public API', () => {
  it('matches the report', async () => {
    await expect(report()).toMatchFileSnapshot('report.md');
  });

  it('has one entry point for each subpath of package.json, and each exports something', () => {
    expect(face.entries.map(({ specifier }) => specifier)).toEqual(entrySources().map(({ specifier }) => specifier));
    expect(face.entries.filter(({ names }) => names.length === 0)).toEqual([]);
  });

  it('has a docstring for every name', () => {
    expect(everyName().filter(({ docs }) => docs.trim() === '').map(({ label }) => label)).toEqual([]);
  });

  it('has an example for every function', () => {
    const functions = everyName().filter(({ isFunction }) => isFunction);
    expect(functions.length).toBeGreaterThan(0);
    const unshown = functions.filter(({ name, examples }) => !examples.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
    expect(unshown.map(({ label }) => label)).toEqual([]);
  });

  it('has examples that compile', () => {
    const examples = everyName().flatMap(({ label, specifier, examples: texts }): Example[] => texts.map((text) => ({ label, specifier, text })));
    expect(examples.length).toBeGreaterThan(0);
    expect(faultsOf(examples, face.entries)).toEqual({});
  });

  it('reports an example that does not compile', () => {
    const wrong = [
      { label: 'a name', specifier: 'rx-seedance', text: 'createTaskClient({ transport, account: [] })' },
      { label: 'a value', specifier: 'rx-seedance', text: "constantDelay('15 s')" },
      { label: 'a grammar', specifier: 'rx-seedance', text: 'constantDelay(15' },
      { label: 'none', specifier: 'rx-seedance', text: 'constantDelay(15_000)' },
    ];
    expect(Object.keys(faultsOf(wrong, face.entries))).toEqual(['a name', 'a value', 'a grammar']);
  });
});
