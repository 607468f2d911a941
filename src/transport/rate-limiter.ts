/**
 * Decides when an account may send its next request: by a given limit, by a limit found from refusals (429), and by back-off. Pure functions
 * of a state that is plain JSON, so that processes can pass it on. Every `nowMs` must come from the same clock.
 */
import { longestRetryAfterMs } from './retry-after.js';

/** What is known about the limits of one account. Plain JSON. */
export interface RateLimiterState {
  /** The given limit, in requests a minute; null for none. */
  readonly givenPerMinute: number | null;
  /** The limit found from refusals, in requests a minute; null while there is no sign of a limit. */
  readonly ceiling: number | null;
  /** The ceiling before the last step up, to return to; null when there is no step to undo. */
  readonly lastGood: number | null;
  /** Whether steps up are still large: no step has exceeded the limit yet. */
  readonly isSearching: boolean;
  /** No step up before this instant. */
  readonly heldUntilMs: number;
  /** When the ceiling changed last. */
  readonly changedAtMs: number;
  /** The ratio of refusals that remains at any request rate: stray refusals, unrelated to the limit. */
  readonly noise: number;
  /** The latest responses to requests sent since the ceiling changed, one bit each, 1 = refused, the latest in bit 0. */
  readonly recent: number;
  /** How many bits of `recent` count. */
  readonly recentCount: number;
  /** Consecutive refusals, each of a request that was sent after the previous refusal had arrived. */
  readonly refusalsInARow: number;
  readonly refusedAtMs: number;
  /** The number of accepted requests in each slot of 5 s, the current slot first. */
  readonly accepted: readonly number[];
  /** The number of the current slot since the clock's origin. */
  readonly slot: number;
  /** The account backs off until this instant. */
  readonly restUntilMs: number;
  /** The limits allow the next request from this instant. */
  readonly nextAtMs: number;
}

/** The facts of one response that matter for limits. */
export interface ArrivedResponse {
  readonly isRefused: boolean;
  readonly sentAtMs: number;
  /** The server's `Retry-After`, in ms. */
  readonly retryAfterMs: number | null;
}

const slotMs = 5_000;
const slots = 12;
/** A minute's requests are spread over this much more than a minute: network jitter may move them closer together. */
const marginMs = 1_000;
/** A found ceiling above this many requests a minute is dropped: it limits nothing in practice. */
const highestCeiling = 3_000;
/** The time between two steps up. */
const stepMs = 10_000;
/** After a step up that exceeded the limit, the ceiling stays for this time. */
const holdMs = 60_000;
/** A higher ratio of refusals means a limit. */
const mostNoise = 0.1;
/** The most responses that are considered, and the fewest that suffice to judge. */
const [mostRecent, fewestRecent] = [20, 10] as const;

/** The initial state, with the given limit. */
export const createRateLimiter = (givenPerMinute: number | null = null): RateLimiterState => ({
  givenPerMinute,
  ceiling: null,
  lastGood: null,
  isSearching: true,
  heldUntilMs: 0,
  changedAtMs: -Number.MAX_SAFE_INTEGER,
  noise: 0,
  recent: 0,
  recentCount: 0,
  refusalsInARow: 0,
  refusedAtMs: -Number.MAX_SAFE_INTEGER,
  accepted: [],
  slot: 0,
  restUntilMs: -Number.MAX_SAFE_INTEGER,
  nextAtMs: -Number.MAX_SAFE_INTEGER,
});

/** How long the next request has to wait, in ms; 0 when it may leave. */
export const limiterWaitMs = ({ restUntilMs, nextAtMs }: RateLimiterState, nowMs: number): number =>
  Math.max(0, restUntilMs - nowMs, nextAtMs - nowMs);

/** The state once a request leaves. A found ceiling grows here, step by step. */
export const afterDeparture = (before: RateLimiterState, nowMs: number): RateLimiterState => {
  const state = mayGrow(before, nowMs) ? grown(before, nowMs) : before;
  const spacingMs = spacingOf(state);
  return spacingMs === 0 ? state : { ...state, nextAtMs: Math.max(nowMs, state.nextAtMs) + spacingMs };
};

/**
 * The state once a response has arrived.
 *
 * A single refusal changes no rate. From the second consecutive one the account backs off for 1, 2, 4, … s, one minimum interval at most.
 * Three in a row, or clearly more refusals than the noise, are evidence of a limit: the ceiling is then 0.9 of the requests accepted in the
 * last minute, or the ceiling before the last step up. `Retry-After` of a refusal is obeyed, 10 minutes at most.
 *
 * @param minIntervalMs the provider's minimum interval of one task: no ceiling is below one request in it
 */
