/** The order of the rounds, and that a figure fails with any of its measurements. */
import { expect, it } from 'vitest';
import { inChild, inTurn } from './contest.mjs';

it('measures in turn, not one after the other', async () => {
  const order: string[] = [];
  const results = await inTurn(['a', 'b'] as const, async (contender, round) => {
    order.push(contender + String(round));
    return round;
  });
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'a4', 'b4', 'a5', 'b5']);
  expect(results).toEqual({ a: [1, 2, 3, 4, 5], b: [1, 2, 3, 4, 5] });
});

it('has no figure when one measurement fails', async () => {
  const failing = inTurn(['a', 'b'], async (contender, round) => {
    if (contender === 'b' && round === 3) throw new Error('4,999 ends of 5,000 tasks');
  });
  await expect(failing).rejects.toThrow('4,999 ends of 5,000 tasks');
});

it('refuses fewer than five rounds', async () => {
  await expect(inTurn(['a'], async () => 1, 4)).rejects.toThrow(RangeError);
});

it('has no figure when a program fails, and says what it said', async () => {
  await expect(inChild('wait', { contender: 'nobody' })).rejects.toThrow(/no figure, exit code 1\n[^]*nobody\.mjs/);
});
