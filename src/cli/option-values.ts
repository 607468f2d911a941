/**
 * Reads the value of one option or argument. Pure. Each throws a `UsageError` that names the option and the value.
 */
import { closestMatch } from 'leven';
import { outcomes } from '../simulator/index.js';
import { type TaskStatus, taskStatuses } from '../task/status.js';
import type { Provider } from '../wire/provider.js';
import type { BaseUrl } from './arguments.js';
import { parseDuration } from './duration.js';
import { knownProviders } from './known-providers.js';
import { orUsageError, UsageError } from './usage-error.js';

/** From the text of a value, and the name of its option, to the value. */
export type Read<Value> = (text: string, option: string) => Value;

export const anyText: Read<string> = (text) => text;

export const nonEmpty = (what: string): Read<string> => (text, option) => {
  if (text === '') throw new UsageError(`${option} needs a non-empty ${what}`);
  return text;
};

export const duration: Read<number> = (text, option) => orUsageError(() => parseDuration(option, text));

export const numberThat = (rule: string, isGood: (value: number) => boolean): Read<number> => (text, option) => {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value) || !isGood(value)) throw new UsageError(`${option} must be ${rule}, not '${text}'`);
  return value;
};

export const integerFrom = (min: number, max = Number.MAX_SAFE_INTEGER): Read<number> =>
  numberThat(
    max === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${min}` : `an integer from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  );

/** The ids of the providers that support something; default: of all. */
export const providerIds = (supports: (provider: Provider) => boolean = () => true): readonly string[] => knownProviders.filter(supports).map(({ id }) => id);

/** A provider, in any case of letters. */
export const provider: Read<Provider> = (text) => {
  const id = text.toLowerCase();
  const known = knownProviders.find((one) => one.id === id);
  if (known !== undefined) return known;
  const closest = closestMatch(id, [...providerIds()], { maxDistance: 3 });
  throw new UsageError(`unknown provider '${text}'${closest === undefined ? '' : ` (did you mean ${closest}?)`}: must be one of ${providerIds().join(', ')}`);
};

/** A provider that supports what a command or an option does. */
export const providerThat = (what: string, supports: (provider: Provider) => boolean): Read<Provider> => (text, option) => {
  const known = provider(text, option);
  if (supports(known)) return known;
  throw new UsageError(`${what} does not support ${known.id}: must be one of ${providerIds(supports).join(', ')}`);
};

/** `provider=URL`, or a URL alone. */
export const baseUrl: Read<BaseUrl> = (text, option) => {
  const [, id, url] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
  if (id === undefined || url === undefined) return { provider: null, url: text };
  if (providerIds().includes(id)) return { provider: id, url };
  throw new UsageError(`${option}: unknown provider '${id}': must be one of ${providerIds().join(', ')}`);
};

export const statusList: Read<readonly TaskStatus[]> = (text, option) =>
  text.split(',').map((word) => {
    const known = taskStatuses.find((one) => one === word.trim());
    if (known === undefined) throw new UsageError(`${option} must be some of ${taskStatuses.join(', ')}, such as queued,running, not '${text}'`);
    return known;
  });

/** What becomes of simulated tasks: words, each with its weight or 1. */
export const outcomeWeights: Read<Readonly<Record<string, number>>> = (text, option) =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [, outcome, weight = '1'] = /^\s*([\w-]+)(?:=([\d.]+))?\s*$/.exec(part) ?? [];
      if (outcome === undefined || !outcomes.some((known) => known === outcome)) {
        throw new UsageError(`${option} must be some of ${outcomes.join(', ')}, each with its weight, such as succeeds=9,fails=1, not '${text}'`);
      }
      return [outcome, numberThat('a number ≥ 0', (value) => value >= 0)(weight, `${option} ${outcome}`)];
    }),
  );
