import fc from 'fast-check';
import { asyncScheduler, defer, delay, map, mergeMap, type Observable, of, retry } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { cancelTask } from '../../src/client/cancel-task.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { anyfastTask, arkTask, at, busy, cancelled, every, failed, inVirtualTime, key as apiKey, minutes, missing, played, queued, record, refusal, running, seconds, succeeded, to } from '../support/client.js';

const isRunning = refusal(409, 'InvalidAction.RunningTaskDeletion');

const clientOf = (answer: (request: HttpRequest, index: number) => ScriptedStep | Observable<HttpResponse>, rateLimit = {}) => {
  const requests: { readonly method: string; readonly atMs: number }[] = [];
  const transport: Transport = (request) => defer(() => {
    requests.push({ method: request.method, atMs: asyncScheduler.now() });
    const step = answer(request, requests.length - 1);
    return 'subscribe' in step ? step : played(step);
  });
  const client = createTaskClient({ transport, accounts: [account(ark, { apiKey, batch: false, rateLimit }), account(anyfast, { apiKey })], policy: every(minutes(1)) });
  return { client, requests, log: () => requests.map(({ method, atMs }) => `${String(atMs / 1000)}s ${method}`) };
};

const scriptOf = (...steps: readonly ScriptedStep[]) => (_: HttpRequest, index: number): ScriptedStep => steps[Math.min(index, steps.length - 1)] ?? missing;

