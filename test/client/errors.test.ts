import { concat, EMPTY } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import { isSeedanceError, SeedanceError } from '../../src/state/errors.js';
import { marbles } from '../support/marbles.js';
import {
  accountOf,
  anyfastResponse,
  anyfastTask,
  arkTask,
  sentAtS,
  brief,
  busy,
  given,
  record,
  every,
  failed,
  forbidden,
  hours,
  html,
  inVirtualTime,
  minutes,
  missing,
  played,
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
  unauthorized,
  recordedClient,
} from '../support/client.js';

const quarter = { policy: every(seconds(15)) };
const kyyTask = taskOf(kyyaipower);

const cutJson: ScriptedStep = { body: '{"id":"cgt-1","status":"succee' };
const notFound400 = { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } };

/** Every error that a retry may cure: its step, and how `states` shows it. */
const curable: readonly (readonly [string, ScriptedStep, string])[] = [
  ['a 503', busy, 'server'],
  ['a 500', refusal(500, 'InternalServiceError'), 'server'],
  ['a connection reset', reset, 'transport'],
  ['a request that times out', { hang: true }, 'timeout'],
  ['HTML under 200', html(200), 'decode'],
  ['HTML under 502', html(502), 'server'],
  ['HTML under 400', html(400), 'server'],
  ['HTML under 401', html(401), 'unauthorized'],
  ['HTML under 403', html(403), 'server'],
  ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example/' } }, 'server'],
  ['a 408', refusal(408, 'RequestTimeout'), 'server'],
  ['a 429', tooMany(), 'rate-limited'],
  ['a 429 without a body', { status: 429 }, 'rate-limited'],
  ['an overloaded server under 429', refusal(429, 'ServerOverloaded'), 'server'],
  ['cut JSON', cutJson, 'decode'],
  ['a body that is not JSON', { body: 'upstream connect error' }, 'decode'],
  ['JSON of something else', { body: { hello: 'world' } }, 'decode'],
  ['an array', { body: [1, 2] }, 'decode'],
  ['a task without a status', { body: { id: 'cgt-1' } }, 'decode'],
  ['JSON nested too deeply', { body: '['.repeat(70) + ']'.repeat(70) }, 'decode'],
  ['an empty body', { body: '' }, 'empty'],
  ['a blank body', { body: ' \n' }, 'empty'],
  ['null', { body: 'null' }, 'empty'],
  ['an empty object', { body: {} }, 'empty'],
  ['an empty envelope', { body: { code: 'success', message: '', data: null } }, 'empty'],
  ['a stray 404', missing, 'not-found'],
  ['a 404 in HTML', html(404), 'server'],
  ['a 404 of a proxy', { status: 404, body: '404 page not found' }, 'server'],
  ['another API’s words', notFound400, 'server'],
  ['a problem of RFC 9457', { status: 403, body: { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'no' } }, 'server'],
  ['a stray SetLimitExceeded', refusal(429, 'SetLimitExceeded'), 'quota'],
  ['a failure without a task', { body: { status: 'error', message: 'Too many requests' } }, 'server'],
  ['a stray 403', forbidden, 'forbidden'],
  ['a stray 401', unauthorized, 'unauthorized'],
  ['a stray 400', refusal(400, 'InvalidParameter'), 'rejected'],
  ['a business error under 200', { body: { code: 1001, msg: 'system busy' } }, 'server'],
];

