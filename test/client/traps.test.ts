/**
 * The traps of these APIs that show only over time, with at least one test for each, by its number in the list of traps.
 * Traps of a single response are fixtures of their providers.
 */
import { asyncScheduler, defer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import type { HttpRequest } from '../../src/transport/transport.js';
import { createTaskClient, type WatchOptions } from '../../src/client/task-client.js';
import type { Provider } from '../../src/wire/provider.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  anyfastResponse,
  anyfastTask,
  arkResponse,
  arkTask,
  sentAtS,
  brief,
  busy,
  record,
  every,
  hours,
  html,
  inVirtualTime,
  key,
  recordingTransport,
  minutes,
  missing,
  played,
  queued,
  refusal,
  running,
  scripted,
  seconds,
  succeeded,
  taskOf,
  to,
  tooMany,
  unauthorized,
  recordedClient,
} from '../support/client.js';

const everyTen = { policy: every(seconds(10)) };
const words = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split(' ').slice(1).join(' '));

/** A client of one provider with scripted responses; the last step repeats. */
const clientOf = <Id extends string>(provider: Provider<Id>, script: readonly ScriptedStep[]) =>
  recordedClient(script, { accounts: [accountOf(provider)] });

/** A client of one provider whose response depends on the age of the task. */
const grown = <Id extends string>(provider: Provider<Id>, responseAt: (nowMs: number) => ScriptedStep) =>
  recordedClient(() => defer(() => played(responseAt(asyncScheduler.now()))), { accounts: [accountOf(provider)] });

describe('trap 2: "success" in an envelope and HTTP 200 do not mean that the task succeeded', () => {
  it.each<[string, Provider, ScriptedStep]>([
    ['new-api', anyfast, anyfastResponse('FAILURE', { fail_reason: 'no credits', progress: '100%' })],
    ['ark', ark, arkResponse('failed', { error: { code: 'InternalServiceError', message: 'no credits' } })],
    ['flat', kyyaipower, { body: { id: 'cgt-1', status: 'failed', error: 'no credits' } }],
    ['flat in an envelope', kyyaipower, { body: { code: 200, msg: 'success', data: { id: 'cgt-1', status: 'failed', error: 'no credits' } } }],
  ])('a failed task ends as failed: %s', (_, provider, step) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(provider, [step]);
      const seen = record(client.watch(taskOf(provider)), to);
      flush();
      expect(words(seen.lines)).toEqual(['failed', '|']);
      expect(seen.values[0]).toMatchObject({ snapshot: { failure: { message: 'no credits' } } });
    });
  });
});

describe('trap 3: HTTP 200 without a task has no status', () => {
  const hollow: readonly (readonly [string, Provider, ScriptedStep, ScriptedStep, ScriptedStep, object])[] = [
    ['an envelope around null', anyfast, anyfastResponse('IN_PROGRESS'), { body: { code: 'success', data: null } }, anyfastResponse('SUCCESS'), { kind: 'response', reason: 'empty' }],
    ['a flat envelope around null', kyyaipower, { body: { status: 'processing' } }, { body: { code: 0, msg: '', data: null } }, { body: { status: 'completed' } }, { kind: 'response', reason: 'empty' }],
    ['an empty object', ark, running, { body: {} }, succeeded, { kind: 'response', reason: 'empty' }],
    ['HTML', ark, running, html(200), succeeded, { kind: 'decode', reason: null }],
  ];

  it.each(hollow)('%s between two responses changes nothing', (_, provider, before, step, end) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(provider, [before, step, step, before, end]);
      const seen = record(client.watch(taskOf(provider), everyTen), to);
      flush();
      expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
    });
  });

  it.each(hollow)('%s every time is retried a few times, then ends in an error', (_, provider, before, step, __, expected) => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = clientOf(provider, [before, step]);
      const seen = record(client.watch(taskOf(provider), everyTen), to);
      flush();
      expect(words(seen.lines)).toEqual(['running', '#']);
      expect(seen.error).toMatchObject({ ...expected, lastSnapshot: { status: 'running' } });
      expect(requests.length).toBeLessThan(16);
    });
  });
});

