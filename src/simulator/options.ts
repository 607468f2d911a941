/**
 * Checks the simulator's options and fills in their defaults.
 */
import type { CallbackRates } from './callbacks.js';
import { creationFaults } from './creation-faults.js';
import type { RandomCreationFaults } from './creation-faults.js';
import { pollFaults } from './faults.js';
import type { RandomFaults } from './faults.js';
import type { RateLimit, RateLimitWindow } from './rate-limit.js';
import { simulatedProviders } from './sites.js';
import type { SimulatedProvider } from './sites.js';
import { outcomes } from './scenario.js';
import type { Outcome } from './scenario.js';
import { simulatedClock } from './simulated-clock.js';
import { minPaddedBytes } from './video-file.js';

/**
 * A limit on the requests of each API key of a provider, in simulated time. Polls, lists, creations and deletions count;
 * rejected requests and downloads do not.
 */
export interface SimulatedRateLimit {
  /** An integer ≥ 1. */
  readonly perMinute: number;
  /**
   * `sliding` accepts at most `perMinute` requests in any 60 s. `token-bucket` accepts bursts of `perMinute / 6` requests (rounded
   * down, at least 1) and refills at `perMinute / 60` requests per second. Default: `sliding`.
   */
  readonly window?: RateLimitWindow;
  /** Whether a 429 has a `Retry-After`: the whole seconds until the next request is accepted. Default: false. */
  readonly retryAfter?: boolean;
}

/** Options of a simulator. */
export interface SimulatorOptions {
  /** Default: 0, any free port. */
  readonly port?: number;
  /** Decides ids, scenarios and random faults. Default: 1. */
  readonly seed?: number;
  /**
   * The speed of the simulator's clock: at 60 a minute takes a second. All times of the simulator use this clock, and
   * `atSpeed(speed)` is the scheduler for a client. Default: 1.
   */
  readonly speed?: number;
  /** Accepted keys by provider. `apiKey` returns the first. Default: `sim-key`. */
  readonly keys?: Readonly<Partial<Record<SimulatedProvider, string | readonly string[]>>>;
  /** Random faults of polls. Default: none. */
  readonly faults?: RandomFaults;
  /** Random faults of creations. Default: none. */
  readonly creationFaults?: RandomCreationFaults;
  /** Which callbacks are lost, doubled or reordered. Default: none. */
  readonly callbacks?: CallbackRates;
  /** Rejects requests above a limit with a 429. Default: no limit. */
  readonly rateLimit?: SimulatedRateLimit;
  /** The outcomes of tasks that are submitted without one, by weight. Default: every task succeeds. */
  readonly outcomes?: Readonly<Partial<Record<Outcome, number>>>;
  /** How long a link is valid, in simulated time: a multiple of 1000. Default: as each provider documents. */
  readonly linkLifeMs?: number;
  /** Whether each response signs new links, so that a poll renews an expired link. Default: false. */
  readonly freshLinks?: boolean;
  /** Pads every file to this size, in bytes. Default: no padding, about 100 kB. */
  readonly fileBytes?: number;
  /** The simulator's time, in ms since the epoch. It must not go back. Replaces `speed`: pass only one of the two. */
  readonly clock?: () => number;
}

/** Options with all defaults filled in. */
export interface Settings {
  readonly port: number;
  readonly seed: number;
  readonly keys: Readonly<Record<SimulatedProvider, readonly [string, ...string[]]>>;
  readonly faults: RandomFaults;
  readonly creationFaults: RandomCreationFaults;
  readonly callbacks: Required<CallbackRates>;
  readonly rateLimit: RateLimit | null;
  readonly outcomes: readonly (readonly [outcome: Outcome, weight: number])[];
  readonly linkLifeMs: number | null;
  readonly freshLinks: boolean;
  readonly fileBytes: number | null;
  readonly clock: () => number;
  /** The speed of the clock; null for a clock of the caller. */
  readonly speed: number | null;
}

const check = (field: string, value: unknown, good: boolean, rule: string): void => {
  if (!good) throw new RangeError(`${field} must be ${rule}; it is ${String(value)}`);
};

const isWholeFrom = (min: number, value: number): boolean => Number.isSafeInteger(value) && value >= min;

/** Throws unless every key of a record is one of `names`. */
const checkNames = (field: string, record: object, names: readonly string[]): void => {
  for (const name of Object.keys(record)) check(`a name in ${field}`, name, names.includes(name), `one of ${names.join(', ')}`);
};

const checkFaults = <K extends string>(field: string, { rate, kinds = [] }: { readonly rate: number; readonly kinds?: readonly K[] }, all: readonly K[]): void => {
  check(`${field}.rate`, rate, rate >= 0 && rate <= 1, 'from 0 to 1');
  for (const kind of kinds) check(`${field}.kinds`, kind, all.includes(kind), `some of ${all.join(', ')}`);
};

