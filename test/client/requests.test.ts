/**
 * Tests of the requests of one account: when a poll is sent, in which request, and its result.
 */
import { isRight, left } from 'fp-ts/Either';
import { asyncScheduler, concat, defer, EMPTY, ignoreElements, map, NEVER, type Observable, of, repeat, Subject, takeUntil, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/client/account.js';
import { createRequests, type Leaving, type PollSettings } from '../../src/client/requests.js';
import { ark } from '../../src/providers/ark.js';
import { kie } from '../../src/providers/kie.js';
import { clockOf } from '../../src/transport/clock.js';
import { createRequestQueue } from '../../src/transport/request-queue.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import {
  accountOf, arkTask, at, busy, record, forbidden, inVirtualTime, key, recordingTransport, minutes, played, queued, reset, responseOf, running, seconds, succeeded, to, tooMany,
  recordedClient,
} from '../support/client.js';
import { marbles } from '../support/marbles.js';
import { type PollEvent, pollOf, type RememberedTask } from '../support/polls.js';

const polledTask = (id: string): RememberedTask => ({ task: { provider: 'ark', id }, lastRequest: null, unlistedTier: undefined });

/** A client's way to poll tasks of one account singly. */
const requestsOf = (owner: Account, transport: Transport, { requestTimeoutMs = seconds(30), concurrency = 64 }: { readonly requestTimeoutMs?: number; readonly concurrency?: number | Observable<number> } = {}) => {
  const clock = clockOf(asyncScheduler);
  const queue = createRequestQueue(concurrency, clock);
  const requests = createRequests({ account: owner, lane: queue.lane('ark', seconds(10), owner.rateLimit), transport, clock, requestTimeoutMs, watched: new Map() });
  return (polled: RememberedTask | string, own: Partial<PollSettings> = {}): Observable<PollEvent> =>
    pollOf(requests, typeof polled === 'string' ? polledTask(polled) : polled, { dueAtMs: 0, minIntervalMs: seconds(10), serviceTier: null, ...own });
};

/** An event as text: `leaving`, a status, or the kind of error. */
const shown = (event: PollEvent): string => {
  if (event.kind === 'leaving') return 'leaving';
  const { result } = event;
  if (isRight(result)) return result.right.snapshot.status;
  return 'reason' in result.left ? result.left.reason : result.left.kind;
};

/** The events of a poll, with a callback before it is sent. */
const follow = (poll: Observable<PollEvent>, onLeaving: (leaving: Leaving) => void = () => undefined) =>
  record(poll, (event) => {
    if (event.kind === 'leaving') onLeaving(event);
    return shown(event);
  });

const resultIn = ({ values }: { readonly values: readonly PollEvent[] }): unknown => values.flatMap((event) => (event.kind === 'done' ? [event.result] : []))[0];

/** When each request was sent, and for which task: `15s cgt-1`. */
const sent = (requests: readonly { readonly atMs: number; readonly url: string }[]): readonly string[] =>
  requests.map(({ atMs, url }) => `${String(atMs / 1000)}s ${url.split('/').at(-1) ?? ''}`);

/** A transport that responds to every request with the same step. */
const answering = (step: Parameters<typeof played>[0] = running) => recordingTransport(() => played(step));

