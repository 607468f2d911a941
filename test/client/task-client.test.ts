import { catchError, concat, concatMap, endWith, map, mergeMap, type Observable, of, repeat, retry, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { constantDelay } from '../../src/poll/delay-policy.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import type { TaskSnapshot } from '../../src/task/snapshot.js';
import type { TaskTransition } from '../../src/task/transition.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import { isSeedanceError, SeedanceError } from '../../src/state/errors.js';
import type { Provider } from '../../src/wire/provider.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  anyfastResponse,
  anyfastTask,
  arkResponse,
  arkTask,
  sentAtS,
  at,
  brief,
  busy,
  cancelled,
  given,
  record,
  every,
  expired,
  failed,
  forbidden,
  hours,
  inVirtualTime,
  key,
  minutes,
  missing,
  queued,
  refusal,
  reset,
  running,
  scripted,
  seconds,
  succeeded,
  taskOf,
  to,
  tooMany,
  recordedClient,
} from '../support/client.js';

const providers = { ark, powertokens, yescale, anyfast, kyyaipower, xingchao };

describe('watch', () => {
  it('emits each change of status with its response, and completes on a terminal status', marbles(({ expectObservable, flush }) => {
    const { client, transport } = scripted([queued, queued, running, running, succeeded], { policy: every(seconds(10)) });
    expectObservable(client.watch(arkTask).pipe(map((transition) => transition.to[0]))).toBe('q 19999ms r 19999ms (s|)');
    flush();
    expect(sentAtS(transport)).toEqual([0, 10, 20, 30, 40]);
  }));

  it('polls at once, soon again while the task is queued, when it can have ended, and then at the provider\'s interval', marbles(({ flush }) => {
    const { client, transport } = scripted([
      anyfastResponse('NOT_START'), anyfastResponse('IN_PROGRESS'), anyfastResponse('IN_PROGRESS'), anyfastResponse('IN_PROGRESS'), anyfastResponse('SUCCESS', { result_url: 'https://v.example/1' }),
    ]);
    const seen = record(client.watch(anyfastTask), to);
    flush();
    expect(seen.lines).toEqual(['0s queued', '10.284s running', '50.929s succeeded', '50.929s |']);
    expect(sentAtS(transport).map(Math.floor)).toEqual([0, 10, 23, 37, 50]);
  }));

  it('waits from the response, not from the request', marbles(({ flush }) => {
    const slow = { ...anyfastResponse('IN_PROGRESS'), afterMs: seconds(7) };
    const { client, transport } = scripted([slow, slow, { ...anyfastResponse('SUCCESS'), afterMs: seconds(7) }], { policy: every(seconds(15)) });
    const seen = record(client.watch(anyfastTask), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 22, 44]);
    expect(seen.lines).toEqual(['7s running', '51s succeeded', '51s |']);
  }));

  it('reports the previous status, the instant and the new snapshot', marbles(({ flush }) => {
    const { client } = scripted([queued, running, succeeded], { policy: every(seconds(10)) });
    const { values } = record(client.watch({ ...arkTask, prompt: 'not part of a ref' } as typeof arkTask));
    flush();
    expect(values).toMatchObject([
      { task: arkTask, from: null, to: 'queued', atMs: 0, snapshot: { status: 'queued', providerStatus: 'queued' } },
      { task: arkTask, from: 'queued', to: 'running', atMs: 10_000, snapshot: { status: 'running' } },
      { task: arkTask, from: 'running', to: 'succeeded', atMs: 20_000, snapshot: { video: { url: 'https://videos.example/cgt-1.mp4' } } },
    ]);
    expect(values.every(({ task, raw }) => Object.keys(task).join() === 'provider,id' && raw !== null)).toBe(true);
  }));

  it.each([
    ['failed', failed, { failure: { code: 'InternalServiceError', message: 'the model has stumbled', reason: 'internal' } }],
    ['cancelled', cancelled, {}],
    ['expired', expired, {}],
    ['succeeded', succeeded, { video: { url: 'https://videos.example/cgt-1.mp4' } }],
  ] as const)('a task that has %s is a value followed by completion, never an error', (status, step, more) => {
    inVirtualTime(({ flush }) => {
      const { transport, seen } = given([running, step], { policy: every(seconds(10)) });
      flush();
      expect(seen.lines).toEqual(['0s running', `10s ${status}`, '10s |']);
      expect(seen.values[1]?.snapshot).toMatchObject({ status, ...more });
      expect(transport.requests).toHaveLength(2);
    });
  });

  it('ends with the first response when the task had finished before the watch', marbles(({ flush }) => {
    const { seen } = given([succeeded]);
    flush();
    expect(seen.lines).toEqual(['0s succeeded', '0s |']);
    expect(seen.values[0]).toMatchObject({ from: null });
  }));

  it.each<[string, string, ScriptedStep, ScriptedStep]>([
    ['ark', 'https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks/cgt-1', running, succeeded],
    ['powertokens', 'https://api.powertokens.ai/byteplus/api/v3/contents/generations/tasks/cgt-1', running, succeeded],
    ['yescale', 'https://api.yescale.io/seedance/generations/cgt-1', running, succeeded],
    ['anyfast', 'https://www.anyfast.ai/v1/video/generations/cgt-1', anyfastResponse('IN_PROGRESS'), anyfastResponse('SUCCESS')],
    ['kyyaipower', 'https://zcbservice.aizfw.cn/kyyAiPower/v1/result/cgt-1', arkResponse('processing'), arkResponse('completed', { video_url: 'https://videos.example/cgt-1.mp4' })],
    ['xingchao', 'https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/cgt-1', arkResponse('processing'), arkResponse('completed', { video_url: 'https://videos.example/cgt-1.mp4' })],
  ])('follows a task of %s to its end, at its URL, with the key in the header', (id, url, before, end) => {
    inVirtualTime(({ flush }) => {
      const provider: Provider = providers[id as keyof typeof providers];
      const { client, requests } = recordedClient([before, before, end], { accounts: [accountOf(provider)] });
      const seen = record(client.watch(taskOf(provider)), to);
      flush();
      expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
      expect(requests.map((life) => life.url)).toEqual([url, url, url]);
      expect(requests.map(({ headers }) => headers['authorization'])).toEqual(Array(3).fill(`Bearer ${key}`));
    });
  });

  it.each([
    ['ark', {}, 90, 10, 20],
    ['powertokens', {}, 90, 10, 20],
    ['yescale', {}, 90, 10, 20],
    ['anyfast', {}, 13.5, 13.5, 15],
    ['kyyaipower', {}, 30, 30, 60],
    ['xingchao', {}, 30, 30, 60],
    ['kyyaipower', { serviceTier: 'flex' }, 60, 60, 120],
    ['xingchao', { model: 'seedance_1_5_pro_480p' }, 10, 10, 20],
    ['xingchao', { resolution: '480p' }, 10, 10, 20],
  ] as const)('polls %s, when %o is expected, again within one interval from %i s on, then within its range', (id, expected, firstS, minS, maxS) => {
    inVirtualTime(({ flush }) => {
      const provider: Provider = providers[id];
      const { client, requests } = recordedClient([{ body: { id: 'cgt-1', status: 'running' } }], { accounts: [accountOf(provider)] });
      record(client.watch(taskOf(provider), { expected: expected }), to, minutes(40));
      flush();
      const [first, ...gaps] = requests.slice(1).map(({ atMs }, index) => (atMs - (requests[index]?.atMs ?? 0)) / 1000);
      expect(first).toBeGreaterThanOrEqual(firstS);
      expect(first).toBeLessThan(firstS + minS);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(minS);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(maxS);
      expect(gaps.length).toBeGreaterThan(15);
    });
  });

  it('never polls below the minimum interval, for any policy', marbles(({ flush }) => {
    const { client, transport } = scripted([running, busy, running, succeeded]);
    record(client.watch(arkTask, { policy: { interval: constantDelay(0), retry: constantDelay(1) } }), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 10, 20, 30]);
  }));

  it('passes a policy the number of polls, the elapsed time and the latest snapshot', marbles(({ flush }) => {
    const attempts: unknown[] = [];
    const noting = (name: string) => (attempt: { index: number; elapsedMs: number; latest: { status: string } | null; jitter: number }) => {
      expect(attempt.jitter).toSatisfy((jitter: number) => jitter >= 0 && jitter < 1);
      attempts.push([name, attempt.index, attempt.elapsedMs / 1000, attempt.latest?.status ?? null]);
      return seconds(10);
    };
    const { client } = scripted([busy, busy, queued, running, busy, succeeded]);
    record(client.watch(arkTask, { policy: { interval: noting('interval'), retry: noting('retry') } }), to);
    flush();
    expect(attempts).toEqual([
      ['retry', 0, 0, null], ['retry', 1, 10, null], ['interval', 2, 20, 'queued'], ['interval', 3, 30, 'running'], ['retry', 0, 0, 'running'],
    ]);
  }));

  it('takes its options from the client, and its own override them', marbles(({ flush }) => {
    const { client, transport } = scripted([running], { policy: every(seconds(20)), deadlineMs: seconds(50) });
    const first = record(client.watch(arkTask), to);
    flush();
    expect(first.lines).toEqual(['0s running', '50s #']);
    expect(sentAtS(transport)).toEqual([0, 20, 40]);
    const second = record(client.watch(arkTask, { policy: every(seconds(30)), deadlineMs: seconds(100) }), to);
    flush();
    expect(second.lines).toEqual(['50s running', '150s #']);
    expect(sentAtS(transport).slice(3)).toEqual([50, 80, 110, 140]);
  }));

  it('keeps polling a task with an unknown status at intervals, until the deadline', marbles(({ flush }) => {
    const { client, transport } = scripted([running, anyfastResponse('MELTING')], { deadlineMs: hours(1) });
    const seen = record(client.watch(anyfastTask), ({ to: status, snapshot }) => `${status} ${snapshot.providerStatus}`);
    flush();
    expect(seen.lines).toEqual(['0s running running', '13.529s unknown MELTING', '3600s #']);
    expect(isSeedanceError(seen.error, 'timeout') && seen.error.lastSnapshot?.providerStatus).toBe('MELTING');
    const times = sentAtS(transport);
    const gaps = times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) * 1000) / 1000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10);
    expect(gaps.slice(1, -2).every((gap) => gap === 15)).toBe(true);
  }));

  it('ends as a timeout when the interval policy stops', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running]);
    const policy = { interval: ({ index }: { index: number }) => (index < 2 ? seconds(10) : ('stop' as const)) };
    const seen = record(client.watch(arkTask, { policy }), to);
    flush();
    expect(seen.lines).toEqual(['0s queued', '10s running', '20s #']);
    expect(seen.error).toMatchObject({ kind: 'timeout', task: arkTask, lastSnapshot: { status: 'running' }, state: { polls: 3, ended: 'timeout' } });
    expect(transport.requests).toHaveLength(3);
  }));

  it('ends as a timeout when the retry policy stops, and the state has the error', marbles(({ flush }) => {
    const { client } = scripted([running, busy]);
    const policy = { ...every(seconds(10)), retry: () => 'stop' as const };
    const seen = record(client.watch(arkTask, { policy }), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '10s #']);
    expect(seen.error).toMatchObject({ kind: 'timeout', reason: 'server', lastSnapshot: { status: 'running' } });
  }));

  it('a policy that stops only after the end changes nothing', marbles(({ flush }) => {
    const { client } = scripted([queued, succeeded]);
    const policy = { interval: ({ index }: { index: number }) => (index < 1 ? seconds(10) : ('stop' as const)) };
    const seen = record(client.watch(arkTask, { policy }), to);
    flush();
    expect(seen.lines).toEqual(['0s queued', '10s succeeded', '10s |']);
  }));

  it('emits a RangeError for an invalid result of a policy', marbles(({ flush }) => {
    for (const wait of [-1, Number.NaN, Infinity]) {
      const { transport, seen } = given([running], { watch: { policy: { interval: () => wait } } });
      flush();
      expect(seen.error).toBeInstanceOf(RangeError);
      expect(String(seen.error)).toMatch(new RegExp(`policy\\.interval.*${String(wait)}`));
      expect(transport.pending()).toBe(0);
    }
  }));

  it('emits the error that a policy throws', marbles(({ flush }) => {
    const { client } = scripted([running]);
    const thrown = new Error('no policy today');
    const seen = record(client.watch(arkTask, { policy: { interval: () => { throw thrown; } } }), to);
    flush();
    expect(seen.error).toBe(thrown);
  }));
});