describe('one failed poll', () => {
  it.each(curable)('%s does not end a running watch', (_, step, shown) => {
    inVirtualTime(({ flush }) => {
      const { transport, seen } = given([queued, step, running, succeeded], { ...quarter, requestTimeoutMs: seconds(5) });
      const late = 'hang' in step ? 5 : 0;
      flush();
      expect(seen.lines).toEqual(['0s queued', `${String(25 + late)}s running`, `${String(40 + late)}s succeeded`, `${String(40 + late)}s |`]);
      expect(sentAtS(transport), 'after the minimum interval following an error, else after the interval').toEqual([0, 15, 25 + late, 40 + late]);

      const again = scripted([queued, step, running, succeeded], { ...quarter, requestTimeoutMs: seconds(5) });
      const states = record(again.client.states(arkTask), brief);
      flush();
      expect(states.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['queued', `${shown} x1`, 'running', 'succeeded', '|']);
    });
  });

  it.each(curable)('%s does not end a watch that begins with it', (_, step) => {
    inVirtualTime(({ flush }) => {
      const { client } = scripted([step, running, succeeded], quarter);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
    });
  });

  it('a watch with all of them still ends as succeeded', marbles(({ flush }) => {
    const script = [queued, ...curable.flatMap(([, step]) => [step, running]), succeeded];
    const { transport, seen } = given(script, { ...quarter, deadlineMs: minutes(60) });
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['queued', 'running', 'succeeded', '|']);
    const times = sentAtS(transport);
    expect(times).toHaveLength(script.length);
    expect(times.slice(1).every((time, index) => time - (times[index] ?? 0) >= 10)).toBe(true);
  }));

  it('a good response between them resets all counters', marbles(({ flush }) => {
    const pairs = [[unauthorized, unauthorized], [forbidden], [missing], [refusal(400, 'InvalidParameter')]];
    const rounds = [...pairs, ...pairs, ...pairs].flatMap((errors) => [...errors, running]);
    const { client } = scripted([...rounds, succeeded], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
  }));
});

describe('retries', () => {
  it.each<[string, ScriptedStep]>([
    ['a 503', busy],
    ['a 429 without Retry-After', tooMany()],
    ['a connection reset', reset],
    ['cut JSON', cutJson],
    ['an empty body', { body: '' }],
  ])('waits the minimum interval, then twice as long each time, up to two minutes: %s', (_, step) => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([running, ...Array<ScriptedStep>(7).fill(step), succeeded], quarter);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(sentAtS(transport)).toEqual([0, 15, 25, 45, 85, 165, 285, 405, 525]);
      expect(seen.lines).toEqual(['0s running', '525s succeeded', '525s |']);
    });
  });

  it('restarts with the minimum interval after a good response', marbles(({ flush }) => {
    const { client, transport } = scripted([busy, busy, busy, running, busy, busy, succeeded], quarter);
    record(client.watch(arkTask), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 10, 30, 70, 85, 95, 115]);
  }));

  it('errors of different reasons share the wait, and have separate counts', marbles(({ flush }) => {
    const { client, transport } = scripted([running, busy, reset, busy, cutJson, succeeded], quarter);
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(sentAtS(transport)).toEqual([0, 15, 25, 45, 85, 165]);
    expect(seen.lines.slice(1, 5)).toEqual(['15s server x1', '25s transport x1', '45s server x1', '85s decode x1']);
    expect(seen.values.map(({ failureCount }) => failureCount)).toEqual([0, 1, 2, 3, 4, 0]);
  }));

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['45 seconds', { 'retry-after': '45' }, 45],
    ['half a second: the minimum interval is longer', { 'retry-after': '0.5' }, 10],
    ['2 seconds: the minimum interval is longer', { 'retry-after': '2' }, 10],
    ['0 seconds', { 'retry-after': '0' }, 10],
    ['a date', { 'retry-after': 'Wed, 21 Oct 2026 07:29:10 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 70],
    ['a date that has passed', { 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 10],
    ['a date without a Date header', { 'retry-after': 'Wed, 21 Oct 2026 07:29:10 GMT' }, 10],
    ['10 minutes', { 'retry-after': '600' }, 600],
    ['a day: 10 minutes are the most', { 'retry-after': '86400' }, 600],
    ['nonsense', { 'retry-after': 'soon' }, 10],
    ['a negative number', { 'retry-after': '-5' }, 10],
    ['1e999', { 'retry-after': '9'.repeat(400) }, 600],
  ])('waits at least for Retry-After: %s', (_, headers, waitS) => {
    inVirtualTime(({ flush }) => {
      for (const step of [tooMany(headers), { ...busy, headers }]) {
        const { client, transport } = scripted([running, step, succeeded], quarter);
        const seen = record(client.watch(arkTask), to);
        flush();
        const [first = Number.NaN] = sentAtS(transport);
        expect(sentAtS(transport).map((time) => time - first)).toEqual([0, 15, 15 + waitS]);
        expect(seen.lines.at(-1)).toContain('|');
      }
    });
  });

  it('a Retry-After applies to one wait only', marbles(({ flush }) => {
    const { client, transport } = scripted([running, tooMany({ 'retry-after': '100' }), busy, running, succeeded], quarter);
    record(client.watch(arkTask), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 15, 115, 135, 150]);
  }));

  it('a longer wait of the policy overrides Retry-After', marbles(({ flush }) => {
    const { client, transport } = scripted([running, tooMany({ 'retry-after': '20' }), succeeded]);
    record(client.watch(arkTask, { policy: { ...every(seconds(15)), retry: () => seconds(30) } }), to);
    flush();
    expect(sentAtS(transport)).toEqual([0, 15, 45]);
  }));
});

