import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ErrorDetail, errorDetailIn, errorResponseIn, httpErrorIn, isSuccess } from '../../src/wire/error-detail.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { yescale } from '../../src/providers/yescale.js';

describe('errorDetailIn', () => {
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
    [['b'], { code: null, message: 'b' }],
    [[null, {}, ' ', 'c'], { code: null, message: 'c' }],
  ])('%j gives %j', (error, detail) => {
    expect(errorDetailIn(error)).toEqual(detail);
  });

  it('gives null or non-blank strings, for any value', () => {
    fc.assert(fc.property(fc.jsonValue(), (error) => {
      expect(errorDetailIn(error)).toSatisfy((found: ReturnType<typeof errorDetailIn>) =>
        found === null || [found.code, found.message].every((text) => text === null || text.trim() !== ''));
    }));
  });
});

describe('isSuccess', () => {
  it.each([undefined, null, '', 'success', 'SUCCESS', 'ok', 0, '0', 200, '200'])('%j is success', (code) => {
    expect(isSuccess({ code })).toBe(true);
  });

  it.each(['fail', 'task_not_exist', 1, -1, '1001', 500, 'error', false, {}, []])('%j is not', (code) => {
    expect(isSuccess({ code })).toBe(false);
  });

  it('is a boolean for any JSON', () => {
    const own = JSON.parse('[{"toString":1},{"valueOf":1,"toString":null},[{"toString":1}],{"__proto__":null}]') as readonly unknown[];
    for (const code of own) expect(isSuccess({ code })).toBe(false);
    fc.assert(fc.property(fc.jsonValue(), (code) => {
      expect(isSuccess({ code })).toBeTypeOf('boolean');
    }));
  });

  it('is false for a body with success false, whatever its code', () => {
    expect(isSuccess({ code: 0, success: false })).toBe(false);
    expect(isSuccess({ success: true })).toBe(true);
  });
});

describe('errorResponseIn', () => {
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
    { error: false, errors: [] },
    { type: 'video', message: 'a label' },
    { error: { code: 0, message: '' } },
  ])('%j is not an error', (body) => {
    expect(errorResponseIn(body)).toBeNull();
  });
});

/** Error bodies of APIs, gateways and frameworks, and the detail that each supplies. */
const shapes: readonly (readonly [name: string, body: unknown, detail: ErrorDetail])[] = [
  ['new-api without `error`', { code: null, message: 'invalid token', param: '', type: 'new_api_error' }, { code: null, message: 'invalid token' }],
  ['a flag and a message', { error: true, message: 'no such task' }, { code: null, message: 'no such task' }],
  ['a flag, a code and a message', { error: true, error_code: 'E7', error_message: 'no such task' }, { code: 'E7', message: 'no such task' }],
  ['RFC 9457', { type: 'about:blank', title: 'Not Found', status: 404, detail: 'no such task', instance: '/x' }, { code: null, message: 'Not Found: no such task' }],
  ['RFC 9457 without a detail', { type: 'about:blank', title: 'Not Found', status: 404 }, { code: null, message: 'Not Found' }],
  ['Spring', { timestamp: '2026-11-28T00:00:00Z', status: 404, error: 'Not Found', path: '/x' }, { code: null, message: 'Not Found' }],
  ['Spring with a message', { timestamp: 1, status: 404, error: 'Not Found', message: 'no such task', path: '/x' }, { code: null, message: 'no such task' }],
  ['Nest', { statusCode: 400, message: ['id must be a string', 'and more'], error: 'Bad Request' }, { code: null, message: 'id must be a string' }],
  ['FastAPI', { detail: [{ loc: ['path', 'id'], msg: 'not a task', type: 'value_error' }] }, { code: null, message: 'not a task' }],
  ['FastAPI with an object', { detail: { code: 'E7', message: 'no such task' } }, { code: 'E7', message: 'no such task' }],
  ['JSend error', { status: 'error', message: 'no such task', code: 7 }, { code: '7', message: 'no such task' }],
  ['JSend fail', { status: 'fail', data: { message: 'no such task' } }, { code: null, message: 'no such task' }],
  ['a list of errors', { errors: [{ code: 'E7', message: 'no such task' }] }, { code: 'E7', message: 'no such task' }],
  ['OAuth', { error: 'invalid_token', error_description: 'the token has expired' }, { code: null, message: 'the token has expired' }],
  ['an envelope around the error of an upstream', { code: 'E7', message: 'upstream', data: { code: 'inner', message: 'inner' } }, { code: 'E7', message: 'upstream' }],
  ['an error in its JSON text', { error: { code: 'upstream_error', message: '{"error":{"code":"E7","message":"no such task"}}' } }, { code: 'E7', message: 'no such task' }],
  ['an error in JSON text after words', { message: 'status 400, body: {"code":"E7","msg":"no such task"}.' }, { code: 'E7', message: 'no such task' }],
  ['a message with braces that are not JSON', { error: { code: 'E7', message: 'no {id} given' } }, { code: 'E7', message: 'no {id} given' }],
];

describe.each(shapes)('the error of %s', (_, body, detail) => {
  it('is found under an HTTP error, whatever the provider', () => {
    for (const provider of [ark, kyyaipower, anyfast, yescale]) {
      for (const status of [400, 500]) {
        const result = provider.read({ provider: provider.id, id: 'requested' }, { status, headers: {}, body: JSON.stringify(body) });
        expect(result).toMatchObject({ left: { kind: 'response', ...detail } });
      }
    }
  });

  it('decides nothing by itself: 401 is unauthorized, 402 quota, 429 rate-limited', () => {
    for (const [status, reason] of [[401, 'unauthorized'], [402, 'quota'], [429, 'rate-limited'], [500, 'server']] as const) {
      expect(ark.read(ark.task('requested'), { status, headers: {}, body: JSON.stringify(body) })).toMatchObject({ left: { reason } });
    }
  });
});

describe('an error under HTTP 200', () => {
  const calledError = shapes.filter(([name]) => !/FastAPI|after words/.test(name));

  it.each(calledError)('of %s is found', (_, body, { message }) => {
    for (const provider of [ark, kyyaipower, anyfast, yescale]) {
      const result = provider.read({ provider: provider.id, id: 'requested' }, { status: 200, headers: {}, body: JSON.stringify(body) });
      expect(result).toMatchObject({ left: { kind: 'response', message } });
    }
  });
});

describe('httpErrorIn', () => {
  it('never throws and never gives a blank text, however deep the body is', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.nat({ max: 7 }), (value, levels) => {
      const body = Array.from({ length: levels }).reduce<unknown>((inner) => ({ error: JSON.stringify(inner), message: inner }), value);
      const detail = httpErrorIn(body);
      expect(detail === null || [detail.code, detail.message].every((text) => text === null || text.trim() !== '')).toBe(true);
    }));
  });

  it.each([null, 'text', 5, true, [], {}])('%j has none', (body) => {
    expect(httpErrorIn(body)).toBeNull();
  });
});
