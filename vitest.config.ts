import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests read the sources, never a built copy: the package's own name leads to `src`. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^fp-ts\/(\w+)$/, replacement: 'fp-ts/lib/$1.js' },
      { find: /^rx-seedance$/, replacement: here('./src/index.ts') },
      { find: /^rx-seedance\/providers\/(.+)$/, replacement: here('./src/providers/$1.ts') },
      { find: /^rx-seedance\/(undici|fetch|angular)$/, replacement: here('./src/adapters/$1.ts') },
      { find: /^rx-seedance\/(wire|testing|simulator|node|sse)$/, replacement: here('./src/$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // No test waits: the limit is for a machine that is busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'text'] },
  },
});