describe('errors that end a watch', () => {
  it.each<[string, ScriptedStep, number, string]>([
    ['the third 401 in a row', unauthorized, 3, 'unauthorized'],
    ['the second 403 in a row', forbidden, 2, 'forbidden'],
    ['the second 400 in a row', refusal(400, 'InvalidParameter'), 2, 'rejected'],
    ['the third 401 of a proxy in between', html(401), 3, 'unauthorized'],
    ['the second SetLimitExceeded in a row', refusal(429, 'SetLimitExceeded'), 2, 'quota'],
    ['the second AccountQuotaExceeded in a row', refusal(429, 'AccountQuotaExceeded'), 2, 'quota'],
    ['the second QuotaExceeded in a row', refusal(403, 'QuotaExceeded'), 2, 'quota'],
    ['the second 402 in a row', { status: 402, body: '' }, 2, 'quota'],
  ])('%s', (_, step, count, reason) => {
    inVirtualTime(({ flush }) => {
      for (const before of [[running], []]) {
        const { client, transport } = scripted([...before, step], quarter);
        const states = record(client.states(arkTask), brief);
        flush();
        expect(states.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
          ...before.map(() => 'running'),
          ...Array.from({ length: count - 1 }, (__, index) => `${reason} x${String(index + 1)}`),
          `${reason} x${String(count)} (response)`,
          '#',
        ]);
        expect(transport.requests).toHaveLength(before.length + count);
        expect(isSeedanceError(states.error, 'response')).toBe(true);
        expect(states.error).toMatchObject({
          kind: 'response',
          reason,
          status: 'status' in step ? step.status : 200,
          task: arkTask,
          lastSnapshot: before.length === 0 ? null : { status: 'running' },
          state: { ended: 'response', polls: before.length + count },
        });

        const again = scripted([...before, step], quarter);
        const watch = record(again.client.watch(arkTask), to);
        flush();
        expect(watch.lines.map((line) => line.split(' ')[1]), 'watch emits no error').toEqual([...before.map(() => 'running'), '#']);
      }
    });
  });

  it('the third 401 since the last good response ends the watch, also with other errors in between', marbles(({ flush }) => {
    const { client } = scripted([running, unauthorized, html(502), unauthorized, { hang: true }, unauthorized, running, succeeded], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.error).toMatchObject({ kind: 'response', reason: 'unauthorized', state: { unauthorizedCount: 3 } });
  }));

  it('two 404 of a proxy during a deploy do not end the watch', marbles(({ flush }) => {
    const proxy = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
    const { client } = scripted([running, proxy, proxy, proxy, succeeded], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
  }));

  it('a 404 of any format before the account’s first good response ends the watch after a minute, and the message mentions the base URL', marbles(({ flush }) => {
    const { client, transport } = scripted([html(404)], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.error).toMatchObject({ kind: 'response', reason: 'wrong-url', status: 404, message: expect.stringContaining(ark.baseUrl) as string });
    expect(sentAtS(transport)).toEqual([0, 10, 30, 70]);
  }));

  it('after a good response it is retried', marbles(({ flush }) => {
    const { client } = scripted([succeeded, html(404), html(404), html(404), html(404), running, succeeded], quarter);
    record(client.watch({ provider: 'ark', id: 'before' }), to);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
  }));

  it('a response of another watched task is unreadable, and each task reaches its own end', marbles(({ flush }) => {
    const bodyOf = (id: string): ScriptedStep => ({ body: { id, status: 'succeeded', content: { video_url: `https://videos.example/${id}.mp4` } } });
    const { client } = recordedClient((index, { url }) => played(bodyOf(index < 2 ? (url.endsWith('/a') ? 'b' : 'a') : (url.split('/').at(-1) ?? ''))));
    const seen = ['a', 'b'].map((id) => record(client.watch({ provider: 'ark', id })));
    flush();
    for (const [index, id] of ['a', 'b'].entries()) {
      expect(seen[index]?.values).toMatchObject([{ to: 'succeeded', snapshot: { video: { url: `https://videos.example/${id}.mp4` } } }]);
    }
  }));

  it('the second consecutive 404 of a task that was seen is gone, with its last snapshot', marbles(({ flush }) => {
    for (const step of [missing, refusal(404, 'TaskNotFound')]) {
      const { client, transport } = scripted([queued, running, step], quarter);
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['queued', 'running', '#']);
      expect(transport.requests).toHaveLength(4);
      expect(isSeedanceError(seen.error, 'gone')).toBe(true);
      expect(seen.error).toMatchObject({ kind: 'gone', reason: 'not-found', task: arkTask, lastSnapshot: { status: 'running' }, state: { ended: 'gone' } });
    }
  }));

  it('two 404 right after the creation of a task do not end the watch', marbles(({ flush }) => {
    const { client, transport } = scripted([missing, missing, queued, succeeded], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.lines).toEqual(['30s queued', '45s succeeded', '45s |']);
    expect(sentAtS(transport)).toEqual([0, 10, 30, 45]);
  }));

  it('the watch of a task that was never seen ends at the third 404 or later, 60 s after the first', marbles(({ flush }) => {
    const { client, transport } = scripted([missing], quarter);
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines).toEqual(['0s not-found x1', '10s not-found x2', '30s not-found x3', '70s not-found x4 (response)', '70s #']);
    expect(sentAtS(transport)).toEqual([0, 10, 30, 70]);
    expect(seen.error).toMatchObject({ kind: 'response', reason: 'not-found', status: 404, lastSnapshot: null, task: arkTask });
  }));

  it('two 404 a minute apart do not count as three', marbles(({ flush }) => {
    const { client } = scripted([missing, missing, missing, succeeded]);
    const seen = record(client.states(arkTask, { policy: { retry: () => seconds(60) } }), brief);
    flush();
    expect(seen.lines).toEqual(['0s not-found x1', '60s not-found x2', '120s not-found x3 (response)', '120s #']);
  }));

  it('another error in between restarts the 60 s', marbles(({ flush }) => {
    const { client } = scripted([missing, missing, busy, missing, missing, queued, succeeded], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['queued', 'succeeded', '|']);
  }));

  it('a temporary 401 of kyyaipower does not end its watch', marbles(({ flush }) => {
    const passing = { status: 401, body: { code: 401, msg: 'Unauthorized' } };
    const steps = [{ body: { id: 'cgt-1', status: 'processing' } }, passing, passing, { body: { id: 'cgt-1', status: 'completed', video_url: 'https://videos.example/cgt-1.mp4' } }];
    const { client } = recordedClient((index) => played(steps[index] ?? { hang: true }), { accounts: [accountOf(kyyaipower)] });
    const seen = record(client.states(kyyTask), brief);
    flush();
    expect(seen.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['running', 'unauthorized x1', 'unauthorized x2', 'succeeded', '|']);
  }));
});