describe('a request', () => {
  it('is a GET of its path below the base URL, with the key and nothing else', () => {
    inVirtualTime(({ flush }) => {
      const requests: HttpRequest[] = [];
      const transport: Transport = (request) => {
        requests.push(request);
        return timer(10).pipe(map(() => responseOf(running)));
      };
      const seen = follow(requestsOf(accountOf(ark, { baseUrl: 'https://proxy.example/ark/' }), transport)('cgt/$&1'));
      flush();
      expect(requests).toEqual([{
        method: 'GET',
        url: 'https://proxy.example/ark/contents/generations/tasks/cgt%2F%24%261',
        headers: { accept: 'application/json', authorization: `Bearer ${key}` },
      }]);
      expect(seen.lines).toEqual(['0s leaving', '0.01s running', '0.01s |']);
    });
  });

  it('holds the id as one value where the path has it in its query', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      requestsOf(accountOf(kie), transport)('a&b=c#d').subscribe();
      flush();
      expect(requests.map(({ url }) => url)).toEqual(['https://api.kie.ai/api/v1/jobs/recordInfo?taskId=a%26b%3Dc%23d']);
    });
  });

  it('with the earliest due time is sent first', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering({ ...running, afterMs: 10 });
      const poll = requestsOf(accountOf(ark, { rateLimit: { maxInFlight: 1 } }), transport);
      for (const dueAtMs of [5, 9, 1, 7]) poll(String(dueAtMs), { dueAtMs }).subscribe();
      flush();
      expect(sent(requests)).toEqual(['0s 5', '0.01s 1', '0.02s 7', '0.03s 9']);
    });
  });

  it('its timeout starts when it is sent, not in the queue nor during a save, and the error has its length', () => {
    inVirtualTime(({ flush }) => {
      const { transport } = recordingTransport((_, { url }) => (url.endsWith('/first') ? timer(900).pipe(map(() => responseOf(running))) : NEVER));
      const poll = requestsOf(accountOf(ark, { rateLimit: { maxInFlight: 1 } }), transport, { requestTimeoutMs: 1_000 });
      poll('first').subscribe();
      const seen = follow(poll('second'), ({ waitUntil }) => { waitUntil(timer(3_000)); });
      flush();
      expect(seen.lines).toEqual(['0.9s leaving', '4.9s timeout', '4.9s |']);
      expect(resultIn(seen)).toEqual(left({ kind: 'timeout', message: 'no response within 1000 ms' }));
    });
  });

  it('that is unsubscribed is aborted, and its place is free', () => {
    inVirtualTime(({ flush, interrupt }) => {
      const { transport, requests } = recordingTransport((index) => (index === 0 ? NEVER : played(running)));
      const poll = requestsOf(accountOf(ark, { rateLimit: { maxInFlight: 1 } }), transport);
      const first = follow(poll('first'));
      const second = follow(poll('second'));
      interrupt(seconds(1), () => { first.stop(); });
      flush();
      expect(requests).toMatchObject([{ end: 'aborted', endedAtMs: seconds(1) }, { end: 'responded' }]);
      expect(second.lines).toEqual(['1s leaving', '1s running', '1s |']);
    });
  });

  it('fails with an error of the queue, unchanged; an error of the request itself is its result', () => {
    inVirtualTime(({ flush }) => {
      const broken = new Error('broken');
      const { transport, requests } = answering(reset);
      const seen = follow(requestsOf(accountOf(ark), transport, { concurrency: concat(timer(5).pipe(map(() => 0)), throwError(() => broken)) })('a'));
      flush();
      expect(seen.lines).toEqual(['0.005s #']);
      expect(seen.error).toBe(broken);
      expect(requests).toEqual([]);
      const failing: readonly Transport[] = [transport, () => { throw new Error('read ECONNRESET'); }];
      for (const each of failing) {
        const failed = follow(requestsOf(accountOf(ark), each)('a'));
        flush();
        expect(resultIn(failed)).toEqual(left({ kind: 'transport', message: 'read ECONNRESET' }));
      }
    });
  });

  it('without a key gives an error as its result, and is not sent', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const seen = follow(requestsOf(accountOf(ark, { apiKey: () => { throw new Error('vault'); } }), transport)('a'));
      flush();
      expect(resultIn(seen)).toEqual(left({ kind: 'transport', message: 'account ark: the function apiKey threw' }));
      expect(requests).toEqual([]);
    });
  });

  it('that completes without a response is a transport error', () => {
    inVirtualTime(({ flush }) => {
      const seen = follow(requestsOf(accountOf(ark), () => EMPTY)('a'));
      flush();
      expect(resultIn(seen)).toMatchObject(left({ kind: 'transport' }));
    });
  });

  it.each<readonly [string, Observable<HttpResponse>]>([
    ['an error', throwError(() => new Error(`bad key ${key}`))],
    ['a body', of(responseOf({ ...forbidden, body: { error: { code: 'AccessDenied', message: `bad key ${key}` } } }))],
    ['a header', of(responseOf({ ...running, headers: { 'x-request-id': `of-${key}` } }))],
  ])('redacts its key in %s', (_, response) => {
    inVirtualTime(({ flush }) => {
      const seen = follow(requestsOf(accountOf(ark), () => response)('a'));
      flush();
      expect(resultIn(seen)).toBeDefined();
      expect(JSON.stringify(resultIn(seen))).toMatch(/bad key |"of-/);
      expect(JSON.stringify(resultIn(seen))).not.toContain(key);
    });
  });

  const unreadable = new Proxy({}, { get: () => { throw new Error('the getter'); } });
  const objectAsMessage = Object.assign(new Error(), { message: { code: 502 } as unknown as string });

  it.each([
    ['without a prototype', Object.create(null) as unknown],
    ['whose message is an object', objectAsMessage],
    ['that throws when it is looked at', unreadable],
  ])('handles an error %s like any other', (_, error) => {
    marbles(({ flush }) => {
      const { client } = recordedClient((index) => (index === 0 ? throwError(() => error) : played(succeeded)));
      const seen = record(client.watch(arkTask), to);
      flush();
      expect(seen.lines).toEqual(['10s succeeded', '10s |']);
    })();
  });
});

