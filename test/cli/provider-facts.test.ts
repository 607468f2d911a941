import { describe, expect, it } from 'vitest';
import { knownProviders } from '../../src/cli/known-providers.js';
import { factsOf, pollingIntervalOf } from '../../src/cli/provider-facts.js';
import { providerPage } from '../../src/cli/providers-command.js';
import { widthOf } from '../../src/cli/terminal-text.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { yescale } from '../../src/providers/yescale.js';
import type { Provider } from '../../src/wire/provider.js';

const linesOf = (provider: Provider, fact: string): readonly string[] | undefined => factsOf(provider).find(({ name }) => name === fact)?.lines;

describe('the polling interval in a table', () => {
  it('lists the kinds of task with another one, also when only its maximum differs', () => {
    expect(pollingIntervalOf(kyyaipower)).toBe('30–60 s; flex 60–120 s; 480p 10–20 s');
    const slowFlex = { ...anyfast, tierFactors: { flex: { time: null, price: 1 } }, pacing: ({ serviceTier }: { readonly serviceTier: string | null }) => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: serviceTier === 'flex' ? 60_000 : 20_000 }, longestMs: 20_000 }) };
    expect(pollingIntervalOf(slowFlex)).toBe('10–20 s; flex 10–60 s');
  });

  it('says when the default policy waits longer before the expected end', () => {
    expect(pollingIntervalOf(ark)).toBe('10–20 s, up to 120 s before the expected end');
    expect(pollingIntervalOf(anyfast)).toBe('15 s');
  });
});

describe('the facts of a provider', () => {
  it('are the same for all providers, and none is empty', () => {
    const [first, ...others] = knownProviders.map(factsOf);
    for (const facts of others) expect(facts.map(({ name }) => name)).toEqual(first?.map(({ name }) => name));
    for (const { lines } of knownProviders.flatMap(factsOf)) expect(lines.join('')).toMatch(/\S/);
  });

  it('name the words of each status', () => {
    expect(linesOf(anyfast, 'status words')).toEqual(['`NOT_START`, `SUBMITTED`, `QUEUED` → queued', '`IN_PROGRESS` → running', '`SUCCESS` → succeeded', '`FAILURE` → failed', '`UNKNOWN` → unknown']);
  });

  it('say what is not from the documentation, and what is undocumented', () => {
    expect(linesOf(yescale, 'status words')?.at(-1)).toBe("not from its documentation: Ark's");
    expect(linesOf(yescale, 'a list of tasks')).toEqual(['undocumented: each task has its own request']);
    expect(linesOf(yescale, 'service tiers')).toEqual(['undocumented']);
    expect(linesOf(yescale, 'task kept')).toEqual(['undocumented']);
    expect([ark, anyfast, { ...ark, refundsFailures: false }].map((provider) => linesOf(provider, 'failed tasks'))).toEqual([['refunds are undocumented'], ['refunded'], ['not refunded']]);
  });

  it('give a retention of less than a day in hours', () => {
    const kept = (videoMs: number) => linesOf({ ...ark, retention: { ...ark.retention, videoMs } }, 'video kept')?.[0];
    expect([3_600_000, 7_200_000, 86_400_000, 172_800_000].map(kept)).toEqual(['1 hour', '2 hours', '1 day', '2 days']);
  });

  it('name the header that takes the key', () => {
    expect(linesOf(ark, 'key')).toEqual(['`ARK_API_KEY`, sent as `Authorization: Bearer …`']);
    expect(linesOf({ ...ark, auth: { header: 'x-api-key', scheme: '' } }, 'key')).toEqual(['`ARK_API_KEY`, sent as `X-Api-Key: …`']);
  });

  it('give the default polling as it is', () => {
    expect(linesOf(ark, 'default polling')).toEqual([
      'queued 10–20 s; running: up to 120 s before the expected time, 10 s during it, then up to 20 s',
      'flex: 10–20 s, as the expected time is unknown',
      'after a failed poll: 10 s, doubled with each failure in a row, up to 120 s',
    ]);
  });

  it('give times and tiers', () => {
    expect(linesOf(kyyaipower, 'expected time')?.[0]).toBe('series 1.5, 480p: 30–120 s; flex 1–6 min');
    expect(linesOf(kyyaipower, 'service tiers')).toEqual(['flex: half the price, 2–3 times the time']);
    expect(linesOf({ ...ark, tierFactors: { fast: { time: { min: 0.5, max: 1 }, price: 2 } } }, 'service tiers')?.[0]).toBe('fast: 2 times the price, 0.5–1 times the time');
  });

  it('give the limits of a list, where they are documented', () => {
    expect(linesOf(ark, 'a list of tasks')).toEqual([
      '`GET /contents/generations/tasks`',
      'at most 500 tasks in a response; this library keeps the URL below 6000 characters',
      'tasks of the last 7 days',
      'tasks of one service tier',
    ]);
    expect(linesOf({ ...ark, list: { pathOf: () => '/tasks?all' } }, 'a list of tasks')).toEqual(['`GET /tasks`']);
  });
});

describe('the page of a provider', () => {
  it.each([30, 40, 60, 80, 120])('is at most %d columns wide, except for words that are longer', (columns) => {
    for (const provider of knownProviders) {
      for (const line of providerPage(provider, {}, columns)) expect(line).toSatisfy((text: string) => widthOf(text) <= columns || !/\S\s+\S/.test(text.trim().replace(/^(?:\S+ )*\S+ {2,}/, '')));
    }
  });

  it('has the name of a fact beside its lines, or above them on a narrow terminal', () => {
    expect(providerPage(anyfast, {}, 80).find((line) => line.startsWith('failed tasks'))).toMatch(/^failed tasks +refunded$/);
    const narrow = providerPage(anyfast, {}, 40);
    expect(narrow.slice(narrow.indexOf('failed tasks'), narrow.indexOf('task kept'))).toEqual(['failed tasks', '  refunded']);
  });

  it('wraps nothing without a terminal', () => {
    expect(providerPage(ark, {}, Infinity).join('\n')).toContain('queued 10–20 s; running: up to 120 s before the expected time, 10 s during it, then up to 20 s');
  });

  it('has the base URL of the variable besides the documented ones', () => {
    expect(providerPage(ark, { ARK_BASE_URL: 'http://localhost:1' }, 80).at(-1)).toMatch(/^ARK_BASE_URL +http:\/\/localhost:1$/);
  });
});
