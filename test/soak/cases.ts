/**
 * What is put to the library: tasks of every provider and outcome, and how each of them is watched. All of it is drawn from the seed.
 */
import { type SimulatedProvider, simulatedProviders } from '../../src/simulator/sites.js';
import { fraction, weighted, integer } from '../../src/simulator/random.js';
import type { Outcome } from '../../src/simulator/scenario.js';

const seconds = 1000;
const minutes = 60 * seconds;

/** One watcher of a task, in the provider's time. */
export interface WatchCase {
  /** Between the creation of the task and the beginning. */
  readonly afterMs: number;
  /** Each stop: how long it watches until then, how long it is away, and whether it goes on in another client, as after a restart. */
  readonly stops: readonly { readonly afterMs: number; readonly awayMs: number; readonly elsewhere: boolean }[];
}

/** One task. */
export interface Case {
  readonly provider: SimulatedProvider;
  /** Which of the provider's accounts it belongs to, from 0. */
  readonly account: number;
  readonly createdAfterMs: number;
  readonly outcome: Outcome;
  readonly queueMs: number;
  readonly runMs: number;
  readonly serviceTier: string;
  readonly watches: readonly WatchCase[];
}

const outcomes: readonly (readonly [Outcome, number])[] = [
  ['succeeds', 52],
  ['fails', 10],
  ['moderated', 8],
  ['cancelled', 8],
  ['expires', 8],
  ['disappears', 6],
  ['unknown-status', 4],
  ['stalls', 4],
];

/** The `index`-th task of a campaign. */
export const caseOf = (seed: number, index: number, accounts: number): Case => {
  const luck = (of: string): number => fraction(seed, index, of);
  const between = (min: number, max: number, of: string): number => integer(min, max, seed, index, of);
  const provider = simulatedProviders[index % simulatedProviders.length] ?? 'ark';
  const outcome = weighted(outcomes, seed, index, 'fate') ?? 'succeeds';
  const isTwice = luck('twice') < 0.1;
  const stops = luck('stops') < 0.25 ? between(1, 3, 'how many stops') : 0;
  return {
    provider,
    account: Math.floor(index / simulatedProviders.length) % accounts,
    createdAfterMs: between(0, 20 * minutes, 'created'),
    outcome,
    queueMs: between(5 * seconds, 2 * minutes, 'queue'),
    // What disappears is to be seen before, as a rule.
    runMs: between(outcome === 'disappears' ? 4 * minutes : 30 * seconds, 8 * minutes, 'run'),
    serviceTier: provider === 'ark' && luck('tier') < 0.2 ? 'flex' : 'default',
    watches: Array.from({ length: isTwice ? 2 : 1 }, (_, watch) => ({
      afterMs: watch === 0 ? between(0, 30 * seconds, 'first watch') : between(0, 6 * minutes, 'second watch'),
      // Two clients know nothing of each other: a task that is watched twice stays with one.
      stops: Array.from({ length: stops }, (__, stop) => ({
        afterMs: between(1, 4 * minutes, `stop ${watch} ${stop}`),
        // Half of them are back before the floor is over.
        awayMs: between(1, luck(`soon ${watch} ${stop}`) < 0.5 ? 8 * seconds : 6 * minutes, `away ${watch} ${stop}`),
        elsewhere: !isTwice && luck(`elsewhere ${watch} ${stop}`) < 0.5,
      })),
    })),
  };
};

/** What watchers of a task are to be told, as each provider's documentation has it. */
export const expectedEnd = ({ provider, outcome }: Pick<Case, 'provider' | 'outcome'>): string => {
  switch (outcome) {
    case 'succeeds':
      return 'succeeded';
    case 'fails':
      return 'failed (internal)';
    case 'moderated':
      return 'failed (moderation)';
    case 'cancelled':
      return provider === 'anyfast' ? 'failed (unknown)' : 'cancelled';
    case 'expires':
      return ['kyyaipower', 'xingchao', 'anyfast'].includes(provider) ? 'failed (timeout)' : 'expired';
    case 'disappears':
      return 'gone';
    case 'unknown-status':
    case 'stalls':
      return 'deadline';
  }
};

/** Whether a task has no end of its own, so that only a deadline ends its watch. */
export const isEndless = ({ outcome }: Pick<Case, 'outcome'>): boolean => outcome === 'unknown-status' || outcome === 'stalls';
