/**
 * The lane of an account, as JSON that workers pass on: who holds it, its rate limiter, its list requests.
 */
import { isRecord } from '../checks.js';
import { freshLists, type ListState } from '../state/list-plan.js';
import { createRateLimiter, type RateLimiterState } from '../transport/rate-limiter.js';

/** The state of a lane. Plain JSON. */
export interface LaneRecord {
  readonly version: 1;
  /** The worker that sends requests; null for none. */
  readonly holder: string | null;
  /** From then on another worker may take the lane, whatever became of its holder. */
  readonly heldUntilMs: number;
  readonly limiter: RateLimiterState;
  readonly lists: ListState;
  /** The ids of tasks that a list omitted, each with the service tier of that list. */
  readonly unlisted: Readonly<Record<string, string | null>>;
  /** Whether the account has received a good response. */
  readonly hasGoodResponse: boolean;
}

/** More tasks than these that lists omit: lists are no use. */
export const mostUnlisted = 200;

/** Reads a lane. A new one, for a lane that does not exist yet or that another version has written, keeps the given limit. */
export const laneFrom = (text: string | null, perMinute: number | null): LaneRecord => {
  const fresh: LaneRecord = { version: 1, holder: null, heldUntilMs: 0, limiter: createRateLimiter(perMinute), lists: freshLists, unlisted: {}, hasGoodResponse: false };
  const saved = text === null ? null : jsonOf(text);
  if (!isRecord(saved) || !('version' in saved) || saved.version !== 1) return fresh;
  const lane = { ...fresh, ...(saved as Partial<LaneRecord>) }; // this version wrote it
  return { ...lane, limiter: { ...fresh.limiter, ...lane.limiter, givenPerMinute: perMinute } };
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null; // written by something else: limits and lists are found out again
  }
};
