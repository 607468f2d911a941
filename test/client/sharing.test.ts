import { config, merge, NEVER, repeat, switchMap, take, timer } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import type { SeedanceError } from '../../src/state/errors.js';
import { parseWatchState } from '../../src/state/stored.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { startWatch, type WatchState } from '../../src/state/watch-state.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  anyfastAnswer,
  anyfastTask,
  arkTask,
  askedAt,
  at,
  brief,
  busy,
  cancelled,
  record,
  every,
  hours,
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
  taskOf,
  to,
  tooMany,
} from '../support/client.js';

const after = (ms: number, step: ScriptedStep): ScriptedStep => ({ ...step, afterMs: ms });

/** A client whose transport remembers every request, and plays a script. */
const living = (script: readonly ScriptedStep[]) => {
  const { transport, lives, pending } = livingTransport((index) => played(script[Math.min(index, script.length - 1)] ?? running));
  return { client: createTaskClient({ transport, accounts: [accountOf(ark)] }), lives, pending };
};

describe('two watchers of one task', () => {
  it.each([0, 3000])('share one request for each answer: answers after %i ms', (ms) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([queued, running, running, succeeded].map((step) => after(ms, step)), { policy: every(seconds(10)) });
      const first = record(client.watch(arkTask), to);
      const second = record(client.watch(arkTask), to);
      flush();
      expect(transport.requests).toHaveLength(4);
      expect(second.lines).toEqual(first.lines);
      expect(first.lines.map((line) => line.split(' ')[1])).toEqual(['queued', 'running', 'succeeded', '|']);
    });
  });

  it('who comes late is given the last answer at once, of which the body is not kept', marbles(({ flush }) => {
    const { client } = scripted([running, succeeded], { policy: every(seconds(10)) });
    const bodies: Record<'first' | 'second' | 'late', unknown[]> = { first: [], second: [], late: [] };
    const watch = (who: keyof typeof bodies): void => { client.watch(arkTask).subscribe(({ raw }) => bodies[who].push(raw)); };
    watch('first');
    watch('second');
    at(seconds(5), () => { watch('late'); });
    flush();
    const body = expect.objectContaining({ model: expect.any(String) as string }) as unknown;
    expect(bodies).toEqual({ first: [body, body], second: [body, body], late: [null, body] });
  }));

  it('a thousand of them share it too', marbles(({ flush }) => {
    const { client, transport } = scripted([after(100, queued), after(100, running), after(100, succeeded)], { policy: every(seconds(10)) });
    const records = Array.from({ length: 1000 }, () => record(client.watch(arkTask), to));
    flush();
    expect(transport.requests).toHaveLength(3);
    expect(records.every(({ lines }) => lines.length === 4)).toBe(true);
  }));

  it('watch, states and different options share it', marbles(({ flush }) => {
    const { client, transport } = scripted([after(100, queued), after(100, running), after(100, succeeded)], { policy: every(seconds(10)) });
    record(client.states(arkTask), brief);
    record(client.watch(arkTask, { deadlineMs: hours(9) }), to);
    record(client.watch({ ...arkTask }, { giveUpAfterMs: minutes(9) }), to);
    flush();
    expect(askedAt(transport)).toEqual([0, 10.1, 20.2]);
  }));

  it('a late one is given the last answer at once', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(14), () => { late.record = record(client.watch(arkTask), ({ from, to: status }) => `${String(from)}-${status}`); });
    flush();
    expect(late.record?.lines).toEqual(['14s null-running', '20s running-succeeded', '20s |']);
    expect(transport.requests).toHaveLength(3);
  }));

  it('a late one is given a trouble too, and waits with the others', marbles(({ flush }) => {
    const { client, transport } = scripted([running, tooMany({ 'retry-after': '60' }), succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(30), () => { late.record = record(client.states(arkTask), brief); });
    flush();
    expect(late.record?.lines).toEqual(['30s rate-limited x1', '70s succeeded', '70s |']);
    expect(askedAt(transport)).toEqual([0, 10, 70]);
  }));

  it('one that comes while a request is under way waits for its answer', marbles(({ flush }) => {
    const { client, transport } = scripted([after(5000, queued), after(5000, succeeded)], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(2), () => { late.record = record(client.watch(arkTask), to); });
    flush();
    expect(late.record?.lines).toEqual(['5s queued', '20s succeeded', '20s |']);
    expect(transport.requests).toHaveLength(2);
  }));

  it('each folds every answer into a state of its own', marbles(({ flush }) => {
    const script = [queued, busy, running, missing, running, succeeded];
    const { client } = scripted(script, { policy: every(seconds(10)) });
    const first = record(client.states(arkTask), brief);
    const second: { record?: ReturnType<typeof record<WatchState>> } = {};
    at(seconds(5), () => { second.record = record(client.states(arkTask, { policy: every(minutes(5)), deadlineMs: hours(3) }), brief); });
    flush();
    expect(first.lines).toEqual([
      '0s queued', '10s server x1', '20s running', '30s not-found x1', '40s running', '50s succeeded', '50s |',
    ]);
    expect(second.record?.lines).toEqual(['5s queued', ...first.lines.slice(1)]);
    expect(first.values.map(({ polls }) => polls)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(second.record?.values.map(({ startedAtMs, deadlineAtMs }) => [startedAtMs, deadlineAtMs])).toEqual(Array(6).fill([5000, 5000 + hours(3)]));
  }));

  it('with different policies, the next ask leaves at the earliest time that one of them wants', marbles(({ flush }) => {
    const { client, transport } = scripted([running]);
    record(client.watch(arkTask, { policy: every(seconds(50)) }), to, seconds(120));
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(90));
    flush();
    // at 20, 40, 60, 80 for the second, which leaves at 90; the first has folded the answer of 80 and wants its next at 130
    expect(askedAt(transport)).toEqual([0, 20, 40, 60, 80]);
  }));

  it('when the hasty one has left, the slow one asks when it wants to', marbles(({ flush }) => {
    const { client, transport } = scripted([running]);
    record(client.watch(arkTask, { policy: every(seconds(50)) }), to, seconds(140));
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(50));
    flush();
    expect(askedAt(transport)).toEqual([0, 20, 40, 90]);
  }));

  it('never asks below the floor, whenever they come and whatever they want', marbles(({ flush }) => {
    const { client, transport } = scripted([after(700, running)], { policy: every(0) });
    for (const startS of [0, 1, 2.5, 9, 11, 17, 23]) at(seconds(startS), () => { record(client.watch(arkTask), to, seconds(100)); });
    flush();
    const times = askedAt(transport);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0)).every((gap) => gap >= 10)).toBe(true);
    expect(times.length).toBeGreaterThan(8);
  }));

  it('the one that stays does not ask below the floor after a request that was aborted', marbles(({ flush }) => {
    const { client, lives } = living([running, { hang: true }, succeeded]);
    const staying = record(client.watch(arkTask, { policy: every(seconds(21)) }), to);
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(20.5));
    flush();
    expect(lives[1]).toMatchObject({ atMs: 20_000, end: 'aborted', endedAtMs: 20_500 });
    expect(lives.map(({ atMs }) => atMs / 1000)).toEqual([0, 20, 30]);
    expect(staying.lines).toEqual(['0s running', '30s succeeded', '30s |']);
  }));

  it('a new one does not ask below the floor after a request that was aborted', marbles(({ flush }) => {
    const { client, lives } = living([running, { hang: true }, running]);
    record(client.watch(arkTask, { policy: every(seconds(100)) }), to, seconds(60));
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(21));
    at(seconds(22), () => { record(client.watch(arkTask, { policy: every(seconds(10)) }), to, seconds(60)); });
    flush();
    expect(lives[1]).toMatchObject({ atMs: 20_000, end: 'aborted', endedAtMs: 21_000 });
    const times = lives.map(({ atMs }) => atMs / 1000);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0)).every((gap) => gap >= 10)).toBe(true);
  }));

  it('one that leaves does not touch the other, nor the request under way', marbles(({ flush }) => {
    const { client, lives } = living([after(4000, running), after(4000, succeeded)]);
    const leaving = record(client.watch(arkTask, { policy: every(seconds(10)) }), to, seconds(16));
    const staying = record(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    flush();
    expect(leaving.lines).toEqual(['4s running']);
    expect(staying.lines).toEqual(['4s running', '18s succeeded', '18s |']);
    expect(lives.map(({ end }) => end)).toEqual(['answered', 'answered']);
  }));

  it('one that began the request may leave: the other still gets its answer', marbles(({ flush }) => {
    const { client, lives } = living([after(4000, succeeded)]);
    record(client.watch(arkTask), to, seconds(2));
    const staying: { record?: ReturnType<typeof record> } = {};
    at(seconds(1), () => { staying.record = record(client.watch(arkTask), to); });
    flush();
    expect(staying.record?.lines).toEqual(['4s succeeded', '4s |']);
    expect(lives).toHaveLength(1);
  }));

  it('the last to leave aborts the request', marbles(({ flush }) => {
    const { client, lives, pending } = living([{ hang: true }]);
    record(client.watch(arkTask), to, seconds(3));
    record(client.watch(arkTask), to, seconds(5));
    flush();
    expect(lives).toMatchObject([{ end: 'aborted', endedAtMs: 5000 }]);
    expect(pending()).toBe(0);
  }));

  it('each has its own deadline: the end of one leaves the other running', marbles(({ flush }) => {
    const { client, lives } = living([running, running, after(9000, running), succeeded]);
    const short = record(client.watch(arkTask, { policy: every(seconds(10)), deadlineMs: seconds(25) }), to);
    const long = record(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    flush();
    expect(short.lines).toEqual(['0s running', '25s #']);
    expect((short.error as SeedanceError).kind).toBe('timeout');
    expect(long.lines).toEqual(['0s running', '39s succeeded', '39s |']);
    expect(lives.every(({ end }) => end === 'answered')).toBe(true);
  }));

  it('who comes after one was lost joins those who go on', marbles(({ flush }) => {
    const { client, lives } = living([running, running, running, succeeded]);
    record(client.watch(arkTask, { policy: every(seconds(10)), deadlineMs: seconds(25) }), to);
    record(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(26), () => { late.record = record(client.watch(arkTask, { policy: every(seconds(10)) }), to); });
    flush();
    expect(late.record?.lines).toEqual(['26s running', '30s succeeded', '30s |']);
    expect(lives.map(({ atMs }) => atMs / 1000)).toEqual([0, 10, 20, 30]);
  }));

  it('each has its own policy: the stop of one leaves the other running', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const stopped = record(client.watch(arkTask, { policy: { interval: () => 'stop' } }), to);
    const other = record(client.watch(arkTask), to);
    flush();
    expect(stopped.lines).toEqual(['0s queued', '0s #']);
    expect(other.lines).toEqual(['0s queued', '10s running', '20s succeeded', '20s |']);
    expect(transport.requests).toHaveLength(3);
  }));

  it('each has its own patience, counted from its own beginning', marbles(({ flush }) => {
    const { client } = scripted([running, ...Array<ScriptedStep>(6).fill(busy), succeeded], { policy: every(seconds(10)) });
    const impatient = record(client.watch(arkTask, { giveUpAfterMs: 1 }), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(15), () => { late.record = record(client.watch(arkTask, { giveUpAfterMs: 1 }), to); });
    const patient = record(client.watch(arkTask), to);
    flush();
    expect(impatient.lines.map((line) => line.split(' ')[1])).toEqual(['running', '#']);
    expect(patient.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
    expect(late.record?.isOver).toBe(true);
  }));

  it('a policy that throws ends its own watch alone', marbles(({ flush }) => {
    const { client } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const broken = record(client.watch(arkTask, { policy: { interval: () => { throw new Error('broken'); } } }), to);
    const other = record(client.watch(arkTask), to);
    flush();
    expect(broken.error).toEqual(new Error('broken'));
    expect(other.lines.at(-1)).toBe('20s |');
  }));

  it('nobody is told of an answer who has left, or waits no more', () => {
    const told: unknown[] = [];
    config.onStoppedNotification = (notification) => { if (notification.kind === 'N') told.push(notification.value); };
    try {
      inVirtualTime(({ flush }) => {
        const { client } = scripted([queued, busy, running, running, succeeded], { policy: every(seconds(10)) });
        record(client.watch(arkTask, { policy: every(seconds(25)) }), to);
        for (const untilS of [5, 15]) record(client.watch(arkTask), to, seconds(untilS));
        flush();
      });
      expect(told).toEqual([]);
    } finally {
      config.onStoppedNotification = null;
    }
  });

  it('one that reads the first transition and goes leaves the other running', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const first = record(client.watch(arkTask).pipe(take(1)), to);
    const second = record(client.watch(arkTask), to);
    flush();
    expect(first.lines).toEqual(['0s queued', '0s |']);
    expect(second.lines.at(-1)).toBe('20s |');
    expect(transport.requests).toHaveLength(3);
  }));
});

