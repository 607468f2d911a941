/**
 * The contract of every provider. A new one needs a file in `src/providers` and a folder in `test/fixtures`, and no change here.
 */
/// <reference types="vite/types/importMeta.d.ts" />
import fc from 'fast-check';
import { isRight, type Either } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { taskStatuses } from '../../src/task/status.js';
import type { Reading, TaskSnapshot } from '../../src/task/snapshot.js';
import type { ReadFailure } from '../../src/wire/error-response.js';
import { anyResponseHeaders, anyBodyText, anyHints, anyHttpStatus, anyJsonText } from '../support/arbitraries.js';
import { anySpelling, plainWord, sharedWords } from '../support/status-words.js';
import { exactJson, expectationOf, type Fixture, fixtures, folders, providerFiles as files, providerOf, providers } from './fixtures.js';
import { traps, trapsElsewhere } from './traps.js';
import { expectValid, readerOf } from './valid-reading.js';
import { withRaw } from '../support/readings.js';

const withSnapshot = fixtures.filter(({ expected }) => expected['kind'] === undefined);
const of = (file: string) => (fixture: Fixture): boolean => fixture.provider === file;
const readingOf = ({ provider, task, response }: Fixture, body = response.body): Either<ReadFailure, Reading> =>
  providerOf(provider).read(task, { ...response, body });
const read = (fixture: Fixture, body?: string): Either<ReadFailure, TaskSnapshot> => withRaw(readingOf(fixture, body));

describe('the folders', () => {
  it('every provider has fixtures, and all fixtures have a provider', () => {
    expect([...folders].sort()).toEqual([...files].sort());
  });

  it('every fixture has a source', () => {
    for (const { source, name } of fixtures) expect(source, name).toMatch(/\S/);
  });

  it('every trap of real responses has a fixture, or a test elsewhere that names it', () => {
    const shown = new Set([...fixtures.flatMap((fixture) => fixture.traps), ...Object.keys(trapsElsewhere).map(Number)]);
    expect([...shown].sort((a, b) => a - b)).toEqual(Object.keys(traps).map(Number));
  });

  it('the tests elsewhere name the traps that a single response cannot show', () => {
    const texts = import.meta.glob<string>('../*/*.test.ts', { eager: true, query: '?raw', import: 'default' });
    for (const [trap, file] of Object.entries(trapsElsewhere)) {
      const named = new RegExp(`\\btraps?\\b.*\\b${trap}\\b|^\\s*\\[?\\s*${trap}\\s*[,:]`, 'im');
      expect(texts[file.replace('test/', '../')] ?? '', `trap ${trap} in ${file}`).toMatch(named);
    }
  });
});