describe('cold to retry', () => {
  it('no request is sent before the subscription', marbles(({ flush }) => {
    const { client, transport } = scripted([succeeded]);
    client.watch(arkTask);
    client.states(arkTask);
    client.query(arkTask);
    flush();
    expect(transport.requests).toEqual([]);
  }));

  it('each subscription is a separate watch that starts then', marbles(({ flush }) => {
    const { client, transport } = scripted([running, succeeded, running, succeeded], { policy: every(seconds(10)) });
    const watch = client.states(arkTask);
    const first = record(watch, brief);
    flush();
    const second = record(watch, brief);
    flush();
    expect(first.lines).toEqual(['0s running', '10s succeeded', '10s |']);
    expect(second.lines).toEqual(['20s running', '30s succeeded', '30s |']);
    expect(second.values.map(({ polls, startedAtMs }) => [polls, startedAtMs])).toEqual([[1, 10_000], [2, 10_000]]);
    expect(transport.requests).toHaveLength(4);
  }));

  it('retry() starts a new watch with its own counters', marbles(({ flush }) => {
    const { client } = scripted([forbidden, forbidden, queued, succeeded], { policy: every(seconds(10)) });
    const seen = record(client.states(arkTask).pipe(retry({ count: 1, delay: seconds(5) })), brief);
    flush();
    expect(seen.lines).toEqual(['0s forbidden x1', '10s forbidden x2 (response)', '20s queued', '30s succeeded', '30s |']);
    expect(seen.values.map(({ polls }) => polls)).toEqual([1, 2, 1, 2]);
  }));

  it('retry() without a delay keeps the minimum interval', marbles(({ flush }) => {
    const { client, transport } = scripted([refusal(429, 'AccountQuotaExceeded'), running, succeeded], { policy: every(seconds(10)) });
    const seen = record(client.watch(arkTask).pipe(retry()), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 10, 20]);
    expect(seen.lines).toEqual(['10s running', '20s succeeded', '20s |']);
  }));

  it('keeps the minimum interval for each of many tasks that are watched again', marbles(({ flush }) => {
    const { client, transport } = scripted([failed]);
    const ids = Array.from({ length: 50 }, (_, index) => `task-${String(index)}`);
    for (const [index, id] of ids.entries()) {
      at(index * 700, () => { record(client.watch({ provider: 'ark', id }).pipe(repeat({ count: 2 })), to); });
    }
    flush();
    const times = ids.map((id) => transport.requests.filter(({ url }) => url.endsWith(`/${id}`)).map(({ atMs }) => atMs));
    expect(times).toEqual(ids.map((_, index) => [index * 700, index * 700 + seconds(10)]));
  }));

  it('repeat() watches again, and polls again', marbles(({ flush }) => {
    const { client, transport } = scripted([succeeded]);
    const seen = record(client.watch(arkTask).pipe(repeat({ count: 3, delay: seconds(10) })), ({ from, to: status }) => `${String(from)} ${status}`);
    flush();
    expect(seen.lines).toEqual(['0s null succeeded', '10s null succeeded', '20s null succeeded', '20s |']);
    expect(sentAtS(transport)).toEqual([0, 10, 20]);
  }));

  it('repeat() without a delay polls again too', marbles(({ flush }) => {
    const { client, transport } = scripted([succeeded]);
    const seen = record(client.watch(arkTask).pipe(repeat(3), toArray()), ({ length }) => length);
    flush();
    expect(seen.values).toEqual([expect.objectContaining({ length: 3 })]);
    expect(transport.requests).toHaveLength(3);
  }));

  it.each<[string, (watch: () => Observable<TaskTransition>) => Observable<TaskTransition>]>([
    ['when one watch follows the other', (watch) => concat(watch(), watch())],
    ['out of the completion', (watch) => watch().pipe(endWith(null), concatMap((transition) => (transition === null ? watch() : of(transition))))],
    ['out of the last value', (watch) => watch().pipe(mergeMap((transition) => concat(of(transition), watch())))],
  ])('watching again polls again: %s', (_, again) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([succeeded, cancelled]);
      const seen = record(again(() => client.watch(arkTask)), to);
      flush();
      expect(seen.values.map(to)).toEqual(['succeeded', 'cancelled']);
      expect(transport.requests).toHaveLength(2);
    });
  });

  it('an error can be caught with a watch that resumes from its state, and polls again', marbles(({ flush }) => {
    const { client, transport } = scripted([running, missing, missing, running, succeeded], { policy: every(seconds(10)) });
    const onward = (error: unknown) => client.watch(arkTask, { resumeFrom: (error as SeedanceError).state ?? undefined });
    const seen = record(client.watch(arkTask).pipe(catchError(onward)), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '40s succeeded', '40s |']);
    expect(sentAtS(transport)).toEqual([0, 10, 20, 30, 40]);
  }));
});

