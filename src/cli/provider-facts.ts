/**
 * Formats a provider's polling intervals and retention, for the tables of the command line and of the documentation. Pure.
 */
import { noHints } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';

const secondsBetween = (minMs: number, maxMs: number): string =>
  minMs === maxMs ? `${minMs / 1000} s` : `${minMs / 1000}–${maxMs / 1000} s`;

/**
 * The recommended polling interval for a task without hints, and for the kinds of task that differ.
 *
 * @example pollingIntervalOf(kyyaipower) // '30–60 s; flex 60–120 s; 480p 10–20 s'
 */
export const pollingIntervalOf = (provider: Provider): string => {
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
 * The minimum interval between two polls of a task.
 *
 * @example minIntervalOf(ark) // '10 s'
 */
export const minIntervalOf = (provider: Provider): string => {
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