export const afterArrival = (before: RateLimiterState, response: ArrivedResponse, nowMs: number, minIntervalMs: number): RateLimiterState => {
  const { isRefused, sentAtMs, retryAfterMs } = response;
  const next = copyOf(before);
  if (sentAtMs >= before.changedAtMs) {
    next.recent = ((before.recent << 1) | Number(isRefused)) & (2 ** mostRecent - 1);
    next.recentCount = Math.min(mostRecent, before.recentCount + 1);
  }
  if (!isRefused) {
    const { slot, accepted } = accepting(before, nowMs);
    next.slot = slot;
    next.accepted = accepted;
    next.refusalsInARow = 0;
    return next;
  }
  const isFresh = sentAtMs >= before.refusedAtMs;
  next.refusalsInARow += Number(isFresh);
  const backOffMs = next.refusalsInARow < 2 ? 0 : Math.min(minIntervalMs, 1_000 * 2 ** (next.refusalsInARow - 2));
  const restMs = Math.max(backOffMs, Math.min(retryAfterMs ?? 0, longestRetryAfterMs));
  next.refusedAtMs = nowMs;
  next.restUntilMs = Math.max(before.restUntilMs, nowMs + restMs);
  const isEvidence = next.refusalsInARow >= 3 || (next.recentCount >= fewestRecent && shareRefused(next) > next.noise + 0.25);
  return isFresh && isEvidence ? slowed(next, nowMs, minIntervalMs) : next;
};

type Next = { -readonly [Field in keyof RateLimiterState]: RateLimiterState[Field] };

/** Copies field by field for every response: a spread of so many fields takes ten times as long. */
const copyOf = (state: RateLimiterState): Next => ({
  givenPerMinute: state.givenPerMinute,
  ceiling: state.ceiling,
  lastGood: state.lastGood,
  isSearching: state.isSearching,
  heldUntilMs: state.heldUntilMs,
  changedAtMs: state.changedAtMs,
  noise: state.noise,
  recent: state.recent,
  recentCount: state.recentCount,
  refusalsInARow: state.refusalsInARow,
  refusedAtMs: state.refusedAtMs,
  accepted: state.accepted,
  slot: state.slot,
  restUntilMs: state.restUntilMs,
  nextAtMs: state.nextAtMs,
});

const spacingOf = ({ givenPerMinute, ceiling }: RateLimiterState): number =>
  Math.max(givenPerMinute === null ? 0 : Math.ceil((60_000 + marginMs) / givenPerMinute), ceiling === null ? 0 : 60_000 / ceiling);

const mayGrow = ({ ceiling, changedAtMs, heldUntilMs, recentCount }: RateLimiterState, nowMs: number): boolean =>
  ceiling !== null && nowMs > changedAtMs + stepMs && nowMs > heldUntilMs && recentCount >= Math.min(fewestRecent, ceiling / 6);

const grown = (state: RateLimiterState, nowMs: number): RateLimiterState => {
  const { ceiling, isSearching, noise, recentCount } = state;
  const higher = (ceiling ?? Infinity) * (isSearching ? 1.5 : 1.1);
  const measured = recentCount < fewestRecent ? noise : Math.min(mostNoise, (noise + shareRefused(state)) / 2);
  return { ...changed(state, higher > highestCeiling ? null : higher, nowMs), lastGood: ceiling, noise: measured };
};

const slowed = (state: RateLimiterState, nowMs: number, minIntervalMs: number): RateLimiterState => {
  const { ceiling, lastGood, recentCount } = state;
  // The rate accepted at the present ceiling. A limit that was just lowered shows here first.
  const passing = ceiling === null || recentCount < fewestRecent ? Infinity : ceiling * (1 - shareRefused(state));
  if (ceiling !== null && lastGood !== null && lastGood < ceiling && passing > 0.75 * lastGood) {
    return { ...changed(state, lastGood, nowMs), lastGood: null, isSearching: false, heldUntilMs: nowMs + holdMs };
  }
  const found = Math.max(60_000 / minIntervalMs, 0.9 * Math.min(acceptedLately(state, nowMs), passing));
  return { ...changed(state, found, nowMs), lastGood: null, isSearching: true, nextAtMs: Math.max(state.nextAtMs, nowMs + 60_000 / found) };
};

const changed = (state: RateLimiterState, ceiling: number | null, nowMs: number): RateLimiterState =>
  ({ ...state, ceiling, changedAtMs: nowMs, recent: 0, recentCount: 0 });

const shareRefused = ({ recent, recentCount }: RateLimiterState): number => {
  let refused = 0;
  for (let bits = recent; bits > 0; bits >>>= 1) refused += bits & 1;
  return recentCount === 0 ? 0 : refused / recentCount;
};

const accepting = (state: RateLimiterState, nowMs: number): Pick<RateLimiterState, 'slot' | 'accepted'> => {
  const { slot, accepted } = rotated(state, nowMs);
  const counted = accepted.slice();
  counted[0] = (counted[0] ?? 0) + 1;
  return { slot, accepted: counted };
};

const acceptedLately = (state: RateLimiterState, nowMs: number): number => {
  let sum = 0;
  for (const count of rotated(state, nowMs).accepted) sum += count;
  return sum;
};

const rotated = ({ slot, accepted }: RateLimiterState, nowMs: number): Pick<RateLimiterState, 'slot' | 'accepted'> => {
  const now = Math.floor(nowMs / slotMs);
  const passed = now - slot;
  // When the clock went back, the slots are cleared.
  if (passed < 0 || passed >= slots) return { slot: now, accepted: [] };
  return passed === 0 ? { slot, accepted } : { slot: now, accepted: [...Array.from({ length: passed }, () => 0), ...accepted].slice(0, slots) };
};
