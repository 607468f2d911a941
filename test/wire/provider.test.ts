import { type Either, left, right } from 'fp-ts/Either';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSnapshot } from '../../src/task/snapshot.js';
import { ark } from '../../src/wire/ark.js';
import { flatVideo } from '../../src/wire/flat-video.js';
import { defineProvider, type Dialect, noSettings, type ProviderFacts, type ReadFailure, statusOf } from '../../src/wire/index.js';
import { newApi } from '../../src/wire/new-api.js';
import { withRaw } from '../support/readings.js';

const facts: ProviderFacts<'mine'> = {
  id: 'mine',
  name: 'Mine',
  baseUrl: 'https://api.example.com/v1',
  path: '/tasks/{id}',
  dialect: ark,
  retention: { recordMs: 7_000, cancelledRecordMs: 1_000, videoMs: 5_000 },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://docs.example.com',
  pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 20_000 } }),
  expectedTimeMs: () => null,
};

const task = { provider: 'mine', id: 'requested' };
const text = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));
const read = (body: unknown, dialect: Dialect = ark, headers: Readonly<Record<string, string>> = {}, status = 200): Either<ReadFailure, TaskSnapshot> =>
  withRaw(defineProvider({ ...facts, dialect }).read(task, { status, headers, body: text(body) }));

describe('defineProvider', () => {
  it('keeps the facts, and takes the name and the status words of the dialect', () => {
    const { dialect: _, ...rest } = facts;
    expect(defineProvider(facts)).toEqual({ ...rest, dialect: 'ark', statuses: ark.statuses, list: null, create: null, cancels: false, task: expect.any(Function), otherBaseUrls: {}, assumed: {}, auth: { header: 'authorization', scheme: 'Bearer' }, read: expect.any(Function), readList: expect.any(Function), readWith: expect.any(Function), isRelayFailure: expect.any(Function) });
    const list = { pathOf: () => '/tasks' };
    expect(defineProvider({ ...facts, list }).list).toBe(list);
  });

  it('makes refs of the provider from ids', () => {
    expect(['a', 'b'].map(defineProvider(facts).task)).toEqual([{ provider: 'mine', id: 'a' }, { provider: 'mine', id: 'b' }]);
    expect(defineProvider({ ...defineProvider(facts), dialect: ark, id: 'other' }).task('a')).toEqual({ provider: 'other', id: 'a' });
  });

  it.each(['https://api.example.com', 'https://api.example.com/a/b', 'http://127.0.0.1:8080', 'http://localhost:3000/mock', 'http://[::1]:8080'])(
    'takes %s for an address',
    (baseUrl) => {
      expect(defineProvider({ ...facts, baseUrl }).baseUrl).toBe(baseUrl);
    },
  );

  it.each([
    '',
    'api.example.com',
    '//api.example.com',
    'ftp://api.example.com',
    'https://',
    'https://api.example.com/',
    'https://api.example.com/v1/',
    'https://api.example.com?key=1',
    'https://api.example.com/#top',
    ' https://api.example.com',
    'https://api.example.com ',
    'https://api example.com',
  ])('names the field and the value of an invalid address: %j', (baseUrl) => {
    const define = () => defineProvider({ ...facts, baseUrl });
    expect(define).toThrow(TypeError);
    expect(define).toThrow('baseUrl');
    expect(define).toThrow(`'${baseUrl}'`);
  });

  it.each([
    { header: '', scheme: '' },
    { header: 'Authorization', scheme: 'Bearer' },
    { header: 'x api key', scheme: '' },
    { header: 'x-api-key:', scheme: '' },
    { header: 'x-api-key', scheme: 'Key ' },
    { header: 'x-api-key', scheme: 'a\nb' },
  ])('refuses an invalid header of the key: %j', (auth) => {
    expect(() => defineProvider({ ...facts, auth })).toThrow(new TypeError(`defineProvider: auth must be a header in lower case and a word, not '${auth.header}' and '${auth.scheme}'`));
  });

  it.each(['', '/', '/tasks', 'tasks/{id}', '{id}', '/tasks/{ID}', '/tasks/:id'])('names the field and the value of an invalid path: %j', (path) => {
    const define = () => defineProvider({ ...facts, path });
    expect(define).toThrow(TypeError);
    expect(define).toThrow('path');
    expect(define).toThrow(`'${path}'`);
  });
});

