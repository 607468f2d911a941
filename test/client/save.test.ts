import fc from 'fast-check';
import { asyncScheduler, finalize, NEVER, of, switchMap, tap, throwError, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import type { SeedanceError } from '../../src/state/errors.js';
import { parseWatchState } from '../../src/state/stored.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { saveTimeoutMs, type WatchState } from '../../src/state/watch-state.js';
import type { TaskTransition } from '../../src/task/transition.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  arkTask,
  sentAtS,
  at,
  busy,
  days,
  record,
  every,
  html,
  inVirtualTime,
  recordingTransport,
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

/** A journal's content: the last state, as text. */
const keeper = () => {
  const kept: string[] = [];
  return { kept, save: (state: WatchState): void => void kept.push(JSON.stringify(state)), last: () => parseWatchState(kept.at(-1)) };
};

/** A state by its sent request, else by its status. */
const shown = ({ polls, sentAtMs, snapshot }: WatchState): string =>
  `${String(polls)} ${sentAtMs === null ? (snapshot?.status ?? 'nothing') : `sent at ${String(sentAtMs / 1000)}s`}`;

describe('a watch with save', () => {
  it('is saved before each request is sent, and after each response, before the state is emitted', marbles(({ flush }) => {
    const { client, transport } = scripted([{ ...queued, afterMs: 100 }, busy, succeeded], { policy: every(seconds(15)) });
    const order: string[] = [];
    const save = (state: WatchState): void => void order.push(`saved ${shown(state)}, ${String(transport.requests.length)} sent`);
    client.states(arkTask, { save }).subscribe((state) => order.push(`emitted ${shown(state)}`));
    flush();
    expect(order).toEqual([
      'saved 0 sent at 0s, 0 sent', 'saved 1 queued, 1 sent', 'emitted 1 queued',
      'saved 1 sent at 15.1s, 1 sent', 'saved 2 queued, 2 sent', 'emitted 2 queued',
      'saved 2 sent at 25.1s, 2 sent', 'saved 3 succeeded, 3 sent', 'emitted 3 succeeded',
    ]);
  }));

  it('is saved at the end, before the error', marbles(({ flush }) => {
    const { client } = scripted([missing], { policy: every(seconds(15)) });
    const { kept, save, last } = keeper();
    const seen = record(client.watch(arkTask, { save }), to);
    flush();
    expect(seen.lines).toEqual(['70s #']);
    expect(kept).toHaveLength(8);
    expect(last()).toMatchObject({ ended: 'response', polls: 4 });
  }));

  it('is not saved if it resumes a finished task without a poll', marbles(({ flush }) => {
    const { client } = scripted([succeeded]);
    const { save, last, kept } = keeper();
    record(client.watch(arkTask, { save }), to);
    flush();
    const before = kept.length;
    const again = record(client.watch(arkTask, { resumeFrom: last(), save }), to);
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
    expect(sentAtS(transport)).toEqual([0, 2, 4]);
  }));

  it('is also saved when its watch joins a request in flight', marbles(({ flush }) => {
    const { client } = scripted([running, succeeded].map((step) => ({ ...step, afterMs: 5000 })), { policy: every(seconds(15)) });
    const late: string[] = [];
    record(client.watch(arkTask), to);
    at(seconds(2), () => { record(client.watch(arkTask, { save: (state) => late.push(shown(state)) }), to); });
    flush();
    expect(late).toEqual(['0 sent at 2s', '1 running', '1 sent at 20s', '2 succeeded']);
  }));

  it('a request that was not sent because its save failed does not delay other watches', marbles(({ flush }) => {
    const { client, transport } = scripted([running, succeeded], { policy: every(seconds(12)) });
    record(client.watch(arkTask), to);
    const full = { policy: every(seconds(10)), save: ({ sentAtMs }: WatchState): void => { if (sentAtMs !== null) throw new Error('full'); } };
    at(seconds(1), () => { record(client.watch(arkTask, full), to); });
    flush();
    expect(sentAtS(transport)).toEqual([0, 12]);
  }));

  it('polls nothing that cannot be saved: after giveUpAfterMs the watch ends with an error of kind save', marbles(({ flush }) => {
    const { client, transport } = scripted([{ body: { status: 'running' } }]);
    let tries = 0;
    const save = (): void => {
      tries += 1;
      throw new Error('the disk is full');
    };
    const seen = record(client.watch(arkTask, { save }), to);
    const other = record(client.watch({ provider: 'ark', id: 'cgt-2' }), to, seconds(3));
    flush();
    expect(seen.lines).toEqual(['900s #']);
    expect(seen.error).toMatchObject({ kind: 'save', state: { polls: 0, ended: null }, message: expect.stringContaining('the disk is full') as string });
    // At the minimum interval.
    expect(tries).toBe(91);
    expect(other.lines).toEqual(['0s running']);
    expect(transport.requests.map(({ url }) => url.split('/').at(-1))).toEqual(['cgt-2']);
  }));

  it.each([['throws', (): unknown => { throw new Error('full'); }], ['errs', (): unknown => throwError(() => new Error('full'))], ['never ends', (): unknown => NEVER]])(
    'loses no transition while the store is away for ten minutes: save %s', (_, fails) => {
      inVirtualTime(({ flush, timers }) => {
        const { client, transport } = scripted([running, running, { ...succeeded, afterMs: seconds(5) }], { policy: every(seconds(30)) });
        const kept: WatchState[] = [];
        const isAway = (): boolean => asyncScheduler.now() >= seconds(61) && asyncScheduler.now() < seconds(661);
        const save = (state: WatchState): unknown => (isAway() ? fails() : void kept.push(state));
        const seen = record(client.watch(arkTask, { save }), to);
        flush();
        const [, ended = ''] = seen.lines;
        expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', expect.stringMatching(/^[#|]$/)]);
        // The response arrives at 65 s, and is emitted at once or when its save has timed out.
        expect(ended).toMatch(/^(?:65|75)s succeeded$/);
        expect(transport.requests).toHaveLength(3);
        if (seen.error === null) expect(kept.at(-1)).toMatchObject({ ended: 'terminal', sentAtMs: null });
        else expect(seen.error).toMatchObject({ kind: 'save', state: { ended: 'terminal' } });
        expect(timers()).toBe(0);
      });
    });

  it('polls again once the store is back', marbles(({ flush }) => {
    const { client, transport } = scripted([running, running, succeeded], { policy: every(seconds(30)) });
    const save = (): void => { if (asyncScheduler.now() >= seconds(20) && asyncScheduler.now() < seconds(620)) throw new Error('away'); };
    const seen = record(client.watch(arkTask, { save }), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '650s succeeded', '650s |']);
    expect(sentAtS(transport)).toEqual([0, 620, 650]);
  }));

  it('retries the save of an end at the minimum interval, also after the deadline', marbles(({ flush }) => {
    const { client } = scripted([running, { ...succeeded, afterMs: seconds(8) }], { policy: every(seconds(10)) });
    let tries = 0;
    const save = ({ ended }: WatchState): void => {
      if (ended === null) return;
      tries += 1;
      if (tries < 10) throw new Error('away');
    };
    const seen = record(client.watch(arkTask, { save, deadlineMs: seconds(20) }), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '18s succeeded', '108s |']);
  }));

  it('saves one state at a time, and only the newest waiting one', () => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([running, running, running, succeeded], { policy: every(seconds(10)) });
      const saves: string[] = [];
      let open = 0;
      const save = ({ polls, sentAtMs }: WatchState): unknown => {
        open += 1;
        expect(open).toBe(1);
        saves.push(`${String(polls)}${sentAtMs === null ? '' : ' sent'}`);
        return timer(seconds(12)).pipe(finalize(() => { open -= 1; }));
      };
      const seen = record(client.watch(arkTask, { save }), to, minutes(3));
      flush();
      expect(saves.slice(0, 2)).toEqual(['0 sent', '0 sent']);
      expect(seen.error).toBeNull();
    });
  });

  it('throws for a save that is not a function', () => {
    const { client } = scripted([running]);
    expect(() => client.watch(arkTask, { save: 'journal.jsonl' as never })).toThrow(new TypeError('save must be a function, not journal.jsonl'));
  });
});

