/** That every contender meets the same faults, as often as the plan says. */
import { pollFaults } from '../../src/simulator/faults.js';
import { expect, it } from 'vitest';
import { createFaults, faultKinds } from './request-faults.mjs';

const numbers = Array.from({ length: 5_000 }, (_, index) => index + 1);

it('knows the kinds of the simulator', () => {
  expect(faultKinds).toEqual(pollFaults);
});

it('decides by seed, task and number, in whatever order the requests come', () => {
  const one = createFaults({ seed: 1, rate: 0.3 });
  const other = createFaults({ seed: 1, rate: 0.3 });
  const backwards = numbers.toReversed().map((number) => other('cgt-1', number)).toReversed();
  expect(numbers.map((number) => one('cgt-1', number))).toEqual(backwards);
  expect(numbers.map((number) => one('cgt-2', number))).not.toEqual(backwards);
  expect(numbers.map((number) => createFaults({ seed: 2, rate: 0.3 })('cgt-1', number))).not.toEqual(backwards);
});

it.each([[0, 0], [0.06, 0.06], [0.3, 0.3], [1, 1]])('at a rate of %d, so many requests meet a fault', (rate, share) => {
  const faultOf = createFaults({ seed: 3, rate });
  expect(numbers.filter((number) => faultOf('', number) !== null).length / numbers.length).toBeCloseTo(share, 1);
});

it('has no kind but those of the plan', () => {
  const faultOf = createFaults({ seed: 4, rate: 1, kinds: ['rate-limited'] });
  expect(new Set(numbers.map((number) => faultOf('cgt-1', number)))).toEqual(new Set(['rate-limited']));
});

it('reports a task as not found in its first two requests alone, and never a list', () => {
  const faultOf = createFaults({ seed: 5, rate: 1 });
  const ids = numbers.map((number) => `cgt-${number}`);
  const isMissing = (id: string, number: number) => faultOf(id, number) === 'not-found-after-creation';
  expect([1, 2].map((number) => ids.some((id) => isMissing(id, number)))).toEqual([true, true]);
  expect(ids.some((id) => isMissing(id, 3))).toBe(false);
  expect(numbers.some((number) => isMissing('', number))).toBe(false);
});