describe('a request that is about to be sent', () => {
  it('is sent at once, in the same turn, if it waits for nothing', () => {
    inVirtualTime(() => {
      const { transport, requests } = recordingTransport(() => NEVER);
      const poll = requestsOf(accountOf(ark), transport);
      follow(poll('without'));
      follow(poll('with'), ({ waitUntil }) => {
        waitUntil(EMPTY);
        waitUntil(of(1, 2));
        waitUntil(throwError(() => new Error('full')));
      });
      expect(sent(requests)).toEqual(['0s without', '0s with']);
    });
  });

  it('is sent once all work has ended, also in errors', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const seen = follow(requestsOf(accountOf(ark), transport)('a'), ({ waitUntil }) => {
        waitUntil(timer(300));
        waitUntil(concat(timer(700).pipe(ignoreElements()), throwError(() => new Error('full'))));
        waitUntil(of('saved'));
      });
      flush();
      expect(sent(requests)).toEqual(['0.7s a']);
      expect(seen.lines).toEqual(['0s leaving', '0.7s running', '0.7s |']);
    });
  });

  it('keeps its place in the queue while it waits', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const poll = requestsOf(accountOf(ark, { rateLimit: { maxInFlight: 1 } }), transport);
      follow(poll('a'), ({ waitUntil }) => { waitUntil(timer(500)); });
      follow(poll('b'));
      flush();
      expect(sent(requests)).toEqual(['0.5s a', '0.5s b']);
    });
  });

  it('is not sent when its poll is stopped in the callback, and its place is free', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const poll = requestsOf(accountOf(ark, { rateLimit: { maxInFlight: 1 } }), transport);
      const stop = new Subject<void>();
      const seen = follow(poll('a').pipe(takeUntil(stop)), ({ waitUntil }) => {
        waitUntil(timer(500));
        stop.next();
      });
      expect(seen.isOver).toBe(true);
      follow(poll('b'));
      flush();
      expect(sent(requests)).toEqual(['0s b']);
    });
  });

  it('is not sent when its poll is stopped during its work, and its place is free', () => {
    inVirtualTime(({ flush, timers, interrupt }) => {
      const { transport, requests } = answering();
      const poll = requestsOf(accountOf(ark, { rateLimit: { maxInFlight: 1 } }), transport);
      const left = follow(poll('a'), ({ waitUntil }) => { waitUntil(timer(seconds(9))); });
      follow(poll('b'));
      interrupt(500, () => {
        left.stop();
        // The work is unsubscribed too. One turn remains, in which the place is freed.
        expect(timers()).toBe(1);
      });
      flush();
      expect(sent(requests)).toEqual(['0.5s b']);
    });
  });

  it('a task whose request was not sent may be polled at once', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const poll = requestsOf(accountOf(ark), transport);
      const polled = polledTask('a');
      const left = follow(poll(polled), ({ waitUntil }) => { waitUntil(NEVER); });
      at(500, () => {
        left.stop();
        follow(poll(polled));
      });
      flush();
      expect(sent(requests)).toEqual(['0.5s a']);
    });
  });

  it('does not wait for work added after it was sent', () => {
    inVirtualTime(({ flush }) => {
      const { transport } = answering({ ...running, afterMs: seconds(2) });
      const given: Leaving[] = [];
      const seen = follow(requestsOf(accountOf(ark), transport)('a'), (leaving) => { given.push(leaving); });
      let subscribed = 0;
      at(seconds(1), () => {
        given[0]?.waitUntil(defer(() => {
          subscribed += 1;
          return NEVER;
        }));
      });
      flush();
      expect(seen.lines).toEqual(['0s leaving', '2s running', '2s |']);
      expect(subscribed).toBe(0);
    });
  });
});