describe('giveUpAfterMs', () => {
  it('is 15 minutes by default: the watch ends with the kind and reason of the last error', marbles(({ flush }) => {
    const { transport, seen } = given([running, busy], { ...quarter, deadlineMs: minutes(60) });
    flush();
    const failing = [15, 25, 45, 85, 165, 285, 405, 525, 645, 765, 885, 1005];
    expect(sentAtS(transport)).toEqual([0, ...failing]);
    expect(seen.lines).toEqual(['0s running', '1005s #']);
    expect(seen.error).toMatchObject({
      kind: 'response', reason: 'server', status: 503, task: arkTask, lastSnapshot: { status: 'running' }, state: { ended: 'response', failureCount: 12 },
    });
  }));

  it.each<[string, ScriptedStep, object]>([
    ['no response', reset, { kind: 'transport', reason: null, status: null }],
    ['responses that time out', { hang: true }, { kind: 'timeout', reason: null, status: null }],
    ['unreadable responses', html(200), { kind: 'decode', reason: null }],
    ['empty responses', { body: '' }, { kind: 'response', reason: 'empty', status: 200 }],
    ['rate limits', tooMany(), { kind: 'response', reason: 'rate-limited', status: 429 }],
    ['redirects', { status: 302 }, { kind: 'response', reason: 'server', status: 302 }],
  ])('ends a watch of nothing but %s, also before any response', (_, step, expected) => {
    inVirtualTime(({ flush }) => {
      for (const before of [[running], []]) {
        const { client, transport } = scripted([...before, step], quarter);
        const seen = record(client.states(arkTask), brief);
        flush();
        expect(seen.error).toMatchObject({ ...expected, task: arkTask, lastSnapshot: before.length === 0 ? null : { status: 'running' } });
        const [firstError, last] = [seen.values[before.length], seen.values.at(-1)];
        const lastedMs = (last?.polledAtMs ?? 0) - (firstError?.polledAtMs ?? 0);
        expect(lastedMs).toBeGreaterThanOrEqual(minutes(15));
        expect(lastedMs).toBeLessThanOrEqual(minutes(15) + seconds(120 + 30));
        expect(transport.pending()).toBe(0);
      }
    });
  });

  it('tolerates four consecutive failures, also if it is short', marbles(({ flush }) => {
    const { client, transport } = scripted([running, busy], { ...quarter, giveUpAfterMs: 1 });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(sentAtS(transport)).toEqual([0, 15, 25, 45, 85, 165]);
    expect(seen.lines.slice(-2)).toEqual(['165s server x5 (response)', '165s #']);
  }));

  it('counts errors of all reasons, and ends with the last one', marbles(({ flush }) => {
    const { client } = scripted([running, busy, reset, html(200), { body: '' }, tooMany()], { ...quarter, giveUpAfterMs: 1 });
    const seen = record(client.states(arkTask), brief);
    flush();
    expect(seen.lines.slice(-2)).toEqual(['165s rate-limited x1 (response)', '165s #']);
    expect(seen.error).toMatchObject({ kind: 'response', reason: 'rate-limited' });
  }));

  it('restarts after any good response', marbles(({ flush }) => {
    const bad = Array<ScriptedStep>(4).fill(busy);
    const { seen } = given([running, ...bad, running, ...bad, running, ...bad, succeeded], { ...quarter, giveUpAfterMs: 1 });
    flush();
    expect(seen.lines.map((line) => line.split(' ')[1])).toEqual(['running', 'succeeded', '|']);
  }));

  it('can be set for one watch', marbles(({ flush }) => {
    const { seen } = given([running, busy], { ...quarter, giveUpAfterMs: minutes(60), watch: { giveUpAfterMs: seconds(200) } });
    flush();
    expect(seen.lines).toEqual(['0s running', '285s #']);
  }));
});

