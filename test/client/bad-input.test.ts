import { EMPTY, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { account } from '../../src/client/account.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { parseWatchState } from '../../src/state/stored.js';
import { createTaskClient } from '../../src/client/task-client.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { marbles } from '../support/marbles.js';
import { accountOf, arkTask, brief, record, inVirtualTime, key, running, scripted, seconds, succeeded, to, recordedClient } from '../support/client.js';

/** A value that the types forbid. */
const wrong = (value: unknown): never => value as never;

type Refusal = readonly [what: string, make: () => unknown, kind: typeof TypeError | typeof RangeError, words: readonly (string | RegExp)[]];

const refuses = (table: readonly Refusal[]): void => {
  it.each(table)('%s', (_, make, kind, words) => {
    expect(make).toThrow(kind);
    for (const word of words) expect(make).toThrow(word);
  });
};

const transport = () => EMPTY;
const { client } = scripted([succeeded]);
const bigint = 5n;

describe('account() throws', () => {
  it('for an invalid provider', () => {
    for (const provider of ['ark', undefined]) expect(() => account(wrong(provider), { apiKey: key })).toThrow(`not ${String(provider)}`);
    expect(() => account(wrong('ark'), { apiKey: key })).toThrow(/^account: provider must be an export of rx-seedance\/providers\/<id>, not ark$/);
  });

  const made = (options: object) => () => account(ark, wrong({ apiKey: key, ...options }));
  refuses([
    ['without options', () => account(ark, wrong(undefined)), TypeError, ['apiKey']],
    ['without an apiKey', () => account(ark, wrong({})), TypeError, ['apiKey', 'undefined']],
    ['with an undefined apiKey, as of a variable that is not set', made({ apiKey: undefined }), TypeError, ['apiKey', 'undefined']],
    ['with an empty apiKey', made({ apiKey: '' }), TypeError, ['apiKey', 'empty']],
    ['with a blank apiKey', made({ apiKey: '  ' }), TypeError, ['apiKey', 'white space']],
    ['with a line break in the apiKey', made({ apiKey: 'sk-1\n' }), TypeError, ['apiKey', 'white space']],
    ['with a letter beyond ASCII in the apiKey', made({ apiKey: 'sk-é' }), TypeError, ['apiKey', 'ASCII']],
    ['with a quote in the apiKey', made({ apiKey: 'sk-"1"' }), TypeError, ['apiKey', 'quote']],
    ['with a backslash in the apiKey', made({ apiKey: 'sk-\\1' }), TypeError, ['apiKey', 'backslash']],
    ['with a number as apiKey', made({ apiKey: 5 }), TypeError, ['apiKey', 'number']],
    ['with an empty name', made({ name: '' }), TypeError, ['name', 'empty']],
    ['with a name that is not a string', made({ name: 5 }), TypeError, ['name', '5']],
    ['with an empty baseUrl', made({ baseUrl: '' }), TypeError, ['baseUrl', "''"]],
    ['with a relative baseUrl', made({ baseUrl: '/api/v3' }), TypeError, ['baseUrl', '/api/v3']],
    ['with a baseUrl that begins with slashes', made({ baseUrl: '//ark.example' }), TypeError, ['baseUrl', '//ark.example']],
    ['with an invalid baseUrl', made({ baseUrl: 'ark.example' }), TypeError, ['baseUrl', 'ark.example']],
    ['with an ftp baseUrl', made({ baseUrl: 'ftp://ark.example' }), TypeError, ['baseUrl', 'ftp://ark.example']],
    ['with a baseUrl of another scheme', made({ baseUrl: 'file:///etc/passwd' }), TypeError, ['baseUrl', 'file:///etc/passwd']],
    ['with a baseUrl without a host', made({ baseUrl: 'https://' }), TypeError, ['baseUrl', 'https://']],
    ['with a port that does not exist in the baseUrl', made({ baseUrl: 'https://ark.example:99999' }), TypeError, ['baseUrl', 'ark.example:99999']],
    ['with an address that does not exist in the baseUrl', made({ baseUrl: 'https://256.1.1.1/v3' }), TypeError, ['baseUrl', '256.1.1.1']],
    ['with credentials in the baseUrl', made({ baseUrl: 'https://joe:pa55@ark.example' }), TypeError, ['baseUrl', 'ark.example']],
    ['with a query in the baseUrl', made({ baseUrl: 'https://ark.example/v3?region=cn' }), TypeError, ['baseUrl']],
    ['with a fragment in the baseUrl', made({ baseUrl: 'https://ark.example/v3#top' }), TypeError, ['baseUrl']],
    ['with a space in the baseUrl', made({ baseUrl: 'https://ark.example/a b' }), TypeError, ['baseUrl', 'a b']],
    ['with null as baseUrl', made({ baseUrl: null }), TypeError, ['baseUrl', 'null']],
    ['with a URL object as baseUrl', made({ baseUrl: { toString: () => 'https://ark.example' } }), TypeError, ['baseUrl']],
    ['with plain http to a public host', made({ baseUrl: 'http://ark.example/v3' }), TypeError, ['baseUrl', 'http://ark.example/v3', 'allowInsecure']],
    ['with plain http to a host that only looks like loopback', made({ baseUrl: 'http://localhost.example' }), TypeError, ['allowInsecure']],
    ['with plain http to an address that only looks like loopback', made({ baseUrl: 'http://127.0.0.1.example' }), TypeError, ['allowInsecure']],
    ['with plain http to a private network', made({ baseUrl: 'http://10.0.0.1' }), TypeError, ['allowInsecure']],
    ['with plain http in capitals', made({ baseUrl: 'HTTP://ark.example' }), TypeError, ['allowInsecure']],
  ]);

  it('without the credentials of the baseUrl in the message', () => {
    for (const baseUrl of ['https://joe:pa55@ark.example', 'http://joe:pa55@ark.example', 'https://pa55@ark.example', 'ftp://joe:pa55@ark.example', 'https://joe:pa55@x@ark.example']) {
      expect(made({ baseUrl })).toThrow(/baseUrl/);
      expect(made({ baseUrl })).not.toThrow(/pa55/);
    }
  });

  it.each(['https://ark.example', 'https://ark.example/', 'https://ark.example:8443/a/b/', 'http://localhost:3000', 'http://127.0.0.1:8080/x', 'http://[::1]:9/', 'http://ark.localhost', 'HTTPS://ARK.EXAMPLE'])('but not with %s', (baseUrl) => {
    expect(made({ baseUrl })).not.toThrow();
  });

  it('but not for plain http if that is allowed', () => {
    expect(made({ baseUrl: 'http://ark.example/v3', allowInsecure: true })).not.toThrow();
  });
});

describe('createTaskClient() throws', () => {
  const made = (options: object) => () => createTaskClient({ transport, accounts: [accountOf(ark)], ...options });
  refuses([
    ['without options', () => createTaskClient(wrong(undefined)), TypeError, []],
    ['without a transport', made({ transport: undefined }), TypeError, ['transport', 'undefined']],
    ['with a transport that is not a function', made({ transport: { get: transport } }), TypeError, ['transport', 'object']],
    ['without accounts', made({ accounts: undefined }), TypeError, ['accounts']],
    ['with an empty list of accounts', made({ accounts: [] }), TypeError, ['accounts']],
    ['with one account that is not in an array', made({ accounts: accountOf(ark) }), TypeError, ['accounts']],
    ['with something else among its accounts', made({ accounts: [ark] }), TypeError, ['accounts']],
    ['with the same account twice', made({ accounts: [accountOf(ark), accountOf(ark)] }), TypeError, ['accounts', 'ark']],
    ['with the same name twice', made({ accounts: [accountOf(ark, { name: 'eu' }), accountOf(ark, { name: 'eu' })] }), TypeError, ['accounts', 'ark', 'eu']],
    ['with an requestTimeoutMs of 0', made({ requestTimeoutMs: 0 }), RangeError, ['requestTimeoutMs', '0']],
    ['with a negative requestTimeoutMs', made({ requestTimeoutMs: -5 }), RangeError, ['requestTimeoutMs', '-5']],
    ['with a requestTimeoutMs that is not a number', made({ requestTimeoutMs: Number.NaN }), RangeError, ['requestTimeoutMs', 'NaN']],
    ['with an endless requestTimeoutMs', made({ requestTimeoutMs: Infinity }), RangeError, ['requestTimeoutMs', 'Infinity']],
    ['with a string as requestTimeoutMs', made({ requestTimeoutMs: '30s' }), RangeError, ['requestTimeoutMs', '30s']],
    ['with a deadlineMs that is not a number', made({ deadlineMs: Number.NaN }), RangeError, ['deadlineMs', 'NaN']],
    ['with a negative deadlineMs', made({ deadlineMs: -1 }), RangeError, ['deadlineMs', '-1']],
    ['with a deadlineMs of 0', made({ deadlineMs: 0 }), RangeError, ['deadlineMs', '0']],
    ['with an endless giveUpAfterMs', made({ giveUpAfterMs: Infinity }), RangeError, ['giveUpAfterMs', 'Infinity']],
    ['with a number as policy', made({ policy: { interval: 5000 } }), TypeError, ['policy.interval', '5000']],
    ['with a string as retry', made({ policy: { retry: 'fast' } }), TypeError, ['policy.retry', 'fast']],
  ]);

  it('but not for two accounts with different names or providers', () => {
    expect(made({ accounts: [accountOf(ark), accountOf(ark, { name: 'eu' }), accountOf(anyfast)] })).not.toThrow();
  });
});

describe('watch() throws at once', () => {
  const refs = (ref: unknown) => [() => client.watch(wrong(ref)), () => client.states(wrong(ref)), () => client.query(wrong(ref))];
  const [eu, cn] = [accountOf(ark, { name: 'eu' }), accountOf(ark, { name: 'cn' })];
  const two = createTaskClient({ transport, accounts: [eu, cn] });

  it.each<[string, unknown, readonly string[]]>([
    ['no ref', undefined, ['task']],
    ['null', null, ['task']],
    ['an id alone', 'cgt-1', ['task']],
    ['an unknown provider', { provider: 'sora', id: 'x' }, ['task.provider', 'sora', 'ark', 'anyfast']],
    ['no provider', { id: 'x' }, ['task.provider', 'undefined']],
    ['an unknown account', { ...arkTask, account: 'eu' }, ['task.account', 'eu']],
    ['an empty account', { ...arkTask, account: '' }, ['task.account']],
    ['an account that is not a string', { ...arkTask, account: 5 }, ['task.account', '5']],
    ['an empty id', { provider: 'ark', id: '' }, ['task.id', '""']],
    ['the id .', { provider: 'ark', id: '.' }, ['task.id', '"."']],
    ['the id ..', { provider: 'ark', id: '..' }, ['task.id', '".."']],
    ['no id', { provider: 'ark' }, ['task.id', 'undefined']],
    ['null as id', { provider: 'ark', id: null }, ['task.id', 'null']],
    ['a number as id', { provider: 'ark', id: 154 }, ['task.id', '154']],
    ['a bigint as id', { provider: 'ark', id: bigint }, ['task.id', '5']],
    ['an object as id', { provider: 'ark', id: {} }, ['task.id']],
    ['half a character as id', { provider: 'ark', id: 'a\ud800b' }, ['task.id']],
    ['the other half', { provider: 'ark', id: '\udc00' }, ['task.id']],
  ])('for %s', (_, ref, words) => {
    for (const make of refs(ref)) {
      expect(make).toThrow(TypeError);
      for (const word of words) expect(make).toThrow(word);
    }
  });

  refuses([
    ['for a ref without an account where there are two with names', () => two.watch(arkTask), TypeError, ['task.account', 'eu', 'cn']],
    ['for an account that is not among them', () => two.watch({ ...arkTask, account: 'us' }), TypeError, ['task.account', 'us', 'eu', 'cn']],
    ['with a deadlineMs that is not a number', () => client.watch(arkTask, { deadlineMs: Number.NaN }), RangeError, ['deadlineMs', 'NaN']],
    ['with a negative deadlineMs', () => client.states(arkTask, { deadlineMs: -1 }), RangeError, ['deadlineMs', '-1']],
    ['with a giveUpAfterMs of 0', () => client.watch(arkTask, { giveUpAfterMs: 0 }), RangeError, ['giveUpAfterMs', '0']],
    ['with a giveUpAfterMs that is not a number', () => client.watch(arkTask, { giveUpAfterMs: Number.NaN }), RangeError, ['giveUpAfterMs', 'NaN']],
    ['with a negative interval for a policy', () => client.watch(arkTask, { policy: { interval: wrong(-5) } }), TypeError, ['policy.interval', '-5']],
    ['with an invalid expected duration', () => client.watch(arkTask, { expected: { durationMs: -5 } }), RangeError, ['expected.durationMs', '-5']],
    ['with a save that is not a function', () => client.watch(arkTask, { save: wrong(5) }), TypeError, ['save', '5']],
    ['with invalid options', () => client.watch(arkTask, wrong(null)), TypeError, []],
    ['from nothing', () => client.watch(arkTask, { resumeFrom: wrong(null) }), TypeError, ['WatchState', 'null']],
    ['from a string that is not JSON', () => client.watch(arkTask, { resumeFrom: wrong('cgt-1') }), TypeError, ['WatchState', 'cgt-1']],
    ['from an empty object', () => client.watch(arkTask, { resumeFrom: wrong({}) }), TypeError, ['WatchState']],
    ['from a snapshot', () => client.watch(arkTask, { resumeFrom: wrong({ status: 'running' }) }), TypeError, ['WatchState']],
    ['from an array', () => client.watch(arkTask, { resumeFrom: wrong([1]) }), TypeError, ['WatchState']],
  ]);

  it('for a state with another value in one field', () => {
    const [state] = inVirtualTime(({ flush }) => {
      const seen = record(scripted([running]).client.states(arkTask), brief, 1);
      flush();
      return seen.values;
    });
    const fields: readonly (readonly [string, unknown])[] = [
      ['version', 3], ['version', undefined], ['task', 'cgt-1'], ['baseUrl', 5], ['startedAtMs', '0'], ['startedAtMs', null], ['deadlineAtMs', 'soon'], ['deadlineKind', 'mine'],
      ['polls', Number.NaN], ['lastError', {}], ['lastError', { kind: 7 }], ['failureCount', -1], ['snapshot', {}], ['snapshot', { task: arkTask, status: 'melting' }],
      ['previousStatus', 'melting'], ['progress', '1'], ['estimated', 0], ['polledAtMs', '0'], ['nextPollAtMs', Infinity], ['ended', 'maybe'],
    ];
    expect(state).toBeDefined();
    for (const [name, value] of fields) {
      const broken = { ...state, [name]: value };
      for (const make of [() => client.watch(arkTask, { resumeFrom: wrong(broken) }), () => parseWatchState(broken)]) {
        expect(make, `${name}: ${String(value)}`).toThrow(TypeError);
        expect(make).toThrow(name);
      }
    }
  });

  it('and no request is sent', marbles(({ flush }) => {
    const { transport: sent, client: fresh } = scripted([succeeded]);
    expect(() => fresh.watch({ provider: 'ark', id: '' })).toThrow();
    flush();
    expect(sent.requests).toEqual([]);
  }));
});

describe('errors found later', () => {
  it.each([-5, Number.NaN, Infinity, '5' as never])('a policy that returns %s ends its watch with a RangeError that names the policy', (wait) => {
    for (const name of ['interval', 'retry'] as const) {
      inVirtualTime(({ flush }) => {
        const { client: own } = scripted([name === 'retry' ? { status: 503 } : running]);
        const seen = record(own.watch(arkTask, { policy: { [name]: () => wait } }), to);
        flush();
        expect(seen.error).toBeInstanceOf(RangeError);
        expect(String(seen.error)).toContain(`policy.${name}`);
        expect(String(seen.error)).toContain(String(wait));
      });
    }
  });

  it('watchConfig throws the same errors as watch()', () => {
    expect(() => watchConfig(ark, { deadlineMs: Number.NaN })).toThrow(RangeError);
    expect(() => watchConfig(ark, { giveUpAfterMs: -1 })).toThrow('giveUpAfterMs must be a finite number of ms above 0, not -1');
  });

  it('a feed throws at once for an invalid client', () => {
    expect(() => of(arkTask).pipe(watchTasks(wrong(undefined)))).toThrow('client must be a result of createTaskClient, not undefined');
  });

  it.each([-1, 1.5, Number.NaN, Infinity, '8' as never])('createTaskClient throws at once for the concurrency %s', (concurrency) => {
    const create = () => createTaskClient({ transport: () => NEVER, accounts: [accountOf(ark)], concurrency });
    expect(create).toThrow(RangeError);
    expect(create).toThrow(`concurrency must be an integer ≥ 0, not ${String(concurrency)}`);
  });

  it('createTaskClient throws for an invalid scheduler', () => {
    expect(() => createTaskClient({ transport: () => NEVER, accounts: [accountOf(ark)], scheduler: wrong({ now: () => 0 }) })).toThrow('scheduler must be an RxJS scheduler');
  });
});

describe('an id', () => {
  it.each([
    ['a/b', 'a%2Fb'],
    ['../../admin', '..%2F..%2Fadmin'],
    ['..%2f', '..%252f'],
    ['%2e%2e', '%252e%252e'],
    ['100%', '100%25'],
    ['a?b=c', 'a%3Fb%3Dc'],
    ['a#b', 'a%23b'],
    ['a b', 'a%20b'],
    [' ', '%20'],
    ['a&b', 'a%26b'],
    ['a\\b', 'a%5Cb'],
    ['a\nb', 'a%0Ab'],
    ['{id}', '%7Bid%7D'],
    ['$&', '%24%26'],
    ['任务', '%E4%BB%BB%E5%8A%A1'],
    ['😀', '%F0%9F%98%80'],
    ['...', '...'],
    ['.a', '.a'],
    ['https://evil.example/', 'https%3A%2F%2Fevil.example%2F'],
    ['x'.repeat(2000), 'x'.repeat(2000)],
  ])('is sent as one percent-encoded segment: %s', (id, segment) => {
    inVirtualTime(({ flush }) => {
      const bases = [ark.baseUrl, 'https://relay.example', 'https://relay.example/', 'https://relay.example/a/b', 'https://relay.example/a/b///', 'https://relay.example/%7Buser%7D'];
      for (const baseUrl of bases) {
        const { client: own, requests } = recordedClient([succeeded], { accounts: [accountOf(ark, { baseUrl })] });
        const seen = record(own.watch({ provider: 'ark', id }), ({ task }: { task: TaskRef }) => task.id);
        flush();
        expect(requests.map(({ url }) => url)).toEqual([`${baseUrl.replace(/\/+$/, '')}/contents/generations/tasks/${segment}`]);
        expect(seen.values[0]?.task).toEqual({ provider: 'ark', id });
      }
    });
  });

  it('is not checked further: a response with another id is accepted', marbles(({ flush }) => {
    const { client: own } = scripted([{ body: { id: 'upstream/9', status: 'succeeded', content: { video_url: 'https://videos.example/cgt-1.mp4' } } }]);
    const seen = record(own.watch(arkTask), ({ snapshot }) => snapshot.upstream?.id);
    flush();
    expect(seen.lines).toEqual(['0s upstream/9', '0s |']);
    expect(seconds(1)).toBe(1000);
  }));
});