describe('a custom dialect', () => {
  const tickets: Dialect = {
    name: 'tickets',
    statuses: { OPEN: 'running', SHUT: 'succeeded' },
    read: (body) => {
      if (typeof body !== 'object' || body === null || !('state' in body) || typeof body.state !== 'string') return null;
      const link = 'link' in body && typeof body.link === 'string' ? body.link : null;
      return {
        ...{ id: null, progress: null, model: null, createdAtMs: 1_000, startedAtMs: null, updatedAtMs: null, finishedAtMs: null },
        ...{ expiresAfterMs: 3_000, usage: null, settings: noSettings, videoUrl: link, lastFrameUrl: null, originalUrl: null, errors: [] },
        ...{ requestId: null, objectType: null, notice: null, request: null, inner: null },
        status: statusOf(body.state, tickets.statuses),
        providerStatus: body.state,
      };
    },
  };

  it('is read like the others: its words, the shared words, the facts of its provider', () => {
    expect(read({ state: 'OPEN' }, tickets)).toMatchObject(right({ status: 'running', providerStatus: 'OPEN', expiresAfterMs: 3_000, providerDeadlineAtMs: 4_000, recordExpiresAtMs: 8_000 }));
    expect(read({ state: 'Processing' }, tickets)).toMatchObject(right({ status: 'running' }));
    expect(read({ state: 'odd' }, tickets)).toMatchObject(right({ status: 'unknown', providerStatus: 'odd' }));
    expect(read({ state: 'SHUT', link: 'https://x.example/a.mp4' }, tickets)).toMatchObject(
      right({ status: 'succeeded', video: { url: 'https://x.example/a.mp4', lastFrameUrl: null, originalUrl: null, expiresAtMs: 6_000 } }),
    );
    expect(read({ state: 'failed' }, tickets)).toMatchObject(right({ failure: { code: null, reason: 'unknown' } }));
  });

  it('is read inside the envelopes that gateways put around it', () => {
    expect(read({ code: 0, msg: 'ok', data: { state: 'OPEN' } }, tickets)).toMatchObject(right({ status: 'running', raw: { code: 0 } }));
    expect(read({ code: 1, msg: 'no', data: { state: 'OPEN' } }, tickets)).toMatchObject({ left: { reason: 'server', message: 'no' } });
  });

  it('has its errors read like the others, by what it recognises', () => {
    const strict: Dialect = { ...tickets, errorReason: (status, body) => (JSON.stringify(body).includes('"X"') ? (status === 403 ? 'forbidden' : 'rejected') : null) };
    const body = { error: { code: 'X', message: 'no' } };
    expect(read(body, tickets, {}, 403)).toMatchObject({ left: { reason: 'server', code: 'X', message: 'no' } });
    expect(read(body, strict, {}, 403)).toMatchObject({ left: { reason: 'forbidden', code: 'X', message: 'no' } });
    expect(read(body, strict, {}, 500)).toMatchObject({ left: { reason: 'server' } });
    expect(read({ data: body }, strict)).toMatchObject({ left: { reason: 'rejected' } });
    expect(read({ error: 'no' }, strict, {}, 403)).toMatchObject({ left: { reason: 'server' } });
    expect(read({ ticket: 5 }, tickets)).toMatchObject({ left: { kind: 'decode', issues: [expect.stringContaining('tickets')] } });
  });
});