describe('a program that is killed at any instant, again and again', () => {
  const anyStep = fc.constantFrom<ScriptedStep>(queued, running, busy, html(502), tooMany(), { hang: true });

  it('never polls below the minimum interval, and reaches the end', () => {
    const anyRuns = fc.array(fc.tuple(fc.nat({ max: seconds(40) }), fc.oneof(fc.constant(0), fc.nat({ max: seconds(30) }))), { minLength: 1, maxLength: 5 });
    // A local store, a near one, a slow one, and one that times out.
    const anySaveMs = fc.constantFrom(0, 5, 3_000, 9_999, 11_000);
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 6 }), fc.constantFrom(0, 1, 300, 9_000), anySaveMs, anyRuns, (steps, latencyMs, saveMs, runs) => {
      inVirtualTime(({ flush }) => {
        const { transport, requests } = recordingTransport((index) =>
          timer(latencyMs).pipe(switchMap(() => played(steps[index] ?? succeeded))),
        );
        const { save: keep, kept } = keeper();
        const save = (state: WatchState): unknown => {
          if (saveMs === 0) return keep(state);
          // A save that times out still succeeds, but no watch waits for it.
          return timer(saveMs).pipe(tap(() => { keep(state); }));
        };
        const live = (untilMs?: number) => {
          // A new client: a new process has no memory.
          const client = createTaskClient({ transport, accounts: [accountOf(ark)], deadlineMs: days(1), giveUpAfterMs: minutes(60) });
          const resumeFrom = kept.length === 0 ? undefined : parseWatchState(kept.at(-1));
          return record(client.watch(arkTask, { save, resumeFrom }), to, untilMs);
        };
        let atMs = 0;
        for (const [runMs, pauseMs] of runs) {
          const killedMs = atMs + runMs;
          at(atMs, () => { live(killedMs); });
          atMs = killedMs + pauseMs + 1;
        }
        const last: { record?: ReturnType<typeof record> } = {};
        at(atMs, () => { last.record = live(); });
        flush();
        const times = requests.map((request) => request.atMs);
        expect(times.slice(1).map((time, index) => time - (times[index] ?? 0)).filter((gap) => gap < seconds(10))).toEqual([]);
        // A watch whose saves all time out cannot poll: it ends in an error.
        if (saveMs > 10_000) expect([null, 'save']).toContain((last.record?.error as SeedanceError | null)?.kind ?? null);
        else expect(last.record?.lines.at(-1)).toMatch(/ \|$/);
      });
    }), { numRuns: 300 });
  });

  it('makes the same transitions, at the same intervals and with the same deadline, as one that is never killed', () => {
    // Each stage is long enough not to be hidden by kills.
    const endsAtMs = seconds(700);
    const stages = [[0, queued], [seconds(200), running], [endsAtMs, succeeded]] as const;
    const anyRuns = fc.array(fc.tuple(fc.integer({ min: 1, max: seconds(150) }), fc.nat({ max: seconds(20) })), { minLength: 1, maxLength: 4 });
    const anySaveMs = fc.constantFrom(null, 0, 5, 700, 4_000);
    fc.assert(fc.property(fc.constantFrom(0, 1, 300), anySaveMs, anyRuns, (latencyMs, saveMs, runs) => {
      inVirtualTime(({ flush }) => {
        const beganMs = asyncScheduler.now();
        const { transport, requests } = recordingTransport(() => {
          const [, step] = stages.findLast(([fromMs]) => asyncScheduler.now() - beganMs >= fromMs) ?? stages[0];
          return timer(latencyMs).pipe(switchMap(() => played(step)));
        });
        const { save: keep, kept } = keeper();
        const save = (state: WatchState): unknown => (saveMs === null ? keep(state) : timer(saveMs).pipe(tap(() => { keep(state); })));
        const shown: TaskTransition[] = [];
        const live = (untilMs?: number) => {
          const client = createTaskClient({ transport, accounts: [accountOf(ark)], deadlineMs: days(1), policy: every(seconds(15)) });
          const resumeFrom = kept.length === 0 ? undefined : parseWatchState(kept.at(-1));
          const watch = client.watch(arkTask, { save, resumeFrom }).pipe(tap((transition) => { shown.push(transition); }));
          return record(watch, to, untilMs);
        };
        let atMs = 0;
        const downs: (readonly [number, number])[] = [];
        for (const [runMs, pauseMs] of runs) {
          const killedMs = atMs + runMs;
          at(atMs, () => { live(killedMs); });
          atMs = killedMs + pauseMs + 1;
          downs.push([killedMs, atMs]);
        }
        at(atMs, () => { live(); });
        flush();
        // A run that was killed before its save had ended emits its transition again, as the same step.
        const steps = shown.map(({ from, to: status }) => `${String(from)} → ${status}`);
        expect(steps.filter((step, index) => step !== steps[index - 1])).toEqual(['null → queued', 'queued → running', 'running → succeeded']);
        const states = kept.map((text) => parseWatchState(text));
        expect(new Set(states.map(({ deadlineAtMs, startedAtMs }) => (deadlineAtMs ?? 0) - startedAtMs))).toEqual(new Set([days(1)]));
        expect(new Set(states.map(({ startedAtMs }) => startedAtMs)).size).toBe(1);
        // Between two polls without a kill is the interval, plus the time of the poll and its saves.
        const times = requests.map((request) => request.atMs - beganMs);
        const tookMs = latencyMs + 2 * (saveMs ?? 0);
        const gaps = times.slice(1).map((time, index) => [times[index] ?? 0, time] as const)
          .filter(([from, until]) => !downs.some(([killedMs, bornMs]) => killedMs >= from && bornMs <= until));
        expect(gaps.filter(([from, until]) => until - from < seconds(15) || until - from > seconds(15) + tookMs)).toEqual([]);
        // After a kill, an overdue poll is sent at once, or one minimum interval after the request that may have been sent.
        const late = downs.filter(([killedMs, bornMs]) => {
          const next = times.find((time) => time >= bornMs);
          const livedOn = !downs.some(([killedAgainMs]) => killedAgainMs > bornMs && killedAgainMs <= (next ?? 0));
          return killedMs < endsAtMs && next !== undefined && livedOn && next - bornMs > seconds(15) + saveTimeoutMs + tookMs;
        });
        expect(late).toEqual([]);
      });
    }), { numRuns: 300 });
  });

  it('polls once more when it was killed in the last poll before its deadline, one minimum interval after that', marbles(({ flush }) => {
    const { client, transport } = scripted([running, running, { hang: true }], { policy: every(seconds(15)), deadlineMs: seconds(37) });
    const { save, last } = keeper();
    record(client.watch(arkTask, { save }), to, seconds(29));
    const seen: { record?: ReturnType<typeof record> } = {};
    const again = scripted([succeeded], { policy: every(seconds(15)) });
    at(seconds(31), () => {
      expect(last()).toMatchObject({ sentAtMs: seconds(27), deadlineAtMs: seconds(37) });
      seen.record = record(again.client.watch(arkTask, { resumeFrom: last() }), to);
    });
    flush();
    expect([sentAtS(transport), sentAtS(again.transport)]).toEqual([[0, 15, 27], [41]]);
    expect(seen.record?.lines).toEqual(['41s succeeded', '41s |']);
  }));

  it('polls once more also when that interval ends after the deadline, and not before it has ended', marbles(({ flush }) => {
    const options = { policy: every(seconds(10)), deadlineMs: seconds(37) };
    const { client, transport } = scripted([running, running, running, { hang: true }], options);
    const { save, last } = keeper();
    record(client.watch(arkTask, { save }), to, seconds(31));
    const seen: { record?: ReturnType<typeof record> } = {};
    const again = scripted([succeeded], options);
    at(seconds(32), () => { seen.record = record(again.client.watch(arkTask, { resumeFrom: last() }), to); });
    flush();
    expect([sentAtS(transport), sentAtS(again.transport)]).toEqual([[0, 10, 20, 30], [42]]);
    expect(seen.record?.lines).toEqual(['42s succeeded', '42s |']);
  }));
});

