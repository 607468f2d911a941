/**
 * The questions about one task by themselves: what comes to those who asked when a question comes to no answer.
 */
import { defer, NEVER, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import type { Answer } from '../../src/client/question.js';
import { type OwnQuestion, SharedQuestions } from '../../src/client/shared-questions.js';
import { marbles } from '../support/marbles.js';
import { task } from '../support/snapshots.js';

const own: OwnQuestion = { dueAtMs: 0, serviceTier: null, isTroubled: false, gate: (question) => question, leave: () => undefined };

it('an error of a question is that of all who asked, and the next asks anew', marbles(({ cold, expectObservable, expectSubscriptions }) => {
  const question = cold<Answer>('         --#');
  const asked = [' ^-!', '               ----^-!'];
  const questions = new SharedQuestions(task, () => question);
  const next = defer(() => questions.next(0, 3, own));
  expectObservable(next, '                ^        ').toBe('--#');
  expectObservable(next, '                -^       ').toBe('--#');
  expectObservable(next, '                ----^    ').toBe('------#');
  expectObservable(questions.arrivals, '  ^------!').toBe('');
  expectSubscriptions(question.subscriptions).toBe(asked);
}));

it('a question that ends without an answer ends all who asked, and the next asks anew', marbles(({ cold, expectObservable, expectSubscriptions }) => {
  const question = cold<Answer>('         --|');
  const asked = [' ^-!', '               ----^-!'];
  const questions = new SharedQuestions(task, () => question);
  const next = defer(() => questions.next(0, 3, own));
  expectObservable(next, '                ^        ').toBe('--|');
  expectObservable(next, '                -^       ').toBe('--|');
  expectObservable(next, '                ----^    ').toBe('------|');
  expectSubscriptions(question.subscriptions).toBe(asked);
}));

it('one that could not be told that its question leaves is told why, and the question leaves for the others', marbles(({ expectObservable }) => {
  const left: boolean[] = [];
  const questions = new SharedQuestions(task, ({ leave }): Observable<never> => defer(() => {
    left.push(leave());
    return NEVER;
  }));
  const full = new Error('full');
  expectObservable(questions.next(0, 3, { ...own, leave: () => { throw full; } })).toBe('#', undefined, full);
  expectObservable(questions.next(0, 3, own), '^--!').toBe('');
  expectObservable(defer(() => { expect(left).toEqual([false, true]); return NEVER; }), '---^-!').toBe('');
}));
