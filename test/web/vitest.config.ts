/**
 * The tests that need a browser and the built page: `npm run test:web`. `npm test` runs all others.
 */
import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.js';

export default defineConfig({ ...base, test: { ...base.test, include: ['test/web/**/*.web.ts'], fileParallelism: false } });
