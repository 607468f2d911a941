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
  anyfastResponse,
  anyfastTask,
  arkTask,
  sentAtS,
  at,
  brief,
  busy,
  cancelled,
  record,
  every,
  hours,
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
  taskOf,
  to,
  tooMany,
  recordedClient,
} from '../support/client.js';

const after = (ms: number, step: ScriptedStep): ScriptedStep => ({ ...step, afterMs: ms });

describe('two watchers of one task', () => {
  it.each([0, 3000])('share each request: responses after %i ms', (ms) => {
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

  it('a late one gets the last result at once, without its body', marbles(({ flush }) => {
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

  it('a thousand watchers share requests too', marbles(({ flush }) => {
    const { client, transport } = scripted([after(100, queued), after(100, running), after(100, succeeded)], { policy: every(seconds(10)) });
    const records = Array.from({ length: 1000 }, () => record(client.watch(arkTask), to));
    flush();
    expect(transport.requests).toHaveLength(3);
    expect(records.every(({ lines }) => lines.length === 4)).toBe(true);
  }));

  it('watch, states and different options share requests', marbles(({ flush }) => {
    const { client, transport } = scripted([after(100, queued), after(100, running), after(100, succeeded)], { policy: every(seconds(10)) });
    record(client.states(arkTask), brief);
    record(client.watch(arkTask, { deadlineMs: hours(9) }), to);
    record(client.watch({ ...arkTask }, { giveUpAfterMs: minutes(9) }), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 10.1, 20.2]);
  }));

  it('a late one gets the last result at once', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(14), () => { late.record = record(client.watch(arkTask), ({ from, to: status }) => `${String(from)}-${status}`); });
    flush();
    expect(late.record?.lines).toEqual(['14s null-running', '20s running-succeeded', '20s |']);
    expect(transport.requests).toHaveLength(3);
  }));

  it('a late one also gets an error, and waits with the others', marbles(({ flush }) => {
    const { client, transport } = scripted([running, tooMany({ 'retry-after': '60' }), succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(30), () => { late.record = record(client.states(arkTask), brief); });
    flush();
    expect(late.record?.lines).toEqual(['30s rate-limited x1', '70s succeeded', '70s |']);
    expect(sentAtS(transport)).toEqual([0, 10, 70]);
  }));

  it('one that joins during a request waits for its response', marbles(({ flush }) => {
    const { client, transport } = scripted([after(5000, queued), after(5000, succeeded)], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(2), () => { late.record = record(client.watch(arkTask), to); });
    flush();
    expect(late.record?.lines).toEqual(['5s queued', '20s succeeded', '20s |']);
    expect(transport.requests).toHaveLength(2);
  }));

  it('each applies every result to its own state', marbles(({ flush }) => {
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

  it('with different policies, the next poll is sent at the earliest of their times', marbles(({ flush }) => {
    const { client, transport } = scripted([running]);
    record(client.watch(arkTask, { policy: every(seconds(50)) }), to, seconds(120));
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(90));
    flush();
    // at 20, 40, 60, 80 for the second, which unsubscribes at 90; the first applied the response at 80 and polls next at 130
    expect(sentAtS(transport)).toEqual([0, 20, 40, 60, 80]);
  }));

  it('when the one with the shorter interval has left, the other polls at its own interval', marbles(({ flush }) => {
    const { client, transport } = scripted([running]);
    record(client.watch(arkTask, { policy: every(seconds(50)) }), to, seconds(140));
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(50));
    flush();
    expect(sentAtS(transport)).toEqual([0, 20, 40, 90]);
  }));

  it('never polls below the minimum interval, whatever their start and interval', marbles(({ flush }) => {
    const { client, transport } = scripted([after(700, running)], { policy: every(0) });
    for (const startS of [0, 1, 2.5, 9, 11, 17, 23]) at(seconds(startS), () => { record(client.watch(arkTask), to, seconds(100)); });
    flush();
    const times = sentAtS(transport);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0)).every((gap) => gap >= 10)).toBe(true);
    expect(times.length).toBeGreaterThan(8);
  }));

  it('the remaining one does not poll below the minimum interval after an aborted request', marbles(({ flush }) => {
    const { client, requests } = recordedClient([running, { hang: true }, succeeded]);
    const staying = record(client.watch(arkTask, { policy: every(seconds(21)) }), to);
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(20.5));
    flush();
    expect(requests[1]).toMatchObject({ atMs: 20_000, end: 'aborted', endedAtMs: 20_500 });
    expect(requests.map(({ atMs }) => atMs / 1000)).toEqual([0, 20, 30]);
    expect(staying.lines).toEqual(['0s running', '30s succeeded', '30s |']);
  }));

  it('a new one does not poll below the minimum interval after an aborted request', marbles(({ flush }) => {
    const { client, requests } = recordedClient([running, { hang: true }, running]);
    record(client.watch(arkTask, { policy: every(seconds(100)) }), to, seconds(60));
    record(client.watch(arkTask, { policy: every(seconds(20)) }), to, seconds(21));
    at(seconds(22), () => { record(client.watch(arkTask, { policy: every(seconds(10)) }), to, seconds(60)); });
    flush();
    expect(requests[1]).toMatchObject({ atMs: 20_000, end: 'aborted', endedAtMs: 21_000 });
    const times = requests.map(({ atMs }) => atMs / 1000);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0)).every((gap) => gap >= 10)).toBe(true);
  }));

  it('one that unsubscribes does not affect the other, nor the request in flight', marbles(({ flush }) => {
    const { client, requests } = recordedClient([after(4000, running), after(4000, succeeded)]);
    const leaving = record(client.watch(arkTask, { policy: every(seconds(10)) }), to, seconds(16));
    const staying = record(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    flush();
    expect(leaving.lines).toEqual(['4s running']);
    expect(staying.lines).toEqual(['4s running', '18s succeeded', '18s |']);
    expect(requests.map(({ end }) => end)).toEqual(['responded', 'responded']);
  }));

  it('the one that started the request may unsubscribe: the other still gets its response', marbles(({ flush }) => {
    const { client, requests } = recordedClient([after(4000, succeeded)]);
    record(client.watch(arkTask), to, seconds(2));
    const staying: { record?: ReturnType<typeof record> } = {};
    at(seconds(1), () => { staying.record = record(client.watch(arkTask), to); });
    flush();
    expect(staying.record?.lines).toEqual(['4s succeeded', '4s |']);
    expect(requests).toHaveLength(1);
  }));

  it('the last one to unsubscribe aborts the request', marbles(({ flush }) => {
    const { client, requests, pending } = recordedClient([{ hang: true }]);
    record(client.watch(arkTask), to, seconds(3));
    record(client.watch(arkTask), to, seconds(5));
    flush();
    expect(requests).toMatchObject([{ end: 'aborted', endedAtMs: 5000 }]);
    expect(pending()).toBe(0);
  }));

  it('each has its own deadline: the other continues after the end of one', marbles(({ flush }) => {
    const { client, requests } = recordedClient([running, running, after(9000, running), succeeded]);
    const short = record(client.watch(arkTask, { policy: every(seconds(10)), deadlineMs: seconds(25) }), to);
    const long = record(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    flush();
    expect(short.lines).toEqual(['0s running', '25s #']);
    expect((short.error as SeedanceError).kind).toBe('timeout');
    expect(long.lines).toEqual(['0s running', '39s succeeded', '39s |']);
    expect(requests.every(({ end }) => end === 'responded')).toBe(true);
  }));

  it('one that starts after another ended in an error joins the remaining ones', marbles(({ flush }) => {
    const { client, requests } = recordedClient([running, running, running, succeeded]);
    record(client.watch(arkTask, { policy: every(seconds(10)), deadlineMs: seconds(25) }), to);
    record(client.watch(arkTask, { policy: every(seconds(10)) }), to);
    const late: { record?: ReturnType<typeof record> } = {};
    at(seconds(26), () => { late.record = record(client.watch(arkTask, { policy: every(seconds(10)) }), to); });
    flush();
    expect(late.record?.lines).toEqual(['26s running', '30s succeeded', '30s |']);
    expect(requests.map(({ atMs }) => atMs / 1000)).toEqual([0, 10, 20, 30]);
  }));

  it('each has its own policy: the other continues after the stop of one', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const stopped = record(client.watch(arkTask, { policy: { interval: () => 'stop' } }), to);
    const other = record(client.watch(arkTask), to);
    flush();
    expect(stopped.lines).toEqual(['0s queued', '0s #']);
    expect(other.lines).toEqual(['0s queued', '10s running', '20s succeeded', '20s |']);
    expect(transport.requests).toHaveLength(3);
  }));

  it('each has its own giveUpAfterMs, counted from its own start', marbles(({ flush }) => {
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

  it('a watcher that has left, or waits no more, gets no result', () => {
    const shown: unknown[] = [];
    config.onStoppedNotification = (notification) => { if (notification.kind === 'N') shown.push(notification.value); };
    try {
      inVirtualTime(({ flush }) => {
        const { client } = scripted([queued, busy, running, running, succeeded], { policy: every(seconds(10)) });
        record(client.watch(arkTask, { policy: every(seconds(25)) }), to);
        for (const untilS of [5, 15]) record(client.watch(arkTask), to, seconds(untilS));
        flush();
      });
      expect(shown).toEqual([]);
    } finally {
      config.onStoppedNotification = null;
    }
  });

  it('one that takes only the first transition does not affect the other', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const first = record(client.watch(arkTask).pipe(take(1)), to);
    const second = record(client.watch(arkTask), to);
    flush();
    expect(first.lines).toEqual(['0s queued', '0s |']);
    expect(second.lines.at(-1)).toBe('20s |');
    expect(transport.requests).toHaveLength(3);
  }));
});