describe.each(providers)('the facts of $name', ({ file, provider }) => {
  it('its id is the name of its file', () => {
    expect(provider.id).toBe(file);
  });

  it('its address is https, without a slash at the end, and its path holds the id', () => {
    expect(new URL(provider.baseUrl).protocol).toBe('https:');
    expect(provider.baseUrl).not.toMatch(/[/?#\s]$/);
    expect(provider.path).toMatch(/^\/\S*\{id\}/);
    expect(new URL(provider.documentation).protocol).toBe('https:');
    expect(provider.name).toMatch(/\S/);
  });

  it('its other base URLs are https, without a slash at the end, and none is its own', () => {
    for (const url of Object.values(provider.otherBaseUrls)) {
      expect(new URL(url).protocol).toBe('https:');
      expect(url).not.toMatch(/[/?#\s]$/);
      expect(url).not.toBe(provider.baseUrl);
    }
  });

  it('its retention is a length of time, or unknown', () => {
    for (const [name, ms] of Object.entries(provider.retention)) {
      expect(ms, name).toSatisfy((value: number | null) => value === null || (Number.isSafeInteger(value) && value > 0));
    }
  });

  it('its recommended interval is never below its minimum, and its minimum never below 10 s, for any hints', () => {
    fc.assert(fc.property(anyHints, (hints) => {
      const { minIntervalMs, recommended: { minMs, maxMs } } = provider.pacing(hints);
      expect(minIntervalMs).toBeGreaterThanOrEqual(10_000);
      expect(minMs).toBeGreaterThanOrEqual(minIntervalMs);
      expect(maxMs).toBeGreaterThanOrEqual(minMs);
      expect(maxMs).toBeLessThanOrEqual(600_000);
    }));
  });

  it('its expected time is a range, or unknown, and never shorter in the flex tier', () => {
    fc.assert(fc.property(anyHints, (hints) => {
      const expected = provider.expectedTimeMs(hints);
      const flex = provider.expectedTimeMs({ ...hints, serviceTier: 'flex' });
      if (expected === null) return;
      expect(expected.minMs).toBeGreaterThan(0);
      expect(expected.maxMs).toBeGreaterThanOrEqual(expected.minMs);
      if (flex !== null) expect(flex.maxMs).toBeGreaterThanOrEqual(expected.maxMs);
    }));
  });

  it('every tier has a price, and its time is a range or unknown', () => {
    for (const { time, price } of Object.values(provider.tierFactors)) {
      expect(price).toBeGreaterThan(0);
      if (time !== null) expect(time.max).toBeGreaterThanOrEqual(time.min);
    }
  });

  it('its list, if it has one, is below its address and holds every id', () => {
    const path = provider.list?.pathOf(['cgt-1', 'a/b c'], null) ?? '/cgt-1?b=a%2Fb%20c';
    expect(path).toMatch(/^\/\S*cgt-1\S*a%2Fb%20c/);
    expect(() => new URL(provider.baseUrl + path)).not.toThrow();
    for (const limit of [provider.list?.maxTasks, provider.list?.windowMs]) expect(limit ?? 1).toSatisfy((value: number) => Number.isSafeInteger(value) && value > 0);
  });

  it('its documented words are read as statuses', () => {
    expect(Object.keys(provider.statuses).length).toBeGreaterThan(0);
    for (const status of Object.values(provider.statuses)) expect(taskStatuses).toContain(status);
  });
});

describe.each(files)('the responses of %s', (file) => {
  const own = fixtures.filter(of(file));

  it.each(own)('reads $name', (fixture) => {
    const reading = read(fixture);
    const side = fixture.expected['kind'] === undefined ? 'right' : 'left';
    expect(reading).toStrictEqual({ _tag: side === 'right' ? 'Right' : 'Left', [side]: expectationOf(fixture) });
    expectValid(readingOf(fixture), fixture.task, fixture.response);
  });

  it('every status word of its documentation has a fixture', () => {
    const shown = own.map(({ expected }) => `${String(expected['providerStatus'])} is ${String(expected['status'])}`);
    for (const [word, status] of Object.entries(providerOf(file).statuses)) expect(shown).toContain(`${word} is ${status}`);
  });

  it('every documented kind of end and of error has a fixture, and a success has a link', () => {
    expect(own.some(({ expected }) => expected['status'] === 'succeeded' && expected['video'] !== undefined)).toBe(true);
    expect(own.some(({ expected }) => expected['kind'] === 'response')).toBe(true);
  });

  it('the snapshot is of the requested task, with its account, and keeps the parsed body', () => {
    for (const fixture of withSnapshot.filter(of(file))) {
      const task = { ...fixture.task, account: 'second' };
      const reading = withRaw(providerOf(file).read(task, fixture.response));
      expect(isRight(reading) && reading.right.task).toBe(task);
      expect(isRight(reading) && reading.right.raw).toEqual(exactJson(fixture.response.body));
    }
  });

  it('reads the same body as the same snapshot, and does not change its arguments', () => {
    for (const fixture of own) {
      const task = Object.freeze({ ...fixture.task });
      const response = Object.freeze({ ...fixture.response, headers: Object.freeze({ ...fixture.response.headers }) });
      expect(providerOf(file).read(task, response)).toStrictEqual(providerOf(file).read(task, response));
    }
  });

  it.each([
    ['numbers as text', (value: unknown, name: string) => (typeof value === 'number' && name !== 'id' ? String(value) : value)],
    ['null as missing', (value: unknown) => (value === null ? undefined : value)],
    ['empty text as missing', (value: unknown, name: string) => (value === '' && name !== 'status' ? undefined : value)],
    ['missing fields as null', (value: unknown) => (isRecord(value) ? { draft: null, last_frame_url: null, ratio: null, ...value } : value)],
    ['unknown fields', (value: unknown) => (isRecord(value) ? { ...value, odd_list: [1, null, { status: 'odd' }], odd_note: 'x' } : value)],
    ['fields in another order', (value: unknown) => (isRecord(value) ? Object.fromEntries(Object.entries(value).reverse()) : value)],
  ])('reads %s the same', (_, change) => {
    for (const fixture of withSnapshot.filter(of(file))) {
      if (fixture.response.body.includes('18446744073709551617')) continue;
      const body = JSON.stringify(JSON.parse(fixture.response.body), function (this: unknown, name, value: unknown) {
        return isEchoed(this) || Array.isArray(this) ? value : change(value, name);
      });
      expect(withoutBody(read(fixture, body)), fixture.name).toStrictEqual(withoutBody(read(fixture)));
    }
  });

  it('reads a transient HTTP error as a failure, whatever the body holds', () => {
    for (const fixture of withSnapshot.filter(of(file))) {
      for (const status of [301, 400, 401, 403, 404, 429, 500, 503]) {
        expect(isRight(providerOf(file).read(fixture.task, { ...fixture.response, status }))).toBe(false);
      }
    }
  });

  it('reads the shared words in any letter case, with any separators, unless its documentation gives them another meaning', () => {
    const documented = new Map(Object.entries(providerOf(file).statuses).map(([word, status]) => [plainWord(word), status]));
    for (const [status, shared] of Object.entries(sharedWords)) {
      const words = shared.filter((word) => (documented.get(plainWord(word)) ?? status) === status);
      fc.assert(fc.property(fc.constantFrom(...words).chain(anySpelling), (word) => {
        const reading = read(oneWithTheWord(own), withTheWord(oneWithTheWord(own), word));
        expect(reading).toMatchObject({ right: { status, providerStatus: word } });
      }));
    }
  });

  it('reads an unlisted word as unknown, and keeps it', () => {
    const listed = new Set([...Object.values(sharedWords).flat(), ...Object.keys(providerOf(file).statuses)].map(plainWord));
    const unlisted = fc
      .oneof(fc.string({ minLength: 1 }), fc.constantFrom('constructor', '__proto__', 'toString', 'succeeded!', 'not_succeeded', '成功'))
      .filter((word) => word.trim() !== '' && !listed.has(plainWord(word)));
    fc.assert(fc.property(unlisted, (word) => {
      const reading = read(oneWithTheWord(own), withTheWord(oneWithTheWord(own), word));
      expect(reading).toMatchObject({ right: { status: 'unknown', providerStatus: word } });
    }));
  });
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether an object is a request that the provider echoes, or a part of one: kept as it is. */
const isEchoed = (value: unknown): boolean => isRecord(value) && (Array.isArray(value['content']) || 'text' in value || 'image_url' in value);

/** A reading without the bodies that it keeps. */
const withoutBody = (reading: Either<ReadFailure, TaskSnapshot>): unknown => (isRight(reading) ? { ...reading.right, raw: null, request: null } : reading);

/** A fixture of a pending task, for other status words. */
const oneWithTheWord = (own: readonly Fixture[]): Fixture => {
  const found = own.find(({ expected }) => expected['status'] === 'running' && expected['providerStatus'] !== undefined);
  if (found === undefined) throw new Error('no fixture of a running task');
  return found;
};

/** The fixture's body with another status word in place of the first match. */
const withTheWord = ({ response, expected }: Fixture, word: string): string =>
  response.body.replace(JSON.stringify(expected['providerStatus']), () => JSON.stringify(word));

describe.each(files)('reading for %s never throws', (file) => {
  const { check } = readerOf(file);
  const anyOwn = fc.constantFrom(...fixtures.filter(of(file)));
  const anyOwnJson = fc.constantFrom(...withSnapshot.filter(of(file)));

  it('for any body, status and headers', () => {
    fc.assert(fc.property(anyBodyText, anyHttpStatus, anyResponseHeaders, check));
  });

  it('for a response with any value missing, renamed, or of another kind', () => {
    fc.assert(fc.property(anyOwnJson, fc.nat(), fc.oneof(fc.constant(null), anyJsonText), fc.boolean(), (fixture, at, value, renamed) => {
      const json: unknown = JSON.parse(fixture.response.body);
      const paths = pathsIn(json);
      check(rewritten(json, paths[at % paths.length] ?? [], renamed ? null : value));
    }));
  });

  it('for a response with many values of another kind', () => {
    fc.assert(fc.property(anyOwnJson, fc.array(fc.tuple(fc.nat(), anyJsonText), { maxLength: 8 }), (fixture, changes) => {
      const body = changes.reduce((text, [at, value]) => {
        const json: unknown = JSON.parse(text);
        const paths = pathsIn(json);
        return rewritten(json, paths[at % paths.length] ?? [], value);
      }, fixture.response.body);
      check(body);
    }));
  });

  it('for a response that is cut anywhere', () => {
    fc.assert(fc.property(anyOwn, fc.nat(), ({ response }, at) => {
      check(response.body.slice(0, at % (response.body.length + 1)), response.status, response.headers);
    }));
  });

  it('for a response inside any number of envelopes and lists', () => {
    const anyWrap = fc.constantFrom('{"code":"success","data":*}', '{"code":0,"msg":"ok","data":*}', '{"data":*}', '{"status":"","data":*}', '[*]', '{"content":*}');
    fc.assert(fc.property(anyOwn, fc.array(anyWrap, { maxLength: 12 }), ({ response }, wraps) => {
      check(wraps.reduce((body, wrap) => wrap.replace('*', () => body), response.body), response.status);
    }));
  });

  it('for the names of object properties', () => {
    for (const name of ['toString', 'valueOf', 'constructor', '__proto__', 'hasOwnProperty', 'toJSON']) {
      for (const value of ['1', 'null', '{}', '[]', '"x"', '{"status":"succeeded"}']) {
        const odd = `{"${name}":${value}}`;
        check(odd);
        for (const field of ['code', 'message', 'error', 'status', 'data', 'content', 'usage', 'id', 'request', 'success']) {
          check(`{"${field}":${odd}}`);
          check(`{"${field}":[${odd}]}`);
          check(`{"code":"success","data":{"${field}":${odd}}}`);
          check(`{"status":"failed","${field}":${odd}}`);
          check(`{"${field}":${odd}}`, 500);
        }
      }
    }
  });

  it('for a long string that is almost a link, in a short time', () => {
    const almost = JSON.stringify(`https://${'a'.repeat(60_000)} b`);
    check(`{"status":"succeeded","video_url":${almost},"content":{"video_url":${almost}},"result_url":${almost}}`);
    check(`{"status":"failed","error":${almost},"fail_reason":${almost}}`);
  });
});

type Path = readonly (string | number)[];

/** The path to every value in a JSON value, the value itself first. */
const pathsIn = (json: unknown, path: Path = []): readonly Path[] => [
  path,
  ...(Array.isArray(json)
    ? json.flatMap((item: unknown, index) => pathsIn(item, [...path, index]))
    : typeof json === 'object' && json !== null
      ? Object.entries(json).flatMap(([name, value]) => pathsIn(value, [...path, name]))
      : []),
];

/** The value as JSON, with the given JSON at one path; null omits that path. */
const rewritten = (json: unknown, [head, ...tail]: Path, text: string | null): string => {
  if (head === undefined) return text ?? '';
  if (Array.isArray(json)) {
    const items = json.flatMap((item: unknown, index) => (index !== head ? [JSON.stringify(item)] : within(item, tail, text)));
    return `[${items.join()}]`;
  }
  const fields = Object.entries(json as object).flatMap(([name, value]) =>
    (name !== head ? [JSON.stringify(value)] : within(value, tail, text)).map((inner) => `${JSON.stringify(name)}:${inner}`),
  );
  return `{${fields.join()}}`;
};

const within = (value: unknown, tail: Path, text: string | null): readonly string[] =>
  tail.length === 0 && text === null ? [] : [rewritten(value, tail, text)];