describe('an error in fields of the API\'s own', () => {
  const worded: Dialect = {
    ...ark,
    errorDetail: (body) => (typeof body === 'object' && body !== null && 'fault' in body ? { code: 'E7', message: String(body.fault) } : null),
    errorReason: (_, body) => (JSON.stringify(body).includes('gone') ? 'not-found' : null),
  };

  it('is read by the dialect, under every HTTP status', () => {
    const gone = { fault: 'gone', message: 'a label' };
    expect(read(gone, worded, {}, 404)).toMatchObject({ left: { reason: 'not-found', code: 'E7', message: expect.stringMatching(/^gone/) as unknown } });
    expect(read(gone, worded)).toMatchObject({ left: { reason: 'not-found', code: 'E7' } });
    expect(read({ fault: 'busy' }, worded, {}, 500)).toMatchObject({ left: { reason: 'server', code: 'E7', message: 'busy' } });
    expect(read({ fault: 'Insufficient credits' }, worded, {}, 400)).toMatchObject({ left: { reason: 'quota' } });
  });

  it('leaves other errors to the shapes that servers share, and a task a task', () => {
    expect(read({ error: { code: 'A', message: 'no' } }, worded, {}, 400)).toMatchObject({ left: { code: 'A', message: 'no' } });
    expect(read({ id: 'requested', status: 'running', fault: 'gone' }, worded)).toMatchObject(right({ status: 'running' }));
  });
});

describe('a response without a task', () => {
  const dialects = [ark, flatVideo, newApi];

  it.each(['', ' \r\n', 'null', '{}', '[]', '{"data":null}', '{"data":{}}', '{"code":"success","message":"","data":null}', '{"code":0,"msg":"ok","data":null}', '{"code":0,"request_id":"r","data":{}}', '{"success":true,"data":{}}', '{"message":"a label"}'])(
    'is empty: %j',
    (body) => {
      for (const dialect of dialects) {
        expect(read(body, dialect)).toEqual({
          _tag: 'Left',
          left: { kind: 'response', reason: 'empty', status: 200, code: null, message: expect.stringMatching(/\S/), retryAfterMs: null },
        });
      }
    },
  );

  it.each(['<html></html>', '{', '{"status":"queued"', 'NaN', '[NaN', "{'status':'queued'}", '"queued"', 'true', '7', '[1]', '[{"status":"queued"}]', '{"foo":1}', '{"data":{"foo":1}}', '{"data":[1]}', '{"status":{}}', '{"status":null}', '{"status":true}', '{"status":[]}'])(
    'cannot be decoded: %j',
    (body) => {
      for (const dialect of dialects) expect(read(body, dialect)).toEqual({ _tag: 'Left', left: { kind: 'decode', issues: [expect.stringMatching(/\S/)] } });
    },
  );

  it('is read up to 64 levels, and refused beyond', () => {
    const nested = (levels: number): string => `{"status":"queued","task_id":"requested","x":${'['.repeat(levels - 1)}null${']'.repeat(levels - 1)}}`;
    for (const dialect of dialects) {
      expect(read(nested(64), dialect)).toMatchObject(right({ status: 'queued' }));
      expect(read(nested(65), dialect)).toMatchObject({ left: { kind: 'decode', issues: [expect.stringContaining('64')] } });
    }
  });

  it('is an error under an HTTP error, even with a task in it', () => {
    for (const status of [0, 199, 300, 304, 400, 429, 500, 600]) expect(read({ status: 'succeeded' }, ark, {}, status)).toMatchObject({ left: { kind: 'response', status } });
    for (const status of [200, 201, 202, 206, 299]) expect(read({ status: 'succeeded' }, ark, {}, status)).toMatchObject(right({ status: 'succeeded' }));
  });
});

describe('the request id', () => {
  it('is that of the body, else that of the header, else null', () => {
    const wrapped = { code: 'success', data: { task_id: 'requested', status: 'QUEUED', request_id: 'body-1' } };
    expect(read(wrapped, newApi, { 'x-request-id': 'header-1' })).toMatchObject(right({ requestId: 'body-1' }));
    expect(read({ status: 'queued' }, ark, { 'x-request-id': 'header-1' })).toMatchObject(right({ requestId: 'header-1' }));
    expect(read({ status: 'queued' }, ark)).toMatchObject(right({ requestId: null }));
  });

  it('has no white space around it, and is null when the header is blank', () => {
    expect(read({ status: 'queued' }, ark, { 'x-request-id': ' header-1 ' })).toMatchObject(right({ requestId: 'header-1' }));
    for (const blank of ['', ' ']) expect(read({ status: 'queued' }, ark, { 'x-request-id': blank })).toMatchObject(right({ requestId: null }));
  });
});

