/**
 * The plan of a run: tasks of every provider and outcome, the watches of each task, and the limits of the accounts. The seed decides all
 * of them.
 */
import { type SimulatedProvider, simulatedProviders } from '../../src/simulator/sites.js';
import { fraction, weighted, integer } from '../../src/simulator/random.js';
import type { RateLimit } from '../../src/simulator/rate-limit.js';
import type { Outcome } from '../../src/simulator/scenario.js';

const seconds = 1000;
const minutes = 60 * seconds;

/** One watcher of a task. */
export interface WatchCase {
  /** Time from the creation of the task to the start of the watch. */
  readonly afterMs: number;
  /** Each stop: the time before it, the pause after it, and whether the watch resumes in another client, as after a restart. */
  readonly stops: readonly { readonly afterMs: number; readonly awayMs: number; readonly elsewhere: boolean }[];
  /** Time from the start of the watch to a `query` of the task; null for none. */
  readonly queryAfterMs: number | null;
}

/** One task. */
export interface Case {
  readonly provider: SimulatedProvider;
  /** The index of the provider's account, from 0. */
  readonly account: number;
  readonly createdAfterMs: number;
  readonly outcome: Outcome;
  readonly queueMs: number;
  readonly runMs: number;
  readonly serviceTier: string;
  readonly resolution: string;
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

/** The `index`-th task of a run. */
export const caseOf = (seed: number, index: number, accounts: number): Case => {
  const draw = (of: string): number => fraction(seed, index, of);
  const between = (min: number, max: number, of: string): number => integer(min, max, seed, index, of);
  const provider = simulatedProviders[index % simulatedProviders.length] ?? 'ark';
  const outcome = weighted(outcomes, seed, index, 'fate') ?? 'succeeds';
  const isTwice = draw('twice') < 0.1;
  const stops = draw('stops') < 0.25 ? between(1, 3, 'how many stops') : 0;
  // Clients do not share minimum intervals, so both watches of a task, and its queries, stay in one client.
  const mayMove = !isTwice && draw('moves') < 0.8;
  return {
    provider,
    account: Math.floor(index / simulatedProviders.length) % accounts,
    createdAfterMs: between(0, 20 * minutes, 'created'),
    outcome,
    queueMs: between(5 * seconds, 2 * minutes, 'queue'),
    // A task that disappears usually lives long enough to be seen first.
    runMs: between(outcome === 'disappears' ? 4 * minutes : 30 * seconds, 8 * minutes, 'run'),
    serviceTier: provider === 'ark' && draw('tier') < 0.2 ? 'flex' : 'default',
    resolution: draw('resolution') < 0.5 ? '720p' : '1080p',
    watches: Array.from({ length: isTwice ? 2 : 1 }, (_, watch) => ({
      afterMs: watch === 0 ? between(0, 30 * seconds, 'first watch') : between(0, 6 * minutes, 'second watch'),
      queryAfterMs: !mayMove && draw(`query ${watch}`) < 0.5 ? between(1, 4 * minutes, `query after ${watch}`) : null,
      stops: Array.from({ length: stops }, (__, stop) => ({
        afterMs: between(1, 4 * minutes, `stop ${watch} ${stop}`),
        // Half of them resume before the minimum interval is over.
        awayMs: between(1, draw(`soon ${watch} ${stop}`) < 0.5 ? 8 * seconds : 6 * minutes, `away ${watch} ${stop}`),
        elsewhere: mayMove && draw(`elsewhere ${watch} ${stop}`) < 0.5,
      })),
    })),
  };
};

/** The end that a watcher must see, by the provider's documentation. */
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

/** The rate limit of an account. */
export interface AccountLimit {
  /** In requests a minute; the client has it, and the server does not. */
  readonly given: number | null;
  /** The server has it, and the client has to find it. */
  readonly real: RateLimit | null;
}

/** The limit of the `account`-th account of each provider. One in four has none. */
export const limitOf = (account: number, perMinute: number): AccountLimit =>
  [
    { given: null, real: null },
    { given: null, real: { perMinute, window: 'sliding', retryAfter: true } as const },
    { given: perMinute, real: null },
    { given: null, real: { perMinute, window: 'token-bucket', retryAfter: false } as const },
  ][account % 4] ?? { given: null, real: null };

/** The longest wait after a good response, by the documentation of the default policy and of the provider. */
export const longestWaitMs: Readonly<Record<SimulatedProvider, number>> = {
  ark: 120 * seconds,
  powertokens: 120 * seconds,
  yescale: 120 * seconds,
  kyyaipower: 60 * seconds,
  xingchao: 60 * seconds,
  // The first wait is longer than the others: it spreads watches that start together.
  anyfast: 25 * seconds,
};

/** Whether a task never ends, so that only a deadline ends its watch. */
export const isEndless = ({ outcome }: Pick<Case, 'outcome'>): boolean => outcome === 'unknown-status' || outcome === 'stalls';
