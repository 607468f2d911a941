import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEqual, taskKey, type TaskRef } from '../../src/task/snapshot.js';
import { task } from '../support/snapshots.js';

const anyWord = fc.oneof(fc.constantFrom('', 'a', 'b', 'a","b', '["a"]', 'ä', 'a\u0308'), fc.string());
const anyRef: fc.Arbitrary<TaskRef> = fc.record({ provider: anyWord, id: anyWord, account: anyWord }, { requiredKeys: ['provider', 'id'] });

describe('taskKey', () => {
  it('is the same for two refs exactly when they identify the same task', () => {
    fc.assert(fc.property(anyRef, anyRef, (a, b) => {
      const isSame = a.provider === b.provider && a.id === b.id && (a.account ?? '') === (b.account ?? '');
      expect(taskKey(a) === taskKey(b)).toBe(isSame);
      expect(taskKey({ ...a })).toBe(taskKey(a));
    }));
  });

  it('differs when provider, account or id differs', () => {
    const refs = [task, { ...task, account: 'eu' }, { ...task, id: 'eu' }, { ...task, provider: 'eu' }, { provider: task.id, id: task.provider }];
    expect(new Set(refs.map(taskKey)).size).toBe(refs.length);
  });
});

describe('isEqual', () => {
  // As JSON has it: without -0.
  const anyJson = fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text));

  it('is true of two values exactly when their JSON says the same, in whatever order', () => {
    fc.assert(fc.property(anyJson, anyJson, (a, b) => {
      expect(isEqual(a, structuredClone(a))).toBe(true);
      expect(isEqual(a, b)).toBe(isDeepStrictEqual(a, b));
      expect(isEqual(b, a)).toBe(isEqual(a, b));
    }));
  });

  it.each([
    [{ a: 1, b: undefined }, { a: 1 }],
    [{ a: null }, { b: null }],
    [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }],
    [null, {}],
    ['1', 1],
    [[], {}],
    [[1], { 0: 1 }],
  ])('tells %j from %j', (a, b) => {
    expect(isEqual(a, b)).toBe(false);
    expect(isEqual(b, a)).toBe(false);
  });
});