describe('trap 4: an unknown task is a 400 or a 404, and a task that disappears differs from one that never existed', () => {
  const shapes: readonly (readonly [string, Provider, ScriptedStep, ScriptedStep])[] = [
    ['new-api', anyfast, anyfastResponse('IN_PROGRESS'), { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } }],
    ['ark', ark, running, missing],
    ['ark by another name', powertokens, running, refusal(404, 'TaskNotFound')],
    ['a relay', yescale, running, { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } }],
    ['flat', xingchao, { body: { status: 'processing' } }, { status: 404, body: { code: 404, msg: 'not found' } }],
  ];

  it.each(shapes)('seen, then gone: %s', (_, provider, before, step) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(provider, [before, step]);
      const seen = record(client.watch(taskOf(provider), everyTen), to);
      flush();
      expect(seen.error).toMatchObject({ kind: 'gone', reason: 'not-found', lastSnapshot: { status: 'running' } });
    });
  });

  it.each(shapes)('never seen: %s', (_, provider, __, step) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(provider, [step]);
      const seen = record(client.watch(taskOf(provider), everyTen), to);
      flush();
      expect(seen.error).toMatchObject({ kind: 'response', reason: 'not-found', lastSnapshot: null });
    });
  });

  it.each(shapes)('not found yet, right after its creation: %s', (_, provider, before, step) => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf(provider, [step, step, before]);
      const seen = record(client.watch(taskOf(provider), everyTen), to, minutes(3));
      flush();
      expect(seen.lines).toEqual(['30s running']);
    });
  });
});

describe('trap 5: a 401 may be temporary, a 429 may be permanent', () => {
  it('two consecutive 401 do not end a watch', marbles(({ flush }) => {
    const { client } = scripted([running, unauthorized, unauthorized, running, succeeded], everyTen);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
  }));

  it.each(['SetLimitExceeded', 'AccountQuotaExceeded'])('a 429 of %s is polled once more', (code) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([refusal(429, code)], everyTen);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(seen.error).toMatchObject({ kind: 'response', reason: 'quota', status: 429 });
      expect(transport.requests).toHaveLength(2);
    });
  });

  it.each(['RateLimitExceeded.EndpointRPMExceeded', 'ModelAccountRpmRateLimitExceeded', 'RequestBurstTooFast', 'ServerOverloaded', 'InflightBatchsizeExceeded'])('a 429 of %s is temporary', (code) => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([running, ...Array<ScriptedStep>(6).fill(refusal(429, code)), succeeded], everyTen);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
    });
  });

  it('a 429 may have an empty body, and its Retry-After is used', marbles(({ flush }) => {
    const { client, transport } = scripted([running, { status: 429, body: '' }, { ...tooMany(), headers: { 'retry-after': '90' } }, succeeded], everyTen);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 10, 20, 110]);
    expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
  }));
});

describe('trap 6: the outer status of an envelope decides', () => {
  it('an inner success under IN_PROGRESS does not end the watch, and its early link is ignored', marbles(({ flush }) => {
    const early = anyfastResponse('IN_PROGRESS', { result_url: 'https://v.example/input.mp4', data: { id: 'cgt-2', status: 'succeeded', content: { video_url: 'https://v.example/early.mp4' } } });
    const { client } = scripted([early, early, anyfastResponse('SUCCESS', { result_url: 'https://v.example/result.mp4' })], { policy: every(seconds(15)) });
    const seen = record(client.watch(anyfastTask), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '30s succeeded', '30s |']);
    expect(seen.values[0]?.snapshot).not.toHaveProperty('video');
    expect(seen.values[1]?.snapshot).toMatchObject({ video: { url: 'https://v.example/result.mp4' } });
  }));

  it('an inner terminal status under IN_PROGRESS does not count until the relay ends the task', marbles(({ flush }) => {
    const stuck = anyfastResponse('IN_PROGRESS', { progress: '30%', data: { id: 'cgt-2', status: 'expired' } });
    const { client } = scripted([stuck, stuck, stuck, anyfastResponse('FAILURE', { fail_reason: '任务超时（60分钟）', progress: '100%' })]);
    const seen = record(client.watch(anyfastTask), to);
    flush();
    expect(words(seen.lines)).toEqual(['running', 'failed', '|']);
    expect(seen.values[0]?.snapshot.upstream).toMatchObject({ status: 'expired' });
    expect(seen.values[1]?.snapshot).toMatchObject({ failure: { reason: 'timeout' } });
  }));
});