describe('a finished task', () => {
  it('is forgotten except for its minimum interval: watching again polls again', marbles(({ flush }) => {
    const { client, transport } = scripted([succeeded, cancelled]);
    record(client.watch(arkTask), to);
    flush();
    const again = record(client.watch(arkTask), to);
    flush();
    expect(again.lines).toEqual(['10s cancelled', '10s |']);
    expect(sentAtS(transport)).toEqual([0, 10]);
  }));

  it('a watch that was unsubscribed starts again, too', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to, seconds(5));
    const again: { record?: ReturnType<typeof record> } = {};
    at(seconds(30), () => { again.record = record(client.watch(arkTask), ({ from, to: status }) => `${String(from)}-${status}`); });
    flush();
    expect(again.record?.lines).toEqual(['30s null-running', '40s running-succeeded', '40s |']);
    expect(sentAtS(transport)).toEqual([0, 30, 40]);
  }));

  it('is polled again by a watcher that repeats, also when another one watches', marbles(({ flush }) => {
    const { client, transport } = scripted([after(100, succeeded)]);
    record(client.watch(arkTask).pipe(repeat(2)), to);
    record(client.watch(arkTask), to);
    flush();
    expect(transport.requests).toHaveLength(2);
  }));
});

describe('a watch resumed beside another', () => {
  it('does not count a result that its state already includes', marbles(({ flush }) => {
    // One watcher is restarted from its saved state, as after a partial deploy, while another continues.
    const { client } = recordedClient([running, missing, after(100, running), succeeded]);
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

  it('gets the next result, whichever watcher polled', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const before = record(client.states(arkTask, { policy: every(seconds(25)) }), brief, seconds(1));
    record(client.watch(arkTask), to);
    const restored: { record?: ReturnType<typeof record<WatchState>> } = {};
    at(seconds(2), () => { restored.record = record(client.states(arkTask, { resumeFrom: before.values.at(-1) }), brief); });
    flush();
    expect(restored.record?.lines).toEqual(['10s running', '20s succeeded', '20s |']);
    expect(sentAtS(transport)).toEqual([0, 10, 20]);
  }));

  it('gets at once what the other has received since', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const before = record(client.states(arkTask), brief, seconds(1));
    record(client.watch(arkTask), to);
    const restored: { record?: ReturnType<typeof record<WatchState>> } = {};
    at(seconds(12), () => { restored.record = record(client.states(arkTask, { resumeFrom: before.values.at(-1) }), brief); });
    flush();
    expect(restored.record?.lines).toEqual(['12s running', '20s succeeded', '20s |']);
    expect(restored.record?.values.map(({ polls }) => polls)).toEqual([2, 3]);
    expect(sentAtS(transport)).toEqual([0, 10, 20]);
  }));

  it('gets the earlier result of the other when its own state has none', marbles(({ flush }) => {
    const config = watchConfig(ark, { policy: every(seconds(10)) });
    const { client, transport } = scripted([running, succeeded], { policy: every(seconds(10)) });
    record(client.watch(arkTask), to);
    const restored: { record?: ReturnType<typeof record> } = {};
    at(seconds(4), () => { restored.record = record(client.watch(arkTask, { resumeFrom: startWatch(arkTask, config, seconds(4)) }), to); });
    flush();
    expect(restored.record?.lines).toEqual(['4s running', '10s succeeded', '10s |']);
    expect(sentAtS(transport)).toEqual([0, 10]);
  }));

  it('gets a new response at its last poll after its deadline, not an old one', marbles(({ flush }) => {
    const { client, transport } = scripted([running, running, succeeded]);
    const saved = record(client.states(arkTask, { deadlineMs: minutes(10), policy: every(seconds(10)) }), brief, seconds(1)).values;
    const rarely = { interval: ({ index }: { index: number }) => (index === 0 ? seconds(20) : hours(1)) };
    record(client.watch(arkTask, { policy: rarely, deadlineMs: hours(24) }), to, minutes(59));
    const restored: { record?: ReturnType<typeof record> } = {};
    at(minutes(50), () => { restored.record = record(client.watch(arkTask, { resumeFrom: saved[0] }), to); });
    flush();
    expect(restored.record?.lines).toEqual(['3000s succeeded', '3000s |']);
    expect(sentAtS(transport)).toEqual([0, 20, 3000]);
  }));
});