describe('states', () => {
  it('emits the state after every result, including errors, and completes at the end', marbles(({ flush }) => {
    const { client } = scripted([queued, busy, reset, running, running, succeeded], { policy: every(seconds(15)) });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines).toEqual([
      '0s queued', '15s server x1', '25s transport x1', '45s running', '60s running', '75s succeeded', '75s |',
    ]);
    expect(seen.values.map(({ polls, failureCount }) => [polls, failureCount])).toEqual([[1, 0], [2, 1], [3, 2], [4, 0], [5, 0], [6, 0]]);
  }));

  it('an error changes nothing of what is known of the task', marbles(({ flush }) => {
    const { client } = scripted([running, busy, missing, tooMany(), succeeded], { policy: every(seconds(15)) });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines.slice(1, 4)).toEqual(['15s server x1', '25s not-found x1', '45s rate-limited x1']);
    expect(seen.values.slice(1, 4).map(({ snapshot }) => snapshot)).toEqual(Array(3).fill(seen.values[0]?.snapshot));
  }));

  it('every state is plain JSON, without the body', marbles(({ flush }) => {
    const { client } = scripted([queued, busy, missing, running, failed], { policy: every(seconds(15)) });
    const { values } = record(client.states(arkTask));
    flush();
    expect(values).toHaveLength(5);
    for (const state of values) {
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      expect(state).toMatchObject({ version: 2, task: arkTask, baseUrl: ark.baseUrl, startedAtMs: 0 });
      expect(state.snapshot).not.toHaveProperty('raw');
    }
  }));

  it('has the instant of the next poll', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, busy, busy, tooMany({ 'retry-after': '100' }), running, succeeded], { policy: every(seconds(15)) });
    const { values } = record(client.states(arkTask));
    flush();
    const said = values.slice(0, -1).map(({ nextPollAtMs }) => nextPollAtMs / 1000);
    expect(said).toEqual(sentAtS(transport).slice(1));
  }));

  it('the last state has the error kind, and the error follows it', marbles(({ flush }) => {
    const { client } = scripted([running, missing], { policy: every(seconds(10)) });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines).toEqual(['0s running', '10s not-found x1', '20s not-found x2 (gone)', '20s #']);
    expect(seen.error).toBeInstanceOf(SeedanceError);
    expect((seen.error as SeedanceError).state).toEqual(seen.values.at(-1));
  }));
});

