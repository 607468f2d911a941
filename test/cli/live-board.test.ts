import { concat, interval, map, NEVER, type Observable, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { liveBoard } from '../../src/cli/live-board.js';
import { createOutput, createRedactor } from '../../src/cli/output.js';
import type { RunEvent } from '../../src/cli/run-events.js';
import type { TaskStatus } from '../../src/task/status.js';
import { transition } from '../support/snapshots.js';
import { FakeStream } from './console.js';

const task = { provider: 'ark', id: 'cgt-1' };
const added: RunEvent = { kind: 'added', atMs: 0, resumedFrom: null, task };
const became = (to: TaskStatus): RunEvent => ({ kind: 'transition', task, atMs: 0, transition: transition(to, null, { task }) });

describe('the live board', () => {
  /** How often it draws in ten seconds. */
  const frames = (events: Observable<RunEvent>): number => {
    const stream = new FakeStream({ isTTY: true });
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ expectObservable }) => {
      expectObservable(concat(events, NEVER).pipe(liveBoard(createOutput(stream, {}, createRedactor()), scheduler)), '^ 9999ms !');
    });
    return stream.text.split('\u001b[?2026h').length - 1; // each frame is one synchronized update
  };

  it('moves ten times a second while a task runs', () => {
    expect(frames(of(added, became('running')))).toBe(100);
  });

  it('moves no faster when there are many events', () => {
    const events = interval(7).pipe(map((count): RunEvent => ({ ...added, task: { provider: 'ark', id: `cgt-${count}` } })));
    expect(frames(events)).toBeLessThanOrEqual(101);
  });

  it('moves once a second, for its countdowns, while nothing runs', () => {
    expect(frames(of(added, became('queued')))).toBe(11);
  });
});
