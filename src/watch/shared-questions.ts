/**
 * The questions about one task, shared by all of its watchers: one request at a time, every answer to everyone.
 * Here is the sharing of this library written down; a watcher's state is its own.
 */
import { isLeft, right } from 'fp-ts/Either';
import { asyncScheduler, Observable, type Subscriber, Subscription } from 'rxjs';
import { sleep } from '../poll/rest.js';
import type { TaskRef } from '../task/snapshot.js';
import type { Answer, Ask, Question } from './question.js';

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

/**
 * One task's questions. A class, so that each of ten thousand tasks holds what it knows and no more.
 */
export class SharedQuestions {
  /** How many watchers have joined and not left. */
  watchers = 0;
  /** Every answer as it comes. Hot. */
  readonly arrivals = new Observable<Arrival>((subscriber) => {
    this.#listeners.add(subscriber);
    return () => this.#listeners.delete(subscriber);
  });
  readonly #task: TaskRef;
  readonly #ask: Ask;
  /** Who wants to know of every answer. */
  readonly #listeners = new Set<Subscriber<Arrival>>();
  /** Who asks, and how each of them is told that the question leaves. */
  readonly #askers = new Map<Subscriber<Arrival>, () => void>();
  #question: Subscription | null = null;
  #isUnderWay = false;
  #latest: Arrival | null = null;
  #sentAtMs: number;
  #floorMs = 0;

  /**
   * @param sentAtMs when the last request about the task left, if there was one already
   */
  constructor(task: TaskRef, ask: Ask, sentAtMs = -Infinity) {
    this.#task = task;
    this.#ask = ask;
    this.#sentAtMs = sentAtMs;
  }

  /** When the last request left, and when the floor after it is over; -Infinity before the first. */
  get last(): { readonly sentAtMs: number; readonly freeAtMs: number } {
    return { sentAtMs: this.#sentAtMs, freeAtMs: this.#sentAtMs + this.#floorMs };
  }

  /** The answer that came last. Once it has been told to all, it is kept without its body. */
  get latest(): Arrival | null {
    return this.#latest;
  }

  /**
   * The next answer after number `seen`: one that has come already, the one that is under way, else a new question, asked no earlier
   * than `floorMs` after the last request. Who asks first decides how it leaves. The first value counts.
   * Unsubscribing withdraws from the question, and aborts it when nobody else waits for it.
   */
  next(seen: number, floorMs: number, own: OwnQuestion): Observable<Arrival> {
    return new Observable((subscriber) => {
      if (this.#latest !== null && this.#latest.number > seen) {
        subscriber.next(this.#latest);
        return;
      }
      this.#listeners.add(subscriber);
      subscriber.add(() => { this.#withdraw(subscriber); });
      this.#floorMs = floorMs;
      const restMs = this.#isUnderWay ? 0 : Math.min(this.#sentAtMs + floorMs - asyncScheduler.now(), floorMs);
      if (restMs > 0) subscriber.add(sleep(restMs, () => { this.#join(subscriber, own); }));
      else this.#join(subscriber, own);
    });
  }

  #join(asker: Subscriber<Arrival>, own: OwnQuestion): void {
    this.#askers.set(asker, own.leave);
    if (this.#isUnderWay) tell(asker, own.leave);
    if (this.#question !== null || asker.closed) return;
    const question = new Subscription();
    this.#question = question;
    question.add(
      this.#ask({ ...own, task: this.#task, leave: () => this.#leave() }).subscribe({
        next: (answer) => { this.#answered(answer); },
        error: (error: unknown) => { for (const asking of this.#over()) asking.error(error); },
        complete: () => { for (const asking of this.#over()) asking.complete(); },
      }),
    );
  }

  #withdraw(asker: Subscriber<Arrival>): void {
    this.#listeners.delete(asker);
    if (!this.#askers.delete(asker) || this.#askers.size > 0) return;
    const withdrawn = this.#question;
    this.#over();
    withdrawn?.unsubscribe();
  }

  #leave(): boolean {
    for (const [asker, leave] of [...this.#askers]) tell(asker, leave);
    this.#isUnderWay = this.#askers.size > 0;
    if (this.#isUnderWay) this.#sentAtMs = asyncScheduler.now();
    return this.#isUnderWay;
  }

  /** Ends the question, and gives those who asked. */
  #over(): readonly Subscriber<Arrival>[] {
    const asking = [...this.#askers.keys()];
    this.#askers.clear();
    this.#question = null;
    this.#isUnderWay = false;
    return asking;
  }

  #answered(answer: Answer): void {
    this.#over();
    const arrival = { number: (this.#latest?.number ?? 0) + 1, atMs: asyncScheduler.now(), answer };
    this.#latest = arrival;
    for (const listener of [...this.#listeners]) listener.next(arrival);
    if (this.#latest === arrival) this.#latest = { ...arrival, answer: withoutBody(answer) };
  }
}

const tell = (asker: Subscriber<Arrival>, leave: () => void): void => {
  try {
    leave();
  } catch (error) {
    asker.error(error);
  }
};

const withoutBody = (answer: Answer): Answer => (isLeft(answer) ? answer : right({ ...answer.right, raw: null }));
