import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResponseReason } from '../../src/wire/refusal.js';
import { complaintIn, isWell, refusalIn, refused, shortened } from '../../src/wire/refusal.js';

const classify = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) => {
  let json: unknown = null;
  try {
    json = JSON.parse(body);
  } catch {
    // A page, or nothing: no error shape.
  }
  return refused({ status, headers, body }, refusalIn(json));
};

/** Bodies in which the API itself speaks, and says "no". */
const shaped = {
  'an error object': '{"error":{"code":"Odd.Code","message":"no","param":"","type":"BadRequest"}}',
  'an error object without a code': '{"error":{"code":"","message":"no","type":"new_api_error"}}',
  'an error text': '{"error":"no"}',
  'an envelope with a word': '{"code":"odd_code","message":"no","data":null}',
  'an envelope with a number': '{"code":1001,"msg":"no","data":null}',
  'an envelope without success': '{"success":false,"message":"no","data":null}',
};

/** Bodies that somebody in between wrote, or nobody. */
const unshaped = {
  nothing: '',
  'a page': '<!doctype html><html><body>Blocked</body></html>',
  'an empty object': '{}',
  'an empty list': '[]',
  'a bare text': '"no"',
  'null': 'null',
  'an empty error': '{"error":{"code":"","message":""}}',
  'an error of code 0': '{"error":{"code":0,"message":""}}',
  'a truncated error': '{"error":{"code":"Odd.Code","mess',
};

const table: readonly (readonly [status: number, saidByTheApi: ResponseReason, otherwise: ResponseReason])[] = [
  [400, 'rejected', 'server'],
  [401, 'unauthorized', 'server'],
  [402, 'rejected', 'server'],
  [403, 'forbidden', 'server'],
  [404, 'not-found', 'not-found'],
  [405, 'rejected', 'server'],
  [408, 'server', 'server'],
  [409, 'rejected', 'server'],
  [410, 'rejected', 'server'],
  [422, 'rejected', 'server'],
  [425, 'server', 'server'],
  [429, 'rate-limited', 'rate-limited'],
  [500, 'server', 'server'],
  [502, 'server', 'server'],
  [503, 'server', 'server'],
  [504, 'server', 'server'],
  [524, 'server', 'server'],
  [300, 'server', 'server'],
  [301, 'server', 'server'],
  [302, 'server', 'server'],
  [304, 'server', 'server'],
  [307, 'server', 'server'],
  [0, 'server', 'server'],
  [100, 'server', 'server'],
  [600, 'server', 'server'],
  [999, 'server', 'server'],
];

describe.each(table)('HTTP %i', (status, saidByTheApi, otherwise) => {
  it.each(Object.entries(shaped))(`is ${saidByTheApi} with %s`, (_, body) => {
    expect(classify(status, body)).toMatchObject({ kind: 'response', status, reason: saidByTheApi, message: 'no' });
  });

  it.each(Object.entries(unshaped))(`is ${otherwise} with %s`, (_, body) => {
    expect(classify(status, body)).toMatchObject({ kind: 'response', status, reason: otherwise, code: null, message: expect.stringMatching(/\S/) });
  });
});

describe('what the code says', () => {
  const of = (code: string | number, message = 'no'): string => JSON.stringify({ error: { code, message } });

  it.each(['SetLimitExceeded', 'AccountQuotaExceeded', 'QuotaExceeded', 'QuotaExceeded.Monthly'])('%s is quota under 429, where waiting helps nobody', (code) => {
    expect(classify(429, of(code))).toMatchObject({ reason: 'quota', code });
    expect(classify(403, of(code))).toMatchObject({ reason: 'quota', code });
    expect(classify(429, JSON.stringify({ code, message: 'no', data: null }))).toMatchObject({ reason: 'quota', code });
  });

  it.each(['ServerOverloaded', 'InflightBatchsizeExceeded'])('%s is the server\'s trouble under 429, and says nothing of the account', (code) => {
    expect(classify(429, of(code))).toMatchObject({ reason: 'server', code });
  });

  it.each(['RateLimitExceeded.EndpointRPMExceeded', 'ModelAccountTpmRateLimitExceeded', 'RequestBurstTooFast', 'NoQuotaExceeded', ''])(
    '%j is rate-limited under 429, where waiting helps',
    (code) => {
      expect(classify(429, of(code))).toMatchObject({ reason: 'rate-limited' });
    },
  );

  it('task_not_exist is not-found, whatever the status', () => {
    for (const status of [200, 400, 404]) {
      expect(classify(status, '{"code":"task_not_exist","message":"task_not_exist","data":null}')).toMatchObject({
        reason: 'not-found',
        code: 'task_not_exist',
        message: 'task_not_exist',
      });
    }
  });

  it('a business error under HTTP 200 is rejected', () => {
    for (const body of Object.values(shaped)) expect(classify(200, body)).toMatchObject({ reason: 'rejected', message: 'no' });
    expect(classify(200, '{"code":-1,"msg":"no","data":null}')).toMatchObject({ reason: 'rejected', code: '-1', message: 'no' });
  });

  it('the code stands in for a message that is missing or blank', () => {
    for (const body of ['{"error":{"code":"Odd"}}', '{"error":{"code":"Odd","message":" "}}', '{"code":"Odd","message":null}']) {
      expect(classify(400, body)).toMatchObject({ reason: 'rejected', code: 'Odd', message: 'Odd' });
    }
  });

  it('a long message is cut, and is one line', () => {
    const { message } = classify(400, of('Odd', `first\n\n${'x'.repeat(5_000)}`));
    expect(message).toMatch(/^first x+…$/);
    expect(message.length).toBeLessThan(400);
  });
});

