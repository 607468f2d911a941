/**
 * The tests that need a browser and the built page: `npm run test:web`. `npm test` runs all others.
 */
import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.js';

// The projects of the base are those tests that need no browser.
const { projects: _, ...settings } = base.test ?? {};

export default defineConfig({ ...base, test: { ...settings, include: ['test/web/**/*.web.ts'], fileParallelism: false } });