describe('trap 9: an unknown status causes no crash, no end and no busy loop', () => {
  it.each(['MELTING', 'melting', '', '排队中', '__proto__', 'constructor', 'succeeded?'])('%j for an hour', (word) => {
    inVirtualTime(({ flush }) => {
      for (const [provider, step] of [[anyfast, anyfastResponse(word, { progress: '10%' })], [ark, arkResponse(word)], [kyyaipower, arkResponse(word)]] as const) {
        const { client, requests } = clientOf(provider as Provider, [step]);
        const startMs = asyncScheduler.now();
        const seen = record(client.watch(taskOf(provider as Provider), { deadlineMs: hours(1) }), ({ to: status, snapshot }) => `${status} ${snapshot.providerStatus}`);
        flush();
        expect(words(seen.lines)).toEqual([`unknown ${word}`, '#']);
        expect(seen.error).toMatchObject({ kind: 'timeout', lastSnapshot: { status: 'unknown', providerStatus: word } });
        expect(asyncScheduler.now() - startMs).toBe(hours(1));
        const times = requests.map(({ atMs }) => atMs);
        expect(times.slice(1).every((atMs, index) => atMs - (times[index] ?? 0) >= seconds(10))).toBe(true);
        expect(times.length).toBeGreaterThan(30);
      }
    });
  });

  it('may appear once between known statuses', marbles(({ flush }) => {
    const { client } = scripted([queued, arkResponse('warming_up'), arkResponse('melting'), running, arkResponse('SUCCEEDED')], everyTen);
    const seen = record(client.watch(arkTask), ({ from, to: status, snapshot }) => `${String(from)}-${status} ${snapshot.providerStatus}`);
    flush();
    expect(words(seen.lines)).toEqual(['null-queued queued', 'queued-unknown warming_up', 'unknown-running running', 'running-succeeded SUCCEEDED', '|']);
  }));

  it('a change from one unknown status to another is visible in the states', marbles(({ flush }) => {
    const { client } = scripted([arkResponse('warming_up'), arkResponse('melting'), succeeded], everyTen);
    const seen = record(client.states(arkTask), ({ snapshot }) => snapshot?.providerStatus);
    flush();
    expect(words(seen.lines)).toEqual(['warming_up', 'melting', 'succeeded', '|']);
  }));
});

describe('trap 10: a success without a link is a success, and the link may come later', () => {
  it.each<[string, object]>([
    ['no content', {}], ['null', { content: null }], ['an empty object', { content: {} }], ['an empty link', { content: { video_url: '' } }], ['another file', { content: { file_url: 'https://v.example/1.glb' } }],
  ])('is polled again for three minutes, and no longer: %s', (_, fields) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([running, arkResponse('succeeded', fields)], everyTen);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(seen.lines).toEqual(['0s running', '190s succeeded', '190s |']);
      expect(seen.values[1]?.snapshot).toMatchObject({ video: null });
      expect(transport.requests).toHaveLength(20);
    });
  });
});

describe('trap 13: an unchanged record does not mean that the task has stopped', () => {
  it('the same response for an hour and a half does not end the watch', marbles(({ flush }) => {
    const { client } = grown(ark, (nowMs) => (nowMs < minutes(90) ? arkResponse('running', { created_at: 1, updated_at: 2 }) : succeeded));
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
  }));

  it('instants of 0 count as missing, and progress is estimated from the clock of the watch', marbles(({ flush }) => {
    const step = anyfastResponse('IN_PROGRESS', { submit_time: 0, start_time: 0, finish_time: 0 });
    const { client } = scripted([step, step, step, step, anyfastResponse('SUCCESS', { finish_time: 0 })]);
    const { values } = record(client.states(anyfastTask));
    flush();
    expect(values.map(({ snapshot }) => [snapshot?.createdAtMs, snapshot?.startedAtMs, snapshot?.finishedAtMs])).toEqual(Array(5).fill([null, null, null]));
    const progress = values.map((state) => state.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.slice(1, 4).every((share) => share > 0 && share < 0.5)).toBe(true);
  }));
});

