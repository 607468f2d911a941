import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResponseReason } from '../../src/wire/error-response.js';
import { httpErrorIn } from '../../src/wire/error-detail.js';
import { reasonOfStatus, refused, shortened } from '../../src/wire/error-response.js';

const jsonIn = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return null; // a page, or nothing
  }
};

/** The reason of a response that no dialect recognises, or that one recognises as `own`. */
const classify = (status: number, body: string, headers: Readonly<Record<string, string>> = {}, own: ResponseReason | null = null) =>
  refused({ status, headers, body }, httpErrorIn(jsonIn(body)), own);

/** Error bodies in the shapes that servers share. */
const shaped = {
  'an error object': '{"error":{"code":"Odd.Code","message":"no","param":"","type":"BadRequest"}}',
  'an error object without a code': '{"error":{"code":"","message":"no","type":"new_api_error"}}',
  'an error text': '{"error":"no"}',
  'an envelope with a word': '{"code":"odd_code","message":"no","data":null}',
  'an envelope with a number': '{"code":1001,"msg":"no","data":null}',
  'an envelope without success': '{"success":false,"message":"no","data":null}',
  'an error whose code is null': '{"code":null,"message":"no","param":"","type":"new_api_error"}',
  'a message': '{"message":"no"}',
  'a problem of RFC 9457': '{"type":"about:blank","detail":"no","status":0}',
  "Spring's error": '{"timestamp":1,"status":0,"error":"Phrase","message":"no","path":"/x"}',
  'a JSend error': '{"status":"error","message":"no"}',
};

/** Bodies without a message. */
const unshaped = {
  nothing: '',
  'a page': '<!doctype html><html><body>Blocked</body></html>',
  'an empty object': '{}',
  'an empty list': '[]',
  'a bare text': '"no"',
  null: 'null',
  'an empty error': '{"error":{"code":"","message":""}}',
  'an error of code 0': '{"error":{"code":0,"message":""}}',
  'a truncated error': '{"error":{"code":"Odd.Code","mess',
};

