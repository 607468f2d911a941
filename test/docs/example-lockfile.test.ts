/**
 * Each example with packages of its own installs a copy of this package, and its lockfile remembers what that needs. A dependency that is added
 * here must be added there too, or a clean install of the example lacks it.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Needs {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
}

const read = (path: string): any => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

const needsOf = ({ dependencies, peerDependencies, engines }: Needs): Needs => ({ dependencies: dependencies ?? {}, peerDependencies: peerDependencies ?? {}, engines: engines ?? {} });

describe.each(['angular', 'bullmq'])('the lockfile of the example %s', (example) => {
  const packages: Readonly<Record<string, any>> = read(`docs/examples/${example}/package-lock.json`).packages;

  it('knows what this package needs', () => {
    expect(needsOf(packages['node_modules/rx-seedance'])).toEqual(needsOf(read('package.json')));
  });

  it('has a digest for every package from a registry', () => {
    const without = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && path !== 'node_modules/rx-seedance' && integrity === undefined);
    expect(without.map(([path]) => path)).toEqual([]);
  });
});