describe('the wait that a server asks for', () => {
  it.each([400, 429, 500, 503, 200, 302])('is kept under HTTP %i', (status) => {
    expect(classify(status, shaped['an error object'], { 'retry-after': '3' })).toMatchObject({ retryAfterMs: 3_000 });
  });

  it("is measured against the answer's date", () => {
    const headers = { date: 'Wed, 21 Oct 2026 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2026 07:28:09 GMT' };
    expect(classify(503, '', headers)).toMatchObject({ retryAfterMs: 9_000 });
    expect(classify(503, '', { 'retry-after': headers['retry-after'] })).toMatchObject({ retryAfterMs: null });
  });

  it('is null when the server says nothing', () => {
    expect(classify(429, '')).toMatchObject({ retryAfterMs: null });
  });
});

describe('complaintIn', () => {
  it.each([
    [{ code: 'A', message: 'b' }, { code: 'A', message: 'b' }],
    [{ code: 'A', msg: 'b' }, { code: 'A', message: 'b' }],
    [{ code: 7, message: 'b' }, { code: '7', message: 'b' }],
    [{ code: '', message: 'b' }, { code: null, message: 'b' }],
    [{ message: 'b' }, { code: null, message: 'b' }],
    [{ code: 'A' }, { code: 'A', message: null }],
    [{ code: 0, message: 'b' }, { code: null, message: 'b' }],
    ['b', { code: null, message: 'b' }],
    [{ code: 0, message: '' }, null],
    [{ code: '0' }, null],
    [{}, null],
    ['', null],
    [' ', null],
    [null, null],
    [undefined, null],
    [true, null],
    [[], null],
    [['b'], null],
  ])('%j complains %j', (error, complaint) => {
    expect(complaintIn(error)).toEqual(complaint);
  });

  it('gives null or texts that are not blank, for any value', () => {
    fc.assert(fc.property(fc.jsonValue(), (error) => {
      expect(complaintIn(error)).toSatisfy((found: ReturnType<typeof complaintIn>) =>
        found === null || [found.code, found.message].every((text) => text === null || text.trim() !== ''));
    }));
  });
});

describe('isWell', () => {
  it.each([undefined, null, '', 'success', 'SUCCESS', 'ok', 0, '0', 200, '200'])('%j is well', (code) => {
    expect(isWell({ code })).toBe(true);
  });

  it.each(['fail', 'task_not_exist', 1, -1, '1001', 500, 'error', false, {}, []])('%j is not', (code) => {
    expect(isWell({ code })).toBe(false);
  });

  it('is a yes or a no for any JSON', () => {
    const own = JSON.parse('[{"toString":1},{"valueOf":1,"toString":null},[{"toString":1}],{"__proto__":null}]') as readonly unknown[];
    for (const code of own) expect(isWell({ code })).toBe(false);
    fc.assert(fc.property(fc.jsonValue(), (code) => {
      expect(isWell({ code })).toBeTypeOf('boolean');
    }));
  });

  it('is no for a body that says that it is no success, whatever its code', () => {
    expect(isWell({ code: 0, success: false })).toBe(false);
    expect(isWell({ success: true })).toBe(true);
  });
});

describe('refusalIn', () => {
  it.each([
    null,
    undefined,
    'text',
    5,
    [],
    {},
    { code: 'success', message: '', data: null },
    { code: 0, msg: 'ok' },
    { success: true, message: 'fine' },
    { message: 'a label' },
    { error: null },
    { error: { code: 0, message: '' } },
  ])('%j refuses nothing', (body) => {
    expect(refusalIn(body)).toBeNull();
  });
});

describe('shortened', () => {
  it('leaves out the query of a link, which may be its signature, wherever the text was cut', () => {
    const link = 'https://videos.example/a.mp4?X-Tos-Credential=AK&X-Tos-Signature=';
    expect(shortened(`{"video_url":"${link}0123"}`)).toBe('{"video_url":"https://videos.example/a.mp4?…"}');
    expect(shortened(`{"video_url":"${link}${'0'.repeat(400)}`)).toBe('{"video_url":"https://videos.example/a.mp4?…');
    expect(shortened(`see HTTPS:\\/\\/x.example\\/a?token=1\\u0026b=2 and http://y.example/b`)).toBe('see HTTPS:\\/\\/x.example\\/a?… and http://y.example/b');
    expect(shortened('why? https://x.example/a')).toBe('why? https://x.example/a');
  });

  it('is one line of at most 301 characters, and changes no short line', () => {
    expect(shortened(' a\n\tb  c ')).toBe('a b c');
    expect([300, 301].map((length) => shortened('x'.repeat(length)))).toEqual(['x'.repeat(300), `${'x'.repeat(300)}…`]);
    fc.assert(fc.property(fc.string({ maxLength: 1_000 }), (text) => {
      const line = shortened(text);
      expect(line).not.toMatch(/[\n\r\t]/);
      expect(line.length).toBeLessThanOrEqual(301);
      if (/^\S(?:.*\S)?$/.test(text) && !/\s\s|[^\S ]/.test(text) && text.length <= 300) expect(line).toBe(text);
    }));
  });
});
