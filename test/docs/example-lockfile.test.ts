/**
 * The example application installs a copy of this package, and its lockfile remembers what that needs. A dependency that is added here
 * must be added there too, or a clean install of the example lacks it.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Needs {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
}

const read = (path: string): any => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

const needsOf = ({ dependencies, peerDependencies, engines }: Needs): Needs => ({ dependencies: dependencies ?? {}, peerDependencies: peerDependencies ?? {}, engines: engines ?? {} });

it('the lockfile of the example knows what this package needs', () => {
  const locked = read('docs/examples/angular/package-lock.json').packages['node_modules/rx-seedance'];
  expect(needsOf(locked)).toEqual(needsOf(read('package.json')));
});

it('the lockfile of the example has a digest for every package from a registry', () => {
  const packages = Object.entries<{ integrity?: string }>(read('docs/examples/angular/package-lock.json').packages);
  const without = packages.filter(([path, { integrity }]) => path !== '' && path !== 'node_modules/rx-seedance' && integrity === undefined);
  expect(without.map(([path]) => path)).toEqual([]);
});
