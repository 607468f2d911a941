/**
 * The questions about one task, shared by all of its watchers: one request at a time, every answer to everyone.
 * Here is the sharing of this library written down; a watcher's state is its own.
 */
import { asyncScheduler, Observable, type Subscriber, Subscription } from 'rxjs';
import { rest } from '../poll/rest.js';
import type { Answer, Question } from './question.js';

/** An answer and its number: which of a task's answers it is, from 1. */
export interface Arrival {
  readonly number: number;
  readonly atMs: number;
  readonly answer: Answer;
}

/** How one watcher's question leaves. */
export interface OwnQuestion extends Omit<Question, 'task' | 'leave'> {
  /** Called when the question leaves, whoever asked it. What it throws is the watcher's error, and it asks no more. */
  readonly leave: () => void;
}

/** One task's questions. */
export interface SharedQuestions {
  /** When the last request left, and when the floor after it is over; -Infinity before the first. */
  readonly last: () => { readonly sentAtMs: number; readonly freeAtMs: number };
  /** The answer that came last. */
  readonly latest: () => Arrival | null;
  /** Every answer as it comes. Hot. */
  readonly arrivals: Observable<Arrival>;
  /**
   * The next answer after number `seen`: one that has come already, the one that is under way, else a new question, asked no earlier
   * than `floorMs` after the last request. Who asks first decides how it leaves. Emits once.
   * Unsubscribing withdraws from the question, and aborts it when nobody else waits for it.
   */
  readonly next: (seen: number, floorMs: number, own: OwnQuestion) => Observable<Arrival>;
}

/**
 * @param ask      one question about the task: cold, emits once
 * @param sentAtMs when the last request left, if there was one already
 */
export const shareQuestions = (ask: (question: Omit<Question, 'task'>) => Observable<Answer>, sentAtMs = -Infinity): SharedQuestions => {
  /** Who wants to know of every answer. */
  const listeners = new Set<(arrival: Arrival) => void>();
  /** Who asks, and how each of them is told that the question leaves. */
  const askers = new Map<Subscriber<Arrival>, () => void>();
  let question: Subscription | null = null;
  let isUnderWay = false;
  let latest: Arrival | null = null;
  let floor = 0;

  const tell = (asker: Subscriber<Arrival>, leave: () => void): void => {
    try {
      leave();
    } catch (error) {
      asker.error(error);
    }
  };

  const leave = (): boolean => {
    for (const [asker, ownLeave] of [...askers]) tell(asker, ownLeave);
    isUnderWay = askers.size > 0;
    if (isUnderWay) sentAtMs = asyncScheduler.now();
    return isUnderWay;
  };

  const over = (): void => {
    askers.clear();
    question = null;
    isUnderWay = false;
  };

  /** Ends a question that comes to no answer. */
  const dismiss = (end: (asker: Subscriber<Arrival>) => void): void => {
    const past = [...askers.keys()];
    over();
    past.forEach(end);
  };

  const answered = (answer: Answer): void => {
    over();
    latest = { number: (latest?.number ?? 0) + 1, atMs: asyncScheduler.now(), answer };
    for (const listener of [...listeners]) listener(latest);
  };

  const join = (asker: Subscriber<Arrival>, own: OwnQuestion): void => {
    askers.set(asker, own.leave);
    asker.add(() => {
      if (!askers.delete(asker) || askers.size > 0) return;
      const withdrawn = question;
      over();
      withdrawn?.unsubscribe();
    });
    if (isUnderWay) tell(asker, own.leave);
    if (question !== null || asker.closed) return;
    const asked = new Subscription();
    question = asked;
    asked.add(
      ask({ ...own, leave }).subscribe({
        next: answered,
        error: (error: unknown) => { dismiss((past) => { past.error(error); }); },
        complete: () => { dismiss((past) => { past.complete(); }); },
      }),
    );
  };

  return {
    last: () => ({ sentAtMs, freeAtMs: sentAtMs + floor }),
    latest: () => latest,
    arrivals: new Observable((subscriber) => {
      const listener = (arrival: Arrival): void => { subscriber.next(arrival); };
      listeners.add(listener);
      return () => listeners.delete(listener);
    }),
    next: (seen, floorMs, own) =>
      new Observable((subscriber) => {
        const listener = (arrival: Arrival): void => {
          subscriber.next(arrival);
          subscriber.complete();
        };
        if (latest !== null && latest.number > seen) {
          listener(latest);
          return;
        }
        listeners.add(listener);
        subscriber.add(() => listeners.delete(listener));
        floor = floorMs;
        const restMs = isUnderWay ? 0 : Math.min(sentAtMs + floorMs - asyncScheduler.now(), floorMs);
        if (restMs > 0) subscriber.add(rest(restMs).subscribe({ complete: () => { join(subscriber, own); } }));
        else join(subscriber, own);
      }),
  };
};
