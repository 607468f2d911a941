/**
 * The tests of the package as its users get it: `npm run check:package`. They need a build.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/package/**/*.package.ts'], globalSetup: 'test/package/install.ts', maxWorkers: 2, testTimeout: 180_000, hookTimeout: 180_000 },
});