describe('the error of a watch', () => {
  it('names the task and the cause in its message', marbles(({ flush }) => {
    const { client } = scripted([running, forbidden], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect(seen.error).toBeInstanceOf(SeedanceError);
    expect(seen.error).toBeInstanceOf(Error);
    expect(String(seen.error)).toMatch(/^SeedanceError: ark\/cgt-1: .*AccessDenied it is/);
  }));

  it('has a state to resume from, with the same task, snapshot and deadline, and reset failure counts', marbles(({ flush }) => {
    const { client } = scripted([running, forbidden, forbidden, busy, busy, busy, busy, succeeded], { ...quarter, giveUpAfterMs: 1 });
    const first = record(client.states(arkTask), brief);
    flush();
    const { state, lastSnapshot } = first.error as SeedanceError;
    const next = record(client.states(arkTask, { resumeFrom: JSON.parse(JSON.stringify(state)) as NonNullable<typeof state> }), brief);
    flush();
    expect(next.lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'server x1', 'server x2', 'server x3', 'server x4', 'succeeded', '|',
    ]);
    expect(next.values[0]).toMatchObject({ snapshot: lastSnapshot, deadlineAtMs: state?.deadlineAtMs, startedAtMs: 0 });
  }));

  it('is not confused with other errors', () => {
    for (const other of [null, undefined, 'SeedanceError', new Error('no'), { name: 'SeedanceError', kind: 'gone' }]) {
      expect(isSeedanceError(other)).toBe(false);
    }
  });

  it('is identified by its kind', marbles(({ flush }) => {
    const { client } = scripted([running, missing], quarter);
    const seen = record(client.watch(arkTask), to);
    flush();
    expect([isSeedanceError(seen.error), isSeedanceError(seen.error, 'gone'), isSeedanceError(seen.error, 'timeout')]).toEqual([true, true, false]);
  }));
});