describe('cancelTask', () => {
  it('cancels a queued task by a DELETE in the same turn, and says so after another poll', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf({ ...queued, afterMs: seconds(1) }, { body: {}, afterMs: seconds(1) }, cancelled));
      const seen = record(cancelTask(client, arkTask), ({ outcome, snapshot }) => `${outcome} ${snapshot?.status ?? ''}`);
      flush();
      expect(log()).toEqual(['0s GET', '1s DELETE', '2s GET']);
      expect(seen.lines).toEqual(['2s cancelled cancelled', '2s |']);
    });
  });

  it.each([
    ['running', running, 'running'],
    ['unknown', { body: { status: 'archived' } }, 'running'],
    ['succeeded', succeeded, 'already-ended'],
    ['failed', failed, 'already-ended'],
    ['cancelled', cancelled, 'already-ended'],
  ])('never sends a DELETE for a task that is %s', (_, step, outcome) => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(step));
      const seen = record(cancelTask(client, arkTask), (value) => value.outcome);
      flush();
      expect(log()).toEqual(['0s GET']);
      expect(seen.lines).toEqual([`0s ${outcome}`, '0s |']);
    });
  });

  it('says that a task runs which began to run meanwhile', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(queued, isRunning, running));
      const seen = record(cancelTask(client, arkTask), (value) => value.outcome);
      flush();
      expect(log()).toEqual(['0s GET', '0s DELETE', '0s GET']);
      expect(seen.lines).toEqual(['0s running', '0s |']);
    });
  });

  it('polls again while the DELETE shows no effect yet, and never sends a second one', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(queued, { body: {} }, queued, busy, queued, cancelled));
      const seen = record(cancelTask(client, arkTask), (value) => value.outcome);
      flush();
      expect(log()).toEqual(['0s GET', '0s DELETE', '0s GET', '2s GET', '3s GET', '5s GET']);
      expect(seen.lines).toEqual(['5s cancelled', '5s |']);
    });
  });

  it('fails when the task is still queued after a DELETE that failed, with the reason', () => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = clientOf(scriptOf(queued, { error: 'read ECONNRESET' }, queued));
      const errors: unknown[] = [];
      cancelTask(client, arkTask).subscribe({ error: (error: unknown) => errors.push(error) });
      flush();
      expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
      expect(errors).toMatchObject([{ kind: 'transport', message: 'ark/cgt-1: it is still queued: read ECONNRESET', lastSnapshot: { status: 'queued' } }]);
    });
  });

  it('fails without a DELETE when the state of the task cannot be found out', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(missing));
      const errors: unknown[] = [];
      cancelTask(client, arkTask).subscribe({ error: (error: unknown) => errors.push(error) });
      flush();
      expect(log()).toEqual(['0s GET']);
      expect(errors).toMatchObject([{ kind: 'response', reason: 'not-found', status: 404 }]);
    });
  });

  it('sends nothing to a provider that documents no way to cancel', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(missing));
      const seen = record(cancelTask(client, anyfastTask), (value) => value.outcome);
      flush();
      expect(seen.lines).toEqual(['0s unsupported', '0s |']);
      expect(log()).toEqual([]);
    });
  });

  it('tells the watchers of the task, and starts their minimum interval', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(queued, queued, { body: {} }, cancelled));
      const watched = record(client.watch(arkTask), to);
      at(seconds(5), () => { cancelTask(client, arkTask).subscribe(); });
      flush();
      expect(log()).toEqual(['0s GET', '5s GET', '5s DELETE', '5s GET']);
      expect(watched.lines).toEqual(['0s queued', '5s cancelled', '5s |']);
    });
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(running, succeeded));
      cancelTask(client, arkTask).subscribe();
      at(seconds(1), () => { client.watch(arkTask).subscribe(); });
      flush();
      expect(log()).toEqual(['0s GET', '10s GET']);
    });
  });

  it('ends the poll of a watcher that is in flight', () => {
    inVirtualTime(({ flush }) => {
      const { client } = clientOf((_, index) => (index === 0 ? { ...queued, afterMs: seconds(20) } : [queued, { body: {} }, cancelled][index - 1] ?? missing));
      const watched = record(client.watch(arkTask), to);
      at(seconds(5), () => { cancelTask(client, arkTask).subscribe(); });
      flush();
      expect(watched.lines).toEqual(['5s queued', '5s cancelled', '5s |']);
    });
  });

  it('counts its two requests for a rate limit', () => {
    inVirtualTime(({ flush }) => {
      const { client, log } = clientOf(scriptOf(queued, { body: {} }, cancelled), { perMinute: 6 });
      cancelTask(client, arkTask).subscribe();
      flush();
      const [first, second, third] = log();
      expect([first, second]).toEqual(['0s GET', '0s DELETE']);
      expect(Number(third?.split('s')[0])).toBeGreaterThanOrEqual(20);
    });
  });

  it('never deletes the record of a task, whatever the moment, the delays and the failures', () => {
    const moments = fc.record({
      // A provider takes at least these 5 s for a video; a network delays a request by 2 s at most.
      queuedUntilMs: fc.nat({ max: 20_000 }), runMs: fc.integer({ min: 5000, max: 30_000 }), cancelAtMs: fc.nat({ max: 40_000 }),
      delays: fc.array(fc.tuple(fc.nat({ max: 2000 }), fc.nat({ max: 2000 })), { minLength: 1, maxLength: 12 }),
      faults: fc.array(fc.constantFrom('none', 'none', 'none', 'lost', '503', 'cut'), { minLength: 1, maxLength: 12 }),
      perMinute: fc.option(fc.integer({ min: 6, max: 60 }), { nil: undefined }),
    });
    let deletions = 0;
    fc.assert(fc.property(moments, ({ queuedUntilMs, runMs, cancelAtMs, delays, faults, perMinute }) => {
      inVirtualTime(({ flush }) => {
        let state: 'kept' | 'cancelled' | 'deleted' = 'kept';
        const status = (): string => {
          if (state !== 'kept') return state;
          const nowMs = asyncScheduler.now();
          return nowMs < queuedUntilMs ? 'queued' : nowMs < queuedUntilMs + runMs ? 'running' : 'succeeded';
        };
        const serve = ({ method }: HttpRequest): ScriptedStep => {
          const now = status();
          if (now === 'deleted') return missing;
          if (method === 'GET') return { queued, running, succeeded, cancelled }[now] ?? missing;
          deletions += 1;
          if (now === 'queued') state = 'cancelled';
          else if (now === 'succeeded') state = 'deleted';
          return now === 'running' ? isRunning : { body: {} };
        };
        const { client } = clientOf((request, index) => {
          const [there, back] = delays[index % delays.length] ?? [0, 0];
          const fault = faults[index % faults.length];
          return of(null).pipe(delay(there), map(() => serve(request)), delay(back), mergeMap((step) => {
            if (fault === 'lost') return played({ error: 'read ECONNRESET' });
            if (fault === '503') return played(busy);
            return played(fault === 'cut' ? { body: '{"id":' } : step);
          }));
        }, perMinute === undefined ? {} : { perMinute });
        const outcomes: string[] = [];
        at(cancelAtMs, () => { cancelTask(client, arkTask).pipe(retry({ count: 3, delay: 1000 })).subscribe({ next: ({ outcome }) => outcomes.push(outcome), error: () => outcomes.push('error') }); });
        flush();
        expect(state).not.toBe('deleted');
        expect(outcomes).toHaveLength(1);
        if (outcomes[0] === 'cancelled') expect(state).toBe('cancelled');
        if (outcomes[0] === 'already-ended') expect(['cancelled', 'succeeded']).toContain(status());
      });
    }), { numRuns: 1000 });
    expect(deletions).toBeGreaterThan(100);
  });
});
