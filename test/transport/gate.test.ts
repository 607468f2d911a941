import { concat, defer, EMPTY, map, merge, NEVER, Observable, of, range, take, throwError, timer, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createGate } from '../../src/transport/gate.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { marbles } from '../support/marbles.js';
import { at, diary, inVirtualTime, livingTransport, played, queued, quick, running, succeeded, accountOf, taskOf, to } from '../support/client.js';

describe('createGate', () => {
  it('lets as many through at once as it is wide; the next leaves when one has ended', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const a = cold('---(a|)');
    const aAsked = '^--!';
    const b = cold('--b--|');
    const bAsked = '^----!';
    const c = cold('   --(c|)');
    const cAsked = '---^-!';
    const d = cold('     -(d|)');
    const dAsked = '-----^!';
    const gate = createGate(2);
    expectObservable(merge(gate(a), gate(b), gate(c), gate(d))).toBe('--ba-c(d|)');
    for (const [question, asked] of [[a, aAsked], [b, bAsked], [c, cAsked], [d, dAsked]] as const) {
      expectSubscriptions(question.subscriptions).toBe(asked);
    }
  }));

  it('lets a question through in the turn in which it is asked, while there is room', () => {
    const values: number[] = [];
    const gate = createGate(1);
    for (const value of [1, 2]) gate(of(value)).subscribe((passed) => { values.push(passed); });
    expect(values).toEqual([1, 2]);
  });

  it('first come, first served', marbles(({ cold, expectObservable }) => {
    const gate = createGate(1);
    const answers = ['a', 'b', 'c'].map((name) => gate(cold('--(x|)').pipe(map(() => name))));
    expectObservable(merge(...answers)).toBe('--a-b-(c|)');
  }));

  it('passes on values, completion and emptiness', marbles(({ cold, expectObservable }) => {
    const gate = createGate(1);
    expectObservable(gate(cold('-a-b-|'))).toBe('-a-b-|');
    expectObservable(gate(EMPTY)).toBe('-----|');
    expectObservable(gate(NEVER), '^---------!').toBe('-');
  }));

  it('an error is passed on and frees the place', marbles(({ cold, expectObservable }) => {
    const gate = createGate(1);
    expectObservable(gate(cold('--#'))).toBe('--#');
    expectObservable(gate(cold('-(a|)'))).toBe('---(a|)');
  }));

  it('a question that throws frees the place', marbles(({ cold, expectObservable }) => {
    const gate = createGate(1);
    expectObservable(gate(defer(() => { throw new Error('thrown'); }))).toBe('#', undefined, new Error('thrown'));
    expectObservable(gate(new Observable(() => { throw new Error('thrown'); }))).toBe('#', undefined, new Error('thrown'));
    expectObservable(gate(cold('-(a|)'))).toBe('-(a|)');
  }));

  it('unsubscribing under way frees the place', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const gate = createGate(1);
    const first = cold('-');
    expectObservable(gate(first), '^---!').toBe('-');
    expectObservable(gate(cold('-(a|)'))).toBe('-----(a|)');
    expectSubscriptions(first.subscriptions).toBe('^---!');
  }));

  it('unsubscribing in the line leaves the line, and nothing was asked', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const gate = createGate(1);
    const second = cold('-(b|)');
    expectObservable(gate(cold('------(a|)'))).toBe('------(a|)');
    expectObservable(gate(second), '^--!').toBe('-');
    expectObservable(gate(cold('-(c|)'))).toBe('-------(c|)');
    expectSubscriptions(second.subscriptions).toBe([]);
  }));

  it('one question can pass more than once, each time by itself', marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const question = cold('--(a|)');
    const passing = createGate(1)(question);
    expectObservable(merge(passing, passing)).toBe('--a-(a|)');
    expectSubscriptions(question.subscriptions).toBe(['^-!', '--^-!']);
  }));

  it('a question that ends out of another one\'s end is not lost', marbles(({ cold, expectObservable }) => {
    const gate = createGate(1);
    expectObservable(concat(gate(cold('--(a|)')), gate(cold('--(b|)')))).toBe('--a---(b|)');
    expectObservable(gate(cold('--(c|)').pipe(take(1)))).toBe('              ----(c|)');
  }));

  it('a place is never given twice, whatever ends in the same turn', () => {
    inVirtualTime(({ flush }) => {
      const gate = createGate(3);
      let [under, most, ended] = [0, 0, 0];
      const question = (ms: number) => new Observable<number>((subscriber) => {
        under += 1;
        most = Math.max(most, under);
        const subscription = timer(ms).subscribe(subscriber);
        return () => { under -= 1; subscription.unsubscribe(); };
      });
      for (let index = 0; index < 60; index += 1) {
        const subscription = gate(question(index % 4)).subscribe({ complete: () => { ended += 1; } });
        if (index % 5 === 0) at(index % 7, () => { subscription.unsubscribe(); });
      }
      flush();
      expect(most).toBe(3);
      expect(under).toBe(0);
      expect(ended).toBeGreaterThan(45);
    });
  });

  it('a long line of questions that are answered at once passes without a stack of its length', () => {
    inVirtualTime(({ flush }) => {
      const gate = createGate(1);
      let passed = 0;
      const first = diary(gate(timer(5)));
      range(0, 20_000).subscribe((index) => {
        gate(of(index)).subscribe({ next: () => { passed += 1; }, error: () => undefined });
      });
      flush();
      expect(first.isOver).toBe(true);
      expect(passed).toBe(20_000);
    });
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '2' as never])('a width of %s is refused', (width) => {
    expect(() => createGate(width)).toThrow(RangeError);
    expect(() => createGate(width)).toThrow(String(width));
  });
});

