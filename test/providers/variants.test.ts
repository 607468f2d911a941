/**
 * Variants of the fixtures, as other versions of a server or a relay in between send them: fields that are missing, null, of another type, under
 * another name, in another order or inside something else. A variant is read as the fixture is, or the field is absent. It is never wrong.
 */
import fc from 'fast-check';
import { isRight } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import type { TaskSnapshot } from '../../src/task/snapshot.js';
import { anySpelling } from '../support/status-words.js';
import { type Fixture, fixtures, folders, providerOf } from './fixtures.js';

type Fields = Readonly<Record<string, unknown>>;

/** What a program branches on. */
interface Essence {
  readonly status: string;
  readonly id: string | null;
  readonly link: string | null;
  readonly reason: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

const essenceOf = (snapshot: TaskSnapshot): Essence => ({
  status: snapshot.status,
  id: snapshot.upstream?.id ?? null,
  link: snapshot.status === 'succeeded' ? (snapshot.video?.url ?? null) : null,
  reason: snapshot.status === 'failed' ? snapshot.failure.reason : null,
  code: snapshot.status === 'failed' ? snapshot.failure.code : null,
  message: snapshot.status === 'failed' ? snapshot.failure.message : null,
});

/** Null for a body without a task: it is polled again. */
const read = (fixture: Fixture, json: unknown): Essence | null => {
  const reading = providerOf(fixture.provider).read(fixture.task, { ...fixture.response, body: JSON.stringify(json) });
  return isRight(reading) ? essenceOf(reading.right.snapshot) : null;
};

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy with every object changed by a function, the innermost first. The request that a provider echoes stays as it is. */
const changed = (value: unknown, change: (fields: Fields) => Fields): unknown => {
  if (Array.isArray(value)) return value.map((item) => changed(item, change));
  if (!isFields(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, name === 'request' ? inner : changed(inner, change)])));
};

/** Where the providers' documentation has the link, and the reason of a failure. */
const linkNames = ['video_url', 'result_url', 'output', 'outputs', 'urls', 'unsigned_urls'];
const reasonNames = ['error', 'fail_reason', 'failMsg'];

/** A link, or a list of links. */
const isLink = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 && value.every(isLink) : typeof value === 'string' && value.startsWith('http'));

/** Whether a field holds what its name says. A field of a link that holds a text, or the reverse, is a trap of one dialect alone. */
const isPlain = (name: string, value: unknown): boolean => linkNames.includes(name) === isLink(value);

/** Renames fields. */
const renamed = (names: Readonly<Record<string, string>>) => (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [isPlain(name, value) ? (names[name] ?? name) : name, value]));

/** Fixtures of a task, without those whose numbers JSON cannot hold. */
const tasksOf = (folder: string): readonly (Fixture & { readonly json: unknown })[] =>
  fixtures
    .filter(({ provider, expected, response }) => provider === folder && expected['kind'] === undefined && !/\d{17}/.test(response.body))
    .map((fixture) => ({ ...fixture, json: JSON.parse(fixture.response.body) as unknown }));

/** Changes of names that servers make, for the links and the reasons. */
const synonyms: readonly Readonly<Record<string, string>>[] = [
  { video_url: 'videoUrl', result_url: 'resultUrl' },
  { video_url: 'output_url', result_url: 'video_url' },
  { error: 'failure' },
  { error: 'errors' },
  { message: 'msg' },
  { error: 'error_message', fail_reason: 'failReason' },
  { output: 'outputs', outputs: 'output', unsigned_urls: 'video_urls', urls: 'videoUrls' },
  { failMsg: 'errorMessage', failCode: 'errorCode' },
];

/** Ways to put the link or the reason into something else. */
const wraps: readonly (readonly [name: string, wrap: (fields: Fields) => Fields])[] = [
  ['a link into an object', (fields) => withEach(fields, linkNames, (link) => ({ url: link }))],
  ['a link into a list', (fields) => withEach(fields, linkNames, (link) => [link])],
  ['a link into a list of objects', (fields) => withEach(fields, linkNames, (link) => [{ url: link }])],
  ['an error into a list', (fields) => withEach(fields, reasonNames, (error) => [error])],
  ['an error into JSON text', (fields) => withEach(fields, reasonNames, (error) => (isFields(error) ? JSON.stringify(error) : error))],
  ['an error into another error', (fields) => withEach(fields, reasonNames, (error) => ({ error }))],
];

const withEach = (fields: Fields, names: readonly string[], wrap: (value: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, names.includes(name) && value !== null && value !== '' && isPlain(name, value) ? wrap(value) : value]));

