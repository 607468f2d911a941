import { createTaskClient, account, type TaskClient } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { scriptedTransport, type ScriptedStep } from 'rx-seedance/testing';
import { catchError, from, last, map, mergeMap, type Observable, of, tap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { marbles } from '../support/marbles.js';
import { record } from '../support/client.js';

const get = (id: string) => ({ method: 'GET', url: `https://ark.example/tasks/${encodeURIComponent(id)}`, headers: { authorization: 'Bearer sk-secret' } }) as const;

const statusAndBody = ({ status, body }: { status: number; body: string }): string => `${String(status)} ${body}`;

describe('a program under test', () => {
  /** A user's program: how each of several tasks ended. */
  const summaries = (client: TaskClient<'ark'>, ids: readonly string[]): Observable<string> =>
    from(ids).pipe(
      mergeMap((id) =>
        client.watch({ provider: 'ark', id }).pipe(
          last(),
          map(({ to, atMs }) => `${id} has ${to} after ${String(atMs / 1000)} s`),
          catchError((error: Error) => of(`${id} failed: ${error.message}`)),
        ),
      ),
    );

  const details: Readonly<Record<string, object>> = {
    succeeded: { content: { video_url: 'https://files.example/1.mp4' } },
    failed: { error: { code: 'InternalServiceError', message: 'no luck' } },
  };
  const task = (status: string): ScriptedStep => ({ body: { status, ...details[status] }, afterMs: 200 });

  it('runs for hours of virtual time with scripted responses', () => {
    new TestScheduler((actual, expected) => { expect(actual).toEqual(expected); }).run(({ expectObservable, flush }) => {
      const transport = scriptedTransport({
        'cgt-1': [task('queued'), task('running'), { status: 503 }, task('succeeded')],
        'cgt-2': [task('running'), { error: 'socket hang up' }, task('failed')],
      });
      const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: 'sk-test', batch: false })], policy: { interval: () => 15_000 } });
      expectObservable(summaries(client, ['cgt-1', 'cgt-2'])).toBe('25400ms b 15199ms (a|)', {
        a: 'cgt-1 has succeeded after 40.6 s',
        b: 'cgt-2 has failed after 25.4 s',
      });
      flush();
      expect(transport.requests).toHaveLength(7);
      expect(transport.pending()).toBe(0);
    });
  });

  it('polls each task by itself after a list is not found', marbles(({ flush }) => {
    const transport = scriptedTransport({ 'cgt-1': [task('running'), task('succeeded')], 'cgt-2': [task('running'), task('failed')] });
    const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: 'sk-test' })], policy: { interval: () => 15_000 } });
    const seen = record(summaries(client, ['cgt-1', 'cgt-2']), (line) => line.split(' after')[0] ?? '');
    flush();
    expect(seen.values).toEqual(['cgt-1 has succeeded', 'cgt-2 has failed'].map((words) => expect.stringContaining(words)));
    expect(transport.requests.filter(({ url }) => url.includes('filter.task_ids'))).toHaveLength(1);
    expect(transport.requests).toHaveLength(5);
  }));

  it('gets not-found for a task that is not in the script', marbles(({ flush }) => {
    const transport = scriptedTransport({ 'cgt-1': [task('succeeded')] });
    const client = createTaskClient({ transport, accounts: [account(ark, { apiKey: 'sk-test', batch: false })] });
    const seen = record(summaries(client, ['cgt-1', 'cgt-3']));
    flush();
    expect(seen.values[0]).toBe('cgt-1 has succeeded after 0.2 s');
    expect(seen.values[1]).toMatch(/^cgt-3 failed: .*not in the script/);
  }));
});

