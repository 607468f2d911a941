import { describe, expect, it } from 'vitest';
import { from, lastValueFrom, toArray } from 'rxjs';
import type { SaveEvent } from '../../src/node/index.js';
import { jsonLines, throttleDownloads } from '../../src/cli/json-events.js';
import type { RunEvent } from '../../src/cli/run-events.js';
import type { FeedEvent } from '../../src/feed/watch-tasks.js';
import { marbles } from '../support/marbles.js';
import { transition } from '../support/snapshots.js';

const [task, other] = [{ provider: 'ark', id: 'a' }, { provider: 'ark', id: 'b' }];
const received = (receivedBytes: number, done = false, of = task): SaveEvent => ({
  kind: 'download', task: of, progress: { path: 'a.mp4', receivedBytes, totalBytes: 9, done },
});
const saved: SaveEvent = { kind: 'saved', task, path: 'a.mp4', bytes: 9, isNew: true, lastFrame: null, error: null };
const notSaved: SaveEvent = { kind: 'not-saved', task, reason: 'download', error: new Error('disk full') };

const events: Readonly<Record<string, FeedEvent | SaveEvent>> = {
  a: received(1), b: received(2), c: received(3), d: received(9, true), s: saved, u: notSaved, x: received(1, false, other), y: received(2, false, other),
};

describe('throttleDownloads', () => {
  it('emits one download event in so many ms, and a finished download at once', marbles(({ cold, expectObservable }) => {
    const source = cold('                                abc---abds|', events);
    expectObservable(source.pipe(throttleDownloads(5))).toBe('a-----a-ds|', events);
  }));

  it('emits the last of them before the end, also when the download fails', marbles(({ cold, expectObservable }) => {
    const source = cold('                                 abc---u---|', events);
    expectObservable(source.pipe(throttleDownloads(50))).toBe('a-----(cu)|', events);
  }));

  it('throttles each task by itself', marbles(({ cold, expectObservable }) => {
    const source = cold('                                 axby--c|', events);
    expectObservable(source.pipe(throttleDownloads(5))).toBe('ax----c|', events);
  }));
});

describe('jsonLines', () => {
  const linesOf = (events: readonly RunEvent[]): Promise<readonly string[]> => lastValueFrom(from(events).pipe(jsonLines(), toArray()));
  const objectsOf = async (events: readonly RunEvent[]): Promise<readonly unknown[]> => (await linesOf(events)).map((line): unknown => JSON.parse(line));

  it('leaves out the response body, and the task of the transition', async () => {
    const [line = ''] = await linesOf([{ kind: 'transition', atMs: 0, task, transition: transition('running', 'queued', { task }, { secret: 1 }) }]);
    expect(line).not.toMatch(/"raw"|secret/);
    expect(JSON.parse(line)).toMatchObject({ kind: 'transition', atMs: 0, task, transition: { from: 'queued', to: 'running', snapshot: { task, status: 'running' } } });
  });

  it('prints the public fields of an error', async () => {
    const cause = Object.assign(new Error('disk full'), { kind: 'disk', reason: null, state: { key: 1 }, status: undefined });
    expect(await objectsOf([{ kind: 'not-saved', task, reason: 'download', error: cause }, { kind: 'not-saved', task, reason: 'failed', error: null }])).toEqual([
      { kind: 'not-saved', task, reason: 'download', error: { name: 'Error', kind: 'disk', message: 'disk full' } },
      { kind: 'not-saved', task, reason: 'failed', error: null },
    ]);
  });

  it('leaves out the events of the command line', async () => {
    const ending = { task, end: 'succeeded', path: null, bytes: null, link: null, reason: null } as const;
    expect(await linesOf([{ kind: 'refused', message: 'x' }, { kind: 'ended', ending }])).toEqual([]);
  });

  it('prints one line for each event, whatever it contains', async () => {
    const lines = await linesOf([{ kind: 'error', atMs: 0, task: { provider: 'ark', id: 'two\nlines' }, error: new Error('more\nlines') }]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
  });
});
