import fc from 'fast-check';
import { of, switchMap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import { watchTasks } from '../../src/feed/feed.js';
import { parseWatchState } from '../../src/state/saved-state.js';
import { createTaskClient } from '../../src/client/task-client.js';
import type { WatchState } from '../../src/state/watch-state.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  arkTask,
  askedAt,
  at,
  busy,
  days,
  diary,
  every,
  html,
  inVirtualTime,
  livingTransport,
  minutes,
  missing,
  played,
  queued,
  running,
  scripted,
  seconds,
  succeeded,
  to,
  tooMany,
} from '../support/client.js';

/** What a journal keeps: the last state, as text. */
const keeper = () => {
  const kept: string[] = [];
  return { kept, save: (state: WatchState): void => void kept.push(JSON.stringify(state)), last: () => parseWatchState(kept.at(-1)) };
};

/** A state by what is known of its question. */
const told = ({ asks, sentAtMs, snapshot }: WatchState): string =>
  `${String(asks)} ${sentAtMs === null ? (snapshot?.status ?? 'nothing') : `asks at ${String(sentAtMs / 1000)}s`}`;

describe('a watch that is kept', () => {
  it('is saved before each question leaves, and after each answer, before that is emitted', marbles(({ flush }) => {
    const { client, transport } = scripted([{ ...queued, afterMs: 100 }, busy, succeeded], { policy: every(seconds(15)) });
    const order: string[] = [];
    const save = (state: WatchState): void => void order.push(`saved ${told(state)}, ${String(transport.requests.length)} sent`);
    client.states(arkTask, { save }).subscribe((state) => order.push(`emitted ${told(state)}`));
    flush();
    expect(order).toEqual([
      'saved 0 asks at 0s, 0 sent', 'saved 1 queued, 1 sent', 'emitted 1 queued',
      'saved 1 asks at 15.1s, 1 sent', 'saved 2 queued, 2 sent', 'emitted 2 queued',
      'saved 2 asks at 25.1s, 2 sent', 'saved 3 succeeded, 3 sent', 'emitted 3 succeeded',
    ]);
  }));

  it('is saved at the end, before the error of a watch that has lost its task', marbles(({ flush }) => {
    const { client } = scripted([missing], { policy: every(seconds(15)) });
    const { kept, save, last } = keeper();
    const seen = diary(client.watch(arkTask, { save }), to);
    flush();
    expect(seen.lines).toEqual(['70s #']);
    expect(kept).toHaveLength(8);
    expect(last()).toMatchObject({ ended: 'response', asks: 4 });
  }));

  it('is not saved for a beginning that asks nothing: an end that was known is known', marbles(({ flush }) => {
    const { client } = scripted([succeeded]);
    const { save, last, kept } = keeper();
    diary(client.watch(arkTask, { save }), to);
    flush();
    const before = kept.length;
    const again = diary(client.watch(arkTask, { from: last(), save }), to);
    flush();
    expect(again.lines).toEqual(['0s succeeded', '0s |']);
    expect(kept).toHaveLength(before);
  }));

  it('is saved when its request leaves the queue, not when it enters it', marbles(({ flush }) => {
    const { client, transport } = scripted([{ ...succeeded, afterMs: seconds(2) }], { concurrency: 1 });
    const sent: [string, number | null][] = [];
    const save = ({ task, sentAtMs }: WatchState): void => { if (sentAtMs !== null) sent.push([task.id, sentAtMs]); };
    const tasks = ['a', 'b', 'c'].map((id) => ({ provider: 'ark', id }) as const);
    of(...tasks).pipe(watchTasks(client, { watch: () => ({ save }) })).subscribe();
    flush();
    expect(sent).toEqual([['a', 0], ['b', 2000], ['c', 4000]]);
    expect(askedAt(transport)).toEqual([0, 2, 4]);
  }));

  it('is saved as well when its watch joins a question that has left already', marbles(({ flush }) => {
    const { client } = scripted([running, succeeded].map((step) => ({ ...step, afterMs: 5000 })), { policy: every(seconds(15)) });
    const late: string[] = [];
    diary(client.watch(arkTask), to);
    at(seconds(2), () => { diary(client.watch(arkTask, { save: (state) => late.push(told(state)) }), to); });
    flush();
    expect(late).toEqual(['0 asks at 2s', '1 running', '1 asks at 20s', '2 succeeded']);
  }));

  it('a question that did not leave, for it could not be saved, keeps nobody waiting', marbles(({ flush }) => {
    const { client, transport } = scripted([running, succeeded], { policy: every(seconds(12)) });
    diary(client.watch(arkTask), to);
    const full = { policy: every(seconds(10)), save: ({ sentAtMs }: WatchState): void => { if (sentAtMs !== null) throw new Error('full'); } };
    at(seconds(1), () => { diary(client.watch(arkTask, full), to); });
    flush();
    expect(askedAt(transport)).toEqual([0, 12]);
  }));

  it('asks nothing that cannot be saved: what save throws is the error of the watch', marbles(({ flush }) => {
    const { client, transport } = scripted([running]);
    const full = new Error('the disk is full');
    const seen = diary(client.watch(arkTask, { save: () => { throw full; } }), to);
    const other = diary(client.watch({ provider: 'ark', id: 'cgt-2' }), to, seconds(1));
    flush();
    expect(seen.lines).toEqual(['0s #']);
    expect(seen.error).toBe(full);
    expect(other.lines).toEqual(['0s running']);
    expect(transport.requests.map(({ url }) => url.split('/').at(-1))).toEqual(['cgt-2']);
  }));

  it('ends when an answer cannot be saved, and emits it not', () => {
    inVirtualTime(({ flush, timers }) => {
      const { client } = scripted([running]);
      const seen = diary(client.watch(arkTask, { save: ({ sentAtMs }) => { if (sentAtMs === null) throw new Error('full'); } }), to);
      flush();
      expect(seen.lines).toEqual(['0s #']);
      expect(timers()).toBe(0);
    });
  });

  it('refuses a save that is no function', () => {
    const { client } = scripted([running]);
    expect(() => client.watch(arkTask, { save: 'journal.jsonl' as never })).toThrow(new TypeError('save must be a function, not journal.jsonl'));
  });
});

