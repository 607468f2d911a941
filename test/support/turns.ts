/**
 * Requests as streams that wait for their turn in a lane.
 */
import { Observable } from 'rxjs';
import type { Lane, Turn } from '../../src/transport/request-queue.js';

/** Subscribes to a request in its turn, and ends it with its first value. Unsubscribing leaves the lane. Errors: those of the request. */
export const inTurn = <T>(lane: Lane, dueAtMs: number, request: Observable<T>): Observable<T> =>
  new Observable((subscriber) => {
    const turn: Turn = {
      dueAtMs,
      fail: (error) => { subscriber.error(error); },
      start: () => {
        subscriber.add(request.subscribe({
          next: (value) => {
            lane.finish(turn, () => {
              subscriber.next(value);
              subscriber.complete();
            });
          },
          error: (error: unknown) => { lane.finish(turn, () => { subscriber.error(error); }); },
          complete: () => { lane.finish(turn, () => { subscriber.complete(); }); },
        }));
      },
    };
    lane.enter(turn);
    return () => { lane.leave(turn); };
  });