const envelopes: readonly ((json: unknown) => unknown)[] = [
  (json) => json,
  (data) => ({ data }),
  (data) => ({ code: 0, msg: 'ok', data }),
  (data) => ({ code: 'success', message: '', data }),
  (data) => ({ success: true, request_id: 'r', data }),
  (data) => ({ status: 'success', data }),
];

/** Paths to every field outside an echoed request. */
const pathsIn = (json: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  isFields(json) ? Object.entries(json).flatMap(([name, inner]) => [[...path, name], ...(name === 'request' ? [] : pathsIn(inner, [...path, name]))]) : [];

/** With another value at a path; without the field for `undefined`, as JSON has none. */
const replaced = (json: unknown, [head, ...tail]: readonly string[], value: unknown): unknown => {
  if (head === undefined) return value;
  return isFields(json) ? { ...json, [head]: replaced(json[head], tail, value) } : json;
};

describe.each(folders)('a response of %s is read the same', (folder) => {
  const tasks = tasksOf(folder);
  const anyTask = fc.constantFrom(...tasks);

  it.each(wraps)('with %s', (_, wrap) => {
    for (const { json, ...fixture } of tasks) {
      const before = read(fixture, json);
      const after = read(fixture, changed(json, wrap));
      expect(after, fixture.name).toEqual(before);
    }
  });

  it.each(synonyms)('with other names: %j', (names) => {
    for (const { json, ...fixture } of tasks) {
      // A name that the fixture uses for something else would be there twice. YEScale's label is known as `message` alone.
      if ('message' in names && fixture.response.body.includes('YEScale - ')) continue;
      if (Object.values(names).some((name) => fixture.response.body.includes(`"${name}"`))) continue;
      expect(read(fixture, changed(json, renamed(names))), fixture.name).toEqual(read(fixture, json));
    }
  });

  it('in another order, in any envelopes, with numbers as text', () => {
    fc.assert(fc.property(anyTask, fc.constantFrom(...envelopes), fc.boolean(), fc.infiniteStream(fc.nat()), ({ json, ...fixture }, wrap, asText, order) => {
      const variant = changed(json, (fields) => {
        const entries = Object.entries(fields).map(([name, value]): [string, unknown] => [name, asText && typeof value === 'number' && name !== 'id' && name !== 'code' ? String(value) : value]);
        return Object.fromEntries(entries.map((entry) => ({ entry, at: order.next().value })).sort((a, b) => a.at - b.at).map(({ entry }) => entry));
      });
      expect(read(fixture, wrap(variant)), fixture.name).toEqual(read(fixture, json));
    }));
  });

  it('with its status word in any spelling', () => {
    const anySpelled = fc.constantFrom(...tasks.filter(({ expected }) => expected['status'] !== 'unknown')).chain((fixture) => {
      const documented = String(fixture.expected['providerStatus']);
      return anySpelling(documented).map((word) => ({ fixture, spell: (field: unknown) => (field === documented ? word : field) }));
    });
    fc.assert(fc.property(anySpelled, ({ fixture: { json, ...fixture }, spell }) => {
      const variant = changed(json, (fields) => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, name === 'status' || name === 'state' ? spell(field) : field])));
      expect(read(fixture, variant)).toEqual(read(fixture, json));
    }));
  });
});

describe.each(folders)('a response of %s with a field', (folder) => {
  const values: readonly (readonly [string, unknown])[] = [['missing', undefined], ['null', null], ['a number', 5], ['true', true], ['a text', 'text'], ['an empty list', []], ['an empty object', {}]];

  it.each(values)('that is %s has what the field gives absent, not wrong', (_, value) => {
    for (const { json, ...fixture } of tasksOf(folder)) {
      const before = read(fixture, json);
      if (before === null) throw new Error(`${fixture.name} has no task`);
      for (const path of pathsIn(json)) {
        const after = read(fixture, replaced(json, path, value));
        const label = `${fixture.name} with another ${path.join('.')}`;
        if (after === null) continue;
        // Another id of the same response may take the place of a dropped one, such as the upstream's.
        const known = (one: string | null): boolean => one === null || one === String(value) || fixture.response.body.includes(JSON.stringify(one).slice(1, -1)) || one === 'the provider gives no reason';
        expect(known(after.id) && known(after.code) && known(after.message), label).toBe(true);
        expect(after.link === null || fixture.response.body.includes(after.link), label).toBe(true);
        if (path.at(-1) !== 'status') expect([before.status, 'unknown'], label).toContain(after.status);
        if (before.link !== null && after.link !== before.link && after.status === 'succeeded') expect(path.some((name) => /url|content|reason|data|output|resultJson/.test(name)), label).toBe(true);
        if (before.reason !== null && after.reason !== before.reason && after.status === 'failed') expect(after.reason === 'unknown' || after.code !== before.code, label).toBe(true);
      }
    }
  });
});