describe('a program that is killed at any instant, again and again', () => {
  const anyStep = fc.constantFrom<ScriptedStep>(queued, running, busy, html(502), tooMany(), { hang: true });

  it('never asks below the floor, and comes to the end', () => {
    const anyLives = fc.array(fc.tuple(fc.nat({ max: seconds(40) }), fc.oneof(fc.constant(0), fc.nat({ max: seconds(30) }))), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 6 }), fc.constantFrom(0, 1, 300, 9_000), anyLives, (steps, latencyMs, lives) => {
      inVirtualTime(({ flush }) => {
        const { transport, lives: requests } = livingTransport((index) =>
          timer(latencyMs).pipe(switchMap(() => played(steps[index] ?? succeeded))),
        );
        const { save, kept } = keeper();
        const live = (untilMs?: number) => {
          // A client of its own: a new process remembers nothing.
          const client = createTaskClient({ transport, accounts: [accountOf(ark)], deadlineMs: days(1), patienceMs: minutes(60) });
          const from = kept.length === 0 ? undefined : parseWatchState(kept.at(-1));
          return diary(client.watch(arkTask, { save, from }), to, untilMs);
        };
        let atMs = 0;
        for (const [lifeMs, pauseMs] of lives) {
          const killedMs = atMs + lifeMs;
          at(atMs, () => { live(killedMs); });
          atMs = killedMs + pauseMs + 1;
        }
        const last: { diary?: ReturnType<typeof diary> } = {};
        at(atMs, () => { last.diary = live(); });
        flush();
        const times = requests.map((request) => request.atMs);
        expect(times.slice(1).map((time, index) => time - (times[index] ?? 0)).filter((gap) => gap < seconds(10))).toEqual([]);
        expect(last.diary?.lines.at(-1)).toMatch(/ \|$/);
      });
    }));
  });

  it('asks once more when it was killed in the last ask before its deadline, one floor after that', marbles(({ flush }) => {
    const { client, transport } = scripted([running, running, { hang: true }], { policy: every(seconds(15)), deadlineMs: seconds(37) });
    const { save, last } = keeper();
    diary(client.watch(arkTask, { save }), to, seconds(29));
    const seen: { diary?: ReturnType<typeof diary> } = {};
    const again = scripted([succeeded], { policy: every(seconds(15)) });
    at(seconds(31), () => {
      expect(last()).toMatchObject({ sentAtMs: seconds(27), deadlineAtMs: seconds(37) });
      seen.diary = diary(again.client.watch(arkTask, { from: last() }), to);
    });
    flush();
    expect([askedAt(transport), askedAt(again.transport)]).toEqual([[0, 15, 27], [37]]);
    expect(seen.diary?.lines).toEqual(['37s succeeded', '37s |']);
  }));

  it('asks once more also when that floor ends after the deadline, and not before it has ended', marbles(({ flush }) => {
    const options = { policy: every(seconds(10)), deadlineMs: seconds(37) };
    const { client, transport } = scripted([running, running, running, { hang: true }], options);
    const { save, last } = keeper();
    diary(client.watch(arkTask, { save }), to, seconds(31));
    const seen: { diary?: ReturnType<typeof diary> } = {};
    const again = scripted([succeeded], options);
    at(seconds(32), () => { seen.diary = diary(again.client.watch(arkTask, { from: last() }), to); });
    flush();
    expect([askedAt(transport), askedAt(again.transport)]).toEqual([[0, 10, 20, 30], [40]]);
    expect(seen.diary?.lines).toEqual(['40s succeeded', '40s |']);
  }));
});