describe('a save that returns a promise', () => {
  beforeEach(() => { vi.useFakeTimers({ now: 0 }); });
  afterEach(() => { vi.useRealTimers(); });

  it('is awaited: the request is sent only if the mark is saved', async () => {
    const { client, transport } = scripted([succeeded]);
    const open: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
    const save = (): Promise<void> => new Promise((resolve, reject) => { open.push({ resolve, reject }); });
    const seen = record(client.watch(arkTask, { save }), to);
    await vi.advanceTimersByTimeAsync(seconds(2));
    open[0]?.reject(new Error('the database is away'));
    await vi.advanceTimersByTimeAsync(seconds(9));
    expect([open.length, transport.requests.length]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(seconds(2));
    expect([open.length, transport.requests.length]).toEqual([2, 0]);
    open[1]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect([open.length, transport.requests.length]).toEqual([3, 1]);
    expect(seen.lines).toEqual([]);
    open[2]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['succeeded', '|']);
  });

  it('that is rejected after unsubscribing is not an unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const { client } = scripted([succeeded]);
    let reject: (error: Error) => void = () => undefined;
    const seen = record(client.watch(arkTask, { save: () => new Promise<void>((_, fail) => { reject = fail; }) }), to);
    seen.stop();
    reject(new Error('away'));
    await vi.advanceTimersByTimeAsync(seconds(1));
    vi.useRealTimers();
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