describe('responses that only look like errors', () => {
  it.each<[string, ScriptedStep]>([
    ['an empty error', { body: { id: 'cgt-1', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' }, error: null } }],
    ['an error without a code', { body: { id: 'cgt-1', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' }, error: { code: 0, message: '' } } }],
    ['a label as message', { body: { id: 'cgt-1', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' }, message: 'seedance' } }],
    ['an envelope around it', { body: { code: 'success', data: { id: 'cgt-1', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' } } } }],
    ['another id', { body: { id: 'cgt-20250101-upstream', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' } } }],
    ['no id', { body: { status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' } } }],
    ['a 201', { status: 201, body: { id: 'cgt-1', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' } } }],
  ])('%s is a good response', (_, step) => {
    inVirtualTime(({ flush }) => {
      const { seen } = given([step]);
      flush();
      expect(seen.lines).toEqual(['0s succeeded', '0s |']);
    });
  });

  it('a failed task with 200 in an envelope of success is not an error', marbles(({ flush }) => {
    const { client } = scripted([anyfastResponse('FAILURE', { fail_reason: 'task failed, code: InvalidParameter', progress: '100%' })]);
    const seen = record(client.watch(anyfastTask), to);
    flush();
    expect(seen.lines).toEqual(['0s failed', '0s |']);
  }));

  it('a transport that completes without a response is an error', marbles(({ flush }) => {
    const { client } = recordedClient((index) => (index === 1 ? EMPTY : played(index === 0 ? queued : succeeded)));
    const seen = record(client.states(arkTask, quarter), brief);
    flush();
    expect(seen.lines).toEqual(['0s queued', '15s transport x1', '25s succeeded', '25s |']);
  }));

  it('the first of several responses to one request counts', marbles(({ flush }) => {
    const { client, requests } = recordedClient(() => concat(played(queued), played(failed), played(succeeded)));
    const seen = record(client.watch(arkTask, quarter), to, seconds(20));
    flush();
    expect(seen.lines).toEqual(['0s queued']);
    expect(requests).toHaveLength(2);
  }));
});

describe('errors on a computer that sleeps', () => {
  beforeEach(() => { vi.useFakeTimers({ now: hours(300_000) }); });
  afterEach(() => { vi.restoreAllMocks(); vi.useRealTimers(); });

  const words = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split(' ').slice(1).join(' '));

  it('the sleep of the computer does not count for giveUpAfterMs', () => {
    const { client } = recordedClient((index) => played(index === 0 ? running : index < 7 ? reset : succeeded), { policy: every(seconds(10)), deadlineMs: hours(100) });
    const seen = record(client.states(arkTask), brief);
    vi.advanceTimersByTime(minutes(4));
    vi.setSystemTime(Date.now() + hours(8));
    vi.advanceTimersByTime(minutes(30));
    expect(words(seen.lines).slice(-4)).toEqual(['transport x5', 'transport x6', 'succeeded', '|']);
  });

  it('the sleep of the computer does not count for the grace', () => {
    const { client } = recordedClient([missing, missing, missing, succeeded]);
    const seen = record(client.states(arkTask), brief);
    vi.advanceTimersByTime(seconds(12));
    vi.setSystemTime(Date.now() + hours(8));
    vi.advanceTimersByTime(minutes(30));
    expect(words(seen.lines)).toEqual(['not-found x1', 'not-found x2', 'not-found x3', 'succeeded', '|']);
  });
});