describe('other refs', () => {
  it('the same id on two accounts is two tasks', marbles(({ flush }) => {
    const accounts = [accountOf(ark, { apiKey: 'key-of-a', name: 'a' }), accountOf(ark, { apiKey: 'key-of-b', name: 'b' })];
    const { client, requests } = recordedClient((_, { headers }) => played(headers['authorization'] === 'Bearer key-of-a' ? succeeded : cancelled), { accounts });
    const [a, b] = ['a', 'b'].map((name) => record(client.watch({ ...arkTask, account: name }), ({ task, to: status }) => `${String(task.account)} ${status}`));
    flush();
    expect(a?.lines).toEqual(['0s a succeeded', '0s |']);
    expect(b?.lines).toEqual(['0s b cancelled', '0s |']);
    expect(requests).toHaveLength(2);
  }));

  it('the same id at two providers is two tasks', marbles(({ flush }) => {
    const { client, transport } = scripted([after(10, succeeded), after(10, anyfastResponse('SUCCESS'))]);
    record(merge(client.watch(arkTask), client.watch(anyfastTask)), to);
    flush();
    expect(transport.requests).toHaveLength(2);
  }));

  it('similar ids are two tasks', marbles(({ flush }) => {
    const { client, transport } = scripted([after(10, succeeded)]);
    for (const id of ['a', 'A', 'a ', 'a/b', 'a%2Fb', '["ark"]', 'ä', 'a\u0308']) record(client.watch({ provider: 'ark', id }), to);
    flush();
    expect(new Set(transport.requests.map(({ url }) => url)).size).toBe(8);
  }));

  it('the only account of a provider is the same with and without its name: one task', marbles(({ flush }) => {
    const { client, requests } = recordedClient([after(10, succeeded)], { accounts: [accountOf(ark, { name: 'eu' })] });
    const tasks = [arkTask, { ...arkTask, account: 'eu' }];
    const seen = tasks.map((task) => record(client.watch(task), to));
    flush();
    expect(requests).toHaveLength(1);
    // each with the ref that was watched
    expect(seen.map(({ values }) => values.map(({ task, snapshot }) => [task, snapshot.task]))).toEqual(tasks.map((task) => [[task, task]]));
    expect(seen.map(({ values }) => values[0]?.snapshot)).toMatchObject([{ status: 'succeeded', providerStatus: 'succeeded' }, { status: 'succeeded', providerStatus: 'succeeded' }]);
  }));

  it('two clients share nothing', marbles(({ flush }) => {
    const { transport, requests } = recordingTransport(() => played(after(10, succeeded)));
    const clients = [0, 1].map(() => createTaskClient({ transport, accounts: [accountOf(ark)] }));
    for (const client of clients) record(client.watch(arkTask), to);
    flush();
    expect(requests).toHaveLength(2);
  }));

  it('a query beside a watch waits for the minimum interval, and joins the poll that is sent then', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, queued, succeeded], { policy: every(seconds(10)) });
    const watch = record(client.watch(arkTask), to);
    const query = record(timer(seconds(15)).pipe(switchMap(() => client.query(arkTask))), ({ status }) => status);
    flush();
    expect(query.lines).toEqual(['20s succeeded', '20s |']);
    expect(watch.lines).toEqual(['0s queued', '20s succeeded', '20s |']);
    expect(sentAtS(transport)).toEqual([0, 10, 20]);
  }));
});

