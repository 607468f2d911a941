/**
 * Checks the contents of the page's build: the size of this library in it, and that it holds no code for Node.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { application } from './world.js';

interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>>;
}

const dist = join(application, 'dist');

/** The bytes of the page's scripts that come from each package, minified. */
const bytesByPackage = (): ReadonlyMap<string, number> => {
  const { outputs } = JSON.parse(readFileSync(join(dist, 'stats.json'), 'utf8')) as Metafile;
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? 'the page';
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
    }
  }
  return bytes;
};

describe('the built page', () => {
  it('holds no undici and nothing of Node', () => {
    const scripts = readdirSync(join(dist, 'browser')).filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    for (const name of scripts) {
      const text = readFileSync(join(dist, 'browser', name), 'utf8');
      expect(text.match(/\bundici\b|["'`]node:\w+/g)).toBeNull();
    }
  });

  it('holds only Angular, RxJS, icons, this library and its dependencies', () => {
    const packages = [...bytesByPackage().keys()].filter((name) => !name.startsWith('@angular/'));
    expect(new Set(packages)).toEqual(new Set(['the page', 'rx-seedance', 'rxjs', 'tslib', 'io-ts', 'fp-ts', 'eventsource-parser', '@mdi/js'].filter((name) => packages.includes(name))));
    expect(packages).toContain('rx-seedance');
  });

  it('holds as much code of this library as its README says', () => {
    const bytes = bytesByPackage();
    const kilobytes = ['rx-seedance', 'eventsource-parser', 'io-ts', 'fp-ts'].reduce((sum, name) => sum + (bytes.get(name) ?? 0), 0) / 1000;
    const stated = /(\d+(?:\.\d+)?) kB minified/.exec(readFileSync(join(application, 'README.md'), 'utf8'))?.[1];
    expect(Math.abs(Number(stated) - kilobytes), `${kilobytes.toFixed(1)} kB, but the README says ${String(stated)} kB`).toBeLessThanOrEqual(1);
  });
});