describe('a ref that has ended', () => {
  it('is not remembered, save for its floor: watching again asks again', marbles(({ flush }) => {
    const { client, transport } = scripted([succeeded, cancelled]);
    record(client.watch(arkTask), to);
    flush();
    const again = record(client.watch(arkTask), to);
    flush();
    expect(again.lines).toEqual(['10s cancelled', '10s |']);
    expect(askedAt(transport)).toEqual([0, 10]);
  }));

  it('a watch that was left begins anew, too', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to, seconds(5));
    const again: { record?: ReturnType<typeof record> } = {};
    at(seconds(30), () => { again.record = record(client.watch(arkTask), ({ from, to: status }) => `${String(from)}-${status}`); });
    flush();
    expect(again.record?.lines).toEqual(['30s null-running', '40s running-succeeded', '40s |']);
    expect(askedAt(transport)).toEqual([0, 30, 40]);
  }));

  it('is asked about again by a watcher that repeats, also when another watches', marbles(({ flush }) => {
    const { client, transport } = scripted([after(100, succeeded)]);
    record(client.watch(arkTask).pipe(repeat(2)), to);
    record(client.watch(arkTask), to);
    flush();
    expect(transport.requests).toHaveLength(2);
  }));
});

describe('a watch that goes on beside another', () => {
  it('does not count an answer that its state has counted already', marbles(({ flush }) => {
    // One watcher is restarted from its saved state, as after a deploy of one part, while another goes on.
    const { client } = living([running, missing, after(100, running), succeeded]);
    const other = record(client.states(arkTask, { policy: every(seconds(10)) }), brief);
    const before = record(client.states(arkTask, { policy: every(seconds(10)) }), brief, seconds(12));
    const restored: { record?: ReturnType<typeof record> } = {};
    at(seconds(12), () => {
      const resumeFrom = before.values.at(-1);
      expect(resumeFrom?.lastError).toMatchObject({ reason: 'not-found', sameFailureCount: 1 });
      restored.record = record(client.states(arkTask, { policy: every(seconds(10)), resumeFrom }), brief);
    });
    flush();
    expect(other.lines.slice(-2)).toEqual(['30.1s succeeded', '30.1s |']);
    expect(restored.record?.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['running', 'succeeded', '|']);
  }));

  it('is told of the next answer, whoever asked for it', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const before = record(client.states(arkTask, { policy: every(seconds(25)) }), brief, seconds(1));
    record(client.watch(arkTask), to);
    const restored: { record?: ReturnType<typeof record<WatchState>> } = {};
    at(seconds(2), () => { restored.record = record(client.states(arkTask, { resumeFrom: before.values.at(-1) }), brief); });
    flush();
    expect(restored.record?.lines).toEqual(['10s running', '20s succeeded', '20s |']);
    expect(askedAt(transport)).toEqual([0, 10, 20]);
  }));

  it('is given at once what the other has been told since', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const before = record(client.states(arkTask), brief, seconds(1));
    record(client.watch(arkTask), to);
    const restored: { record?: ReturnType<typeof record<WatchState>> } = {};
    at(seconds(12), () => { restored.record = record(client.states(arkTask, { resumeFrom: before.values.at(-1) }), brief); });
    flush();
    expect(restored.record?.lines).toEqual(['12s running', '20s succeeded', '20s |']);
    expect(restored.record?.values.map(({ polls }) => polls)).toEqual([2, 3]);
    expect(askedAt(transport)).toEqual([0, 10, 20]);
  }));

  it('is given what the other was told before it, when its own state knows of no answer', marbles(({ flush }) => {
    const rules = watchConfig(ark, { policy: every(seconds(10)) });
    const { client, transport } = scripted([running, succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const restored: { record?: ReturnType<typeof record> } = {};
    at(seconds(4), () => { restored.record = record(client.watch(arkTask, { resumeFrom: startWatch(arkTask, rules, seconds(4)) }), to); });
    flush();
    expect(restored.record?.lines).toEqual(['4s running', '10s succeeded', '10s |']);
    expect(askedAt(transport)).toEqual([0, 10]);
  }));

  it('is given a fresh answer at its last ask after its deadline, not an old one', marbles(({ flush }) => {
    const { client, transport } = scripted([running, running, succeeded]);
    const saved = record(client.states(arkTask, { deadlineMs: minutes(10), policy: every(seconds(10)) }), brief, seconds(1)).values;
    const rarely = { interval: ({ index }: { index: number }) => (index === 0 ? seconds(20) : hours(1)) };
    record(client.watch(arkTask, { policy: rarely, deadlineMs: hours(24) }), to, minutes(59));
    const restored: { record?: ReturnType<typeof record> } = {};
    at(minutes(50), () => { restored.record = record(client.watch(arkTask, { resumeFrom: saved[0] }), to); });
    flush();
    expect(restored.record?.lines).toEqual(['3000s succeeded', '3000s |']);
    expect(askedAt(transport)).toEqual([0, 20, 3000]);
  }));
});