describe('an own __proto__ in a response', () => {
  it('is found however it is escaped', () => {
    const escaped = [...'__proto__'].map((character) => `\\u00${character.charCodeAt(0).toString(16)}`);
    const spellings = escaped.flatMap((escape, at) => [escape, escape.toUpperCase().replace('U', 'u')].map((one) => [...'__proto__'].with(at, one).join('')));
    for (const name of [...spellings, escaped.join('')]) {
      expect(JSON.parse(`"${name}"`)).toBe('__proto__');
      expect(read(`{"status":"succeeded","content":{"${name}":{"video_url":"https://x.example/a.mp4"}}}`)).toMatchObject(right({ video: null, raw: { content: {} } }));
      expect(read(`{"status":"running","${name}":{"seed":5}}`)).toEqual(read('{"status":"running"}'));
    }
  });

  it('is not seen in the escapes of a link', () => {
    const url = 'https://x.example/a.mp4?a=1&b=2';
    const body = JSON.stringify({ status: 'succeeded', content: { video_url: url } });
    expect(read(body.replace('&', '\\u0026'))).toEqual(read(body));
  });

  it('is ignored', () => {
    const body = '{"status":"succeeded","__proto__":{"content":{"video_url":"https://x.example/a.mp4"},"seed":5,"video_url":"https://x.example/a.mp4"}}';
    for (const dialect of [ark, flatVideo, newApi]) expect(read(body, dialect)).toMatchObject(right({ video: null, settings: { seed: null } }));
    expect(read('{"status":"succeeded","content":[{"__proto__":{"video_url":"https://x.example/a.mp4"}}]}')).toMatchObject(right({ video: null }));
  });
});

describe('an envelope', () => {
  const flat = { provider: 'flat', id: 'a' };

  it('whose code is not success is an error, also with a status beside it', () => {
    expect(read('{"code":500,"msg":"system busy","status":"error","data":null}', flatVideo)).toMatchObject(left({ reason: 'server', message: 'system busy' }));
    expect(read('{"success":false,"message":"no","data":{"status":"succeeded"}}', ark)).toMatchObject(left({ reason: 'server', message: 'no' }));
  });

  it('is not assumed when a task has its own code', () => {
    const body = '{"id":"a","status":"failed","code":1001,"error":"the picture is gone"}';
    expect(read(body, flatVideo)).toMatchObject(right({ status: 'failed', failure: { message: 'the picture is gone' } }));
  });

  it('whose own status reports success does not decide the task\'s status', () => {
    for (const dialect of [flatVideo, newApi]) {
      for (const well of ['success', 'ok']) {
        const body = `{"status":"${well}","request_id":"r","data":{"id":"${flat.id}","status":"processing"}}`;
        expect(read(body, dialect)).toMatchObject(right({ status: 'running' }));
      }
    }
  });

  it('whose own status reports success may have another envelope inside', () => {
    for (const dialect of [ark, flatVideo, newApi]) {
      expect(read(`{"status":"success","data":{"code":"success","message":"","data":{"id":"${flat.id}","task_id":"${flat.id}","status":"queued"}}}`, dialect)).toMatchObject(right({ status: 'queued' }));
    }
  });

  it('has the task\'s status when nothing inside has one, and when its word is a task\'s', () => {
    for (const data of ['null', '{}', '"status"', '["status"]']) {
      expect(read(`{"status":"success","data":${data}}`, newApi)).toMatchObject(right({ status: 'succeeded' }));
    }
    for (const [word, status] of [['IN_PROGRESS', 'running'], ['FAILURE', 'failed'], ['odd', 'unknown']] as const) {
      expect(read(`{"status":"${word}","data":{"id":"${flat.id}","status":"succeeded"}}`, newApi)).toMatchObject(right({ status }));
    }
  });

  it('may be nested any number of times, and so may an error', () => {
    const wrap = (body: string, times: number): string => `${'{"code":0,"msg":"ok","data":'.repeat(times)}${body}${'}'.repeat(times)}`;
    for (const times of [1, 4, 5, 20, 60]) {
      for (const dialect of [ark, flatVideo, newApi]) {
        expect(read(wrap('{"status":"running"}', times), dialect)).toMatchObject(right({ status: 'running' }));
        expect(read(wrap('{"error":{"code":"odd","message":"gone"}}', times), dialect)).toMatchObject(left({ reason: 'server', message: 'gone' }));
      }
      expect(read(wrap('{"error":{"code":"task_not_exist","message":"gone"}}', times), newApi)).toMatchObject(left({ reason: 'not-found' }));
      expect(read(wrap('{"error":{"code":"ResourceNotFound","message":"gone"}}', times), ark)).toMatchObject(left({ reason: 'not-found' }));
    }
  });

  it('passes on the error that it wraps', () => {
    expect(read('{"code":"success","data":{"code":500,"message":"inner boom","data":null}}', newApi)).toMatchObject(left({ reason: 'server', message: 'inner boom' }));
    expect(read('{"code":"success","data":{"error":{"code":"task_not_exist","message":"gone"}}}', newApi)).toMatchObject(left({ reason: 'not-found' }));
  });

  it('passes on its message as a notice', () => {
    for (const name of ['message', 'msg']) {
      expect(read(`{"code":0,"${name}":"maintenance tonight","data":{"status":"running"}}`, ark)).toMatchObject(right({ notice: 'maintenance tonight' }));
    }
  });
});

