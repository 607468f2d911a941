/**
 * What a fence gets that imports vitest: Node's own test runner with vitest's `expect`. A failed test fails the fence.
 */
export { afterEach, after as afterAll, beforeEach, before as beforeAll, describe, it, test } from 'node:test';
export { expect, vi } from 'vitest';