describe('scriptedTransport', () => {
  it('plays its steps in order, and repeats the last', marbles(({ flush }) => {
    const transport = scriptedTransport([{ body: 'a' }, { body: 'b', status: 202 }, { status: 503 }]);
    const responses = [1, 2, 3, 4, 5].map(() => record(transport(get('x')), statusAndBody));
    flush();
    expect(responses.map(({ lines }) => lines)).toEqual(['200 a', '202 b', '503 ', '503 ', '503 '].map((response) => [`0s ${response}`, '0s |']));
  }));

  it('gives each task its own steps, found by the last segment of the URL, decoded', marbles(({ flush }) => {
    const transport = scriptedTransport({ a: [{ body: 'a1' }, { body: 'a2' }], 'b/%?#ä': [{ body: 'b1' }] });
    const responses = ['a', 'b/%?#ä', 'a', 'b/%?#ä'].map((id) => record(transport(get(id)), statusAndBody));
    flush();
    expect(responses.map(({ lines }) => lines[0])).toEqual(['0s 200 a1', '0s 200 b1', '0s 200 a2', '0s 200 b1']);
  }));

  it('two tasks with the same steps play them separately', marbles(({ flush }) => {
    const steps: readonly ScriptedStep[] = [{ body: 'first' }, { body: 'second' }];
    const transport = scriptedTransport({ a: steps, b: steps });
    const responses = ['a', 'b', 'a', 'b'].map((id) => record(transport(get(id)), statusAndBody));
    flush();
    expect(responses.map(({ lines }) => lines[0])).toEqual(['0s 200 first', '0s 200 first', '0s 200 second', '0s 200 second']);
  }));

  it('responds with 404 in Ark\'s shape for a task that is not in the script, whatever its id', marbles(({ flush }) => {
    const transport = scriptedTransport({ a: [{ body: 'a' }] });
    const responses = ['b', 'constructor', '__proto__', 'toString'].map((id) => record(transport(get(id)), ({ status, body }) => `${String(status)} ${String(ark.read({ provider: 'ark', id }, { status, headers: {}, body })._tag)}`));
    flush();
    expect(responses.map(({ lines }) => lines[0])).toEqual(Array(4).fill('0s 404 Left'));
  }));

  it('sends a string as it is, any other value as JSON, and no value as an empty body', marbles(({ flush }) => {
    const transport = scriptedTransport([{ body: '{"cut' }, { body: { a: [1] } }, { body: null }, { body: 5 }, { body: false }, {}, { body: undefined }]);
    const bodies = Array.from({ length: 7 }, () => record(transport(get('x')), ({ body }) => body));
    flush();
    expect(bodies.map(({ values }) => values[0]?.body)).toEqual(['{"cut', '{"a":[1]}', 'null', '5', 'false', '', '']);
  }));

  it('sends headers by their lower-case names', marbles(({ flush }) => {
    const transport = scriptedTransport([{ headers: { 'retry-after': '2' } }, { headers: { 'Retry-After': '2' } }]);
    const responses = [record(transport(get('x'))), record(transport(get('x')))];
    flush();
    expect(responses.map(({ values }) => values[0]?.headers)).toEqual([{ 'retry-after': '2' }, { 'retry-after': '2' }]);
  }));

  it('delays, fails and hangs in the scheduler\'s time', marbles(({ cold, expectObservable }) => {
    const transport = scriptedTransport({
      late: [{ body: 'a', afterMs: 3 }], never: [{ hang: true }], broken: [{ error: 'reset' }], brokenLate: [{ error: 'reset', afterMs: 3 }], now: [{ body: 'a', afterMs: 0 }],
    });
    const body = (id: string) => cold('-(x|)').pipe(mergeMap(() => transport(get(id))), map((response) => response.body));
    expectObservable(body('late')).toBe('      ----(a|)');
    expectObservable(body('now')).toBe('       -(a|)');
    expectObservable(body('never'), '^--------!').toBe('--');
    expectObservable(body('broken')).toBe('    -#', undefined, new Error('reset'));
    expectObservable(body('brokenLate')).toBe('----#', undefined, new Error('reset'));
  }));

  it('is cold: calling it sends nothing, each subscription is one request', marbles(({ flush }) => {
    const transport = scriptedTransport([{ body: 'a' }, { body: 'b' }]);
    const response = transport(get('x'));
    expect(transport.requests).toEqual([]);
    const responses = [record(response, statusAndBody), record(response, statusAndBody)];
    flush();
    expect(transport.requests).toHaveLength(2);
    expect(responses.map(({ lines }) => lines[0])).toEqual(['0s 200 a', '0s 200 b']);
  }));

  it('records each request with its URL and time, without headers', marbles(({ flush, cold }) => {
    const transport = scriptedTransport([{ body: 'a' }]);
    record(cold('--x----x').pipe(mergeMap(() => transport(get('x/y')))), statusAndBody, 20);
    flush();
    expect(transport.requests).toEqual([2, 7].map((atMs) => ({ url: 'https://ark.example/tasks/x%2Fy', atMs })));
    expect(JSON.stringify(transport.requests)).not.toContain('secret');
  }));

  it('counts the requests in flight, until they succeed, fail or are aborted', marbles(({ flush, cold }) => {
    const transport = scriptedTransport([{ body: 'a', afterMs: 5 }, { error: 'reset', afterMs: 3 }, { hang: true }]);
    const counts: number[] = [];
    record(transport(get('x')));
    record(transport(get('x')));
    record(transport(get('x')), String, 8);
    record(cold('-x-x-x-x-(x|)').pipe(tap(() => counts.push(transport.pending()))));
    expect(transport.pending()).toBe(3);
    flush();
    expect(counts).toEqual([3, 2, 1, 1, 0]);
  }));

  it('an aborted request gets no response', marbles(({ flush }) => {
    const transport = scriptedTransport([{ body: 'a', afterMs: 5 }]);
    const seen = record(transport(get('x')), statusAndBody, 3);
    flush();
    expect(seen.lines).toEqual([]);
    expect(transport.pending()).toBe(0);
  }));

  it('two transports of one script are independent', marbles(({ flush }) => {
    const script: readonly ScriptedStep[] = [{ body: 'a' }, { body: 'b' }];
    const responses = [scriptedTransport(script), scriptedTransport(script)].map((transport) => record(transport(get('x')), statusAndBody));
    flush();
    expect(responses.map(({ lines }) => lines[0])).toEqual(['0s 200 a', '0s 200 a']);
    expect(script).toEqual([{ body: 'a' }, { body: 'b' }]);
  }));

  it('a script without steps is refused', () => {
    expect(() => scriptedTransport([])).toThrow(TypeError);
    expect(() => scriptedTransport({ 'cgt-1': [{}], 'cgt-2': [] })).toThrow(TypeError);
    expect(() => scriptedTransport({ 'cgt-1': [] })).toThrow('at least one step');
  });
});

describe('scriptedTransport on the platform\'s timers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('uses them, and leaves none behind', async () => {
    vi.useFakeTimers({ now: 0 });
    const transport = scriptedTransport([{ body: 'a', afterMs: 1000 }]);
    const seen = record(transport(get('x')), statusAndBody);
    await vi.advanceTimersByTimeAsync(999);
    expect([seen.lines, transport.pending()]).toEqual([[], 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.lines).toEqual(['1s 200 a', '1s |']);
    expect([transport.pending(), vi.getTimerCount()]).toEqual([0, 0]);
  });
});