describe('an error under HTTP 200', () => {
  it.each([
    ['InternalServiceError', 'server'],
    ['ServerOverloaded', 'server'],
    ['ModelAccountRpmRateLimitExceeded', 'rate-limited'],
    ['RequestBurstTooFast', 'rate-limited'],
    ['NotFound.', 'not-found'],
    ['QuotaExceeded', 'quota'],
    ['AccessDenied', 'forbidden'],
    ['AuthenticationError', 'unauthorized'],
    ['401', 'unauthorized'],
    ['402', 'quota'],
    ['429', 'rate-limited'],
    ['403', 'server'],
    ['404', 'server'],
    ['500', 'server'],
    ['InvalidParameter', 'rejected'],
    ['InvalidParameter.InternalCode', 'rejected'],
    ['InvalidParameter.RateLimit', 'rejected'],
    ['InvalidEndpointOrModel.NotFound', 'rejected'],
    ['1500', 'server'],
    ['5001', 'server'],
    ['Odd', 'server'],
  ])('of code %s is %s', (code, reason) => {
    expect(read(JSON.stringify({ error: { code, message: 'no' } }), ark)).toMatchObject(left({ reason }));
  });
});

describe('a body', () => {
  it('is read after a byte order mark', () => {
    expect(read('\uFEFF{"status":"running"}', ark)).toMatchObject(right({ status: 'running' }));
  });

  it('gives no seed beyond the safe integers', () => {
    expect(read('{"status":"running","seed":18446744073709551617}', ark)).toMatchObject(right({ settings: { seed: null } }));
  });
});

describe('an integer beyond 2^53', () => {
  const big = '2178000000000000123';

  it('is read as its digits: no id and no setting is rounded', () => {
    expect(read(`{"id":${big},"status":"running"}`)).toMatchObject(right({ upstream: { id: big }, raw: { id: big } }));
    expect(read(`{"id": ${big} ,"status":"running","seed":${big}}`, flatVideo)).toMatchObject(right({ upstream: { id: big }, settings: { seed: null } }));
    expect(read(`{"code":"success","data":{"task_id":${big},"status":"QUEUED"}}`, newApi)).toMatchObject(right({ upstream: { id: big } }));
  });

  it('is read as its digits in JSON inside a JSON string', () => {
    expect(read(JSON.stringify(`{"id":${big},"status":"running"}`))).toMatchObject(right({ upstream: { id: big } }));
  });

  it('does not hide that its body is nested too deep, on either side of it', () => {
    const deep = '['.repeat(70) + ']'.repeat(70);
    for (const body of [`{"id":${big},"status":"running","x":${deep}}`, `{"x":${deep},"status":"running","id":${big}}`]) {
      expect(read(body)).toMatchObject({ left: { kind: 'decode', issues: [expect.stringContaining('64')] } });
    }
  });

  it('is the same id as the one that was requested', () => {
    const own = { provider: 'mine', id: big };
    const provider = defineProvider(facts);
    expect(withRaw(provider.read(own, { status: 200, headers: {}, body: `{"id":${big},"status":"running"}` }))).toMatchObject(right({ upstream: null }));
    const list = provider.readList([own], { status: 200, headers: {}, body: `{"items":[{"id":${big},"status":"running"}]}` });
    expect(list).toMatchObject(right(new Map([[own, expect.objectContaining({ _tag: 'Right' })]])));
  });

  it('is no id when it has an exponent, which gives no digits', () => {
    for (const id of ['2.178e18', '1e999', '-1e400']) expect(read(`{"id":${id},"status":"running"}`)).toMatchObject(right({ upstream: null }));
  });

  it('in a string is unchanged, and so is every exact number', () => {
    for (const body of [`{"status":"running","message":"see [${big}, \\"${big}\\": ${big}]"}`, '{"status":"running","x":[9007199254740991,-9007199254740991,0.12345678901234567,1234567890123456789.5,1e20]}']) {
      expect(read(body)).toMatchObject(right({ raw: JSON.parse(body) as unknown }));
    }
  });

  it('is exact in any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value, integer) => {
      const json = JSON.stringify({ value, status: 'running' }).slice(0, -1);
      const exact = Number.isSafeInteger(Number(integer)) ? Number(integer) : String(integer);
      expect(read(`${json},"last":${String(integer)}}`)).toMatchObject(right({ raw: { last: exact } }));
    }));
  });
});