it('a watch that is unsubscribed before its poll keeps the minimum interval of the task', marbles(({ flush }) => {
  const { client, requests } = recordedClient(() => NEVER);
  const first = record(client.watch(arkTask), to);
  at(seconds(1), () => {
    first.stop();
    client.watch(arkTask).subscribe().unsubscribe();
    record(client.watch(arkTask), to, seconds(15));
  });
  flush();
  expect(requests.map(({ atMs }) => atMs)).toEqual([0, seconds(10)]);
}));

describe('on a clock that is set back', () => {
  beforeEach(() => { vi.useFakeTimers({ now: hours(300_000) }); });
  afterEach(() => { vi.restoreAllMocks(); vi.useRealTimers(); });

  it('the minimum intervals of short watches are forgotten, also after the clock was set back', () => {
    const set = vi.spyOn(Map.prototype, 'set');
    const { client } = recordedClient([succeeded]);
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

it('a ref with a null account is the same as one without an account, also in its saved state', marbles(({ flush }) => {
  const { client } = recordedClient([running]);
  const seen = record(client.states({ ...arkTask, account: null as never }), String, seconds(1));
  flush();
  expect(parseWatchState(JSON.stringify(seen.values[0])).task).toEqual(arkTask);
  expect(() => client.states(arkTask, { resumeFrom: seen.values[0] })).not.toThrow();
}));