describe('a task', () => {
  /** Polls one task repeatedly, as soon as each poll has ended, until an instant. */
  const polledUntil = (untilMs: number, response: (index: number) => Observable<HttpResponse>, own: Partial<PollSettings> = {}) =>
    inVirtualTime(({ flush }) => {
      const { transport, requests } = recordingTransport(response);
      const poll = requestsOf(accountOf(ark), transport)(polledTask('a'), own);
      follow(poll.pipe(repeat(), takeUntil(timer(untilMs))));
      flush();
      return requests.map(({ atMs }) => atMs / 1000);
    });

  it.each<readonly [string, (index: number) => Observable<HttpResponse>]>([
    ['an response', () => played(running)],
    ['a slow response', () => played({ ...running, afterMs: seconds(9) })],
    ['a 429', () => played(tooMany())],
    ['a 503', () => played(busy)],
    ['no response', () => played(reset)],
    ['nonsense', () => of(responseOf({ body: '<html>' }))],
  ])('is polled once in its minimum interval, for any result: %s', (_, response) => {
    expect(polledUntil(seconds(35), response)).toEqual([0, 10, 20, 30]);
  });

  it('is polled at once when its response took longer than the interval', () => {
    expect(polledUntil(seconds(35), () => played({ ...running, afterMs: seconds(12) }))).toEqual([0, 12, 24]);
  });

  it('keeps its interval after a request that was aborted', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = recordingTransport((index) => (index === 0 ? NEVER : played(running)));
      const poll = requestsOf(accountOf(ark), transport);
      const polled = polledTask('a');
      const first = follow(poll(polled));
      at(seconds(4), () => {
        first.stop();
        follow(poll(polled));
      });
      flush();
      expect(sent(requests)).toEqual(['0s a', '10s a']);
    });
  });

  it('counts its interval from when the request was sent, not from its turn in the queue', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const poll = requestsOf(accountOf(ark), transport)(polledTask('a'));
      let workMs = seconds(4);
      follow(poll.pipe(repeat(), takeUntil(timer(seconds(20)))), ({ waitUntil }) => {
        waitUntil(timer(workMs));
        workMs = 0;
      });
      flush();
      expect(sent(requests)).toEqual(['4s a', '14s a']);
    });
  });

  it('keeps the longer of the intervals of the last request and of the poll', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = answering();
      const poll = requestsOf(accountOf(ark), transport);
      const polled = polledTask('a');
      const intervals = [20, 10, 30].map((s) => poll(polled, { minIntervalMs: seconds(s) }));
      follow(concat(...intervals));
      flush();
      expect(sent(requests)).toEqual(['0s a', '20s a', '50s a']);
    });
  });

  it('waits for the Retry-After of a good response, for 2 minutes at most', () => {
    const retryAfter = (wait: number) => (): Observable<HttpResponse> => played({ ...queued, afterMs: seconds(1), headers: { 'retry-after': String(wait) } });
    expect(polledUntil(minutes(5), retryAfter(3))).toHaveLength(30);
    expect(polledUntil(seconds(100), retryAfter(30))).toEqual([0, 31, 62, 93]);
    expect(polledUntil(seconds(300), retryAfter(3_600))).toEqual([0, 121, 242]);
  });

  it('with a 429 and Retry-After makes its whole account wait', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = recordingTransport((index) => played(index === 0 ? tooMany({ 'retry-after': '7' }) : running));
      const poll = requestsOf(accountOf(ark), transport);
      follow(poll('a'));
      at(seconds(1), () => { follow(poll('b')); });
      flush();
      expect(sent(requests)).toEqual(['0s a', '7s b']);
    });
  });

  it('with a 503 and Retry-After does not make other tasks wait', () => {
    inVirtualTime(({ flush }) => {
      const { transport, requests } = recordingTransport((index) => played(index === 0 ? { ...busy, headers: { 'retry-after': '7' } } : running));
      const poll = requestsOf(accountOf(ark), transport);
      const seen = follow(poll('a'));
      at(seconds(1), () => { follow(poll('b')); });
      flush();
      expect(sent(requests)).toEqual(['0s a', '1s b']);
      expect(resultIn(seen)).toMatchObject(left({ reason: 'server', retryAfterMs: seconds(7) }));
    });
  });
});