describe('query', () => {
  it('is one request and one response', marbles(({ flush }) => {
    const { client, transport } = scripted([{ ...running, afterMs: 250 }]);
    const seen = record(client.query(arkTask), ({ status }: TaskSnapshot) => status);
    flush();
    expect(seen.lines).toEqual(['0.25s running', '0.25s |']);
    expect(seen.values[0]).toMatchObject({ task: arkTask, raw: running.body });
    expect(transport.requests).toHaveLength(1);
  }));

  it('a failed task is a value', marbles(({ flush }) => {
    const { client } = scripted([failed]);
    const seen = record(client.query(arkTask), ({ status }) => status);
    flush();
    expect(seen.lines).toEqual(['0s failed', '0s |']);
  }));

  it.each([
    ['a 503', busy, { kind: 'response', reason: 'server', status: 503 }],
    ['a 404', missing, { kind: 'response', reason: 'not-found', status: 404 }],
    ['a 401', refusal(401, 'AuthenticationError'), { kind: 'response', reason: 'unauthorized', status: 401 }],
    ['a 429', tooMany(), { kind: 'response', reason: 'rate-limited', status: 429 }],
    ['a used-up quota', refusal(429, 'AccountQuotaExceeded'), { kind: 'response', reason: 'quota' }],
    ['an empty body', { body: '' }, { kind: 'response', reason: 'empty' }],
    ['HTML', { body: '<html>' }, { kind: 'decode', reason: null }],
    ['no response', reset, { kind: 'transport', reason: null, status: null }],
    ['silence', { hang: true }, { kind: 'timeout', reason: null }],
  ] as const)('emits an error at once for %s, and does not retry', (_, step, expected) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([step]);
      const seen = record(client.query(arkTask), ({ status }) => status);
      flush();
      expect(seen.lines).toEqual([expected.kind === 'timeout' ? '30s #' : '0s #']);
      expect(isSeedanceError(seen.error, expected.kind)).toBe(true);
      expect(seen.error).toMatchObject({ ...expected, task: arkTask, lastSnapshot: null, state: { task: arkTask, baseUrl: ark.baseUrl } });
      expect(transport.requests).toHaveLength(1);
      expect(transport.pending()).toBe(0);
    });
  });

  it('its error has a state that a watch can resume from', marbles(({ flush }) => {
    const { client } = scripted([busy, running, succeeded], { policy: every(seconds(10)) });
    const sent = record(client.query(arkTask));
    flush();
    const { state } = sent.error as SeedanceError;
    const seen = record(client.watch(arkTask, { resumeFrom: state ?? undefined }), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
  }));

  it('aborts its request when it is unsubscribed', marbles(({ flush }) => {
    const { client, requests } = recordedClient([{ hang: true }]);
    record(client.query(arkTask), String, seconds(3));
    flush();
    expect(requests).toMatchObject([{ end: 'aborted', atMs: 0, endedAtMs: 3000 }]);
  }));

  it('polls once for each subscription', marbles(({ flush }) => {
    const { client, transport } = scripted([queued, running, succeeded]);
    const query = client.query(arkTask).pipe(map(({ status }) => status));
    const seen = record(query.pipe(repeat({ delay: seconds(10) }), take(3)));
    flush();
    expect(seen.lines).toEqual(['0s queued', '10s running', '20s succeeded', '20s |']);
    expect(transport.requests).toHaveLength(3);
  }));
});
