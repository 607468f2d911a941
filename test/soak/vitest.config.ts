/**
 * The lies of the fault-injection run: `npm run soak:lies`. Each is a build and a run of its own.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/soak/**/*.soak.ts'], maxConcurrency: 2, testTimeout: 240_000 } });
