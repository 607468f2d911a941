import { concat, EMPTY, NEVER, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createPlaces, type Pause } from '../../src/node/places.js';

const set = (count: number) => {
  const places = createPlaces(count);
  const started: string[] = [];
  const start = (name: string, work: (pause: Pause) => ReturnType<Pause> | typeof NEVER = () => NEVER) =>
    places.hold((pause) => {
      started.push(name);
      return work(pause);
    }).subscribe({ error: () => undefined });
  return { started, start };
};

describe('places', () => {
  it('are given in the order of arrival', () => {
    const { started, start } = set(2);
    const [first, second] = ['a', 'b', 'c', 'd'].map((name) => start(name));
    expect(started).toEqual(['a', 'b']);
    second?.unsubscribe();
    first?.unsubscribe();
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are free again after an end and after an error', () => {
    const { started, start } = set(1);
    start('a', () => EMPTY);
    start('b', () => throwError(() => new Error('no')));
    start('c');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('are given up during a pause, and taken again after those that wait', () => {
    const { started, start } = set(1);
    const [wait, ends] = [new Subject<never>(), new Subject<never>()];
    start('a', (pause) => concat(pause(wait), new Subject<never>()));
    start('b', () => ends);
    start('c');
    expect(started).toEqual(['a', 'b']);
    wait.complete();
    ends.complete();
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('are taken again at once when nothing waits', () => {
    const { started, start } = set(1);
    const after: null[] = [];
    createPlaces(1).hold((pause) => pause(EMPTY)).subscribe((value) => after.push(value));
    expect(after).toEqual([null]);
    start('a', (pause) => concat(pause(EMPTY), NEVER));
    start('b');
    expect(started).toEqual(['a']);
  });

  it('are not lost when work leaves the queue, or leaves during a pause', () => {
    const { started, start } = set(1);
    const first = start('a', (pause) => pause(NEVER));
    const second = start('b');
    start('c').unsubscribe();
    first.unsubscribe();
    second.unsubscribe();
    start('d');
    start('e');
    expect(started).toEqual(['a', 'b', 'd']);
  });
});