describe('other refs', () => {
  it('the same id on two accounts is two tasks', marbles(({ flush }) => {
    const { transport, lives } = livingTransport((_, { headers }) => played(headers['authorization'] === 'Bearer key-of-a' ? succeeded : cancelled));
    const accounts = [accountOf(ark, { apiKey: 'key-of-a', name: 'a' }), accountOf(ark, { apiKey: 'key-of-b', name: 'b' })];
    const client = createTaskClient({ transport, accounts });
    const [a, b] = ['a', 'b'].map((name) => record(client.watch({ ...arkTask, account: name }), ({ task, to: status }) => `${String(task.account)} ${status}`));
    flush();
    expect(a?.lines).toEqual(['0s a succeeded', '0s |']);
    expect(b?.lines).toEqual(['0s b cancelled', '0s |']);
    expect(lives).toHaveLength(2);
  }));

  it('the same id at two providers is two tasks', marbles(({ flush }) => {
    const { client, transport } = scripted([after(10, succeeded), after(10, anyfastAnswer('SUCCESS'))]);
    record(merge(client.watch(arkTask), client.watch(anyfastTask)), to);
    flush();
    expect(transport.requests).toHaveLength(2);
  }));

  it('ids that could be confused are two tasks', marbles(({ flush }) => {
    const { client, transport } = scripted([after(10, succeeded)]);
    for (const id of ['a', 'A', 'a ', 'a/b', 'a%2Fb', '["ark"]', 'ä', 'a\u0308']) record(client.watch({ provider: 'ark', id }), to);
    flush();
    expect(new Set(transport.requests.map(({ url }) => url)).size).toBe(8);
  }));

  it('the one account of a provider is the same with and without its name: one task', marbles(({ flush }) => {
    const { transport, lives } = livingTransport(() => played(after(10, succeeded)));
    const client = createTaskClient({ transport, accounts: [accountOf(ark, { name: 'eu' })] });
    const tasks = [arkTask, { ...arkTask, account: 'eu' }];
    const seen = tasks.map((task) => record(client.watch(task), to));
    flush();
    expect(lives).toHaveLength(1);
    // each as it was asked for
    expect(seen.map(({ values }) => values.map(({ task, snapshot }) => [task, snapshot.task]))).toEqual(tasks.map((task) => [[task, task]]));
    expect(seen.map(({ values }) => values[0]?.snapshot)).toMatchObject([{ status: 'succeeded', providerStatus: 'succeeded' }, { status: 'succeeded', providerStatus: 'succeeded' }]);
  }));

  it('two clients share nothing', marbles(({ flush }) => {
    const { transport, lives } = livingTransport(() => played(after(10, succeeded)));
    const clients = [0, 1].map(() => createTaskClient({ transport, accounts: [accountOf(ark)] }));
    for (const client of clients) record(client.watch(arkTask), to);
    flush();
    expect(lives).toHaveLength(2);
  }));

  it('a query beside a watch waits for the minimum interval, and joins the poll that leaves then', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, queued, succeeded], { policy: every(seconds(10)) });
    const watch = record(client.watch(arkTask), to);
    const query = record(timer(seconds(15)).pipe(switchMap(() => client.query(arkTask))), ({ status }) => status);
    flush();
    expect(query.lines).toEqual(['20s succeeded', '20s |']);
    expect(watch.lines).toEqual(['0s queued', '20s succeeded', '20s |']);
    expect(askedAt(transport)).toEqual([0, 10, 20]);
  }));
});

