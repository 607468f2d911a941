import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refFromCallback } from '../../src/callbacks/ref-from-callback.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kie } from '../../src/providers/kie.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { replicate } from '../../src/providers/replicate.js';
import { wavespeed } from '../../src/providers/wavespeed.js';
import { fixtures, providerOf, providers } from '../providers/fixtures.js';
import { anyBodyText, anyRecordText } from '../support/arbitraries.js';

const encode = (text: string) => new TextEncoder().encode(text);
const idIn = (body: unknown) => refFromCallback(ark, body)?.id ?? null;
const anyProvider = fc.constantFrom(...providers.map(({ provider }) => provider));

describe('a callback names its task', () => {
  /** Responses with another id than the requested one, or without an id. */
  const others: Readonly<Record<string, string | null>> = {
    'anyfast/another-task-id': 'task_other',
    'anyfast/ark-form-under-another-id': 'gen-1718049470',
    'ark/succeeded-under-another-id': 'cgt-20260301101500-a1b2c',
    'ark/succeeded-without-an-id': null,
    'kyyaipower/completed-without-an-id': null,
  };

  it.each(fixtures)('in the body of $provider/$name', ({ provider: file, name, task, response, expected }) => {
    const provider = providerOf(file);
    const other = others[`${file}/${name}`];
    const id = 'kind' in expected ? null : other === undefined ? task.id : other;
    expect(refFromCallback(provider, response.body)).toEqual(id === null ? null : { provider: provider.id, id });
  });

  it.each([
    [ark, { id: 'cgt-1', status: 'succeeded', content: { video_url: 'https://a.example/v.mp4' } }],
    [anyfast, { code: 'success', message: '', data: { id: 154, task_id: 'cgt-1', status: 'SUCCESS', data: { id: 'cgt-2', status: 'succeeded' } } }],
    [kyyaipower, { id: 'cgt-1', object: 'video', status: 'completed' }],
    [kie, { code: 200, msg: 'success', data: { taskId: 'cgt-1', state: 'success' } }],
    [replicate, { id: 'cgt-1', status: 'succeeded', output: null }],
    [wavespeed, { code: 200, message: 'success', data: { id: 'cgt-1', status: 'completed' } }],
  ])('in the fields of $id', (provider, body) => {
    for (const sent of [body, JSON.stringify(body), encode(JSON.stringify(body)), encode(JSON.stringify(body)).buffer]) {
      expect(refFromCallback(provider, sent)).toEqual({ provider: provider.id, id: 'cgt-1' });
    }
  });

  it('never by the number of a row', () => {
    expect(refFromCallback(anyfast, { code: 'success', data: { id: 154, status: 'SUCCESS' } })).toBeNull();
  });

  it.each([
    ['a string', '"cgt-1"', 'cgt-1'],
    ['an integer', '154', '154'],
    ['an integer beyond 2^53', '9007199254740993', '9007199254740993'],
    ['the longest text', JSON.stringify('x'.repeat(256)), 'x'.repeat(256)],
    ['a longer text', JSON.stringify('x'.repeat(257)), null],
    ['an empty text', '""', null],
    ['a blank', '" "', null],
    ['a dot segment', '"."', null],
    ['another dot segment', '".."', null],
    ['three dots', '"..."', '...'],
    ['a text with a space', '"cgt 1"', null],
    ['a text with a line break', '"cgt-1\\n"', null],
    ['a text with a null', '"cgt-1\\u0000"', null],
    ['half of a surrogate pair', '"cgt-\\ud800"', null],
    ['an object', '{"id":"cgt-1"}', null],
    ['a list', '["cgt-1"]', null],
    ['null', 'null', null],
  ])('by %s', (_, id, expected) => {
    expect(idIn(`{"id":${id},"status":"running"}`)).toBe(expected);
  });

  it('never by a number that was rounded when it was parsed', () => {
    expect(idIn(JSON.parse('{"id":9007199254740993,"status":"running"}'))).toBeNull();
  });

  it('the same in a body with its fields in any order, and in none of its parts', () => {
    const fields = Object.entries({ id: 'cgt-1', status: 'running', model: 'm', content: { video_url: null }, usage: { total_tokens: 5 } });
    fc.assert(fc.property(fc.shuffledSubarray(fields, { minLength: fields.length }), fc.nat(), (shuffled, at) => {
      const body = JSON.stringify(Object.fromEntries(shuffled));
      expect(idIn(body)).toBe('cgt-1');
      expect(idIn(body + body)).toBeNull();
      expect(idIn(body.slice(0, at % body.length))).toBeNull();
    }));
  });
});

describe('any other value', () => {
  const unreadable: Readonly<Record<string, unknown>> = { id: 'cgt-1', status: 'running', get usage() { throw new Error('read'); } };
  const cycle: Record<string, unknown> = { id: 'cgt-1', status: 'running' };
  cycle['self'] = cycle;
  const nested = (depth: number): unknown => {
    let value: unknown = { id: 'cgt-1', status: 'running' };
    for (let level = 0; level < depth; level += 1) value = { data: value };
    return value;
  };

  it.each([
    ['undefined', undefined], ['null', null], ['a number', 5], ['a big integer', 5n], ['a function', () => 'cgt-1'], ['a symbol', Symbol('cgt-1')],
    ['an object that throws', unreadable], ['a cycle', cycle], ['a big integer inside', { id: 5n, status: 'running' }],
    ['a proxy', new Proxy({}, { ownKeys: () => { throw new Error('read'); } })],
    ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe, 0)],
    ['an object nested 100,000 times', nested(100_000)],
    ['a text nested 100,000 times', '{"data":'.repeat(100_000)],
    ['arrays nested 100,000 times', `{"id":"cgt-1","status":"running","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['a list of tasks', [{ id: 'cgt-1', status: 'running' }]],
    ['an error', { error: { code: 'ResourceNotFound', message: 'The task cgt-1 is not found' } }],
    ['an id alone', { id: 'cgt-1' }],
  ])('names no task: %s', (_, body) => {
    for (const { provider } of providers) expect(refFromCallback(provider, body)).toBeNull();
  });

  it('names a task in a huge body too', () => {
    expect(idIn({ id: 'cgt-1', status: 'running', prompt: 'x'.repeat(5_000_000) })).toBe('cgt-1');
  });

  it('gives null or a possible ref, the same for a text and for its bytes', () => {
    fc.assert(fc.property(anyProvider, anyBodyText, (provider, body) => {
      const ref = refFromCallback(provider, body);
      // Half of a surrogate pair has no bytes.
      if (!/[\ud800-\udfff]/u.test(body)) expect(refFromCallback(provider, encode(body))).toEqual(ref);
      if (ref !== null) expect(ref).toEqual({ provider: provider.id, id: expect.stringMatching(/^(?!\.{1,2}$)\S{1,256}$/) });
    }));
  });

  it('gives null or a ref for any parsed JSON, that of the text', () => {
    fc.assert(fc.property(anyProvider, anyRecordText, (provider, body) => {
      const parsed = refFromCallback(provider, JSON.parse(body));
      if (parsed !== null) expect(parsed).toEqual(refFromCallback(provider, body));
    }));
  });

  it('never throws', () => {
    fc.assert(fc.property(anyProvider, fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, withNullPrototype: true, withSparseArray: true }), (provider, body) => {
      expect(() => refFromCallback(provider, body)).not.toThrow();
    }));
  });
});