describe('a body that is nearly JSON', () => {
  it.each([
    ['NaN and Infinity', '{"status":"running","progress":NaN,"seed":-Infinity,"x":[Infinity]}', { progress: null, seed: null, x: [null] }],
    ['undefined', '{"status":"running","x":undefined}', { x: null }],
    ['trailing commas', '{"status":"running","x":[1,2,],\n}', { x: [1, 2] }],
    ['control characters in strings', '{"status":"running","x":"two\nlines\tand a tab"}', { x: 'two\nlines\tand a tab' }],
    ['JSON in a JSON string', JSON.stringify('{"status":"running","x":"NaN, Infinity,]"}'), { x: 'NaN, Infinity,]' }],
    ['words in strings beside NaN', '{"status":"running","x":"NaN,] \\" undefined","y":NaN}', { x: 'NaN,] " undefined', y: null }],
  ])('is read: %s', (_, body, raw) => {
    for (const dialect of [ark, flatVideo, newApi]) expect(read(body, dialect)).toMatchObject(right({ status: 'running', raw }));
  });

  it.each(['{"status":running}', "{'status':'running'}", '{"status":"running"', '{"status":"running"}}', '{"status":"running",,}', '"{\\"status\\":"', '{"status":"running","x":xNaN}'])('is refused: %s', (body) => {
    expect(read(body)).toMatchObject({ left: { kind: 'decode' } });
  });

  it('is read or refused in a short time', () => {
    for (const part of ['"', '\\', '9', ',', 'NaN,', '{"', '"\\"', '"\\', ' ']) expect(read(`{${part.repeat(500_000)}`)).toMatchObject({ left: { kind: 'decode' } });
    expect(read(`{"status":"running","x":[${'NaN,'.repeat(500_000)}]}`)).toMatchObject(right({ status: 'running' }));
  });
});

describe('a status that is the response\'s own', () => {
  const dialects = [ark, flatVideo, newApi];

  it.each([
    ['{"status":"error","message":"Too many requests"}', 'server', 'Too many requests'],
    ['{"status":"fail","message":"busy"}', 'server', 'busy'],
    ['{"status":"Failed ","msg":"busy"}', 'server', 'busy'],
    ['{"status":"failure","error":"busy"}', 'server', 'busy'],
    ['{"status":"error","code":"429","message":"busy"}', 'rate-limited', 'busy'],
    ['{"status":"error","message":"busy","data":null}', 'server', 'busy'],
    ['{"status":"error","message":"busy","error":null,"request_id":"r"}', 'server', 'busy'],
    ['{"code":"success","message":"","data":{"status":"error","message":"busy"}}', 'server', 'busy'],
    ['{"status":500,"error":"Internal Server Error","message":"busy","path":"/x"}', 'server', 'busy'],
    ['{"title":"busy","status":429}', 'rate-limited', 'busy'],
    ['{"status":"timeout","message":"busy"}', 'server', 'busy'],
    ['{"status":"Rejected","message":"busy"}', 'server', 'busy'],
    ['{"status":"aborted","error":"busy","data":{}}', 'server', 'busy'],
    ['{"status":"failed"}', 'server', 'HTTP 200 {"status":"failed"}'],
  ])('reports that the request failed, not the task: %s', (body, reason, message) => {
    for (const dialect of dialects) expect(read(body, dialect)).toMatchObject(left({ kind: 'response', reason, status: 200, message }));
  });

  it.each(['id', 'task_id', 'model', 'content', 'created', 'created_at', 'usage', 'error'])('is the task\'s status beside %s', (field) => {
    const value = ['usage', 'content'].includes(field) ? { total_tokens: 5 } : field === 'error' ? { message: 'boom' } : field.startsWith('created') ? 5 : 'requested';
    for (const dialect of dialects) {
      for (const word of ['error', 'fail', 'failed', 'failure', 'rejected']) {
        expect(read({ status: word, [field]: value, message: 'boom' }, dialect)).toMatchObject(right({ status: 'failed', failure: { message: 'boom' } }));
      }
    }
  });
});

