import { expect, it } from 'vitest';
import { pollingIntervalOf } from '../../src/cli/provider-facts.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';

it('lists the kinds of task with another polling interval, also when only its maximum differs', () => {
  expect(pollingIntervalOf(kyyaipower)).toBe('30–60 s; flex 60–120 s; 480p 10–20 s');
  const slowFlex = { ...ark, pacing: ({ serviceTier }: { readonly serviceTier: string | null }) => ({ minIntervalMs: 10_000, minMs: 10_000, maxMs: serviceTier === 'flex' ? 60_000 : 20_000 }) };
  expect(pollingIntervalOf(slowFlex)).toBe('10–20 s; flex 10–60 s');
});
