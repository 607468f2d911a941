import { defer, last, map, NEVER, of, take, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { poll } from '../../src/poll/poll.js';
import { record } from '../support/client.js';
import { marbles } from '../support/marbles.js';

const numbers = { 0: 0, 1: 1, 2: 2 };
const untilZ = (state: string) => (state === 'z' ? 'done' : 5);

describe('poll', () => {
  it('waits from the response, not from the request', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold(' --b|');
    const sent = [' -----^-!       ', ' ------------^-!'];
    const result = poll('a', { wait: () => 5, request: () => response });
    expectObservable(result, '  ---------------!').toBe('a------b------b');
    expectSubscriptions(response.subscriptions).toBe(sent);
  }));

  it('emits the last state and completes when the wait is done', marbles(({ cold, expectObservable }) => {
    const responses = { a: cold('--b'), b: cold('--z') };
    const result = poll<string>('a', { wait: untilZ, request: (state) => responses[state as 'a' | 'b'] });
    expectObservable(result).toBe('a------b------(z|)');
  }));

  it('sends no request for a seed that is done', marbles(({ expectObservable }) => {
    const result = poll('z', { wait: untilZ, request: () => throwError(() => new Error('sent')) });
    expectObservable(result).toBe('(z|)');
  }));

  it('takes the first of several values of a request', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold('-zy|');
    const result = poll('a', { wait: untilZ, request: () => response });
    expectObservable(result).toBe('a-----(z|)');
    expectSubscriptions(response.subscriptions).toBe('-----^!');
  }));

  it('waits for a request without a response until it is unsubscribed', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold('-');
    expectObservable(poll('a', { wait: () => 5, request: () => response }), '----------!').toBe('a----------');
    expectSubscriptions(response.subscriptions).toBe('-----^----!');
  }));

  it('emits the error of a request', marbles(({ cold, expectObservable }) => {
    expectObservable(poll('a', { wait: () => 5, request: () => cold<string>('-#') })).toBe('a-----#');
  }));

  it('emits EmptyError when a request completes without a value', marbles(({ cold, expectObservable }) => {
    const names = poll('a', { wait: () => 5, request: () => cold<string>('-|') });
    expectObservable(names).toBe('a-----#', undefined, expect.objectContaining({ name: 'EmptyError' }));
  }));

  it('emits what `wait` and `request` throw', marbles(({ expectObservable }) => {
    const broken = (): never => {
      throw new RangeError('broken');
    };
    expectObservable(poll('a', { wait: broken, request: () => NEVER })).toBe('(a#)', undefined, new RangeError('broken'));
    expectObservable(poll('a', { wait: () => 5, request: broken })).toBe('a----#', undefined, new RangeError('broken'));
  }));

  it('leaves no timer and no request behind when it is unsubscribed', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const response = cold('--b|');
    expectObservable(poll('a', { wait: () => 5, request: () => response }), '---!').toBe('a---');
    expectObservable(poll('a', { wait: () => 5, request: () => response }), '------!').toBe('a------');
    expectSubscriptions(response.subscriptions).toBe(['-----^!']);
  }));

  it('gives each subscriber a loop of its own', marbles(({ cold, expectObservable }) => {
    const shared = poll(0, { wait: () => 5, request: (n) => cold('-x').pipe(map(() => n + 1)) });
    expectObservable(defer(() => shared).pipe(take(3))).toBe('0-----1-----(2|)', numbers);
    expectObservable(shared.pipe(take(3)), '---^').toBe('---0-----1-----(2|)', numbers);
  }));

  it('`wake` ends a wait early, but not a request', marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const response = cold('        ---b|');
    const wake = hot('        --x-x---------');
    const sent = ['           --^--!', '          ----------^--!'];
    const result = poll('a', { wait: () => 5, request: () => response, wake });
    expectObservable(result, ' --------------!').toBe('a----b-------b');
    expectSubscriptions(response.subscriptions).toBe(sent);
  }));

  it('keeps a wait that is longer than a platform timer', marbles(({ expectObservable }) => {
    const month = 30 * 24 * 3_600_000;
    const result = poll('a', { wait: (state) => (state === 'z' ? 'done' : month), request: () => of('z') });
    expectObservable(result).toBe(`a ${String(month - 1)}ms (z|)`);
  }));

  it('keeps polling with waits of 0 and synchronous responses', marbles(({ expectObservable }) => {
    const count = 5_000;
    const result = poll(0, { wait: (n) => (n === count ? 'done' : 0), request: (n) => of(n + 1) });
    expectObservable(result.pipe(last())).toBe('(n|)', { n: count });
  }));

  it('polls on the timer of the scheduler, so that nothing happens before time moves', marbles(({ expectObservable, time }) => {
    const result = poll('a', { wait: untilZ, request: () => timer(time('---|')).pipe(map(() => 'z')) });
    expectObservable(result).toBe('a-------(z|)');
  }));
});

it('an error of `wake` is an error of the stream', marbles(({ expectObservable, hot }) => {
  const request = (state: number) => of(state + 1);
  expectObservable(poll(0, { wait: () => 5, request, wake: hot('--#') })).toBe('0-#', [0]);
  expectObservable(poll(0, { wait: () => 5, request, wake: throwError(() => 'error') })).toBe('(0#)', [0]);
}));

it.each([Number.NaN, -5])('a wait of %s is refused', (ms) => {
  marbles(({ flush }) => {
    const seen = record(poll(0, { wait: (state) => (state > 3 ? 'done' : ms), request: (state) => of(state + 1) }), String, 1000);
    flush();
    expect(seen.error).toBeInstanceOf(RangeError);
    expect(String(seen.error)).toContain(`wait must return a number of ms ≥ 0 or 'done', not ${String(ms)}`);
  })();
});
