import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark, arkRegions } from '../../src/providers/ark.js';
import { kyyaipower, kyyaipowerV2 } from '../../src/providers/kyyaipower.js';
import { account, accountFinder, isLoopback } from '../../src/client/account.js';
import { defineProvider } from '../../src/wire/provider.js';
import type { KeyHeader } from '../../src/wire/facts.js';
import { flatVideo } from '../../src/wire/flat-video.js';
import { marbles } from '../support/marbles.js';
import { accountOf, anyfastResponse, arkTask, at, brief, record, key, played, seconds, succeeded, taskOf, to, recordedClient } from '../support/client.js';

describe('account', () => {
  it('is one key at one base URL of a provider', () => {
    expect(account(ark, { apiKey: key })).toMatchObject({ provider: ark, name: null, baseUrl: ark.baseUrl });
    expect(account(ark, { apiKey: key, name: 'eu', baseUrl: arkRegions['eu-west'] })).toMatchObject({ name: 'eu', baseUrl: arkRegions['eu-west'] });
  });

  it('has its base URL without trailing slashes, with any path', () => {
    expect(account(ark, { apiKey: key, baseUrl: 'https://relay.example/a//' }).baseUrl).toBe('https://relay.example/a');
  });

  it.each([
    ['https://relay.example/kyyReactApiServer/v1', 'https://relay.example/kyyReactApiServer'],
    ['https://relay.example/v1/', 'https://relay.example'],
    ['https://relay.example/v1/result', 'https://relay.example'],
    ['https://relay.example/a/v1/b', 'https://relay.example/a/v1/b'],
    ['https://relay.example/av1', 'https://relay.example/av1'],
    ['https://relay.example/v1/v1', 'https://relay.example/v1'],
    ['https://v1', 'https://v1'],
  ])('joins %s and /v1/result/{id} once', (baseUrl, joined) => {
    expect(account(kyyaipower, { apiKey: key, baseUrl }).baseUrl).toBe(joined);
  });

  it('writes the key as its provider takes it', () => {
    const credentialsWith = (auth?: KeyHeader) => account(defineProvider({ ...kyyaipower, dialect: flatVideo, ...(auth && { auth }) }), { apiKey: key }).credentials();
    expect(credentialsWith().headers).toEqual({ accept: 'application/json', authorization: `Bearer ${key}` });
    expect(credentialsWith({ header: 'authorization', scheme: 'Key' }).headers).toEqual({ accept: 'application/json', authorization: `Key ${key}` });
    expect(credentialsWith({ header: 'x-api-key', scheme: '' }).headers).toEqual({ accept: 'application/json', 'x-api-key': key });
    expect(credentialsWith({ header: 'x-api-key', scheme: '' }).redact(`bad key ${key}`)).toBe('bad key [key]');
  });

  it("leaves a provider's own base URL as it is", () => {
    const doubled = defineProvider({ ...kyyaipower, dialect: flatVideo, baseUrl: 'https://api.example/v1' });
    expect(account(doubled, { apiKey: key }).baseUrl).toBe('https://api.example/v1');
    for (const provider of [ark, kyyaipower]) expect(account(provider, { apiKey: key, baseUrl: provider.baseUrl }).baseUrl).toBe(provider.baseUrl);
  });

  it('sends the key as a bearer token, and accepts JSON', () => {
    expect(account(ark, { apiKey: key }).credentials().headers).toEqual({ accept: 'application/json', authorization: `Bearer ${key}` });
  });

  it('sends no Authorization without a key', () => {
    const { headers, redact } = account(ark, { apiKey: null }).credentials();
    expect(headers).toEqual({ accept: 'application/json' });
    expect(redact('a string')).toBe('a string');
  });

  it('uses lists by default', () => {
    expect([{}, { batch: true }, { batch: false }].map((options) => account(ark, { apiKey: key, ...options }).batch)).toEqual([true, true, false]);
  });

  it('redacts the last four different keys that it sent', () => {
    let current = '';
    const owner = account(ark, { apiKey: () => current });
    const keys = ['first', 'second', 'third', 'fourth', 'fifth'].map((name) => `sk-${name}-0123456789`);
    for (const used of keys) {
      current = used;
      for (let times = 0; times < 5; times += 1) owner.credentials();
    }
    expect(keys.map((used) => owner.credentials().redact(used) === '[key]')).toEqual([false, true, true, true, true]);
  });

  it('reports that its function threw, without the message', () => {
    const owner = account(ark, { apiKey: () => { throw new Error(`no such variable: ${key}`); } });
    expect(() => owner.credentials()).toThrow(new TypeError('account ark: the function apiKey threw'));
  });

  it.each([
    ['https://ark.example/v3?token=secret', 'https://ark.example/v3…'],
    ['https://ark.example/v3#secret', 'https://ark.example/v3…'],
    ['https://joe:secret@ark.example', '…@ark.example'],
    [' https://ark.example', ' https://ark.example'],
  ])('rejects %j, and shows only %j of it', (baseUrl, shown) => {
    const refusal = `account ark: baseUrl must be an absolute http(s) URL without user, query and fragment, not '${shown}'`;
    expect(() => account(ark, { apiKey: key, baseUrl })).toThrow(new TypeError(refusal));
  });

  it.each(['a\nb', '\u00e9-key', ' key', 'a key'])('rejects the key %j', (apiKey) => {
    expect(() => account(ark, { apiKey })).toThrow('account ark: apiKey must contain only ASCII characters, without white space, quotes and backslashes');
  });

  it('calls the key function for each request, just before it is sent', () => {
    let given = 0;
    const owner = account(ark, { apiKey: () => `sk-${String(++given)}` });
    expect(given).toBe(0);
    expect([owner.credentials(), owner.credentials()].map(({ headers }) => headers['authorization'])).toEqual(['Bearer sk-1', 'Bearer sk-2']);
  });

  it('redacts its key anywhere in a string, and leaves the rest', () => {
    const { redact } = account(ark, { apiKey: key }).credentials();
    expect(redact(`before ${key}, between ${key}${key} and ${encodeURIComponent(key)} after`)).toBe('before [key], between [key][key] and [key] after');
    expect(redact(`less than 12 characters of it: ${key.slice(0, 11)}`)).toBe(`less than 12 characters of it: ${key.slice(0, 11)}`);
    expect(redact('')).toBe('');
  });

  it('does not redact words that contain a short key', () => {
    const { redact } = account(ark, { apiKey: 'run' }).credentials();
    expect(redact('{"status":"running","key":"run"}')).toBe('{"status":"running","key":"[key]"}');
  });

  it('searches a long string quickly', () => {
    const { redact } = account(ark, { apiKey: 'a'.repeat(40) }).credentials();
    const started = performance.now();
    redact('a'.repeat(39).concat('b').repeat(25_000));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('is displayed without its key', () => {
    const owner = account(ark, { apiKey: key });
    owner.credentials();
    expect(inspect(owner, { depth: Infinity, showHidden: true }) + JSON.stringify(owner)).not.toContain(key);
  });
});

it('this machine is localhost and its subdomains, 127.0.0.0/8, and ::1', () => {
  const own = ['http://localhost', 'http://LOCALHOST:80/x', 'http://ark.localhost', 'http://127.0.0.1', 'https://127.255.254.253:8', 'http://[::1]:9'];
  const others = ['http://notlocalhost', 'http://localhost.example', 'http://8.127.0.0.1', 'http://127.0.0.1.example', 'http://[::11]', 'http://10.0.0.1', 'localhost', ''];
  expect(own.filter((baseUrl) => !isLoopback(baseUrl))).toEqual([]);
  expect(others.filter(isLoopback)).toEqual([]);
});

describe('the account of a ref', () => {
  it('is found only among results of account()', () => {
    for (const other of [null, 'ark', {}, { credentials: key }, ark]) {
      expect(() => accountFinder([accountOf(ark), other as never])).toThrow(new TypeError('accounts must be a non-empty array of results of account()'));
    }
  });

  it('that is missing throws an error with the known accounts', () => {
    const find = accountFinder([accountOf(ark), accountOf(ark, { name: 'eu' }), accountOf(kyyaipower)]);
    const known = 'ark, ark (eu), kyyaipower';
    expect(() => find({ ...arkTask, account: 'cn' })).toThrow(new TypeError(`task.account: no account for 'cn'; the accounts are: ${known}`));
    expect(() => find({ provider: 'anyfast', id: 'cgt-1' })).toThrow(new TypeError(`task.provider: no account for 'anyfast'; the accounts are: ${known}`));
  });

  const sent = (refAccount: string | undefined, names: readonly (string | null)[]): Promise<readonly string[]> =>
    new Promise((resolve) => {
      marbles(({ flush }) => {
        const accounts = names.map((name) => account(ark, { apiKey: `key-of-${String(name)}`, ...(name === null ? {} : { name }) }));
        const { client, requests } = recordedClient([succeeded], { accounts });
        record(client.watch({ ...arkTask, ...(refAccount === undefined ? {} : { account: refAccount }) }), to);
        flush();
        resolve(requests.map(({ headers }) => headers['authorization'] ?? ''));
      })();
    });

  it.each<[string, string | undefined, readonly (string | null)[], string]>([
    ['the only one, without a name', undefined, [null], 'null'],
    ['the only one, although it has a name', undefined, ['eu'], 'eu'],
    ['the only one, by its name', 'eu', ['eu'], 'eu'],
    ['the one without a name among several', undefined, ['eu', null, 'cn'], 'null'],
    ['the one of the name among several', 'cn', ['eu', null, 'cn'], 'cn'],
  ])('is %s', async (_, refAccount, names, expected) => {
    expect(await sent(refAccount, names)).toEqual([`Bearer key-of-${expected}`]);
  });

  it('of a provider with an older and a newer address is found by the same id', marbles(({ flush }) => {
    const accounts = [accountOf(kyyaipower), accountOf(kyyaipowerV2, { name: 'today' })];
    const { client, requests } = recordedClient([{ body: { id: 'cgt-1', status: 'completed', video_url: 'https://videos.example/cgt-1.mp4' } }], { accounts });
    record(client.watch(taskOf(kyyaipower)), to);
    record(client.watch({ ...taskOf(kyyaipower), account: 'today' }), to);
    flush();
    expect(requests.map(({ url }) => url)).toEqual([
      'https://zcbservice.aizfw.cn/kyyAiPower/v1/result/cgt-1', 'https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/cgt-1',
    ]);
  }));
});

describe('the rate limit and the lists of an account', () => {
  it.each([0, -1, 1.5, Number.NaN, '60'])('a limit of %s throws an error with its name', (limit) => {
    expect(() => account(ark, { apiKey: key, rateLimit: { perMinute: limit as never } })).toThrow(`rateLimit.perMinute must be an integer ≥ 1, not ${String(limit)}`);
    expect(() => account(ark, { apiKey: key, rateLimit: { maxInFlight: limit as never } })).toThrow(RangeError);
  });

  it('a rate limit that is not an object, and a batch that is not a boolean, throw errors with their names', () => {
    expect(() => account(ark, { apiKey: key, rateLimit: 60 as never })).toThrow('account ark: rateLimit must be an object of limits, not 60');
    expect(() => account(ark, { apiKey: key, batch: 'no' as never })).toThrow('account ark: batch must be true or false, not no');
  });
});

it.each(['429', 'RateLimitExceeded.EndpointRPMExceeded'])('the code %s with status 200 makes the whole account back off, like a 429', (code) => {
  marbles(({ flush }) => {
    const { client, requests } = recordedClient((index) =>
      played(index === 0 ? { status: 200, headers: { 'retry-after': '30' }, body: { code, message: 'too many requests' } } : anyfastResponse('IN_PROGRESS')), { accounts: [accountOf(anyfast)] });
    const first = record(client.states(taskOf(anyfast, 'a')), brief, seconds(40));
    at(seconds(1), () => { record(client.states(taskOf(anyfast, 'b')), brief, seconds(40)); });
    flush();
    expect(first.lines[0]).toBe('0s rate-limited x1');
    expect(requests[1]?.atMs).toBeGreaterThanOrEqual(seconds(30));
  })();
});

it('a response that only mentions 429 or a rate limit does not make the account back off', marbles(({ flush }) => {
  const { client, requests } = recordedClient([anyfastResponse('IN_PROGRESS', { fail_reason: 'RateLimitExceeded, code: 429' })], { accounts: [accountOf(anyfast)] });
  for (const id of ['a', 'b']) record(client.watch(taskOf(anyfast, id)), to, seconds(1));
  flush();
  expect(requests.map(({ atMs }) => atMs)).toEqual([0, 0]);
}));
