import { URL } from 'node:url';
import { inspect } from 'node:util';
import { map, merge, Observable, of, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import type { HttpRequest, HttpResponse, Transport } from '../../src/transport/transport.js';
import { account, type AccountOptions } from '../../src/client/account.js';
import { toFeed } from '../../src/feed/feed.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { throwIfUnsuccessful } from '../../src/client/operators.js';
import { createTaskClient } from '../../src/client/task-client.js';
import type { Provider } from '../../src/wire/provider.js';
import { marbles } from '../support/marbles.js';
import { accountOf, arkResponse, arkTask, at, record, every, inVirtualTime, key as usualKey, played, refusal, responseOf, running, seconds, succeeded, taskOf, recordedClient } from '../support/client.js';

/** Various keys. None of them is part of an ordinary response. */
const keys: readonly (readonly [string, string])[] = [
  ['a long key', 'sk-0123456789abcdef-ABCDEF'],
  ['a key of a word', 'Ark_Key_1a2b3c4d5e6f'],
  ['a uuid', '1b671a64-40d5-491e-99b0-da01ff1f3341'],
  ['a short key', 'Zq7x'],
  ['a short key with a dash', 'zq-7x'],
  ['a key with a character that JSON may escape', 'sk-back/slash/0123456789'],
  ['a key with characters that a URL escapes', 'sk-a+b/c=d&e%f?g#h;i,j'],
  ['a key with characters that a pattern escapes', 'sk-(a|b)*[c]^$.{2}+?'],
  ['a short key with such characters', 'q/$7+'],
  ['a key that begins with an escape letter', 'nvapi-0123456789abcdef'],
];

const unicode = (text: string): string => [...text].map((char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('');
const lowerEscapes = (text: string): string => encodeURIComponent(text).replace(/%../g, (escape) => escape.toLowerCase());
const percent = (text: string): string => [...text].map((char) => `%${(char.codePointAt(0) ?? 0).toString(16)}`).join('');

/** The spellings of the key. */
const formsOf = (key: string): readonly string[] => {
  const json = JSON.stringify(key).slice(1, -1);
  return [key, json, json.replaceAll('/', '\\/'), unicode(key), encodeURIComponent(key), lowerEscapes(key), encodeURIComponent(encodeURIComponent(key)), percent(key), percent(key).toUpperCase()];
};

/** Everything that a log line could show of a value. */
const shown = (value: unknown): string => {
  const error = value instanceof Error ? [value.name, value.message, value.stack ?? '', shown(value.cause), JSON.stringify(Object.getOwnPropertyDescriptors(value))] : [];
  return [JSON.stringify(value), String(value), inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: null, maxArrayLength: null }), ...error].join('\n');
};

const expectNoTrace = (key: string, what: string, values: readonly unknown[]): void => {
  for (const value of values) {
    const text = shown(value);
    for (const form of formsOf(key)) {
      const at = text.indexOf(form);
      expect(at < 0 ? null : text.slice(Math.max(0, at - 60), at + 60), `${what} shows the key`).toBeNull();
    }
  }
};

/** Watches a task in every way, and returns all output. */
const everything = (provider: Provider, options: AccountOptions, transport: Transport): readonly unknown[] =>
  inVirtualTime(({ flush }) => {
    const owner = account(provider, options);
    const client = createTaskClient({ transport, accounts: [owner], policy: every(seconds(10)), giveUpAfterMs: 1, deadlineMs: seconds(200) });
    const task = taskOf(provider);
    const records = [
      record(client.watch(task)),
      record(client.states(task)),
      record(client.query(task)),
      record(client.watch(task).pipe(throwIfUnsuccessful())),
      record(of(task).pipe(watchTasks(client))),
      record(of(task).pipe(watchTasks(client), toFeed(), map((feed) => [feed, ...feed.tasks]))),
    ];
    flush();
    return [owner, client, ...records.flatMap(({ values, error }) => [...values, error])];
  });

const consoleMethods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

beforeEach(() => {
  for (const method of consoleMethods) vi.spyOn(console, method).mockImplementation(() => undefined);
});

afterEach(() => {
  for (const method of consoleMethods) expect(console[method]).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

type Echo = (key: string) => HttpResponse;

const raw = (status: number, body: string, headers: HttpResponse['headers'] = {}): HttpResponse => ({ status, headers, body });
const json = (status: number, body: unknown, headers: HttpResponse['headers'] = {}): HttpResponse => raw(status, JSON.stringify(body), headers);
const refused = (status: number, message: string): HttpResponse => json(status, { error: { code: 'AuthenticationError', message, type: 'Unauthorized' } });

/** Responses that echo a key in various ways. */
const echoes: readonly (readonly [string, Echo])[] = [
  ['in the message of a 401', (key) => refused(401, `Invalid API key ${key}.`)],
  ['as Bearer in a message', (key) => refused(401, `bad header "Authorization: Bearer ${key}"`)],
  ['as a whole message', (key) => refused(403, key)],
  ['twice, without a space', (key) => refused(401, `${key}|${key}`)],
  ['as an error code', (key) => json(400, { error: { code: key, message: '' } })],
  ['in an error text', (key) => json(401, { error: `who is ${key}?` })],
  ['in msg under 200', (key) => json(200, { code: 1001, msg: `key ${key} has expired` })],
  ['with its characters as unicode escapes', (key) => raw(401, `{"error":{"code":"A","message":"key ${unicode(key)} unknown"}}`)],
  ['with upper-case unicode escapes', (key) => raw(401, `{"error":{"code":"A","message":"key ${unicode(key).toUpperCase().replaceAll('\\U', '\\u')} unknown"}}`)],
  ['with slashes escaped', (key) => raw(401, JSON.stringify({ error: { code: 'A', message: `key ${key} unknown` } }).replaceAll('/', '\\/'))],
  ['percent-encoded', (key) => refused(401, `GET /v1?api_key=${encodeURIComponent(key)}&x=1`)],
  ['percent-encoded in lower case', (key) => refused(401, `GET /v1?api_key=${lowerEscapes(key)}&x=1`)],
  ['percent-encoded throughout', (key) => refused(401, `GET /v1?api_key=${percent(key)}`)],
  ['percent-encoded twice', (key) => refused(401, `GET /login?to=${encodeURIComponent(`/v1?api_key=${encodeURIComponent(key)}`)}`)],
  ['in a percent-encoded header', (key) => refused(401, `header=${encodeURIComponent(`Bearer ${key}`)}`)],
  ['at the beginning of a line', (key) => refused(401, `unknown key:\n${key}\n`)],
  ['after a tab', (key) => refused(401, `unknown key:\t${key}`)],
  ['in quotes', (key) => refused(401, `unknown key "${key}" and '${key}'`)],
  ['in JSON inside a message', (key) => refused(401, JSON.stringify({ headers: { authorization: `Bearer ${key}` } }))],
  ['in an HTML page', (key) => raw(502, `<html><pre>Authorization: Bearer ${key}</pre></html>`)],
  ['in an HTML page under 200', (key) => raw(200, `<html><pre>${key}</pre></html>`)],
  ['in plain text', (key) => raw(200, `no such key: ${key}`)],
  ['in JSON of something else', (key) => json(200, { hello: key })],
  ['in a redirect', (key) => raw(302, '', { location: `https://login.example/?token=${encodeURIComponent(key)}` })],
  ['in the headers of an response', (key) => json(200, { id: 'cgt-1', status: 'succeeded' }, { 'x-request-id': key, 'x-echo': `Bearer ${key}`, 'retry-after': key })],
  ['as model', (key) => json(200, { id: 'cgt-1', status: 'failed', model: key })],
  ['as failure', (key) => json(200, { id: 'cgt-1', status: 'failed', error: { code: key, message: `because of ${key}` } })],
  ['as the id of the response', (key) => json(200, { id: key, status: 'succeeded' })],
  ['as status word', (key) => json(200, { id: 'cgt-1', status: key })],
  ['as a name in the body', (key) => json(200, { id: 'cgt-1', status: 'succeeded', extra: { [key]: { deep: [[key]] } } })],
  ['in the link of the video', (key) => json(200, { id: 'cgt-1', status: 'succeeded', content: { video_url: `https://v.example/1.mp4?k=${encodeURIComponent(key)}` } })],
  ['in the echoed request', (key) => json(200, { id: 'cgt-1', status: 'succeeded', message: `with ${key}`, request: { model: key, content: [{ text: key }] } })],
];

describe.each(keys)('%s', (_, key) => {
  it.each(echoes)('is never shown when a response echoes it %s', (__, echo) => {
    expectNoTrace(key, 'an echo', everything(ark, { apiKey: key }, () => of(echo(key))));
  });

  it('is never shown when an envelope echoes it', () => {
    const envelope = (status: string) => json(200, {
      code: 'success', message: `hello ${key}`, data: { task_id: key, status, fail_reason: `no ${key}`, result_url: key, request_id: key, data: { id: key, error: { message: key } } },
    });
    for (const status of ['IN_PROGRESS', 'FAILURE', 'SUCCESS']) {
      const steps = [envelope('IN_PROGRESS'), envelope(status), json(403, { code: 'no', message: key })];
      let sent = 0;
      expectNoTrace(key, status, everything(anyfast, { apiKey: key }, () => of(steps[Math.min(sent++, 2)] ?? envelope(status))));
    }
  });

  const errors: readonly (readonly [string, (request: HttpRequest) => unknown])[] = [
    ['a message with it', () => new Error(`connect failed for Bearer ${key}`)],
    ['a message of all headers', ({ headers }) => new Error(`Invalid header in ${JSON.stringify(headers)}`)],
    ['a message of the inspected headers', ({ headers }) => new Error(`no match for ${inspect(headers)}`)],
    ['a message of the whole request', (request) => new TypeError(JSON.stringify(request))],
    ['a message with it percent-encoded', () => new Error(`https://x.example/?key=${encodeURIComponent(key)}`)],
    ['a cause and a config', ({ headers }) => Object.assign(new Error('failed', { cause: new Error(String(headers['authorization'])) }), { config: { headers } })],
    ['a string', ({ headers }) => `no connection for ${String(headers['authorization'])}`],
    ['the headers themselves', ({ headers }) => headers],
    ['an object with a message', ({ headers }) => ({ message: headers['authorization'] })],
    ['a name', () => Object.assign(new Error(''), { name: `KeyError ${key}` })],
    ['nothing', () => undefined],
    ['an object that has no text', () => Object.create(null)],
  ];

  it.each(errors)('is never shown when a transport emits %s as an error', (__, errorOf) => {
    expectNoTrace(key, 'an error', everything(ark, { apiKey: key }, (request) => throwError(() => errorOf(request))));
  });

  it.each(errors)('is never shown when a transport throws %s', (__, errorOf) => {
    expectNoTrace(key, 'a thrown error', everything(ark, { apiKey: key }, (request) => { throw errorOf(request); }));
    expectNoTrace(key, 'an error thrown on subscribing', everything(ark, { apiKey: key }, (request) => new Observable(() => { throw errorOf(request); })));
  });

  it('is sent in the authorization header and nowhere else', marbles(({ flush }) => {
    const { client, requests } = recordedClient([running, running, succeeded], { accounts: [account(ark, { apiKey: key })], policy: every(seconds(10)) });
    record(client.watch(arkTask));
    flush();
    expect(requests).toHaveLength(3);
    for (const { url, headers } of requests) {
      const { authorization, ...others } = headers;
      expect(authorization).toBe(`Bearer ${key}`);
      expectNoTrace(key, 'the rest of a request', [url, others]);
    }
  }));
});

describe('a key', () => {
  it('is not shown in part when a long error message is cut', () => {
    for (let before = 250; before <= 300; before += 3) {
      const message = `${'x'.repeat(before)}${usualKey}${'y'.repeat(50)}`;
      for (const value of everything(ark, { apiKey: usualKey }, () => throwError(() => new Error(message)))) {
        expect(shown(value), `after ${String(before)} characters`).not.toContain(usualKey.slice(0, 8));
      }
    }
  });

  it('is not shown in part when a long body is cut', () => {
    for (let before = 240; before <= 300; before += 3) {
      for (const status of [200, 401, 502]) {
        for (const value of everything(ark, { apiKey: usualKey }, () => of(raw(status, `${'x'.repeat(before)}${usualKey}${'y'.repeat(50)}`)))) {
          expect(shown(value), `after ${String(before)} characters`).not.toContain(usualKey.slice(0, 8));
        }
      }
    }
  });

  it('is redacted in a response that stays readable', () => {
    for (const [, key] of keys) {
      const bodies = [
        JSON.stringify({ id: 'cgt-1', status: 'succeeded', note: `C:\\${key}` }),
        JSON.stringify({ id: 'cgt-1', status: 'succeeded', note: JSON.stringify({ key }) }),
        JSON.stringify({ id: 'cgt-1', status: 'succeeded', note: `"${key}"`, [key]: key }),
        `{"id":"cgt-1","status":"succeeded","note":"${unicode(key)}"}`,
      ];
      for (const body of bodies) {
        const values = everything(ark, { apiKey: key }, () => of(raw(200, body)));
        expectNoTrace(key, body, values);
        expect(values[2], `${key} in ${body}`).toMatchObject({ to: 'succeeded' });
      }
    }
  });

  it('is not shown in the error for an invalid key', () => {
    const bad = [`${usualKey}\n`, ` ${usualKey}`, `${usualKey}\u0000`, `${usualKey} x`, `Bearer ${usualKey}`, `${usualKey}é`];
    for (const apiKey of bad) {
      let error: unknown = null;
      try {
        account(ark, { apiKey });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(TypeError);
      expectNoTrace(usualKey, JSON.stringify(apiKey), [error]);
      expectNoTrace(usualKey, 'a function that gives it', everything(ark, { apiKey: () => apiKey }, () => of(responseOf(running))));
    }
  });

  it.each([
    ['in its query', `https://relay.example/v1?key=${usualKey}`],
    ['in its fragment', `https://relay.example/v1#${usualKey}`],
    ['as a password', `https://user:${usualKey}@relay.example/v1`],
    ['as a user', `https://${usualKey}@relay.example/v1`],
    ['as a user with an @', `https://a@b:${usualKey}@relay.example/v1`],
    ['as a password without slashes', `https:user:${usualKey}@relay.example/v1`],
    ['as a password without a scheme', `user:${usualKey}@relay.example`],
    ['as a password over plain http', `http://user:${usualKey}@relay.example`],
  ])('is not shown when a base URL holds it %s', (_, baseUrl) => {
    const make = () => account(ark, { apiKey: usualKey, baseUrl });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/baseUrl/);
    try {
      make();
    } catch (error) {
      expectNoTrace(usualKey, baseUrl, [error]);
    }
  });

  it('stays out of an account, before and after it was used', () => {
    for (const apiKey of [usualKey, () => usualKey]) {
      const owner = account(ark, { apiKey, name: 'mine' });
      expectNoTrace(usualKey, 'an account', [owner]);
      owner.credentials();
      expectNoTrace(usualKey, 'a used account', [owner, { ...owner }, [owner], structuredCloneable(owner)]);
    }
  });
});

/** The parts of an object that can be sent to another thread. */
const structuredCloneable = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe('a function that returns the key', () => {
  const rotating = ['sk-first-0123456789', 'sk-second-0123456789', 'sk-third-0123456789'];

  it('is called for each request, and the newest key is sent', marbles(({ flush }) => {
    let given = 0;
    const { client, requests } = recordedClient([running, running, succeeded], { accounts: [account(ark, { apiKey: () => rotating[given++] ?? '' })], policy: every(seconds(10)) });
    expect(given).toBe(0);
    record(client.watch(arkTask));
    flush();
    expect(requests.map(({ headers }) => headers['authorization'])).toEqual(rotating.map((key) => `Bearer ${key}`));
  }));

  it('no response shows the key of its own request', () => {
    let given = 0;
    const nextKey = () => rotating[given++ % 3] ?? '';
    const echo: Transport = ({ headers }) => of(json(503, { error: { code: 'X', message: `${String(headers['authorization'])} is not known` } }));
    const values = everything(ark, { apiKey: nextKey }, echo);
    for (const key of rotating) expectNoTrace(key, key, values);
  });

  it('no response shows a key that was sent before, such as one from a cache', () => {
    let given = 0;
    const nextKey = () => rotating[Math.min(given++, 2)] ?? '';
    const [oldest = ''] = rotating;
    const values = everything(ark, { apiKey: nextKey }, () => of(json(503, { error: { code: 'X', message: `${oldest} is not known` } })));
    expectNoTrace(oldest, 'the key before', values);
  });

  it('that throws gives an error as the result of the poll, and the watch continues', marbles(({ flush }) => {
    let given = 0;
    const apiKey = () => {
      given += 1;
      if (given === 2) throw new Error('the vault is closed');
      return usualKey;
    };
    const { client, requests } = recordedClient([running, succeeded], { accounts: [account(ark, { apiKey })], policy: every(seconds(10)) });
    const seen = record(client.states(arkTask), ({ lastError, snapshot }) => lastError?.message ?? snapshot?.status);
    flush();
    expect(seen.lines).toMatchObject(['0s running', expect.stringMatching(/^10s .*apiKey/), '20s succeeded', '20s |']);
    expect(requests).toHaveLength(2);
  }));

  it('that throws does not show the key in the message', () => {
    let given = 0;
    const apiKey = () => {
      given += 1;
      if (given % 2 === 0) throw new Error(`cannot renew ${usualKey}`);
      return usualKey;
    };
    expectNoTrace(usualKey, 'a failed renewal', everything(ark, { apiKey }, () => of(responseOf(running))));
  });

  it.each([['nothing', ''], ['no text', 5], ['undefined', undefined], ['a promise', Promise.resolve(usualKey)]])('that returns %s sends nothing', (_, given) => {
    inVirtualTime(({ flush }) => {
      const { client, requests } = recordedClient([succeeded], { accounts: [account(ark, { apiKey: (() => given) as never })], giveUpAfterMs: 1 });
      const seen = record(client.watch(arkTask));
      flush();
      expect(requests).toEqual([]);
      expect(String(seen.error)).toMatch(/apiKey/);
    });
  });
});

describe('without a key', () => {
  it('no Authorization is sent', marbles(({ flush }) => {
    const { client, requests } = recordedClient([succeeded], { accounts: [account(ark, { apiKey: null, baseUrl: 'https://mine.example/ark' })] });
    const seen = record(client.watch(arkTask));
    flush();
    expect(seen.lines).toHaveLength(2);
    expect(requests.map(({ url, headers }) => [url, Object.keys(headers)])).toEqual([
      ['https://mine.example/ark/contents/generations/tasks/cgt-1', ['accept']],
    ]);
  }));
});

describe('requests', () => {
  it('go to the account\'s own origin only, whatever a response contains', marbles(({ flush }) => {
    const steps = [
      raw(302, '', { location: 'https://evil.example/' }),
      raw(307, '', { location: 'http://169.254.169.254/latest' }),
      json(200, { id: 'https://evil.example/../x', status: 'running', url: 'https://evil.example' }),
      responseOf(arkResponse('succeeded')),
    ];
    const { client, requests } = recordedClient((index) => of(steps[index] ?? raw(500, '')), { accounts: [account(ark, { apiKey: usualKey })], policy: every(seconds(10)) });
    const seen = record(client.watch(arkTask));
    flush();
    expect(seen.lines.at(-1)).toContain('|');
    expect(new Set(requests.map(({ url }) => url))).toEqual(new Set(['https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks/cgt-1']));
  }));

  it('of two accounts each have their own key', marbles(({ flush }) => {
    const accounts = [
      account(ark, { apiKey: 'key-of-china', name: 'cn' }),
      account(ark, { apiKey: 'key-of-europe', name: 'eu', baseUrl: 'https://eu.example' }),
    ];
    const { client, requests } = recordedClient([succeeded], { accounts });
    for (const name of ['cn', 'eu']) record(client.watch({ ...arkTask, account: name }));
    flush();
    expect(requests.map(({ url, headers }) => [new URL(url).host, headers['authorization']])).toEqual([
      ['ark.cn-beijing.volces.com', 'Bearer key-of-china'], ['eu.example', 'Bearer key-of-europe'],
    ]);
  }));
});

it.each(['/abcdefghijklmnop', '/short', '//abcdefghijklmnop', 'abc/defghijklmnop'])('a long run of backslashes is searched for %s quickly', (apiKey) => {
  const { redact } = account(ark, { apiKey }).credentials();
  const text = '\\'.repeat(50_000);
  const started = performance.now();
  expect(redact(text)).toBe(text);
  expect(performance.now() - started).toBeLessThan(1000);
});

it('a key that begins with a slash is found, however often that is escaped', () => {
  const { redact } = account(ark, { apiKey: '/abcdefghijklmnop' }).credentials();
  for (const echo of ['/abcdefghijklmnop', '\\/abcdefghijklmnop', '\\\\\\/abcdefghijklmnop', '%2fabcdefghijklmnop', '\\u002Fabcdefghijklmnop']) {
    expect(redact(`key ${echo} is bad`)).not.toContain('abcdefghijklmnop');
  }
  expect(redact('x\\/abcdefghijklmnop\\/abcdefghijklmnop')).toBe('x[key][key]');
});

it('a response never shows the key of its own request, also after many other keys', marbles(({ flush }) => {
  let count = 0;
  const { client } = recordedClient((index, { headers }) =>
    played(index === 0 ? { ...refusal(401, 'AuthenticationError', `what is ${String(headers['authorization'])}?`), afterMs: seconds(5) } : running), { accounts: [accountOf(ark, { apiKey: () => `sk-${String((count += 1))}-0123456789abcdef` })] });
  const seen = record(client.states(arkTask), (state) => JSON.stringify(state), seconds(8));
  at(seconds(1), () => { record(merge(...Array.from({ length: 6 }, (_, index) => client.states(taskOf(ark, `other-${String(index)}`)))), String, seconds(8)); });
  flush();
  expect(count).toBe(7);
  expect(seen.lines).toHaveLength(1);
  expect(seen.lines[0]).toContain('[key]');
  expect(seen.lines[0]).not.toContain('0123456789abcdef');
}));
