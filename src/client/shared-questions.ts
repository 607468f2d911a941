/**
 * The questions about one task, shared by all of its watchers: one request at a time, every answer to everyone.
 * Here is the sharing of this library written down; a watcher's state is its own.
 */
import { isLeft, right } from 'fp-ts/Either';
import { asyncScheduler, Observable, type Subscriber, Subscription } from 'rxjs';
import { sleep } from '../poll/rest.js';
import type { TaskRef } from '../task/snapshot.js';
import type { Gate } from '../transport/gate.js';
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

/** A gate, and what stands at it. */
interface Standing {
  readonly gate: Gate;
  readonly question: Subscription;
}

/** When the last request about a task left, -Infinity before the first, and for how long the task is left alone after it. */
export interface LastRequest {
  readonly sentAtMs: number;
  readonly floorMs: number;
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
  /** Who asks, and how. */
  readonly #askers = new Map<Subscriber<Arrival>, OwnQuestion>();
  /** The question, by the gates that it stands at. Once it has left, by the one that it left by. */
  #standing: Standing[] = [];
  #isUnderWay = false;
  #latest: Arrival | null = null;
  #sentAtMs: number;
  #floorMs: number;

  /**
   * @param last the last request about the task, if there was one already
   */
  constructor(task: TaskRef, ask: Ask, { sentAtMs, floorMs }: LastRequest = { sentAtMs: -Infinity, floorMs: 0 }) {
    this.#task = task;
    this.#ask = ask;
    this.#sentAtMs = sentAtMs;
    this.#floorMs = floorMs;
  }

  get last(): LastRequest {
    return { sentAtMs: this.#sentAtMs, floorMs: this.#floorMs };
  }

  /** The answer that came last. Once it has been told to all, it is kept without its body. */
  get latest(): Arrival | null {
    return this.#latest;
  }

  /**
   * The next answer after number `seen`: one that has come already, the one that is under way, else a new question, asked no earlier
   * than `floorMs` after the last request. It leaves by the first gate that opens. The first value counts.
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
    const { gate } = own;
    this.#askers.set(asker, own);
    if (this.#isUnderWay) tell(asker, own);
    else if (!this.#standing.some((place) => place.gate === gate)) this.#stand(gate, own);
  }

  /** Until the question leaves it stands once at each gate of those who ask: one that is shut concerns nobody else. */
  #stand(gate: Gate, own: OwnQuestion): void {
    const place: Standing = { gate, question: new Subscription() };
    this.#standing.push(place);
    // A gate may end long after the answer: that concerns no later question.
    const isOpen = (): boolean => this.#standing.includes(place);
    place.question.add(
      this.#ask({ ...own, task: this.#task, leave: () => isOpen() && this.#leave(place) }).subscribe({
        next: (answer) => { if (isOpen()) this.#answered(answer); },
        error: (error: unknown) => { if (isOpen()) for (const asking of this.#turnedAway(place)) asking.error(error); },
        complete: () => { if (isOpen()) for (const asking of this.#turnedAway(place)) asking.complete(); },
      }),
    );
  }

  #leave(place: Standing): boolean {
    this.#isUnderWay = true;
    const others = this.#standing.filter((other) => other !== place);
    this.#standing = [place];
    for (const { question } of others) question.unsubscribe();
    for (const [asker, own] of [...this.#askers]) tell(asker, own);
    this.#isUnderWay = this.#askers.size > 0;
    if (this.#isUnderWay) this.#sentAtMs = asyncScheduler.now();
    return this.#isUnderWay;
  }

  #withdraw(asker: Subscriber<Arrival>): void {
    this.#listeners.delete(asker);
    const own = this.#askers.get(asker);
    if (own === undefined) return;
    this.#askers.delete(asker);
    const left = this.#standing.filter(({ gate }) => (this.#isUnderWay || gate === own.gate) && this.#askersAt(gate).length === 0);
    this.#standing = this.#standing.filter((place) => !left.includes(place));
    if (left.length > 0) this.#isUnderWay = false;
    for (const { question } of left) question.unsubscribe();
  }

  /** Ends the question that stands at a gate, and gives those who asked by it. */
  #turnedAway(place: Standing): readonly Subscriber<Arrival>[] {
    const asking = this.#askersAt(place.gate);
    for (const asker of asking) this.#askers.delete(asker);
    this.#standing = this.#standing.filter((other) => other !== place);
    this.#isUnderWay = false;
    return asking;
  }

  /** Who waits for what stands at a gate; for what has left, everyone. */
  #askersAt(gate: Gate): readonly Subscriber<Arrival>[] {
    return [...this.#askers].filter(([, own]) => this.#isUnderWay || own.gate === gate).map(([asker]) => asker);
  }

  #answered(answer: Answer): void {
    this.#askers.clear();
    this.#standing = [];
    this.#isUnderWay = false;
    const arrival = { number: (this.#latest?.number ?? 0) + 1, atMs: asyncScheduler.now(), answer };
    this.#latest = arrival;
    for (const listener of [...this.#listeners]) listener.next(arrival);
    if (this.#latest === arrival) this.#latest = { ...arrival, answer: withoutBody(answer) };
  }
}

const tell = (asker: Subscriber<Arrival>, { leave }: OwnQuestion): void => {
  try {
    leave();
  } catch (error) {
    asker.error(error);
  }
};

const withoutBody = (answer: Answer): Answer => (isLeft(answer) ? answer : right({ ...answer.right, raw: null }));