describe('trap 14: some videos take twenty times as long as others', () => {
  it.each<[string, Provider, number, ScriptedStep, ScriptedStep, WatchOptions]>([
    ['30 seconds', ark, seconds(30), running, succeeded, {}],
    ['18 minutes', ark, seconds(1057), running, succeeded, {}],
    ['110 minutes', powertokens, minutes(110), running, succeeded, {}],
    ['two hours less a minute at AnyFast', anyfast, minutes(119), anyfastResponse('IN_PROGRESS'), anyfastResponse('SUCCESS'), {}],
    ['48 hours of flex', ark, hours(48), arkResponse('running', { service_tier: 'flex' }), arkResponse('succeeded', { service_tier: 'flex' }), {}],
    ['48 hours of flex that are known beforehand', kyyaipower, hours(48), { body: { status: 'processing' } }, { body: { status: 'completed', video_url: 'https://videos.example/cgt-1.mp4' } }, { expected: { serviceTier: 'flex' } }],
    [
      '47 hours of a task that may take 48', ark, hours(47),
      arkResponse('running', { created_at: 1, execution_expires_after: 172_800 }), arkResponse('succeeded', { created_at: 1, execution_expires_after: 172_800 }), {},
    ],
  ])('one that takes %s is followed to its end without an option', (_, provider, ms, before, end, options) => {
    inVirtualTime(({ flush }) => {
      const { client } = grown(provider, (nowMs) => (nowMs < ms ? before : end));
      const seen = record(client.watch(taskOf(provider), options), to);
      flush();
      expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
      expect((seen.values[1]?.atMs ?? Infinity) - ms).toBeLessThanOrEqual(minutes(2));
    });
  });
});

describe('trap 15: early polls are wasted, and frequent polls are rejected', () => {
  it.each<[string, Provider]>([['kyyaipower', kyyaipower], ['xingchao', xingchao]])('%s is never polled more often than every 10 s, also after errors', (_, provider) => {
    inVirtualTime(({ flush }) => {
      const steps = [{ body: { status: 'queued' } }, busy, tooMany({ 'retry-after': '1' }), { body: '' }, html(200)];
      const { client, requests } = clientOf(provider, Array.from({ length: 40 }, (__, index) => steps[index % steps.length] ?? busy));
      const hasty = { policy: { interval: () => 0, retry: () => 0 } };
      record(client.watch(taskOf(provider), hasty), to, minutes(5));
      flush();
      const times = requests.map(({ atMs }) => atMs);
      expect(times.slice(1).every((atMs, index) => atMs - (times[index] ?? 0) >= seconds(10))).toBe(true);
    });
  });

  it('a task of two minutes takes five polls at kyyaipower', marbles(({ flush }) => {
    const { client, requests } = grown(kyyaipower, (nowMs) => ({ body: nowMs < minutes(2) ? { status: 'processing' } : { status: 'completed', video_url: 'https://videos.example/cgt-1.mp4' } }));
    const seen = record(client.watch(taskOf(kyyaipower)), to);
    flush();
    expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
    expect(requests.length).toBeLessThanOrEqual(5);
  }));
});

describe('trap 16: unsubscribing does not cancel the task', () => {
  it.each<[string, (client: ReturnType<typeof createTaskClient>) => void]>([
    ['a deadline', (client) => { record(client.watch(arkTask, { deadlineMs: seconds(25) }), to); }],
    ['unsubscribing', (client) => { record(client.watch(arkTask), to, seconds(25)); }],
    ['a policy that stops', (client) => { record(client.watch(arkTask, { policy: { interval: () => 'stop' } }), to); }],
  ])('%s sends nothing but the GETs before it', (_, stop) => {
    inVirtualTime(({ flush }) => {
      const requests: HttpRequest[] = [];
      const { transport } = recordingTransport((__, request) => { requests.push(request); return played(running); });
      stop(createTaskClient<string>({ transport, accounts: [accountOf(ark)] }));
      flush();
      const stopped = requests.length;
      expect(stopped).toBeGreaterThan(0);
      expect(requests).toEqual(Array(stopped).fill({
        method: 'GET', url: `${ark.baseUrl}/contents/generations/tasks/cgt-1`, headers: { accept: 'application/json', authorization: `Bearer ${key}` },
      }));
    });
  });
});

describe('trap 17: a link is signed as a whole', () => {
  it('and is passed on unchanged, with the expiry from its signature', marbles(({ flush }) => {
    const url = 'https://ark-acg.tos-cn-beijing.volces.com/a%2Fb/c.mp4?X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400&X-Tos-Signature=ab%2Bcd==&x=%E4%BB%BB';
    const { client, requests } = clientOf(powertokens, [arkResponse('succeeded', { content: { video_url: url } })]);
    const { values } = record(client.watch(taskOf(powertokens)), to);
    flush();
    expect(values[0]?.snapshot).toMatchObject({ video: { url, expiresAtMs: Date.UTC(2025, 6, 3, 3, 35, 2) } });
    expect(requests).toHaveLength(1);
  }));
});