describe('a gate of several watches', () => {
  it('limits the requests under way, not the watches', marbles(({ flush }) => {
    const { transport, lives } = livingTransport(() => played({ ...succeeded, afterMs: 2 }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)] });
    const gate = createGate(2);
    const all = diary(merge(...Array.from({ length: 6 }, (_, index) => client.watch(taskOf(quick, String(index)), { gate }))).pipe(toArray()), ({ length }) => length);
    flush();
    expect(lives.map(({ atMs }) => atMs)).toEqual([0, 0, 2, 2, 4, 4]);
    expect(all.lines).toEqual(['0.006s 6', '0.006s |']);
  }));

  it('a watch whose deadline comes in the line has asked nothing, and ends there', marbles(({ flush }) => {
    const { transport, lives } = livingTransport(() => played({ ...running, afterMs: 50 }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)] });
    const gate = createGate(1);
    diary(client.watch(taskOf(quick, 'first'), { gate }), to, 60);
    const second = diary(client.watch(taskOf(quick, 'second'), { gate, deadlineMs: 20 }), to);
    flush();
    expect(second.lines).toEqual(['0.02s #']);
    expect(second.error).toMatchObject({ kind: 'timeout' });
    expect(lives.every(({ url }) => url.endsWith('/first'))).toBe(true);
  }));

  it('time in the line is no time of the ask', marbles(({ flush }) => {
    const { transport } = livingTransport(() => played({ ...succeeded, afterMs: 6 }));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], askTimeoutMs: 8 });
    const gate = createGate(1);
    const diaries = ['a', 'b', 'c'].map((id) => diary(client.states(taskOf(quick, id), { gate }), ({ lastTrouble, snapshot }) => lastTrouble?.kind ?? snapshot?.status));
    flush();
    expect(diaries.map(({ lines }) => lines[0])).toEqual(['0.006s succeeded', '0.012s succeeded', '0.018s succeeded']);
  }));

  it('a watch that waits between two asks holds no place', marbles(({ flush }) => {
    const { transport } = livingTransport((index) => played(index < 4 ? queued : succeeded));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)] });
    const gate = createGate(1);
    const diaries = ['a', 'b'].map((id) => diary(client.watch(taskOf(quick, id), { gate, policy: { interval: () => 10 } }), to));
    flush();
    expect(diaries.map(({ lines }) => lines[0])).toEqual(['0s queued', '0s queued']);
  }));

  it('frees its place when a request errs, times out or is left', marbles(({ flush }) => {
    const { transport, lives } = livingTransport((index) => (index === 0 ? throwError(() => new Error('reset')) : index === 1 ? NEVER : played(succeeded)));
    const client = createTaskClient({ transport, accounts: [accountOf(quick)], askTimeoutMs: 8 });
    const gate = createGate(1);
    diary(client.watch(taskOf(quick, 'errs'), { gate }), to, 2);
    diary(client.watch(taskOf(quick, 'hangs'), { gate }), to, 5);
    const last = diary(client.watch(taskOf(quick, 'answers'), { gate }), to);
    flush();
    expect(lives).toHaveLength(3);
    expect(last.lines).toEqual(['0.005s succeeded', '0.005s |']);
  }));
});