it('a watch that was left before it asked forgets no floor', marbles(({ flush }) => {
  const { transport, lives } = livingTransport(() => NEVER);
  const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
  const first = record(client.watch(arkTask), to);
  at(seconds(1), () => {
    first.stop();
    client.watch(arkTask).subscribe().unsubscribe();
    record(client.watch(arkTask), to, seconds(15));
  });
  flush();
  expect(lives.map(({ atMs }) => atMs)).toEqual([0, seconds(10)]);
}));

describe('on a clock that goes back', () => {
  beforeEach(() => { vi.useFakeTimers({ now: hours(300_000) }); });
  afterEach(() => { vi.restoreAllMocks(); vi.useRealTimers(); });

  it('the floors of short watches are forgotten, also after the clock has gone back', () => {
    const { transport } = livingTransport(() => played(succeeded));
    const set = vi.spyOn(Map.prototype, 'set');
    const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
    client.watch(arkTask).subscribe();
    vi.advanceTimersByTime(seconds(1));
    vi.setSystemTime(Date.now() - hours(8));
    for (let index = 0; index < 200; index += 1) {
      client.watch(taskOf(ark, `task-${String(index)}`)).subscribe();
      vi.advanceTimersByTime(seconds(11));
    }
    const maps = new Set(set.mock.contexts as Map<unknown, unknown>[]);
    expect(Math.max(...[...maps].map(({ size }) => size))).toBeLessThan(20);
  });
});

it('a ref whose account is null means what one without an account does, and so does its saved state', marbles(({ flush }) => {
  const { transport } = livingTransport(() => played(running));
  const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
  const seen = record(client.states({ ...arkTask, account: null as never }), String, seconds(1));
  flush();
  expect(parseWatchState(JSON.stringify(seen.values[0])).task).toEqual(arkTask);
  expect(() => client.states(arkTask, { resumeFrom: seen.values[0] })).not.toThrow();
}));