describe('trap 18: bodies may be invalid', () => {
  it.each<[string, ScriptedStep]>([
    ['cut JSON', { body: '{"id":"cgt-1","status":"succeeded","content":{"video_url":"https://v.exa' }],
    ['bytes that were never unpacked', { body: '\u001f\ufffd\b\u0000\u0000\u0000\u0000\u0000\u0000\u0003\ufffdV' }],
    ['a page of a proxy', html(502)],
    ['a page of a proxy under 200', html(200)],
    ['a byte order mark', { body: '\ufeff' }],
    ['two objects', { body: '{}{}' }],
    ['half of an escape', { body: '{"status":"\\u00' }],
  ])('one such response does not end a watch: %s', (_, step) => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([running, step, running, step, succeeded], everyTen);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(words(seen.lines)).toEqual(['running', 'succeeded', '|']);
    });
  });
});

describe('trap 20: base URLs change', () => {
  it('another base URL keeps its path, and is part of the state', marbles(({ flush }) => {
    const { client, requests } = recordedClient([{ body: { status: 'processing' } }], { accounts: [accountOf(kyyaipower, { baseUrl: 'https://zcbservice.aizfw.cn/kyyReactApiServer/' })] });
    const { values } = record(client.states(taskOf(kyyaipower)), brief, seconds(1));
    flush();
    expect(requests.map(({ url }) => url)).toEqual(['https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/cgt-1']);
    expect(values[0]?.baseUrl).toBe('https://zcbservice.aizfw.cn/kyyReactApiServer');
  }));
});

describe('trap 21: a status may go back', () => {
  it('every step back is a transition, and progress never decreases', marbles(({ flush }) => {
    const steps = [
      anyfastResponse('NOT_START', { progress: '0%' }), anyfastResponse('QUEUED', { progress: '20%' }), anyfastResponse('QUEUED', { progress: '10%' }),
      anyfastResponse('IN_PROGRESS', { progress: '50%' }), anyfastResponse('WARMING', { progress: '30%' }), anyfastResponse('QUEUED', { progress: '20%' }),
      anyfastResponse('IN_PROGRESS', { progress: '30%' }), anyfastResponse('SUCCESS', { progress: '100%' }),
    ];
    const { client } = scripted(steps);
    const watch = record(client.watch(anyfastTask), ({ from, to: status }) => `${String(from)}-${status}`);
    const states = record(client.states(anyfastTask), ({ progress, snapshot }) => `${String(progress)} ${String(snapshot?.progress)}`);
    flush();
    expect(words(watch.lines)).toEqual(['null-queued', 'queued-running', 'running-unknown', 'unknown-queued', 'queued-running', 'running-succeeded', '|']);
    expect(words(states.lines)).toEqual(['0 0', '0.2 0.2', '0.2 0.1', '0.5 0.5', '0.5 0.3', '0.5 0.2', '0.5 0.3', '1 1', '|']);
  }));
});

describe('trap 22: a later response may have another link', () => {
  const signed = (signature: string): ScriptedStep => anyfastResponse('SUCCESS', { result_url: `https://v.example/1.mp4?auth_key=${signature}` });

  it('a watch ends once, with the first', marbles(({ flush }) => {
    const { client, transport } = scripted([signed('a'), signed('b')]);
    const first = record(client.watch(anyfastTask), to);
    const second = record(client.watch(anyfastTask), to);
    flush();
    for (const { values } of [first, second]) expect(values.map(({ snapshot }) => snapshot)).toMatchObject([{ video: { url: 'https://v.example/1.mp4?auth_key=a' } }]);
    expect(transport.requests).toHaveLength(1);
  }));

  it('a new signature of a link is not a transition', marbles(({ flush }) => {
    const early = (signature: string) => anyfastResponse('IN_PROGRESS', { result_url: `https://v.example/in.mp4?auth_key=${signature}` });
    const { client } = scripted([early('a'), early('b'), early('c'), signed('d')], { policy: every(seconds(15)) });
    const seen = record(client.watch(anyfastTask), to);
    flush();
    expect(seen.lines).toEqual(['0s running', '45s succeeded', '45s |']);
  }));

  it('polling again gives a fresh link', marbles(({ flush }) => {
    const { client } = scripted([signed('a'), signed('b'), anyfastResponse('SUCCESS', { result_url: '' })]);
    record(client.watch(anyfastTask), to);
    flush();
    const again = [record(client.query(anyfastTask))];
    flush();
    again.push(record(client.query(anyfastTask)));
    flush();
    expect(again.map(({ values }) => values[0])).toMatchObject([{ video: { url: 'https://v.example/1.mp4?auth_key=b' } }, { video: null }]);
  }));
});