const acceptedKeys = (keys: string | readonly string[], provider: SimulatedProvider): readonly [string, ...string[]] => {
  const [first, ...others] = [keys].flat();
  // An error message never shows a key.
  if (first === undefined || [first, ...others].some((key) => typeof key !== 'string' || key === '')) {
    throw new TypeError(`keys.${provider} must be a non-empty string or a non-empty array of non-empty strings`);
  }
  return [first, ...others];
};

const noRates: Required<CallbackRates> = { loseRate: 0, doubleRate: 0, reorderRate: 0 };

const windows: readonly RateLimitWindow[] = ['sliding', 'token-bucket'];

/**
 * Checks a rate limit and fills in its defaults.
 *
 * Throws `RangeError` or `TypeError` with the field and the value.
 */
export const resolveRateLimit = ({ perMinute, window = 'sliding', retryAfter = false }: SimulatedRateLimit): RateLimit => {
  check('rateLimit.perMinute', perMinute, isWholeFrom(1, perMinute), 'an integer ≥ 1');
  check('rateLimit.window', window, windows.includes(window), `one of ${windows.join(', ')}`);
  if (typeof retryAfter !== 'boolean') throw new TypeError(`rateLimit.retryAfter must be true or false; it is ${String(retryAfter)}`);
  return { perMinute, window, retryAfter };
};

/**
 * Checks options and fills in their defaults.
 *
 * Throws `RangeError` or `TypeError` with the field and the value.
 */
export const resolveOptions = (options: SimulatorOptions): Settings => {
  const { port = 0, seed = 1, speed = 1, keys = {}, faults = { rate: 0 }, outcomes: weights = { succeeds: 1 } } = options;
  const { creationFaults: faultsOfCreations = { rate: 0 }, callbacks = {}, rateLimit, linkLifeMs = null, freshLinks = false, fileBytes = null } = options;
  check('port', port, isWholeFrom(0, port) && port <= 65_535, 'an integer from 0 to 65535');
  check('seed', seed, Number.isFinite(seed), 'finite');
  check('speed', speed, Number.isFinite(speed) && speed > 0, 'finite and > 0');
  check('speed', speed, options.clock === undefined || speed === 1, '1 or omitted when clock is given');
  const { clock = simulatedClock(speed) } = options;
  checkFaults('faults', faults, pollFaults);
  checkFaults('creationFaults', faultsOfCreations, creationFaults);
  const rates = { ...noRates, ...callbacks };
  checkNames('callbacks', callbacks, Object.keys(noRates));
  for (const [name, rate] of Object.entries(rates)) check(`callbacks.${name}`, rate, rate >= 0 && rate <= 1, 'from 0 to 1');
  checkNames('outcomes', weights, outcomes);
  checkNames('keys', keys, simulatedProviders);
  const weightOf = (outcome: Outcome): number => weights[outcome] ?? 0;
  for (const outcome of outcomes) {
    const weight = weightOf(outcome);
    check(`outcomes.${outcome}`, weight, weight >= 0 && Number.isFinite(weight), 'finite and ≥ 0');
  }
  const possible = outcomes.filter((outcome) => weightOf(outcome) > 0);
  check('outcomes', JSON.stringify(weights), possible.length > 0, 'a record with a weight above 0');
  const isWholeSeconds = linkLifeMs === null || (isWholeFrom(0, linkLifeMs) && linkLifeMs % 1000 === 0);
  check('linkLifeMs', linkLifeMs, isWholeSeconds, 'a multiple of 1000');
  const isLargeEnough = fileBytes === null || isWholeFrom(minPaddedBytes, fileBytes);
  check('fileBytes', fileBytes, isLargeEnough, `an integer ≥ ${minPaddedBytes}`);
  if (typeof freshLinks !== 'boolean') throw new TypeError(`freshLinks must be true or false; it is ${String(freshLinks)}`);
  if (typeof clock !== 'function') throw new TypeError(`clock must be a function; it is ${String(clock)}`);
  const keysOf = (provider: SimulatedProvider) => acceptedKeys(keys[provider] ?? 'sim-key', provider);
  return {
    port,
    seed,
    faults,
    creationFaults: faultsOfCreations,
    callbacks: rates,
    rateLimit: rateLimit === undefined ? null : resolveRateLimit(rateLimit),
    linkLifeMs,
    freshLinks,
    fileBytes,
    clock,
    speed: options.clock === undefined ? speed : null,
    outcomes: possible.map((outcome) => [outcome, weightOf(outcome)]),
    keys: {
      ark: keysOf('ark'),
      powertokens: keysOf('powertokens'),
      yescale: keysOf('yescale'),
      kyyaipower: keysOf('kyyaipower'),
      xingchao: keysOf('xingchao'),
      anyfast: keysOf('anyfast'),
    },
  };
};
