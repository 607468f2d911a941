import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { entryPoints } from './entry-points.mjs';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Each of these sets something up that a process can have once, such as Angular's test environment. */
const isolated = ['test/**/*.isolated.test.ts', 'test/angular/**/*.test.ts'];

/** Tests read the sources, never a built copy: the package's own name leads to `src`. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^fp-ts\/(\w+)$/, replacement: 'fp-ts/lib/$1.js' },
      ...entryPoints.map(({ specifier, source }) => ({ find: new RegExp(`^${specifier}$`), replacement: here(source) })),
    ],
  },
  test: {
    projects: [
      // These share what they import: to load it anew for each of them took a third of all CPU time.
      { extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: [...isolated, '**/*.slow.test.ts', '**/*.queue.test.ts', '**/node_modules/**'], isolate: false } },
      { extends: true, test: { name: 'isolated', include: isolated } },
      // Not in `npm test`: they need redis-server and PostgreSQL.
      { extends: true, test: { name: 'queue', include: ['test/**/*.queue.test.ts'] } },
      // Not in `npm test`: they take long, or a machine to themselves.
      { extends: true, test: { name: 'slow', include: ['test/**/*.slow.test.ts'] } },
    ],
    // Twice the two cores of a small machine: many tests wait for sockets and for other processes.
    maxWorkers: 4,
    // No test waits: the limit is for a machine that is busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'text'] },
  },
});
