/**
 * What a provider says of its pace and of how long it keeps things, in words. Pure; for the table of the command line and of the
 * documentation.
 */
import { noHints } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';

const secondsBetween = (minMs: number, maxMs: number): string =>
  minMs === maxMs ? `${minMs / 1000} s` : `${minMs / 1000}–${maxMs / 1000} s`;

/**
 * How often a provider is asked about a task of which nothing is known, and what differs for some.
 *
 * @example paceOf(kyyaipower) // '30–60 s; flex 60–120 s; 480p 10–20 s'
 */
export const paceOf = (provider: Provider): string => {
  const { minMs, maxMs } = provider.pacing(noHints);
  const kinds = [
    ['flex', { ...noHints, serviceTier: 'flex' }],
    ['480p', { ...noHints, resolution: '480p' }],
  ] as const;
  const others = kinds.flatMap(([kind, hints]) => {
    const other = provider.pacing(hints);
    return other.minMs === minMs && other.maxMs === maxMs ? [] : [`${kind} ${secondsBetween(other.minMs, other.maxMs)}`];
  });
  return [secondsBetween(minMs, maxMs), ...others].join('; ');
};

/**
 * The time that must lie between two questions.
 *
 * @example floorOf(ark) // '10 s'
 */
export const floorOf = (provider: Provider): string => {
  const { minIntervalMs } = provider.pacing(noHints);
  return secondsBetween(minIntervalMs, minIntervalMs);
};

/**
 * For how long a provider keeps something.
 *
 * @param ms null where it does not say
 * @example daysOf(86_400_000) // '1 day'
 */
export const daysOf = (ms: number | null): string =>
  ms === null ? 'undocumented' : ms === 86_400_000 ? '1 day' : `${ms / 86_400_000} days`;
