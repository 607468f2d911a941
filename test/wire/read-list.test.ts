/**
 * Reading a list of tasks. The property: an item is read like a response with only its JSON.
 */
import fc from 'fast-check';
import { isRight, left, right } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { powertokens } from '../../src/providers/powertokens.js';
import { ark } from '../../src/providers/ark.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { fixtures } from '../providers/fixtures.js';
import { anyResponseHeaders, anyBodyText, anyHttpStatus, anyRecordText } from '../support/arbitraries.js';
import { withRaw } from '../support/readings.js';

const ref = (id: string): TaskRef => ({ provider: 'ark', id });
const a = ref('a');
const b = ref('b');

const responseOf = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  ({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const handedOnAll = (list: ReturnType<typeof ark.readList>) =>
  isRight(list) ? right(new Map([...list.right].map(([task, reading]) => [task, withRaw(reading)]))) : list;
const readList = (body: unknown, tasks: readonly TaskRef[] = [a, b]) => handedOnAll(ark.readList(tasks, responseOf(body)));

const running = (id: string) => ({ id, status: 'running' });
const statuses = (body: unknown, tasks: readonly TaskRef[] = [a, b]): unknown => {
  const list = readList(body, tasks);
  if (!isRight(list)) throw new Error(JSON.stringify(list.left));
  return [...list.right].map(([task, reading]) => [task, isRight(reading) ? reading.right.status : reading.left.kind]);
};

/** The responses in Ark's dialect that are objects. */
const anyArkItem = fc.constantFrom(
  ...fixtures.filter(({ provider, response }) => ['ark', 'powertokens', 'yescale'].includes(provider) && /^\{.*\}$/s.test(response.body)),
);

describe('a list', () => {
  it('gives for every task what its own response would give', () => {
    fc.assert(fc.property(fc.array(fc.oneof(anyArkItem.map(({ response }) => response.body), anyRecordText.filter((text) => !/\d{16}/.test(text)))), fc.boolean(), (bodies, wrapped) => {
      const items = bodies.map((body, index) => JSON.stringify({ ...fieldsOf(body), id: `task-${String(index)}` }));
      const tasks = bodies.map((_, index) => ref(`task-${String(index)}`)).reverse();
      const headers = { 'x-request-id': ' request-1 ', 'retry-after': '3' };
      const list = `{"total":${String(items.length)},"items":[${items.join()}]}`;
      const reading = handedOnAll(ark.readList(tasks, responseOf(wrapped ? `{"code":"success","message":"","data":${list}}` : list, 200, headers)));
      const alone = new Map(tasks.map((task, index) => [task, withRaw(ark.read(task, responseOf(items.at(-1 - index), 200, headers)))]));
      expect(reading).toEqual(right(alone));
    }));
  });

  it('is read for the given tasks, in their order', () => {
    const second = { ...a, account: 'second' };
    const list = readList({ total: 2, items: [running('b'), running('a')] }, [a, b, second]);
    expect(isRight(list) && [...list.right.keys()]).toEqual([a, b, second]);
    expect(isRight(list) && [...list.right].every(([task, reading]) => isRight(reading) && reading.right.task === task)).toBe(true);
  });

  it('keeps only the item of the response', () => {
    expect(readList({ total: 2, items: [running('a'), running('x')] })).toMatchObject(right(new Map([[a, right({ raw: running('a') })]])));
  });

  it('may omit some tasks, or all', () => {
    expect(statuses({ total: 1, items: [running('b')] })).toEqual([[b, 'running']]);
    expect(statuses({ total: 0, items: [] })).toEqual([]);
    expect(statuses({ total: 1, items: [running('a')] }, [])).toEqual([]);
  });

  it('is searched by the exact string of the id', () => {
    const items = [{ status: 'running' }, { id: null, status: 'running' }, running('A'), running(' a'), running('cgt-x')];
    expect(statuses({ items }, [a, ref('null'), ref('undefined'), ref('')])).toEqual([]);
  });

  it('is searched by the digits of an id that is a number', () => {
    expect(statuses({ items: [{ id: 7, status: 'running' }] }, [ref('7'), ref('07')])).toEqual([[ref('7'), 'running']]);
  });

  it('gives nothing for a task with two different items', () => {
    expect(statuses({ items: [running('a'), { id: 'a', status: 'succeeded' }, running('b')] })).toEqual([[b, 'running']]);
    expect(statuses({ items: [running('a'), { ...running('a'), updated_at: 5 }, running('a')] })).toEqual([]);
    expect(statuses({ items: [running('a'), { id: 'a', foo: 1 }] })).toEqual([]);
  });

  it('counts two equal items as one', () => {
    expect(statuses({ items: [running('a'), running('a'), { status: 'running', id: 'a' }] })).toEqual([[a, 'running']]);
    expect(statuses({ items: [{ id: 'a', foo: 1 }, { id: 'a', foo: 1 }] })).toEqual([[a, 'decode']]);
  });

  it('reads the tasks beside an odd item', () => {
    const items = [null, 5, 'a', [], {}, [running('b')], { id: {} }, { id: 'a', foo: 1 }, running('b')];
    expect(statuses({ items })).toEqual([[a, 'decode'], [b, 'running']]);
  });

  it('separates an error of one task from the other tasks', () => {
    const refused = { id: 'a', error: { code: 'ResourceNotFound', message: 'gone' } };
    const list = readList({ items: [refused, running('b')] });
    expect(isRight(list) && list.right.get(a)).toMatchObject(left({ kind: 'response', reason: 'not-found', message: 'gone (tasks are kept for 7 days)' }));
    expect(isRight(list) && list.right.get(b)).toMatchObject(right({ status: 'running' }));
  });

  it('is read as deep as a response with one task', () => {
    const deep = `{"id":"a","status":"running","x":${'['.repeat(63)}1${']'.repeat(63)}}`;
    expect(withRaw(ark.read(a, responseOf(deep)))).toMatchObject(right({ status: 'running' }));
    expect(statuses(`{"items":[${deep}]}`)).toEqual([[a, 'running']]);
  });

  it('is found in the envelopes that gateways put around it', () => {
    for (const data of [{ items: [running('a')] }, { code: 0, data: { items: [running('a')] } }]) {
      expect(statuses({ code: 'success', message: '', data })).toEqual([[a, 'running']]);
    }
  });
});

describe('a response without a list', () => {
  it.each([
    ['an HTTP error', responseOf({ error: { code: 'AuthenticationError', message: 'no' } }, 401), { kind: 'response', reason: 'unauthorized', message: 'no' }],
    ['an HTTP error with a list', responseOf({ items: [running('a')] }, 503), { kind: 'response', reason: 'server' }],
    ['an HTTP error with a time to wait', responseOf('', 429, { 'retry-after': '3' }), { kind: 'response', reason: 'rate-limited', retryAfterMs: 3_000 }],
    ['an error under 200', responseOf({ error: { code: 'InternalServiceError', message: 'no' } }), { kind: 'response', reason: 'server' }],
    ['an error beside a list', responseOf({ error: { code: 'InternalServiceError', message: 'no' }, items: [] }), { kind: 'response', reason: 'server' }],
    ['an envelope that reports an error', responseOf({ code: 500, msg: 'busy', data: { items: [] } }), { kind: 'response', reason: 'server', message: 'busy' }],
    ['an envelope without a message that reports a failure', responseOf({ success: false, items: [] }), { kind: 'decode' }],
    ['an empty body', responseOf(''), { kind: 'response', reason: 'empty' }],
    ['an empty envelope', responseOf({ code: 'success', data: null }), { kind: 'response', reason: 'empty' }],
    ['not JSON', responseOf('<html></html>'), { kind: 'decode' }],
    ['a task', responseOf(running('a')), { kind: 'decode', issues: ['no list of ark tasks in {"id":"a","status":"running"}'] }],
    ['a bare array', responseOf([running('a')]), { kind: 'decode' }],
    ['items that are not an array', responseOf({ items: { a: running('a') } }), { kind: 'decode' }],
  ])('gives the reason: %s', (_, response, failure) => {
    expect(ark.readList([a], response)).toMatchObject(left(failure));
  });
});

describe('reading a list never throws', () => {
  it('for any body, status and headers, and does not change its arguments', () => {
    fc.assert(fc.property(anyBodyText, anyHttpStatus, anyResponseHeaders, (body, status, headers) => {
      const response = Object.freeze({ status, headers: Object.freeze(headers), body });
      const tasks = Object.freeze([Object.freeze(ref('a'))]);
      for (const text of [body, `{"items":[${body}]}`, `{"items":${body}}`]) {
        expect(powertokens.readList(tasks, { ...response, body: text })).toHaveProperty('_tag');
      }
    }));
  });

  it('for a hundred thousand levels', () => {
    for (const [open, close] of [['[', ']'], ['{"items":[', ']}'], ['{"data":', '}']] as const) {
      for (const levels of [66, 67, 100_000]) {
        expect(readList(`{"items":[{"id":"a","status":"running","x":${open.repeat(levels)}null${close.repeat(levels)}}]}`)).toMatchObject(left({ kind: 'decode' }));
        expect(readList(`${open.repeat(levels)}null${close.repeat(levels)}`)).toMatchObject(left({}));
      }
    }
  });

  it('for an own __proto__', () => {
    expect(statuses('{"items":[{"id":"a","__proto__":{"status":"running"}}]}')).toEqual([[a, 'decode']]);
    expect(readList('{"__proto__":{"items":[{"id":"a","status":"running"}]}}')).toMatchObject(left({}));
  });
});

/** A body without the field that no JavaScript value can hold. */
const fieldsOf = (body: string): object =>
  JSON.parse(body, (name, value: unknown) => (name === '__proto__' ? undefined : value)) as object; // the bodies above are objects
