/**
 * One request of an account by itself: what leaves, in what order, and what an error is.
 */
import { isLeft, isRight, left } from 'fp-ts/Either';
import { EMPTY, map, NEVER, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { ark } from '../../src/providers/ark.js';
import type { HttpRequest, Transport } from '../../src/transport/transport.js';
import type { Gate } from '../../src/transport/gate.js';
import { pathOf, sender } from '../../src/client/question.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { accountOf, arkTask, diary, inVirtualTime, key, livingTransport, played, responseOf, running, succeeded, to } from '../support/client.js';
import { marbles } from '../support/marbles.js';

const straight: Gate = (question) => question;
const path = pathOf(ark.path, { provider: 'ark', id: 'cgt/1' });

/** A transport that keeps what it is given. */
const kept = (requests: HttpRequest[]): Transport => (request) => {
  requests.push(request);
  return timer(10).pipe(map(() => responseOf(running)));
};

it('is a GET of its path below the base URL, with the key and nothing else', () => {
  inVirtualTime(({ flush }) => {
    const requests: HttpRequest[] = [];
    const send = sender(accountOf(ark, { baseUrl: 'https://proxy.example/ark/' }), kept(requests), 1_000);
    const seen = diary(send({ dueAtMs: 0, gate: straight, leave: () => path }), (sent) => isRight(sent));
    flush();
    expect(requests).toEqual([{
      method: 'GET',
      url: 'https://proxy.example/ark/contents/generations/tasks/cgt%2F1',
      headers: { accept: 'application/json', authorization: `Bearer ${key}` },
    }]);
    expect(seen.lines).toEqual(['0.01s true', '0.01s |']);
  });
});

it('of those that wait for the budget, the one that fell due first leaves first', () => {
  inVirtualTime(({ flush }) => {
    const requests: HttpRequest[] = [];
    const send = sender(accountOf(ark, { budget: { concurrent: 1 } }), kept(requests), 1_000);
    for (const dueAtMs of [5, 9, 1, 7]) send({ dueAtMs, gate: straight, leave: () => `/${String(dueAtMs)}` }).subscribe();
    flush();
    expect(requests.map(({ url }) => url.split('/').at(-1))).toEqual(['5', '1', '7', '9']);
  });
});

it('nothing leaves when there is nothing to ask any more', () => {
  inVirtualTime(({ flush }) => {
    const requests: HttpRequest[] = [];
    const seen = diary(sender(accountOf(ark), kept(requests), 1_000)({ dueAtMs: 0, gate: straight, leave: () => null }));
    flush();
    expect(requests).toEqual([]);
    expect(seen.lines).toEqual(['0s |']);
  });
});

it('its time begins when it leaves, not in the line, and says how long it was', () => {
  inVirtualTime(({ flush }) => {
    const send = sender(accountOf(ark, { budget: { concurrent: 1 } }), (request) => (request.url.endsWith('/first') ? timer(900).pipe(map(() => responseOf(running))) : NEVER), 1_000);
    diary(send({ dueAtMs: 0, gate: straight, leave: () => '/first' }));
    const seen = diary(send({ dueAtMs: 0, gate: straight, leave: () => '/second' }));
    flush();
    expect(seen.values).toEqual([left({ kind: 'timeout', message: 'no answer within 1000 ms' })]);
    expect(seen.lines[0]).toMatch(/^1\.9s /);
  });
});

it('what goes wrong before it leaves is an error, unchanged; what goes wrong after that is an answer', () => {
  inVirtualTime(({ flush }) => {
    const broken = new Error('broken');
    const send = sender(accountOf(ark), () => throwError(() => new Error('read ECONNRESET')), 1_000);
    const before = [
      diary(send({ dueAtMs: 0, gate: () => throwError(() => broken), leave: () => path })),
      diary(send({ dueAtMs: 0, gate: straight, leave: () => { throw broken; } })),
    ];
    const after = diary(send({ dueAtMs: 0, gate: straight, leave: () => path }), isLeft);
    flush();
    for (const { error } of before) expect(error).toBe(broken);
    expect(after.values).toEqual([left({ kind: 'transport', message: 'read ECONNRESET' })]);
  });
});

it('an answer of no value is a trouble', () => {
  inVirtualTime(({ flush }) => {
    const seen = diary(sender(accountOf(ark), () => EMPTY, 1_000)({ dueAtMs: 0, gate: straight, leave: () => path }));
    flush();
    expect(seen.values).toMatchObject([{ left: { kind: 'transport' } }]);
  });
});

const unreadable = new Proxy({}, { get: () => { throw new Error('the getter'); } });
const objectAsMessage = Object.assign(new Error(), { message: { code: 502 } as unknown as string });

it.each([
  ['without a prototype', Object.create(null) as unknown],
  ['whose message is an object', objectAsMessage],
  ['that throws when it is looked at', unreadable],
])('an error %s is a trouble like any other', (_, error) => {
  marbles(({ flush }) => {
    const { transport } = livingTransport((index) => (index === 0 ? throwError(() => error) : played(succeeded)));
    const client = createTaskClient({ transport, accounts: [accountOf(ark)] });
    const seen = diary(client.watch(arkTask), to);
    flush();
    expect(seen.lines).toEqual(['10s succeeded', '10s |']);
  })();
});
