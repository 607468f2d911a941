/**
 * One key's share of requests: so many a minute, so many at once, fewer for a while when the server says "too many". Knows no
 * provider and no task; its clock is the scheduler's.
 */
import { asyncScheduler, defer, type Observable, of, switchMap, tap } from 'rxjs';
import { checkCount } from '../checks.js';
import { type Gate, openGate } from './gate.js';
import { createLine } from './line.js';
import { longestRetryAfterMs, retryAfterMs } from './retry-after.js';
import type { HttpResponse, Transport } from './transport.js';

/** What a key may ask for. */
export interface BudgetOptions {
  /** Requests that leave in any minute, one by one and evenly spaced. Default: no limit. */
  readonly perMinute?: number | undefined;
  /** Requests that are under way at once, those at their gate included. Default: no limit. */
  readonly concurrent?: number | undefined;
}

/**
 * Bounds what all the transports that it is applied to send together. A request whose turn has come passes a gate before it leaves: one
 * that finds the gate shut, and the pace of the key gone on without it when it opens, goes back into the line.
 */
export type Budget = (transport: Transport, gate?: Gate) => Transport;

/** So much longer than a minute do a minute's requests take: the network may bring them closer together. */
const slackMs = 1_000;

/** What the pace of a refused key is made of, as shares of the floor: how long one task is left alone between two requests. */
const refusedShare = 0.1;
const longestShare = 3;
const recoveryShare = 6;
const shortestShare = 0.001;

/**
 * A budget. Requests wait in a line, the earliest due first; one that is unsubscribed leaves it.
 *
 *     6 a minute   ----------------------------
 *     subscribed   (abc)
 *     sent         a---------b---------c------     10 s apart
 *
 * After a 429 nothing leaves for as long as its `Retry-After` says (one floor where it says nothing, 10 minutes at most), and then at
 * half the pace: for a key without `perMinute` ten requests in a floor, which is half of the lowest limit that was seen. Each further
 * one halves it again, down to one in three floors; each six floors without one double it. Without options it does that alone.
 *
 * @param floorMs how long one task is left alone between two requests; default: 10 s
 * @param isTooMany which answers say "too many requests"; default: those of status 429
 * Errors: `RangeError` for a limit that is no whole number from 1; those of the transports pass through.
 * @example const limited = createBudget({ perMinute: 120 })(undiciTransport())
 */
export const createBudget = (
  { perMinute = Infinity, concurrent = Infinity }: BudgetOptions = {},
  floorMs = 10_000,
  isTooMany: (response: HttpResponse) => boolean = ({ status }) => status === 429,
): Budget => {
  if (perMinute !== Infinity) checkCount('budget.perMinute', perMinute);
  if (concurrent !== Infinity) checkCount('budget.concurrent', concurrent);
  const ownSpacingMs = Math.ceil((60_000 + slackMs) / perMinute);
  /** The pace after the last 429 that slowed it. */
  let slowed = { spacingMs: 0, atMs: -Infinity };
  /** Since the last request was called to its gate, and since the last one left: a gate may hold them up. */
  const sinceCalled = createRest();
  const sinceSent = createRest();
  const line = createLine(concurrent, () => Math.max(sinceCalled.leftMs(), sinceSent.leftMs()));

  const spacingAt = (nowMs: number): number => {
    // A clock that went back must not keep the pace slow.
    if (nowMs < slowed.atMs) slowed = { ...slowed, atMs: nowMs };
    const spacingMs = slowed.spacingMs / 2 ** Math.max(0, Math.floor((nowMs - slowed.atMs) / (recoveryShare * floorMs)));
    return Math.max(ownSpacingMs, spacingMs < shortestShare * floorMs ? 0 : Math.ceil(spacingMs));
  };

  const refused = ({ headers }: HttpResponse, sentAtMs: number): void => {
    const now = asyncScheduler.now();
    const coolMs = Math.min(retryAfterMs(headers['retry-after'], headers['date']) ?? floorMs, longestRetryAfterMs);
    if (coolMs > sinceSent.leftMs()) sinceSent.begin(coolMs);
    // Of the requests that were under way together, one slows the pace.
    if (sentAtMs <= slowed.atMs) return;
    slowed = { spacingMs: Math.min(Math.max(2 * spacingAt(now), refusedShare * floorMs), longestShare * floorMs), atMs: now };
  };

  return (transport, gate = openGate) => (request) => {
    const dueAtMs = request.dueAtMs ?? asyncScheduler.now();
    const departure = defer(() => {
      if (sinceSent.leftMs() > 0) return of(heldBack);
      const sentAtMs = asyncScheduler.now();
      sinceSent.begin(spacingAt(sentAtMs));
      return transport(request).pipe(
        tap((response) => {
          if (isTooMany(response)) refused(response, sentAtMs);
        }),
      );
    });
    const called = defer(() => {
      sinceCalled.begin(spacingAt(asyncScheduler.now()));
      return gate(departure);
    });
    const turn = (): Observable<HttpResponse> => line(called, dueAtMs).pipe(switchMap((answer) => (answer === heldBack ? turn() : [answer])));
    return turn();
  };
};

/** What a gate is given in the place of an answer: some cannot bear none. */
const heldBack: HttpResponse = { status: 0, headers: {}, body: '' };

/** A rest on the scheduler's clock. Where that goes back, the rest begins anew, once. */
const createRest = (): { readonly begin: (ms: number) => void; readonly leftMs: () => number } => {
  let endsAtMs = -Infinity;
  let wholeMs = 0;
  const begin = (ms: number): void => {
    endsAtMs = asyncScheduler.now() + ms;
    wholeMs = ms;
  };
  const leftMs = (): number => {
    if (endsAtMs - asyncScheduler.now() > wholeMs) begin(wholeMs);
    return endsAtMs - asyncScheduler.now();
  };
  return { begin, leftMs };
};