const table: readonly (readonly [status: number, byStatus: ResponseReason, own: ResponseReason])[] = [
  [400, 'server', 'rejected'],
  [401, 'unauthorized', 'unauthorized'],
  [402, 'quota', 'quota'],
  [403, 'server', 'forbidden'],
  [404, 'server', 'not-found'],
  [405, 'server', 'rejected'],
  [408, 'server', 'server'],
  [409, 'server', 'rejected'],
  [410, 'server', 'rejected'],
  [422, 'server', 'rejected'],
  [425, 'server', 'server'],
  [429, 'rate-limited', 'rate-limited'],
  [451, 'server', 'rejected'],
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

describe.each(table)('HTTP %i', (status, byStatus, own) => {
  it.each(Object.entries(shaped))(`is ${byStatus} with %s that no dialect recognises, and keeps its message`, (_, body) => {
    expect(classify(status, body)).toMatchObject({ kind: 'response', status, reason: byStatus, message: 'no' });
  });

  it.each(Object.entries(unshaped))(`is ${byStatus} with %s`, (_, body) => {
    expect(classify(status, body)).toMatchObject({ kind: 'response', status, reason: byStatus, code: null, message: expect.stringMatching(/\S/) });
  });

  it(`is ${own} in the API's own shape`, () => {
    expect(classify(status, shaped['an error object'], {}, reasonOfStatus(status) ?? 'rejected')).toMatchObject({ reason: own, code: 'Odd.Code', message: 'no' });
  });
});

describe('the message of an HTTP error', () => {
  it.each([
    [404, '404 page not found\n', 'HTTP 404 page not found'],
    [502, '<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>', 'HTTP 502 Bad Gateway'],
    [403, '<!doctype html><html><body><h1>Request blocked</h1><p>by a rule</p></body></html>', 'HTTP 403 Request blocked'],
    [403, '<html><style>p{}</style><body><p>Request</p><p>blocked</p></body></html>', 'HTTP 403 Request blocked'],
    [503, '', 'HTTP 503'],
    [404, '{"title":"Not Found","detail":"no route","status":404}', 'Not Found: no route'],
    [404, '{"detail":"Not Found"}', 'Not Found'],
    [404, '{"status":404,"error":"Not Found","message":"no static resource","path":"/x"}', 'no static resource'],
    [404, '{"error":"Not Found"}', 'Not Found'],
    [400, '{"msg":"bad id"}', 'bad id'],
  ])('under %i, of %j', (status, body, message) => {
    expect(classify(status, body)).toMatchObject({ message });
  });

  it('is found in a short time', () => {
    for (const part of ['<title', '<h1 ', '<script>', '<', '<!doctype html>']) {
      expect(classify(502, `<html>${part.repeat(100_000)}`).message.length).toBeLessThanOrEqual(301);
    }
  });
});

describe('a redirect', () => {
  it.each([
    ['https://www.relay.example/v1/tasks/a?key=1', 'HTTP 301 to www.relay.example'],
    ['https://user:secret@www.relay.example:8443/', 'HTTP 301 to www.relay.example:8443'],
    ['//cdn.example/a', 'HTTP 301 to cdn.example'],
    [' http://plain.example ', 'HTTP 301 to plain.example'],
    ['/login?next=secret', 'HTTP 301 to a path on the same host'],
  ])('to %j names only the host', (location, message) => {
    expect(classify(301, '<html><h1>Moved</h1></html>', { location })).toMatchObject({ reason: 'server', message });
    expect(classify(301, '{"message":"moved"}', { location })).toMatchObject({ message });
  });

  it.each(['', 'http://', 'https://[', 'mailto:a'])('to %j is an HTTP error like any other', (location) => {
    expect(classify(302, '', { location })).toMatchObject({ reason: 'server', message: 'HTTP 302' });
  });

  it('is recognised only under 3xx', () => {
    expect(classify(404, '{"message":"no"}', { location: 'https://x.example' })).toMatchObject({ message: 'no' });
  });
});

describe('the reason by code', () => {
  const of = (code: string | number, message = 'no'): string => JSON.stringify({ error: { code, message } });

  it.each(['SetLimitExceeded', 'AccountQuotaExceeded', 'QuotaExceeded', 'QuotaExceeded.Monthly'])('%s is quota under 429, where waiting does not help', (code) => {
    expect(classify(429, of(code))).toMatchObject({ reason: 'quota', code });
    expect(classify(403, of(code))).toMatchObject({ reason: 'quota', code });
    expect(classify(429, JSON.stringify({ code, message: 'no', data: null }))).toMatchObject({ reason: 'quota', code });
  });

  it.each([
    ['insufficient_quota', 'no'],
    ['InsufficientBalance', 'no'],
    ['quota_not_enough', 'no'],
    ['402', 'no'],
    ['odd', 'Insufficient credits.'],
    ['', 'user quota is not enough'],
    ['', 'the account has not enough balance'],
    ['', '账户余额不足'],
  ])('code %j with the message %j is quota, under 4xx and 200', (code, message) => {
    for (const status of [200, 400, 403, 429]) {
      expect(classify(status, of(code, message))).toMatchObject({ reason: 'quota' });
      expect(classify(status, of(code, message), {}, 'rejected')).toMatchObject({ reason: 'quota' });
    }
    expect(classify(401, of(code, message))).toMatchObject({ reason: 'unauthorized' });
    if (code !== '402') expect(classify(503, of(code, message))).toMatchObject({ reason: 'server' });
  });

  it.each(['insufficient permissions', 'insufficient_scope', 'InsufficientPrivileges', 'insufficient GPU capacity', 'insufficient access rights'])('%s is not quota', (message) => {
    expect(classify(403, of('', message), {}, 'forbidden')).toMatchObject({ reason: 'forbidden' });
    expect(classify(400, of(message, 'no'))).toMatchObject({ reason: 'server' });
  });

  it.each(['ServerOverloaded', 'InflightBatchsizeExceeded'])('%s is a server error under 429, unrelated to the account', (code) => {
    expect(classify(429, of(code))).toMatchObject({ reason: 'server', code });
  });

  it.each(['RateLimitExceeded.EndpointRPMExceeded', 'ModelAccountTpmRateLimitExceeded', 'RequestBurstTooFast', 'NoQuotaExceeded', ''])(
    '%j is rate-limited under 429, where waiting helps',
    (code) => {
      expect(classify(429, of(code))).toMatchObject({ reason: 'rate-limited' });
    },
  );

  it('under HTTP 200 is server for an unknown error', () => {
    for (const body of Object.values(shaped)) expect(classify(200, body)).toMatchObject({ reason: 'server', message: 'no' });
    expect(classify(200, '{"code":-1,"msg":"no","data":null}')).toMatchObject({ reason: 'server', code: '-1', message: 'no' });
  });

  it('the code replaces a missing or blank message', () => {
    for (const body of ['{"error":{"code":"Odd"}}', '{"error":{"code":"Odd","message":" "}}', '{"code":"Odd","message":null}']) {
      expect(classify(400, body)).toMatchObject({ reason: 'server', code: 'Odd', message: 'Odd' });
    }
  });

  it('a long message is cut, and is one line', () => {
    const { message } = classify(400, of('Odd', `first\n\n${'x'.repeat(5_000)}`));
    expect(message).toMatch(/^first x+…$/);
    expect(message.length).toBeLessThan(400);
  });
});

describe('the wait that a server demands', () => {
  it.each([400, 429, 500, 503, 200, 302])('is kept under HTTP %i', (status) => {
    expect(classify(status, shaped['an error object'], { 'retry-after': '3' })).toMatchObject({ retryAfterMs: 3_000 });
  });

  it("is measured from the response's date", () => {
    const headers = { date: 'Wed, 21 Oct 2026 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2026 07:28:09 GMT' };
    expect(classify(503, '', headers)).toMatchObject({ retryAfterMs: 9_000 });
    expect(classify(503, '', { 'retry-after': headers['retry-after'] })).toMatchObject({ retryAfterMs: null });
  });

  it('is null without such a header', () => {
    expect(classify(429, '')).toMatchObject({ retryAfterMs: null });
  });
});

describe('shortened', () => {
  it('removes the query of a link, which may be a signature, wherever the text was cut', () => {
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
