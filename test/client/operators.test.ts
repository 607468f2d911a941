import { EMPTY, map, NEVER, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { TaskTransition } from '../../src/task/transition.js';
import { isSeedanceError } from '../../src/state/errors.js';
import { ofStatus, throwIfUnsuccessful } from '../../src/client/operators.js';
import { marbles } from '../support/marbles.js';
import { failure, task, transition } from '../support/snapshots.js';

const values: Record<string, TaskTransition> = {
  q: transition('queued'),
  r: transition('running', 'queued'),
  u: transition('unknown', 'running'),
  s: transition('succeeded', 'running'),
  f: transition('failed', 'running'),
  c: transition('cancelled', 'queued'),
  e: transition('expired', 'queued'),
};

describe('ofStatus', () => {
  it('emits the transitions to its status', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('  --q--r----(s|)', values);
    const subs = '         ^---------!';
    const result = source.pipe(ofStatus('succeeded'));
    expectObservable(result).toBe('----------(s|)', values);
    expectSubscriptions(source.subscriptions).toBe(subs);
  }));

  it('emits the transitions to any of several statuses', marbles(({ cold, expectObservable }) => {
    const source = cold('                                              q-r-u-s-f-c-e-|', values);
    expectObservable(source.pipe(ofStatus('queued', 'failed', 'unknown'))).toBe('q---u---f-----|', values);
  }));

  it('emits nothing without a status', marbles(({ cold, expectObservable }) => {
    expectObservable(cold('q-r-|', values).pipe(ofStatus())).toBe('----|');
  }));

  it('emits the transitions unchanged', () => {
    const seen: TaskTransition[] = [];
    of(values['s'] as TaskTransition).pipe(ofStatus('succeeded')).subscribe((each) => seen.push(each));
    expect(seen[0]).toBe(values['s']);
  });

  it('is silent with a silent source', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold<TaskTransition>('-');
    expectObservable(source.pipe(ofStatus('failed'))).toBe('-');
    expectSubscriptions(source.subscriptions).toBe('^');
    expectObservable(NEVER.pipe(ofStatus('failed'))).toBe('-');
  }));

  it('completes with an empty source', marbles(({ cold, expectObservable }) => {
    expectObservable(cold<TaskTransition>('---|').pipe(ofStatus('failed'))).toBe('---|');
    expectObservable(EMPTY.pipe(ofStatus('failed'))).toBe('|');
  }));

  it('emits the error of its source', marbles(({ cold, expectObservable }) => {
    expectObservable(cold('q--#', values).pipe(ofStatus('queued'))).toBe('q--#', values);
  }));

  it('unsubscribes from its source', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('  q--r--s|', values);
    expectObservable(source.pipe(ofStatus('running', 'succeeded')), '-----!').toBe('---r--', values);
    expectSubscriptions(source.subscriptions).toBe('^----!');
  }));

  it('subscribes to its source once for each subscriber', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('  q--s|', values);
    const result = source.pipe(ofStatus('succeeded'));
    expectObservable(result).toBe('         ---s|', values);
    expectObservable(result, '--^').toBe('-----s|', values);
    expectSubscriptions(source.subscriptions).toBe(['^---!', '--^---!']);
  }));
});

describe('throwIfUnsuccessful', () => {
  const unsuccessful = (lastStatus: string) => expect.objectContaining({ kind: 'unsuccessful', task, lastSnapshot: expect.objectContaining({ status: lastStatus }) as unknown }) as unknown;

  it('emits the transitions of a task that succeeds', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('  --q--r-u--(s|)', values);
    const subs = '         ^---------!';
    expectObservable(source.pipe(throwIfUnsuccessful())).toBe('--q--r-u--(s|)', values);
    expectSubscriptions(source.subscriptions).toBe(subs);
  }));

  it.each([['f', 'failed'], ['c', 'cancelled'], ['e', 'expired']] as const)('emits an error for %s: a task that %s', (letter, status) => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(`--q--r--${letter}|`, values);
      const subs = '       ^-------!';
      expectObservable(source.pipe(throwIfUnsuccessful())).toBe('--q--r--#', values, unsuccessful(status));
      expectSubscriptions(source.subscriptions).toBe(subs);
    })();
  });

  it('has a message with the task, its status and the cause', () => {
    const messages: unknown[] = [];
    for (const letter of ['f', 'c', 'e']) {
      of(values[letter] as TaskTransition).pipe(throwIfUnsuccessful()).subscribe({ error: (error: Error) => messages.push(error.message) });
    }
    expect(messages).toEqual([`ark/cgt-1: failed: ${failure.message}`, 'ark/cgt-1: cancelled', 'ark/cgt-1: expired']);
  });

  it('emits an error of kind unsuccessful, with the last snapshot and without a state', () => {
    let caught: unknown;
    of(values['f'] as TaskTransition).pipe(throwIfUnsuccessful()).subscribe({ error: (error: unknown) => (caught = error) });
    expect(isSeedanceError(caught, 'unsuccessful')).toBe(true);
    expect(caught).toMatchObject({ lastSnapshot: { status: 'failed', failure }, state: null, reason: null, status: null });
    expect((caught as { lastSnapshot: object }).lastSnapshot).not.toHaveProperty('raw');
  });

  it('is silent with a silent source, and completes with an empty one', marbles(({ cold, expectObservable }) => {
    expectObservable(cold<TaskTransition>('-').pipe(throwIfUnsuccessful())).toBe('-');
    expectObservable(cold<TaskTransition>('---|').pipe(throwIfUnsuccessful())).toBe('---|');
  }));

  it('emits the error of its source', marbles(({ cold, expectObservable }) => {
    expectObservable(cold('q--#', values, 'mine').pipe(throwIfUnsuccessful())).toBe('q--#', values, 'mine');
    expectObservable(throwError(() => 'mine').pipe(throwIfUnsuccessful())).toBe('#', undefined, 'mine');
  }));

  it('unsubscribes from its source', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('  q--r--f|', values);
    expectObservable(source.pipe(throwIfUnsuccessful()), '-----!').toBe('q--r--', values);
    expectSubscriptions(source.subscriptions).toBe('^----!');
  }));

  it('emits a separate error to each subscriber', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold('  q--f|', values);
    const result = source.pipe(throwIfUnsuccessful());
    expectObservable(result).toBe('         q--#', values, unsuccessful('failed'));
    expectObservable(result, '--^').toBe('--q--#', values, unsuccessful('failed'));
    expectSubscriptions(source.subscriptions).toBe(['^--!', '--^--!']);
  }));

  it('composes with ofStatus: one value or one error', marbles(({ cold, expectObservable }) => {
    const finished = <A>(source: A & ReturnType<typeof cold<TaskTransition>>) =>
      source.pipe(throwIfUnsuccessful(), ofStatus('succeeded'), map(({ to }) => to), toArray());
    expectObservable(finished(cold('q-r-s|', values))).toBe('-----(a|)', { a: ['succeeded'] });
    expectObservable(finished(cold('q-r-f|', values))).toBe('----#', undefined, unsuccessful('failed'));
  }));
});