describe('a task that is not found', () => {
  const missing = { error: { code: 'ResourceNotFound', message: 'gone' } };
  const kept = (recordMs: number | null) => defineProvider({ ...facts, retention: { ...facts.retention, recordMs } });

  it.each([
    [7 * 86_400_000, 'gone (tasks are kept for 7 days)'],
    [86_400_000, 'gone (tasks are kept for 1 day)'],
    [43_200_000, 'gone (tasks are kept for 12 hours)'],
    [null, 'gone'],
  ])('mentions the retention: %j ms', (recordMs, message) => {
    const { read: readTask, readList } = kept(recordMs);
    expect(readTask(task, { status: 404, headers: {}, body: text(missing) })).toMatchObject(left({ reason: 'not-found', message }));
    expect(readTask(task, { status: 200, headers: {}, body: text(missing) })).toMatchObject(left({ reason: 'not-found', message }));
    expect(readTask(task, { status: 404, headers: {}, body: '' })).toMatchObject(left({ reason: 'server', message: 'HTTP 404' }));
    expect(readList([task], { status: 200, headers: {}, body: text({ items: [{ id: 'requested', ...missing }] }) })).toMatchObject(
      right(new Map([[task, expect.objectContaining({ left: expect.objectContaining({ message }) as unknown })]])),
    );
    expect(readList([task], { status: 404, headers: {}, body: text(missing) })).toMatchObject(left({ reason: 'not-found', message: 'gone' }));
  });
});

describe('a response of another task', () => {
  const isOther = (id: string): boolean => id === 'other';
  const readFor = (body: unknown, dialect: Dialect) => withRaw(defineProvider({ ...facts, dialect }).read(task, { status: 200, headers: {}, body: text(body) }, isOther));
  const swapped = left({ kind: 'decode', issues: ["the response is of task 'other', which is another watched task"] });

  it('that is watched on the same account is a failure', () => {
    for (const dialect of [ark, flatVideo]) expect(readFor({ id: 'other', status: 'succeeded' }, dialect)).toEqual(swapped);
    expect(readFor({ code: 'success', data: { task_id: 'other', status: 'SUCCESS' } }, newApi)).toEqual(swapped);
  });

  it('that is not watched is the upstream\'s', () => {
    expect(readFor({ id: 'strange', status: 'running' }, ark)).toMatchObject(right({ status: 'running', upstream: { id: 'strange' } }));
    expect(read({ id: 'other', status: 'running' }, ark)).toMatchObject(right({ upstream: { id: 'other' } }));
    expect(readFor({ code: 'success', data: { task_id: 'requested', status: 'QUEUED', data: { id: 'other' } } }, newApi)).toMatchObject(right({ status: 'queued' }));
    expect(readFor({ status: 'running' }, ark)).toMatchObject(right({ status: 'running' }));
  });

  it('is not assumed when the id is the requested one', () => {
    const own = withRaw(defineProvider(facts).read(task, { status: 200, headers: {}, body: '{"id":"requested","status":"running"}' }, () => true));
    expect(own).toMatchObject(right({ status: 'running' }));
  });
});
